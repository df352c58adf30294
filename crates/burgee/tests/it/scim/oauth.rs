//! OAuth 2.0 for identity providers: by secret, by signed assertion, and all that is neither.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use burgee::clock::Time;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::{Answer, Client};

const FORM: &str = "application/x-www-form-urlencoded";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A key that was made for this test and has no other use.
const RSA: &str = include_str!("oauth_test_key.txt");

/// A connection that is on; its number.
async fn connection(server: &TestServer, name: &str) -> i64 {
    let body = json!({ "name": name, "slug": name, "enabled": true });
    let made = server.admin().post("/api/admin/provisioning/connections", body).await.expect(201);
    made.json()["id"].as_i64().unwrap()
}

fn path(id: i64, step: &str) -> String {
    format!("/api/admin/provisioning/connections/{id}/client{step}")
}

/// Asks for a token.
async fn ask(client: &Client, fields: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client.send(Method::POST, "/oauth/token", Some(body), FORM).await
}

#[track_caller]
fn refused(answer: Answer, error: &str) -> String {
    let status = if error == "invalid_client" { 401 } else { 400 };
    let body = answer.expect(status).json();
    assert_eq!(body["error"], error, "{body}");
    body["error_description"].as_str().unwrap().to_owned()
}

fn bearer(server: &TestServer, answer: Answer) -> Client {
    let body = answer.expect(200).json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let token = body["access_token"].as_str().unwrap();
    assert!(token.starts_with("bga_"));
    server.anonymous().with("authorization", &format!("Bearer {token}"))
}

/// A key, with the name of what it does.
enum Signer {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    fn ec() -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap())
    }

    fn ed() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap())
    }

    fn rsa() -> Self {
        let (der, _) = RSA.split_once('\n').unwrap();
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap()))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The public key, as clients publish it.
    fn public(&self, kid: &str) -> String {
        match self {
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                let [x, y] = [&point[1..33], &point[33..]].map(|part| BASE64URL.encode(part));
                json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y }] }).to_string()
            }
            Self::Ed(key) => {
                let x = BASE64URL.encode(key.public_key().as_ref());
                json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x }] }).to_string()
            }
            Self::Rsa(_) => RSA.split_once('\n').unwrap().1.to_owned(),
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let random = SystemRandom::new();
        let text = unsigned(header, claims);
        let signature = match self {
            Self::Ec(key) => key.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(text.as_bytes()).as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{text}.{}", BASE64URL.encode(signature))
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()))
}

