//! `/api/frontend`: results for web pages, by whatever way the context comes.

use std::collections::BTreeMap;

use burgee::access::{Administer, Granted, Root};
use burgee::events::{Event, Fact};
use burgee::sql;
use burgee_eval::document::Document;
use burgee_eval::{Context, State};
use proptest::prelude::{Strategy as _, any};
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};

use super::{fetch, flag, project, sdk, segment, strategy, token, turn, until};
use crate::support::TestServer;
use crate::support::client::{Answer, Client};
use crate::support::server::ADMIN_TOKEN;

const FRONTEND: &str = "/api/frontend";

/// A page's SDK for some projects in `development`.
async fn page(server: &TestServer, projects: &[&str]) -> Client {
    let secret = token(server, "frontend", projects).await;
    server.anonymous().with("authorization", &secret)
}

/// The results with everything in them that was acknowledged.
fn newest(page: &Client) -> Client {
    page.with("if-none-match", "\"0:9000000000\"")
}

fn names(answer: &Answer) -> Vec<String> {
    let toggles = answer.json()["toggles"].as_array().unwrap().clone();
    toggles.iter().map(|toggle| toggle["name"].as_str().unwrap().to_owned()).collect()
}

/// On for whoever has `value` in `field`.
fn only(field: &str, value: &str) -> Value {
    json!({"name": "default", "constraints": [{"contextName": field, "operator": "IN", "values": [value]}]})
}

/// Makes a flag that is on in `development` for whoever has `value` in `field`.
async fn flag_for(server: &TestServer, name: &str, field: &str, value: &str) {
    server.admin().post("/api/admin/projects/default/features", json!({"name": name})).await.expect(201);
    strategy(server, "default", name, only(field, value)).await;
    turn(server, "default", name, true).await;
}

