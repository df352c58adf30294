//! Pushing events (RFC 8935): one after the other for each receiver, to several receivers at once.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::outbox::{Due, waiting};
use super::receiver::{self, Delivery, Receiver};
use super::signing::Signer;
use super::state::{self, short};
use crate::clock::Clock;
use crate::db::Db;
use crate::entropy::Entropy;
use crate::error::Result;
use crate::outbound::{Outbound, Reply};
use crate::sql;

/// How often is looked for receivers for whom something waits.
const LOOK: Duration = Duration::from_secs(1);
/// How many receivers are told at once.
const AT_ONCE: usize = 8;
/// How many events are made at once.
const BATCH: usize = 20;
/// For how long one receiver is told before others have a turn.
const TURN: Duration = Duration::from_secs(20);
/// After the first failure a delivery is tried again after this time; after each more, after twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// How long it is waited for an answer when the server stops. What is not answered then is told again by whoever comes next.
const GRACE: Duration = Duration::from_secs(1);
/// How long a receiver waits for which something failed here.
const FAULT_PAUSE: Duration = Duration::from_mins(1);
/// How many times a pause doubles.
const DOUBLES: u32 = 12;
/// The last word of an `Authorization` header, or a value in a query, is a secret by itself if it has so many bytes.
const LEAST_SECRET: usize = 8;
/// What a receiver says of one event that it cannot take (RFC 8935 §2.4). Anything else is about all of them.
pub const ABOUT_ONE: &str = "invalid_request";

/// Everything that it takes.
pub struct Push<'a> {
    /// The database.
    pub db: &'a Db,
    /// Ids.
    pub entropy: &'a Entropy,
    /// The time.
    pub clock: &'a Clock,
    /// The way out.
    pub outbound: &'a Outbound,
    /// The address under which the server is reached.
    pub issuer: &'a str,
    /// Fires when the server stops: what was sent has a moment more to be answered, and nothing else is sent.
    pub stopping: &'a CancellationToken,
}

/// What is done at the same time.
enum Step {
    /// A receiver was told for a while.
    Told(i64),
    /// For whom something waits.
    Looked(Vec<i64>),
}

/// What came of a delivery.
enum Outcome {
    Taken,
    Refused(String),
    Failed(String),
}

