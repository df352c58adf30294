//! Compiled variants and how one of them is chosen.

use std::num::NonZeroU32;

use crate::constraint::Words;
use crate::context::{Context, Field};
use crate::document::{self, Payload};
use crate::sticky::{self, Sticky};

/// The variant of an evaluation. Without one to choose from it is called `disabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant<'s> {
    /// Its name, `disabled` when there is none.
    pub name: &'s str,
    /// What it carries.
    pub payload: Option<&'s Payload>,
    /// Whether there is one.
    pub enabled: bool,
    /// Whether the flag is on.
    pub feature_enabled: bool,
}

impl Variant<'_> {
    pub(crate) const fn disabled(feature_enabled: bool) -> Self {
        Self { name: "disabled", payload: None, enabled: false, feature_enabled }
    }
}

/// Variants with a positive sum of weights.
#[derive(Debug)]
pub(crate) struct VariantSet {
    sticky: Sticky,
    total: NonZeroU32,
    choices: Box<[Choice]>,
    overrides: Box<[Override]>,
}

#[derive(Debug)]
struct Choice {
    name: Box<str>,
    /// The last bucket that belongs to it.
    last: u32,
    payload: Option<Box<Payload>>,
}

#[derive(Debug)]
struct Override {
    field: Field,
    values: Words,
    choice: usize,
}

impl VariantSet {
    /// `None` when there is nothing to choose from. Negative weights count as 0.
    pub(crate) fn compile(
        source: &[document::Variant],
        stickiness: Option<&str>,
        group: &str,
        salt: u32,
    ) -> Option<Box<Self>> {
        let mut last = 0_u32;
        let choices = source.iter().map(|variant| {
            let weight = u32::try_from(variant.weight.max(0)).unwrap_or(u32::MAX);
            last = last.saturating_add(weight);
            Choice {
                name: variant.name.as_str().into(),
                last,
                payload: variant.payload.clone().map(Box::new),
            }
        });
        let choices: Box<[Choice]> = choices.collect();
        let stickiness = stickiness.or(source.first()?.stickiness.as_deref()).unwrap_or_default();
        let overrides = source.iter().enumerate().flat_map(|(choice, variant)| {
            variant.overrides.iter().map(move |source| Override {
                field: Field::named(&source.context_name),
                values: source.values.iter().map(String::as_str).collect(),
                choice,
            })
        });
        Some(Box::new(Self {
            sticky: Sticky::compile(stickiness, group, sticky::VARIANT, salt),
            total: NonZeroU32::new(last)?,
            choices,
            overrides: overrides.collect(),
        }))
    }

    /// Whether there is more than one to choose from.
    pub(crate) fn is_choice(&self) -> bool {
        let first = self.choices.iter().find(|choice| choice.last > 0);
        !self.overrides.is_empty() || first.is_some_and(|first| first.last < self.total.get())
    }

    /// The variant of a flag that is on.
    pub(crate) fn choose(&self, context: &Context) -> Variant<'_> {
        let forced = self.overrides.iter().find(|candidate| {
            candidate.field.of(context).is_some_and(|value| candidate.values.contain(value))
        });
        let choice = if let Some(forced) = forced {
            self.choices.get(forced.choice)
        } else {
            let bucket = self.sticky.bucket(context, self.total);
            let bucket = bucket.unwrap_or_else(|| self.sticky.random(context, self.total));
            self.choices.iter().find(|choice| choice.last >= bucket)
        };
        choice.map_or(Variant::disabled(true), |choice| Variant {
            name: &choice.name,
            payload: choice.payload.as_deref(),
            enabled: true,
            feature_enabled: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn variant(name: &str, weight: i64) -> document::Variant {
        document::Variant { name: name.into(), weight, ..document::Variant::default() }
    }

    fn compile(source: &[document::Variant]) -> Option<Box<VariantSet>> {
        VariantSet::compile(source, None, "group", 0)
    }

    fn context(user: usize) -> Context {
        Context::new(Timestamp::UNIX_EPOCH, 0).with("userId", user.to_string())
    }

    fn counts(set: &VariantSet, name: &str) -> usize {
        (0..1000).filter(|user| set.choose(&context(*user)).name == name).count()
    }

    #[test]
    fn weights_are_shares() {
        let set = compile(&[variant("none", 0), variant("few", 1), variant("zero", 0), variant("many", 3)])
            .unwrap();
        assert_eq!(counts(&set, "none") + counts(&set, "zero"), 0);
        assert!((200..300).contains(&counts(&set, "few")));
        assert!((700..800).contains(&counts(&set, "many")));
    }

    #[test]
    fn absurd_weights_do_no_harm() {
        assert!(compile(&[]).is_none());
        assert!(compile(&[variant("a", 0), variant("b", -5)]).is_none());
        let set = compile(&[variant("a", -5), variant("b", 1)]).unwrap();
        assert_eq!(counts(&set, "b"), 1000);
        let set = compile(&[variant("a", i64::MAX), variant("b", i64::MAX), variant("c", i64::MIN)]).unwrap();
        assert_eq!(counts(&set, "a"), 1000);
    }

    #[test]
    fn overrides_win() {
        let mut source = [variant("a", 1), variant("b", 0)];
        source[1].overrides = vec![
            document::Override { context_name: "plan".into(), values: vec![] },
            document::Override { context_name: "userId".into(), values: vec!["9".into(), "7".into()] },
        ];
        let set = compile(&source).unwrap();
        assert_eq!(set.choose(&context(7)).name, "b");
        assert_eq!(set.choose(&context(9)).name, "b");
        assert_eq!(set.choose(&context(8)).name, "a");
    }

    #[test]
    fn without_the_deciding_field_the_choice_is_random() {
        let mut source = [variant("a", 1), variant("b", 1)];
        source[0].stickiness = Some("tenant".into());
        let set = compile(&source).unwrap();
        let name = |random| set.choose(&Context::new(Timestamp::UNIX_EPOCH, random)).name;
        let a = (0..1000).filter(|random| name(*random) == "a").count();
        assert!((400..600).contains(&a), "{a}");
        let tenant = |user: usize| set.choose(&context(user).with("tenant", "t")).name;
        assert!((0..100).all(|user| tenant(user) == tenant(0)));
    }
}
