//! Everything that clients see, as of one event of the log.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use burgee_eval::document::{self, Feature};

use super::load::{LoadedFlag, Place};
use super::scope::Scope;
use super::tokens::Tokens;

/// How many removals an environment remembers, so that clients can be told of them one by one.
const MOST_GONE: usize = 1000;

/// Everything that clients see.
///
/// Revisions are numbers of events. Those of projects and segments are the last event that is about them: the same on
/// every server, so that they can stand in ETags. Those of single flags and removals lie somewhere between the event that
/// changed them and the revision of their project in the catalog that first had it so; deltas need no more.
#[derive(Clone, Default)]
pub struct Catalog {
    /// How often the database was put back to an earlier state, as far as this server saw.
    pub(super) life: u64,
    /// The last event that is in it.
    pub revision: i64,
    pub(super) environments: BTreeMap<String, Arc<Environment>>,
    pub(super) segments: BTreeMap<i64, Arc<Segment>>,
    /// The names of all flags, each with its project.
    pub(super) homes: Arc<HashMap<Arc<str>, Arc<str>>>,
    pub(super) tokens: Arc<Tokens>,
    /// The origins of pages that may use the Frontend API, if somebody has set them.
    pub origins: Option<Arc<Vec<String>>>,
}

/// What clients see in an environment.
#[derive(Clone, Default)]
pub(super) struct Environment {
    pub(super) projects: BTreeMap<String, Arc<Project>>,
    /// The last event that was about all projects.
    pub(super) shared: i64,
    /// What is not there any more, in the order of revisions.
    pub(super) gone: VecDeque<Arc<Gone>>,
    /// Removals up to here may be forgotten.
    pub(super) forgotten: i64,
}

/// What clients see of a project in an environment.
#[derive(Clone, Default)]
pub(super) struct Project {
    /// The last event that was about it.
    pub(super) revision: i64,
    /// What the revision was when the server first looked: of what came before, it does not know the order.
    pub(super) since: i64,
    pub(super) flags: BTreeMap<Arc<str>, Arc<Flag>>,
    /// The segments that its flags use.
    pub(super) segments: BTreeSet<i64>,
}

/// A flag in an environment.
pub(super) struct Flag {
    pub(super) feature: Feature,
    /// Type and value.
    pub(super) tags: Vec<(String, String)>,
    /// As clients get it.
    pub(super) json: Box<[u8]>,
    /// No client whose revision is at least this lacks it.
    pub(super) revision: i64,
}

/// A segment.
pub(super) struct Segment {
    pub(super) content: document::Segment,
    /// As clients get it.
    pub(super) json: Box<[u8]>,
    /// The last event that was about it.
    pub(super) revision: i64,
    /// What the revision was when the server first looked.
    pub(super) since: i64,
}

/// A flag that left a project: moved, archived, deleted.
pub(super) struct Gone {
    pub(super) name: String,
    pub(super) project: String,
    /// No client whose revision is at least this still has it.
    pub(super) revision: i64,
}

impl Catalog {
    /// Takes over what was loaded: all that there is, or all that there is of the flags `named`. `first`: nothing was
    /// known before.
    pub(super) fn absorb(&mut self, loaded: Vec<LoadedFlag>, named: Option<&BTreeSet<String>>, first: bool) {
        let mut fresh: BTreeMap<String, BTreeMap<String, Vec<LoadedFlag>>> = BTreeMap::new();
        for flag in loaded {
            let environment = fresh.entry(flag.environment.clone()).or_default();
            environment.entry(flag.project.clone()).or_default().push(flag);
        }
        for (name, environment) in &mut self.environments {
            let mut news = fresh.remove(name).unwrap_or_default();
            let concerned: Vec<String> = environment
                .projects
                .iter()
                .filter(|(id, project)| news.contains_key(*id) || project.has_one_of(named))
                .map(|(id, _)| id.clone())
                .collect();
            let unknown = news.keys().filter(|id| !environment.projects.contains_key(*id)).cloned();
            let concerned: Vec<String> = concerned.into_iter().chain(unknown).collect();
            if concerned.is_empty() {
                continue;
            }
            let environment = Arc::make_mut(environment);
            for id in concerned {
                let news = news.remove(&id).unwrap_or_default();
                let project = environment.projects.entry(id.clone()).or_default();
                // The last event that a client of the project can have heard of, so that nothing is told twice.
                let revision = if first { 0 } else { project.revision.max(environment.shared) };
                for name in Arc::make_mut(project).absorb(news, named, revision) {
                    environment.gone.push_back(Arc::new(Gone { name, project: id.clone(), revision }));
                }
            }
            while environment.gone.len() > MOST_GONE {
                environment.forgotten = environment.gone.pop_front().map_or(0, |gone| gone.revision);
            }
        }
        self.absorb_homes(named);
    }

