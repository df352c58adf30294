//! What a call meant, in words.

use std::collections::BTreeSet;

use burgee_scim::Object;
use serde_json::Value;

use super::deed::{Act, Deed};
use super::redact::literals;
use crate::events::{Event, Fact, Remark};
use crate::provisioning::Noun;

/// How many operations of one call are told one by one.
const MOST: usize = 3;
/// How many attributes are named.
const MOST_NAMES: usize = 4;
/// The longest text, in characters.
const LONGEST: usize = 400;

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End<'a> {
    /// The status of the answer.
    pub(super) status: u16,
    /// Why it was refused, or failed.
    pub(super) detail: Option<&'a str>,
    /// True if nothing was to be changed.
    pub(super) dry_run: bool,
    /// True if nobody's name may be told.
    pub(super) mask: bool,
}

/// One sentence about a call.
pub(super) fn tell(deeds: &[Deed], end: &End<'_>) -> String {
    let told = match deeds {
        [] => of_nothing(end),
        [deed] => of_one(deed, end),
        many => of_many(many, end),
    };
    let told = if end.dry_run && deeds.iter().any(Deed::changed) {
        format!("dry run, nothing was changed: {told}")
    } else {
        told
    };
    shortened(&capital(&told))
}

fn of_nothing(end: &End<'_>) -> String {
    match end.status {
        400.. => unsuccessful(end),
        304 => "asked whether something is new: it is not".to_owned(),
        _ => "asked what the service can do".to_owned(),
    }
}

fn unsuccessful(end: &End<'_>) -> String {
    match end.status {
        500.. => format!("failed: {}", why(end.detail, "something went wrong on our side", end)),
        _ => refused(end.detail, end),
    }
}

fn refused(detail: Option<&str>, end: &End<'_>) -> String {
    format!("refused: {}", why(detail, "it is not offered", end))
}

/// The reason as it was answered. It may quote what was sent.
fn why<'a>(detail: Option<&'a str>, usual: &'a str, end: &End<'_>) -> &'a str {
    match detail {
        Some(_) if end.mask => "the reason is masked",
        _ => detail.unwrap_or(usual),
    }
}

fn of_many(deeds: &[Deed], end: &End<'_>) -> String {
    let parts: Vec<String> = deeds.iter().take(MOST).map(|deed| of_one(deed, end)).collect();
    let more = deeds.len().saturating_sub(MOST);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{} operations: {}{more}", deeds.len(), parts.join("; "))
}

fn of_one(deed: &Deed, end: &End<'_>) -> String {
    if let Some(why) = &deed.refused
        && end.status < 400
    {
        return refused(Some(why), end);
    }
    match end.status {
        404 if deed.act == Act::Read => {
            format!("asked for {} that is not here", one(deed.noun))
        }
        400.. => unsuccessful(end),
        _ => of_success(deed, end),
    }
}

fn of_success(deed: &Deed, end: &End<'_>) -> String {
    let name = name(deed, end.mask);
    match &deed.act {
        Act::Look { filter, found } => looked(deed.noun, filter.as_deref(), *found, end.mask),
        Act::Read if end.status == 304 => format!("asked whether {name} has changed: no"),
        Act::Read => format!("read {name}"),
        Act::Discover => "asked what the service can do".to_owned(),
        Act::Token => "got an access token".to_owned(),
        Act::Other => "asked which methods a path takes".to_owned(),
        Act::Create | Act::Replace | Act::Patch | Act::Remove => {
            let mut clauses = Vec::new();
            for event in deed.events.iter().filter(|event| event.fact != Fact::ScimCallReplayed) {
                let clause = of_event(event, deed, &name, end.mask);
                if !clauses.contains(&clause) {
                    clauses.push(clause);
                }
            }
            // Who is taken over is changed, too; and whoever was deactivated is told once.
            if clauses.len() > 1 {
                let bare = format!("changed {name}");
                clauses.retain(|clause| *clause != bare);
            }
            if clauses.is_empty() {
                clauses.push(format!("nothing to change about {name}"));
            }
            if deed.unknown > 0 {
                clauses.push(format!(
                    "left out {} unknown here",
                    count(number(deed.unknown), "member", "members")
                ));
            }
            clauses.extend(deed.remarks.iter().take(MOST).map(|remark| left_out(remark, end.mask)));
            if deed.remarks.len() > MOST {
                clauses.push(format!("and left out {} more", deed.remarks.len() - MOST));
            }
            clauses.join("; ")
        }
    }
}

