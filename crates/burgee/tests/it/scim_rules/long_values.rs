//! What the engine accepts, both databases can store, index and find again, however long it is.

use burgee::entropy::Entropy;
use serde_json::{Value, json};

/// A text that does not compress; in letters of three bytes, if `wide`.
fn text(bytes: usize, wide: bool) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        text += &Entropy::System.hex::<32>();
    }
    if wide {
        text = text.chars().map(|c| char::from_u32(0x4e00 + u32::from(c) * 37).unwrap()).collect();
    }
    text.truncate(text.floor_char_boundary(bytes));
    text
}

both! {
    async fn texts_of_any_accepted_length_are_stored_and_found(server) {
        let scim = server.scim();
        let long = |path: &str, value: &str| match path {
            "userName" => json!({"userName": value}),
            "emails.value" => json!({"userName": text(20, false), "emails": [{"value": value, "type": "work"}]}),
            "emails.type" => json!({"userName": text(20, false), "emails": [{"value": text(20, false), "type": value}]}),
            "name.formatted" => json!({"userName": text(20, false), "name": {"formatted": value}}),
            "x509Certificates.value" => json!({"userName": text(20, false), "x509Certificates": [{"value": value}]}),
            path => json!({"userName": text(20, false), path: value}),
        };
        let paths = ["userName", "externalId", "displayName", "title", "emails.value", "emails.type", "name.formatted", "x509Certificates.value"];
        for path in paths {
            for (bytes, wide) in [(500, false), (890, true), (910, true), (1000, false), (2000, true), (4000, false), (16_000, false)] {
                let value = text(bytes, wide);
                let answer = scim.post("/scim/Users", long(path, &value)).await;
                assert!(matches!(answer.status, 201 | 400), "{path} of {bytes} bytes: {} {}", answer.status, answer.text);
                assert!(answer.status == 201 || bytes > 500, "{path} of {bytes} bytes: {}", answer.text);
                if answer.status == 400 {
                    assert!(answer.text.contains("the limit is"), "{}", answer.text);
                    continue;
                }
                let list = scim.post("/scim/Users/.search", json!({"filter": format!("{path} eq \"{value}\"")})).await.expect(200).json();
                assert_eq!(list["totalResults"], 1, "{path} of {bytes} bytes");
            }
        }
        for (bytes, wide) in [(500, false), (890, true), (1000, false), (2000, true), (4000, false)] {
            for path in ["displayName", "externalId"] {
                let value = text(bytes, wide);
                let mut body: Value = json!({"displayName": text(20, false)});
                body[path] = json!(value);
                let answer = scim.post("/scim/Groups", body).await;
                assert!(matches!(answer.status, 201 | 400), "{path} of {bytes} bytes: {} {}", answer.status, answer.text);
                if answer.status == 201 {
                    let list = scim.post("/scim/Groups/.search", json!({"filter": format!("{path} eq \"{value}\"")})).await.expect(200).json();
                    assert_eq!(list["totalResults"], 1, "{path} of {bytes} bytes");
                }
            }
        }
    }
}
