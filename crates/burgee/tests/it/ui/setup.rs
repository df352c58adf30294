//! Tokens, the profile, provisioning, sign-in and the instance, through the pages.

use serde_json::json;

use super::{form, hidden, person};
use crate::runtime::until;
use crate::support::TestServer;
use crate::support::server::PASSWORD;

/// What stands in the block that is shown once.
fn secret(page: &str) -> String {
    let block =
        page.split("class=\"once\"").nth(1).unwrap_or_else(|| panic!("nothing is shown once: {page}"));
    block.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().to_owned()
}

async fn recorded(server: &TestServer, kind: &str) -> i64 {
    let path = format!("/api/admin/search/events?type=IS:{kind}");
    server.admin().get(&path).await.expect(200).json()["total"].as_i64().unwrap()
}

both! {
    async fn a_token_is_shown_once_and_works_until_it_is_deleted(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let typed = "name=shop&kind=backend&environment=development&reach=some&lasts=never&until=";
        let refused = form(&admin, "/tokens/new", typed).await.expect(422).text;
        assert!(refused.contains("Choose at least one project") && refused.contains("value=\"shop\""));
        let typed = "name=shop&kind=backend&environment=development&reach=some&project=default&lasts=day&until=2001-01-31";
        assert!(form(&admin, "/tokens/new", typed).await.expect(422).text.contains("That day is over"));
        assert_eq!(recorded(&server, "api-token-created").await, 1, "the one of the first start");
        let typed = "name=shop&kind=backend&environment=development&reach=some&project=default&lasts=90&until=";
        let made = form(&admin, "/tokens/new", typed).await.expect(200);
        assert_eq!(made.header("cache-control"), "no-store");
        let secret = secret(&made.text);
        assert!(secret.starts_with("default:development.") && !made.text.contains("data-live"));
        let sdk = server.anonymous().with("authorization", &secret);
        sdk.get("/api/client/features").await.expect(200);
        let list = admin.get("/tokens").await.expect(200).text;
        assert!(list.contains(">shop<") && !list.contains(&secret));
        admin.get(&format!("/tokens/{secret}")).await.expect(404);
        let events = server.admin().get("/api/admin/events").await.expect(200).text;
        assert!(!events.contains(&secret[secret.len() - 43..]));
        let selector = list.split("row-link\" href=\"/tokens/").find(|row| row.contains(">shop<")).unwrap().split('"').next().unwrap().to_owned();
        let path = format!("/tokens/{selector}");
        form(&admin, &format!("{path}/expiry"), "lasts=never").await.expect(422);
        form(&admin, &format!("{path}/expiry"), "lasts=365").await.expect(303);
        assert_eq!(recorded(&server, "api-token-updated").await, 1);
        assert!(admin.get(&format!("{path}/delete")).await.expect(200).text.contains("Delete token"));
        form(&admin, &format!("{path}/delete"), "").await.expect(303);
        until(&sdk, "/api/client/features", |answer| answer.status == 401).await;
        admin.get(&path).await.expect(404);
    }

    async fn tokens_are_for_who_may_make_them(server) {
        let viewer = person(&server, "vera", "Viewer").await;
        for path in ["/tokens/new", "/projects/default/tokens", "/projects/default/tokens/new", "/provisioning", "/instance", "/instance/sign-ins", "/sign-in-settings"] {
            viewer.get(path).await.expect(403);
        }
        let typed = "name=x&kind=backend&environment=development&reach=all&lasts=never";
        for path in ["/tokens/new", "/projects/default/tokens/new"] {
            form(&viewer, path, typed).await.expect(403);
        }
        let wide = json!({ "tokenName": "wide", "type": "client", "environment": "development", "projects": ["*"] });
        server.admin().post("/api/admin/api-tokens", wide).await.expect(201);
        let (id, owner) = server.person("olga", "Viewer").await;
        server.admin().post("/api/admin/projects/default/access", json!({ "roles": [4], "users": [id], "groups": [] })).await.done();
        let made = form(&owner, "/projects/default/tokens/new", "name=mine&kind=frontend&environment=development&reach=some&project=other&lasts=never").await.expect(200).text;
        assert!(secret(&made).starts_with("default:development."), "it reaches the project alone");
        let list = owner.get("/projects/default/tokens").await.expect(200).text;
        let selector = |name: &str| {
            let rows: Vec<_> = list.split("row-link\" href=\"/projects/default/tokens/").collect();
            rows.into_iter().find(|row| row.split("</a>").next().unwrap().ends_with(&format!(">{name}"))).unwrap().split('"').next().unwrap().to_owned()
        };
        let page = owner.get(&format!("/projects/default/tokens/{}", selector("wide"))).await.expect(200).text;
        assert!(page.contains("It reaches more than this project"));
        form(&owner, &format!("/projects/default/tokens/{}/delete", selector("wide")), "").await.expect(400);
        form(&owner, &format!("/projects/default/tokens/{}/delete", selector("mine")), "").await.expect(303);
    }

    async fn people_change_their_password_and_end_their_sessions(server) {
        let ed = person(&server, "ed", "Editor").await;
        let other = server.sign_in("ed", PASSWORD).await;
        let page = form(&ed, "/profile/security/password", "old=wrong&new=An0ther-secret!").await.expect(422).text;
        assert!(page.contains("id=\"old-problem\"") && page.contains("The old password is not right"));
        let page = form(&ed, "/profile/security/password", &format!("old={PASSWORD}&new=short")).await.expect(422).text;
        assert!(page.contains("id=\"new-problem\"") && page.contains("at least 10 characters"));
        other.get("/api/admin/user").await.expect(200);
        form(&ed, "/profile/security/password", &format!("old={PASSWORD}&new=An0ther-secret!")).await.expect(303);
        other.get("/api/admin/user").await.expect(401);
        ed.get("/profile").await.expect(200);
        let again = server.sign_in("ed", "An0ther-secret!").await;
        let page = ed.get("/profile/security").await.expect(200).text;
        assert!(page.contains("this one") && page.contains("signed in"));
        form(&ed, "/profile/security/end", "others=true").await.expect(303);
        again.get("/api/admin/user").await.expect(401);
        let made = form(&ed, "/profile/tokens/new-token", "description=deploy&lasts=30").await.expect(200).text;
        let token = secret(&made);
        let script = server.anonymous().with("authorization", &token);
        script.get("/api/admin/projects").await.expect(200);
        let page = form(&ed, "/profile/tokens/new-token", "description=deploy&lasts=30").await.expect(409).text;
        assert!(page.contains("already exists"));
        let list = ed.get("/profile/tokens").await.expect(200).text;
        assert!(list.contains("deploy") && !list.contains(&token));
        let id = list.split("revoke-token?token=").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let stranger = person(&server, "sam", "Editor").await;
        stranger.get(&format!("/profile/tokens/revoke-token?token={id}")).await.expect(404);
        form(&stranger, "/profile/tokens/revoke-token", &format!("token={id}")).await.expect(303);
        script.get("/api/admin/projects").await.expect(200);
        form(&ed, "/profile/tokens/revoke-token", &format!("token={id}")).await.expect(303);
        script.get("/api/admin/projects").await.expect(401);
    }

    async fn provisioning_is_set_up_and_taken_back(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        assert!(admin.get("/provisioning").await.expect(200).text.contains("Default connection"));
        let answer = form(&admin, "/provisioning/new", "provider=okta&name=Acme+Inc.&slug=").await.expect(303);
        assert_eq!(answer.header("location"), "/provisioning/2/setup");
        let page = form(&admin, "/provisioning/new", "provider=okta&name=Acme+Inc.&slug=a_b").await.expect(422).text;
        assert!(page.contains("id=\"slug-problem\"") && page.contains("value=\"a_b\""));

        // The steps have the values, and turn green with the first call.
        let page = admin.get("/provisioning/2/setup").await.expect(200).text;
        assert!(page.contains("Set up Okta") && page.contains("http://burgee.test/scim/c/acme-inc"));
        let page = form(&admin, "/provisioning/2/setup", "").await.expect(200).text;
        let token = secret(&page);
        assert!(token.starts_with("bgs_") && page.contains("Waiting for the first call"));
        let status = page.split("hx-get=\"").find(|rest| rest.starts_with("/provisioning/2/setup/status")).unwrap();
        let status = status.split('"').next().unwrap();
        assert!(admin.get(status).await.expect(200).text.contains("Waiting"));
        let idp = server.anonymous().with("authorization", &format!("Bearer {token}")).with("user-agent", "Okta SCIM Client 1.0.0");
        idp.post("/scim/c/acme-inc/Users", json!({ "userName": "grace" })).await.expect(201);
        let line = admin.get(status).await.expect(200).text;
        assert!(line.contains("Connected.") && line.contains("Okta SCIM Client 1.0.0") && line.contains("1 person"), "{line}");
        assert!(!admin.get("/provisioning/2/setup").await.expect(200).text.contains(&token), "it is shown once");

        // A second token leaves the first for a day; a refused one is asked again.
        let page = form(&admin, "/provisioning/2/token", "lasts=never&secret=short").await.expect(422).text;
        assert!(page.contains("between 16 and 512"));
        let other = secret(&form(&admin, "/provisioning/2/token", "lasts=30&overlap=24").await.expect(200).text);
        let page = admin.get("/provisioning/2").await.expect(200).text;
        assert!(page.contains(&token[..12]) && page.contains(&other[..12]) && !page.contains(&other));
        assert!(page.contains("User created") && page.contains("/users?origin=scim"));
        let revoke = page.split("href=\"").find(|rest| rest.contains("/revoke")).unwrap().split('"').next().unwrap();
        assert!(admin.get(revoke).await.expect(200).text.contains("Another one works still"));
        form(&admin, revoke, "").await.expect(303);
        idp.get("/scim/Users").await.expect(200);
        server.anonymous().with("authorization", &other).get("/scim/Users").await.expect(401);

        // Every choice is kept, and what somebody else changed meanwhile is not overwritten.
        let page = admin.get("/provisioning/2/settings").await.expect(200).text;
        assert!(page.contains("Is taken over") && page.contains("name=\"was_rate\""));
        let sent = "name=Acme+Inc.&was_name=Acme+Inc.&slug=acme-inc&was_slug=acme-inc&provider=okta&was_provider=okta&mode=strict\
                    &was_mode=tolerant&patch_answer=204&was_patch_answer=auto&on_match=conflict&was_on_match=adopt\
                    &unknown_members=reject&was_unknown_members=ignore&was_rate=&was_networks=";
        let page = form(&admin, "/provisioning/2/settings", &format!("{sent}&rate=25&networks=10.0.0.0%2F8%0D%0Ahome")).await.expect(422).text;
        assert!(page.contains("id=\"networks-problem\"") && page.contains("home"));
        let fine = format!("{sent}&rate=25&networks=127.0.0.1%0D%0A10.0.0.0%2F8");
        form(&admin, "/provisioning/2/settings", &fine).await.expect(303);
        let kept = server.admin().get("/api/admin/provisioning/connections/2").await.expect(200).json();
        assert_eq!((&kept["mode"], &kept["patchAnswer"], &kept["onMatch"]), (&json!("strict"), &json!("204"), &json!("conflict")));
        assert_eq!((&kept["rate"], &kept["networks"]), (&json!(25), &json!(["127.0.0.1/32", "10.0.0.0/8"])));
        form(&admin, "/provisioning/2/settings", &fine.replace("rate=25", "rate=30")).await.expect(409);

        // A dry run, said on every page about it.
        assert!(!admin.get("/provisioning").await.expect(200).text.contains("Dry run"));
        form(&admin, "/provisioning/2/settings", "dry_run=true&was_dry_run=false").await.expect(303);
        for path in ["/provisioning", "/provisioning/2"] {
            assert!(admin.get(path).await.expect(200).text.contains("Dry run: calls change nothing"), "{path}");
        }
        let made = idp.post("/scim/Users", json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "nobody" })).await.expect(201).json();
        assert!(made["id"].as_str().unwrap().starts_with("dry-"));
        form(&admin, "/provisioning/2/settings", "dry_run=false&was_dry_run=true").await.expect(303);
        assert!(!admin.get("/provisioning/2").await.expect(200).text.contains("Dry run: calls change nothing"));

        form(&admin, "/provisioning/2/pause", "enabled=true").await.expect(303);
        idp.get("/scim/Users").await.expect(503);
        assert!(admin.get("/provisioning/2").await.expect(200).text.contains("Nothing is lost"));
        form(&admin, "/provisioning/2/pause", "enabled=false").await.expect(303);
        form(&admin, "/provisioning/2/switch", "enabled=false").await.expect(303);
        idp.get("/scim/v2/Users").await.expect(401);

        // OAuth.
        let page = form(&admin, "/provisioning/2/client/secret", "").await.expect(200).text;
        assert!(secret(&page).starts_with("bgc_") && page.contains("http://burgee.test/oauth/token"));
        let page = form(&admin, "/provisioning/2/client/keys", "keys=nonsense").await.expect(422).text;
        assert!(page.contains("id=\"keys-problem\"") && page.contains("nonsense"));
        // With a client, it gets in without a token; without either, a card says so.
        form(&admin, "/provisioning/2/switch", "enabled=true").await.expect(303);
        let expire = async |at: &str| {
            server.rows(&format!("UPDATE scim_tokens SET expires_at = {at} WHERE connection_id = 2")).await;
        };
        expire("1").await;
        let pages = async || admin.get("/provisioning").await.expect(200).text + &admin.get("/provisioning/2").await.expect(200).text;
        assert!(!pages().await.contains("token expired"));
        form(&admin, "/provisioning/2/client/remove", "").await.expect(303);
        assert_eq!(pages().await.matches("token expired").count(), 2);
        expire("NULL").await;
        assert!(!pages().await.contains("token expired"));
        server.rows("DELETE FROM scim_tokens WHERE connection_id = 2").await;
        assert_eq!(pages().await.matches("no token").count(), 2);
        form(&admin, "/provisioning/2/client/secret", "").await.expect(200);
        assert!(pages().await.contains("the identity provider gets in by OAuth") && !pages().await.contains("no token"));

        // Only what it manages goes, and the connection itself when that is typed.
        server.push_user(json!({ "userName": "of-the-default-one" })).await;
        let page = form(&admin, "/provisioning/2/remove/users", "words=delete+2+users").await.expect(422).text;
        assert!(page.contains("delete 1 user”") && page.contains("value=\"delete 2 users\""));
        form(&admin, "/provisioning/2/remove/users", "words=delete+1+user").await.expect(303);
        assert_eq!(recorded(&server, "scim-users-deleted").await, 1);
        assert_eq!(server.scim().get("/scim/Users").await.expect(200).json()["totalResults"], 1);
        form(&admin, "/provisioning/2/delete", "people=release&words=wrong").await.expect(422);
        form(&admin, "/provisioning/2/delete", "words=acme-inc").await.expect(422);
        form(&admin, "/provisioning/2/delete", "people=release&words=acme-inc").await.expect(303);
        admin.get("/provisioning/2").await.expect(404);
        for guide in ["okta", "entra", "onelogin", "jumpcloud", "google", "keycloak", "authentik", "generic"] {
            assert!(admin.get(&format!("/provisioning/guides/{guide}")).await.expect(200).text.contains("Provisioning with"));
            // Its steps have the address and the place of the token, from the token to the first call.
            server.admin().put("/api/admin/provisioning/connections/1", json!({ "provider": guide })).await.expect(200);
            let page = admin.get("/provisioning/1/setup").await.expect(200).text;
            for words in ["Make a token", "http://burgee.test/scim", "&lt;token&gt;", "See the first call arrive"] {
                assert!(page.contains(words), "{guide}: {words} in {page}");
            }
        }
    }

    async fn it_is_set_who_gets_in_and_which_pages_get_flags(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let page = form(&admin, "/sign-in-settings/origins", "was=*&origins=shop.test%2Fpath").await.expect(422).text;
        assert!(page.contains("id=\"origins-problem\"") && page.contains(">shop.test/path<"));
        form(&admin, "/sign-in-settings/origins", "was=*&origins=https%3A%2F%2Fa.test").await.expect(303);
        // Refused input does not take somebody's change for known.
        let page = form(&admin, "/sign-in-settings/origins", "was=*&origins=nonsense").await.expect(422).text;
        assert_eq!(hidden(&page, "was"), "*");
        let page = form(&admin, "/sign-in-settings/origins", "was=*&origins=https%3A%2F%2Fb.test").await.expect(422).text;
        assert!(page.contains("Somebody else made it: https://a.test") && page.contains(">https://b.test<"));
        let config = server.admin().get("/api/admin/ui-config").await.expect(200).json();
        assert_eq!(config["frontendApiOrigins"], json!(["https://a.test"]));
        assert!(form(&admin, "/sign-in-settings/new-link", "name=+&lasts=7").await.expect(422).text.contains("name-problem"));
        let link = secret(&form(&admin, "/sign-in-settings/new-link", "name=Team&lasts=7").await.expect(200).text);
        let path = link.strip_prefix("http://burgee.test").unwrap();
        server.anonymous().get(path).await.expect(200);
        let page = admin.get("/sign-in-settings").await.expect(200).text;
        assert!(page.contains("Team") && !page.contains("invite="));
        let to = page.split("/sign-in-settings/links/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        form(&admin, &format!("/sign-in-settings/links/{to}/switch"), "enabled=false").await.expect(303);
        server.anonymous().get(path).await.expect(400);
    }

    async fn who_may_do_one_thing_about_the_server_finds_it(server) {
        for (name, permission, page) in [
            ("bea", "UPDATE_INSTANCE_BANNERS", "/instance/banners"),
            ("mia", "UPDATE_MAINTENANCE_MODE", "/instance/maintenance"),
            ("lea", "READ_LOGS", "/instance/sign-ins"),
        ] {
            let role = json!({ "name": permission, "type": "root-custom", "permissions": [{ "name": permission }] });
            server.admin().post("/api/admin/roles", role).await.expect(200);
            let who = person(&server, name, permission).await;
            assert!(who.get("/").await.expect(200).text.contains("href=\"/instance\""));
            assert_eq!(who.get("/instance").await.expect(303).header("location"), page);
            let shown = who.get(page).await.expect(200).text;
            for tab in ["/instance/configuration", "/instance/banners", "/instance/maintenance", "/instance/sign-ins"] {
                assert_eq!(shown.contains(&format!("href=\"{tab}\"")), tab == page, "{name}: {tab}");
            }
            form(&who, "/instance/maintenance", "enabled=true").await.expect(if name == "mia" { 303 } else { 403 });
            if name == "mia" {
                assert!(who.get("/").await.expect(200).text.contains("End it"));
                form(&who, "/instance/maintenance", "enabled=false").await.expect(303);
            }
        }
    }

    async fn banners_and_maintenance_reach_everybody(server) {
        let admin = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let viewer = person(&server, "vera", "Viewer").await;
        let typed = "message=Frozen&variant=warning&link=javascript%3Aalert(1)&enabled=true";
        let page = form(&admin, "/instance/banners/new", typed).await.expect(422).text;
        assert!(page.contains("id=\"link-problem\"") && page.contains("Frozen") && !page.contains("href=\"javascript"));
        let typed = "message=Frozen&variant=warning&link=%2Fevents&enabled=true";
        let page = form(&admin, "/instance/banners/new", &format!("{typed}&act=preview")).await.expect(200).text;
        assert!(page.contains("Preview") && !viewer.get("/").await.expect(200).text.contains("Frozen"));
        form(&admin, "/instance/banners/new", typed).await.expect(303);
        assert!(viewer.get("/").await.expect(200).text.contains("Frozen"));
        let page = form(&admin, "/instance/banners/1", "message=Mine&variant=info&was=stale").await.expect(409).text;
        assert!(page.contains("Somebody changed this banner") && page.contains(">Mine<"));
        form(&admin, "/instance/banners/1/switch", "enabled=false").await.expect(303);
        assert!(!viewer.get("/").await.expect(200).text.contains("Frozen"));
        form(&viewer, "/instance/maintenance", "enabled=true").await.expect(403);
        form(&admin, "/instance/maintenance", "enabled=true").await.expect(303);
        assert!(viewer.get("/").await.expect(200).text.contains("nothing can be changed now"));
        form(&admin, "/instance/banners/1/switch", "enabled=true").await.expect(503);
        form(&admin, "/instance/maintenance", "enabled=false").await.expect(303);
        let health = admin.get("/instance").await.expect(200).text;
        assert!(health.contains("SQLite") || health.contains("PostgreSQL"));
        let table = admin.get("/instance/sign-ins.csv").await.expect(200);
        assert!(table.header("content-type").starts_with("text/csv") && table.text.contains("\"vera\""));
        let narrowed = admin.get("/instance/sign-ins.csv?q=adm").await.expect(200).text;
        assert!(narrowed.contains("\"admin\"") && !narrowed.contains("\"vera\""), "as the list is narrowed: {narrowed}");
        for path in ["/instance/configuration", "/instance/statistics", "/instance/sessions", "/instance/sign-ins?which=refused"] {
            admin.get(path).await.expect(200);
        }
    }
}
