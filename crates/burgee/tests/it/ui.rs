//! The pages for people, without a browser: who gets in, what they see, what the server says about each page. The browser's
//! side is in `e2e/`.

use burgee::gate::Access;
use burgee::ui;
use reqwest::Method;
use serde_json::json;

mod calls;
mod flag;
mod flags;
mod giving;
mod groups;
mod life;
mod projects;
mod roles;
mod seeing;
mod service_accounts;
mod setup;
mod strategies;
mod users;

use crate::support::TestServer;
use crate::support::client::{Answer, Client};
use crate::support::server::PASSWORD;

/// Sends a form.
async fn form(who: &Client, path: &str, body: &str) -> Answer {
    who.send(Method::POST, path, Some(body.to_owned()), "application/x-www-form-urlencoded").await
}

/// The first admin, who asks for pages.
async fn admin(server: &TestServer) -> Client {
    server.sign_in("admin", crate::support::server::PASSWORD).await.with("accept", "text/html")
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// What the page has in a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let from = page.find(&start).unwrap_or_else(|| panic!("no {name} in {page}")) + start.len();
    page[from..].split('"').next().unwrap().to_owned()
}

fn browser(server: &TestServer) -> Client {
    server.anonymous().with("accept", "text/html")
}

async fn person(server: &TestServer, name: &str, role: &str) -> Client {
    server.person(name, role).await.1.with("accept", "text/html")
}

/// The numbers that a page is told.
struct Numbers {
    response: reqwest::Response,
    buffer: String,
}

impl Numbers {
    async fn of(who: &Client, path: &str) -> Self {
        let response = who.begin(Method::GET, path, None, "").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// The next one. `None`: the stream ended.
    async fn next(&mut self) -> Option<i64> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                if let Some(number) = block.trim().strip_prefix("data: ") {
                    return Some(number.parse().unwrap());
                }
                continue;
            }
            self.buffer += std::str::from_utf8(&self.response.chunk().await.unwrap()?).unwrap();
        }
    }
}

/// A path of the table, about things that exist.
fn real(path: &str) -> String {
    path.replace("{projectId}", "hidden")
        .replace("{featureName}", "hidden-flag")
        .replace("{environment}", "development")
        .replace("{id}", "1")
}

async fn hidden_project(server: &TestServer) {
    let admin = server.admin();
    let project = json!({ "id": "hidden", "name": "Hidden", "mode": "private" });
    admin.post("/api/admin/projects", project).await.expect(201);
    let flag = json!({ "name": "hidden-flag", "description": "secret-plan" });
    admin.post("/api/admin/projects/hidden/features", flag).await.expect(201);
}

