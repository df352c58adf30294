//! `/ofrep/v1`: results for OpenFeature, and news of changes.

use reqwest::Method;
use serde_json::{Value, json};

use super::streams::Stream;
use super::{flag, project, strategy, token, turn, until};
use crate::support::TestServer;
use crate::support::client::Client;
use crate::support::server::ADMIN_TOKEN;

const FLAGS: &str = "/ofrep/v1/evaluate/flags";
/// As if a later revision were known from elsewhere: everything that was acknowledged is in the answer.
const NEWEST: &str = "/ofrep/v1/evaluate/flags?flagConfigEtag=%229000000000%22";

async fn provider(server: &TestServer, projects: &[&str]) -> Client {
    let secret = token(server, "frontend", projects).await;
    server.anonymous().with("authorization", &format!("Bearer {secret}"))
}

/// One flag of a bulk answer.
fn find<'a>(answer: &'a Value, key: &str) -> &'a Value {
    answer["flags"].as_array().unwrap().iter().find(|flag| flag["key"] == key).unwrap()
}

/// Makes a flag that is on, with these strategies.
async fn flag_with(server: &TestServer, name: &str, strategies: Vec<Value>) {
    server.admin().post("/api/admin/projects/default/features", json!({"name": name})).await.expect(201);
    for body in strategies {
        strategy(server, "default", name, body).await;
    }
    turn(server, "default", name, true).await;
}

/// On for a user, with a variant that carries a payload.
fn carrying(user: &str, kind: &str, value: &str) -> Value {
    json!({
        "name": "default",
        "constraints": [{"contextName": "userId", "operator": "IN", "values": [user]}],
        "variants": [{"name": format!("{user}'s"), "weight": 1000, "weightType": "variable", "stickiness": "default",
                      "payload": {"type": kind, "value": value}}],
    })
}

