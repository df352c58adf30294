//! Assertions with which clients show who they are (RFC 7523): JSON web tokens, signed with a key of theirs.

use std::slice::from_ref;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as Outcome};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::signature::{Error as Bad, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation, decode, decode_header};
use ring::signature;
use serde::Deserialize;

use crate::clock::Time;
use crate::error::{Error, Result};

/// What clients may sign with. What a token says of its own algorithm is held against this and against the kind of the
/// key: a public key is never taken for a shared secret.
pub const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;
/// How long an assertion may be good for, in seconds: its id is remembered for so long.
const LONGEST_LIFE: i64 = 3600;
/// The longest id of an assertion, in bytes.
const LONGEST_ID: usize = 512;
/// How many keys a client may have.
const MOST_KEYS: usize = 10;

/// A client's public keys; each with its id, if it has one.
pub(super) struct Keys(Vec<(Option<String>, DecodingKey)>);

impl Keys {
    /// Reads one or several keys in PEM, or a JWK set (RFC 7517 §5). Private keys are refused, so that they are not
    /// stored here.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let keys = if text.starts_with('{') { Self::of_jwks(text)? } else { Self::of_pem(text)? };
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(Error::bad_data(format!("Give between 1 and {MOST_KEYS} public keys.")));
        }
        Ok(Self(keys))
    }

    fn of_jwks(text: &str) -> Result<Vec<(Option<String>, DecodingKey)>> {
        let bad = |why: &str| Error::bad_data(format!("The JWK set cannot be read: {why}"));
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| bad(&error.to_string()))?;
        let value = if value.get("keys").is_some() { value } else { serde_json::json!({ "keys": [value] }) };
        let private =
            |key: &serde_json::Value| ["d", "p", "q", "k"].iter().any(|part| key.get(part).is_some());
        if value["keys"].as_array().is_some_and(|keys| keys.iter().any(private)) {
            return Err(bad("it has a private key. Give the public ones only, and replace that key."));
        }
        let set: JwkSet = serde_json::from_value(value).map_err(|error| bad(&error.to_string()))?;
        set.keys
            .iter()
            .map(|jwk| {
                let key = DecodingKey::from_jwk(jwk).map_err(|error| bad(&error.to_string()))?;
                Ok((jwk.common.key_id.clone(), key))
            })
            .collect()
    }

    fn of_pem(text: &str) -> Result<Vec<(Option<String>, DecodingKey)>> {
        if text.contains("PRIVATE KEY-----") {
            return Err(Error::bad_data(
                "This is a private key. Give the public one only, and replace that key: it has been shown.",
            ));
        }
        let blocks = text.split("-----BEGIN ").skip(1).map(|rest| format!("-----BEGIN {rest}"));
        blocks
            .map(|block| {
                let pem = block.as_bytes();
                let key = DecodingKey::from_rsa_pem(pem)
                    .or_else(|_| DecodingKey::from_ec_pem(pem))
                    .or_else(|_| DecodingKey::from_ed_pem(pem));
                let key = key.map_err(|_| {
                    Error::bad_data(
                        "The PEM holds no public key of RSA, P-256, P-384 or Ed25519: it begins with “-----BEGIN PUBLIC KEY-----”.",
                    )
                })?;
                Ok((None, key))
            })
            .collect()
    }

    fn candidates(&self, kid: Option<&str>) -> impl Iterator<Item = &DecodingKey> {
        let named = self.0.iter().any(|(id, _)| id.is_some() && id.as_deref() == kid);
        self.0.iter().filter(move |(id, _)| !named || id.as_deref() == kid).map(|(_, key)| key)
    }
}

