//! What a constraint must be before it is stored.

use serde_json::{Value, json};

use crate::support::TestServer;

const VALIDATE: &str = "/api/admin/constraints/validate";

async fn why(server: &TestServer, constraint: Value) -> String {
    let refused = server.admin().post(VALIDATE, constraint).await.expect(400).json();
    assert_eq!(refused["name"], "BadDataError");
    refused["details"][0]["message"].as_str().unwrap().to_owned()
}

fn on(field: &str, operator: &str, mut members: Value) -> Value {
    members["contextName"] = json!(field);
    members["operator"] = json!(operator);
    members
}

both! {
    async fn every_operator_can_be_used(server) {
        let admin = server.admin();
        for operator in ["IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS"] {
            admin.post(VALIDATE, on("userId", operator, json!({"values": ["a", 7]}))).await.expect(204);
        }
        for operator in ["NUM_EQ", "NUM_GT", "NUM_GTE", "NUM_LT", "NUM_LTE"] {
            admin.post(VALIDATE, on("age", operator, json!({"value": "42.5"}))).await.expect(204);
            admin.post(VALIDATE, on("age", operator, json!({"value": 3}))).await.expect(204);
        }
        for operator in ["SEMVER_EQ", "SEMVER_GT", "SEMVER_GTE", "SEMVER_LT", "SEMVER_LTE"] {
            admin.post(VALIDATE, on("release", operator, json!({"value": "1.2.3-rc.1"}))).await.expect(204);
        }
        for operator in ["DATE_AFTER", "DATE_BEFORE"] {
            admin.post(VALIDATE, on("currentTime", operator, json!({"value": "2026-01-01T00:00:00Z", "inverted": true}))).await.expect(204);
        }
        admin.post(VALIDATE, on("mail", "REGEX", json!({"value": "@example\\.com$", "caseInsensitive": true}))).await.expect(204);
        admin.post(VALIDATE, on("remoteAddress", "IN_CIDR", json!({"values": ["10.0.0.0/8", "2001:db8::/32"]}))).await.expect(204);
    }

    async fn what_no_sdk_could_evaluate_is_refused_in_unleashs_words(server) {
        for (constraint, expected) in [
            (on("userId", "IN", json!({"values": []})), "\"values\" must contain at least 1 items. You provided []."),
            (on("userId", "IN", json!({})), "\"values\" must contain at least 1 items. You provided []."),
            (on("userId", "IN", json!({"values": ["a", " "]})), "\"values[1]\" is not allowed to be empty."),
            (on("", "IN", json!({"values": ["a"]})), "\"contextName\" is not allowed to be empty."),
            (on("age", "NUM_EQ", json!({})), "Single-value constraint operators require a non-empty value."),
            (on("age", "NUM_EQ", json!({"value": "x"})), "\"value\" must be a number. You provided \"x\"."),
            (on("v", "SEMVER_EQ", json!({"value": "v1"})), "the provided value is not a valid semver format. The value provided was: v1"),
        ] {
            assert_eq!(why(&server, constraint).await, expected);
        }
        assert!(why(&server, on("userId", "IN", json!({"values": ["x".repeat(101)]}))).await.contains("100 characters"));
        assert!(why(&server, on("currentTime", "DATE_AFTER", json!({"value": "x"}))).await.starts_with("\"value\" must be a valid date."));
        assert!(why(&server, on("x", "REGEX", json!({"value": "("}))).await.starts_with("the provided value is not a valid regex string."));
        assert!(why(&server, on("x", "IN_CIDR", json!({"values": ["300.0.0.1"]}))).await.contains("300.0.0.1"));
        assert!(why(&server, on("x", "SORT_OF", json!({"values": ["a"]}))).await.contains("allowed values"));
        for broken in [json!({"operator": "IN", "values": ["a"]}), on("x", "IN", json!({"values": ["a"], "nope": 1})), on("x", "IN", json!({"values": [true]})), json!([])] {
            why(&server, broken).await;
        }
    }

    async fn a_field_with_legal_values_takes_no_others(server) {
        let admin = server.admin();
        admin.post("/api/admin/context", json!({"name": "tier", "legalValues": [{"value": "gold"}, {"value": " 7 "}]})).await.expect(201);
        admin.post(VALIDATE, on("tier", "IN", json!({"values": ["gold", "7"]}))).await.expect(204);
        admin.post(VALIDATE, on("tier", "NUM_EQ", json!({"value": "7"}))).await.expect(204);
        assert_eq!(why(&server, on("tier", "IN", json!({"values": ["gold", "tin"]}))).await, "input values are not specified as a legal value on this context field");
        assert_eq!(why(&server, on("tier", "NUM_EQ", json!({"value": "8"}))).await, "8 is not specified as a legal value on this context field");
        let list = json!([on("userId", "IN", json!({"values": ["1"]})), on("tier", "IN", json!({"values": ["tin"]})), on("age", "NUM_GT", json!({"value": "old"}))]);
        let refused = admin.post("/api/admin/segments", json!({"name": "Both wrong", "constraints": list})).await.expect(400).json();
        assert_eq!(refused["details"], json!([
            {"message": "\"constraints[1].values\": input values are not specified as a legal value on this context field"},
            {"message": "\"constraints[2].value\" must be a number. You provided \"old\"."}
        ]));
    }
}
