//! Lists of constraints, as strategies and segments have them: what may be stored, and where a context field is used.
//!
//! Whoever stores a list calls [`check`] before and [`index_strategy`] or [`index_segment`] after; the rows of the
//! index go with the strategy or segment.

mod rules;
pub mod usage;

use std::collections::{BTreeSet, HashMap};

use burgee_eval::document::Constraint;

use crate::db::{Json, Read, Write};
use crate::error::{Error, Kind, Result};
use crate::sql;

/// How many constraints a strategy may have.
const MOST_IN_STRATEGY: usize = 30;
/// How many values a constraint of a strategy may have.
const MOST_VALUES: usize = 250;
/// How many values the constraints of a segment may have together.
const MOST_IN_SEGMENT: usize = 1000;

/// Whose constraints they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A strategy of a flag.
    Strategy,
    /// A segment.
    Segment,
}

/// Brings constraints to the form on which all SDKs agree. Refuses those that have none, values that the context
/// field does not allow, and more than the owner may have; names every constraint that is wrong.
pub async fn check(tx: &mut Read, owner: Owner, constraints: Vec<Constraint>) -> Result<Vec<Constraint>> {
    ensure_room(owner, &constraints)?;
    let legal = legal_values(tx, &constraints).await?;
    let (mut checked, mut broken) = (Vec::with_capacity(constraints.len()), Vec::new());
    for (index, constraint) in constraints.into_iter().enumerate() {
        match rules::check(&format!("constraints[{index}]."), constraint, &legal) {
            Ok(constraint) => checked.push(constraint),
            Err(rule) => broken.push(rule),
        }
    }
    if broken.is_empty() { Ok(checked) } else { Err(Error::invalid(broken)) }
}

/// Refuses a constraint that could not be stored.
pub async fn check_one(tx: &mut Read, constraint: Constraint) -> Result<()> {
    let legal = legal_values(tx, std::slice::from_ref(&constraint)).await?;
    rules::check("", constraint, &legal).map(drop).map_err(|rule| Error::invalid(vec![rule]))
}

/// Notes which context fields the constraints of a strategy name.
pub async fn index_strategy(tx: &mut Write, strategy: &str, constraints: &[Constraint]) -> Result<()> {
    let fields = serde_json::to_string(&fields(constraints))?;
    tx.execute(sql!(
        "DELETE FROM strategy_fields WHERE strategy_id = $1 AND field NOT IN ({list:$2})",
        strategy,
        &fields
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO strategy_fields (strategy_id, field)
         SELECT CAST($1 AS TEXT), item FROM ({list:$2}) AS named WHERE TRUE ON CONFLICT DO NOTHING",
        strategy,
        &fields
    ))
    .await
    .map(drop)
}

/// Notes which context fields the constraints of a segment name, and `taken`, with which its group is compared.
pub async fn index_segment(
    tx: &mut Write,
    segment: i64,
    constraints: &[Constraint],
    taken: Option<&str>,
) -> Result<()> {
    let mut fields = fields(constraints);
    fields.extend(taken);
    let fields = serde_json::to_string(&fields)?;
    tx.execute(sql!(
        "DELETE FROM segment_fields WHERE segment_id = $1 AND field NOT IN ({list:$2})",
        segment,
        &fields
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO segment_fields (segment_id, field)
         SELECT CAST($1 AS BIGINT), item FROM ({list:$2}) AS named WHERE TRUE ON CONFLICT DO NOTHING",
        segment,
        &fields
    ))
    .await
    .map(drop)
}

fn fields(constraints: &[Constraint]) -> BTreeSet<&str> {
    constraints.iter().map(|constraint| constraint.context_name.as_str()).collect()
}

fn ensure_room(owner: Owner, constraints: &[Constraint]) -> Result<()> {
    let limit = |what: &str, most: usize| Err(Error::limit(what, i64::try_from(most).unwrap_or(i64::MAX)));
    match owner {
        Owner::Strategy => {
            if constraints.len() > MOST_IN_STRATEGY {
                return limit("constraints", MOST_IN_STRATEGY);
            }
            match constraints.iter().find(|constraint| constraint.values.len() > MOST_VALUES) {
                Some(full) => {
                    limit(&format!("constraint values for {}", rules::shown(&full.context_name)), MOST_VALUES)
                }
                None => Ok(()),
            }
        }
        Owner::Segment => {
            let values: usize = constraints.iter().map(|constraint| constraint.values.len().max(1)).sum();
            if values > MOST_IN_SEGMENT {
                return Err(Error::rejected(
                    Kind::BadData,
                    format!("Segments may not have more than {MOST_IN_SEGMENT} values"),
                ));
            }
            Ok(())
        }
    }
}

/// The legal values of those context fields that have some, trimmed.
async fn legal_values(
    tx: &mut Read,
    constraints: &[Constraint],
) -> Result<HashMap<String, BTreeSet<String>>> {
    #[derive(serde::Deserialize)]
    struct Legal {
        value: String,
    }
    #[derive(sqlx::FromRow)]
    struct Row {
        name: String,
        #[sqlx(try_from = "String")]
        legal_values: Json<Vec<Legal>>,
    }
    if constraints.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT name, legal_values FROM context_fields
             WHERE legal_values <> '[]' AND name IN ({list:$1})",
            serde_json::to_string(&fields(constraints))?
        ))
        .await?;
    let trimmed = |legal: Legal| legal.value.trim().to_owned();
    Ok(rows
        .into_iter()
        .map(|row| (row.name, row.legal_values.0.into_iter().map(trimmed).collect()))
        .collect())
}