    /// Brings the list of names in line with the flags, or with those `named`.
    fn absorb_homes(&mut self, named: Option<&BTreeSet<String>>) {
        let Some(names) = named else {
            let projects = self.environments.values().flat_map(|environment| &environment.projects);
            let flags = projects.flat_map(|(id, project)| {
                let id: Arc<str> = id.as_str().into();
                project.flags.keys().map(move |name| (name.clone(), id.clone()))
            });
            self.homes = Arc::new(flags.collect());
            return;
        };
        for name in names {
            let mut projects = self.environments.values().flat_map(|environment| &environment.projects);
            let home = projects.find(|(_, project)| project.flags.contains_key(name.as_str()));
            let home = home.map(|(id, _)| id.as_str());
            // The list is copied when it changes only; most changes leave it as it is.
            match (self.homes.get(name.as_str()), home) {
                (Some(known), Some(home)) if **known == *home => {}
                (None, None) => {}
                (_, Some(home)) => {
                    Arc::make_mut(&mut self.homes).insert(name.as_str().into(), home.into());
                }
                (Some(_), None) => {
                    Arc::make_mut(&mut self.homes).remove(name.as_str());
                }
            }
        }
    }

    /// Takes over which environments there are, and the last event about each place; `first`: nothing was known before.
    pub(super) fn absorb_places(&mut self, environments: Vec<String>, revisions: &[Place], first: bool) {
        self.environments.retain(|name, _| environments.contains(name));
        for name in environments {
            self.environments.entry(name).or_default();
        }
        for place in revisions {
            self.touch(place.environment.as_deref(), place.project.as_deref(), place.revision);
        }
        if first {
            for environment in self.environments.values_mut() {
                for project in Arc::make_mut(environment).projects.values_mut() {
                    let project = Arc::make_mut(project);
                    project.since = project.revision;
                }
            }
        }
    }

    /// Takes over all segments, or all that there is of those `named`, with the last event about each.
    pub(super) fn absorb_segments(
        &mut self,
        loaded: Vec<document::Segment>,
        named: Option<&BTreeSet<i64>>,
        revisions: &BTreeMap<i64, i64>,
        first: bool,
    ) {
        let mut before = BTreeMap::new();
        match named {
            None => std::mem::swap(&mut before, &mut self.segments),
            Some(ids) => before.extend(ids.iter().filter_map(|id| self.segments.remove_entry(id))),
        }
        for segment in loaded {
            let known = before.get(&segment.id);
            let last = revisions.get(&segment.id).copied().unwrap_or_default();
            let revision = last.max(known.map_or(0, |known| known.revision));
            if let Some(known) = known.filter(|known| known.revision == revision && known.content == segment)
            {
                self.segments.insert(segment.id, known.clone());
                continue;
            }
            let since = if first { revision } else { known.map_or(0, |known| known.since) };
            let json = json(&segment);
            self.segments.insert(segment.id, Arc::new(Segment { content: segment, json, revision, since }));
        }
    }

    /// Notes that an event was about a project in an environment; `None` stands for all of them.
    pub(super) fn touch(&mut self, environment: Option<&str>, project: Option<&str>, revision: i64) {
        let touched =
            self.environments.iter_mut().filter(|(name, _)| environment.is_none_or(|it| it == *name));
        for (_, environment) in touched {
            let environment = Arc::make_mut(environment);
            let last = match project {
                Some(id) => {
                    &mut Arc::make_mut(environment.projects.entry(id.to_owned()).or_default()).revision
                }
                None => &mut environment.shared,
            };
            *last = (*last).max(revision);
        }
    }

    /// True if there is, or was, something of a project in an environment.
    pub(super) fn shows(&self, environment: &str, project: &str) -> bool {
        self.environments.get(environment).is_some_and(|it| it.projects.contains_key(project))
    }

