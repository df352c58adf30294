//! Group membership as set operations.

use std::collections::HashSet;

use serde_json::Value;

use super::{Operation, PatchOp};
use crate::schema::Kind;
use crate::value::{check_reference, check_text};
use crate::{Checked, Error, Op, Operand, Path};

/// One change of a membership set. Members are known by their ids; nothing else that is sent of them is ever used.
#[derive(Clone, PartialEq, Debug)]
pub enum MemberChange {
    /// These are members now, if they were not.
    Add(Vec<String>),
    /// These are not members any more, if they were. Never empty.
    Remove(Vec<String>),
    /// Members that pass a filter, other than one for ids, are not members any more.
    RemoveMatching(Checked),
    /// There are no members any more.
    RemoveAll,
    /// These and no others are members now.
    Replace(Vec<String>),
}

/// The ids in the value of `members`, each once: a list of (or one) object with `value`, or id.
pub(crate) fn list(value: Value) -> Result<Vec<String>, Error> {
    let values = match value {
        Value::Array(values) => values,
        single => vec![single],
    };
    let mut ids = Vec::with_capacity(values.len());
    for value in values {
        ids.push(id(value)?);
    }
    let mut seen = HashSet::with_capacity(ids.len());
    let first: Vec<bool> = ids.iter().map(|id| seen.insert(id.as_str())).collect();
    let mut first = first.into_iter();
    ids.retain(|_| first.next() == Some(true));
    Ok(ids)
}

/// Who is meant by one member.
pub(super) fn id(member: Value) -> Result<String, Error> {
    let id = match member {
        Value::String(id) => id,
        Value::Object(parts) => {
            let ids = parts.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("value"));
            let mut texts = ids.filter_map(|(_, value)| match value {
                Value::String(text) => Some(text),
                _ => None,
            });
            texts.next_back().unwrap_or_default()
        }
        _ => return Err(Error::invalid_value("a member must be an object")),
    };
    check_text(&id)?;
    check_reference(&id)?;
    if id.is_empty() {
        return Err(Error::invalid_value("a member has no value"));
    }
    Ok(id)
}

/// Splits the operations on `members` from the rest, keeping the order within both; they are independent of each
/// other, and so is every [`MemberChange`] of who the members are.
pub fn split_members(ops: Vec<Operation>) -> Result<(Vec<Operation>, Vec<MemberChange>), Error> {
    let mut rest = Vec::new();
    let mut changes = Vec::new();
    for operation in ops {
        let is_members = operation.path.attr().is_some_and(|attr| {
            !attr.schema.extension && attr.attribute.name == "members" && attr.attribute.kind == Kind::Complex
        });
        if is_members {
            changes.extend(change(operation)?);
        } else {
            rest.push(operation);
        }
    }
    Ok((rest, changes))
}

fn change(operation: Operation) -> Result<Option<MemberChange>, Error> {
    let Operation { op, path, value } = operation;
    Ok(match (op, path, value) {
        (PatchOp::Remove, Path::Element { filter, sub: None, .. }, _) => match ids(&filter) {
            Some(ids) => Some(MemberChange::Remove(ids)),
            None if filter == Checked::Const(false) => None,
            None => Some(MemberChange::RemoveMatching(filter)),
        },
        (PatchOp::Remove, Path::Attr(attr), None) if attr.sub.is_none() => Some(MemberChange::RemoveAll),
        (op, Path::Attr(attr), Some(value)) if attr.sub.is_none() => {
            let members = list(value)?;
            match op {
                PatchOp::Replace => Some(MemberChange::Replace(members)),
                _ if members.is_empty() => None,
                PatchOp::Add => Some(MemberChange::Add(members)),
                PatchOp::Remove => Some(MemberChange::Remove(members)),
            }
        }
        _ => return Err(Error::invalid_path("members are added and removed as a whole")),
    })
}

/// The ids that a filter asks for, if that is all it does.
fn ids(filter: &Checked) -> Option<Vec<String>> {
    match filter {
        Checked::Test(test) if test.op == Op::Eq && test.attr.leaf().name == "value" => match &test.operand {
            Operand::Text(id) => Some(vec![id.clone()]),
            _ => None,
        },
        Checked::Or(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(ids(part)?);
            }
            Some(all)
        }
        _ => None,
    }
}