/// What an assertion says, once its signature is right.
pub(super) struct Assertion {
    /// Its id.
    pub(super) jti: String,
    /// Until when it may be remembered that it was used.
    pub(super) until: Time,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    iat: Option<f64>,
    jti: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The client that an assertion says it comes from, before anything is checked: to find its keys.
pub(super) fn claimed(jwt: &str) -> Option<String> {
    use base64::Engine;
    let body = jwt.split('.').nth(1)?;
    let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&body).ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

/// Checks an assertion of the client `id` (RFC 7523 §3): signature, issuer and subject, that it is meant for one of
/// `audiences`, that it is good now and not for long, and that it has an id. What is wrong is said in a sentence.
pub(super) fn verify(
    jwt: &str,
    keys: &Keys,
    id: &str,
    audiences: &[String],
    now: Time,
) -> Result<Assertion, &'static str> {
    // Set by whoever comes first; it is the same for all.
    let _ = PROVIDER.install_default();
    let header = decode_header(jwt).map_err(|_| "It is no JSON web token.")?;
    let mut rules = Validation::new(header.alg);
    rules.required_spec_claims.clear();
    (rules.validate_exp, rules.validate_nbf, rules.validate_aud) = (false, false, false);
    let mut right = keys
        .candidates(header.kid.as_deref())
        .filter_map(|key| decode::<Claims>(jwt, key, &rules).ok().map(|found| found.claims));
    let claims = right.next().ok_or("It is signed with none of the client's keys, or lacks a claim.")?;
    let seconds = now.millis() / 1000;
    let exp = whole(claims.exp);
    let ahead = |at: Option<f64>| at.is_some_and(|at| whole(at) > seconds + LEEWAY);
    let audience = match &claims.aud {
        Audience::One(one) => from_ref(one),
        Audience::Several(several) => several,
    };
    if claims.iss != id || claims.sub != id {
        return Err("Its issuer and its subject must be the client's id.");
    }
    if !audience.iter().any(|one| audiences.contains(one)) {
        return Err("It is meant for somebody else: its audience must be the issuer or the token endpoint.");
    }
    if exp + LEEWAY <= seconds {
        return Err("It has expired.");
    }
    if exp > seconds + LONGEST_LIFE + LEEWAY {
        return Err("It is good for too long: an hour is the most.");
    }
    if ahead(claims.nbf) || ahead(claims.iat) {
        return Err("It is from the future: look at the clocks.");
    }
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_ID {
        return Err("It needs an id (jti) of 512 bytes at most.");
    }
    Ok(Assertion { jti: claims.jti, until: Time::from_millis((exp + LEEWAY) * 1000) })
}

/// Seconds without their fraction, within bounds that can be counted with.
#[expect(clippy::cast_possible_truncation, reason = "it is within the bounds")]
fn whole(seconds: f64) -> i64 {
    seconds.clamp(-1e15, 1e15) as i64
}

/// How signatures are checked: by the library that does it for TLS.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| verifier(*algorithm, key),
    key_utils: KeyUtils::new_unimplemented(),
};

enum Method {
    Rsa(&'static signature::RsaParameters),
    Other(&'static dyn signature::VerificationAlgorithm),
}

struct Check {
    algorithm: Algorithm,
    method: Method,
    key: DecodingKey,
}

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Outcome<Box<dyn JwtVerifier>> {
    let method = match algorithm {
        Algorithm::RS256 => Method::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Method::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Method::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Method::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Method::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Method::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Method::Other(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Method::Other(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Method::Other(&signature::ED25519),
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(Check { algorithm, method, key: key.clone() }))
}

impl JwtVerifier for Check {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Check {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Bad> {
        let outcome = match (&self.method, self.key.kind()) {
            (Method::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                signature::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Method::Rsa(parameters), DecodingKeyKind::SecretOrDer(der)) => {
                signature::UnparsedPublicKey::new(*parameters, der).verify(message, signature)
            }
            (Method::Other(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                signature::UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }
            (Method::Other(_), DecodingKeyKind::RsaModulusExponent { .. }) => return Err(Bad::new()),
        };
        outcome.map_err(|_| Bad::new())
    }
}
