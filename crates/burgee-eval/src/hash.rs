//! `MurmurHash3` (x86, 32 bit): the hash with which every SDK puts ids into buckets.

use std::num::NonZeroU32;

/// A hash under way. It is `Copy`, so that the part which never changes (`"<group>:"`) is hashed once, when a
/// document is compiled, and only the id is hashed per evaluation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Murmur {
    hash: u32,
    /// The bytes that do not fill a word yet; `length % 4` of them.
    tail: u32,
    length: u32,
}

impl Murmur {
    pub(crate) const fn seeded(seed: u32) -> Self {
        Self { hash: seed, tail: 0, length: 0 }
    }

    pub(crate) fn update(mut self, bytes: &[u8]) -> Self {
        let held = self.length % 4 * 8;
        let (words, rest) = bytes.as_chunks::<4>();
        for word in words {
            let word = u32::from_le_bytes(*word);
            self.mix(self.tail | word << held);
            self.tail = if held == 0 { 0 } else { word >> (32 - held) };
            self.length = self.length.wrapping_add(4);
        }
        for &byte in rest {
            self.tail |= u32::from(byte) << (self.length % 4 * 8);
            self.length = self.length.wrapping_add(1);
            if self.length.is_multiple_of(4) {
                self.mix(self.tail);
                self.tail = 0;
            }
        }
        self
    }

    pub(crate) const fn finish(self) -> u32 {
        // An empty tail scrambles to zero.
        let mut hash = self.hash ^ scramble(self.tail) ^ self.length;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }

    /// The bucket of what was hashed, from 1 to `size`.
    pub(crate) fn bucket(self, size: NonZeroU32) -> u32 {
        self.finish() % size + 1
    }

    const fn mix(&mut self, word: u32) {
        self.hash = (self.hash ^ scramble(word)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
}

const fn scramble(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str, seed: u32) -> u32 {
        Murmur::seeded(seed).update(text.as_bytes()).finish()
    }

    #[test]
    fn agrees_with_published_values() {
        assert_eq!(hash("", 0), 0);
        assert_eq!(hash("", 1), 0x514e_28b7);
        assert_eq!(hash("test", 0), 0xba6b_d213);
        assert_eq!(hash("test", 0x9747_b28c), 0x704b_81dc);
        assert_eq!(hash("Hello, world!", 0), 0xc036_3e43);
        assert_eq!(hash("The quick brown fox jumps over the lazy dog", 0), 0x2e4f_f723);
    }

    #[test]
    fn the_way_the_input_is_cut_does_not_matter() {
        let text = "a group with ünïcode:and an id";
        let whole = hash(text, 86_028_157);
        for cut in 0..=text.len() {
            let (a, b) = text.as_bytes().split_at(cut);
            assert_eq!(Murmur::seeded(86_028_157).update(a).update(b).finish(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn buckets_start_at_one() {
        let hundred = NonZeroU32::new(100).unwrap();
        let buckets: Vec<u32> = (0..2000)
            .map(|id| Murmur::seeded(0).update(format!("g:{id}").as_bytes()).bucket(hundred))
            .collect();
        assert_eq!(buckets.iter().min(), Some(&1));
        assert_eq!(buckets.iter().max(), Some(&100));
        // From the client specification: `Feature.flexible.rollout.custom.stickiness_50`, 402 is off, 388 is on.
        let group = Murmur::seeded(0).update(b"Feature.flexible.rollout.custom.stickiness_50:");
        assert!(group.update(b"402").bucket(hundred) > 50);
        assert!(group.update(b"388").bucket(hundred) <= 50);
    }
}
