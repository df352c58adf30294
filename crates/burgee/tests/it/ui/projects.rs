//! Projects, their settings, members and archive, and what the whole server has, through the pages.

use serde_json::{Value, json};

use super::{encoded, form, hidden, hidden_project, person};
use crate::support::TestServer;
use crate::support::server::PASSWORD;

async fn events(server: &TestServer, kind: &str) -> Value {
    server.admin().get(&format!("/api/admin/search/events?type=IS:{kind}")).await.expect(200).json()
}

async fn stored(server: &TestServer, path: &str) -> Value {
    server.admin().get(&format!("/api/admin{path}")).await.expect(200).json()
}

both! {
    async fn a_project_is_made_and_a_refusal_keeps_what_was_typed(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let typed = [("name", "Shop & more"), ("id", "no spaces"), ("description", "Sells"), ("mode", "protected"), ("environments", "production")];
        let page = form(&admin, "/new-project", &encoded(&typed)).await.expect(422).text;
        assert!(page.contains("id=\"id-problem\"") && page.contains("value=\"Shop &amp; more\""));
        assert!(page.contains("id=\"mode-protected\" name=\"mode\" value=\"protected\" checked"));
        assert!(!page.contains("value=\"development\" checked"));
        let typed: Vec<_> = typed.into_iter().filter(|(name, _)| *name != "id").collect();
        let answer = form(&admin, "/new-project", &encoded(&typed)).await.expect(303);
        assert_eq!(answer.header("location"), "/projects/shop-more");
        let overview = stored(&server, "/projects/shop-more/overview").await;
        assert_eq!((&overview["mode"], &overview["environments"].as_array().unwrap().len()), (&json!("protected"), &1));
        assert_eq!(events(&server, "project-created").await["events"][0]["createdBy"], "admin");
        let page = admin.get("/projects?q=shop").await.expect(200).text;
        assert!(page.contains("/projects/shop-more\"") && !page.contains("row-default"));
        form(&admin, "/projects/shop-more/favorite", "keep=true&back=/projects").await.expect(303);
        assert!(admin.get("/projects").await.expect(200).text.contains("aria-pressed=\"true\""));
        let viewer = person(&server, "vera", "Viewer").await;
        assert!(viewer.get("/projects").await.expect(200).text.contains("You need the permission “Create projects”"));
        form(&viewer, "/new-project", &encoded(&typed)).await.expect(403);
    }

    async fn settings_merge_and_never_overwrite_unseen(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let path = "/projects/default/settings";
        let page = admin.get(path).await.expect(200).text;
        assert!(page.contains("name=\"was_name\" value=\"Default\""));
        server.admin().put("/api/admin/projects/default", json!({ "name": "Default", "description": "theirs" })).await.expect(200);
        let mine = [
            ("was_name", "Default"), ("was_description", "Default project"), ("was_mode", "open"), ("was_default_stickiness", "default"), ("was_feature_limit", ""),
            ("name", "Mine"), ("description", "Default project"), ("mode", "open"), ("default_stickiness", "default"), ("feature_limit", "7"),
        ];
        form(&admin, path, &encoded(&mine)).await.expect(303);
        let overview = stored(&server, "/projects/default/overview").await;
        assert_eq!((&overview["name"], &overview["description"], &overview["featureLimit"]), (&json!("Mine"), &json!("theirs"), &json!(7)));
        // Whoever opened the form before and changes the same is asked.
        let page = form(&admin, path, &encoded(&mine.map(|(name, value)| (name, if value == "Mine" { "Other" } else { value })))).await.expect(409).text;
        assert!(page.contains("Somebody else made it “Mine”") && page.contains("value=\"Other\""));
        let page = form(&admin, &format!("{path}/naming"), &encoded(&[("pattern", "[a-z]+"), ("example", "A1")])).await.expect(422).text;
        assert!(page.contains("id=\"example-problem\"") && page.contains("value=\"[a-z]+\""));
        form(&admin, &format!("{path}/naming"), &encoded(&[("pattern", "[a-z]+"), ("example", "ab")])).await.expect(303);
        assert_eq!(stored(&server, "/projects/default/overview").await["featureNaming"]["pattern"], "[a-z]+");
        let viewer = person(&server, "vera", "Viewer").await;
        let page = viewer.get(path).await.expect(200).text;
        assert!(page.contains("<fieldset class=\"stack\" disabled>") && !page.contains("id=\"save\""));
        assert!(!page.contains("settings/change-requests"));
        form(&viewer, path, &encoded(&mine)).await.expect(403);
        viewer.get(&format!("{path}/change-requests")).await.expect(403);
    }

    async fn environments_of_a_project_come_and_go(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let path = "/projects/default/settings/environments";
        assert!(admin.get(&format!("{path}/development/remove")).await.expect(200).text.contains("do not come back"));
        form(&admin, &format!("{path}/development/remove"), "").await.expect(303);
        assert!(admin.get(path).await.expect(200).text.contains("A project needs at least one environment"));
        form(&admin, &format!("{path}/development/add"), "").await.expect(303);
        assert_eq!(events(&server, "project-environment-added").await["total"], 1);
        let strategy = format!("{path}/production/default-strategy");
        assert!(admin.get(&strategy).await.expect(200).text.contains("name=\"p.rollout\""));
        let sent = [("was", ""), ("p.rollout", "25"), ("p.stickiness", "userId"), ("act", "save")];
        form(&admin, &strategy, &encoded(&sent)).await.expect(303);
        let page = form(&admin, &strategy, &encoded(&sent)).await.expect(409).text;
        assert!(page.contains("Somebody changed this strategy"));
        assert!(admin.get(path).await.expect(200).text.contains("<strong>25 %</strong>"));
        let approvals = "/projects/default/settings/change-requests/production";
        form(&admin, approvals, "was_approvals=&approvals=2").await.expect(303);
        assert!(admin.get("/projects/default/settings/change-requests").await.expect(200).text.contains("Approval of 2 other people"));
        form(&admin, approvals, "was_approvals=&approvals=3").await.expect(409);
    }

    async fn a_project_ends_where_nothing_lives_in_it(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        server.admin().post("/api/admin/projects", json!({ "id": "p", "name": "P" })).await.expect(201);
        server.admin().post("/api/admin/projects/p/features", json!({ "name": "f" })).await.expect(201);
        assert!(admin.get("/projects/p/settings/end").await.expect(200).text.contains("1 flag is active in it"));
        form(&admin, "/projects/p/settings/archive", "").await.expect(403);
        server.admin().delete("/api/admin/projects/p/features/f").await.expect(202);
        form(&admin, "/projects/p/settings/archive", "").await.expect(303);
        assert!(admin.get("/archive").await.expect(200).text.contains("/projects/p/settings/end"));
        form(&admin, "/projects/p/settings/revive", "").await.expect(303);
        assert!(admin.get("/projects/p/settings/delete").await.expect(200).text.contains("1 archived flag"));
        form(&admin, "/projects/p/settings/delete", "").await.expect(303);
        admin.get("/projects/p").await.expect(404);
        assert_eq!(events(&server, "project-deleted").await["total"], 1);
    }

    async fn members_come_change_and_go(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let (id, _) = server.person("mia", "Viewer").await;
        let members = "/projects/default/members";
        let page = admin.get(&format!("{members}/add?q=mi")).await.expect(200).text;
        assert!(page.contains(&format!("who=user-{id}")));
        let page = form(&admin, &format!("{members}/add"), &format!("who=user-{id}")).await.expect(422).text;
        assert!(page.contains("Choose at least one role") && page.contains(&format!("name=\"who\" value=\"user-{id}\"")));
        form(&admin, &format!("{members}/add"), &format!("who=user-{id}&role=5")).await.expect(303);
        assert!(admin.get(members).await.expect(200).text.contains("mia"));
        let one = format!("{members}/user/{id}");
        assert!(admin.get(&one).await.expect(200).text.contains("id=\"role-5\" name=\"role\" value=\"5\" checked"));
        // What somebody else adds meanwhile stays.
        server.admin().put(&format!("/api/admin/projects/default/users/{id}/roles"), json!({ "roles": [4, 5] })).await.expect(200);
        form(&admin, &one, "was_role=5&role=6").await.expect(303);
        let roles = stored(&server, "/projects/default/access").await["users"][0]["roles"].clone();
        assert_eq!(roles, json!([4, 6]));
        form(&admin, &format!("{one}/remove"), "").await.expect(303);
        admin.get(&one).await.expect(404);
        assert_eq!(events(&server, "project-access-user-roles-deleted").await["total"], 1);
        let viewer = person(&server, "vera", "Viewer").await;
        assert!(!viewer.get("/projects/default").await.expect(200).text.contains(&format!("href=\"{members}\"")));
        viewer.get(members).await.expect(403);
        form(&viewer, &format!("{members}/add"), &format!("who=user-{id}&role=5")).await.expect(403);
    }

    async fn environments_of_the_server(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let page = form(&admin, "/new-environment", "name=production&kind=test").await.expect(422).text;
        assert!(page.contains("id=\"name-problem\"") && page.contains("value=\"test\""));
        form(&admin, "/new-environment", "name=qa&kind=test&approvals=&enabled=true").await.expect(303);
        form(&admin, "/environments/qa/move", "up=true").await.expect(303);
        let names: Vec<Value> = stored(&server, "/environments").await["environments"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
        assert_eq!(names[names.len() - 2], "qa");
        form(&admin, "/environments/qa/switch", "enabled=false").await.expect(303);
        let late = "was_kind=test&was_approvals=&was_enabled=true&kind=test&approvals=2&enabled=true";
        form(&admin, "/environments/qa", late).await.expect(303);
        let qa = stored(&server, "/environments/qa").await;
        assert_eq!((&qa["enabled"], &qa["requiredApprovals"]), (&json!(false), &json!(2)));
        form(&admin, "/environments/production/copy", "name=copy&kind=production").await.expect(303);
        assert_eq!(stored(&server, "/environments/copy").await["projectCount"], 1);
        assert!(admin.get("/environments/qa/delete").await.expect(200).text.contains("does not come back"));
        form(&admin, "/environments/qa/delete", "").await.expect(303);
        assert_eq!(events(&server, "environment-deleted").await["total"], 1);
        let viewer = person(&server, "vera", "Viewer").await;
        assert!(viewer.get("/environments").await.expect(200).text.contains("id=\"copy-production-why\""));
        viewer.get("/environments/production").await.expect(403);
        form(&viewer, "/environments/production/delete", "").await.expect(403);
    }

    async fn whoever_works_in_a_project_keeps_its_context_fields_and_links(server) {
        let admin = server.admin();
        let mia = person(&server, "mia", "Viewer").await;
        let people = admin.get("/api/admin/user-admin/search?q=mia").await.expect(200).json();
        let owner = json!({ "roles": [4], "users": [people[0]["id"]], "groups": [] });
        admin.post("/api/admin/projects/default/access", owner).await.expect(200);
        admin.post("/api/admin/context", json!({ "name": "plan" })).await.expect(201);
        let page = mia.get("/new-context-field").await.expect(200).text;
        assert!(page.contains("<option value=\"default\"") && !page.contains(">All projects<"), "{page}");
        form(&mia, "/new-context-field", "name=lane").await.expect(403);
        form(&mia, "/new-context-field", "name=lane&project=default").await.expect(303);
        form(&mia, "/context-fields/lane", &encoded(&[("legal", "left | Slow\nright")])).await.expect(303);
        let lane = stored(&server, "/context/lane").await;
        assert_eq!((&lane["project"], &lane["legalValues"][0]["description"]), (&json!("default"), &json!("Slow")));
        form(&mia, "/context-fields/plan", "legal=x").await.expect(403);
        form(&mia, "/context-fields/lane/delete", "").await.expect(303);
        let links = encoded(&[("links", "https://wiki.test/{{feature}} | Plan\nhttps://chat.test/{{project}}")]);
        form(&mia, "/projects/default/settings/links", &links).await.expect(303);
        let page = mia.get("/projects/default/settings").await.expect(200).text;
        assert!(page.contains("https://wiki.test/{{feature}} | Plan\nhttps://chat.test/{{project}}</textarea>"), "{page}");
        let wrong = encoded(&[("links", "ftp://x"), ("was_links", &hidden(&page, "was_links"))]);
        let refused = form(&mia, "/projects/default/settings/links", &wrong).await.expect(422).text;
        assert!(refused.contains("id=\"links-problem\"") && refused.contains(">ftp://x</textarea>"), "{refused}");
    }

    async fn segments_share_the_conditions_of_strategies(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let typed = [("name", "beta"), ("c.3.field", "age"), ("c.3.operator", "NUM_GT"), ("c.3.values", "many"), ("act", "save")];
        let page = form(&admin, "/new-segment", &encoded(&typed)).await.expect(422).text;
        assert!(page.contains("id=\"c.3.values-problem\"") && page.contains("value=\"beta\""));
        // The same is said as one types, about that row alone, as soon as it says enough.
        let judged = form(&admin, "/conditions/check/3", &encoded(&typed)).await.expect(200).text;
        assert!(judged.starts_with("<p class=\"field-problem\">must be a number"), "{judged}");
        for (row, body) in [(3, encoded(&typed[..3])), (4, encoded(&typed))] {
            assert_eq!(form(&admin, &format!("/conditions/check/{row}"), &body).await.expect(200).text, "");
        }
        let page = form(&admin, "/new-segment", &encoded(&[&typed[..4], &[("act", "add-constraint")]].concat())).await.expect(200).text;
        assert!(page.contains("name=\"c.4.field\""));
        let typed = typed.map(|(name, value)| (name, if value == "many" { "18" } else { value }));
        let made = form(&admin, "/new-segment", &encoded(&typed)).await.expect(303);
        let path = made.header("location").to_owned();
        let page = admin.get(&format!("{path}/edit")).await.expect(200).text;
        let was = page.split("name=\"was_conditions\" value=\"").nth(1).unwrap().split('"').next().unwrap().replace("&quot;", "\"");
        // Somebody else changes the description, and then the conditions.
        let id = path.rsplit('/').next().unwrap();
        let rule = |value: &str| json!([{ "contextName": "age", "operator": "NUM_GT", "value": value }]);
        let put = async |description: &str, value: &str| {
            let body = json!({ "name": "beta", "description": description, "constraints": rule(value) });
            server.admin().put(&format!("/api/admin/segments/{id}"), body).await.expect(204);
        };
        put("theirs", "18").await;
        let mine = |value: &'static str| encoded(&[
            ("name", "beta"), ("was_name", "beta"), ("was_description", ""), ("was_project", ""), ("was_conditions", &was),
            ("c.0.field", "age"), ("c.0.operator", "NUM_GT"), ("c.0.values", value), ("act", "save"),
        ]);
        form(&admin, &format!("{path}/edit"), &mine("21")).await.expect(303);
        let now = stored(&server, &format!("/segments/{id}")).await;
        assert_eq!((&now["description"], &now["constraints"][0]["value"]), (&json!("theirs"), &json!("21")));
        let page = form(&admin, &format!("{path}/edit"), &mine("65")).await.expect(409).text;
        assert!(page.contains("The conditions differ") && page.contains(">65</textarea>"));
        // In use, it stays.
        server.admin().post("/api/admin/projects/default/features", json!({ "name": "f" })).await.expect(201);
        let strategy = json!({ "name": "default", "segments": [id.parse::<i64>().unwrap()] });
        server.admin().post("/api/admin/projects/default/features/f/environments/production/strategies", strategy).await.expect(200);
        let page = admin.get(&path).await.expect(200).text;
        assert!(page.contains("/projects/default/features/f\"") && page.contains("id=\"delete-why\""));
        form(&admin, &format!("{path}/delete"), "").await.expect(409);
        let viewer = person(&server, "vera", "Viewer").await;
        assert!(viewer.get(&path).await.expect(200).text.contains("id=\"edit-why\""));
        form(&viewer, &format!("{path}/edit"), &mine("1")).await.expect(403);
    }

    async fn what_belongs_to_a_hidden_project_is_not_there(server) {
        hidden_project(&server).await;
        let segment = json!({ "name": "secret", "project": "hidden", "constraints": [{ "contextName": "userId", "operator": "IN", "values": ["1"] }] });
        let id = server.admin().post("/api/admin/segments", segment).await.expect(201).json()["id"].to_string();
        server.admin().delete("/api/admin/projects/hidden/features/hidden-flag").await.expect(202);
        let viewer = person(&server, "vera", "Viewer").await;
        viewer.get(&format!("/segments/{id}")).await.expect(404);
        for path in ["/segments", "/archive", "/archive/chosen?flag=hidden-flag"] {
            let page = viewer.get(path).await.expect(200).text;
            assert!(!page.contains("secret<") && !page.contains("/features/hidden-flag"), "{path}");
        }
    }

    async fn kinds_of_things_are_kept(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        form(&admin, "/new-context-field", &encoded(&[("name", "plan"), ("legal", "gold | Pays\r\nsilver"), ("stickiness", "true")])).await.expect(303);
        let field = stored(&server, "/context/plan").await;
        assert_eq!((&field["legalValues"], &field["stickiness"]), (&json!([{ "value": "gold", "description": "Pays" }, { "value": "silver" }]), &json!(true)));
        let page = form(&admin, "/context-fields/plan", &encoded(&[("was_legal", "gold | Pays\nsilver"), ("legal", "gold\ngold")])).await.expect(422).text;
        assert!(page.contains("id=\"legal-problem\""));
        let typed = [("name", "byPlan"), ("description", "By plan"), ("p.0.name", "plans"), ("p.0.kind", "list"), ("p.0.required", "true"), ("p.1.name", ""), ("act", "save")];
        form(&admin, "/new-strategy-type", &encoded(&typed)).await.expect(303);
        assert_eq!(stored(&server, "/strategies/byPlan").await["parameters"].as_array().unwrap().len(), 1);
        form(&admin, "/strategy-types/byPlan/switch", "enabled=false").await.expect(303);
        assert_eq!(stored(&server, "/strategies/byPlan").await["deprecated"], true);
        form(&admin, "/strategy-types/byPlan/delete", "").await.expect(303);
        assert!(admin.get("/strategy-types/default").await.expect(200).text.contains("It is built in"));
        form(&admin, "/flag-types/release", "was_days=40&days=x").await.expect(422);
        form(&admin, "/flag-types/release", "was_days=40&days=12").await.expect(303);
        form(&admin, "/flag-types/release", "was_days=40&days=13").await.expect(409);
        assert!(admin.get("/flag-types").await.expect(200).text.contains("12 days"));
        let page = form(&admin, "/new-tag-type", &encoded(&[("name", "team"), ("color", "red")])).await.expect(422).text;
        assert!(page.contains("id=\"color-problem\"") && page.contains("value=\"red\""));
        form(&admin, "/new-tag-type", &encoded(&[("name", "team"), ("color", "#112233")])).await.expect(303);
        form(&admin, "/tag-types/team", &encoded(&[("was_color", "#112233"), ("color", ""), ("description", "Who")])).await.expect(303);
        let team = stored(&server, "/tag-types/team").await;
        assert_eq!((&team["color"], &team["description"]), (&json!(""), &json!("Who")));
        form(&admin, "/tag-types/team/delete", "").await.expect(303);
        let viewer = person(&server, "vera", "Viewer").await;
        for path in ["/context-fields", "/strategy-types", "/flag-types", "/tag-types"] {
            assert!(viewer.get(path).await.expect(200).text.contains("aria-disabled=\"true\""), "{path}");
        }
        for (path, body) in [("/context-fields/plan/delete", ""), ("/new-tag-type", "name=zz"), ("/flag-types/release", "days=1"), ("/strategy-types/default/switch", "enabled=false")] {
            form(&viewer, path, body).await.expect(403);
        }
    }

    async fn archived_flags_are_revived_and_deleted(server) {
        for name in ["a", "b"] {
            server.admin().post("/api/admin/projects/default/features", json!({ "name": name })).await.expect(201);
            server.admin().delete(&format!("/api/admin/projects/default/features/{name}")).await.expect(202);
        }
        let editor = person(&server, "ed", "Editor").await;
        assert!(editor.get("/projects/default/archive").await.expect(200).text.contains("id=\"choose-a\""));
        let page = editor.get("/archive/chosen?flag=a&flag=b").await.expect(200).text;
        assert!(page.contains("Revive 2 flags") && page.contains("This cannot be taken back"));
        form(&editor, "/archive/revive", "flag=a").await.expect(303);
        form(&editor, "/archive/delete", "flag=a&flag=b").await.expect(303);
        // What lives is not deleted.
        server.admin().get("/api/admin/projects/default/features/a").await.expect(200);
        server.admin().get("/api/admin/projects/default/features/b").await.expect(404);
        assert_eq!(events(&server, "feature-deleted").await["total"], 1);
        let viewer = person(&server, "vera", "Viewer").await;
        form(&viewer, "/archive/delete", "flag=a").await.expect(403);
    }
}
