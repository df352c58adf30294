//! What SDKs count: taken in, added up, and what it says of flags.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use burgee::app::{App, Opened};
use burgee::clock::{Clock, Time};
use burgee::entropy::Entropy;
use burgee::metrics;
use proptest::prelude::{Strategy, any, prop};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use super::{fetch, flag, project, token, turn};
use crate::support::TestServer;
use crate::support::client::{Answer, Client};
use crate::support::postgres::Scratch;
use crate::support::server::{ADMIN_TOKEN, config};

pub(super) const METRICS: &str = "/api/client/metrics";
pub(super) const BULK: &str = "/api/client/metrics/bulk";
const FRONTEND: &str = "/api/frontend/client/metrics";
const UNKNOWN: &str = "/api/admin/metrics/unknown-flags";

pub(super) async fn client(server: &TestServer, kind: &str, projects: &[&str]) -> Client {
    server.anonymous().with("authorization", &token(server, kind, projects).await)
}

/// Yes, no, and each variant.
type Sums = (u64, u64, BTreeMap<String, u64>);

/// What an SDK sends about flags that were used now.
pub(super) fn counted(server: &TestServer, toggles: &Value) -> Value {
    let now = server.app.clock.now().to_string();
    json!({"appName": "shop", "instanceId": "i", "bucket": {"start": now, "stop": now, "toggles": toggles}})
}

/// Writes everything that was noted.
pub(super) async fn written(server: &TestServer) {
    let app = &server.app;
    app.registrations.write(&app.db).await.unwrap();
    app.usage.write(&app.db, |flag, name, yes, no| app.metrics.usage(flag, name, yes, no)).await.unwrap();
    app.usage.write_sightings(&app.db, app.clock.now()).await.unwrap();
}

async fn usage(client: &Client, flag: &str) -> Value {
    client.get(&format!("/api/admin/client-metrics/features/{flag}")).await.expect(200).json()
}

async fn raw(client: &Client, flag: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/admin/client-metrics/features/{flag}/raw{query}");
    client.get(&path).await.expect(200).json()["data"].as_array().unwrap().clone()
}

/// Yes and no of a flag in all hours that are shown.
pub(super) async fn sums(client: &Client, flag: &str) -> (i64, i64) {
    let rows = raw(client, flag, "").await;
    let sum = |key: &str| rows.iter().map(|row| row[key].as_i64().unwrap()).sum();
    (sum("yes"), sum("no"))
}

async fn stages(client: &Client, flag: &str) -> Vec<String> {
    let path = format!("/api/admin/projects/default/features/{flag}/lifecycle");
    let history = client.get(&path).await.expect(200).json();
    history.as_array().unwrap().iter().map(|step| step["stage"].as_str().unwrap().to_owned()).collect()
}

/// What a statement that counts says.
pub(super) async fn count_rows(server: &TestServer, sql: &str) -> i64 {
    server.rows(sql).await[0][0].as_ref().unwrap().parse().unwrap()
}

async fn flag_of(server: &TestServer, name: &str) -> Value {
    server.admin().get(&format!("/api/admin/projects/default/features/{name}")).await.expect(200).json()
}