/// What was left out, and why. What somebody else named may be anything, and is masked with the rest.
fn left_out(remark: &Remark, mask: bool) -> String {
    let Remark { kind, named, why } = remark;
    if mask { format!("left out {kind}: {why}") } else { format!("left out {kind} {}: {why}", quoted(named)) }
}

/// The roles that an event is about, and how many people it is about, if it is not about one.
fn roles(state: Option<&Value>, name: &str) -> (String, String) {
    let list = state.and_then(|state| state["roles"].as_array()).into_iter().flatten();
    let words = list.map(|it| {
        let role = it["name"].as_str().unwrap_or_default();
        match it["project"].as_str() {
            Some(project) => format!("{role} in {project}"),
            None => role.to_owned(),
        }
    });
    let words: Vec<String> = words.collect();
    let more = words.len().saturating_sub(MOST);
    let mut told = words.into_iter().take(MOST).collect::<Vec<_>>().join(", ");
    if more > 0 {
        told = format!("{told} and {more} more");
    }
    let people = state.and_then(|state| state["people"].as_i64());
    (told, people.map_or_else(|| name.to_owned(), |people| count(people, "person", "people")))
}

fn looked(noun: Option<Noun>, filter: Option<&str>, found: Option<i64>, mask: bool) -> String {
    let (what, none) = match noun {
        Some(Noun::User) => ("users", "nobody"),
        Some(Noun::Group) => ("groups", "none"),
        None => ("users and groups", "none"),
    };
    let found = match found {
        None => String::new(),
        Some(0) => format!(": {none}"),
        Some(found) => format!(": {found}"),
    };
    match filter {
        Some(filter) if mask => format!("looked for {what} with {}{found}", literals(filter)),
        Some(filter) => format!("looked for {what} with {filter}{found}"),
        None => format!("listed {what}{found}"),
    }
}

fn of_event(event: &Event, deed: &Deed, name: &str, mask: bool) -> String {
    let (before, after) = (event.pre_data.as_ref(), event.data.as_ref());
    let active = |state: Option<&Value>| state.and_then(|state| state["active"].as_bool());
    match event.fact {
        Fact::UserCreated if active(after) == Some(false) => format!("created {name}, without access"),
        Fact::UserCreated | Fact::GroupCreated => format!("created {name}"),
        Fact::UserAdopted => format!("took over {name}, who was here already"),
        Fact::GroupAdopted => format!("took over {name}, which was here already"),
        Fact::UserUpdated => match (active(before), active(after)) {
            (Some(true), Some(false)) => format!("deactivated {name}: sessions and tokens ended"),
            (Some(false), Some(true)) => format!("reactivated {name}"),
            _ => format!("changed {name}{}", attributes(deed)),
        },
        Fact::UserDeleted => format!("removed {name}: all access ended"),
        Fact::GroupDeleted => format!("removed {name}"),
        Fact::AdminRetained => {
            let user = after.map(|state| &state["user"]);
            let who = ["name", "username", "email"]
                .into_iter()
                .find_map(|key| user?[key].as_str().filter(|text| !text.is_empty()));
            match who.filter(|_| !mask) {
                Some(who) => format!("kept {} as the last admin", quoted(who)),
                None => "kept the last admin".to_owned(),
            }
        }
        Fact::GroupUpdated => {
            let called =
                |state: Option<&Value>| state.and_then(|state| state["name"].as_str().map(str::to_owned));
            match (called(before), called(after)) {
                (Some(old), Some(new)) if old != new => {
                    format!("renamed {} to {}", quoted(&old), quoted(&new))
                }
                (None, Some(group)) if after.is_some_and(|state| state["groupsChanged"].is_i64()) => {
                    let groups = after.and_then(|state| state["groupsChanged"].as_i64()).unwrap_or_default();
                    format!("changed {} inside {}", count(groups, "group", "groups"), quoted(&group))
                }
                _ => format!("changed {name}{}", attributes(deed)),
            }
        }
        Fact::GroupUserAdded => format!("added {} to {}", members(after), group(after, name)),
        Fact::GroupUserRemoved => format!("removed {} from {}", members(before), group(before, name)),
        Fact::ScimChangeHeld => held(after, name),
        Fact::ScimHeldWithdrawn => format!("took back what was held of {name}"),
        Fact::ScimConnectionHeld => "so much at once is held from now on".to_owned(),
        Fact::ScimRolesGiven => {
            let (roles, people) = roles(after, whom(deed, name));
            format!("gave {people} {roles}")
        }
        Fact::ScimRolesTaken => {
            let (roles, people) = roles(before, whom(deed, name));
            format!("took {roles} from {people}")
        }
        other => other.label().to_lowercase(),
    }
}

