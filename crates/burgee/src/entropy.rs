//! Randomness, injected: ids and secrets come from here and nowhere else.

use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use sha2::{Digest, Sha256};

use crate::clock::Time;

/// Where randomness comes from.
#[derive(Clone, Debug)]
pub enum Entropy {
    /// The operating system's generator; fit for secrets.
    System,
    /// A test's generator: the same seed gives the same ids.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Entropy {
    /// A generator that repeats itself for the same `seed`. Never for production.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on would mint guessable secrets.
    #[expect(clippy::expect_used, reason = "without randomness there is no safe way to go on")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => SysRng.try_fill_bytes(&mut bytes).expect("the system generator answers"),
            Self::Seeded(rng) => {
                rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
            }
        }
        bytes
    }

    /// `N` random bytes as lower-case hexadecimal.
    pub fn hex<const N: usize>(&self) -> String {
        hex(&self.bytes::<N>())
    }

    /// `N` random bytes as unpadded base64url.
    pub fn base64url<const N: usize>(&self) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.bytes::<N>())
    }

    /// A ULID for the moment `at`: opaque, 26 characters, sorted by time of creation.
    pub fn ulid(&self, at: Time) -> String {
        let ms = u64::try_from(at.millis()).unwrap_or_default();
        ulid::Ulid::from_parts(ms, u128::from_be_bytes(self.bytes())).to_string()
    }

    /// A ULID for the moment `at` that sorts after `last`, if that is given.
    pub fn ulid_after(&self, at: Time, last: Option<&str>) -> String {
        let next = self.ulid(at);
        let last = last.and_then(|last| ulid::Ulid::from_string(last).ok());
        match last {
            Some(last) if next <= last.to_string() => {
                last.increment().map_or(next, |later| later.to_string())
            }
            _ => next,
        }
    }

    /// A random (version 4) UUID.
    pub fn uuid(&self) -> String {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid().to_string()
    }
}

/// A ULID for the moment `at` that needs no randomness, because `number` is given once only.
pub fn numbered_ulid(at: Time, number: i64) -> String {
    let ms = u64::try_from(at.millis()).unwrap_or_default();
    ulid::Ulid::from_parts(ms, u128::from(number.unsigned_abs())).to_string()
}

/// SHA-256 of a secret as lower-case hexadecimal: the only form in which tokens are stored and looked up.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// What shows that whoever wrote a text knows a secret: HMAC-SHA256 as lower-case hexadecimal.
#[expect(clippy::expect_used, reason = "keys may have any length")]
pub fn seal(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("keys may have any length");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// Without formatting: every request of a client comes this way.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| DIGITS[usize::from(half)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let at = Time::from_millis(1_700_000_000_000);
        assert_eq!(Entropy::seeded(7).ulid(at), Entropy::seeded(7).ulid(at));
        assert_ne!(Entropy::System.hex::<32>(), Entropy::System.hex::<32>());
        assert_eq!(Entropy::seeded(7).hex::<28>().len(), 56);
    }

    #[test]
    fn ulids_of_one_moment_can_have_an_order() {
        let (entropy, at) = (Entropy::seeded(1), Time::from_millis(1_700_000_000_000));
        let mut last = entropy.ulid_after(at, None);
        for _ in 0..100 {
            let next = entropy.ulid_after(at, Some(&last));
            assert!(next > last && next.len() == 26);
            last = next;
        }
        assert!(
            entropy.ulid_after(Time::from_millis(1_600_000_000_000), Some(&last)) > last,
            "clocks go back"
        );
    }

    #[test]
    fn the_digest_is_sha_256_in_hexadecimal() {
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
