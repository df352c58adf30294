//! Roles that identity providers give: by what they send with people, and by rules about their groups.

use std::collections::BTreeSet;

use burgee::provisioning::connection::{Provider, Setup, Strictness};
use serde_json::{Value, json};

use super::connections::{configure, connect};
use crate::scim_rules::world::{administers, id_of, refs};
use crate::support::TestServer;
use crate::support::client::{Answer, Client};
use crate::support::flags;
use crate::support::server::PASSWORD;

const ROLES: &str = "/api/admin/provisioning/connections/1/roles";

/// Changes what a connection says about roles.
async fn say(server: &TestServer, connection: i64, change: Value) -> Answer {
    server.admin().put(&ROLES.replace("/1/", &format!("/{connection}/")), change).await
}

/// What a change would do: what each person gains and loses, by name.
async fn preview(server: &TestServer, change: Value) -> Value {
    server.admin().post(&format!("{ROLES}/preview"), change).await.expect(200).json()
}

/// What somebody has, and from where: `Editor by hand`, `Owner in shop by rule`.
async fn ways(server: &TestServer, id: i64) -> BTreeSet<String> {
    let path = format!("/api/admin/user-admin/{id}/access");
    let found = server.admin().get(&path).await.expect(200).json();
    let way = |way: &Value| {
        let role = way["role"]["name"].as_str().unwrap();
        let place =
            way["role"]["project"].as_str().map(|project| format!(" in {project}")).unwrap_or_default();
        format!("{role}{place} by {}", way["source"]["kind"].as_str().unwrap())
    };
    found["ways"].as_array().unwrap().iter().map(way).collect()
}

fn set<const N: usize>(words: [&str; N]) -> BTreeSet<String> {
    words.map(str::to_owned).into()
}

/// A rule about a group by name that gives a root role.
fn gives(group: &str, role: i64) -> Value {
    json!({ "displayName": group, "rootRole": role })
}

/// What the last call was told to mean.
async fn meaning(server: &TestServer) -> String {
    server.app.journal.write(&server.app.db, &server.app.journal_rules()).await.unwrap();
    let found = server.admin().get("/api/admin/provisioning/calls?limit=1").await.expect(200).json();
    found["calls"][0]["meaning"].as_str().unwrap().to_owned()
}

/// Makes a person; their number here, and the address of their resource.
async fn push(server: &TestServer, idp: &Client, body: Value) -> (i64, String) {
    let made = idp.post("/scim/Users", body.clone()).await.expect(201).json();
    (server.number(body["userName"].as_str().unwrap()).await, format!("/scim/Users/{}", id_of(&made)))
}

