//! The order of a list, and places in it.
//!
//! Pages that are known by a mark are found by comparing with it: however deep in the list they lie, nothing in front of
//! them is read, and nothing is left out or comes twice because others came or went.

use burgee_scim::AttrRef;
use serde::{Deserialize, Serialize};

use super::{Column, Query, Sort, Start, column};
use crate::db::{Read, Sql};
use crate::error::Result;
use crate::provisioning::Noun;

/// A place in a list, next to a resource that was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The key of the resource.
    pub key: i64,
    /// What it was sorted by; `None` in order of creation.
    pub sorted: Option<Key>,
}

/// What a resource is sorted by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Key {
    /// Folded, unless case matters; `None` where the attribute is absent.
    Text(Option<String>),
    /// Milliseconds.
    Time(i64),
    /// Whether.
    Bool(bool),
}

/// False for attributes that are the same in all resources: there is nothing to sort by.
fn differs(noun: Noun, attr: &AttrRef) -> bool {
    match column(noun, &attr.key()) {
        Some(Column::Constant(_)) => false,
        Some(_) => true,
        None => noun == Noun::User,
    }
}

fn sort(noun: Noun, query: &Query) -> Option<&Sort> {
    query.sort.as_ref().filter(|sort| differs(noun, &sort.attr))
}

/// True if a resource may be without the attribute.
fn is_optional(noun: Noun, attr: &AttrRef) -> bool {
    matches!(column(noun, &attr.key()), None | Some(Column::Optional(_)))
}

/// False for a mark that no search in this order can have made.
pub(super) fn fits(noun: Noun, query: &Query) -> bool {
    let (Start::After(mark) | Start::Before(mark)) = &query.start else { return true };
    match (sort(noun, query), &mark.sorted) {
        (None, None) => true,
        (Some(sort), Some(sorted)) => match (column(noun, &sort.attr.key()), sorted) {
            (Some(Column::Time(_)), Key::Time(_)) | (Some(Column::Bool(_)), Key::Bool(_)) => true,
            (Some(Column::Time(_) | Column::Bool(_)), _) => false,
            (_, Key::Text(text)) => text.is_some() || is_optional(noun, &sort.attr),
            _ => false,
        },
        _ => false,
    }
}

/// Orders what is selected. Whoever has no value comes last, or first in descending order; equals come in order of
/// creation. What lies before a mark is read from there backwards.
pub(super) fn by(sql: &mut Sql, noun: Noun, query: &Query) {
    let back = matches!(query.start, Start::Before(_));
    sql.push(" ORDER BY ");
    if let Some(sort) = sort(noun, query) {
        let down = sort.descending != back;
        if is_optional(noun, &sort.attr) {
            key(sql, noun, &sort.attr);
            sql.push(if down { " IS NULL DESC, " } else { " IS NULL, " });
        }
        key(sql, noun, &sort.attr);
        sql.push(if down { " DESC, " } else { ", " });
    }
    sql.push(if back { "r.id DESC" } else { "r.id" });
}

/// Leaves out what does not come after the mark, or before it.
pub(super) fn beyond(sql: &mut Sql, noun: Noun, query: &Query) {
    let (mark, back) = match &query.start {
        Start::Skip(_) | Start::First => return,
        Start::After(mark) => (mark, false),
        Start::Before(mark) => (mark, true),
    };
    let id = if back { "r.id < " } else { "r.id > " };
    let (Some(sort), Some(sorted)) = (sort(noun, query), &mark.sorted) else {
        sql.push(" AND ").push(id).bind(mark.key);
        return;
    };
    let down = sort.descending != back;
    let absent = |sql: &mut Sql, word: &'static str| {
        key(sql, noun, &sort.attr);
        sql.push(word);
    };
    sql.push(" AND (");
    if *sorted == Key::Text(None) {
        absent(sql, " IS NULL AND ");
        sql.push(id).bind(mark.key);
        if down {
            sql.push(" OR ");
            absent(sql, " IS NOT NULL");
        }
    } else {
        // The first condition alone begins the search in an index.
        key(sql, noun, &sort.attr);
        sql.push(if down { " <= " } else { " >= " });
        bind(sql, sorted);
        sql.push(" AND (");
        key(sql, noun, &sort.attr);
        sql.push(if down { " < " } else { " > " });
        bind(sql, sorted);
        sql.push(" OR ").push(id).bind(mark.key).push(")");
        if !down && is_optional(noun, &sort.attr) {
            sql.push(" OR ");
            absent(sql, " IS NULL");
        }
    }
    sql.push(")");
}

fn bind(sql: &mut Sql, sorted: &Key) {
    match sorted {
        Key::Text(text) => sql.bind(text.clone()),
        Key::Time(ms) => sql.bind(*ms),
        Key::Bool(value) => sql.bind(*value),
    };
}

/// The mark at a resource that was found.
pub(super) async fn mark(tx: &mut Read, noun: Noun, query: &Query, id: i64) -> Result<Mark> {
    let Some(sort) = sort(noun, query) else { return Ok(Mark { key: id, sorted: None }) };
    let mut select = Sql::build("SELECT ");
    key(&mut select, noun, &sort.attr);
    select.push(match noun {
        Noun::User => " FROM scim_users r WHERE r.id = ",
        Noun::Group => " FROM scim_groups r WHERE r.id = ",
    });
    select.bind(id);
    let sorted = match column(noun, &sort.attr.key()) {
        Some(Column::Time(_)) => Key::Time(tx.one::<(i64,)>(select).await?.0),
        Some(Column::Bool(_)) => Key::Bool(tx.one::<(bool,)>(select).await?.0),
        _ => Key::Text(tx.one::<(Option<String>,)>(select).await?.0),
    };
    Ok(Mark { key: id, sorted: Some(sorted) })
}

/// The text or number to sort by; NULL where the attribute is absent.
fn key(sql: &mut Sql, noun: Noun, attr: &AttrRef) {
    let name = attr.key();
    match column(noun, &name) {
        Some(Column::Text(name) | Column::Optional(name) | Column::Time(name) | Column::Bool(name)) => {
            sql.push(name);
        }
        Some(Column::Constant(_)) | None => {
            sql.push("(SELECT COALESCE(s.whole, s.value) FROM scim_leaves s WHERE s.owner = r.id AND s.attribute = ").bind(name);
            sql.push(" ORDER BY s.is_primary DESC, s.ordinal LIMIT 1)");
        }
    }
}