both! {
    async fn who_is_not_signed_in_has_to_do_that_first(server) {
        hidden_project(&server).await;
        let nobody = browser(&server);
        let mut closed = 0;
        for place in ui::places() {
            if matches!(place.access, Access::Open) { continue }
            closed += 1;
            let path = real(place.path);
            let answer = if place.action { form(&nobody, &path, "").await } else { nobody.get(&path).await };
            assert_eq!(answer.status, 303, "{path}");
            assert!(answer.header("location").starts_with("/sign-in"), "{path}");
            // With a token one is a program: pages are for people behind a cookie.
            let program = server.admin().get(&path).await;
            assert!(place.action || program.status == 303, "{path}");
        }
        assert!(closed > 10);
    }

    async fn what_one_does_not_see_is_not_there(server) {
        hidden_project(&server).await;
        let viewer = person(&server, "vera", "Viewer").await;
        for place in ui::places() {
            if !place.path.contains("{projectId}") { continue }
            let path = real(place.path);
            let answer = if place.action { form(&viewer, &path, "enabled=true&keep=true").await } else { viewer.get(&path).await };
            assert_eq!(answer.status, 404, "{path}");
            assert!(!answer.text.contains("secret-plan") && !answer.text.contains("Hidden"), "{path}");
        }
        for path in ["/", "/projects", "/search?q=hidden", "/events", "/events?q=secret-plan"] {
            let answer = viewer.get(path).await.expect(200);
            assert!(!answer.text.contains("hidden-flag") && !answer.text.contains(">Hidden<"), "{path}");
        }
        let recorded = server.admin().get("/api/admin/search/events?feature=IS:hidden-flag").await.expect(200).json();
        let event = format!("/events/{}", recorded["events"][0]["id"]);
        viewer.get(&event).await.expect(404);
        let admin = server.sign_in("admin", PASSWORD).await;
        assert!(admin.get(&event).await.expect(200).text.contains("secret-plan"));
        assert!(admin.get("/projects/hidden").await.expect(200).text.contains("secret-plan"));
        viewer.get("/design").await.expect(403);
    }

    async fn what_one_may_not_do_is_refused_and_not_offered(server) {
        server.admin().post("/api/admin/projects/default/features", json!({ "name": "f" })).await.expect(201);
        let viewer = person(&server, "vera", "Viewer").await;
        let refused = form(&viewer, "/projects/default/features/f/environments/production/switch", "enabled=true").await;
        assert!(refused.expect(403).text.contains("UPDATE_FEATURE_ENVIRONMENT"));
        form(&viewer, "/projects/default/new-flag", "name=g&kind=release").await.expect(403);
        let page = viewer.get("/projects/default").await.expect(200).text;
        assert!(page.contains("aria-disabled=\"true\"") && !page.contains("/switch\""));
        let editor = person(&server, "ed", "Editor").await;
        let page = editor.get("/projects/default").await.expect(200).text;
        assert!(page.contains("/switch\"") && !page.contains("aria-disabled"));
    }

    async fn line_ends_of_browsers_are_no_change(server) {
        let editor = person(&server, "ed", "Editor").await;
        form(&editor, "/projects/default/new-flag", "name=made&kind=release&description=a%0D%0Ab").await.expect(303);
        let made = server.admin().get("/api/admin/projects/default/features/made").await.expect(200).json();
        assert_eq!(made["description"], "a\nb");
        let sent = json!({ "name": "sent", "description": "a\r\nb" });
        server.admin().post("/api/admin/projects/default/features", sent).await.expect(201);
        let typed = "kind=release&was_kind=release&description=c&was_description=a%0D%0Ab";
        form(&editor, "/projects/default/features/sent/edit", typed).await.expect(303);
    }

    async fn switching_is_recorded_with_who_did_it(server) {
        server.admin().post("/api/admin/projects/default/features", json!({ "name": "f" })).await.expect(201);
        let editor = person(&server, "ed", "Editor").await;
        let path = "/projects/default/features/f/environments/production/switch";
        let answer = form(&editor, path, "enabled=true&back=/projects/default?q=f").await.expect(303);
        assert_eq!(answer.header("location"), "/projects/default?q=f");
        let note = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        assert!(note.starts_with("burgee-note="));
        let found = server.admin().get("/api/admin/search/events?type=IS:feature-environment-enabled").await.expect(200).json();
        assert_eq!((&found["total"], &found["events"][0]["createdBy"]), (&json!(1), &json!("ed")));
        // Nobody is sent elsewhere.
        for elsewhere in ["https://evil.test", "//evil.test", "/%5Cevil.test"] {
            let answer = form(&editor, path, &format!("enabled=true&back={elsewhere}")).await.expect(303);
            assert_eq!(answer.header("location"), "/projects/default/features/f");
        }
    }

    async fn only_paths_of_this_server_are_next(server) {
        let nobody = browser(&server);
        let answer = nobody.get("/projects/default?q=a%26b").await.expect(303);
        assert_eq!(answer.header("location"), "/sign-in?next=%2Fprojects%2Fdefault%3Fq%3Da%2526b");
        for (next, location) in [("%2Fprojects%3Fa%3D1", "/projects?a=1"), ("%2F%2Fevil.test", "/"), ("https%3A%2F%2Fevil.test", "/")] {
            let body = format!("username=admin&password={PASSWORD}&next={next}");
            let answer = form(&nobody, "/sign-in", &body).await.expect(303);
            assert_eq!(answer.header("location"), location);
            assert!(answer.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
        }
        let wrong = form(&nobody, "/sign-in", "username=%3Cb%3E&password=x").await.expect(401);
        assert!(wrong.text.contains("value=\"&lt;b&gt;\"") && wrong.headers.get("set-cookie").is_none());
    }

    async fn other_sites_pages_change_nothing(server) {
        server.admin().post("/api/admin/projects/default/features", json!({ "name": "f" })).await.expect(201);
        let editor = person(&server, "ed", "Editor").await;
        let path = "/projects/default/features/f/environments/production/switch";
        for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "http://evil.test"), ("origin", "null")] {
            form(&editor.with(name, value), path, "enabled=true").await.expect(403);
            form(&browser(&server).with(name, value), "/sign-in", &format!("username=admin&password={PASSWORD}")).await.expect(403);
        }
        let own = server.base.clone();
        for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", own.as_str()), ("origin", "http://burgee.test")] {
            form(&editor.with(name, value), path, "enabled=true").await.expect(303);
        }
        // The API heeds the same.
        let evil = editor.with("origin", "http://evil.test");
        evil.post("/api/admin/projects/default/features", json!({ "name": "g" })).await.expect(401);
    }

    async fn every_answer_says_what_browsers_must_not_do(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        for path in ["/", "/projects/default", "/design", "/nowhere", "/sign-in", "/assets/none.js", "/projects/none"] {
            let answer = admin.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{path}");
            for rule in ["form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"] {
                assert!(policy.contains(rule), "{path}: {rule}");
            }
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            for word in [" style=\"", "<style", " onclick", "javascript:"] {
                assert!(!answer.text.contains(word), "{path} has {word}");
            }
        }
    }

    async fn pages_are_answered_whole_or_in_part(server) {
        let admin = server.sign_in("admin", PASSWORD).await;
        let whole = admin.get("/projects/default").await.expect(200);
        let part = admin.with("hx-request", "true").get("/projects/default").await.expect(200);
        assert!(whole.text.starts_with("<!DOCTYPE html>") && whole.text.contains("id=\"page\""));
        assert!(part.text.starts_with("<title>") && part.text.contains("id=\"page\"") && !part.text.contains("<body"));
        for answer in [&whole, &part] {
            let vary: Vec<_> = answer.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok()).collect();
            assert!(vary.join(",").contains("HX-Request"));
        }
        let failed = admin.with("hx-request", "true").get("/projects/none").await.expect(404);
        assert_eq!((failed.header("hx-retarget"), failed.header("hx-reswap")), ("#toasts", "beforeend"));
        let gone = browser(&server).with("hx-request", "true").get("/projects/default").await.expect(401);
        assert_eq!(gone.header("hx-redirect"), "/sign-in?next=%2Fprojects%2Fdefault");
    }

    async fn whoever_comes_back_to_the_address_of_an_action_finds_a_page(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let pages: Vec<String> = ui::places().iter().filter(|it| !it.action).map(|it| real(it.path)).collect();
        for place in ui::places() {
            let path = real(place.path);
            if !place.action || pages.contains(&path) { continue }
            let answer = admin.get(&path.replace(['{', '}'], "")).await;
            assert_eq!(answer.status, 303, "{path}");
            let location = answer.header("location");
            let known = |page: &String| page.replace(['{', '}'], "") == location;
            assert!(path.replace(['{', '}'], "").starts_with(location) && pages.iter().any(known), "{path} leads to {location}");
        }
        for (path, page) in [("/users/1/role", "/users/1"), ("/sign-in-settings/origins?x=1", "/sign-in-settings"), ("/profile/security/password", "/profile/security")] {
            assert_eq!(admin.get(path).await.expect(303).header("location"), page);
        }
    }

    async fn nothing_is_found_in_the_form_that_was_asked_for(server) {
        let page = browser(&server).get("/no/such/page").await.expect(404);
        assert!(page.text.contains("Page not found") && page.header("content-type").starts_with("text/html"));
        assert_eq!(server.anonymous().get("/no/such/page").await.expect(404).json()["name"], "NotFoundError");
        assert_eq!(browser(&server).get("/api/admin/none").await.expect(404).json()["name"], "NotFoundError");
        let post = server.anonymous().post("/no/such/page", json!({})).await.expect(404);
        assert_eq!(post.json()["name"], "NotFoundError");
    }

    async fn during_maintenance_pages_are_for_reading(server) {
        server.admin().post("/api/admin/projects/default/features", json!({ "name": "f" })).await.expect(201);
        server.admin().post("/api/admin/maintenance", json!({ "enabled": true })).await.expect(204);
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        admin.get("/projects/default").await.expect(200);
        let refused = form(&admin, "/projects/default/features/f/environments/production/switch", "enabled=true").await;
        assert!(refused.expect(503).text.contains("maintenance mode"));
        form(&admin, "/theme", "theme=dark&back=/").await.expect(303);
    }

    async fn the_theme_is_there_from_the_first_byte(server) {
        let nobody = browser(&server);
        let answer = form(&nobody, "/theme", "theme=dark&back=//evil.test").await.expect(303);
        assert_eq!(answer.header("location"), "/");
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        assert!(nobody.with("cookie", &cookie).get("/sign-in").await.text.contains("<html lang=\"en\" data-theme=\"dark\">"));
        assert!(nobody.with("cookie", "burgee-theme=\"><script>").get("/sign-in").await.text.contains("<html lang=\"en\">"));
    }

    async fn streams_tell_what_the_reader_sees_and_end_with_the_session(server) {
        hidden_project(&server).await;
        let viewer = person(&server, "vera", "Viewer").await;
        let mut all = Numbers::of(&viewer, "/live").await;
        let first = all.next().await.unwrap();
        let add = |project: &'static str, name: &'static str| {
            let admin = server.admin();
            async move { admin.post(&format!("/api/admin/projects/{project}/features"), json!({ "name": name })).await.expect(201) }
        };
        add("hidden", "hidden-too").await;
        add("default", "seen").await;
        let second = all.next().await.unwrap();
        assert!(second > first);
        let mut hidden = Numbers::of(&viewer, "/live?project=hidden").await;
        assert_eq!(hidden.next().await, Some(0), "nothing ever happened there, for this reader");
        let admin = server.sign_in("admin", PASSWORD).await;
        assert!(Numbers::of(&admin, "/live?project=hidden").await.next().await > Some(0));
        form(&viewer, "/sign-out", "").await.expect(303);
        add("default", "not-told").await;
        assert_eq!(all.next().await, None);
    }
}