both! {
    async fn results_have_unleashs_shape(server) {
        let admin = server.admin();
        flag(&server, "default", "boat").await;
        flag(&server, "default", "anchor").await;
        flag(&server, "default", "wreck").await;
        turn(&server, "default", "wreck", false).await;
        admin.post("/api/admin/projects/default/features", json!({"name": "co\"lo\\ur", "impressionData": true})).await.expect(400);
        admin.post("/api/admin/projects/default/features", json!({"name": "colour", "impressionData": true})).await.expect(201);
        for (name, payload) in [("red \"1\"", json!({"type": "json", "value": "{\"a\": \"b\"}"})), ("blue", Value::Null)] {
            let mut variant = json!({"name": name, "weight": 1000, "weightType": "variable", "stickiness": "default"});
            if !payload.is_null() {
                variant["payload"] = payload;
            }
            let mut only = only("userId", name);
            only["variants"] = json!([variant]);
            strategy(&server, "default", "colour", only).await;
        }
        turn(&server, "default", "colour", true).await;

        let page = newest(&page(&server, &["*"]).await);
        let answer = page.get(&format!("{FRONTEND}?userId=red+%221%22")).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert!(answer.header("etag").starts_with("W/\""), "{}", answer.header("etag"));
        let none = json!({"name": "disabled", "enabled": false, "feature_enabled": true, "featureEnabled": true});
        let toggle = |name: &str| json!({"name": name, "enabled": true, "variant": none, "impressionData": false});
        let colour = json!({
            "name": "colour", "enabled": true, "impressionData": true,
            "variant": {"name": "red \"1\"", "enabled": true, "feature_enabled": true, "featureEnabled": true,
                        "payload": {"type": "json", "value": "{\"a\": \"b\"}"}},
        });
        assert_eq!(answer.json(), json!({"toggles": [toggle("anchor"), toggle("boat"), colour]}));

        let blue = page.post(FRONTEND, json!({"context": {"userId": "blue"}})).await.expect(200).json();
        assert_eq!(blue["toggles"][2]["variant"], json!(
            {"name": "blue", "enabled": true, "feature_enabled": true, "featureEnabled": true}
        ));

        let all = page.get("/api/frontend/all").await.expect(200);
        assert_eq!(names(&all), ["anchor", "boat", "colour", "wreck"]);
        let off = json!({
            "name": "wreck", "enabled": false, "impressionData": false,
            "variant": {"name": "disabled", "enabled": false, "feature_enabled": false, "featureEnabled": false},
        });
        assert_eq!(all.json()["toggles"][3], off);
        assert_eq!(page.post("/api/frontend/all", json!({})).await.expect(200).text, all.text);
        let one = page.get("/api/frontend/features/wreck").await.expect(200);
        assert_eq!(one.json(), off);
        let one = page.post("/api/frontend/features/colour", json!({"userId": "red \"1\""})).await.expect(200);
        assert_eq!(one.json(), colour);
        let none = page.get("/api/frontend/features/nothing").await.expect(404);
        assert_eq!(none.json()["name"], "NotFoundError");
    }

    async fn the_context_comes_from_everywhere(server) {
        for field in ["userId", "sessionId", "appName", "environment", "remoteAddress", "plan"] {
            flag_for(&server, field, field, "yes").await;
        }
        flag_for(&server, "number", "plan", "7").await;
        flag_for(&server, "home", "remoteAddress", "127.0.0.1").await;
        let page = newest(&page(&server, &["*"]).await);
        let on = |answer: Answer| names(&answer.expect(200));
        let get = async |query: &str| on(page.get(&format!("{FRONTEND}{query}")).await);
        let post = async |body: Value| on(page.post(FRONTEND, body).await);
        assert_eq!(get("").await, ["home"]);
        assert_eq!(get("?userId=yes&sessionId=yes&appName=yes").await, ["appName", "home", "sessionId", "userId"]);
        assert_eq!(get("?remoteAddress=yes").await, ["remoteAddress"]);
        assert_eq!(get("?remoteAddress=").await, ["home"], "empty is absent");
        assert_eq!(get("?environment=yes").await, ["environment", "home"], "which does not choose the environment");
        assert_eq!(get("?properties[plan]=yes").await, ["home", "plan"]);
        assert_eq!(get("?properties%5Bplan%5D=yes").await, ["home", "plan"]);
        assert_eq!(get("?plan=yes").await, ["home", "plan"]);
        assert_eq!(get("?plan=yes&properties[plan]=no").await, ["home", "plan"]);
        assert_eq!(get("?properties[userId]=yes").await, ["home", "userId"]);
        assert_eq!(get("?properties=yes&properties[]=yes&=yes&&x").await, ["home"]);
        for context in [
            json!({"userId": "yes", "plan": 7}),
            json!({"userId": "yes", "properties": {"plan": 7}}),
            json!({"userId": "yes", "properties": {"plan": "7", "odd": [1], "none": null}, "odd": {"a": 1}}),
        ] {
            assert_eq!(post(context.clone()).await, ["home", "number", "userId"]);
            assert_eq!(post(json!({ "context": context })).await, ["home", "number", "userId"]);
        }
        for empty in [json!({}), json!({"context": {}}), json!({"context": null}), json!({"context": {"userId": ""}})] {
            assert_eq!(post(empty).await, ["home"]);
        }
        let nothing = page.send(Method::POST, FRONTEND, None, "").await;
        assert_eq!(on(nothing), ["home"]);
        // Nobody believes a client who says where it is, unless there is a proxy to trust.
        let elsewhere = page.with("x-forwarded-for", "yes").with("x-forwarded-for", "10.0.0.1");
        assert_eq!(on(elsewhere.get(FRONTEND).await), ["home"]);
    }

    async fn who_has_the_results_does_not_get_them_again(server) {
        flag_for(&server, "boat", "userId", "7").await;
        flag(&server, "default", "buoy").await;
        let page = page(&server, &["*"]).await;
        let path = format!("{FRONTEND}?userId=8");
        let first = newest(&page).get(&path).await.expect(200);
        let etag = first.header("etag").to_owned();
        for known in [etag.clone(), etag.trim_start_matches("W/").to_owned(), format!("\"other\", {etag}")] {
            let answer = page.with("if-none-match", &known).get(&path).await.expect(304);
            assert_eq!((answer.text.as_str(), answer.header("etag")), ("", etag.as_str()));
        }
        // Of a revision that there is not: they may be the same, but the client must not go on believing it.
        let (hash, _) = etag.split_once(':').unwrap();
        let ahead = page.with("if-none-match", &format!("{hash}:9000000000\"")).get(&path).await.expect(200);
        assert_eq!(ahead.header("etag"), etag);
        let knowing = page.with("if-none-match", &etag);
        knowing.post(FRONTEND, json!({"context": {"userId": "8"}})).await.expect(304);
        let other = knowing.get(&format!("{FRONTEND}?userId=7")).await.expect(200);
        assert_ne!(other.header("etag"), etag);
        // A change that is none for this user leaves them alone; one that is one is seen.
        flag_for(&server, "dinghy", "userId", "7").await;
        until(&page, &format!("{FRONTEND}?userId=7"), |answer| names(answer).len() == 3).await;
        knowing.get(&path).await.expect(304);
        turn(&server, "default", "buoy", false).await;
        let changed = until(&knowing, &path, |answer| answer.status == 200).await;
        assert_eq!(names(&changed), Vec::<String>::new());
        let packed = page.with("accept-encoding", "gzip").get("/api/frontend/all").await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip");
    }

    async fn tokens_reach_their_projects(server) {
        project(&server, "harbour").await;
        flag(&server, "default", "boat").await;
        flag(&server, "harbour", "crane").await;
        let all = newest(&page(&server, &["*"]).await);
        let harbour = newest(&page(&server, &["harbour"]).await);
        assert_eq!(names(&all.get(FRONTEND).await), ["boat", "crane"]);
        assert_eq!(names(&harbour.get(FRONTEND).await), ["crane"]);
        harbour.get("/api/frontend/features/boat").await.expect(404);
        let body = json!({"tokenName": "p", "type": "frontend", "environment": "production", "projects": ["*"]});
        let production = server.admin().post("/api/admin/api-tokens", body).await.expect(201).json();
        let production = newest(&server.anonymous().with("authorization", production["secret"].as_str().unwrap()));
        assert_eq!(names(&production.get(FRONTEND).await), Vec::<String>::new());
        assert_eq!(names(&production.get("/api/frontend/all").await), ["boat", "crane"]);

        // What depends on something that the token does not reach is off, as it is for SDKs with such a token.
        let grant = Granted::<Administer>::system("test", Root);
        let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
        tx.execute(sql!("INSERT INTO feature_dependencies (child, parent) VALUES ($1, $2)", "crane", "boat")).await.unwrap();
        tx.record(Event::bare(Fact::FeatureMetadataUpdated).on("crane").within(Some("harbour".to_owned()), None));
        tx.commit().await.unwrap();
        assert_eq!(names(&all.get(FRONTEND).await), ["boat", "crane"]);
        assert_eq!(names(&harbour.get(FRONTEND).await), Vec::<String>::new());
        turn(&server, "default", "boat", false).await;
        assert_eq!(names(&all.get(FRONTEND).await), Vec::<String>::new());
    }

    async fn only_frontend_tokens_get_in(server) {
        let anonymous = server.anonymous();
        let answer = anonymous.get(FRONTEND).await.expect(401);
        assert!(answer.text.contains("requires an API token"), "{}", answer.text);
        let secret = token(&server, "frontend", &["*"]).await;
        let ask = async |secret: String| anonymous.with("authorization", &secret).get(FRONTEND).await.status;
        assert_eq!(ask(secret.clone()).await, 200);
        assert_eq!(ask(format!("Bearer {secret}")).await, 200);
        assert_eq!(ask(format!("{secret}x")).await, 401);
        assert_eq!(ask(token(&server, "client", &["*"]).await).await, 403);
        assert_eq!(ask(ADMIN_TOKEN.to_owned()).await, 403);
        assert_eq!(anonymous.with("x-api-key", &secret).get(FRONTEND).await.status, 401);
        server.admin().delete(&format!("/api/admin/api-tokens/{secret}")).await.done();
        until(&anonymous.with("authorization", &secret), FRONTEND, |answer| answer.status == 401).await;
    }

    async fn nonsense_is_refused_in_words(server) {
        flag_for(&server, "boat", "userId", "7").await;
        let page = page(&server, &["*"]).await;
        let send = async |body: &str, kind: &str| {
            page.send(Method::POST, FRONTEND, Some(body.to_owned()), kind).await
        };
        let json = "application/json";
        let many: Vec<String> = (0..1001).map(|number| format!("\"f{number}\":1")).collect();
        for (body, words) in [
            ("{", "invalid JSON"),
            ("{\"context\":{}}}", "invalid JSON"),
            (&format!("{{\"a\":{}", "[".repeat(50_000)), "invalid JSON"),
            ("{\"a\":\"\\ud800\"}", "invalid JSON"),
            ("[]", "expected an object"),
            ("7", "expected an object"),
            ("{\"context\":[]}", "the object `context`"),
            ("{\"context\":{\"properties\":7}}", "the object `properties`"),
            (&format!("{{{}}}", many.join(",")), "1000 fields"),
            (&format!("{{\"plan\":\"{}\"}}", "x".repeat(9000)), "`plan`"),
        ] {
            let answer = send(body, json).await.expect(400).json();
            assert_eq!(answer["name"], "BadDataError");
            assert!(answer.to_string().contains(words), "{words}: {answer}");
        }
        send(&format!("{{\"plan\":\"{}\"}}", "x".repeat(200_000)), json).await.expect(413);
        send("{}", "text/plain").await.expect(415);
        let long = page.get(&format!("{FRONTEND}?plan={}", "x".repeat(9000))).await.expect(400);
        assert!(long.text.contains("`plan`"), "{}", long.text);
        let many: Vec<String> = (0..1001).map(|number| format!("f{number}=1")).collect();
        page.get(&format!("{FRONTEND}?{}", many.join("&"))).await.expect(400);
        for fine in [
            "{\"currentTime\":\"soon\",\"remoteAddress\":\"nowhere\",\"userId\":1e999999}",
            "{\"context\":{\"userId\":true,\"properties\":{\"\":\"\",\"a\":18446744073709551616,\"b\":-0.0}}}",
        ] {
            let status = send(fine, json).await.status;
            assert!(matches!(status, 200 | 400), "{status}: {fine}");
        }
        page.get(&format!("{FRONTEND}?userId=%ff%00&properties[[x]]=1&a%5B=%")).await.expect(200);
        page.send(Method::PUT, FRONTEND, Some("{}".to_owned()), json).await.expect(404);
    }

    async fn pages_from_allowed_origins_may_read(server) {
        flag(&server, "default", "boat").await;
        let page = page(&server, &["*"]).await;
        let from = |origin: &str| page.with("origin", origin);
        let answer = from("https://a.example").get(FRONTEND).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-expose-headers"), "ETag");
        assert!(answer.headers.get_all("vary").iter().any(|value| value == "Origin"), "{:?}", answer.headers);
        let refused = server.anonymous().with("origin", "https://a.example").get(FRONTEND).await.expect(401);
        assert_eq!(refused.header("access-control-allow-origin"), "*", "scripts can see why");

        let origins = json!({"frontendApiOrigins": ["https://a.example", "https://b.example:8443"]});
        server.admin().post("/api/admin/ui-config/cors", origins).await.expect(204);
        let closed = |answer: &Answer| answer.header("access-control-allow-origin").is_empty();
        until(&from("https://c.example"), FRONTEND, closed).await.expect(200);
        for path in [FRONTEND, "/api/frontend/all", "/ofrep/v1/evaluate/flags"] {
            let asking = server.anonymous()
                .with("origin", "https://b.example:8443")
                .with("access-control-request-method", "POST")
                .with("access-control-request-headers", "authorization,x-odd");
            let preflight = asking.send(Method::OPTIONS, path, None, "").await.expect(204);
            assert_eq!(preflight.header("access-control-allow-origin"), "https://b.example:8443");
            assert_eq!(preflight.header("access-control-allow-credentials"), "true");
            assert_eq!(preflight.header("access-control-allow-headers"), "authorization,x-odd");
            assert!(preflight.header("access-control-allow-methods").contains("POST"));
            assert_eq!(preflight.header("access-control-max-age"), "86400");
            let other = asking.with("origin", "https://b.example").send(Method::OPTIONS, path, None, "").await;
            assert!(closed(&other.expect(204)));
        }
        let answer = from("https://a.example").get(FRONTEND).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "https://a.example");
        let elsewhere = from("https://a.example").get("/health").await;
        assert!(closed(&elsewhere), "nothing else is for pages");
    }

    async fn results_are_those_that_sdks_would_come_to(server) {
        let admin = server.admin();
        let crew = segment(&server, "crew", "7").await;
        for name in ["parent", "child", "rollout", "users", "crewed", "networks", "version", "mixed"] {
            flag(&server, "default", name).await;
        }
        for name in ["rollout", "users", "crewed", "networks", "version", "mixed"] {
            let path = format!("/api/admin/projects/default/features/{name}/environments/development/strategies");
            let first = admin.get(&path).await.expect(200).json()[0]["id"].as_str().unwrap().to_owned();
            admin.delete(&format!("{path}/{first}")).await.expect(200);
        }
        let variant = |name: &str, weight: u32| json!({
            "name": name, "weight": weight, "weightType": "fix", "stickiness": "default",
            "payload": {"type": "string", "value": format!("\"{name}\"")},
        });
        let half = json!({"rollout": "50", "stickiness": "default", "groupId": "rollout"});
        for (name, body) in [
            ("rollout", json!({"name": "flexibleRollout", "parameters": half,
                "variants": [variant("a", 300), variant("b", 700), json!({"name": "c", "weight": 0, "weightType": "variable", "stickiness": "default"})]})),
            ("users", only("userId", "7")),
            ("crewed", json!({"name": "default", "segments": [crew]})),
            ("networks", json!({"name": "remoteAddress", "parameters": {"IPs": "10.0.0.0/8"}})),
            ("version", json!({"name": "default", "constraints": [
                {"contextName": "version", "operator": "SEMVER_GT", "value": "1.2.0"}]})),
            ("mixed", only("plan", "gold")),
            ("mixed", json!({"name": "flexibleRollout", "parameters": {"rollout": "20", "stickiness": "tenant",
                "groupId": "mixed"}})),
        ] {
            strategy(&server, "default", name, body).await;
        }
        admin.post("/api/admin/projects/default/features/child/dependencies", json!({"feature": "parent"})).await.expect(200);
        strategy(&server, "default", "parent", only("plan", "gold")).await;

        let document = fetch(&sdk(&server, &["*"]).await).await;
        let document: Document = serde_json::from_str(&document.text).unwrap();
        let state = State::compile(&document);
        let page = page(&server, &["*"]).await;
        assert_eq!(newest(&page).get("/api/frontend/all").await.json()["toggles"].as_array().unwrap().len(), 8);

        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        for _ in 0..60 {
            let fields = contexts().new_tree(&mut runner).unwrap();
            let fields = proptest::strategy::ValueTree::current(&fields);
            let mut context = Context::new(jiff::Timestamp::UNIX_EPOCH, 0);
            for (name, value) in &fields {
                context.set(name, value.as_str());
            }
            let expected: BTreeMap<&str, Value> = state.evaluate_all(&context).map(|evaluation| {
                let variant = evaluation.variant;
                (evaluation.name, json!([evaluation.enabled, variant.name, variant.enabled, variant.feature_enabled, variant.payload]))
            }).collect();
            let query: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let got = page.get(&format!("/api/frontend/all?{}", query.join("&"))).await.expect(200).json();
            let posted = page.post("/api/frontend/all", json!({ "context": fields })).await.expect(200).json();
            assert_eq!(got, posted);
            let got: BTreeMap<&str, Value> = got["toggles"].as_array().unwrap().iter().map(|toggle| {
                let variant = &toggle["variant"];
                (toggle["name"].as_str().unwrap(), json!([
                    toggle["enabled"], variant["name"], variant["enabled"], variant["featureEnabled"], variant["payload"]
                ]))
            }).collect();
            assert_eq!(got, expected, "{fields:?}");
        }
    }
}

