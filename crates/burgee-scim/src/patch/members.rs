//! Group membership as set operations.

use std::collections::HashSet;

use serde_json::Value;

use super::{Operation, PatchOp};
use crate::schema::Kind;
use crate::value::{check_reference, check_text};
use crate::{Checked, Error, Op, Operand, Path};

/// A member of a group, as sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its id.
    pub value: String,
    /// `User` or `Group`, as sent.
    pub kind: Option<String>,
    /// Its name, as sent.
    pub display: Option<String>,
}

/// One change of a membership set.
#[derive(Clone, PartialEq, Debug)]
pub enum MemberChange {
    /// These are members now, if they were not.
    Add(Vec<Member>),
    /// These are not members any more, if they were. Never empty.
    Remove(Vec<String>),
    /// Members that pass a filter, other than one for ids, are not members any more.
    RemoveMatching(Checked),
    /// There are no members any more.
    RemoveAll,
    /// These and no others are members now.
    Replace(Vec<Member>),
}

impl Member {
    /// Reads the value of `members`, dropping repeated ids: a list of (or one) object with `value`, or id.
    pub fn list(value: Value) -> Result<Vec<Member>, Error> {
        let values = match value {
            Value::Array(values) => values,
            single => vec![single],
        };
        let mut seen = HashSet::new();
        let mut members = Vec::with_capacity(values.len());
        for value in values {
            let member = Member::one(value)?;
            if seen.insert(member.value.clone()) {
                members.push(member);
            }
        }
        Ok(members)
    }

    fn one(value: Value) -> Result<Member, Error> {
        let mut member = Member { value: String::new(), kind: None, display: None };
        match value {
            Value::String(id) => member.value = id,
            Value::Object(parts) => {
                for (name, value) in parts {
                    let Value::String(text) = value else { continue };
                    match name.to_ascii_lowercase().as_str() {
                        "value" => member.value = text,
                        "type" => member.kind = Some(text),
                        "display" => member.display = Some(text),
                        _ => {}
                    }
                }
            }
            _ => return Err(Error::invalid_value("a member must be an object")),
        }
        check_text(&member.value)?;
        check_reference(&member.value)?;
        if member.value.is_empty() {
            return Err(Error::invalid_value("a member has no value"));
        }
        Ok(member)
    }
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
            let members = Member::list(value)?;
            match op {
                PatchOp::Replace => Some(MemberChange::Replace(members)),
                _ if members.is_empty() => None,
                PatchOp::Add => Some(MemberChange::Add(members)),
                PatchOp::Remove => {
                    Some(MemberChange::Remove(members.into_iter().map(|member| member.value).collect()))
                }
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
