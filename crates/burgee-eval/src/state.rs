//! A compiled document: everything parsed, every name resolved, ready to be asked.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::constraint::Constraint;
use crate::context::Context;
use crate::document::{self, Document};
use crate::explain::{Collector, Explanation};
use crate::strategy::{self, Rule, SegmentRef, Strategy};
use crate::variant::{Variant, VariantSet};
use crate::walk::{Silent, Verdict};

/// The flags of one document, compiled.
///
/// Immutable, `Send` and `Sync`; it keeps nothing of the document that answers do not need. Compiling accepts any
/// document: what makes no sense is off, and only that.
#[derive(Debug)]
pub struct State {
    pub(crate) flags: Box<[Flag]>,
    pub(crate) segments: Box<[Box<[Constraint]>]>,
    names: Names,
}

/// What a flag comes to in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation<'s> {
    /// The flag.
    pub name: &'s str,
    /// The project it belongs to, `default` when the document does not say.
    pub project: &'s str,
    /// Whether it is on.
    pub enabled: bool,
    /// What that rests on.
    pub ground: Ground,
    /// The variant; `disabled` when the flag is off or has none.
    pub variant: Variant<'s>,
    /// Whether clients report the evaluation.
    pub impression_data: bool,
}

/// What an answer rests on. [`State::explain`] tells more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Off: the switch of the environment.
    Switch,
    /// Off: a parent is not as it should be, or no strategy matches.
    NoMatch,
    /// On, and everybody gets the same.
    Everybody,
    /// On, because of what the context says.
    Match,
    /// On, or the variant is as it is, because of the share that the context falls into.
    Share,
}

#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) name: Box<str>,
    project: Arc<str>,
    pub(crate) enabled: bool,
    impression_data: bool,
    pub(crate) strategies: Box<[Strategy]>,
    pub(crate) variants: Option<Box<VariantSet>>,
    pub(crate) parents: Box<[Parent]>,
}

#[derive(Debug)]
pub(crate) struct Parent {
    pub(crate) name: Box<str>,
    /// Its position in the state, if the document has it.
    pub(crate) position: Option<u32>,
    pub(crate) expected: Expected,
}

#[derive(Debug)]
pub(crate) enum Expected {
    Off,
    /// On, with one of these variants when there are any.
    On(Box<[Box<str>]>),
}

impl State {
    /// Compiles a document.
    pub fn compile(document: &Document) -> Self {
        let (names, sources) = Names::index(&document.features);
        let segments = document.segments.as_deref().unwrap_or_default();
        let mut compiler = Compiler {
            flags: &sources,
            names: &names,
            // Of several with the same id the last one counts.
            segments: (0..).zip(segments).map(|(position, segment)| (segment.id, position)).collect(),
            projects: HashSet::new(),
            salt: 0,
        };
        let flags = sources.iter().map(|source| compiler.flag(source)).collect();
        let segments = segments.iter().map(|segment| compile_all(&segment.constraints)).collect();
        Self { flags, segments, names }
    }

    /// The number of flags.
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there is no flag.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// Whether a flag is on; `None` when there is no such flag.
    pub fn is_enabled(&self, name: &str, context: &Context) -> Option<bool> {
        let flag = self.find(name)?;
        Some(self.verdict(flag, context, &mut Silent).enabled)
    }

    /// The variant of a flag; `None` when there is no such flag.
    pub fn variant(&self, name: &str, context: &Context) -> Option<Variant<'_>> {
        self.evaluate(name, context).map(|evaluation| evaluation.variant)
    }

    /// Everything about a flag in one go; `None` when there is no such flag.
    pub fn evaluate(&self, name: &str, context: &Context) -> Option<Evaluation<'_>> {
        let flag = self.find(name)?;
        Some(self.outcome(flag, context))
    }

    /// All flags in the order of the document, evaluated one by one as the iterator moves on.
    pub fn evaluate_all<'s>(&'s self, context: &'s Context) -> impl ExactSizeIterator<Item = Evaluation<'s>> {
        self.flags.iter().map(|flag| self.outcome(flag, context))
    }

    /// Everything about a flag with the reasons; `None` when there is no such flag.
    pub fn explain<'s>(&'s self, name: &str, context: &'s Context) -> Option<Explanation<'s>> {
        let flag = self.find(name)?;
        let mut collector = Collector::new(context);
        let verdict = self.verdict(flag, context, &mut collector);
        Some(collector.explanation(flag, flag.evaluation(verdict, context)))
    }

    fn outcome<'s>(&'s self, flag: &'s Flag, context: &Context) -> Evaluation<'s> {
        let verdict = self.verdict(flag, context, &mut Silent);
        flag.evaluation(verdict, context)
    }

    fn find(&self, name: &str) -> Option<&Flag> {
        let flag = |position: u32| self.flags.get(position as usize);
        flag(self.names.position(name, |position| flag(position).is_some_and(|flag| *flag.name == *name))?)
    }
}