both! {
    async fn attributes_of_a_user_give_roles(server) {
        flags::project(&server, "shop", "private").await;
        let idp = server.scim();
        let before = json!({ "userName": "before", "roles": [{ "value": "Editor" }, { "value": "Wizard" }] });
        let (early, _) = push(&server, &idp, before).await;
        assert_eq!(ways(&server, early).await, set(["Viewer by newcomer"]), "nothing counts before somebody says so");
        say(&server, 1, json!({ "heedsRoles": true })).await.expect(200);
        assert_eq!(ways(&server, early).await, set(["Editor by attribute"]), "what was sent before counts, too");

        let shapes = [
            json!({ "roles": ["editor"] }),
            json!({ "roles": [{ "value": "2", "display": "Editor", "type": "root" }] }),
            json!({ "roles": [{ "value": "{\"id\":\"18d14569-c3bd-439b-9a66-3a2aee01d14f\",\"value\":\"Editor\",\"displayName\":\"Editors\"}", "primary": "True" }] }),
            json!({ "roles": "{\"id\":\"18d1\",\"value\":\"x\",\"displayName\":\"EDITOR\"}" }),
            json!({ "entitlements": [{ "value": "Editor" }] }),
            json!({ "roles": ["{\"value\":\"shop\\u0000:4\"}", "Editor"] }),
        ];
        for (n, mut body) in shapes.into_iter().enumerate() {
            body["userName"] = json!(format!("shape{n}"));
            let (id, _) = push(&server, &idp, body.clone()).await;
            assert_eq!(ways(&server, id).await, set(["Editor by attribute"]), "{body}");
        }

        // Several are a union; each place by itself.
        let body = json!({
            "userName": "ann", "displayName": "Ann",
            "roles": [{ "value": "Editor" }, { "value": "Wizard" }, { "value": "Admin" }],
            "entitlements": [{ "value": "shop:4" }, { "value": "x", "display": "member IN Default" }, { "value": "Reader in nowhere" }],
        });
        let (ann, path) = push(&server, &idp, body).await;
        let all = set(["Editor by attribute", "Owner in shop by attribute", "Member in default by attribute"]);
        assert_eq!(ways(&server, ann).await, all);
        let told = meaning(&server).await;
        assert_eq!(told, "Created “Ann”; gave “Ann” Editor, Member in default, Owner in shop; left out a role “Wizard”: there is none of this name here; left out a role “Admin”: this connection may not make admins; left out an entitlement “Reader in nowhere”: there is none of this name here");
        let shown = server.admin().get(&format!("/api/admin/user-admin/{ann}/permissions?project=shop")).await.expect(200).json();
        assert_eq!(shown["projectRoles"].as_array().unwrap().len(), 1);
        let has = shown["overview"]["project"].as_array().unwrap().iter().find(|it| it["name"] == "CREATE_FEATURE").unwrap();
        assert_eq!(has["hasPermission"], true);

        // A project by a name that is not plain ASCII, and by one that two projects have.
        for (id, name) in [("cafe", "Café Noir"), ("a", "Twin"), ("b", "TWIN")] {
            flags::project(&server, id, "open").await;
            server.rows(&format!("UPDATE projects SET name = '{name}' WHERE id = '{id}'")).await;
        }
        let body = json!({ "userName": "zoe", "entitlements": ["owner in CAFÉ NOIR", "Owner in twin", "Member in b"] });
        let (zoe, _) = push(&server, &idp, body).await;
        assert_eq!(ways(&server, zoe).await, set(["Viewer by newcomer", "Owner in cafe by attribute", "Member in b by attribute"]));

        // Entra's PATCHes: one role by path, several with JSON inside, and replaced.
        let patch = |operation: Value| server.patch(&path, json!([operation]));
        patch(json!({ "op": "remove", "path": "entitlements" })).await.expect(200);
        patch(json!({ "op": "remove", "path": "roles" })).await.done();
        assert_eq!(ways(&server, ann).await, set(["Viewer by newcomer"]));
        patch(json!({ "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Editor" })).await.expect(200);
        assert_eq!(ways(&server, ann).await, set(["Editor by attribute"]));
        patch(json!({ "op": "Add", "path": "roles", "value": [{ "value": "{\"id\":\"1\",\"value\":\"Owner in shop\",\"displayName\":\"O\"}" }] })).await.expect(200);
        assert_eq!(ways(&server, ann).await, set(["Editor by attribute", "Owner in shop by attribute"]));
        let (given, taken) = (server.events("scim-roles-given").await, server.events("scim-roles-taken").await);
        assert_eq!(given[0]["data"]["roles"], json!([{ "id": 4, "name": "Owner", "project": "shop" }]));
        assert_eq!((given[0]["data"]["id"].as_i64(), taken[0]["preData"]["id"].as_i64()), (Some(ann), Some(ann)));

        // What became known later counts with the next call, even if it says nothing new.
        let wizard = json!({ "name": "Wizard", "description": "", "type": "root-custom", "permissions": [{ "name": "CREATE_SEGMENT" }] });
        let wizard = server.admin().post("/api/admin/roles", wizard).await.expect(200).json()["roles"]["id"].as_i64();
        let (late, path) = push(&server, &idp, json!({ "userName": "late", "roles": [{ "value": "Warlock" }] })).await;
        assert_eq!(ways(&server, late).await, set(["Viewer by newcomer"]));
        let name = json!({ "name": "Warlock", "description": "", "permissions": [{ "name": "CREATE_SEGMENT" }] });
        server.admin().put(&format!("/api/admin/roles/{}", wizard.unwrap()), name).await.done();
        idp.put(&path, json!({ "userName": "late", "roles": [{ "value": "Warlock" }] })).await.expect(200);
        assert_eq!(ways(&server, late).await, set(["Warlock by attribute"]));
        server.admin().delete(&format!("/api/admin/roles/{}", wizard.unwrap())).await.expect(400);

        // Strict: what is not known is refused by name, and nothing of the call remains.
        let strict = Setup { mode: Strictness::Strict, ..Setup::named("Strict", "strict", Provider::Generic) };
        let (it, strict) = connect(&server, &strict).await;
        let odd = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "odd", "roles": [{ "value": "Sorcerer" }] });
        say(&server, it.id, json!({ "heedsRoles": true })).await.expect(200);
        let refused = strict.post("/scim/Users", odd).await.expect(400).json();
        assert_eq!(refused["scimType"], "invalidValue");
        assert!(refused["detail"].as_str().unwrap().contains("Sorcerer"), "{refused}");
        assert_eq!(strict.get("/scim/Users").await.expect(200).json()["totalResults"], 0);

        // Off again: what was by hand, or by default, is what counts.
        say(&server, 1, json!({ "heedsRoles": false })).await.expect(200);
        assert_eq!(ways(&server, ann).await, set(["Viewer by newcomer"]));
    }

    async fn rules_hold_for_whoever_is_in_the_group(server) {
        flags::project(&server, "shop", "open").await;
        let idp = server.scim();
        let pilots = json!({ "displayName": "PILOTS", "rootRole": 2, "projectRoles": [{ "project": "shop", "role": 4 }] });
        let crew = json!({ "externalId": "ext-7", "projectRoles": [{ "project": "default", "role": 5 }] });
        let shown = say(&server, 1, json!({ "rules": [pilots, crew] })).await.expect(200).json();
        let rules = shown["rules"].as_array().unwrap();
        assert!(rules.len() == 2 && rules.iter().all(|rule| rule["groupId"].is_null()), "rules come before groups: {shown}");

        let (ann, ann_path) = push(&server, &idp, json!({ "userName": "ann" })).await;
        let (ben, ben_path) = push(&server, &idp, json!({ "userName": "ben" })).await;
        let scim = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let group = server.push_group("Pilots", &[&scim(&ann_path)]).await;
        let pilot = set(["Editor by rule", "Owner in shop by rule"]);
        assert_eq!(ways(&server, ann).await, pilot);
        assert_eq!(ways(&server, ben).await, set(["Viewer by newcomer"]));
        assert_eq!(meaning(&server).await, "Created “Pilots”; added 1 member to “Pilots”; gave 1 person Editor, Owner in shop");

        // A group inside it, and a group by its external id.
        let body = json!({ "displayName": "Crew", "externalId": "ext-7", "members": refs(&[&scim(&ben_path)]) });
        let inner = id_of(&idp.post("/scim/Groups", body).await.expect(201).json());
        assert_eq!(ways(&server, ben).await, set(["Viewer by newcomer", "Member in default by rule"]));
        let (outer, inner) = (format!("/scim/Groups/{group}"), format!("/scim/Groups/{inner}"));
        let nest = |op: &str| json!([{ "op": op, "path": "members", "value": refs(&[&scim(&inner)]) }]);
        server.patch(&outer, nest("add")).await.done();
        assert_eq!(ways(&server, ben).await, set(["Editor by rule", "Owner in shop by rule", "Member in default by rule"]));
        server.patch(&outer, nest("remove")).await.done();
        assert_eq!(ways(&server, ben).await, set(["Viewer by newcomer", "Member in default by rule"]));

        // A rename follows the name, and not the external id.
        let rename = |name: &str| json!([{ "op": "replace", "value": { "displayName": name } }]);
        server.patch(&outer, rename("Navigators")).await.done();
        server.patch(&inner, rename("Staff")).await.done();
        assert_eq!(ways(&server, ann).await, set(["Viewer by newcomer"]));
        assert_eq!(ways(&server, ben).await, set(["Viewer by newcomer", "Member in default by rule"]));
        assert_eq!(server.events("scim-roles-taken").await[0]["preData"]["id"], ann);
        server.patch(&outer, rename("pilots")).await.done();
        assert_eq!(ways(&server, ann).await, pilot);

        // What was given by hand is kept apart: to the group, and to the person.
        let number = server.group_number("pilots").await;
        server.admin().put(&format!("/api/admin/groups/{number}"), json!({ "name": "pilots", "rootRole": 3 })).await.expect(200);
        server.admin().post("/api/admin/projects/shop/access", json!({ "roles": [4], "users": [ann], "groups": [] })).await.done();
        let beside = set(["Editor by rule", "Owner in shop by rule", "Owner in shop by hand", "Viewer by hand"]);
        assert_eq!(ways(&server, ann).await, beside);

        // Who leaves loses what the rule gave; so does everybody when the group goes.
        server.patch(&outer, json!([{ "op": "remove", "path": "members" }])).await.done();
        assert_eq!(ways(&server, ann).await, set(["Viewer by newcomer", "Owner in shop by hand"]));
        idp.delete(&inner).await.expect(204);
        assert_eq!(ways(&server, ben).await, set(["Viewer by newcomer"]));

        // Every change of a rule is recorded by itself.
        say(&server, 1, json!({ "rules": [gives("Pilots", 3)] })).await.expect(200);
        assert_eq!(server.events("scim-role-rule-created").await.len(), 2);
        assert_eq!(server.events("scim-role-rule-updated").await[0]["preData"]["displayName"], "PILOTS");
        assert_eq!(server.events("scim-role-rule-deleted").await[0]["preData"]["externalId"], "ext-7");
        assert_eq!(server.events("scim-connection-updated").await.len(), 0);
    }

    async fn one_says_more_than_the_other(server) {
        let (named, custom) = ("Curator", json!({ "name": "Curator", "description": "", "type": "root-custom", "permissions": [{ "name": "CREATE_SEGMENT" }] }));
        let curator = server.admin().post("/api/admin/roles", custom).await.expect(200).json()["roles"]["id"].as_i64().unwrap();
        say(&server, 1, json!({ "heedsRoles": true, "usualRole": 3 })).await.expect(200);
        let words: [&[&str]; 3] = [&[], &["Editor"], &["Viewer", named]];
        let mut people = Vec::new();
        let mut members = Vec::new();
        for (n, said) in words.iter().enumerate() {
            for by_hand in [None, Some("Editor"), Some("Viewer")] {
                let name = format!("p{n}{}", by_hand.unwrap_or("none"));
                let roles: Vec<_> = said.iter().map(|role| json!({ "value": role })).collect();
                let (id, path) = push(&server, &server.scim(), json!({ "userName": name, "roles": roles })).await;
                if let Some(role) = by_hand {
                    server.admin().put(&format!("/api/admin/user-admin/{id}"), json!({ "rootRole": role })).await.expect(200);
                }
                members.push(path.rsplit('/').next().unwrap().to_owned());
                people.push((id, said.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>(), by_hand));
            }
        }
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        server.push_group("G", &members).await;
        let roots = async |id: i64| -> BTreeSet<String> {
            ways(&server, id).await.iter().map(|way| way.split(" by ").next().unwrap().to_owned()).collect()
        };
        let mut before = Vec::new();
        for (id, ..) in &people {
            before.push(roots(*id).await);
        }
        for (rule, ruled) in [(None, None), (Some(3), Some("Viewer")), (Some(curator), Some(named))] {
            for policy in ["local", "idp", "max"] {
                let rules: Vec<Value> = rule.into_iter().map(|role| gives("g", role)).collect();
                let change = json!({ "rootConflict": policy, "rules": rules });
                let effect = preview(&server, change.clone()).await;
                say(&server, 1, change).await.expect(200);
                let (mut gaining, mut losing) = (0, 0);
                for ((id, said, by_hand), was) in people.iter().zip(&mut before) {
                    let what = format!("{policy}: {ruled:?} {said:?} {by_hand:?}");
                    // The rules, as the documentation has them.
                    let spoken = if said.is_empty() { ruled.into_iter().map(str::to_owned).collect() } else { said.clone() };
                    let hand: BTreeSet<String> = by_hand.iter().map(|role| (*role).to_owned()).collect();
                    let expected = match (by_hand, policy) {
                        (None, _) if spoken.is_empty() => set(["Viewer"]),
                        (None, _) => spoken,
                        (Some(_), "idp") if !spoken.is_empty() => spoken,
                        (Some(_), "max") => hand.union(&spoken).cloned().collect(),
                        _ => hand,
                    };
                    assert_eq!(roots(*id).await, expected, "{what}");
                    // The preview said so.
                    let told = effect["people"].as_array().unwrap().iter().find(|it| it["id"] == *id);
                    let names = |side: &str| -> BTreeSet<String> {
                        let list = told.and_then(|it| it[side].as_array()).into_iter().flatten();
                        list.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
                    };
                    assert_eq!(names("gains"), expected.difference(was).cloned().collect(), "{what}");
                    assert_eq!(names("loses"), was.difference(&expected).cloned().collect(), "{what}");
                    gaining += usize::from(!names("gains").is_empty());
                    losing += usize::from(!names("loses").is_empty());
                    *was = expected;
                }
                assert_eq!((&effect["gaining"], &effect["losing"]), (&json!(gaining), &json!(losing)));
            }
        }
        assert_eq!(server.admin().get(ROLES).await.expect(200).json()["rules"][0]["members"], 9);
    }

    async fn no_rule_and_no_attribute_takes_the_last_admin(server) {
        let admin = server.sign_in("admin", PASSWORD).await;
        let idp = server.scim();
        // Admin is given to nobody unless somebody allows it, and never to all newcomers.
        let refused = say(&server, 1, json!({ "rules": [gives("Admins", 1)] })).await.expect(400).text;
        assert!(refused.contains("may not make admins"), "{refused}");
        say(&server, 1, json!({ "givesAdmin": true, "usualRole": 1 })).await.expect(400);
        let all = json!({ "givesAdmin": true, "heedsRoles": true, "rootConflict": "idp", "rules": [gives("Admins", 1), gives("Lookers", 3)] });
        say(&server, 1, all.clone()).await.expect(200);
        let taken = json!({ "givesAdmin": false });
        assert!(say(&server, 1, taken).await.expect(400).text.contains("may not make admins"), "a rule still gives it");

        // The identity provider takes the account over and calls it something less.
        let (one, path) = push(&server, &idp, json!({ "userName": "admin", "roles": [{ "value": "Viewer" }] })).await;
        assert!(administers(&admin).await);
        let kept = server.events("admin-retention-enforced").await;
        assert_eq!((kept.len(), kept[0]["data"]["user"]["id"].as_i64()), (1, Some(one)));
        idp.put(&path, json!({ "userName": "admin" })).await.expect(200);

        // Another one is an admin by a rule alone, and gets in. Whoever has a password stays whatever becomes of them.
        let (eve, eve_path) = push(&server, &idp, json!({ "userName": "eve" })).await;
        let scim = eve_path.rsplit('/').next().unwrap().to_owned();
        let group = server.push_group("Admins", &[&scim]).await;
        assert_eq!(ways(&server, eve).await, set(["Admin by rule"]));
        let count = server.admin().get("/api/admin/user-admin/admin-count").await.expect(200).json();
        assert_eq!((&count["password"], &count["noPassword"]), (&json!(1), &json!(1)), "{count}");
        server.patch(&format!("/scim/Groups/{group}"), json!([{ "op": "remove", "path": "members" }])).await.done();
        assert_eq!(ways(&server, eve).await, set(["Viewer by newcomer"]));
        assert_eq!(server.events("admin-retention-enforced").await.len(), 1);

        // The only one who is left is an admin by a rule: it cannot be taken by the rule, the group or an attribute.
        server.patch(&format!("/scim/Groups/{group}"), json!([{ "op": "add", "path": "members", "value": refs(&[&scim]) }])).await.done();
        let set_password = json!({ "password": PASSWORD });
        server.admin().post(&format!("/api/admin/user-admin/{eve}/change-password"), set_password).await.expect(403);
        let mut tx = server.app.db.change(&burgee::access::Granted::<burgee::access::Administer>::system("test", burgee::access::Root), server.app.clock.now()).await.unwrap();
        let gone = burgee::people::user::Edit { active: Some(false), ..Default::default() };
        burgee::people::user::update(&mut tx, one, gone).await.unwrap();
        tx.execute(burgee::sql!("UPDATE users SET password_hash = 'x' WHERE id = $1", eve)).await.unwrap();
        tx.commit().await.unwrap();
        let effect = preview(&server, json!({ "rules": [gives("Lookers", 3)] })).await;
        assert_eq!(effect["losing"], 0, "the preview knows that one is kept: {effect}");
        say(&server, 1, json!({ "rules": [gives("Lookers", 3)] })).await.expect(200);
        assert_eq!(ways(&server, eve).await, set(["Admin by hand"]));
        server.push_group("Lookers", &[&scim]).await;
        assert_eq!(ways(&server, eve).await, set(["Admin by hand", "Viewer by rule"]), "kept, whatever else is said");
        idp.put(&eve_path, json!({ "userName": "eve", "roles": ["Viewer"], "active": true })).await.expect(200);
        assert_eq!(ways(&server, eve).await, set(["Admin by hand", "Viewer by attribute"]));
        assert_eq!(server.events("admin-retention-enforced").await.len(), 2);
    }

    async fn whoever_is_taken_over_keeps_administration_and_known_words(server) {
        let strict = Setup { mode: Strictness::Strict, ..Setup::named("Strict", "strict", Provider::Generic) };
        let (it, idp) = connect(&server, &strict).await;

        // The only admin is in a group that a rule is about, which makes them less with the moment they are taken over.
        let admin = server.sign_in("admin", PASSWORD).await;
        let number = server.number("admin").await;
        let staff = json!({ "name": "Staff", "users": [{ "user": { "id": number } }] });
        server.admin().post("/api/admin/groups", staff).await.expect(201);
        server.push_group("Staff", &[]).await;
        say(&server, 1, json!({ "rootConflict": "idp", "rules": [gives("Staff", 3)] })).await.expect(200);
        assert_eq!(ways(&server, number).await, set(["Admin by hand"]));
        server.push_user(json!({ "userName": "admin" })).await;
        assert!(administers(&admin).await);
        assert_eq!(ways(&server, number).await, set(["Admin by hand", "Viewer by rule"]));
        assert_eq!(server.events("admin-retention-enforced").await.len(), 1);
        assert_eq!(server.events("scim-roles-given").await[0]["data"]["id"].as_i64(), Some(number));

        // A strict connection refuses what is new and unknown, not what became unknown since.
        say(&server, it.id, json!({ "heedsRoles": true })).await.expect(200);
        let pilot = json!({ "name": "Pilot", "description": "", "type": "root-custom", "permissions": [{ "name": "CREATE_SEGMENT" }] });
        let pilot = server.admin().post("/api/admin/roles", pilot).await.expect(200).json()["roles"]["id"].as_i64().unwrap();
        let mut body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "pat", "active": true, "roles": [{ "value": "Pilot" }] });
        let (pat, path) = push(&server, &idp, body.clone()).await;
        let refused = server.admin().delete(&format!("/api/admin/roles/{pilot}")).await.expect(400).text;
        assert!(refused.contains("the connection Strict gives it"), "{refused}");
        let renamed = json!({ "name": "Navigator", "description": "", "permissions": [{ "name": "CREATE_SEGMENT" }] });
        server.admin().put(&format!("/api/admin/roles/{pilot}"), renamed).await.done();
        body["active"] = json!(false);
        idp.put(&path, body.clone()).await.expect(200);
        assert_eq!(ways(&server, pat).await, set(["Viewer by newcomer"]));
        body["roles"] = json!([{ "value": "Sorcerer" }]);
        idp.put(&path, body).await.expect(400);
    }

    async fn only_administrators_say_what_groups_give(server) {
        let (_, editor) = server.person("ed", "Editor").await;
        let change = json!({ "rules": [gives("G", 2)] });
        editor.put(ROLES, change.clone()).await.expect(403);
        editor.post(&format!("{ROLES}/preview"), change.clone()).await.expect(403);
        editor.get("/api/admin/user-admin/1/access").await.expect(403);
        for (rules, word) in [
            (json!([gives("", 2)]), "between 1 and 255"),
            (json!([gives("G", 2), gives("g", 3)]), "two rules"),
            (json!([gives("G", 4)]), "a role for projects"),
            (json!([gives("G", 99)]), "no role 99"),
            (json!([{ "displayName": "G" }]), "gives nothing"),
            (json!([{ "rootRole": 2 }]), "one group"),
            (json!([{ "displayName": "G", "projectRoles": [{ "project": "nowhere", "role": 4 }] }]), "no project"),
            (json!([{ "displayName": "G", "projectRoles": [{ "project": "default", "role": 2 }] }]), "a root role"),
        ] {
            let refused = say(&server, 1, json!({ "rules": rules })).await.expect(400).text;
            assert!(refused.contains(word), "{word}: {refused}");
        }
        // A decision by hand can be taken back, where an identity provider is there to decide.
        let (ann, path) = push(&server, &server.scim(), json!({ "userName": "ann" })).await;
        server.push_group("Deciders", &[path.rsplit('/').next().unwrap()]).await;
        say(&server, 1, json!({ "usualRole": 3, "rules": [gives("Deciders", 2)] })).await.expect(200);
        server.admin().put(&format!("/api/admin/user-admin/{ann}"), json!({ "rootRole": "Viewer" })).await.expect(200);
        assert_eq!(ways(&server, ann).await, set(["Viewer by hand"]), "by hand, though it is what newcomers have");
        let decision = format!("/api/admin/user-admin/{ann}/access/root-role");
        editor.delete(&decision).await.expect(403);
        for _ in 0..2 {
            server.admin().delete(&decision).await.expect(200);
        }
        assert_eq!(ways(&server, ann).await, set(["Editor by rule"]));
        server.admin().delete("/api/admin/user-admin/1/access/root-role").await.expect(409);

        // Two at once: the second has to look again.
        let version = server.admin().get(ROLES).await.expect(200).json()["version"].clone();
        say(&server, 1, json!({ "version": version, "rules": [gives("G", 2)] })).await.expect(200);
        say(&server, 1, json!({ "version": version, "rules": [] })).await.expect(409);
        assert_eq!(server.admin().get(ROLES).await.expect(200).json()["rules"].as_array().unwrap().len(), 1);
        server.admin().put("/api/admin/provisioning/connections/77/roles", json!({})).await.expect(404);
    }

    async fn rules_of_one_connection_give_nothing_to_people_of_another(server) {
        let (acme, idp) = connect(&server, &Setup::named("Acme", "acme", Provider::Entra)).await;
        let (ann, path) = push(&server, &idp, json!({ "userName": "ann@acme.test", "roles": ["Editor"] })).await;
        let members = refs(&[path.rsplit('/').next().unwrap()]);
        idp.post("/scim/Groups", json!({ "displayName": "Pilots", "externalId": "g-1", "members": members })).await.expect(201);
        let by_id = json!({ "externalId": "g-1", "rootRole": 2 });
        say(&server, 1, json!({ "heedsRoles": true, "rules": [gives("Pilots", 2), by_id] })).await.expect(200);
        assert_eq!(ways(&server, ann).await, set(["Viewer by newcomer"]));
        say(&server, acme.id, json!({ "rules": [gives("Pilots", 2)] })).await.expect(200);
        assert_eq!(ways(&server, ann).await, set(["Editor by rule"]));
        let seen = server.admin().get(&format!("/api/admin/user-admin/{ann}/access")).await.expect(200).json();
        assert_eq!(seen["ways"][0]["source"], json!({ "kind": "rule", "connection": { "id": acme.id, "name": "Acme" }, "rule": { "id": seen["ways"][0]["source"]["rule"]["id"], "name": "Pilots" } }));
        assert_eq!(seen["ways"][0]["groups"][0]["name"], "Pilots");
        // What it gave goes with it.
        configure(&server, acme.id, &Setup::named("Acme", "acme", Provider::Okta)).await;
        assert_eq!(ways(&server, ann).await, set(["Editor by rule"]), "other settings are other settings");
        server.admin().delete(&format!("/api/admin/provisioning/connections/{}?people=release", acme.id)).await.expect(200);
        assert_eq!(ways(&server, ann).await, set(["Viewer by hand"]));
    }
}