/// What a right assertion says, with changes; a change to `null` takes something away.
fn claims(now: Time, client: &str, jti: &str, changes: &Value) -> Value {
    let seconds = now.millis() / 1000;
    let mut claims = json!({
        "iss": client, "sub": client, "aud": "http://burgee.test", "exp": seconds + 300, "iat": seconds, "jti": jti,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

both! {
    async fn a_client_with_a_secret_gets_tokens_that_work(server) {
        let id = connection(&server, "acme").await;
        server.admin().get(&path(id, "")).await.expect(404);
        let made = server.admin().post(&path(id, "/secret"), json!({})).await.expect(201).json();
        let (client, secret) = (made["clientId"].as_str().unwrap(), made["clientSecret"].as_str().unwrap());
        let grant = ("grant_type", "client_credentials");
        let posted = [grant, ("client_id", client), ("client_secret", secret), ("scope", "scim")];
        let anybody = server.anonymous();
        let answer = ask(&anybody, &posted).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let first = bearer(&server, answer);
        first.post("/scim/c/acme/Users", json!({ "userName": "ann" })).await.expect(201);
        first.get("/scim/c/default/Users").await.expect(401);
        let basic = STANDARD.encode(format!("{client}:{secret}"));
        let second = bearer(&server, ask(&anybody.with("authorization", &format!("Basic {basic}")), &[grant]).await);
        assert_eq!(second.get("/scim/Users").await.expect(200).json()["totalResults"], 1);
        // Each for an hour.
        server.rows("UPDATE scim_access_tokens SET expires_at = 1 WHERE id = (SELECT MAX(id) FROM scim_access_tokens)").await;
        second.get("/scim/Users").await.expect(401);
        first.get("/scim/Users").await.expect(200);
        server.scim().get("/scim/Users").await.expect(200);
        assert_eq!(server.events("user-created").await[0]["createdBy"], "scim:acme");

        // Metadata leads there.
        let told = anybody.get("/.well-known/oauth-authorization-server").await.expect(200).json();
        assert_eq!((&told["issuer"], &told["token_endpoint"]), (&json!("http://burgee.test"), &json!("http://burgee.test/oauth/token")));
        for (at, resource) in [("", "/scim"), ("/scim/v2/c/acme", "/scim/v2/c/acme")] {
            let told = anybody.get(&format!("/.well-known/oauth-protected-resource{at}")).await.expect(200).json();
            assert_eq!(told["resource"], format!("http://burgee.test{resource}"));
            assert_eq!(told["authorization_servers"], json!(["http://burgee.test"]));
        }
        anybody.get("/.well-known/oauth-protected-resource/scim/Users").await.expect(404);

        // What is not right is refused in OAuth's words.
        refused(ask(&anybody, &[grant, ("client_id", client), ("client_secret", "wrong")]).await, "invalid_client");
        refused(ask(&anybody, &[grant, ("client_id", "nobody"), ("client_secret", secret)]).await, "invalid_client");
        refused(ask(&anybody, &[grant]).await, "invalid_client");
        refused(ask(&anybody, &[("grant_type", "password")]).await, "unsupported_grant_type");
        refused(ask(&anybody, &[grant, ("client_id", client), ("client_secret", secret), ("scope", "scim admin")]).await, "invalid_scope");
        refused(ask(&anybody, &[grant, grant]).await, "invalid_request");
        refused(ask(&anybody.with("authorization", &format!("Basic {basic}")), &posted).await, "invalid_request");
        let json = json!({ "grant_type": "client_credentials" }).to_string();
        refused(anybody.send(Method::POST, "/oauth/token", Some(json), "application/json").await, "invalid_request");

        // A new secret ends the old one, and the tokens that came of it.
        let again = server.admin().post(&path(id, "/secret"), json!({})).await.expect(201).json();
        assert_eq!(again["clientId"], client);
        refused(ask(&anybody, &posted).await, "invalid_client");
        first.get("/scim/Users").await.expect(401);
        let fields = [grant, ("client_id", client), ("client_secret", again["clientSecret"].as_str().unwrap())];
        let third = bearer(&server, ask(&anybody, &fields).await);
        third.get("/scim/Users").await.expect(200);
        server.admin().delete(&path(id, "")).await.expect(200);
        third.get("/scim/Users").await.expect(401);
        refused(ask(&anybody, &fields).await, "invalid_client");

        // Secrets are nowhere.
        let events = server.admin().get("/api/admin/search/events?limit=1000").await.expect(200).text;
        assert!(!events.contains(secret) && events.contains("scim-client-created"));
    }

    /// However close they come, no token outlives the secret that it was given for.
    async fn a_secret_that_is_replaced_gives_no_token_any_more(server) {
        let id = connection(&server, "acme").await;
        let anybody = server.anonymous();
        let mut made = server.admin().post(&path(id, "/secret"), json!({})).await.expect(201).json();
        for _ in 0..12 {
            let fields = [("grant_type", "client_credentials"), ("client_id", made["clientId"].as_str().unwrap()), ("client_secret", made["clientSecret"].as_str().unwrap())];
            let new = async { server.admin().post(&path(id, "/secret"), json!({})).await.expect(201).json() };
            let (first, next, second) = tokio::join!(ask(&anybody, &fields), new, ask(&anybody, &fields));
            for answer in [first, second] {
                match answer.status {
                    200 => drop(bearer(&server, answer).get("/scim/Users").await.expect(401)),
                    _ => drop(refused(answer, "invalid_client")),
                }
            }
            made = next;
        }
        server.admin().put(&path(id, ""), json!({ "keys": null })).await.expect(200);
        server.admin().put(&path(id, ""), json!({})).await.expect(400);
    }

    async fn a_client_with_a_key_signs_assertions(server) {
        let id = connection(&server, "acme").await;
        let other = connection(&server, "other").await;
        let anybody = server.anonymous();
        let now = server.app.clock.now();
        let mut number = 0;
        for signer in [Signer::ec(), Signer::ed(), Signer::rsa()] {
            let keys = json!({ "keys": signer.public("k1") });
            let client = server.admin().put(&path(id, ""), keys).await.expect(200).json();
            let client = client["clientId"].as_str().unwrap().to_owned();
            let header = json!({ "alg": signer.algorithm(), "kid": "k1" });
            let mut next = || { number += 1; format!("jti-{number}") };
            let send = async |jwt: &str| {
                let fields = [("grant_type", "client_credentials"), ("client_assertion_type", ASSERTION), ("client_assertion", jwt)];
                ask(&anybody, &fields).await
            };
            let right = signer.sign(&header, &claims(now, &client, &next(), &json!({})));
            bearer(&server, send(&right).await).get("/scim/c/acme/Users").await.expect(200);
            assert!(refused(send(&right).await, "invalid_client").contains("used already"));
            for fine in [json!({ "aud": "http://burgee.test/oauth/token" }), json!({ "aud": ["x", "http://burgee.test"] })] {
                let jwt = signer.sign(&header, &claims(now, &client, &next(), &fine));
                bearer(&server, send(&jwt).await);
            }
            let seconds = now.millis() / 1000;
            for (change, about) in [
                (json!({ "aud": "https://elsewhere.test" }), "somebody else"),
                (json!({ "aud": [] }), "somebody else"),
                (json!({ "exp": seconds - 120 }), "expired"),
                (json!({ "exp": seconds + 7200 }), "too long"),
                (json!({ "exp": 1e300 }), "too long"),
                (json!({ "nbf": seconds + 600 }), "future"),
                (json!({ "iat": seconds + 600 }), "future"),
                (json!({ "iss": "somebody" }), "client's id"),
                (json!({ "jti": "" }), "id"),
                (json!({ "jti": null }), "lacks a claim"),
                (json!({ "exp": null }), "lacks a claim"),
                (json!({ "aud": null }), "lacks a claim"),
            ] {
                let jwt = signer.sign(&header, &claims(now, &client, &next(), &change));
                let why = refused(send(&jwt).await, "invalid_client");
                assert!(why.contains(about), "{change}: {why}");
            }
            // Signatures of others, of nobody, and by a public key that is taken for a secret.
            let good = claims(now, &client, &next(), &json!({}));
            let mut forged = vec![
                Signer::ec().sign(&json!({ "alg": "ES256", "kid": "k1" }), &good),
                format!("{}.", unsigned(&json!({ "alg": "none" }), &good)),
                format!("{}x", signer.sign(&header, &good)),
                "no.jwt".to_owned(),
                String::new(),
            ];
            for algorithm in ["HS256", "ES384", "PS256"] {
                let text = unsigned(&json!({ "alg": algorithm, "kid": "k1" }), &good);
                let mut mac = Hmac::<sha2::Sha256>::new_from_slice(signer.public("k1").as_bytes()).unwrap();
                mac.update(text.as_bytes());
                forged.push(format!("{text}.{}", BASE64URL.encode(mac.finalize().into_bytes())));
            }
            for jwt in forged {
                refused(send(&jwt).await, "invalid_client");
            }
            // The key of one connection opens no other.
            let theirs = json!({ "keys": Signer::ec().public("k1") });
            let theirs = server.admin().put(&path(other, ""), theirs).await.expect(200).json();
            let jwt = signer.sign(&header, &claims(now, theirs["clientId"].as_str().unwrap(), &next(), &json!({})));
            refused(send(&jwt).await, "invalid_client");
        }
        for (bad, about) in [
            ("nonsense", "between 1 and 10"),
            ("{\"keys\": []}", "between 1 and 10"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "private key"),
            ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"d\":\"AA\"}", "private"),
            ("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "private"),
        ] {
            let answer = server.admin().put(&path(id, ""), json!({ "keys": bad })).await.expect(400);
            assert!(answer.text.contains(about), "{bad}: {}", answer.text);
        }
    }
}
