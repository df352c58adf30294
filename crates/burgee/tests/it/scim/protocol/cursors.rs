//! Pages by cursor (RFC 9865).

use serde_json::{Value, json};

use crate::scim::wire::{USER, Wire, refused};

/// The names on a page.
fn names(list: &Value) -> String {
    let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned();
    list["Resources"].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
}

/// All pages of a search, forwards; then backwards from the last, which must show the same. What is read from several
/// lists is read forwards only.
async fn pages(wire: &Wire, path: &str, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    let mut back = loop {
        let list = wire.read(&format!("{path}?{query}&cursor={cursor}")).await;
        assert!(list.get("startIndex").is_none());
        found.push(names(&list));
        let Some(next) = list["nextCursor"].as_str() else {
            break list["previousCursor"].as_str().map(str::to_owned);
        };
        assert!(next.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{next}");
        next.clone_into(&mut cursor);
    };
    if path.is_empty() {
        assert_eq!(back, None);
        return found;
    }
    let mut backwards = vec![found.last().unwrap().clone()];
    while let Some(cursor) = back {
        let list = wire.read(&format!("{path}?{query}&cursor={cursor}")).await;
        assert!(list["nextCursor"].is_string(), "this is not the last page");
        backwards.push(names(&list));
        back = list["previousCursor"].as_str().map(str::to_owned);
    }
    backwards.reverse();
    // From the end, it is the first page that may be short.
    assert_eq!(backwards.join(" "), found.join(" "), "{query}");
    found
}

both! {
    /// In whatever order and through whatever filter, cursors show what indexes show.
    async fn every_order(server) {
        let wire = Wire::new(&server);
        for (name, title, number) in [("dan", Some("b"), "2"), ("Ann", None, "1"), ("cat", Some("A"), "3"), ("Bob", Some("B"), "4"), ("eve", None, "5")] {
            let mut body = json!({ "schemas": [USER], "userName": name, "active": name != "cat", "emails": [{ "value": format!("{number}@x.io") }] });
            if let Some(title) = title {
                body["title"] = title.into();
            }
            if name != "dan" {
                body["externalId"] = number.into();
            }
            wire.post("/Users", body).await.expect(201);
        }
        for name in ["b", "A", "c"] {
            wire.group(name, &[]).await;
        }
        for (path, by) in [
            ("/Users", ""), ("/Users", "sortBy=userName"), ("/Users", "sortBy=title"), ("/Users", "sortBy=externalId"), ("/Users", "sortBy=active"),
            ("/Users", "sortBy=meta.created"), ("/Users", "sortBy=meta.lastModified"), ("/Users", "sortBy=emails"), ("/Users", "sortBy=meta.version"),
            ("/Users", "sortBy=meta.resourceType"), ("/Users", "sortBy=nosuch"), ("/Users", "filter=userName co \"a\"&sortBy=title"),
            ("/Groups", ""), ("/Groups", "sortBy=displayName"), ("/Groups", "sortBy=externalId"), ("", ""), ("", "sortBy=meta.created"),
        ] {
            for order in ["", "&sortOrder=descending"] {
                let whole = names(&wire.read(&format!("{path}?{by}{order}")).await);
                for count in 1..=9 {
                    let pages = pages(&wire, path, &format!("{by}{order}&count={count}")).await;
                    assert_eq!(pages.join(" "), whole, "{path} {by}{order} by {count}: {pages:?}");
                    assert!(pages[..pages.len() - 1].iter().all(|page| page.split(' ').count() == count), "{pages:?}");
                }
            }
        }
    }

    async fn what_cursors_are_for_and_what_not(server) {
        let wire = Wire::new(&server);
        for name in ["ann", "bob", "cat", "dan", "eve"] {
            wire.user(name).await;
        }
        let first = wire.read("/Users?cursor&count=2").await;
        assert_eq!((&first["totalResults"], &first["itemsPerPage"], names(&first).as_str()), (&json!(5), &json!(2), "ann bob"));
        assert!(first.get("previousCursor").is_none());
        let next = first["nextCursor"].as_str().unwrap();
        // Without a cursor, pages have indexes, and nothing leads from one kind to the other.
        assert!(wire.read("/Users?count=2").await.get("nextCursor").is_none());
        // The size of a page may change on the way.
        let rest = wire.read(&format!("/Users?cursor={next}&count=1000")).await;
        assert_eq!((names(&rest).as_str(), rest.get("nextCursor")), ("cat dan eve", None));
        // In the body of a search, too.
        let search = wire.post("/Users/.search", json!({ "cursor": "", "count": 2 })).await.expect(200).json();
        let search = wire.post("/Users/.search", json!({ "cursor": search["nextCursor"], "count": 2 })).await.expect(200).json();
        assert_eq!(names(&search), "cat dan");
        for (path, keyword, word) in [
            ("/Users?cursor=nonsense", "invalidCursor", "cursor"), (&format!("/Users?cursor={}", &next[1..]), "invalidCursor", "cursor"),
            (&format!("/Users?cursor={next}&filter=userName pr"), "invalidCursor", "same parameters"),
            (&format!("/Users?cursor={next}&sortBy=userName"), "invalidCursor", "same parameters"),
            (&format!("/Groups?cursor={next}"), "invalidCursor", "same parameters"), (&format!("?cursor={next}"), "invalidCursor", "same parameters"),
            ("/Users?cursor&count=0", "invalidCount", "count"), ("/Users?cursor&count=-1", "invalidCount", "count"),
            (&format!("/Users?cursor={next}&count=x"), "invalidCount", "count"), ("/Users?cursor&startIndex=1", "invalidCursor", "startIndex"),
        ] {
            refused(wire.get(path).await, 400, keyword, word);
        }
        let pagination = wire.read("/ServiceProviderConfig").await["pagination"].clone();
        assert_eq!(pagination, json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100, "maxPageSize": 1000, "cursorTimeout": 3600 }));
    }

    /// Whoever comes and goes meanwhile: nobody who stays is left out, or comes twice.
    async fn lists_that_change_on_the_way(server) {
        let wire = Wire::new(&server);
        let mut ids = Vec::new();
        for name in ["bob", "dan", "fay", "hal"] {
            ids.push(wire.user(name).await);
        }
        for by in ["", "&sortBy=userName"] {
            let page = wire.read(&format!("/Users?cursor&count=2{by}")).await;
            assert_eq!(names(&page), "bob dan");
            let next = page["nextCursor"].as_str().unwrap().to_owned();
            // The one that the cursor stands next to goes, and so does one before it.
            for gone in [0, 1] {
                wire.delete(&format!("/Users/{}", ids[gone])).await.expect(204);
            }
            let rest = wire.read(&format!("/Users?cursor={next}&count=2{by}")).await;
            assert_eq!((names(&rest).as_str(), &rest["totalResults"]), ("fay hal", &json!(2)));
            let back = rest["previousCursor"].as_str().unwrap();
            let back = wire.read(&format!("/Users?cursor={back}&count=2{by}")).await;
            assert_eq!((names(&back).as_str(), back.get("previousCursor"), back.get("nextCursor")), ("", None, None));
            ids = vec![wire.user("bob").await, wire.user("dan").await];
            if by.is_empty() {
                // In order of creation they come last now.
                assert_eq!(names(&wire.read("/Users").await), "fay hal bob dan");
            }
        }
    }

    async fn cursors_over_users_and_groups(server) {
        let wire = Wire::new(&server);
        for name in ["ann", "bob", "cat"] {
            wire.user(name).await;
        }
        for name in ["Crew", "Pilots"] {
            wire.group(name, &[]).await;
        }
        for (count, expected) in [(1, vec!["ann", "bob", "cat", "Crew", "Pilots"]), (2, vec!["ann bob", "cat Crew", "Pilots"]), (3, vec!["ann bob cat", "Crew Pilots"]), (5, vec!["ann bob cat Crew Pilots"])] {
            assert_eq!(pages(&wire, "", &format!("count={count}")).await, expected);
        }
        let list = wire.post("/.search", json!({ "cursor": "", "count": 4, "filter": "meta.resourceType eq \"Group\"" })).await.expect(200).json();
        assert_eq!((names(&list).as_str(), list.get("nextCursor")), ("Crew Pilots", None));
    }
}