both! {
    async fn flags_become_values(server) {
        flag(&server, "default", "plain").await;
        flag(&server, "default", "wreck").await;
        turn(&server, "default", "wreck", false).await;
        let half = json!({"rollout": "50", "stickiness": "default", "groupId": "half"});
        flag_with(&server, "half", vec![json!({"name": "flexibleRollout", "parameters": half})]).await;
        flag_with(&server, "limit", vec![
            carrying("number", "number", "7.5"),
            carrying("string", "string", "7 \"and\" a half"),
            carrying("csv", "csv", "7,5"),
            carrying("json", "json", "{\"b\": 1, \"a\": [2]}"),
        ]).await;
        let provider = provider(&server, &["*"]).await;
        let ask = async |key: &str, context: Value| {
            provider.post(&format!("{FLAGS}/{key}?flagConfigEtag=9000000000"), json!({ "context": context })).await
        };
        let plain = ask("plain", json!({})).await.expect(200);
        assert_eq!(plain.header("content-type"), "application/json; charset=utf-8");
        let metadata = json!({"project": "default", "enabled": true});
        assert_eq!(plain.json(), json!({"key": "plain", "value": true, "reason": "STATIC", "metadata": metadata}));
        let wreck = json!({"project": "default", "enabled": false});
        assert_eq!(ask("wreck", json!({})).await.expect(200).json(),
            json!({"key": "wreck", "value": false, "reason": "DISABLED", "metadata": wreck}));
        for (user, value) in [
            ("number", json!(7.5)),
            ("string", json!("7 \"and\" a half")),
            ("csv", json!("7,5")),
            ("json", json!({"b": 1, "a": [2]})),
        ] {
            let limit = ask("limit", json!({"targetingKey": user})).await.expect(200).json();
            assert_eq!(limit, json!({
                "key": "limit", "value": value, "reason": "TARGETING_MATCH", "variant": format!("{user}'s"),
                "metadata": metadata,
            }));
        }
        // Nobody else has a value: the code that asks has its own.
        let nobody = ask("limit", json!({"targetingKey": "nobody"})).await.expect(200).json();
        assert_eq!(nobody, json!({"key": "limit", "reason": "DEFAULT", "metadata": wreck}));
        let other = ask("limit", json!({"targetingKey": "number", "userId": "csv"})).await.expect(200).json();
        assert_eq!(other["value"], "7,5", "a user that is named comes first");

        let everything = provider.post(NEWEST, json!({"context": {"targetingKey": "csv"}})).await.expect(200);
        let document = everything.json();
        let keys: Vec<&str> = document["flags"].as_array().unwrap().iter().map(|f| f["key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["half", "limit", "plain", "wreck"]);
        assert_eq!(document["metadata"], json!({"environment": "development"}));
        for key in keys {
            let one = ask(key, json!({"targetingKey": "csv"})).await.expect(200).json();
            assert_eq!(find(&document, key), &one);
        }
        let mut reasons: Vec<Value> = Vec::new();
        for user in 0..30 {
            let half = ask("half", json!({ "targetingKey": user.to_string() })).await.expect(200).json();
            reasons.push(json!([half["value"], half["reason"]]));
        }
        reasons.sort_by_key(Value::to_string);
        reasons.dedup();
        assert_eq!(reasons, [json!([false, "DEFAULT"]), json!([true, "SPLIT"])]);
    }

    async fn who_has_the_values_does_not_get_them_again(server) {
        flag(&server, "default", "boat").await;
        let provider = provider(&server, &["*"]).await;
        let body = json!({"context": {"targetingKey": "7"}});
        let first = provider.post(NEWEST, body.clone()).await.expect(200);
        let knowing = provider.with("if-none-match", first.header("etag"));
        knowing.post(FLAGS, body.clone()).await.expect(304);
        knowing.post(&format!("{FLAGS}?flagConfigEtag=nonsense&flagConfigLastModified=7&x"), body.clone()).await.expect(304);
        turn(&server, "default", "boat", false).await;
        let changed = knowing.post(NEWEST, body).await.expect(200);
        assert_eq!(find(&changed.json(), "boat")["value"], false);
    }

    async fn backend_and_frontend_tokens_get_in(server) {
        project(&server, "harbour").await;
        flag(&server, "default", "boat").await;
        flag(&server, "harbour", "crane").await;
        let anonymous = server.anonymous();
        for kind in ["client", "frontend"] {
            let secret = token(&server, kind, &["harbour"]).await;
            for client in [
                anonymous.with("authorization", &secret),
                anonymous.with("authorization", &format!("Bearer {secret}")),
                anonymous.with("x-api-key", &secret),
            ] {
                let answer = client.post(NEWEST, json!({})).await.expect(200).json();
                assert_eq!(answer["flags"].as_array().unwrap().len(), 1);
                assert_eq!(find(&answer, "crane")["metadata"]["project"], "harbour");
                let missing = client.post(&format!("{FLAGS}/boat"), json!({})).await.expect(404).json();
                assert_eq!((&missing["key"], &missing["errorCode"]), (&json!("boat"), &json!("FLAG_NOT_FOUND")));
            }
            server.admin().delete(&format!("/api/admin/api-tokens/{secret}")).await.done();
            let gone = anonymous.with("x-api-key", &secret);
            until(&gone, "/ofrep/v1/events", |answer| answer.status == 401).await;
            gone.post(FLAGS, json!({})).await.expect(401);
        }
        for (client, status) in [
            (anonymous.clone(), 401),
            (anonymous.with("x-api-key", "*:development.unknown"), 401),
            (anonymous.with("x-api-key", ADMIN_TOKEN), 403),
            (anonymous.with("authorization", ADMIN_TOKEN), 403),
        ] {
            for path in [FLAGS, "/ofrep/v1/evaluate/flags/boat"] {
                let fault = client.post(path, json!({})).await.expect(status).json();
                assert_eq!(fault["errorCode"], "GENERAL");
                assert!(!fault["errorDetails"].as_str().unwrap().is_empty());
            }
        }
    }

    async fn nonsense_is_refused_in_ofreps_shape(server) {
        flag(&server, "default", "boat").await;
        let provider = provider(&server, &["*"]).await;
        for (body, code) in [
            ("{".to_owned(), "PARSE_ERROR"),
            ("{\"context\":{}}}".to_owned(), "PARSE_ERROR"),
            (format!("{{\"context\":{}", "{\"a\":".repeat(10_000)), "PARSE_ERROR"),
            ("[]".to_owned(), "INVALID_CONTEXT"),
            ("{\"context\":\"x\"}".to_owned(), "INVALID_CONTEXT"),
            (format!("{{\"context\":{{\"targetingKey\":\"{}\"}}}}", "x".repeat(9000)), "INVALID_CONTEXT"),
        ] {
            let bulk = provider.send(Method::POST, FLAGS, Some(body.clone()), "application/json").await.expect(400).json();
            assert_eq!(bulk["errorCode"], code, "{body:.50}");
            assert!(bulk.get("key").is_none());
            let path = format!("{FLAGS}/boat");
            let one = provider.send(Method::POST, &path, Some(body), "application/json").await.expect(400).json();
            assert_eq!((&one["key"], &one["errorCode"]), (&json!("boat"), &json!(code)));
            assert!(!one["errorDetails"].as_str().unwrap().is_empty());
        }
        let large = Some(format!("{{\"context\":{{\"a\":\"{}\"}}}}", "x".repeat(200_000)));
        let large = provider.send(Method::POST, FLAGS, large, "application/json").await.expect(413).json();
        assert_eq!(large["errorCode"], "GENERAL");
        let odd = json!({"context": {"targetingKey": {"a": 1}, "a": {"b": [null]}, "c": [[]], "": 1}});
        provider.post(FLAGS, odd).await.expect(200);
        provider.send(Method::POST, FLAGS, None, "").await.expect(200);
    }

    async fn whoever_listens_hears_of_changes(server) {
        project(&server, "harbour").await;
        flag(&server, "harbour", "crane").await;
        let secret = token(&server, "frontend", &["harbour"]).await;
        let provider = server.anonymous().with("x-api-key", &secret);
        let body = json!({"context": {"targetingKey": "7"}});
        let answer = provider.post(NEWEST, body.clone()).await.expect(200).json();
        let place = answer["eventStreams"][0].clone();
        assert_eq!(place["type"], "sse");
        let url = place["url"].as_str().unwrap();
        assert!(!url.contains(&secret) && !url.contains(&burgee::entropy::digest(&secret)));
        let path = url.strip_prefix("http://burgee.test").unwrap().to_owned();
        let listen = async |last: Option<&str>| {
            let mut request = crate::support::http().build().unwrap().get(format!("{}{path}", server.base)).header("origin", "https://a.example").header("accept-encoding", "gzip");
            if let Some(last) = last {
                request = request.header("last-event-id", last);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
            assert!(!response.headers().contains_key("content-encoding"), "each event comes at once");
            Stream::of(response)
        };
        // It begins with the present, in case that something happened in between.
        let mut stream = listen(None).await;
        let first = stream.next().await.unwrap();
        assert_eq!((first.name.as_str(), &first.json()["type"]), ("message", &json!("refetchEvaluation")));

        turn(&server, "harbour", "crane", false).await;
        let second = stream.next().await.unwrap();
        assert_ne!(second.id, first.id);
        let etag = second.json()["etag"].as_str().unwrap().to_owned();
        assert_eq!(etag, format!("\"{}\"", second.id));
        // Who asks because of it gets what it is about.
        let fresh = provider.post(FLAGS, body).await.expect(200).json();
        assert_eq!(find(&fresh, "crane")["value"], false);
        assert_eq!(fresh["eventStreams"][0], place, "or clients would begin anew with every answer");

        // Other projects do not matter; who comes back hears nothing twice.
        flag(&server, "default", "boat").await;
        drop(stream);
        let mut stream = listen(Some(&second.id)).await;
        turn(&server, "harbour", "crane", true).await;
        let third = stream.next().await.unwrap();
        assert!(third.id.parse::<i64>().unwrap() > second.id.parse().unwrap());
        let mut missed = listen(Some(&second.id)).await;
        assert_eq!(missed.next().await.unwrap().id, third.id);

        // The key is good for listening, not for asking, and ends with its token.
        let key = path.split_once("key=").unwrap().1;
        server.anonymous().with("authorization", key).post(FLAGS, json!({})).await.expect(401);
        server.anonymous().post(&format!("{FLAGS}?key={key}"), json!({})).await.expect(401);
        server.anonymous().get("/ofrep/v1/events?key=").await.expect(401);
        server.admin().delete(&format!("/api/admin/api-tokens/{secret}")).await.done();
        assert!(stream.next().await.is_none(), "it has ended");
        until(&server.anonymous(), &path, |answer| answer.status == 401).await;
    }
}

#[tokio::test]
async fn listeners_are_counted_with_all_streams() {
    let server = TestServer::sqlite_with(&["--streaming-max-connections", "1"]).await;
    let secret = token(&server, "client", &["*"]).await;
    let listen = || {
        let request = crate::support::http().build().unwrap().get(format!("{}/ofrep/v1/events", server.base));
        request.header("authorization", &secret).send()
    };
    let _one = Stream::of(listen().await.unwrap());
    let refused = listen().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.json::<Value>().await.unwrap()["errorCode"], "GENERAL");
}
