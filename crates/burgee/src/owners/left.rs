//! Owners who left, and what becomes of their flags.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Named, Owner, Policy, Row, ensure, manager, owner, policy, record};
use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many flags an event about an owner names.
const MOST_TOLD: usize = 100;

/// A flag for which nobody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The flag.
    pub name: String,
    /// Its project.
    pub project: String,
}

/// An owner who left flags behind.
#[derive(Clone, Debug)]
pub struct Departed {
    /// Who, and what they were called.
    pub who: Named,
    /// Since when.
    pub since: Option<Time>,
    /// True if they have an active account again, or still.
    pub back: bool,
    /// The flags for which nobody answers since, by name; not those that are archived.
    pub flags: Vec<Orphan>,
}

/// Lets the flags of somebody who loses their account go where the policy says. Called before what their identity provider
/// said of them goes.
pub async fn left(tx: &mut Change, user: i64, name: &str) -> Result<()> {
    let who = Named { owner: Owner::User(user), name: name.to_owned(), left: true };
    let flags = owned(tx, user).await?;
    if flags.is_empty() {
        return Ok(());
    }
    let heir = match policy(tx).await? {
        Policy::List => None,
        Policy::Manager => manager(tx, user).await?.map(Owner::User),
        Policy::Group { group } => Some(Owner::Group(group)),
    };
    let heir = match heir {
        // A group that is gone takes nothing over.
        Some(heir) => match ensure(tx, heir).await {
            Ok(heir) => Some(heir),
            Err(error) if error.kind().is_some() => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE flag_owners SET user_id = $2, group_id = $3, left_at = $4, left_name = $5
         WHERE user_id = $1 AND left_at IS NULL",
        user,
        heir.as_ref().map_or(Some(user), |heir| heir.owner.user()),
        heir.as_ref().and_then(|heir| heir.owner.group()),
        heir.is_none().then_some(now),
        heir.is_none().then_some(name)
    ))
    .await?;
    tell(tx, &who, flags, heir.as_ref());
    Ok(())
}

/// The flags that somebody owns, those that are archived too.
async fn owned(tx: &mut Read, user: i64) -> Result<Vec<(String, String)>> {
    tx.all(sql!(
        "SELECT f.name, f.project FROM flag_owners o JOIN features f ON f.name = o.feature
         WHERE o.user_id = $1 AND o.left_at IS NULL ORDER BY f.name",
        user
    ))
    .await
}

/// Lists the flags of a group that is removed.
pub async fn group_gone(tx: &mut Change, group: i64, name: &str) -> Result<()> {
    let flags: Vec<(String, String)> = tx
        .all(sql!(
            "SELECT f.name, f.project FROM flag_owners o JOIN features f ON f.name = o.feature
             WHERE o.group_id = $1 AND o.left_at IS NULL ORDER BY f.name",
            group
        ))
        .await?;
    if flags.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE flag_owners SET left_name = $2, left_at = $3 WHERE group_id = $1 AND left_at IS NULL",
        group,
        name,
        now
    ))
    .await?;
    let who = Named { owner: Owner::Group(group), name: name.to_owned(), left: true };
    tell(tx, &who, flags, None);
    Ok(())
}

/// Records what became of the flags of `who`: once for them, and once for each flag.
fn tell(tx: &mut Change, who: &Named, flags: Vec<(String, String)>, heir: Option<&Named>) {
    let told: Vec<&String> = flags.iter().take(MOST_TOLD).map(|(name, _)| name).collect();
    tx.record(Event::created(
        Fact::FlagOwnerLeft,
        &json!({
            "owner": who.owner, "name": who.name, "flags": told, "count": flags.len(),
            "handedTo": heir.map(|heir| json!({ "owner": heir.owner, "name": heir.name })),
        }),
    ));
    for (feature, project) in flags {
        record(tx, &project, &feature, Some(who), heir);
    }
}

/// Everybody who left flags behind that are seen, the latest first.
pub async fn departed(tx: &mut Read, sight: &Sight) -> Result<Vec<Departed>> {
    #[derive(sqlx::FromRow)]
    struct Found {
        #[sqlx(flatten)]
        owner: Row,
        left_at: Option<Time>,
        back: bool,
        feature: String,
        project: String,
    }
    let rows: Vec<Found> = tx
        .all(sql!(
            concat!(
                "SELECT ",
                owner!(),
                ", o.left_at, COALESCE(u.active, FALSE) OR g.id IS NOT NULL AS back, f.name AS feature,
                        f.project
                 FROM flag_owners o JOIN features f ON f.name = o.feature AND f.archived_at IS NULL
                 JOIN projects p ON p.id = f.project",
                owner!(join),
                "WHERE (o.left_at IS NOT NULL OR u.active = FALSE) AND ",
                visible!("p", "$1"),
                " ORDER BY f.name"
            ),
            sight.param()?
        ))
        .await?;
    let mut found: BTreeMap<Owner, Departed> = BTreeMap::new();
    for row in rows {
        let Some(who) = row.owner.named() else { continue };
        let departed = found.entry(who.owner).or_insert_with(|| Departed {
            who,
            since: row.left_at,
            back: row.back,
            flags: Vec::new(),
        });
        departed.since = departed.since.max(row.left_at);
        departed.flags.push(Orphan { name: row.feature, project: row.project });
    }
    let mut found: Vec<Departed> = found.into_values().collect();
    found.sort_by_key(|departed| std::cmp::Reverse(departed.since));
    Ok(found)
}

/// Lets somebody take over what an owner left behind: all of it, or the flags `named`. Tells how many.
pub async fn hand_over(tx: &mut Change, from: Owner, named: Option<&[String]>, to: Owner) -> Result<usize> {
    let heir = ensure(tx, to).await?;
    let orphans = departed(tx, &Sight::ALL).await?;
    let Some(from) = orphans.into_iter().find(|departed| departed.who.owner == from) else { return Ok(0) };
    let chosen = |orphan: &Orphan| named.is_none_or(|names| names.contains(&orphan.name));
    let flags: Vec<Orphan> = from.flags.into_iter().filter(chosen).collect();
    let names: Vec<&str> = flags.iter().map(|flag| flag.name.as_str()).collect();
    // A flag for which somebody else answers by now is theirs.
    let taken: Vec<(String,)> = tx
        .all(sql!(
            "UPDATE flag_owners SET user_id = $2, group_id = $3, left_name = NULL, left_at = NULL
             WHERE feature IN ({list:$1}) AND (user_id = $4 OR group_id = $5)
               AND (left_at IS NOT NULL OR user_id IN (SELECT id FROM users WHERE active = FALSE))
             RETURNING feature",
            serde_json::to_string(&names)?,
            to.user(),
            to.group(),
            from.who.owner.user(),
            from.who.owner.group()
        ))
        .await?;
    let taken: BTreeSet<String> = taken.into_iter().map(|(feature,)| feature).collect();
    for flag in flags.iter().filter(|flag| taken.contains(&flag.name)) {
        record(tx, &flag.project, &flag.name, Some(&from.who), Some(&heir));
    }
    Ok(taken.len())
}