impl Flag {
    fn evaluation<'s>(&'s self, verdict: Verdict<'s>, context: &Context) -> Evaluation<'s> {
        Evaluation {
            name: &self.name,
            project: &self.project,
            enabled: verdict.enabled,
            ground: verdict.ground(self),
            variant: verdict.variant(self, context),
            impression_data: self.impression_data,
        }
    }
}

struct Compiler<'d> {
    flags: &'d [&'d document::Feature],
    names: &'d Names,
    segments: HashMap<i64, u32>,
    projects: HashSet<Arc<str>>,
    salt: u32,
}

impl Compiler<'_> {
    fn flag(&mut self, source: &document::Feature) -> Flag {
        let salt = self.next_salt();
        Flag {
            name: source.name.as_str().into(),
            project: self.project(source.project.as_deref().unwrap_or("default")),
            enabled: source.enabled,
            impression_data: source.impression_data,
            strategies: source
                .strategies
                .iter()
                .map(|strategy| self.strategy(strategy, &source.name))
                .collect(),
            variants: VariantSet::compile(&source.variants, None, &source.name, salt),
            parents: source.dependencies.iter().map(|dependency| self.parent(dependency)).collect(),
        }
    }

    fn strategy(&mut self, source: &document::Strategy, flag: &str) -> Strategy {
        let group = strategy::group(&source.parameters, flag);
        let stickiness = strategy::stickiness(&source.parameters);
        Strategy {
            rule: Rule::compile(source, flag, self.next_salt()),
            disabled: source.disabled,
            constraints: compile_all(&source.constraints),
            segments: source
                .segments
                .iter()
                .map(|id| SegmentRef { id: *id, position: self.segments.get(id).copied() })
                .collect(),
            variants: VariantSet::compile(&source.variants, stickiness, group, self.next_salt()),
        }
    }

    fn parent(&self, source: &document::Dependency) -> Parent {
        let is_it =
            |position: u32| self.flags.get(position as usize).is_some_and(|flag| flag.name == source.feature);
        Parent {
            name: source.feature.as_str().into(),
            position: self.names.position(&source.feature, is_it),
            expected: match source.enabled {
                Some(false) => Expected::Off,
                _ => Expected::On(source.variants.iter().map(|name| name.as_str().into()).collect()),
            },
        }
    }

    fn project(&mut self, name: &str) -> Arc<str> {
        if let Some(project) = self.projects.get(name) {
            return Arc::clone(project);
        }
        let project: Arc<str> = name.into();
        self.projects.insert(Arc::clone(&project));
        project
    }

    fn next_salt(&mut self) -> u32 {
        self.salt = self.salt.wrapping_add(1);
        self.salt
    }
}

fn compile_all(constraints: &[document::Constraint]) -> Box<[Constraint]> {
    constraints.iter().map(Constraint::compile).collect()
}

/// From names to positions, without a second copy of the names.
#[derive(Debug)]
struct Names(HashTable<u32>);

impl Names {
    /// The flags in order of first appearance, each name with its last flag, and where they are.
    fn index(features: &[document::Feature]) -> (Self, Vec<&document::Feature>) {
        let mut positions = HashTable::with_capacity(features.len());
        let mut flags: Vec<&document::Feature> = Vec::with_capacity(features.len());
        for feature in features {
            let Ok(next) = u32::try_from(flags.len()) else { break };
            let is_it = |position: &u32| flags[*position as usize].name == feature.name;
            let again = |position: &u32| Self::hash(&flags[*position as usize].name);
            match positions.entry(Self::hash(&feature.name), is_it, again) {
                Entry::Occupied(position) => flags[*position.get() as usize] = feature,
                Entry::Vacant(free) => {
                    free.insert(next);
                    flags.push(feature);
                }
            }
        }
        (Self(positions), flags)
    }

    fn position(&self, name: &str, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.0.find(Self::hash(name), |position| is_it(*position)).copied()
    }

    fn hash(name: &str) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(name.as_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests;