/// Contexts with a session and an address, so that nothing is random.
fn contexts() -> impl proptest::strategy::Strategy<Value = BTreeMap<String, String>> {
    let pick = |values: &'static [&'static str]| proptest::option::of(proptest::sample::select(values));
    (
        pick(&["7", "8", "9"]),
        any::<u16>(),
        pick(&["gold", "silver"]),
        pick(&["a", "b", "c", "d", "e"]),
        proptest::sample::select(&["10.0.0.7", "192.168.0.1", "odd"][..]),
        pick(&["1.2.0", "1.10.0", "v2"]),
    )
        .prop_map(|(user, session, plan, tenant, address, version)| {
            let fields = [("userId", user), ("plan", plan), ("tenant", tenant), ("version", version)];
            let given =
                fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
            given
                .chain([
                    ("sessionId".to_owned(), session.to_string()),
                    ("remoteAddress".to_owned(), address.to_owned()),
                ])
                .collect()
        })
}

#[tokio::test]
async fn a_trusted_proxy_tells_where_clients_are() {
    let server = TestServer::sqlite_with(&["--trust-proxy"]).await;
    flag_for(&server, "far", "remoteAddress", "203.0.113.9").await;
    let page = newest(&page(&server, &["*"]).await).with("x-forwarded-for", "1.1.1.1, 203.0.113.9");
    assert_eq!(names(&page.get(FRONTEND).await.expect(200)), ["far"]);
}

