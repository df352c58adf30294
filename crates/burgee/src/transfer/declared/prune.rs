//! What files do not declare goes, where they say that they declare all of it.

use std::collections::BTreeSet;

use super::Declaration;
use crate::access::{Granted, Guard, Sight, role};
use crate::contexts::{self, View};
use crate::db::{Read, Sql};
use crate::error::{Error, Result};
use crate::events::Change;
use crate::people::group;
use crate::projects::environment;
use crate::tags::types;
use crate::transfer::export::{Selection, flags};
use crate::{environments, features, segments, sql, strategies};

/// What is declared of one kind.
struct Declared<'a> {
    kind: &'static str,
    names: BTreeSet<&'a str>,
}

impl<'a> Declared<'a> {
    /// `None` if no file has the kind, so that nothing of it goes.
    fn of<I: IntoIterator<Item = &'a String>>(
        kind: &'static str,
        files: impl Iterator<Item = Option<I>>,
    ) -> Option<Self> {
        let mut found: Option<BTreeSet<&str>> = None;
        for names in files.flatten() {
            found.get_or_insert_default().extend(names.into_iter().map(String::as_str));
        }
        found.map(|names| Self { kind, names })
    }

    fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether two names that differ in the case of their letters are the same.
    fn has_folded(&self, name: &str) -> bool {
        let name = burgee_scim::fold(name);
        self.names.iter().any(|declared| burgee_scim::fold(declared) == name)
    }

    fn about(&self, name: &str) -> impl Fn(Error) -> Error {
        let place = format!("{}/{name} is not declared", self.kind);
        move |error| error.about(&place)
    }
}

/// Deletes what `files` do not have of the kinds that they have, and archives the flags that they do not have of the
/// projects whose flags they have. Projects are never deleted, nor what belongs to projects that no file has, nor what
/// an identity provider manages. What something that stays still uses is an error.
pub(super) async fn prune<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    files: &[(String, Declaration)],
) -> Result<()> {
    macro_rules! declared {
        ($member:ident, $called:literal) => {
            Declared::of(
                $called,
                files.iter().map(|(_, file)| file.$member.as_ref().map(|member| member.keys())),
            )
        };
    }
    let mut ours = BTreeSet::new();
    for (file, declaration) in files {
        for (id, project) in declaration.projects.iter().flatten() {
            ours.insert(id.as_str());
            let about = |error: Error| error.about(&format!("{file}: projects/{id}"));
            in_project(tx, grant, id, project).await.map_err(about)?;
        }
    }
    let within = |project: Option<&String>| project.is_none_or(|project| ours.contains(project.as_str()));

    if let Some(declared) = declared!(segments, "segments") {
        for used in segments::list(tx, &Sight::ALL).await? {
            let segment = used.segment;
            if within(segment.project.as_ref()) && !declared.has(&segment.name) {
                let segment = segments::lock(tx, &Sight::ALL, segment.id).await?;
                segments::delete(tx, &segment).await.map_err(declared.about(&segment.name))?;
            }
        }
    }
    if let Some(declared) = declared!(context_fields, "contextFields") {
        let view = View { sight: Sight::ALL, project: None };
        for used in contexts::list(tx, &view, true).await? {
            let field = used.field;
            if within(field.project.as_ref()) && !declared.has(&field.name) {
                contexts::delete(tx, &view, &field.name).await.map_err(declared.about(&field.name))?;
            }
        }
    }
    if let Some(declared) = declared!(tag_types, "tagTypes") {
        for kind in types::list(tx).await?.into_iter().filter(|kind| !declared.has(&kind.name)) {
            let tagged = sql!(
                "SELECT f.name FROM feature_tags t JOIN features f ON f.name = t.feature
                 WHERE t.type = $1 AND f.archived_at IS NULL ORDER BY f.name LIMIT 1",
                &kind.name
            );
            no_flag(tx, tagged).await.map_err(declared.about(&kind.name))?;
            types::delete(tx, &kind.name).await?;
        }
    }
    if let Some(declared) = declared!(strategy_types, "strategyTypes") {
        let own = strategies::list(tx).await?.into_iter().filter(|kind| !kind.built_in);
        for kind in own.filter(|kind| !declared.has(&kind.name)) {
            let following = sql!(
                "SELECT f.name FROM feature_strategies s JOIN features f ON f.name = s.feature
                 WHERE s.name = $1 AND f.archived_at IS NULL ORDER BY f.name LIMIT 1",
                &kind.name
            );
            no_flag(tx, following).await.map_err(declared.about(&kind.name))?;
            strategies::delete(tx, &kind.name).await?;
        }
    }
    if let Some(declared) = declared!(groups, "groups") {
        let own = group::list(tx).await?.into_iter().filter(|group| group.scim_id.is_none());
        for group in own.filter(|group| !declared.has_folded(&group.name)) {
            let user = group::projects(tx, Some(group.id)).await?.into_iter().next();
            unused(user.map(|(_, project)| format!("the project {project}")))
                .map_err(declared.about(&group.name))?;
            group::delete(tx, group.id).await?;
        }
    }
    if let Some(declared) = declared!(roles, "roles") {
        let own = role::list(tx).await?.into_iter().filter(role::Role::is_own);
        for role in own.filter(|role| !declared.has_folded(&role.name)) {
            role::delete(tx, role.id).await.map_err(declared.about(&role.name))?;
        }
    }
    if let Some(declared) = declared!(environments, "environments") {
        for usage in environments::usage(tx, &Sight::ALL, None).await? {
            let environment = usage.environment;
            if environment.protected || declared.has(&environment.name) {
                continue;
            }
            let users = [(usage.projects, "a project"), (usage.api_tokens, "an API token")];
            let user = users.into_iter().find(|(count, _)| *count > 0);
            unused(user.map(|(_, user)| user.to_owned())).map_err(declared.about(&environment.name))?;
            environments::delete(tx, &environment.name).await.map_err(declared.about(&environment.name))?;
        }
    }
    Ok(())
}

/// The flags and environments of a project that its declaration does not have.
async fn in_project<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    id: &str,
    declared: &super::Project,
) -> Result<()> {
    if let Some(wanted) = &declared.flags {
        let all = flags(tx, &Sight::ALL, &Selection::OfProject(id.to_owned())).await?;
        let gone: Vec<String> =
            all.into_iter().map(|flag| flag.name).filter(|name| !wanted.contains_key(name)).collect();
        if !gone.is_empty() {
            features::ensure_direct(tx, grant, id).await?;
            features::archive(tx, id, &gone).await?;
        }
    }
    if !declared.environments.is_empty() {
        for place in environment::list(tx, id).await? {
            if !declared.environments.contains_key(&place.environment) {
                environment::remove(tx, id, &place.environment).await?;
            }
        }
    }
    Ok(())
}

/// Refuses if `sql` finds the name of a flag.
async fn no_flag(tx: &mut Read, sql: Sql) -> Result<()> {
    let found: Option<(String,)> = tx.optional(sql).await?;
    unused(found.map(|(flag,)| format!("the flag {flag}")))
}

fn unused(user: Option<String>) -> Result<()> {
    match user {
        Some(user) => Err(Error::bad_data(format!("it cannot go: {user} still has it"))),
        None => Ok(()),
    }
}
