//! The lists of flags: what is found, what is kept, and what is done to many at once.

use serde_json::{Value, json};

use super::{admin, form, hidden_project, person};
use crate::support::TestServer;

const PROJECT: &str = "/projects/default";

async fn flags(server: &TestServer, names: &[&str]) {
    for name in names {
        server
            .admin()
            .post("/api/admin/projects/default/features", json!({ "name": name }))
            .await
            .expect(201);
    }
}

async fn events(server: &TestServer, kind: &str) -> Value {
    let path = format!("/api/admin/search/events?type=IS:{kind}");
    server.admin().get(&path).await.expect(200).json()["total"].clone()
}

async fn stored(server: &TestServer, name: &str) -> Value {
    server.admin().get(&format!("/api/admin/projects/default/features/{name}")).await.expect(200).json()
}

both! {
    async fn many_flags_are_switched_and_only_what_changed_is_taken_back(server) {
        flags(&server, &["a", "b", "c"]).await;
        let editor = person(&server, "ed", "Editor").await;
        let path = "/flags/environments/production";
        form(&editor, path, "enabled=true&flag=a").await.expect(303);
        let answer = form(&editor, path, "enabled=true&flag=a&flag=b&back=/projects/default?q=x").await.expect(303);
        assert_eq!(answer.header("location"), "/projects/default?q=x");
        let note = answer.header("set-cookie").to_owned();
        assert!(note.contains("already") && note.contains("flag=b"), "{note}");
        assert!(!note.contains("flag=a"), "what was on before stays on: {note}");
        assert_eq!(events(&server, "feature-environment-enabled").await, 2);
        let none = form(&editor, path, "enabled=true").await.expect(303);
        assert!(none.header("set-cookie").contains("No+flag+was+selected"));
        let many: Vec<String> = (0..501).map(|number| format!("&flag=f{number}")).collect();
        form(&editor, path, &format!("enabled=true{}", many.concat())).await.expect(400);
        let none = form(&editor, path, "enabled=true&flag=nothing").await.expect(303);
        assert!(none.header("set-cookie").contains("not+there+any+more"));
    }

    async fn many_flags_are_marked_tagged_archived_and_revived(server) {
        flags(&server, &["a", "b"]).await;
        let editor = person(&server, "ed", "Editor").await;
        form(&editor, "/flags/stale", "stale=true&flag=a&flag=b").await.expect(303);
        assert_eq!(stored(&server, "b").await["stale"], true);
        let asked = editor.get("/flags/tags?flag=a&flag=b").await.expect(200).text;
        assert!(asked.contains("Tag 2 flags"));
        let refused = form(&editor, "/flags/tags", "flag=a&kind=simple&value=x").await.expect(422);
        assert!(refused.text.contains("value=\"x\"") && refused.text.contains("aria-invalid"));
        form(&editor, "/flags/tags", "flag=a&flag=b&kind=simple&value=q4&act=add").await.expect(303);
        assert_eq!(events(&server, "feature-tagged").await, 2);
        let asked = editor.get("/flags/archive?flag=a&flag=b").await.expect(200).text;
        assert!(asked.contains("Archive 2 flags"));
        form(&editor, "/flags/archive", "flag=a&flag=b").await.expect(303);
        assert_eq!(events(&server, "feature-archived").await, 2);
        let list = editor.get(&format!("{PROJECT}?state=archived")).await.expect(200).text;
        assert!(list.contains("flags/revive") && !list.contains("flags/archive"));
        form(&editor, "/flags/revive", "flag=a&flag=b").await.expect(303);
        assert_eq!(events(&server, "feature-revived").await, 2);
    }

    async fn who_may_not_change_many_flags_is_told_why(server) {
        flags(&server, &["a"]).await;
        let viewer = person(&server, "vera", "Viewer").await;
        let list = viewer.get(PROJECT).await.expect(200).text;
        assert!(list.contains("id=\"bulk-archive\" type=\"button\" aria-disabled=\"true\""));
        form(&viewer, "/flags/environments/production", "enabled=true&flag=a").await.expect(403);
        for step in ["stale", "archive", "tags", "revive"] {
            form(&viewer, &format!("/flags/{step}"), "stale=true&flag=a").await.expect(403);
        }
        assert_eq!(stored(&server, "a").await["stale"], false);
    }

    async fn flags_of_several_projects_are_changed_where_one_may(server) {
        flags(&server, &["a"]).await;
        let admin = server.admin();
        admin.post("/api/admin/projects", json!({ "id": "shop", "name": "Shop" })).await.expect(201);
        admin.post("/api/admin/projects/shop/features", json!({ "name": "s" })).await.expect(201);
        let mia = person(&server, "mia", "Viewer").await;
        let people = admin.get("/api/admin/user-admin/search?q=mia").await.expect(200).json();
        let member = json!({ "roles": [5], "users": [people[0]["id"]], "groups": [] });
        admin.post("/api/admin/projects/default/access", member).await.expect(200);
        let list = mia.get("/flags").await.expect(200).text;
        assert!(list.contains("id=\"pick-s\"") && list.contains("formaction=\"/flags/archive\""), "{list}");
        for (step, sent, said) in [
            ("stale", "stale=true", "One+flag+is+marked+as+stale%3B+one+stays+as+it+is"),
            ("environments/production", "enabled=true", "One+flag+is+on+in+production+now%3B+one+stays+as+it+is"),
            ("tags", "kind=simple&value=due&act=add", "act=remove"),
            ("tags", "kind=simple&value=due&act=remove", "act=add"),
            ("favorite", "keep=true", "2+flags+are+among+your+favorites"),
            ("archive", "", "One+flag+is+archived%3B+one+stays"),
        ] {
            let note = form(&mia, &format!("/flags/{step}"), &format!("flag=a&flag=s&{sent}")).await.expect(303);
            assert!(note.header("set-cookie").contains(said), "{step}: {}", note.header("set-cookie"));
        }
        for kind in ["feature-stale-on", "feature-environment-enabled", "feature-tagged", "feature-untagged", "feature-archived"] {
            assert_eq!(events(&server, kind).await, 1, "{kind}");
        }
        let asked = server.sign_in("admin", crate::support::server::PASSWORD).await.get("/flags/tags?flag=s").await.expect(200);
        assert!(asked.text.contains("/projects/shop/features/s"));
        let none = form(&mia, "/flags/stale", "stale=true&flag=s").await.expect(303);
        assert!(none.header("set-cookie").contains("No+flag+was+changed.+You+need"), "{}", none.header("set-cookie"));
    }

    async fn all_flags_are_those_of_projects_that_one_sees(server) {
        hidden_project(&server).await;
        flags(&server, &["a"]).await;
        let viewer = person(&server, "vera", "Viewer").await;
        let list = viewer.get("/flags").await.expect(200).text;
        assert!(list.contains("/projects/default/features/a") && !list.contains("hidden-flag") && !list.contains(">Hidden<"));
        assert!(!viewer.get("/flags?project=hidden").await.expect(200).text.contains("hidden-flag"));
        let admin = server.sign_in("admin", crate::support::server::PASSWORD).await;
        assert!(admin.get("/flags?project=hidden").await.expect(200).text.contains("hidden-flag"));
    }

    async fn flags_are_found_by_who_answers_for_them(server) {
        flags(&server, &["kept", "left"]).await;
        let owned = async |flag: &str, owner: Value| {
            let path = format!("/api/admin/projects/default/features/{flag}/owner");
            server.admin().put(&path, json!({ "owner": owner })).await.expect(204);
        };
        let ann = server.push_user(json!({ "userName": "ann", "displayName": "Ann Example" })).await;
        let number = server.number("ann").await;
        owned("kept", json!({ "user": number })).await;
        owned("left", Value::Null).await;
        let reader = admin(&server).await;
        let word = format!("user:{number}");
        let page = reader.get(&format!("/flags?owner={word}")).await.expect(200).text;
        assert!(page.contains("/features/kept") && !page.contains("/features/left") && page.contains("owner: Ann Example"));
        // What is chosen is sent once, however the form is sent.
        for (query, names) in [(format!("owner={word}&q=k"), ["owner", "q"]), ("owner=nobody&seen=never".to_owned(), ["owner", "seen"])] {
            let page = reader.get(&format!("/flags?{query}")).await.expect(200).text;
            let start = page.find("<form class=\"filter\"").unwrap();
            let shown = &page[start..start + page[start..].find("</form>").unwrap()];
            for name in names {
                assert_eq!(shown.matches(&format!("name=\"{name}\"")).count(), 1, "{name} in {shown}");
            }
        }
        // Gone, and still known by name.
        server.scim().delete(&format!("/scim/Users/{ann}")).await.expect(204);
        assert_eq!(stored(&server, "kept").await["owner"], json!({ "type": "user", "id": number, "name": "Ann Example", "left": true }));
        let home = reader.get("/").await.expect(200).text;
        assert!(home.contains("1 flag of Ann Example who left"), "{home}");
        let list = reader.get("/flag-owners").await.expect(200).text;
        assert!(list.contains("Ann Example") && list.contains("flag-kept"));
        let hand = "from=user%3A{}&to-user=admin&flag=kept".replace("{}", &number.to_string());
        let done = |answer: crate::support::client::Answer| answer.header("set-cookie").to_owned();
        let first = done(form(&reader, "/flag-owners/hand-over", &hand).await.expect(303));
        let second = done(form(&reader, "/flag-owners/hand-over", &hand).await.expect(303));
        assert_ne!(first, second, "nothing was left");
        assert!(reader.get("/flag-owners").await.expect(200).text.contains("Nobody left flags behind"));
        let many = "&flag=f".repeat(1001);
        form(&reader, "/flag-owners/hand-over", &format!("from=user%3A{number}&to-user=admin{many}")).await.expect(422);
    }

    async fn flags_are_found_by_where_they_stand_and_who_asked_for_them(server) {
        flags(&server, &["a", "b"]).await;
        let editor = person(&server, "ed", "Editor").await;
        form(&editor, "/flags/environments/production", "enabled=true&flag=a").await.expect(303);
        let found = |query: &str| {
            let path = format!("{PROJECT}?{query}");
            let editor = &editor;
            async move {
                let text = editor.get(&path).await.expect(200).text;
                (text.contains("id=\"row-a\""), text.contains("id=\"row-b\""))
            }
        };
        assert_eq!(found("at=production:on").await, (true, false));
        assert_eq!(found("at=production:off").await, (false, true));
        assert_eq!(found("seen=never").await, (true, true));
        assert_eq!(found("seen=7d").await, (false, false));
        assert_eq!(found("kind=release&liked=").await, (true, true));
        assert_eq!(found("liked=yes").await, (false, false));
        assert_eq!(found("by=424242").await, (false, false));
    }

    async fn a_search_is_kept_for_oneself(server) {
        flags(&server, &["a"]).await;
        let (ann, bob) = (person(&server, "ann", "Viewer").await, person(&server, "bob", "Viewer").await);
        form(&ann, "/saved-searches", "name=Old+ones&query=state%3Dstale&back=/projects/default").await.expect(303);
        let list = ann.get(PROJECT).await.expect(200).text;
        assert!(list.contains("Old ones") && list.contains("href=\"/projects/default?state=stale\""), "{list}");
        assert!(!bob.get(PROJECT).await.expect(200).text.contains("Old ones"));
        form(&ann, "/saved-searches", "name=&query=q%3Da").await.expect(400);
        form(&ann, "/saved-searches", &format!("name=long&query={}", "x".repeat(2000))).await.expect(400);
        let gone = form(&ann, "/saved-searches/remove", "name=Old+ones&back=//evil.test").await.expect(303);
        assert_eq!(gone.header("location"), "/flags");
        assert!(!ann.get(PROJECT).await.expect(200).text.contains("Old ones"));
    }
}
