//! Segments: lists of constraints with a name, which strategies share. One belongs to everybody or to one project.

use std::collections::HashMap;

use burgee_eval::document::Constraint;
use serde::Serialize;

use crate::access::{Sight, visible};
use crate::audience::{self, Audience, Joined, Tie, audience};
use crate::clock::Time;
use crate::constraints::{self, Owner};
use crate::db::{Json, Read};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many segments there may be.
const LIMIT: i64 = 300;
/// The longest name, in characters.
const LONGEST_NAME: usize = 255;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1000;

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Its number.
    pub id: i64,
    /// Its name; no two segments share one.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The project whose flags alone may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// All must hold.
    #[sqlx(try_from = "String")]
    pub constraints: Json<Vec<Constraint>>,
    /// The group that somebody has to be in, too.
    #[sqlx(flatten)]
    #[serde(skip_serializing_if = "Joined::is_none")]
    pub group: Joined,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Time,
}

/// A segment with the number of flags, and of their projects, that use it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Used {
    /// The segment.
    #[sqlx(flatten)]
    pub segment: Segment,
    /// How many projects.
    pub projects: i64,
    /// How many flags.
    pub features: i64,
}

/// A segment as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The project whose flags alone may use it.
    pub project: Option<String>,
    /// All must hold.
    pub constraints: Vec<Constraint>,
    /// The group that somebody has to be in, too: `None` leaves it as it is, `Some(None)` means none.
    pub group: Option<Option<Tie>>,
}

/// SQL: the columns of a [`Segment`] `g`, where `audience!(join)` follows.
macro_rules! columns {
    () => {
        concat!(
            "g.id, g.name, g.description, g.project, g.constraints, g.created_by, g.created_at, ",
            audience!()
        )
    };
}

/// All segments that are seen, by name.
pub async fn list(tx: &mut Read, sight: &Sight) -> Result<Vec<Used>> {
    tx.all(sql!(
        concat!(
            "SELECT ", columns!(), ", COALESCE(used.projects, 0) AS projects, COALESCE(used.features, 0) AS features
             FROM segments g", audience!(join), "LEFT JOIN projects own ON own.id = g.project
             LEFT JOIN (
                 SELECT u.segment_id, COUNT(DISTINCT f.project) AS projects, COUNT(DISTINCT f.name) AS features
                 FROM feature_strategy_segments u JOIN feature_strategies s ON s.id = u.strategy_id
                 JOIN features f ON f.name = s.feature AND f.archived_at IS NULL
                 JOIN projects p ON p.id = f.project
                 WHERE ", visible!("p", "$1"), " GROUP BY u.segment_id
             ) AS used ON used.segment_id = g.id
             WHERE g.project IS NULL OR ", visible!("own", "$1"),
            " ORDER BY g.name"
        ),
        sight.param()?
    ))
    .await
}

