//! Owners who left, and what becomes of their flags.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Named, Owner, Policy, ensure, manager, owner, record};
use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::instance::settings;
use crate::sql;

/// How many flags an event about an owner names.
const MOST_TOLD: usize = 100;
/// How many flags can be named that somebody takes over.
const MOST_NAMED: usize = 1000;

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
    /// The first of the flags for which nobody answers since, by name; not those that are archived.
    pub flags: Vec<Orphan>,
    /// How many there are.
    pub count: i64,
}

/// What owners left behind.
#[derive(Clone, Debug, Default)]
pub struct Abandoned {
    /// Some of the owners.
    pub owners: Vec<Departed>,
    /// How many owners there are.
    pub total: i64,
    /// How many flags all of them left behind.
    pub flags: i64,
}

/// SQL: the columns of [`Row`], from which tables they come, and what makes a flag nobody's.
macro_rules! orphan {
    () => {
        concat!(owner!(), ", f.name AS feature, f.project")
    };
    (from) => {
        concat!("flag_owners o JOIN features f ON f.name = o.feature AND f.archived_at IS NULL", owner!(join))
    };
    (condition) => {
        "(o.left_at IS NOT NULL OR u.active = FALSE)"
    };
}

/// A flag and who left it.
#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    owner: super::Row,
    feature: String,
    project: String,
}

impl Row {
    fn named(self) -> Option<(Named, Orphan)> {
        Some((self.owner.named()?, Orphan { name: self.feature, project: self.project }))
    }
}

/// Lets the flags of somebody who loses their account go where the policy says. Called before what their identity provider
/// said of them goes.
pub async fn left(tx: &mut Change, user: i64, name: &str) -> Result<()> {
    let who = Named { owner: Owner::User(user), name: name.to_owned(), left: true };
    let flags = owned(tx, user).await?;
    if flags.is_empty() {
        return Ok(());
    }
    let leaving = tx.leaving().clone();
    let heir = match settings::load(tx).await?.unwrap_or_default() {
        Policy::List => None,
        Policy::Manager => manager(tx, user, &leaving).await?.map(Owner::User),
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

/// Those who left flags behind that are seen, the latest first: after `offset` of them `limit` at most, each with `shown`
/// flags at most.
pub async fn departed(
    tx: &mut Read,
    sight: &Sight,
    offset: i64,
    limit: i64,
    shown: i64,
) -> Result<Abandoned> {
    #[derive(sqlx::FromRow)]
    struct Found {
        #[sqlx(flatten)]
        orphan: Row,
        since: Option<Time>,
        back: bool,
        of_owner: i64,
        nth: i64,
        owners: i64,
        flags: i64,
    }
    // The first row comes in any case: it tells how many there are.
    let rows: Vec<Found> = tx
        .all(sql!(
            concat!(
                "SELECT * FROM (
                 SELECT numbered.*, MAX(nth) OVER () AS owners, COUNT(*) OVER () AS flags FROM (
                 SELECT found.*, DENSE_RANK() OVER (ORDER BY COALESCE(since, -1) DESC, user_id, group_id) AS nth FROM (
                     SELECT ",
                orphan!(),
                ", COALESCE(u.active, FALSE) OR g.id IS NOT NULL AS back,
                            MAX(o.left_at) OVER (PARTITION BY o.user_id, o.group_id) AS since,
                            COUNT(*) OVER (PARTITION BY o.user_id, o.group_id) AS of_owner,
                            ROW_NUMBER() OVER (PARTITION BY o.user_id, o.group_id ORDER BY f.name) AS place
                     FROM ",
                orphan!(from),
                " JOIN projects p ON p.id = f.project WHERE ",
                orphan!(condition),
                " AND ",
                visible!("p", "$1"),
                ") found) numbered) counted
                 WHERE (nth > $2 AND nth <= $3 AND place <= $4) OR (nth = 1 AND place = 1) ORDER BY nth, place"
            ),
            sight.param()?,
            offset,
            offset.saturating_add(limit),
            shown
        ))
        .await?;
    let (total, flags) = rows.first().map_or((0, 0), |row| (row.owners, row.flags));
    let mut owners: Vec<Departed> = Vec::new();
    for Found { orphan, since, back, of_owner: count, nth, .. } in rows {
        let Some((who, flag)) = orphan.named() else { continue };
        if nth <= offset {
            continue;
        }
        match owners.last_mut().filter(|last| last.who.owner == who.owner) {
            Some(last) => last.flags.push(flag),
            None => owners.push(Departed { who, since, back, flags: vec![flag], count }),
        }
    }
    Ok(Abandoned { owners, total, flags })
}

/// Lets somebody take over what an owner left behind: all of it, or the flags `named`. Tells how many.
pub async fn hand_over(tx: &mut Change, from: Owner, named: Option<&[String]>, to: Owner) -> Result<usize> {
    if named.is_some_and(|names| names.len() > MOST_NAMED) {
        return Err(Error::bad_data(format!("At most {MOST_NAMED} flags can be named at once.")));
    }
    let heir = ensure(tx, to).await?;
    let orphans: Vec<Row> = tx
        .all(sql!(
            concat!(
                "SELECT ",
                orphan!(),
                " FROM ",
                orphan!(from),
                " WHERE ",
                orphan!(condition),
                " AND (o.user_id = $1 OR o.group_id = $2) AND (CAST($3 AS TEXT) IS NULL OR f.name IN ({list:$3}))
                 ORDER BY f.name"
            ),
            from.user(),
            from.group(),
            named.map(serde_json::to_string).transpose()?
        ))
        .await?;
    let orphans: Vec<(Named, Orphan)> = orphans.into_iter().filter_map(Row::named).collect();
    let names: Vec<&str> = orphans.iter().map(|(_, flag)| flag.name.as_str()).collect();
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
            from.user(),
            from.group()
        ))
        .await?;
    let taken: BTreeSet<String> = taken.into_iter().map(|(feature,)| feature).collect();
    for (who, flag) in orphans.iter().filter(|(_, flag)| taken.contains(&flag.name)) {
        record(tx, &flag.project, &flag.name, Some(who), Some(&heir));
    }
    Ok(taken.len())
}
