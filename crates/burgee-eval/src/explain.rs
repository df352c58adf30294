//! Why a flag is on or off, in enough detail to show every constraint with its result.
//!
//! Explanations refer to the document by position: strategies, constraints and segments come in its order, so that
//! whoever shows them can put titles, values and links next to the findings.

pub use crate::constraint::Finding;
use crate::context::Context;
use crate::state::{Evaluation, Flag, Parent};
pub use crate::strategy::RuleFinding;
use crate::strategy::{SegmentRef, Strategy};
use crate::variant::Variant;
use crate::walk::Trace;

/// An evaluation with its reasons. Everything is evaluated, also what the answer does not depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'s> {
    /// The same answer as [`State::evaluate`](crate::State::evaluate) gives.
    pub evaluation: Evaluation<'s>,
    /// Whether the flag is switched on in its environment.
    pub switched_on: bool,
    /// The dependencies, in order.
    pub parents: Vec<ParentReport<'s>>,
    /// The strategies, in order, also disabled ones.
    pub strategies: Vec<StrategyReport<'s>>,
}

impl Explanation<'_> {
    /// What decided. Of several reasons for being off the first in the order of evaluation.
    pub fn reason(&self) -> Reason {
        if !self.switched_on {
            Reason::SwitchedOff
        } else if let Some(parent) = self.parents.iter().position(|p| p.finding != ParentFinding::Satisfied) {
            Reason::Parent(parent)
        } else if self.strategies.is_empty() {
            Reason::NoStrategies
        } else {
            self.strategies.iter().position(|s| s.holds).map_or(Reason::NoMatch, Reason::Strategy)
        }
    }

    /// Whether any strategy matches, or there is none: what the flag would be if it were switched on and had no
    /// parents.
    pub fn strategies_hold(&self) -> bool {
        self.strategies.is_empty() || self.strategies.iter().any(|strategy| strategy.holds)
    }
}

/// What decided about a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Off: the switch of the environment.
    SwitchedOff,
    /// Off: the dependency at this position is not satisfied.
    Parent(usize),
    /// On: there is no strategy to ask.
    NoStrategies,
    /// On: the strategy at this position matches.
    Strategy(usize),
    /// Off: no strategy matches.
    NoMatch,
}

/// A dependency and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentReport<'s> {
    /// Name of the parent.
    pub name: &'s str,
    /// What was found.
    pub finding: ParentFinding<'s>,
}

/// What a flag finds when it looks at its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentFinding<'s> {
    /// The parent is as expected.
    Satisfied,
    /// There is no such flag.
    Missing,
    /// The parent has dependencies itself, which is not supported.
    HasParents,
    /// The parent is on and should be off.
    On,
    /// The parent is off and should be on.
    Off,
    /// The parent is on, but with this variant.
    OtherVariant(&'s str),
}

/// A strategy and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyReport<'s> {
    /// Whether it would turn the flag on.
    pub holds: bool,
    /// A disabled strategy never holds; the other findings say what it would be.
    pub disabled: bool,
    /// Its rule, apart from constraints and segments.
    pub rule: RuleFinding,
    /// Its own constraints, in order.
    pub constraints: Vec<ConstraintReport>,
    /// Its segments, in order.
    pub segments: Vec<SegmentReport>,
    /// The variant it chooses, when it holds and has variants of its own.
    pub variant: Option<Variant<'s>>,
}

/// A constraint and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstraintReport {
    /// What was found, before inversion.
    pub finding: Finding,
    /// The result.
    pub holds: bool,
}

/// A segment of a strategy and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its id.
    pub id: i64,
    /// Whether the document has it.
    pub known: bool,
    /// Whether it is known and all its constraints hold.
    pub holds: bool,
    /// Its constraints, in order.
    pub constraints: Vec<ConstraintReport>,
}

/// Keeps what the walk tells.
pub(crate) struct Collector<'s> {
    context: &'s Context,
    parents: Vec<ParentReport<'s>>,
    strategies: Vec<StrategyReport<'s>>,
    /// Constraints since the last segment or strategy.
    pending: Vec<ConstraintReport>,
    own: Vec<ConstraintReport>,
    segments: Vec<SegmentReport>,
}

impl<'s> Collector<'s> {
    pub(crate) const fn new(context: &'s Context) -> Self {
        Self {
            context,
            parents: Vec::new(),
            strategies: Vec::new(),
            pending: Vec::new(),
            own: Vec::new(),
            segments: Vec::new(),
        }
    }

    pub(crate) fn explanation(self, flag: &Flag, evaluation: Evaluation<'s>) -> Explanation<'s> {
        let Self { parents, strategies, .. } = self;
        Explanation { evaluation, switched_on: flag.enabled, parents, strategies }
    }
}

impl<'s> Trace<'s> for Collector<'s> {
    const THOROUGH: bool = true;

    fn parent(&mut self, parent: &'s Parent, finding: ParentFinding<'s>) {
        self.parents.push(ParentReport { name: &parent.name, finding });
    }

    fn constraint(&mut self, finding: Finding, holds: bool) {
        self.pending.push(ConstraintReport { finding, holds });
    }

    fn own_constraints_end(&mut self) {
        self.own = std::mem::take(&mut self.pending);
    }

    fn segment(&mut self, segment: SegmentRef, holds: bool) {
        let constraints = std::mem::take(&mut self.pending);
        self.segments.push(SegmentReport {
            id: segment.id,
            known: segment.position.is_some(),
            holds,
            constraints,
        });
    }

    fn strategy(&mut self, strategy: &'s Strategy, rule: RuleFinding, holds: bool) {
        let variants = strategy.variants.as_deref().filter(|_| holds);
        self.strategies.push(StrategyReport {
            holds,
            disabled: strategy.disabled,
            rule,
            constraints: std::mem::take(&mut self.own),
            segments: std::mem::take(&mut self.segments),
            variant: variants.map(|variants| variants.choose(self.context)),
        });
    }
}

#[cfg(test)]
mod tests;