    /// The projects of a scope.
    pub(super) fn projects<'c>(&'c self, scope: &'c Scope) -> impl Iterator<Item = (&'c str, &'c Project)> {
        let environment = self.environments.get(&scope.environment);
        let projects = environment.into_iter().flat_map(|environment| &environment.projects);
        projects.filter(|(id, _)| scope.has(id)).map(|(id, project)| (id.as_str(), &**project))
    }

    /// The flags of a scope, by name.
    pub(super) fn flags<'c>(&'c self, scope: &'c Scope) -> Vec<&'c Flag> {
        let mut flags: Vec<&Flag> = self
            .projects(scope)
            .flat_map(|(_, project)| project.flags.values().map(|flag| &**flag))
            .collect();
        flags.sort_unstable_by(|a, b| a.feature.name.cmp(&b.feature.name));
        flags
    }

    /// The segments that the flags of a scope use.
    pub(super) fn segments(&self, scope: &Scope) -> impl Iterator<Item = &Segment> {
        let used: BTreeSet<i64> =
            self.projects(scope).flat_map(|(_, project)| &project.segments).copied().collect();
        used.into_iter().filter_map(|id| self.segments.get(&id).map(|segment| &**segment))
    }

    /// The flags that left a scope after a revision and did not come back, with the project that they left.
    pub(super) fn gone<'c>(&'c self, scope: &'c Scope, after: i64) -> BTreeMap<&'c str, &'c str> {
        let environment = self.environments.get(&scope.environment);
        let gone = environment.into_iter().flat_map(|environment| &environment.gone);
        gone.filter(|gone| gone.revision > after && scope.has(&gone.project))
            .map(|gone| (gone.name.as_str(), gone.project.as_str()))
            .filter(|(name, _)| !self.projects(scope).any(|(_, project)| project.flags.contains_key(*name)))
            .collect()
    }

    /// The last event that may have changed what a scope shows.
    pub(super) fn revision_of(&self, scope: &Scope) -> i64 {
        self.latest(scope, |project| project.revision, |segment| segment.revision)
    }

    /// From which revision on it is known, change by change, what became of a scope.
    pub(super) fn known_since(&self, scope: &Scope) -> i64 {
        let environment = self.environments.get(&scope.environment);
        environment.map_or(0, |environment| environment.forgotten).max(self.latest(
            scope,
            |project| project.since,
            |segment| segment.since,
        ))
    }

    fn latest(
        &self,
        scope: &Scope,
        of_project: impl Fn(&Project) -> i64,
        of_segment: impl Fn(&Segment) -> i64,
    ) -> i64 {
        let shared = self.environments.get(&scope.environment).map_or(0, |environment| environment.shared);
        let projects = self.projects(scope).map(|(_, project)| of_project(project)).max().unwrap_or_default();
        let segments = self.segments(scope).map(of_segment).max().unwrap_or_default();
        shared.max(projects).max(segments)
    }
}

impl Project {
    fn has_one_of(&self, named: Option<&BTreeSet<String>>) -> bool {
        named.is_none_or(|names| names.iter().any(|name| self.flags.contains_key(name.as_str())))
    }

    /// Takes over all its flags, or all that it has of those `named`, and tells which ones are gone.
    fn absorb(
        &mut self,
        news: Vec<LoadedFlag>,
        named: Option<&BTreeSet<String>>,
        revision: i64,
    ) -> Vec<String> {
        let here: BTreeSet<&str> = news.iter().map(|flag| flag.feature.name.as_str()).collect();
        let left = |name: &str| !here.contains(name) && named.is_none_or(|names| names.contains(name));
        let gone: Vec<Arc<str>> = self.flags.keys().filter(|name| left(name)).cloned().collect();
        for name in &gone {
            self.flags.remove(name);
        }
        for LoadedFlag { feature, tags, .. } in news {
            let same = |known: &Arc<Flag>| known.feature == feature && known.tags == tags;
            if !self.flags.get(feature.name.as_str()).is_some_and(same) {
                let json = json(&feature);
                self.flags
                    .insert(feature.name.as_str().into(), Arc::new(Flag { feature, tags, json, revision }));
            }
        }
        let strategies = self.flags.values().flat_map(|flag| &flag.feature.strategies);
        self.segments = strategies.flat_map(|strategy| strategy.segments.iter().copied()).collect();
        gone.iter().map(ToString::to_string).collect()
    }
}

/// What serde writes; nothing that is written here can fail to be.
pub(super) fn json(value: &impl serde::Serialize) -> Box<[u8]> {
    serde_json::to_vec(value).unwrap_or_default().into_boxed_slice()
}
