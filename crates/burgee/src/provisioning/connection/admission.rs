//! Who gets in: from a token to a connection, and whether it takes calls now.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::{Connection, columns};
use crate::access::{Granted, Provision, provisioner};
use crate::clock::Time;
use crate::db::Db;
use crate::entropy::digest;
use crate::error::Result;
use crate::sql;

/// What a live token opens.
pub struct Admitted {
    /// The connection that it belongs to.
    pub connection: Connection,
    /// The token's number; none for an access token of OAuth.
    pub token: Option<i64>,
    /// How the token begins, if that is known.
    pub prefix: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    connection: Connection,
    token: Option<i64>,
    prefix: Option<String>,
}

/// Looks a token up, in one query.
pub async fn by_token(db: &Db, token: &str, now: Time) -> Result<Option<Admitted>> {
    let found: Option<Row> = db
        .glance(sql!(
            concat!(
                "SELECT ",
                columns!(),
                ", t.token, t.prefix FROM (
                     SELECT connection_id, id AS token, prefix FROM scim_tokens
                     WHERE digest = $1 AND (expires_at IS NULL OR expires_at > $2)
                     UNION ALL
                     SELECT connection_id, CAST(NULL AS BIGINT) AS token, CAST(NULL AS TEXT) AS prefix FROM scim_access_tokens
                     WHERE digest = $1 AND expires_at > $2
                 ) t JOIN scim_connections c ON c.id = t.connection_id"
            ),
            digest(token),
            now
        ))
        .await?;
    Ok(found.map(|Row { connection, token, prefix }| Admitted { connection, token, prefix }))
}

/// Why a connection takes no call now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is switched off.
    Off,
    /// The call comes from a network that is not among its own.
    Network,
    /// It is paused: what is sent again later is done later.
    Paused,
    /// There were too many; the next may come after so many seconds.
    Rate(u64),
}

impl Admitted {
    /// What may be shown of the token.
    pub fn credential(&self) -> String {
        match (&self.prefix, self.token) {
            (Some(prefix), _) => format!("{prefix}…"),
            (None, Some(token)) => format!("token {token}"),
            (None, None) => "OAuth".to_owned(),
        }
    }

    /// What the connection may do, if it takes a call from this address now.
    pub fn enter(&self, rates: &Rates, ip: Option<String>) -> Result<Granted<Provision>, Refusal> {
        let connection = &self.connection;
        if !connection.is_reached_from(ip.as_deref()) {
            return Err(Refusal::Network);
        }
        if !connection.enabled {
            return Err(Refusal::Off);
        }
        if connection.paused {
            return Err(Refusal::Paused);
        }
        rates.count(connection)?;
        Ok(provisioner(connection.id, &connection.setup.name, ip))
    }
}

impl Connection {
    /// True if calls may come from there. An address that is not known is in no network.
    fn is_reached_from(&self, ip: Option<&str>) -> bool {
        let networks = &self.setup.networks.0;
        let ip = ip.and_then(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
        networks.is_empty() || ip.is_some_and(|ip| networks.iter().any(|network| network.contains(&ip)))
    }
}

/// How fast each connection calls, counted in memory for those that have a limit.
#[derive(Default)]
pub struct Rates {
    limiters: Mutex<HashMap<i64, (NonZeroU32, Arc<DefaultDirectRateLimiter>)>>,
    clock: DefaultClock,
}

impl Rates {
    fn count(&self, connection: &Connection) -> Result<(), Refusal> {
        let rate = connection.setup.rate.and_then(|rate| NonZeroU32::new(u32::try_from(rate).ok()?));
        let Some(rate) = rate else { return Ok(()) };
        let limiter = self.limiter(connection.id, rate);
        limiter.check().map_err(|until| {
            Refusal::Rate(until.wait_time_from(self.clock.now()).as_secs().saturating_add(1))
        })
    }

    /// Another rate begins anew.
    fn limiter(&self, connection: i64, rate: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || (rate, Arc::new(RateLimiter::direct(Quota::per_second(rate))));
        let entry = limiters.entry(connection).or_insert_with(fresh);
        if entry.0 != rate {
            *entry = fresh();
        }
        entry.1.clone()
    }
}
