//! `GET /api/client/features`: whose flags, in which form, under which ETag.

use burgee_eval::document::Document;
use reqwest::Method;
use serde_json::json;

use super::{FEATURES, fetch, flag, names, project, sdk, segment, strategy, token, turn, until};
use crate::support::server::ADMIN_TOKEN;

both! {
    async fn a_document_has_everything_that_an_sdk_needs(server) {
        let admin = server.admin();
        let crew = segment(&server, "crew", "7").await;
        flag(&server, "default", "parent").await;
        flag(&server, "default", "boat").await;
        strategy(&server, "default", "boat", json!({
            "name": "flexibleRollout", "title": "half", "segments": [crew],
            "parameters": {"rollout": "50", "stickiness": "default", "groupId": "boat"},
            "constraints": [{"contextName": "userId", "operator": "IN", "values": ["1", "2"]}],
            "variants": [{"name": "red", "weight": 1000, "weightType": "variable", "stickiness": "default",
                          "payload": {"type": "string", "value": "r"}}],
        })).await;
        strategy(&server, "default", "boat", json!({"name": "default", "disabled": true})).await;
        let dependencies = "/api/admin/projects/default/features/boat/dependencies";
        admin.post(dependencies, json!({"feature": "parent"})).await.expect(200);
        admin.post("/api/admin/projects/default/features", json!({"name": "old"})).await.expect(201);
        admin.delete("/api/admin/projects/default/features/old").await.expect(202);

        let sdk = sdk(&server, &["*"]).await;
        let answer = fetch(&sdk).await;
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(answer.header("vary"), "Accept-Encoding");
        assert_eq!(answer.header("x-unleash-version"), "8.2.0");
        let document = answer.json();
        assert_eq!(names(&document), ["boat", "parent"]);
        assert_eq!(document["version"], 2);
        assert_eq!(document["features"][0], json!({
            "name": "boat", "type": "release", "enabled": true, "project": "default", "stale": false,
            "description": null, "impressionData": false,
            "strategies": [
                {"name": "default", "parameters": {}, "constraints": [], "variants": []},
                {"name": "flexibleRollout",
                 "parameters": {"groupId": "boat", "rollout": "50", "stickiness": "default"},
                 "constraints": [{"contextName": "userId", "operator": "IN", "values": ["1", "2"],
                                  "inverted": false, "caseInsensitive": false}],
                 "segments": [crew],
                 "variants": [{"name": "red", "weight": 1000, "weightType": "variable", "stickiness": "default",
                               "payload": {"type": "string", "value": "r"}}]},
            ],
            "variants": [],
            "dependencies": [{"feature": "parent", "enabled": true}],
        }));
        assert_eq!(document["segments"], json!([{"id": crew, "name": "crew", "constraints": [
            {"contextName": "userId", "operator": "IN", "values": ["7"], "inverted": false, "caseInsensitive": false},
        ]}]));
        assert_eq!(document["query"], json!({"environment": "development", "inlineSegmentConstraints": false}));
        let meta = &document["meta"];
        assert_eq!(meta["etag"], answer.header("etag"));
        assert_eq!(answer.header("etag"), format!(
            "\"{}:{}:v1\"", meta["queryHash"].as_str().unwrap(), meta["revisionId"]
        ));
        serde_json::from_value::<Document>(document.clone()).unwrap();

        // An SDK that does not say which version of the specification it knows.
        let old = server.anonymous().with("authorization", &token(&server, "client", &["*"]).await);
        let answer = fetch(&old).await;
        let inlined = answer.json();
        assert_eq!(inlined["query"]["inlineSegmentConstraints"], true);
        assert!(inlined.get("segments").is_none());
        let strategy = &inlined["features"][0]["strategies"][1];
        assert!(strategy.get("segments").is_none());
        assert_eq!(strategy["constraints"].as_array().unwrap().len(), 2);
        assert_eq!(strategy["constraints"][1]["values"], json!(["7"]));
        assert_ne!(answer.header("etag"), meta["etag"]);
        for spec in ["5", "v5.2.0", "", "5.2"] {
            let answer = old.with("unleash-client-spec", spec).get(FEATURES).await.expect(400);
            assert_eq!(answer.json()["name"], "BadDataError");
        }
        let inline = |client| async move { fetch(&client).await.json().get("segments").is_none() };
        assert!(inline(old.with("unleash-client-spec", "4.1.9")).await);
        assert!(!inline(old.with("unleash-client-spec", "4.2.0")).await);

        let one = sdk.get("/api/client/features/boat").await.expect(200).json();
        assert_eq!(one, document["features"][0]);
        sdk.get("/api/client/features/old").await.expect(404);
    }

    async fn who_has_the_document_does_not_get_it_again(server) {
        flag(&server, "default", "boat").await;
        let sdk = sdk(&server, &["*"]).await;
        let etag = fetch(&sdk).await.header("etag").to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}")] {
            let answer = sdk.with("if-none-match", &known).get(FEATURES).await.expect(304);
            assert_eq!((answer.text.as_str(), answer.header("etag")), ("", etag.as_str()));
        }
        for other in ["\"other\"", "nonsense", etag.trim_matches('"')] {
            sdk.with("if-none-match", other).get(FEATURES).await.expect(200);
        }
        turn(&server, "default", "boat", false).await;
        let changed = until(&sdk.with("if-none-match", &etag), FEATURES, |answer| answer.status == 200).await;
        assert_eq!(changed.json()["features"][0]["enabled"], false);
        let head = sdk.send(Method::HEAD, FEATURES, None, "").await.expect(200);
        assert_eq!((head.header("etag"), head.text.as_str()), (changed.header("etag"), ""));
    }

    async fn a_change_leaves_the_others_alone(server) {
        project(&server, "harbour").await;
        flag(&server, "default", "boat").await;
        flag(&server, "harbour", "crane").await;
        let (here, there) = (sdk(&server, &["default"]).await, sdk(&server, &["harbour"]).await);
        let all = sdk(&server, &["*"]).await;
        let (mine, theirs, whole) = (fetch(&here).await, fetch(&there).await, fetch(&all).await);
        assert_eq!(names(&mine.json()), ["boat"]);
        assert_eq!(names(&theirs.json()), ["crane"]);
        assert_eq!(names(&whole.json()), ["boat", "crane"]);

        turn(&server, "default", "boat", false).await;
        let on = "/api/admin/projects/harbour/features/crane/environments/production/on";
        server.admin().post("/api/admin/projects/harbour/features/crane/environments/production/strategies",
                            json!({"name": "default"})).await.expect(200);
        server.admin().post(on, json!({})).await.expect(200);
        assert_ne!(fetch(&here).await.header("etag"), mine.header("etag"));
        assert_eq!(fetch(&there).await.header("etag"), theirs.header("etag"), "another project, another environment");
        assert_ne!(fetch(&all).await.header("etag"), whole.header("etag"));

        // A segment concerns those who use it.
        let crew = segment(&server, "crew", "7").await;
        strategy(&server, "harbour", "crane", json!({"name": "default", "segments": [crew]})).await;
        let (mine, theirs) = (fetch(&here).await, fetch(&there).await);
        let constraint = json!({"contextName": "userId", "operator": "IN", "values": ["8"]});
        server.admin().put(&format!("/api/admin/segments/{crew}"), json!({"name": "crew", "constraints": [constraint]}))
            .await.done();
        assert_eq!(fetch(&here).await.header("etag"), mine.header("etag"));
        let after = fetch(&there).await;
        assert_ne!(after.header("etag"), theirs.header("etag"));
        assert_eq!(after.json()["segments"][0]["constraints"][0]["values"], json!(["8"]));
    }

    async fn queries_narrow(server) {
        project(&server, "harbour").await;
        for (place, name) in [("default", "boat"), ("default", "buoy"), ("harbour", "crane")] {
            flag(&server, place, name).await;
        }
        let tag = json!({"type": "simple", "value": "wet"});
        server.admin().post("/api/admin/features/buoy/tags", tag).await.expect(201);
        let all = sdk(&server, &["*"]).await;
        fetch(&all).await;
        for (query, wanted) in [
            ("project=harbour", vec!["crane"]),
            ("project=harbour&project=default&namePrefix=b", vec!["boat", "buoy"]),
            ("tag=simple%3Awet", vec!["buoy"]),
            ("tag=simple:wet&tag=simple:dry", vec!["buoy"]),
            ("namePrefix=", vec!["boat", "buoy", "crane"]),
            ("project=*&environment=production&unknown=1", vec!["boat", "buoy", "crane"]),
            ("project=nowhere", vec![]),
        ] {
            let answer = all.get(&format!("{FEATURES}?{query}")).await.expect(200);
            assert_eq!(names(&answer.json()), wanted, "{query}");
        }
        for query in ["tag=wet", "tag=:wet", "tag=simple:"] {
            let answer = all.get(&format!("{FEATURES}?{query}")).await.expect(400);
            assert!(answer.json()["details"][0]["message"].as_str().unwrap().contains("type:value"), "{}", answer.text);
        }
        let there = sdk(&server, &["harbour"]).await;
        let answer = there.get(&format!("{FEATURES}?project=default")).await.expect(200).json();
        assert_eq!(names(&answer), ["crane"], "a token's projects count");
        assert_eq!(answer["query"]["project"], json!(["harbour"]));
    }

    async fn the_wrong_token_is_told_so(server) {
        let secret = token(&server, "client", &["*"]).await;
        let anonymous = server.anonymous();
        let ask = |authorization: String| {
            let client = anonymous.with("authorization", &authorization);
            async move { client.get(FEATURES).await.status }
        };
        assert_eq!(anonymous.get(FEATURES).await.status, 401);
        assert_eq!(ask(secret.clone()).await, 200);
        assert_eq!(ask(format!("Bearer {secret}")).await, 200);
        assert_eq!(ask(format!("bEaReR {secret}")).await, 200);
        assert_eq!(ask(format!("{secret}x")).await, 401);
        assert_eq!(ask(token(&server, "frontend", &["*"]).await).await, 403);
        assert_eq!(ask(ADMIN_TOKEN.to_owned()).await, 403);
        assert_eq!(ask("user:v2_a_b".to_owned()).await, 403);
        server.admin().delete(&format!("/api/admin/api-tokens/{secret}")).await.done();
        let gone = anonymous.with("authorization", &secret);
        let answer = until(&gone, FEATURES, |answer| answer.status == 401).await;
        assert!(answer.text.contains("requires an API token"), "{}", answer.text);
    }

    async fn every_encoding_says_the_same(server) {
        for name in ["boat", "buoy"] {
            flag(&server, "default", name).await;
        }
        let secret = token(&server, "client", &["*"]).await;
        let plain = fetch(&server.anonymous().with("authorization", &secret)).await;
        for (accepted, encoding) in [
            ("gzip,deflate", "gzip"),
            ("gzip, deflate, br, zstd", "br"),
            ("zstd", "zstd"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("gzip;q=0.2, zstd;q=0.9", "zstd"),
            ("identity", ""),
            ("*;q=x, deflate", ""),
        ] {
            let request = crate::support::http().build().unwrap().get(format!("{}{FEATURES}", server.base));
            let request = request.header("authorization", &secret).header("accept-encoding", accepted);
            let answer = request.send().await.unwrap();
            let told = answer.headers().get("content-encoding").map_or("", |value| value.to_str().unwrap());
            assert_eq!(told, encoding, "{accepted}");
            assert_eq!(unpack(encoding, &answer.bytes().await.unwrap()), plain.text.as_bytes(), "{accepted}");
        }
    }
}

fn unpack(encoding: &str, mut bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    match encoding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out),
        "zstd" => zstd::stream::copy_decode(bytes, &mut out).map(|()| 0),
        _ => bytes.read_to_end(&mut out),
    }
    .unwrap();
    out
}