#[tokio::test]
async fn the_operator_says_which_origins_are_allowed_at_first() {
    let server =
        TestServer::sqlite_with(&["--unleash-frontend-api-origins", "https://a.example,https://b.example"])
            .await;
    let page = page(&server, &["*"]).await;
    for (origin, allowed) in [("https://b.example", "https://b.example"), ("https://c.example", "")] {
        let answer = page.with("origin", origin).get(FRONTEND).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
}

/// Without a session, every request is somebody else.
#[tokio::test]
async fn nobody_in_particular_is_somebody_else_each_time() {
    let server = TestServer::sqlite().await;
    let path = "/api/admin/projects/default/features";
    server.admin().post(path, json!({"name": "half"})).await.expect(201);
    let half = json!({"rollout": "50", "stickiness": "default", "groupId": "half"});
    strategy(&server, "default", "half", json!({"name": "flexibleRollout", "parameters": half})).await;
    turn(&server, "default", "half", true).await;
    let page = page(&server, &["*"]).await;
    let mut on = 0;
    for _ in 0..60 {
        on += names(&newest(&page).get(FRONTEND).await.expect(200)).len();
        let sticky = newest(&page).get(&format!("{FRONTEND}?sessionId=1")).await.expect(200).text;
        assert_eq!(sticky, page.get(&format!("{FRONTEND}?sessionId=1")).await.expect(200).text);
    }
    assert!((1..60).contains(&on), "{on} of 60: all the same has a chance of 2 in 2^60");
}