both! {
    async fn what_is_counted_is_shown(server) {
        flag(&server, "default", "boat").await;
        let (admin, sdk) = (server.admin(), client(&server, "client", &["*"]).await);
        let page = client(&server, "frontend", &["default"]).await;
        let boat = json!({"boat": {"yes": 3, "no": 1, "variants": {"red": 2, "blue": 1}}});
        for _ in 0..2 {
            assert_eq!(sdk.post(METRICS, counted(&server, &boat)).await.expect(202).text, "");
        }
        written(&server).await;
        let mut told = counted(&server, &json!({"boat": {"yes": 0, "no": 5, "variants": null}}));
        told["appName"] = json!("page");
        let answer = page.post(FRONTEND, told).await.expect(200);
        assert_eq!((answer.text.as_str(), answer.header("content-type")), ("OK", "text/plain; charset=utf-8"));
        written(&server).await;

        let summary = usage(&admin, "boat").await;
        assert_eq!((&summary["featureName"], &summary["seenApplications"]), (&json!("boat"), &json!(["page", "shop"])));
        let hour = &summary["lastHourUsage"];
        assert_eq!(hour.as_array().unwrap().len(), 1);
        assert_eq!(hour[0], json!({
            "environment": "development", "timestamp": hour[0]["timestamp"], "yes": 6, "no": 7,
            "variants": {"red": 4, "blue": 2},
        }));
        assert!(hour[0]["timestamp"].as_str().unwrap().ends_with(":00:00.000Z"), "{hour}");

        for (query, buckets) in [("", 24), ("?hoursBack=1", 1), ("?hoursBack=48", 48), ("?hoursBack=72", 3), ("?hoursBack=x", 24), ("?hoursBack=999999", 91), ("?hoursBack=-1", 1)] {
            let rows = raw(&admin, "boat", query).await;
            assert_eq!(rows.len(), 2 * buckets, "{query}: a bucket for each application");
            let last = &rows[rows.len() - 1];
            assert_eq!((&last["appName"], &last["yes"], &last["no"], &last["variants"]), (&json!("shop"), &json!(6), &json!(2), &json!({"red": 4, "blue": 2})), "{query}");
        }
        let seen = flag_of(&server, "boat").await["environments"].clone();
        let shown: HashMap<&str, bool> = seen.as_array().unwrap().iter().map(|place| (place["name"].as_str().unwrap(), place["lastSeenAt"].is_string())).collect();
        assert_eq!(shown, HashMap::from([("development", true), ("production", false)]));
        let found = admin.get("/api/admin/search/features?sortBy=lastSeenAt").await.expect(200).json();
        assert!(found["features"][0]["environments"].to_string().contains("lastSeenAt\":\"2"), "{found}");

        // What is not there, or was not used.
        assert_eq!((usage(&admin, "nope").await["seenApplications"].clone(), raw(&admin, "nope", "").await), (json!([]), vec![]));
        let prometheus = server.anonymous().get("/internal-backstage/prometheus").await.expect(200).text;
        for line in [
            "feature_toggle_usage_total{toggle=\"boat\",active=\"true\",appName=\"shop\"} 6",
            "feature_toggle_usage_total{toggle=\"boat\",active=\"false\",appName=\"page\"} 5",
            "feature_toggles_total 1", "unknown_flags 0", "burgee_usage_lost 0",
        ] {
            assert!(prometheus.contains(line), "{line}: {prometheus}");
        }
    }

    async fn only_tokens_for_it_count(server) {
        let backend = client(&server, "client", &["*"]).await;
        let frontend = client(&server, "frontend", &["*"]).await;
        let edge = json!({"identifier": "e", "appName": "edge", "edgeVersion": "19.0.0"});
        let bulk = json!({"applications": [], "metrics": []});
        let page = json!({"appName": "page", "interval": 1, "started": 1, "strategies": []});
        for (path, body, ok) in [
            (METRICS, counted(&server, &json!({})), 202), (BULK, bulk, 202), ("/api/client/metrics/edge", edge, 202),
            ("/api/client/metrics/custom", json!({"metrics": []}), 202), (FRONTEND, counted(&server, &json!({})), 200),
            ("/api/frontend/client/register", page, 200),
        ] {
            let (right, wrong) = if ok == 202 { (&backend, &frontend) } else { (&frontend, &backend) };
            right.post(path, body.clone()).await.expect(ok);
            wrong.post(path, body.clone()).await.expect(403);
            server.admin().post(path, body.clone()).await.expect(403);
            server.anonymous().post(path, body.clone()).await.expect(401);
            server.anonymous().with("authorization", "*:development.nope").post(path, body).await.expect(401);
            right.send(Method::POST, path, Some("{}".into()), "text/plain").await.expect(415);
            right.send(Method::POST, path, Some("{\"appName\":".into()), "application/json").await.expect(400);
            right.post(path, json!({"appName": "x".repeat(200_000)})).await.expect(413);
        }
        backend.post("/edge/metrics", json!({})).await.expect(404);
    }

    async fn what_cannot_be_read_is_named(server) {
        flag(&server, "default", "boat").await;
        let sdk = client(&server, "client", &["*"]).await;
        let wrong = async |path: &str, body: Value, named: &str| {
            let answer = sdk.post(path, body).await.expect(400).json();
            assert_eq!(answer["name"], "BadDataError");
            assert!(answer["details"].to_string().contains(named), "{named}: {answer}");
        };
        let bucket = |stop: Value, toggles: Value| json!({"appName": "a", "bucket": {"start": 1, "stop": stop, "toggles": toggles}});
        for (body, named) in [
            (json!({}), "/body/appName"), (json!({"appName": ""}), "/body/appName"), (json!({"appName": 7}), "/body/appName"),
            (json!({"appName": "x".repeat(256)}), "/body/appName"), (json!({"appName": "a\0"}), "U+0000"), (json!([]), "/body"),
            (json!({"appName": "a", "bucket": {"stop": 1, "toggles": {}}}), "/body/bucket/start"),
            (json!({"appName": "a", "bucket": []}), "/body/bucket"),
            (bucket(json!(null), json!({})), "/body/bucket/stop"), (bucket(json!("soon"), json!({})), "timestamp"),
            (bucket(json!(1), json!([])), "/body/bucket/toggles"), (bucket(json!(1), json!({"boat": 7})), "/body/bucket/toggles/boat"),
            (bucket(json!(1), json!({"boat": {"yes": -1}})), "/body/bucket/toggles/boat/yes"),
            (bucket(json!(1), json!({"boat": {"no": "many"}})), "/body/bucket/toggles/boat/no"),
            (bucket(json!(1), json!({"boat": {"variants": {"red": -0.5}}})), "/body/bucket/toggles/boat/variants/red"),
        ] {
            wrong(METRICS, body, named).await;
        }
        for (body, named) in [
            (json!({"metrics": []}), "/body/applications"), (json!({"applications": [], "metrics": {}}), "/body/metrics"),
            (json!({"applications": [{"appName": "a"}], "metrics": []}), "/body/applications/0/environment"),
            (json!({"applications": [], "metrics": [{"appName": "a", "environment": "x"}]}), "/body/metrics/0/featureName"),
        ] {
            wrong(BULK, body, named).await;
        }
        wrong("/api/client/metrics/custom", json!({"metrics": [{"name": "x", "value": "1"}]}), "/body/metrics/0/value").await;
        written(&server).await;
        assert_eq!(sums(&server.admin(), "boat").await, (0, 0), "nothing of it was counted");
    }

    async fn clocks_of_sdks_may_say_anything(server) {
        flag(&server, "default", "boat").await;
        let sdk = client(&server, "client", &["*"]).await;
        let now = server.app.clock.now();
        let ago = |hours| now.minus(Duration::from_hours(hours));
        let second = &now.to_string()[..19];
        for (stop, number) in [
            (json!(format!("{second}Z")), 0), (json!(format!("{second}.1+00:00")), 1), (json!(format!("{second}.123456789Z")), 2),
            (json!(now.millis()), 3), (serde_json::from_str(&format!("{}.5", now.millis())).unwrap(), 4), (json!("1867-11-07T12:00:00Z"), 5),
            (json!("9999-12-31T23:59:59Z"), 6), (json!(-7), 7), (json!(u64::MAX), 8), (json!(ago(25).to_string()), 9),
        ] {
            let toggles = json!({"boat": {"yes": 2_u64.pow(number)}});
            let body = json!({"appName": "shop", "bucket": {"start": "2026-01-01T00:00:00+01:00", "stop": stop, "toggles": toggles}});
            sdk.post(METRICS, body).await.expect(202);
        }
        let late = json!({"boat": {"yes": 2_u64.pow(10)}});
        sdk.post(METRICS, json!({"appName": "shop", "bucket": {"start": 1, "stop": ago(5).to_string(), "toggles": late}})).await.expect(202);
        written(&server).await;
        let rows = raw(&server.admin(), "boat", "?hoursBack=48").await;
        let used: Vec<(i64, i64)> = (0..).zip(&rows).filter_map(|(hour, row)| Some((hour, row["yes"].as_i64()?)).filter(|(_, yes)| *yes > 0)).collect();
        assert_eq!(used, [(42, 2_i64.pow(10)), (47, 2_i64.pow(10) - 1)], "what is far off counts as now: {used:?}");
    }

    async fn flags_that_are_not_there_are_named(server) {
        flag(&server, "default", "boat").await;
        flag(&server, "default", "old").await;
        project(&server, "other").await;
        flag(&server, "other", "theirs").await;
        let admin = server.admin();
        admin.delete("/api/admin/projects/default/features/old").await.expect(202);
        let sdk = client(&server, "client", &["default"]).await;
        fetch(&sdk).await;
        let toggles = json!({
            "boat": {"yes": 1}, "ghost": {"no": 1}, "old": {"yes": 1, "no": 0}, "theirs": {"yes": 1}, "quiet": {"yes": 0, "no": 0},
            "": {"yes": 1}, "no name": {"yes": 1}, "x".repeat(101): {"yes": 1}, "a\0b": {"yes": 1},
        });
        for _ in 0..2 {
            sdk.post(METRICS, counted(&server, &toggles)).await.expect(202);
            written(&server).await;
        }
        let list = admin.get(UNKNOWN).await.expect(200).json()["unknownFlags"].clone();
        let names: Vec<&Value> = list.as_array().unwrap().iter().map(|flag| &flag["name"]).collect();
        assert_eq!(names, ["ghost", "old"]);
        assert_eq!((list[0]["lastEventAt"].is_null(), list[1]["lastEventAt"].is_string()), (true, true), "{list}");
        let report = &list[0]["reports"][0];
        assert_eq!((&report["appName"], &report["environments"][0]["environment"]), (&json!("shop"), &json!("development")));
        assert_eq!((&list[0]["lastSeenAt"], list[0]["reports"].as_array().unwrap().len()), (&report["environments"][0]["seenAt"], 1));
        assert_eq!((sums(&admin, "boat").await, sums(&admin, "old").await, sums(&admin, "theirs").await), ((2, 0), (0, 0), (0, 0)));
        let overview = admin.get("/api/admin/metrics/applications/shop/overview").await.expect(200).json();
        assert_eq!((&overview["featureCount"], &overview["environments"][0]["issues"]["missingFeatures"]), (&json!(1), &json!(["ghost", "old"])));
        let prometheus = server.anonymous().get("/internal-backstage/prometheus").await.expect(200).text;
        assert!(prometheus.contains("unknown_flags 2\n") && prometheus.contains("unknown_flags_unique_names 2\n"), "{prometheus}");
        // It is there now.
        flag(&server, "default", "ghost").await;
        assert_eq!(admin.get(UNKNOWN).await.expect(200).json()["unknownFlags"][0]["name"], "old");
    }

    async fn a_flood_of_names_is_bounded(server) {
        let sdk = client(&server, "client", &["*"]).await;
        for round in 0..3 {
            for part in 0..2 {
                let toggles: serde_json::Map<String, Value> = (0..500).map(|n| (format!("ghost-{round}-{part}-{n}"), json!({"yes": 1}))).collect();
                sdk.post(METRICS, counted(&server, &Value::Object(toggles))).await.expect(202);
            }
            written(&server).await;
        }
        let count = async || count_rows(&server, "SELECT COUNT(*) FROM unknown_flags").await;
        assert_eq!(count().await, 3000);
        metrics::forget(&server.app.db, server.app.clock.now(), 91).await.unwrap();
        assert_eq!(count().await, 1000);
        let list = server.admin().get(UNKNOWN).await.expect(200).json();
        assert!(list["unknownFlags"].as_array().unwrap().iter().all(|flag| flag["name"].as_str().unwrap().starts_with("ghost-2-")));
    }

    async fn an_edge_speaks_for_many(server) {
        flag(&server, "default", "boat").await;
        let admin = server.admin();
        let secret = token(&server, "client", &["*"]).await;
        let page = token(&server, "frontend", &["*"]).await;
        let edge = server.anonymous().with("authorization", &secret);
        fetch(&edge).await;
        let now = server.app.clock.now();
        let registration = |name: &str, environment: &str| json!({
            "appName": name, "instanceId": "i1", "environment": environment, "started": "2026-01-01T00:00:00Z", "interval": 15,
            "strategies": ["default"], "projects": ["default"], "sdkVersion": "unleash-node-sdk:6.12.1", "sdkType": "backend",
            "connectVia": [{"appName": "unleash-edge", "instanceId": "e1"}],
        });
        let count = |environment: &str, flag: &str| json!({
            "featureName": flag, "appName": "shop", "environment": environment, "timestamp": now.to_string(), "yes": 5, "no": 2, "variants": {"red": 4},
        });
        edge.post(BULK, json!({
            "applications": [registration("shop", "development"), registration("foreign", "production")],
            "metrics": [count("development", "boat"), count("production", "boat"), count("development", "ghost")],
            "impactMetrics": [{"appName": "shop", "environment": "development", "name": "sold", "help": "h", "type": "counter", "samples": [{"labels": {}, "value": 2}]},
                              {"appName": "shop", "environment": "production", "name": "elsewhere", "help": "h", "type": "counter", "samples": [{"value": 2}]}],
            "seenTokens": [page, "*:development.nope"],
        })).await.expect(202);
        edge.post("/api/client/metrics/edge", json!({
            "identifier": "e2", "appName": "unleash-edge", "edgeVersion": "19.15.1", "started": now.to_string(), "region": null,
            "traffic": {"get": {}, "post": {}, "accessDenied": {}, "cachedResponses": {}}, "connectedEdges": [], "connectedStreamingClients": 1,
            "latencyUpstream": {"features": {"avg": 1, "count": 1, "p99": 1}, "metrics": {"avg": 1, "count": 1, "p99": 1}, "edge": {"avg": 1, "count": 1, "p99": 1}},
        })).await.expect(202);
        written(&server).await;
        server.app.seen.write(&server.app.db).await.unwrap();
        let hour = usage(&admin, "boat").await["lastHourUsage"].clone();
        assert_eq!((hour.as_array().unwrap().len(), &hour[0]["yes"], &hour[0]["variants"]), (1, &json!(5), &json!({"red": 4})));
        assert_eq!(admin.get(UNKNOWN).await.expect(200).json()["unknownFlags"][0]["name"], "ghost");
        let list = admin.get("/api/admin/metrics/applications").await.expect(200).json()["applications"].clone();
        let names: Vec<&Value> = list.as_array().unwrap().iter().map(|app| &app["appName"]).collect();
        assert_eq!(names, ["shop", "unleash-edge"]);
        assert_eq!(list[0]["usage"], json!([{"project": "default", "environments": ["development"]}]));
        let edges = admin.get("/api/admin/metrics/instances/unleash-edge/environment/development").await.expect(200).json();
        let mut edges: Vec<(&str, &Value)> = edges["instances"].as_array().unwrap().iter().map(|one| (one["instanceId"].as_str().unwrap(), &one["sdkVersion"])).collect();
        edges.sort_unstable_by_key(|(id, _)| *id);
        assert_eq!(edges, [("e1", &Value::Null), ("e2", &json!("unleash-edge:19.15.1"))]);
        let tokens = admin.get("/api/admin/api-tokens").await.expect(200).json();
        let seen: BTreeMap<&str, bool> = tokens["tokens"].as_array().unwrap().iter().map(|token| (token["type"].as_str().unwrap(), token["seenAt"].is_string())).collect();
        assert!(seen["frontend"], "{tokens}");
        let impact = server.anonymous().get("/internal-backstage/impact/metrics").await.expect(200).text;
        assert!(impact.contains("sold{appName=\"shop\",environment=\"development\",metric_type=\"counter\",origin=\"edge\"} 2"), "{impact}");
        assert!(!impact.contains("elsewhere"));
    }

    async fn edges_ask_which_tokens_work(server) {
        project(&server, "other").await;
        let backend = token(&server, "client", &["default", "other"]).await;
        let frontend = token(&server, "frontend", &["*"]).await;
        let ask = async |body: Value| server.anonymous().post("/edge/validate", body).await;
        let answer = ask(json!({"tokens": [backend, "*:development.nope", frontend, ADMIN_TOKEN]})).await.expect(200).json();
        assert_eq!(answer, json!({"tokens": [
            {"token": backend, "type": "client", "environment": "development", "projects": ["default", "other"]},
            {"token": frontend, "type": "frontend", "environment": "development", "projects": ["*"]},
            {"token": ADMIN_TOKEN, "type": "admin", "environment": "*", "projects": ["*"]},
        ]}));
        server.admin().delete(&format!("/api/admin/api-tokens/{frontend}")).await.done();
        server.app.published.catch_up(&server.app.db).await.unwrap();
        assert_eq!(ask(json!({"tokens": [frontend]})).await.expect(200).json(), json!({"tokens": []}));
        ask(json!({"tokens": vec!["x"; 1001]})).await.expect(400);
        ask(json!({})).await.expect(400);
    }

    async fn impact_metrics_are_for_prometheus(server) {
        let sdk = client(&server, "client", &["*"]).await;
        let told = json!([
            {"name": "sold-units", "help": "What was sold", "type": "counter", "samples": [{"labels": {"appName": "shop", "n": 7}, "value": 5}]},
            {"name": "load", "help": "Busy", "type": "gauge", "samples": [{"value": 0.5}, {"labels": {"environment": "fake"}, "value": 1.5}]},
            {"name": "took", "help": "Seconds", "type": "histogram", "samples": [{"count": 3, "sum": 1.5, "buckets": [{"le": 0.1, "count": 1}, {"le": "+Inf", "count": 3}]}]},
            {"name": "bad", "type": "nonsense", "samples": [{"value": 1}]}, {"name": 7}, "x", {"name": "empty", "help": "", "type": "gauge", "samples": [{}]},
        ]);
        for _ in 0..2 {
            let mut body = counted(&server, &json!({}));
            body["impactMetrics"] = told.clone();
            sdk.post(METRICS, body).await.expect(202);
        }
        sdk.post(METRICS, json!({"appName": "a", "impactMetrics": "nonsense"})).await.expect(202);
        let answer = server.anonymous().get("/internal-backstage/impact/metrics").await.expect(200);
        assert!(answer.header("content-type").starts_with("text/plain"));
        assert_eq!(answer.text, r#"# HELP load Busy
# TYPE load gauge
load{appName="shop",environment="development",metric_type="gauge",origin="sdk"} 1.5
# HELP sold_units What was sold
# TYPE sold_units counter
sold_units{appName="shop",environment="development",metric_type="counter",n="7",origin="sdk"} 10
# HELP took Seconds
# TYPE took histogram
took_bucket{appName="shop",environment="development",metric_type="histogram",origin="sdk",le="0.1"} 2
took_bucket{appName="shop",environment="development",metric_type="histogram",origin="sdk",le="+Inf"} 6
took_sum{appName="shop",environment="development",metric_type="histogram",origin="sdk"} 3
took_count{appName="shop",environment="development",metric_type="histogram",origin="sdk"} 6
"#);
    }

    async fn custom_metrics_are_kept_as_they_were_last_told(server) {
        let (admin, sdk) = (server.admin(), client(&server, "client", &["*"]).await);
        for value in [1, 10] {
            let status = json!({"name": "api_requests_total", "value": value, "labels": {"status": "200", "endpoint": "/api"}});
            sdk.post("/api/client/metrics/custom", json!({"metrics": [status, {"name": "memory", "value": 0.5}]})).await.expect(202);
        }
        assert_eq!(admin.get("/api/admin/custom-metrics").await.expect(200).json(), json!({
            "metrics": [{"name": "api_requests_total", "value": 10.0, "labels": {"endpoint": "/api", "status": "200"}}, {"name": "memory", "value": 0.5, "labels": {}}],
            "count": 2, "metricNames": ["api_requests_total", "memory"],
        }));
        let text = admin.get("/api/admin/custom-metrics/prometheus").await.expect(200).text;
        for line in ["# TYPE api_requests_total counter", "api_requests_total{endpoint=\"/api\",status=\"200\"} 10", "memory 0.5"] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }

    async fn flags_that_are_used_go_on_in_their_lives(server) {
        flag(&server, "default", "boat").await;
        flag(&server, "default", "done").await;
        let admin = server.admin();
        admin.post("/api/admin/projects/default/features/done/lifecycle/complete", json!({"status": "kept"})).await.expect(200);
        let development = client(&server, "client", &["*"]).await;
        let body = json!({"tokenName": "p", "type": "client", "environment": "production", "projects": ["*"]});
        let secret = admin.post("/api/admin/api-tokens", body).await.expect(201).json()["secret"].as_str().unwrap().to_owned();
        let production = server.anonymous().with("authorization", &secret);
        let used = async |sdk: &Client| {
            sdk.post(METRICS, counted(&server, &json!({"boat": {"yes": 1}, "done": {"yes": 1}}))).await.expect(202);
            written(&server).await;
            stages(&admin, "boat").await
        };
        assert_eq!(stages(&admin, "boat").await, ["initial"]);
        let events = async || admin.get("/api/admin/search/events").await.expect(200).json()["total"].clone();
        let before = events().await;
        assert_eq!(used(&development).await, ["initial", "pre-live"]);
        assert_eq!(used(&production).await, ["initial", "pre-live"], "it is off there");
        assert_eq!(events().await, before, "nobody decided it");
        let on = "/api/admin/projects/default/features/boat/environments/production";
        admin.post(&format!("{on}/strategies"), json!({"name": "default"})).await.expect(200);
        admin.post(&format!("{on}/on"), json!({})).await.expect(200);
        assert_eq!(used(&production).await, ["initial", "pre-live", "live"]);
        assert_eq!(used(&development).await, ["initial", "pre-live", "live"]);
        assert_eq!(flag_of(&server, "boat").await["lifecycle"]["stage"], "live");
        assert_eq!(stages(&admin, "done").await, ["initial", "completed"], "what is completed stays so");

        // Life begins again, and what was before does not count.
        production.post(METRICS, counted(&server, &json!({"boat": {"yes": 1}}))).await.expect(202);
        admin.delete("/api/admin/projects/default/features/boat").await.expect(202);
        admin.post("/api/admin/archive/revive/boat", json!({})).await.expect(200);
        written(&server).await;
        assert_eq!(stages(&admin, "boat").await, ["initial"]);
        turn(&server, "default", "boat", true).await;
        fetch(&development).await;
        assert_eq!(used(&development).await, ["initial", "pre-live"]);
    }

    async fn private_projects_keep_it_to_themselves(server) {
        project(&server, "hush").await;
        let admin = server.admin();
        admin.put("/api/admin/projects/hush/settings", json!({"mode": "private", "defaultStickiness": "default"})).await.expect(200);
        flag(&server, "hush", "secret").await;
        flag(&server, "hush", "former").await;
        flag(&server, "default", "boat").await;
        admin.delete("/api/admin/projects/hush/features/former").await.expect(202);
        let (_, vera) = server.person("vera", "Viewer").await;
        let quiet = client(&server, "client", &["hush"]).await;
        let loud = client(&server, "client", &["*"]).await;
        fetch(&quiet).await;
        let mut told = counted(&server, &json!({"secret": {"yes": 1}, "ghost": {"yes": 1}}));
        told["appName"] = json!("whisper");
        quiet.post(METRICS, told).await.expect(202);
        loud.post(METRICS, counted(&server, &json!({"boat": {"yes": 1}, "secret": {"yes": 1}, "former": {"yes": 1}, "typo": {"yes": 1}}))).await.expect(202);
        written(&server).await;
        assert_eq!((sums(&admin, "secret").await, usage(&admin, "secret").await["seenApplications"].clone()), ((2, 0), json!(["shop", "whisper"])));
        assert_eq!((sums(&vera, "secret").await, usage(&vera, "secret").await["seenApplications"].clone()), ((0, 0), json!([])));
        assert_eq!(sums(&vera, "boat").await, (1, 0));
        let names = async |client: &Client| {
            let list = client.get(UNKNOWN).await.expect(200).json();
            list["unknownFlags"].as_array().unwrap().iter().map(|flag| flag["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((names(&admin).await, names(&vera).await), (vec!["former".to_owned(), "ghost".into(), "typo".into()], vec!["typo".to_owned()]));
        let overview = vera.get("/api/admin/metrics/applications/shop/overview").await.expect(200).json();
        assert_eq!((&overview["featureCount"], &overview["environments"][0]["issues"]["missingFeatures"]), (&json!(1), &json!(["typo"])));
    }

    async fn what_is_old_is_forgotten(server) {
        flag(&server, "default", "boat").await;
        let (admin, sdk) = (server.admin(), client(&server, "client", &["*"]).await);
        sdk.post(METRICS, counted(&server, &json!({"boat": {"yes": 1, "variants": {"red": 1}}, "ghost": {"yes": 1}}))).await.expect(202);
        written(&server).await;
        let now = server.app.clock.now();
        let left = async |hours: u64, days: u64| {
            metrics::forget(&server.app.db, now.plus(Duration::from_hours(hours)), days).await.unwrap();
            let mut counts = Vec::new();
            for sql in ["SELECT COUNT(*) FROM flag_usage WHERE per = 'hour'", "SELECT COUNT(*) FROM flag_usage WHERE per = 'day'", "SELECT COUNT(*) FROM unknown_flags"] {
                counts.push(count_rows(&server, sql).await);
            }
            counts
        };
        assert_eq!(left(23, 91).await, [2, 2, 1]);
        assert_eq!(left(25, 91).await, [2, 2, 0]);
        assert_eq!(left(47, 91).await, [2, 2, 0]);
        assert_eq!(left(49, 91).await, [0, 2, 0]);
        assert_eq!(left(90 * 24, 91).await, [0, 2, 0]);
        assert_eq!(left(90 * 24, 60).await, [0, 0, 0]);
        // With a flag goes what was counted of it; what still waits to be written is nothing's.
        sdk.post(METRICS, counted(&server, &json!({"boat": {"yes": 1}}))).await.expect(202);
        written(&server).await;
        sdk.post(METRICS, counted(&server, &json!({"boat": {"yes": 1}}))).await.expect(202);
        admin.delete("/api/admin/projects/default/features/boat").await.expect(202);
        admin.delete("/api/admin/archive/boat").await.expect(200);
        written(&server).await;
        assert_eq!(count_rows(&server, "SELECT COUNT(*) FROM flag_usage").await, 0);
        assert_eq!(count_rows(&server, "SELECT COUNT(*) FROM flag_sightings").await, 0);
    }

    async fn instances_that_call_stay(server) {
        let (admin, sdk) = (server.admin(), client(&server, "client", &["*"]).await);
        let page = client(&server, "frontend", &["*"]).await;
        let named = |name: &str| sdk.with("unleash-appname", name).with("unleash-instanceid", "i7").with("unleash-sdk", "unleash-node-sdk:6.12.1");
        for _ in 0..3 {
            named("fetcher").get("/api/client/features").await.expect(200);
            named("follower").get("/api/client/delta").await.expect(200);
            sdk.get("/api/client/features").await.expect(200);
            let mut body = counted(&server, &json!({}));
            (body["appName"], body["sdkVersion"]) = (json!("counter"), json!("unleash-go-sdk:5.1.0"));
            sdk.post(METRICS, body).await.expect(202);
            let body = json!({"appName": "page", "instanceId": "browser", "sdkVersion": "unleash-js:3.8.2", "interval": 1, "started": "2026-01-01T00:00:00Z", "strategies": []});
            page.post("/api/frontend/client/register", body).await.expect(200);
        }
        written(&server).await;
        for (name, instance, sdk) in [
            ("fetcher", "i7", "unleash-node-sdk:6.12.1"), ("follower", "i7", "unleash-node-sdk:6.12.1"), ("counter", "i", "unleash-go-sdk:5.1.0"), ("page", "frontend", "unleash-js:3.8.2"),
        ] {
            let path = format!("/api/admin/metrics/instances/{name}/environment/development");
            let instances = admin.get(&path).await.expect(200).json()["instances"].clone();
            assert_eq!((instances.as_array().unwrap().len(), &instances[0]["instanceId"], &instances[0]["sdkVersion"]), (1, &json!(instance), &json!(sdk)), "{name}");
        }
        let overview = admin.get("/api/admin/metrics/applications/page/overview").await.expect(200).json()["environments"][0].clone();
        assert_eq!((&overview["frontendSdks"], &overview["backendSdks"]), (&json!(["unleash-js:3.8.2"]), &json!([])));
        let text = server.anonymous().get("/internal-backstage/prometheus").await.expect(200).text;
        assert!(text.contains("client_sdk_versions{sdk_name=\"unleash-node-sdk\",sdk_version=\"6.12.1\"} 2"), "{text}");
    }

    /// Whatever comes in whatever batches: the sums are right.
    async fn nothing_is_counted_twice_or_lost(server) {
        const FLAGS: [&str; 3] = ["a", "b", "c"];
        for name in FLAGS {
            flag(&server, "default", name).await;
        }
        let sdk = client(&server, "client", &["*"]).await;
        let report = (0..3_usize, 0..2_usize, 0..30_u64, 0..50_u64, 0..50_u64, prop::collection::vec((0..3_u8, 0..9_u64), 0..4), any::<bool>());
        let mut runner = TestRunner::deterministic();
        let reports = prop::collection::vec(report, 200).new_tree(&mut runner).unwrap().current();
        let now = server.app.clock.now();
        let mut expected: BTreeMap<(String, String, i64), Sums> = BTreeMap::new();
        for (flag, application, hours, yes, no, variants, flush) in reports {
            let at = now.minus(Duration::from_hours(hours.min(23)));
            let application = format!("app{application}");
            let mut told = serde_json::Map::new();
            let hour = at.millis() - at.millis().rem_euclid(3_600_000);
            let sums = expected.entry((FLAGS[flag].to_owned(), application.clone(), hour)).or_default();
            (sums.0, sums.1) = (sums.0 + yes, sums.1 + no);
            for (name, times) in variants.into_iter().collect::<BTreeMap<_, _>>() {
                told.insert(format!("v{name}"), json!(times));
                if times > 0 && yes + no > 0 {
                    *sums.2.entry(format!("v{name}")).or_default() += times;
                }
            }
            let toggles = json!({FLAGS[flag]: {"yes": yes, "no": no, "variants": told}});
            sdk.post(METRICS, json!({"appName": application, "bucket": {"start": 1, "stop": at.to_string(), "toggles": toggles}})).await.expect(202);
            if flush {
                written(&server).await;
            }
        }
        written(&server).await;
        expected.retain(|_, (yes, no, _)| *yes + *no > 0);
        let mut found = BTreeMap::new();
        let mut days: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for name in FLAGS {
            for row in raw(&server.admin(), name, "?hoursBack=25").await {
                let variants: BTreeMap<String, u64> = serde_json::from_value(row["variants"].clone()).unwrap();
                let (yes, no) = (row["yes"].as_u64().unwrap(), row["no"].as_u64().unwrap());
                if yes + no > 0 {
                    let hour = Time::parse(row["timestamp"].as_str().unwrap()).unwrap().millis();
                    found.insert((name.to_owned(), row["appName"].as_str().unwrap().to_owned(), hour), (yes, no, variants));
                }
                let day = days.entry(name).or_default();
                *day = (day.0 + yes, day.1 + no);
            }
            let by_day: (u64, u64) = raw(&server.admin(), name, "?hoursBack=72").await.iter().fold((0, 0), |sum, row| (sum.0 + row["yes"].as_u64().unwrap(), sum.1 + row["no"].as_u64().unwrap()));
            assert_eq!(by_day, days[name], "{name} by the day");
        }
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn each_token_has_its_own_limit() {
    let server = TestServer::sqlite_with(&[
        "--register-client-rate-limit-per-minute",
        "1",
        "--client-metrics-rate-limit-per-minute",
        "2",
        "--register-frontend-rate-limit-per-minute",
        "3",
        "--frontend-metrics-rate-limit-per-minute",
        "4",
    ])
    .await;
    let told = json!({"appName": "a", "interval": 1, "started": 1, "strategies": []});
    let counted = json!({"appName": "a"});
    for (path, body, kind, most) in [
        ("/api/client/register", &told, "client", 1),
        (METRICS, &counted, "client", 2),
        ("/api/frontend/client/register", &told, "frontend", 3),
        (FRONTEND, &counted, "frontend", 4),
    ] {
        for _ in 0..2 {
            let one = client(&server, kind, &["*"]).await;
            let mut answers: Vec<Answer> = Vec::new();
            for _ in 0..=most {
                answers.push(one.post(path, body.clone()).await);
            }
            let last = answers.pop().unwrap().expect(429);
            assert!(last.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{path}");
            assert!(answers.into_iter().all(|answer| answer.status < 300), "{path}");
        }
    }
}

#[tokio::test]
async fn what_was_counted_outlives_the_server_and_the_database() {
    let scratch = Scratch::create().await;
    let open = || App::open(config(&scratch.url(), &[]), Clock::System, Entropy::System);
    let Opened { app: one, listener, .. } = open().await.unwrap();
    let Opened { app: two, listener: other, .. } = open().await.unwrap();
    // Straight to the buffer: nobody listens yet.
    let grant = burgee::access::Granted::<burgee::access::Administer>::system("test", burgee::access::Root);
    let mut tx = one.db.change(&grant, one.clock.now()).await.unwrap();
    tx.execute(burgee::sql!(
        "INSERT INTO features (name, search, project, type, created_at, created_by) VALUES ('boat', 'boat', 'default', 'release', 0, 1)"
    ))
    .await
    .unwrap();
    tx.execute(burgee::sql!(
        "INSERT INTO feature_environments (feature, environment) VALUES ('boat', 'development')"
    ))
    .await
    .unwrap();
    tx.record(
        burgee::events::Event::bare(burgee::events::Fact::FeatureCreated)
            .within(Some("default".into()), None)
            .on("boat"),
    );
    tx.commit().await.unwrap();
    let scope = burgee::published::Scope { environment: "development".into(), projects: None };
    let report = |app: &App| {
        let tally = metrics::Tally { name: "boat".into(), yes: 1, ..metrics::Tally::default() };
        let now = app.clock.now();
        app.usage.report(&app.published.flags(), &scope, "shop", (now, now), &[tally]);
    };
    let count = async |app: &App| {
        let mut tx = app.db.read().await.unwrap();
        let row: (Option<i64>,) = tx
            .one(burgee::sql!("SELECT CAST(SUM(yes) AS BIGINT) FROM flag_usage WHERE per = 'hour'"))
            .await
            .unwrap();
        row.0.unwrap_or_default()
    };
    for app in [&one, &two] {
        app.published.catch_up(&app.db).await.unwrap();
        report(app);
    }
    one.stopping.cancel();
    one.serve(listener).await.unwrap();
    assert_eq!(count(&two).await, 1, "a server that stops writes what it counted");
    report(&one);
    one.usage.write(&one.db, |_, _, _, _| panic!("nothing was written")).await.unwrap_err();
    one.usage.write_sightings(&one.db, one.clock.now()).await.unwrap_err();
    one.usage.write(&two.db, |_, _, _, _| ()).await.unwrap();
    one.usage.write_sightings(&two.db, two.clock.now()).await.unwrap();
    assert_eq!(count(&two).await, 2, "what could not be written is written later");
    two.stopping.cancel();
    two.serve(other).await.unwrap();
    let three = open().await.unwrap().app;
    assert_eq!(count(&three).await, 3, "of several servers, all counts add up");
    assert_eq!(three.usage.lost(), 0);
}
