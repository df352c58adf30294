//! Which projects somebody sees. What they do not see does not exist for them.
//!
//! Only private projects hide: from viewers who have no role in them. Whoever holds more than looking everywhere, or
//! any role in the project, directly or through a group, sees it.

use std::collections::BTreeSet;

use super::actor::{Actor, Origin};
use super::resolve::Holdings;
use super::said::with_said;
use crate::db::{Read, Sql};
use crate::error::{Error, Result};
use crate::sql;

/// SQL: true if the project behind the alias `$project` is seen by whoever [`Sight::param`] is bound to `$sight`.
macro_rules! visible {
    ($project:literal, $sight:literal) => {
        concat!(
            "(CAST(",
            $sight,
            " AS TEXT) IS NULL OR ",
            $project,
            ".mode <> 'private' OR ",
            $project,
            ".id IN ({list:",
            $sight,
            "}))"
        )
    };
}
pub(crate) use visible;

/// Which private projects somebody sees; of the others everybody sees all.
#[derive(Clone, Debug)]
pub struct Sight(Option<BTreeSet<String>>);

/// The private projects that somebody does not see: for things that know their projects by name only.
#[derive(Clone, Debug, Default)]
pub struct Hidden(BTreeSet<String>);

impl Hidden {
    /// True if one of these projects is hidden, so that what belongs to them is hidden with it.
    pub fn hides(&self, projects: &[String]) -> bool {
        projects.iter().any(|project| self.0.contains(project))
    }

    /// Their ids.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Sight {
    /// Sees everything.
    pub const ALL: Self = Self(None);

    /// What `actor`, who holds `held`, sees.
    pub(super) async fn of(tx: &mut Read, actor: &Actor, held: &Holdings) -> Result<Self> {
        let Origin::User(id) = actor.origin else { return Ok(Self::ALL) };
        if held.is_admin() {
            return Ok(Self::ALL);
        }
        let rows: Vec<(Option<String>,)> = tx
            .all(sql!(
                with_said!(
                    "SELECT CAST($1 AS BIGINT)",
                    " SELECT NULL AS project FROM own WHERE role_id <> 3
                      UNION SELECT NULL FROM groups g JOIN reach m ON m.group_id = g.id
                            WHERE g.root_role_id IN (1, 2)
                      UNION SELECT project FROM user_roles WHERE user_id = $1
                      UNION SELECT r.project FROM group_roles r JOIN reach m ON m.group_id = r.group_id
                      UNION SELECT project FROM given WHERE project IS NOT NULL OR role_id <> 3"
                ),
                id
            ))
            .await?;
        // A row without a project stands for all of them.
        Ok(Self(rows.into_iter().map(|(project,)| project).collect()))
    }

    /// True if a project of this id, private or not, is seen.
    pub fn sees(&self, project: &str, private: bool) -> bool {
        !private || self.0.as_ref().is_none_or(|seen| seen.contains(project))
    }

    /// The private projects that are not seen.
    pub async fn hidden(&self, tx: &mut Read) -> Result<Hidden> {
        let Some(seen) = &self.0 else { return Ok(Hidden(BTreeSet::new())) };
        let private: Vec<(String,)> = tx.all(sql!("SELECT id FROM projects WHERE mode = 'private'")).await?;
        Ok(Hidden(private.into_iter().map(|(id,)| id).filter(|id| !seen.contains(id)).collect()))
    }

    /// What [`visible!`] takes as its second argument.
    pub fn param(&self) -> Result<Option<String>> {
        Ok(self.0.as_ref().map(serde_json::to_string).transpose()?)
    }

    /// Continues a statement's conditions: the project whose id is in `column` exists and is seen. Whoever sees
    /// everything is not restricted.
    pub fn restrict(&self, sql: &mut Sql, column: &'static str) -> Result<()> {
        let Some(seen) = self.param()? else { return Ok(()) };
        // `= TRUE` keeps it a test of each row, looked up in a hash: as a join, PostgreSQL would start from the
        // projects and then sort all that it finds.
        sql.push(" AND (").push(column);
        sql.push(" IN (SELECT p.id FROM projects p WHERE p.mode <> 'private' OR p.id IN ({list:");
        sql.bind(seen).push("}))) = TRUE");
        Ok(())
    }

    /// Refuses a project that does not exist or is not seen; nobody can tell which.
    pub async fn ensure(&self, tx: &mut Read, project: &str) -> Result<()> {
        let mode: Option<(String,)> =
            tx.optional(sql!("SELECT mode FROM projects WHERE id = $1", project)).await?;
        match mode {
            Some((mode,)) if self.sees(project, mode == "private") => Ok(()),
            _ => Err(Error::not_found("No project found")),
        }
    }

    /// Like [`Sight::ensure`], for a project that a body names.
    pub async fn ensure_named(&self, tx: &mut Read, project: &str) -> Result<()> {
        self.ensure(tx, project).await.map_err(|error| match error.kind() {
            Some(_) => {
                Error::invalid(vec![format!("\"project\" does not exist. You provided \"{project}\".")])
            }
            None => error,
        })
    }
}
