use serde_json::{Value, json};

use super::super::deed::Subject;
use super::*;

const FINE: End<'static> = End { status: 200, detail: None, dry_run: false, mask: false };

fn deed(act: Act, noun: Noun, name: &str, events: Vec<Event>) -> Deed {
    let subject = Some(Subject { local_id: Some(7), name: name.to_owned() });
    Deed { subject, events, ..Deed::new(act, Some(noun)) }
}

fn ann(act: Act, events: Vec<Event>) -> Deed {
    deed(act, Noun::User, "Ann Example", events)
}

fn pilots(act: Act, events: Vec<Event>) -> Deed {
    deed(act, Noun::Group, "Pilots", events)
}

fn object(value: &Value) -> Option<Object> {
    value.as_object().cloned()
}

fn told(deed: Deed) -> String {
    tell(&[deed], &FINE)
}

#[test]
fn what_happens_to_people() {
    let user = |active: bool| json!({ "id": 7, "name": "Ann Example", "active": active });
    let created = |active| Event::created(Fact::UserCreated, &user(active));
    let updated = |before, after| Event::updated(Fact::UserUpdated, &user(before), &user(after));
    let bare = || Event::created(Fact::UserUpdated, &json!({ "id": 7, "scimId": "01J", "version": 2 }));
    let adopted = || Event::created(Fact::UserAdopted, &json!({ "id": 7 }));
    for (act, events, words) in [
        (Act::Create, vec![created(true)], "Created “Ann Example”"),
        (Act::Create, vec![created(false)], "Created “Ann Example”, without access"),
        (Act::Create, vec![adopted(), updated(true, true)], "Took over “Ann Example”, who was here already"),
        (
            Act::Create,
            vec![adopted(), updated(true, false)],
            "Took over “Ann Example”, who was here already; deactivated “Ann Example”: sessions and tokens ended",
        ),
        (Act::Patch, vec![updated(true, false)], "Deactivated “Ann Example”: sessions and tokens ended"),
        (Act::Patch, vec![updated(false, true)], "Reactivated “Ann Example”"),
        (Act::Replace, vec![bare()], "Changed “Ann Example”"),
        (Act::Patch, vec![], "Nothing to change about “Ann Example”"),
        (
            Act::Remove,
            vec![Event::deleted(Fact::UserDeleted, &user(true))],
            "Removed “Ann Example”: all access ended",
        ),
        (
            Act::Patch,
            vec![Event::created(
                Fact::AdminRetained,
                &json!({ "user": user(true), "attempted": "deactivate" }),
            )],
            "Kept “Ann Example” as the last admin",
        ),
        (Act::Read, vec![], "Read “Ann Example”"),
    ] {
        assert_eq!(told(ann(act, events)), words);
    }
}

