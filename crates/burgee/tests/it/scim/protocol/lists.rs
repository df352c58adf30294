//! Pages and order.

use std::collections::BTreeSet;

use burgee::provisioning::members;
use serde_json::{Value, json};

use crate::scim::wire::{USER, Wire, values};

both! {
    async fn pages(server) {
        let wire = Wire::new(&server);
        for name in ["ann", "bob", "cat", "dan", "eve"] {
            wire.user(name).await;
        }
        for (query, start, names) in [
            ("", 1, "ann bob cat dan eve"), ("startIndex=2&count=2", 2, "bob cat"), ("startIndex=5&count=2", 5, "eve"),
            ("startIndex=6", 6, ""), ("startIndex=99&count=5", 99, ""), ("startIndex=0&count=1", 1, "ann"),
            ("startIndex=-7&count=1", 1, "ann"), ("count=0", 1, ""), ("count=-1", 1, ""), ("count=100000", 1, "ann bob cat dan eve"),
            ("startIndex=9223372036854775807", i64::MAX, ""), ("startIndex=99999999999999999999", i64::MAX, ""),
            ("count=99999999999999999999", 1, "ann bob cat dan eve"), ("count=-99999999999999999999", 1, ""),
        ] {
            let list = wire.read(&format!("/Users?{query}")).await;
            assert_eq!((list["totalResults"].as_i64(), list["startIndex"].as_i64()), (Some(5), Some(start)), "{query}");
            let found: Vec<&str> = list["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap()).collect();
            assert_eq!(found.join(" "), names, "{query}");
        }
        let list = wire.post("/Users/.search", json!({"startIndex": 4, "count": 1})).await.expect(200).json();
        assert_eq!((&list["startIndex"], &list["Resources"][0]["userName"]), (&json!(4), &json!("dan")));
        let list = wire.post("/Users/.search", json!({"startIndex": 4.0, "count": 99_999_999_999_999_999_999_f64})).await.expect(200).json();
        assert_eq!(values(&list["Resources"], "userName"), ["dan", "eve"]);
        let list = wire.read("/Users?filter=userName gt \"bob\"&startIndex=2&count=1&sortBy=userName&sortOrder=descending").await;
        assert_eq!((&list["totalResults"], &list["Resources"][0]["userName"]), (&json!(3), &json!("dan")));
    }

    async fn pages_follow_changes(server) {
        let wire = Wire::new(&server);
        let mut ids = Vec::new();
        for name in ["ann", "bob", "cat", "dan", "eve", "fay"] {
            ids.push(wire.user(name).await);
        }
        let page = async |start: usize, names: &str, total: i64| {
            // The second time, what the first has found is remembered.
            for _ in 0..2 {
                let list = wire.read(&format!("/Users?startIndex={start}&count=2")).await;
                let found: Vec<&str> = list["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap()).collect();
                assert_eq!((found.join(" ").as_str(), list["totalResults"].as_i64()), (names, Some(total)), "{start}");
            }
        };
        page(1, "ann bob", 6).await;
        page(3, "cat dan", 6).await;
        page(5, "eve fay", 6).await;
        wire.delete(&format!("/Users/{}", ids[0])).await.expect(204);
        page(3, "dan eve", 5).await;
        page(4, "eve fay", 5).await;
        wire.user("gus").await;
        page(5, "fay gus", 6).await;
        page(1, "bob cat", 6).await;
        wire.delete(&format!("/Users/{}", ids[5])).await.expect(204);
        page(4, "eve gus", 5).await;
    }

    async fn users_are_found_by_one_of_their_groups(server) {
        let wire = Wire::new(&server);
        let (ann, bob) = (wire.user("ann").await, wire.user("bob").await);
        wire.user("cat").await;
        let crew = wire.group("Crew", &[&ann]).await;
        wire.group("Pilots", &[&crew, &bob]).await;
        for (filter, names) in [
            (format!("groups[value eq \"{crew}\"]"), "ann"), ("groups[display eq \"PILOTS\"]".to_owned(), "ann bob"),
            (format!("groups[value eq \"{crew}\" and display sw \"p\"]"), ""),
            (format!("groups[value eq \"{crew}\" or display sw \"p\"]"), "ann bob"),
            (format!("groups[not (value eq \"{crew}\")]"), "ann bob"), (format!("not (groups[value eq \"{crew}\"])"), "bob cat"),
        ] {
            assert_eq!(wire.names(&format!("filter={filter}")).await.join(" "), names, "{filter}");
        }
    }

    async fn every_group_on_a_page_has_its_own_members(server) {
        let wire = Wire::new(&server);
        let (ann, bob) = (wire.user("ann").await, wire.user("bob").await);
        let crew = wire.group("Crew", &[&ann, &bob]).await;
        wire.group("Nobody", &[]).await;
        wire.group("Pilots", &[&crew, &bob]).await;
        let shown = |list: &Value| -> Vec<String> {
            list["Resources"].as_array().unwrap().iter().map(|group| values(&group["members"], "display").join(" ")).collect()
        };
        assert_eq!(shown(&wire.read("/Groups?attributes=members.display").await), ["ann bob", "", "bob Crew"]);
        assert_eq!(shown(&wire.read("/Groups?attributes=members.display&sortBy=displayName&sortOrder=descending").await), ["bob Crew", "", "ann bob"]);
        let list = wire.read("/Groups?attributes=members.value").await;
        assert_eq!(list["Resources"][2]["members"], json!([{"value": bob}, {"value": crew}]));
        // A look that ends early says nothing of the groups that it did not reach the end of.
        let groups: Vec<i64> = server.rows("SELECT id FROM groups ORDER BY id").await.iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect();
        let mut tx = server.app.db.read().await.unwrap();
        for (limit, reached) in [(1, vec![]), (2, vec![]), (3, vec![groups[0], groups[1]]), (4, groups.clone())] {
            let found = members::inside(&mut tx, 1, &groups, limit).await.unwrap();
            assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), reached.into_iter().collect(), "{limit}");
        }
    }

    async fn everybody_on_a_page_has_their_own_groups(server) {
        let wire = Wire::new(&server);
        let (ann, bob) = (wire.user("ann").await, wire.user("bob").await);
        wire.user("cat").await;
        wire.group("Crew", &[&ann, &bob]).await;
        wire.group("Pilots", &[&bob]).await;
        let list = wire.read("/Users?attributes=groups.display").await;
        let groups: Vec<Vec<String>> = list["Resources"].as_array().unwrap().iter().map(|user| values(&user["groups"], "display")).collect();
        assert_eq!(groups, [vec!["Crew"], vec!["Crew", "Pilots"], vec![]]);
    }

    async fn pages_over_users_and_groups(server) {
        let wire = Wire::new(&server);
        for name in ["ann", "bob", "cat"] {
            wire.user(name).await;
        }
        for name in ["Crew", "Pilots"] {
            wire.group(name, &[]).await;
        }
        let mut seen = Vec::new();
        for start in [1, 3, 5, 7] {
            let list = wire.read(&format!("?startIndex={start}&count=2")).await;
            assert_eq!(list["totalResults"], 5);
            let found = list["Resources"].as_array().unwrap().clone();
            seen.extend(found.iter().map(|one| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned()));
        }
        assert_eq!(seen, ["ann", "bob", "cat", "Crew", "Pilots"], "each once");
    }

    async fn default_and_largest_page(server) {
        let wire = Wire::new(&server);
        for number in 0..101 {
            wire.user(&format!("u{number:03}")).await;
        }
        let list = wire.read("/Users?attributes=userName").await;
        assert_eq!((list["totalResults"].as_i64(), list["itemsPerPage"].as_i64()), (Some(101), Some(100)));
        assert_eq!(wire.read("/Users?count=5000&attributes=userName").await["itemsPerPage"], 101);
    }

    async fn order(server) {
        let wire = Wire::new(&server);
        for (name, title, number) in [("dan", Some("b"), "2"), ("Ann", None, "1"), ("cat", Some("A"), "3"), ("Bob", Some("B"), "4")] {
            let mut body = json!({"schemas": [USER], "userName": name, "active": name != "cat", "externalId": number, "emails": [
                {"value": format!("z{name}@x.io")}, {"value": format!("{number}@x.io"), "primary": true}]});
            if let Some(title) = title {
                body["title"] = title.into();
            }
            wire.post("/Users", body).await.expect(201);
        }
        for (by, up, down) in [
            ("userName", "Ann Bob cat dan", "dan cat Bob Ann"),
            // Case does not count, equals stay in order of creation, and whoever has none is last; first the other way.
            ("title", "cat dan Bob Ann", "Ann dan Bob cat"),
            ("emails", "Ann dan cat Bob", "Bob cat dan Ann"), ("emails.value", "Ann dan cat Bob", "Bob cat dan Ann"),
            ("externalId", "Ann dan cat Bob", "Bob cat dan Ann"),
            ("active", "cat dan Ann Bob", "dan Ann Bob cat"), ("name.familyName", "dan Ann cat Bob", "dan Ann cat Bob"),
            ("meta.created", "dan Ann cat Bob", "Bob cat Ann dan"), ("nosuch", "dan Ann cat Bob", "dan Ann cat Bob"),
        ] {
            assert_eq!(wire.names(&format!("sortBy={by}")).await.join(" "), up, "{by}");
            assert_eq!(wire.names(&format!("sortBy={by}&sortOrder=Ascending")).await.join(" "), up, "{by}");
            if by != "meta.created" {
                assert_eq!(wire.names(&format!("sortBy={by}&sortOrder=DESCENDING")).await.join(" "), down, "{by} descending");
            }
        }
        for name in ["b", "A", "c"] {
            wire.group(name, &[]).await;
        }
        let list = wire.read("/Groups?sortBy=displayName&sortOrder=descending&attributes=displayName").await;
        let names: Vec<&str> = list["Resources"].as_array().unwrap().iter().map(|group| group["displayName"].as_str().unwrap()).collect();
        assert_eq!(names, ["c", "b", "A"]);
    }
}