/// What waits for an admin.
fn held(state: Option<&Value>, name: &str) -> String {
    match state.and_then(|state| state["kind"].as_str()) {
        Some("deactivate") => format!("held the deactivation of {name} for an admin"),
        Some("leave") => {
            format!("held the removal of {} from {} for an admin", members(state), group(state, name))
        }
        _ => format!("held the removal of {name} for an admin"),
    }
}

/// Whom an event about one person means: who is in a group is not named.
fn whom<'a>(deed: &Deed, name: &'a str) -> &'a str {
    if deed.noun == Some(Noun::Group) { "1 person" } else { name }
}

fn members(state: Option<&Value>) -> String {
    let users = state.and_then(|state| state["userIds"].as_array()).map_or(0, Vec::len);
    count(number(users), "member", "members")
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn group(state: Option<&Value>, name: &str) -> String {
    state.and_then(|state| state["groupName"].as_str()).map_or_else(|| name.to_owned(), quoted)
}

/// Whom it was about.
fn name(deed: &Deed, mask: bool) -> String {
    match &deed.subject {
        Some(subject) if deed.noun == Some(Noun::Group) => quoted(&subject.name),
        Some(subject) if !mask && !subject.name.is_empty() => quoted(&subject.name),
        _ => one(deed.noun).to_owned(),
    }
}

const fn one(noun: Option<Noun>) -> &'static str {
    match noun {
        Some(Noun::User) => "a user",
        Some(Noun::Group) => "a group",
        None => "something",
    }
}

/// The attributes that differ, by name.
fn attributes(deed: &Deed) -> String {
    let (Some(before), Some(after)) = (&deed.before, &deed.after) else { return String::new() };
    let names = differing(before, after);
    let more = names.len().saturating_sub(MOST_NAMES);
    let told: Vec<&str> =
        names.iter().take(MOST_NAMES).map(|name| name.rsplit(':').next().unwrap_or(name)).collect();
    match (told.is_empty(), more) {
        (true, _) => String::new(),
        (_, 0) => format!(": {}", told.join(", ")),
        _ => format!(": {} and {more} more", told.join(", ")),
    }
}

/// The attributes in which two documents differ: those of an extension by themselves.
fn differing(before: &Object, after: &Object) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for name in before.keys().chain(after.keys()) {
        match (before.get(name), after.get(name)) {
            (old, new) if old == new => {}
            (Some(Value::Object(old)), Some(Value::Object(new))) if name.contains(':') => {
                names.extend(differing(old, new));
            }
            _ if name.contains(':') => {
                names.insert("an extension".to_owned());
            }
            _ if name == "schemas" => {}
            _ => {
                names.insert(name.clone());
            }
        }
    }
    names
}

fn quoted(name: &str) -> String {
    format!("“{name}”")
}

fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests;