#[test]
fn what_changed_is_named() {
    let event = || Event::created(Fact::UserUpdated, &json!({ "id": 7 }));
    let changed = |before: Value, after: Value| {
        told(Deed { before: object(&before), after: object(&after), ..ann(Act::Patch, vec![event()]) })
    };
    assert_eq!(
        changed(
            json!({ "title": "Pilot", "nickName": "A", "schemas": [1] }),
            json!({ "title": "Captain", "emails": [{ "value": "a@x.io" }], "nickName": "A" }),
        ),
        "Changed “Ann Example”: emails, title"
    );
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(
        changed(
            json!({ urn: { "department": "Sea", "a": 1 } }),
            json!({ urn: { "department": "Air", "a": 1 } })
        ),
        "Changed “Ann Example”: department"
    );
    assert_eq!(changed(json!({}), json!({ urn: { "a": 1 } })), "Changed “Ann Example”: an extension");
    assert_eq!(
        changed(json!({}), json!({ "a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1 })),
        "Changed “Ann Example”: a, b, c, d and 2 more"
    );
}

#[test]
fn what_happens_to_groups() {
    let group = |name: &str| json!({ "id": 7, "name": name });
    let moved = |ids: &[i64]| json!({ "groupId": 7, "groupName": "Pilots", "userIds": ids });
    let added = |ids: &[i64]| Event::created(Fact::GroupUserAdded, &moved(ids));
    for (act, events, words) in [
        (
            Act::Create,
            vec![Event::created(Fact::GroupCreated, &group("Pilots")), added(&[1, 2])],
            "Created “Pilots”; added 2 members to “Pilots”",
        ),
        (
            Act::Create,
            vec![Event::created(Fact::GroupAdopted, &group("Pilots"))],
            "Took over “Pilots”, which was here already",
        ),
        (Act::Patch, vec![added(&[1])], "Added 1 member to “Pilots”"),
        (
            Act::Replace,
            vec![added(&[1]), Event::deleted(Fact::GroupUserRemoved, &moved(&[2, 3]))],
            "Added 1 member to “Pilots”; removed 2 members from “Pilots”",
        ),
        (
            Act::Patch,
            vec![Event::updated(Fact::GroupUpdated, &group("Sailors"), &group("Pilots"))],
            "Renamed “Sailors” to “Pilots”",
        ),
        (
            Act::Patch,
            vec![Event::updated(Fact::GroupUpdated, &group("Pilots"), &group("Pilots"))],
            "Changed “Pilots”",
        ),
        (
            Act::Patch,
            vec![Event::created(
                Fact::GroupUpdated,
                &json!({ "id": 7, "name": "Pilots", "groupsChanged": 1 }),
            )],
            "Changed 1 group inside “Pilots”",
        ),
        (Act::Remove, vec![Event::deleted(Fact::GroupDeleted, &group("Pilots"))], "Removed “Pilots”"),
        (Act::Patch, vec![Event::bare(Fact::ScimGroupsDeleted)], "Provisioned groups deleted"),
        (Act::Patch, vec![], "Nothing to change about “Pilots”"),
    ] {
        assert_eq!(told(pilots(act, events)), words);
    }
    let stale = Deed { unknown: 2, ..pilots(Act::Patch, vec![added(&[1])]) };
    assert_eq!(told(stale), "Added 1 member to “Pilots”; left out 2 members unknown here");
}

#[test]
fn questions_and_what_was_found() {
    let look = |noun, filter: Option<&str>, found| {
        told(Deed::new(Act::Look { filter: filter.map(str::to_owned), found }, noun))
    };
    let filter = Some("userName eq \"ann\"");
    assert_eq!(look(Some(Noun::User), filter, Some(0)), "Looked for users with userName eq \"ann\": nobody");
    assert_eq!(look(Some(Noun::User), filter, Some(1)), "Looked for users with userName eq \"ann\": 1");
    assert_eq!(look(Some(Noun::Group), filter, Some(0)), "Looked for groups with userName eq \"ann\": none");
    assert_eq!(look(None, None, Some(12)), "Listed users and groups: 12");
    assert_eq!(look(Some(Noun::User), None, None), "Listed users");
    assert_eq!(told(Deed::new(Act::Discover, None)), "Asked what the service can do");
    assert_eq!(told(Deed::new(Act::Other, None)), "Asked which methods a path takes");
    let unchanged = End { status: 304, ..FINE };
    assert_eq!(tell(&[ann(Act::Read, vec![])], &unchanged), "Asked whether “Ann Example” has changed: no");
}

#[test]
fn refusals_and_failures() {
    let end = |status, detail| End { status, detail, ..FINE };
    let taken = Some("A user with this userName already exists.");
    let create = [Deed::new(Act::Create, Some(Noun::User))];
    assert_eq!(tell(&create, &end(409, taken)), "Refused: A user with this userName already exists.");
    assert_eq!(tell(&[], &end(401, Some("A token is needed."))), "Refused: A token is needed.");
    assert_eq!(tell(&[], &end(405, None)), "Refused: it is not offered");
    assert_eq!(tell(&create, &end(503, None)), "Failed: something went wrong on our side");
    assert_eq!(tell(&[], &end(500, Some("No."))), "Failed: No.");
    assert_eq!(tell(&[], &FINE), "Asked what the service can do");
    assert_eq!(tell(&[], &end(304, None)), "Asked whether something is new: it is not");
    for (noun, words) in [(Noun::User, "Asked for a user"), (Noun::Group, "Asked for a group")] {
        let read = [Deed::new(Act::Read, Some(noun))];
        assert_eq!(tell(&read, &end(404, taken)), format!("{words} that is not here"));
    }
}

#[test]
fn dry_runs_and_several_operations_at_once() {
    let event = || Event::created(Fact::UserCreated, &json!({ "active": true }));
    let create = || ann(Act::Create, vec![event()]);
    let dry = End { dry_run: true, ..FINE };
    assert_eq!(tell(&[create()], &dry), "Dry run, nothing was changed: created “Ann Example”");
    assert_eq!(tell(&[ann(Act::Read, vec![])], &dry), "Read “Ann Example”");
    let many: Vec<Deed> = (0..5).map(|_| create()).collect();
    assert_eq!(
        tell(&many, &FINE),
        "5 operations: created “Ann Example”; created “Ann Example”; created “Ann Example”; and 2 more"
    );
    assert_eq!(tell(&many[..2], &FINE), "2 operations: created “Ann Example”; created “Ann Example”");
}

#[test]
fn nobody_is_named_where_that_is_the_rule() {
    let mask = End { mask: true, ..FINE };
    let event = Event::created(Fact::UserCreated, &json!({ "active": true }));
    assert_eq!(tell(&[ann(Act::Create, vec![event])], &mask), "Created a user");
    let look = Act::Look { filter: Some("userName eq \"ann\"".to_owned()), found: Some(1) };
    assert_eq!(
        tell(&[Deed::new(look, Some(Noun::User))], &mask),
        "Looked for users with userName eq \"•••\": 1"
    );
    assert_eq!(tell(&[pilots(Act::Read, vec![])], &mask), "Read “Pilots”");
    let kept = Event::created(Fact::AdminRetained, &json!({ "user": { "name": "Ann" } }));
    assert_eq!(tell(&[ann(Act::Patch, vec![kept])], &mask), "Kept the last admin");
    let long = pilots(Act::Read, vec![]);
    let long = Deed { subject: Some(Subject { local_id: None, name: "x".repeat(1000) }), ..long };
    assert_eq!(told(long).chars().count(), LONGEST);
}