/// The names of all segments that are seen, by id.
pub async fn names(tx: &mut Read, sight: &Sight) -> Result<HashMap<i64, String>> {
    let rows: Vec<(i64, String)> = tx
        .all(sql!(
            concat!(
                "SELECT g.id, g.name FROM segments g LEFT JOIN projects own ON own.id = g.project
                 WHERE g.project IS NULL OR ",
                visible!("own", "$1")
            ),
            sight.param()?
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

/// The segments that a strategy uses, as far as they and its flag are seen.
pub async fn of_strategy(tx: &mut Read, sight: &Sight, strategy: &str) -> Result<Vec<Segment>> {
    tx.all(sql!(
        concat!(
            "SELECT ",
            columns!(),
            " FROM feature_strategy_segments u JOIN segments g ON g.id = u.segment_id",
            audience!(join),
            "JOIN feature_strategies s ON s.id = u.strategy_id
             JOIN features f ON f.name = s.feature JOIN projects p ON p.id = f.project
             LEFT JOIN projects own ON own.id = g.project
             WHERE u.strategy_id = $1 AND ",
            visible!("p", "$2"),
            " AND (g.project IS NULL OR ",
            visible!("own", "$2"),
            ") ORDER BY g.id"
        ),
        strategy,
        sight.param()?
    ))
    .await
}

/// The segment with this id, if it is seen.
pub async fn get(tx: &mut Read, sight: &Sight, id: i64) -> Result<Segment> {
    let missing = || Error::not_found(format!("No segment exists with ID \"{id}\""));
    let found: Option<Segment> = tx
        .optional(sql!(
            concat!("SELECT ", columns!(), " FROM segments g", audience!(join), "WHERE g.id = $1"),
            id
        ))
        .await?;
    let segment = found.ok_or_else(missing)?;
    if let Some(project) = &segment.project {
        sight.ensure(tx, project).await.map_err(|error| match error.kind() {
            Some(_) => missing(),
            None => error,
        })?;
    }
    Ok(segment)
}

/// Like [`get`], once whoever changes it at the same time is done.
pub async fn lock(tx: &mut Change, sight: &Sight, id: i64) -> Result<Segment> {
    let _: Option<(i64,)> = tx.optional(sql!("SELECT id FROM segments WHERE id = $1{lock}", id)).await?;
    get(tx, sight, id).await
}

/// Makes a segment.
pub async fn create(tx: &mut Change, sight: &Sight, draft: Draft) -> Result<Segment> {
    ensure_free(tx, &draft.name, None).await?;
    let (there,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM segments")).await?;
    if there >= LIMIT {
        return Err(Error::limit("segment", LIMIT));
    }
    let (draft, group) = check(tx, sight, draft, None).await?;
    let (now, author) = (tx.now(), tx.actor().name.clone());
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO segments (name, description, project, constraints, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            &draft.name,
            draft.description.clone(),
            draft.project.clone(),
            serde_json::to_string(&draft.constraints)?,
            &author,
            now
        ))
        .await?;
    constraints::index_segment(tx, id, &draft.constraints, group.as_ref().map(|it| it.field.as_str()))
        .await?;
    if group.is_some() {
        audience::tie(tx, id, group.as_ref()).await?;
    }
    let segment = Segment {
        id,
        name: draft.name,
        description: draft.description,
        project: draft.project,
        constraints: Json(draft.constraints),
        group: group.map(Joined::from).unwrap_or_default(),
        created_by: author,
        created_at: now,
    };
    let event = Event::created(Fact::SegmentCreated, &segment);
    tx.record(event.within(segment.project.clone(), None).on_segment(segment.id));
    Ok(segment)
}

/// Replaces everything of a locked segment, and records it, unless nothing differs.
pub async fn update(tx: &mut Change, sight: &Sight, before: Segment, draft: Draft) -> Result<Segment> {
    if draft.name != before.name {
        ensure_free(tx, &draft.name, Some(before.id)).await?;
    }
    let known = before.group.get();
    let (draft, group) = check(tx, sight, draft, known.as_ref()).await?;
    if let Some(project) = draft.project.as_ref().filter(|project| before.project.as_ref() != Some(*project))
    {
        ensure_only_used_in(tx, before.id, project).await?;
    }
    let after = Segment {
        name: draft.name,
        description: draft.description,
        project: draft.project,
        constraints: Json(draft.constraints),
        group: group.clone().map(Joined::from).unwrap_or_default(),
        ..before.clone()
    };
    if after == before {
        return Ok(after);
    }
    tx.execute(sql!(
        "UPDATE segments SET name = $2, description = $3, project = $4, constraints = $5, version = version + 1
         WHERE id = $1",
        after.id,
        &after.name,
        after.description.clone(),
        after.project.clone(),
        serde_json::to_string(&after.constraints)?
    ))
    .await?;
    let field = group.as_ref().map(|it| it.field.as_str());
    constraints::index_segment(tx, after.id, &after.constraints.0, field).await?;
    if group != known {
        audience::tie(tx, after.id, group.as_ref()).await?;
    }
    let event = Event::updated(Fact::SegmentUpdated, &before, &after);
    tx.record(event.within(after.project.clone(), None).on_segment(after.id));
    Ok(after)
}

/// Deletes a locked segment that no flag uses. Strategies of archived flags lose it.
pub async fn delete(tx: &mut Change, segment: &Segment) -> Result<()> {
    if !constraints::usage::of_segment(tx, &Sight::ALL, segment.id).await?.is_empty() {
        return Err(Error::rejected(
            Kind::Conflict,
            "This segment is in use by existing flags. To delete it, first remove its usage from all flags.",
        ));
    }
    tx.execute(sql!("DELETE FROM feature_strategy_segments WHERE segment_id = $1", segment.id)).await?;
    tx.execute(sql!("DELETE FROM segments WHERE id = $1", segment.id)).await?;
    let event = Event::deleted(Fact::SegmentDeleted, segment);
    tx.record(event.within(segment.project.clone(), None).on_segment(segment.id));
    Ok(())
}

/// Refuses a name that no segment can have, or that another one has.
pub async fn ensure_free(tx: &mut Read, name: &str, own: Option<i64>) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid(vec!["\"name\" is not allowed to be empty.".to_owned()]));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(Error::invalid(vec![format!(
            "\"name\" length must be less than or equal to {LONGEST_NAME} characters long."
        )]));
    }
    let taken: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM segments WHERE name = $1 AND (CAST($2 AS BIGINT) IS NULL OR id <> $2)",
            name,
            own
        ))
        .await?;
    match taken {
        Some(_) => Err(Error::rejected(Kind::NameExists, "Segment name already exists")),
        None => Ok(()),
    }
}