impl Push<'_> {
    /// Tells every receiver what waits for it, unless another server does, until the server stops. Whoever is slow holds
    /// up nobody else, as long as there are not more of them than are told at once.
    pub async fn run(&self) {
        let mut under_way = HashSet::new();
        // Looking goes on beside telling: neither waits for the other.
        let mut running = FuturesUnordered::new();
        running.push(self.look().boxed());
        while let Some(step) = running.next().await {
            let due = match step {
                Step::Told(id) => {
                    under_way.remove(&id);
                    continue;
                }
                Step::Looked(due) => due,
            };
            for id in due {
                if under_way.len() < AT_ONCE && under_way.insert(id) {
                    running.push(self.to(id).boxed());
                }
            }
            if !self.stopping.is_cancelled() {
                running.push(self.look().boxed());
            }
        }
    }

    /// Looks, after a while, for whom something waits; for nobody, if the server stops.
    async fn look(&self) -> Step {
        tokio::select! {
            () = self.stopping.cancelled() => return Step::Looked(Vec::new()),
            () = tokio::time::sleep(LOOK) => {}
        }
        Step::Looked(self.due().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known for whom events wait");
            Vec::new()
        }))
    }

    /// The receivers for whom something may wait, and whom no server tells now.
    async fn due(&self) -> Result<Vec<i64>> {
        let mut tx = self.db.read().await?;
        let due: Vec<(i64,)> = tx
            .all(sql!(
                "SELECT r.id FROM scim_receivers r JOIN scim_receiver_states s ON s.receiver_id = r.id
                 WHERE r.enabled = TRUE AND r.delivery = 'push' AND s.next_at <= $1 AND s.leased_until <= $1
                   AND EXISTS (SELECT 1 FROM events e WHERE e.signal IS NOT NULL AND e.id > s.position)
                 ORDER BY COALESCE(s.delivered_at, 0), s.next_at, r.id",
                self.clock.now()
            ))
            .await?;
        tx.end().await?;
        Ok(due.into_iter().map(|(id,)| id).collect())
    }

    /// Tells one receiver what waits for it, for a while.
    async fn to(&self, id: i64) -> Step {
        let holder = self.entropy.hex::<16>();
        if let Err(error) = self.deliver(id, &holder).await {
            tracing::error!(%error, receiver = id, "events could not be pushed");
            let now = self.clock.now();
            let why = "The server could not read what waits; its log says why.";
            // Where the database is away, this is no use either.
            let _ = state::failed(self.db, id, &holder, why, now.plus(FAULT_PAUSE), now).await;
        }
        if let Err(error) = state::release(self.db, id, &holder).await {
            tracing::warn!(%error, receiver = id, "a receiver could not be released");
        }
        Step::Told(id)
    }

    async fn deliver(&self, id: i64, holder: &str) -> Result<()> {
        let until = self.clock.now().plus(TURN);
        let over = || self.stopping.is_cancelled() || self.clock.now() >= until;
        while !over() && state::lease(self.db, id, holder, self.clock.now()).await? {
            // Whatever was changed meanwhile holds from now on.
            let mut tx = self.db.read().await?;
            let Some(receiver) = receiver::find(&mut tx, id).await? else { return Ok(()) };
            if receiver.delivery != Delivery::Push || !receiver.enabled {
                return Ok(());
            }
            let header = receiver::header(&mut tx, id).await?;
            let found = waiting(&mut tx, &receiver, self.issuer, BATCH).await?;
            let mut failures = found.failures;
            tx.end().await?;
            if found.passed > found.position {
                state::pass(self.db, id, found.passed).await?;
            }
            if !found.due.is_empty() {
                let signer = Signer::ready(self.db, self.entropy, self.clock.now()).await?;
                for due in &found.due {
                    if over() {
                        return Ok(());
                    }
                    let token = signer.sign(&due.claims)?;
                    let Some(outcome) = self.send(&receiver, header.as_deref(), &token).await else {
                        return Ok(());
                    };
                    if !self.settle(id, holder, due, outcome, failures).await? {
                        return Ok(());
                    }
                    failures = 0;
                }
            }
            if !found.more {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes what came of a delivery; false if there is no next one now.
    async fn settle(
        &self,
        id: i64,
        holder: &str,
        due: &Due,
        outcome: Outcome,
        failures: i64,
    ) -> Result<bool> {
        let now = self.clock.now();
        match outcome {
            Outcome::Taken => state::done(self.db, id, holder, due.event, None, now).await,
            Outcome::Refused(why) => {
                tracing::warn!(receiver = id, jti = due.jti, why, "a receiver refused an event");
                let why = format!("{}: {why}", due.jti);
                state::done(self.db, id, holder, due.event, Some(&why), now).await
            }
            Outcome::Failed(why) => {
                tracing::warn!(
                    receiver = id,
                    jti = due.jti,
                    why,
                    "an event was not delivered; it is tried again"
                );
                state::failed(self.db, id, holder, &why, now.plus(pause(failures)), now).await?;
                Ok(false)
            }
        }
    }

    /// Sends a token, and tells what came of it; nothing is known of that if the server stops meanwhile.
    async fn send(&self, to: &Receiver, header: Option<&str>, token: &str) -> Option<Outcome> {
        let endpoint = to.endpoint.as_deref().unwrap_or_default();
        let over = async {
            self.stopping.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            answer = self.outbound.post(endpoint, "application/secevent+jwt", header, token) => Some(match answer {
                Ok(reply) => judged(&reply, &secrets(endpoint, header)),
                Err(why) => Outcome::Failed(short(&why)),
            }),
            () = over => None,
        }
    }
}

/// What an answer means. Of what it says, these secrets are not kept: some repeat what they do not accept.
fn judged(reply: &Reply, secrets: &[String]) -> Outcome {
    if (200..300).contains(&reply.status) {
        return Outcome::Taken;
    }
    let said: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let what = said["err"].as_str().unwrap_or_default();
    let why = match said["description"].as_str() {
        Some(description) if !what.is_empty() => format!("{what}: {description}"),
        _ => what.to_owned(),
    };
    let why = short(&secrets.iter().fold(why, |said, secret| said.replace(secret.as_str(), "***")));
    match reply.status {
        400 if what == ABOUT_ONE => Outcome::Refused(why),
        status if what.is_empty() => Outcome::Failed(format!("the answer was {status}")),
        status => Outcome::Failed(format!("the answer was {status}, {why}")),
    }
}

/// What a receiver is sent that may be secret: the `Authorization` header, its last word, and the values in the query of
/// the endpoint.
fn secrets(endpoint: &str, header: Option<&str>) -> Vec<String> {
    let header = header.map(str::trim).filter(|value| !value.is_empty());
    let word = header.and_then(|value| value.split_whitespace().next_back());
    let url = Url::parse(endpoint).ok();
    let written = url.as_ref().and_then(Url::query).unwrap_or_default();
    let written =
        written.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned());
    let meant = url.iter().flat_map(Url::query_pairs).map(|(_, value)| value.into_owned());
    let parts = word.map(str::to_owned).into_iter().chain(written).chain(meant);
    header.map(str::to_owned).into_iter().chain(parts.filter(|part| part.len() >= LEAST_SECRET)).collect()
}

/// How long to wait after one more failure.
fn pause(failures: i64) -> Duration {
    let doubles = u32::try_from(failures).unwrap_or(DOUBLES).min(DOUBLES);
    (FIRST_PAUSE * 2_u32.pow(doubles)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let seconds: Vec<u64> = [0, 1, 2, 5, 11, 12, 1000].map(|n| pause(n).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 32, 2048, 3600, 3600]);
    }

    #[test]
    fn a_refusal_of_one_event_is_told_from_trouble_with_all() {
        let of = |status, body: &str| {
            let reply = Reply { status, body: body.as_bytes().to_vec() };
            match judged(&reply, &[]) {
                Outcome::Taken => "taken".to_owned(),
                Outcome::Refused(why) => format!("refused {why}"),
                Outcome::Failed(why) => format!("failed {why}"),
            }
        };
        assert_eq!(of(202, ""), "taken");
        assert_eq!(of(400, r#"{"err":"invalid_request","description":"no"}"#), "refused invalid_request: no");
        assert_eq!(of(400, r#"{"err":"invalid_key"}"#), "failed the answer was 400, invalid_key");
        assert_eq!(of(400, r#"{"err":"jwtHdr"}"#), "failed the answer was 400, jwtHdr");
        assert_eq!(of(403, r#"{"err":"invalid_request"}"#), "failed the answer was 403, invalid_request");
        assert_eq!(of(400, "<html>"), "failed the answer was 400");
        assert_eq!(of(302, ""), "failed the answer was 302");
        assert_eq!(of(503, ""), "failed the answer was 503");
    }

    #[test]
    fn what_a_receiver_says_is_kept_without_secrets_and_short() {
        let of = |header: &str, said: &str| {
            let body = serde_json::json!({ "err": "authentication_failed", "description": said }).to_string();
            let reply = Reply { status: 401, body: body.into_bytes() };
            let secrets = secrets("https://siem.test/in?key=k3y%20of-the-siem&v=2", Some(header));
            let Outcome::Failed(why) = judged(&reply, &secrets) else { panic!("{said} is no failure") };
            why
        };
        let told = |rest: &str| format!("the answer was 401, authentication_failed: {rest}");
        let header = "Bearer s3cret-of-the-siem";
        assert_eq!(of(header, "Bearer s3cret-of-the-siem?"), told("***?"));
        assert_eq!(of(header, "no token s3cret-of-the-siem here"), told("no token *** here"));
        assert_eq!(of("s3cret-of-the-siem", "not s3cret-of-the-siem"), told("not ***"));
        assert_eq!(of(header, "what is k3y of-the-siem?"), told("what is ***?"));
        assert_eq!(of(header, "2 k3y%20of-the-siem"), told("2 ***"));
        // Short words are in many sentences.
        assert_eq!(of("Token siem", "this siem takes no Token siem"), told("this siem takes no ***"));
        // What would be cut in the middle is gone before.
        let long = of(header, &format!("{}s3cret-of-the-siem", "x".repeat(270)));
        assert!(!long.contains("s3c") && long.len() < 400, "{long}");
    }
}
