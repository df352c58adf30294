//! Versions: `ETag`, `If-None-Match`, `If-Match`.

use serde_json::json;

use crate::scim::wire::Wire;

both! {
    async fn what_is_known_is_not_sent_again(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let crew = wire.group("Crew", &[&ann]).await;
        for path in [format!("/Users/{ann}"), format!("/Groups/{crew}")] {
            let tag = wire.get(&path).await.header("etag").to_owned();
            assert_eq!(tag, "W/\"1\"");
            for known in [tag.as_str(), "\"1\"", "*", "W/\"9\", W/\"1\"", "W/\"9\",\"1\""] {
                let answer = wire.with("if-none-match", known).get(&path).await.expect(304);
                assert_eq!(answer.header("etag"), tag, "{known}");
            }
            for unknown in ["W/\"2\"", "\"11\"", "W/\"\"", "1.0"] {
                wire.with("if-none-match", unknown).get(&path).await.expect(200);
            }
        }
    }

    async fn writes_can_insist_on_a_version(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let crew = wire.group("Crew", &[]).await;
        for (path, name) in [(format!("/Users/{ann}"), "userName"), (format!("/Groups/{crew}"), "displayName")] {
            let rename = |text: &str| json!([{"op": "replace", "path": name, "value": text}]);
            let body = |text: &str| json!({name: text});
            let old = wire.with("if-match", "W/\"7\"");
            old.patch(&path, rename("x")).await.expect(412);
            old.put(&path, body("x")).await.expect(412);
            old.delete(&path).await.expect(412);
            assert_eq!(wire.get(&path).await.header("etag"), "W/\"1\"");
            for (number, fitting) in ["W/\"1\"", "\"2\"", "*", "W/\"7\", W/\"4\""].into_iter().enumerate() {
                let fitting = wire.with("if-match", fitting);
                let answer = fitting.patch(&path, rename(&format!("{name}{number}"))).await.expect(200);
                assert_eq!(answer.header("etag"), format!("W/\"{}\"", number + 2));
            }
            wire.with("if-match", "W/\"5\"").put(&path, body("put")).await.expect(200);
            wire.with("if-match", "W/\"6\"").delete(&path).await.expect(204);
            wire.with("if-match", "*").delete(&path).await.expect(404);
        }
    }

    async fn a_version_counts_changes_and_nothing_else(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let crew = wire.group("Crew", &[]).await;
        let (user, group) = (format!("/Users/{ann}"), format!("/Groups/{crew}"));
        let version = async |path: &str| wire.get(path).await.header("etag").to_owned();
        // Several operations, one version; none for an operation that changes nothing.
        wire.patch(&user, json!([{"op": "add", "path": "title", "value": "a"}, {"op": "add", "path": "nickName", "value": "b"}])).await.expect(200);
        assert_eq!(version(&user).await, "W/\"2\"");
        let before = wire.read(&user).await;
        for nothing in [
            json!([{"op": "add", "path": "title", "value": "a"}]), json!([{"op": "remove", "path": "locale"}]),
            json!([{"op": "replace", "value": {"nickName": "b", "id": "x"}}]), json!([{"op": "remove", "path": "emails[type eq \"x\"]"}]),
            json!([{"op": "add", "path": "locale", "value": "x"}, {"op": "remove", "path": "locale"}]),
        ] {
            wire.patch(&user, nothing).await.expect(200);
        }
        wire.put(&user, before.clone()).await.expect(200);
        assert_eq!(wire.read(&user).await, before, "not even the time");
        // Membership is the group's, not the user's.
        wire.patch(&group, json!([{"op": "add", "path": "members", "value": [{"value": ann}]}])).await.expect(200);
        wire.patch(&group, json!([{"op": "add", "path": "members", "value": [{"value": ann}]}])).await.expect(200);
        assert_eq!((version(&group).await, version(&user).await), ("W/\"2\"".into(), "W/\"2\"".into()));
        assert_eq!(wire.read(&user).await["groups"][0]["value"], crew.as_str());
        // Who goes and comes in one request, or comes and goes, was there all the time.
        let (bob, inner) = (wire.user("bob").await, wire.group("Inner", &[]).await);
        let before = (wire.read(&group).await, server.event_count().await);
        let member = |op: &str, id: &str| json!({"op": op, "path": "members", "value": [{"value": id}]});
        for moves in [
            json!([member("remove", &ann), member("add", &ann)]), json!([member("add", &bob), member("remove", &bob)]),
            json!([member("add", &inner), {"op": "remove", "path": format!("members[value eq \"{inner}\"]")}]),
            json!([{"op": "remove", "path": "members"}, member("add", &bob), member("replace", &ann)]),
        ] {
            wire.patch(&group, moves).await.expect(200);
        }
        assert_eq!((wire.read(&group).await, server.event_count().await), before);
        // Of two who start from the same version, one wins.
        let held = wire.with("if-match", "W/\"2\"");
        let patch = |text: &str| json!([{"op": "replace", "path": "title", "value": text}]);
        let (one, two) = tokio::join!(held.patch(&user, patch("one")), held.patch(&user, patch("two")));
        let mut outcomes = [one.status, two.status];
        outcomes.sort_unstable();
        assert_eq!(outcomes, [200, 412]);
        assert_eq!(version(&user).await, "W/\"3\"");
    }
}