/// Refuses to take a segment away from flags outside of the project.
async fn ensure_only_used_in(tx: &mut Read, id: i64, project: &str) -> Result<()> {
    let elsewhere: Option<(String,)> = tx
        .optional(sql!(
            "SELECT f.project FROM feature_strategy_segments u JOIN feature_strategies s ON s.id = u.strategy_id
             JOIN features f ON f.name = s.feature
             WHERE u.segment_id = $1 AND f.archived_at IS NULL AND f.project <> $2 LIMIT 1",
            id,
            project
        ))
        .await?;
    match elsewhere {
        Some(_) => Err(Error::invalid(vec![
            "Invalid project. Segment is being used by strategies in other projects.".to_owned(),
        ])),
        None => Ok(()),
    }
}

/// What a draft makes of a segment that had the group `before`.
async fn check(
    tx: &mut Read,
    sight: &Sight,
    draft: Draft,
    before: Option<&Audience>,
) -> Result<(Draft, Option<Audience>)> {
    if let Some(project) = &draft.project {
        sight.ensure_named(tx, project).await?;
    }
    if draft.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Error::invalid(vec![format!(
            "\"description\" length must be less than or equal to {LONGEST_DESCRIPTION} characters long."
        )]));
    }
    let constraints = constraints::check(tx, Owner::Segment, draft.constraints).await?;
    let group = match draft.group.clone().unwrap_or_else(|| before.map(Audience::tie)) {
        Some(tie) => Some(audience::check(tx, &tie, before).await?),
        None => None,
    };
    Ok((Draft { constraints, ..draft }, group))
}

/// The segments that take their people from a group, as far as they are seen.
pub async fn of_group(tx: &mut Read, sight: &Sight, group: i64) -> Result<Vec<Segment>> {
    tx.all(sql!(
        concat!(
            "SELECT ",
            columns!(),
            " FROM segments g",
            audience!(join),
            "LEFT JOIN projects own ON own.id = g.project
             WHERE tied.group_id = $1 AND (g.project IS NULL OR ",
            visible!("own", "$2"),
            ") ORDER BY g.name"
        ),
        group,
        sight.param()?
    ))
    .await
}
