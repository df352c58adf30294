//! Stickiness: which part of the context decides, and into which bucket it falls.

use std::num::NonZeroU32;

use crate::context::{Context, Field, Known};
use crate::hash::Murmur;

/// Seed of the hash that decides about rollouts.
pub(crate) const ROLLOUT: u32 = 0;
/// Seed of the hash that decides about variants.
pub(crate) const VARIANT: u32 = 86_028_157;

/// A compiled stickiness together with its group.
#[derive(Debug)]
pub(crate) struct Sticky {
    by: By,
    group: Murmur,
    /// Different for every stickiness of a state, so that random decisions do not depend on each other.
    salt: u32,
}

#[derive(Debug)]
enum By {
    /// The user, else the session, else random.
    Default,
    Random,
    Field(Field),
}

impl Sticky {
    /// `name` is `default` (as is empty), `random` or a context field.
    pub(crate) fn compile(name: &str, group: &str, seed: u32, salt: u32) -> Self {
        let by = match name {
            "" | "default" => By::Default,
            "random" => By::Random,
            _ => By::Field(Field::named(name)),
        };
        Self { by, group: Murmur::seeded(seed).update(group.as_bytes()).update(b":"), salt }
    }

    /// Whether there is no bucket without some field.
    pub(crate) const fn needs_a_field(&self) -> bool {
        matches!(self.by, By::Field(_))
    }

    /// The bucket from 1 to `size`; `None` when the field that decides is absent or empty.
    pub(crate) fn bucket(&self, context: &Context, size: NonZeroU32) -> Option<u32> {
        let present = |text: &&str| !text.is_empty();
        let id = match &self.by {
            By::Random => None,
            By::Default => {
                let user = context.known(Known::UserId).filter(present);
                user.or_else(|| context.known(Known::SessionId).filter(present))
            }
            By::Field(field) => Some(field.of(context).filter(present)?),
        };
        Some(match id {
            Some(id) => self.group.update(id.as_bytes()).bucket(size),
            None => self.random(context, size),
        })
    }

    /// A bucket that depends on the context's random number only.
    pub(crate) fn random(&self, context: &Context, size: NonZeroU32) -> u32 {
        self.group.update(&context.random().to_le_bytes()).update(&self.salt.to_le_bytes()).bucket(size)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const HUNDRED: NonZeroU32 = NonZeroU32::new(100).unwrap();

    fn context(random: u64) -> Context {
        Context::new(Timestamp::UNIX_EPOCH, random)
    }

    #[test]
    fn default_is_user_then_session_then_random() {
        let sticky = |name| Sticky::compile(name, "g", ROLLOUT, 0);
        let (default, user, session) = (sticky("default"), sticky("userId"), sticky("sessionId"));
        let both = context(1).with("userId", "u").with("sessionId", "s");
        assert_eq!(default.bucket(&both, HUNDRED), user.bucket(&both, HUNDRED));
        let only_session = context(1).with("userId", "").with("sessionId", "s");
        assert_eq!(default.bucket(&only_session, HUNDRED), session.bucket(&only_session, HUNDRED));
        assert_eq!(user.bucket(&only_session, HUNDRED), None);
        assert_eq!(user.bucket(&context(1), HUNDRED), None);
        assert_eq!(default.bucket(&context(1), HUNDRED), default.bucket(&context(1), HUNDRED));
        let buckets = |sticky: &Sticky| -> Vec<_> {
            (0..50).map(|random| sticky.bucket(&context(random), HUNDRED)).collect()
        };
        assert!(buckets(&default).iter().any(|bucket| *bucket != buckets(&default)[0]));
        assert_eq!(buckets(&sticky("")), buckets(&default));
    }

    #[test]
    fn random_decisions_are_uniform_and_independent() {
        let first = Sticky::compile("random", "g", ROLLOUT, 1);
        let second = Sticky::compile("random", "g", ROLLOUT, 2);
        let on = |sticky: &Sticky, random| sticky.bucket(&context(random), HUNDRED).is_some_and(|b| b <= 50);
        let count = |test: &dyn Fn(u64) -> bool| (0..10_000).filter(|&random| test(random)).count();
        let half = count(&|random| on(&first, random));
        let quarter = count(&|random| on(&first, random) && on(&second, random));
        assert!((4_800..5_200).contains(&half), "{half}");
        assert!((2_300..2_700).contains(&quarter), "{quarter}");
    }
}