#[tokio::test]
async fn everything_moves_under_the_base_path() {
    let server = TestServer::sqlite_with(&["--base-uri-path", "/flags"]).await;
    let nobody = browser(&server);
    let answer = nobody.get("/flags/projects/default").await.expect(303);
    assert_eq!(answer.header("location"), "/flags/sign-in?next=%2Fprojects%2Fdefault");
    let body = format!("username=admin&password={PASSWORD}&next=%2Fprojects%2Fdefault");
    let answer = form(&nobody, "/flags/sign-in", &body).await.expect(303);
    assert_eq!(answer.header("location"), "/flags/projects/default");
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = nobody.with("cookie", &cookie).get("/flags/projects/default").await.expect(200).text;
    for attribute in ["href=\"/", "action=\"/", "src=\"/"] {
        for (place, _) in page.match_indices(attribute) {
            assert!(page[place + attribute.len()..].starts_with("flags/"), "{}", &page[place..place + 60]);
        }
    }
    assert!(nobody.get("/flags/nowhere").await.expect(404).text.contains("href=\"/flags/\""));

    // Provisioning, too, with every address that it tells; beside the path there is nothing, and no way around the token.
    let made = server.scim().post("/flags/scim/v2/Users", json!({ "userName": "ann" })).await.expect(201);
    let ann = made.header("location").strip_prefix("http://burgee.test").unwrap();
    assert!(ann.starts_with("/flags/scim/v2/Users/"), "{ann}");
    server.scim().get(ann).await.expect(200);
    let refused = server.anonymous().get(ann).await.expect(401);
    let told = refused.header("www-authenticate").split("resource_metadata=\"http://burgee.test").nth(1);
    server.anonymous().get(told.unwrap().trim_end_matches('"')).await.expect(200);
    for path in ["/scim", "/scim/v2/Users", "/flagsscim/Users", "/flags%2fscim/Users"] {
        server.scim().get(path).await.expect(404);
    }
    for path in ["//flags//scim//Users", "/flags/scim/%55sers", "/flags/assets/../scim/Users"] {
        server.anonymous().get(path).await.expect(401);
    }
}
