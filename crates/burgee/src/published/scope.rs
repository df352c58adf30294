//! Whose flags a client gets.

use std::collections::BTreeSet;

/// An environment, and the projects in it that a client may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The environment.
    pub environment: String,
    /// The projects; `None` means all, those that come later included.
    pub projects: Option<BTreeSet<String>>,
}

impl Scope {
    /// True if the project belongs to it.
    pub fn has(&self, project: &str) -> bool {
        self.projects.as_ref().is_none_or(|projects| projects.contains(project))
    }

    /// The projects as Unleash writes them: `*` means all.
    pub fn project_list(&self) -> Vec<String> {
        match &self.projects {
            Some(projects) => projects.iter().cloned().collect(),
            None => vec!["*".to_owned()],
        }
    }
}
