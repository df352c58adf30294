//! The one way through a flag: parents, strategies, constraints, segments, rule.
//!
//! The walk tells a [`Trace`] what it meets. [`Silent`] costs nothing and stops at the first answer; the collector
//! of `explain` wants to see everything. Both get the same verdict.

use crate::constraint::{Constraint, Finding};
use crate::context::Context;
use crate::explain::ParentFinding;
use crate::state::{Expected, Flag, Ground, Parent, State};
use crate::strategy::{RuleFinding, SegmentRef, Strategy};
use crate::variant::{Variant, VariantSet};

/// What wants to know how a verdict came about. Within a strategy the calls come in this order: its own
/// constraints, then for each segment its constraints and the segment, then the strategy itself.
pub(crate) trait Trace<'s> {
    /// Whether to go on after the answer is known.
    const THOROUGH: bool;

    fn parent(&mut self, _parent: &'s Parent, _finding: ParentFinding<'s>) {}
    fn constraint(&mut self, _finding: Finding, _holds: bool) {}
    fn own_constraints_end(&mut self) {}
    fn segment(&mut self, _segment: SegmentRef, _holds: bool) {}
    fn strategy(&mut self, _strategy: &'s Strategy, _rule: RuleFinding, _holds: bool) {}
}

pub(crate) struct Silent;

impl Trace<'_> for Silent {
    const THOROUGH: bool = false;
}

/// Whether a flag is on, and the strategy that made it so.
#[derive(Clone, Copy)]
pub(crate) struct Verdict<'s> {
    pub(crate) enabled: bool,
    strategy: Option<&'s Strategy>,
}

impl<'s> Verdict<'s> {
    const OFF: Self = Self { enabled: false, strategy: None };

    /// The variant that goes with the verdict: from the strategy, else from the flag.
    pub(crate) fn variant(self, flag: &'s Flag, context: &Context) -> Variant<'s> {
        match self.variants(flag) {
            Some(set) if self.enabled => set.choose(context),
            _ => Variant::disabled(self.enabled),
        }
    }

    pub(crate) fn ground(self, flag: &Flag) -> Ground {
        if !flag.enabled {
            return Ground::Switch;
        }
        if !self.enabled {
            return Ground::NoMatch;
        }
        let shared = self.strategy.is_some_and(|strategy| strategy.rule.is_share());
        if shared || self.variants(flag).is_some_and(VariantSet::is_choice) {
            return Ground::Share;
        }
        // With others before it, it depends on the context that they did not match.
        let first =
            |strategy: &Strategy| flag.strategies.first().is_some_and(|it| std::ptr::eq(it, strategy));
        let anyway = |strategy: &Strategy| first(strategy) && strategy.is_for_everybody();
        if flag.parents.is_empty() && self.strategy.is_none_or(anyway) {
            Ground::Everybody
        } else {
            Ground::Match
        }
    }

    fn variants(self, flag: &'s Flag) -> Option<&'s VariantSet> {
        self.strategy.and_then(|strategy| strategy.variants.as_deref()).or(flag.variants.as_deref())
    }
}

impl State {
    pub(crate) fn verdict<'s, T: Trace<'s>>(
        &'s self,
        flag: &'s Flag,
        context: &Context,
        trace: &mut T,
    ) -> Verdict<'s> {
        if !flag.enabled && !T::THOROUGH {
            return Verdict::OFF;
        }
        let parents = all(T::THOROUGH, &flag.parents, |parent| {
            let finding = self.parent(parent, context);
            trace.parent(parent, finding);
            finding == ParentFinding::Satisfied
        });
        if !parents && !T::THOROUGH {
            return Verdict::OFF;
        }
        let verdict = self.verdict_without_parents(flag, context, trace);
        if parents { verdict } else { Verdict::OFF }
    }

    fn verdict_without_parents<'s, T: Trace<'s>>(
        &'s self,
        flag: &'s Flag,
        context: &Context,
        trace: &mut T,
    ) -> Verdict<'s> {
        let mut matching = None;
        for strategy in &flag.strategies {
            if self.strategy(strategy, context, trace) && matching.is_none() {
                matching = Some(strategy);
                if !T::THOROUGH {
                    break;
                }
            }
        }
        if flag.enabled && (matching.is_some() || flag.strategies.is_empty()) {
            Verdict { enabled: true, strategy: matching }
        } else {
            Verdict::OFF
        }
    }

    /// Parents of parents are an error, so this never goes deeper than one level.
    fn parent<'s>(&'s self, parent: &Parent, context: &Context) -> ParentFinding<'s> {
        let Some(flag) = parent.position.and_then(|position| self.flags.get(position as usize)) else {
            return ParentFinding::Missing;
        };
        if !flag.parents.is_empty() {
            return ParentFinding::HasParents;
        }
        let verdict = if flag.enabled {
            self.verdict_without_parents(flag, context, &mut Silent)
        } else {
            Verdict::OFF
        };
        match &parent.expected {
            Expected::Off if verdict.enabled => ParentFinding::On,
            Expected::On(_) if !verdict.enabled => ParentFinding::Off,
            Expected::On(variants) if !variants.is_empty() => {
                let actual = verdict.variant(flag, context).name;
                let expected = variants.iter().any(|name| **name == *actual);
                if expected { ParentFinding::Satisfied } else { ParentFinding::OtherVariant(actual) }
            }
            Expected::Off | Expected::On(_) => ParentFinding::Satisfied,
        }
    }

    fn strategy<'s, T: Trace<'s>>(
        &'s self,
        strategy: &'s Strategy,
        context: &Context,
        trace: &mut T,
    ) -> bool {
        if strategy.disabled && !T::THOROUGH {
            return false;
        }
        let constraints = constraints(&strategy.constraints, context, trace);
        trace.own_constraints_end();
        if !constraints && !T::THOROUGH {
            return false;
        }
        let segments = all(T::THOROUGH, &strategy.segments, |segment| {
            let found = segment.position.and_then(|position| self.segments.get(position as usize));
            let holds = found.is_some_and(|found| self::constraints(found, context, trace));
            trace.segment(*segment, holds);
            holds
        });
        if !segments && !T::THOROUGH {
            return false;
        }
        let rule = strategy.rule.find(context);
        let holds = constraints && segments && rule.holds() && !strategy.disabled;
        trace.strategy(strategy, rule, holds);
        holds
    }
}

fn constraints<'s, T: Trace<'s>>(constraints: &[Constraint], context: &Context, trace: &mut T) -> bool {
    all(T::THOROUGH, constraints, |constraint| {
        let (finding, holds) = constraint.judge(context);
        trace.constraint(finding, holds);
        holds
    })
}

/// Whether the test holds for all items. If `thorough`, all of them are tested in any case.
fn all<'i, I>(thorough: bool, items: &'i [I], mut test: impl FnMut(&'i I) -> bool) -> bool {
    let mut holds = true;
    for item in items {
        holds &= test(item);
        if !holds && !thorough {
            break;
        }
    }
    holds
}
