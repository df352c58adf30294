//! What was taken over, and what was not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many names are told of those that were left out for one reason.
const NAMED: usize = 10;

/// How much of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Taken over.
    pub new: usize,
    /// Here already.
    pub here: usize,
    /// Left out.
    pub out: usize,
}

/// What was taken over, and what was not.
#[derive(Debug, Default)]
pub struct Outcome {
    /// People.
    pub users: Count,
    /// Those of them whom an identity provider manages.
    pub provisioned: Count,
    /// Passwords of people who were taken over.
    pub passwords: Count,
    /// Groups.
    pub groups: Count,
    /// People in groups.
    pub members: Count,
    /// Roles of people and groups in projects.
    pub places: Count,
    /// The identity provider's token.
    pub token: Count,
    /// Why something was left out, or is not as it was, and what.
    left: BTreeMap<String, Vec<String>>,
    /// What collides with something that is here.
    pub conflicts: Vec<String>,
}

impl Outcome {
    /// Notes why something was left out, or is not as it was.
    pub(super) fn leave(&mut self, why: &str, what: impl Into<String>) {
        self.left.entry(why.to_owned()).or_default().push(what.into());
    }

    /// The counts as a table, and below it what was left out.
    pub fn table(&self) -> String {
        let mut text = format!("{:<26}{:>12}{:>15}{:>10}\n", "", "taken over", "here already", "left out");
        for (name, count) in [
            ("users", self.users),
            ("  of identity providers", self.provisioned),
            ("  passwords", self.passwords),
            ("groups", self.groups),
            ("memberships", self.members),
            ("roles in projects", self.places),
            ("token", self.token),
        ] {
            let Count { new, here, out } = count;
            let _ = writeln!(text, "{name:<26}{new:>12}{here:>15}{out:>10}");
        }
        for (why, what) in &self.left {
            let named: Vec<&str> = what.iter().take(NAMED).map(String::as_str).collect();
            let more = match what.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let _ = writeln!(text, "{why}: {}{more}", named.join(", "));
        }
        text
    }
}
