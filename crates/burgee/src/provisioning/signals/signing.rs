//! What events are signed with: ES256, by a key that the installation makes when it first needs one.
//!
//! The private half has to be used again and again, so that it is stored as it is, as whoever reads the database could
//! as well write what is signed. A key that was replaced loses its private half at once, and stays public for a while.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::clock::Time;
use crate::db::{Db, Read};
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::{keep, sql};

/// For how long a key that was replaced stays public.
const PUBLIC: Duration = Duration::from_hours(30 * 24);

/// A key to sign with.
pub(super) struct Signer {
    kid: String,
    key: EcdsaKeyPair,
}

impl Signer {
    /// The key in use; made now, if there is none.
    pub(super) async fn ready(db: &Db, entropy: &Entropy, now: Time) -> Result<Self> {
        if let Some(found) = Self::find(db).await? {
            return Ok(found);
        }
        let made = Made::new(entropy)?;
        let mut tx = db.bookkeep().await?;
        tx.execute(keep!(
            "INSERT INTO scim_signing_keys (kid, private, public, in_use, created_at) VALUES ($1, $2, $3, TRUE, $4)
             ON CONFLICT DO NOTHING",
            made.kid,
            made.private,
            made.public,
            now
        ))
        .await?;
        tx.commit().await?;
        // Another server may have been first.
        Self::find(db).await?.ok_or_else(|| Error::internal(anyhow::anyhow!("there is no key to sign with")))
    }

    async fn find(db: &Db) -> Result<Option<Self>> {
        let found: Option<(String, String)> =
            db.glance(sql!("SELECT kid, private FROM scim_signing_keys WHERE in_use = TRUE")).await?;
        let Some((kid, private)) = found else { return Ok(None) };
        let bad = |_| Error::internal(anyhow::anyhow!("the key to sign with is damaged"));
        let private = STANDARD.decode(private).map_err(Error::internal)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private, &SystemRandom::new());
        Ok(Some(Self { kid, key: key.map_err(bad)? }))
    }

    /// A security event token (RFC 8417 §2) of these claims.
    pub(super) fn sign(&self, claims: &Value) -> Result<String> {
        let header = json!({ "typ": "secevent+jwt", "alg": "ES256", "kid": self.kid });
        let text =
            format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
        let signature = self
            .key
            .sign(&SystemRandom::new(), text.as_bytes())
            .map_err(|_| Error::internal(anyhow::anyhow!("an event could not be signed")))?;
        Ok(format!("{text}.{}", BASE64URL.encode(signature)))
    }
}

/// A key that was just made.
struct Made {
    kid: String,
    private: String,
    public: String,
}

impl Made {
    /// The key comes from ring's own randomness: it takes no other.
    fn new(entropy: &Entropy) -> Result<Self> {
        let random = SystemRandom::new();
        let bad = || Error::internal(anyhow::anyhow!("no key to sign with could be made"));
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| bad())?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random)
            .map_err(|_| bad())?;
        let kid = entropy.hex::<8>();
        // An uncompressed point: a mark, and two coordinates of 32 bytes.
        let point = key.public_key().as_ref();
        let (x, y) = point.get(1..).and_then(|rest| rest.split_at_checked(32)).ok_or_else(bad)?;
        let public = json!({
            "kty": "EC", "crv": "P-256", "x": BASE64URL.encode(x), "y": BASE64URL.encode(y),
            "kid": kid, "use": "sig", "alg": "ES256",
        });
        Ok(Self { kid, private: STANDARD.encode(made.as_ref()), public: public.to_string() })
    }
}

/// The public keys, as a JWK set (RFC 7517 §5): the one in use first.
pub async fn published(tx: &mut Read, now: Time) -> Result<Value> {
    let found: Vec<(String,)> = tx
        .all(sql!(
            "SELECT public FROM scim_signing_keys WHERE retired_at IS NULL OR retired_at > $1
             ORDER BY created_at DESC, kid",
            now.minus(PUBLIC)
        ))
        .await?;
    let keys: Vec<Value> = found.iter().filter_map(|(text,)| serde_json::from_str(text).ok()).collect();
    Ok(json!({ "keys": keys }))
}

/// Replaces the key. Whatever is signed from now on is signed with the new one. Returns its id.
pub async fn rotate(tx: &mut Change, entropy: &Entropy) -> Result<String> {
    let (made, now) = (Made::new(entropy)?, tx.now());
    let before: Option<(String,)> =
        tx.optional(sql!("SELECT kid FROM scim_signing_keys WHERE in_use = TRUE{lock}")).await?;
    tx.execute(sql!(
        "UPDATE scim_signing_keys SET in_use = FALSE, private = NULL, retired_at = $1 WHERE in_use = TRUE",
        now
    ))
    .await?;
    tx.execute(sql!(
        "DELETE FROM scim_signing_keys WHERE retired_at IS NOT NULL AND retired_at <= $1",
        now.minus(PUBLIC)
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO scim_signing_keys (kid, private, public, in_use, created_at) VALUES ($1, $2, $3, TRUE, $4)",
        &made.kid,
        &made.private,
        &made.public,
        now
    ))
    .await?;
    let before = before.map(|(kid,)| kid);
    tx.record(Event::updated(Fact::ScimKeyRotated, &json!({ "kid": before }), &json!({ "kid": made.kid })));
    Ok(made.kid)
}
