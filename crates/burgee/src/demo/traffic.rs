//! The company's applications: they ask for flags, and report how often they used them, as SDKs do.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::caller::{Caller, text};
use super::company::{Application, Side};
use crate::clock::Time;
use crate::entropy::Entropy;
use crate::error::Result;

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);
/// How busy an hour of the day is, in percent.
const CURVE: [u64; 24] =
    [9, 6, 4, 3, 4, 8, 19, 38, 52, 58, 61, 70, 78, 66, 57, 55, 63, 82, 100, 97, 84, 60, 36, 18];
/// Of a whole.
const WHOLE: u64 = 1000;

/// What comes of a flag, of [`WHOLE`] each: how often it is on, and which variants then.
#[derive(Clone, Default)]
struct Share {
    on: u64,
    variants: Vec<(String, u64)>,
}

/// Everything that runs.
#[derive(Default)]
pub(super) struct Traffic {
    running: Vec<Running>,
    /// By environment and flag.
    shares: HashMap<(&'static str, String), Share>,
    dice: Option<Entropy>,
}

struct Running {
    application: &'static Application,
    caller: Caller,
    etag: Option<String>,
}

impl Traffic {
    /// Traffic that is the same every time.
    pub(super) fn seeded(seed: u64) -> Self {
        Self { dice: Some(Entropy::seeded(seed)), ..Self::default() }
    }

    /// An application starts, with a token.
    pub(super) async fn start(
        &mut self,
        application: &'static Application,
        caller: &Caller,
        token: &str,
        now: Time,
    ) -> Result<()> {
        let caller = caller.holding(token)?;
        let path = match application.side {
            Side::Backend => "/api/client/register",
            Side::Frontend => "/api/frontend/client/register",
        };
        for instance in application.instances {
            let told = json!({
                "appName": application.name, "instanceId": instance, "sdkVersion": application.sdk,
                "strategies": ["default", "flexibleRollout", "remoteAddress"], "started": now, "interval": 60_000,
            });
            caller.post(path, told).await?;
        }
        self.running.push(Running { application, caller, etag: None });
        Ok(())
    }

    /// Everybody asks for flags, and reports what they used in the last hour, or in as small a part of it.
    pub(super) async fn report(&mut self, now: Time, part: u32) -> Result<()> {
        for running in &mut self.running {
            running.ask(&mut self.shares).await?;
        }
        let hour = usize::try_from(now.millis().div_euclid(3_600_000).rem_euclid(24)).unwrap_or_default();
        let busy = CURVE.get(hour).copied().unwrap_or(WHOLE);
        for Running { application, caller, .. } in &self.running {
            let mut toggles = serde_json::Map::new();
            for (flag, times) in application.uses {
                let [luck] = self.dice.as_ref().map(Entropy::bytes).unwrap_or_default();
                let count = times * busy * (80 + u64::from(luck) % 40) / 10_000 / u64::from(part);
                let share = self.shares.get(&(application.environment, (*flag).to_owned()));
                toggles.insert((*flag).to_owned(), share.cloned().unwrap_or_default().of(count));
            }
            let path = match application.side {
                Side::Backend => "/api/client/metrics",
                Side::Frontend => "/api/frontend/client/metrics",
            };
            let told = json!({
                "appName": application.name,
                "instanceId": application.instances.first(),
                "sdkVersion": application.sdk,
                // What is reported at the full hour happened before it.
                "bucket": { "start": now.minus(HOUR / part), "stop": now.minus(SECOND), "toggles": toggles },
            });
            caller.post(path, told).await?;
        }
        Ok(())
    }
}

impl Running {
    /// Asks for the flags. Who gets results instead relies on what the others learn.
    async fn ask(&mut self, shares: &mut HashMap<(&'static str, String), Share>) -> Result<()> {
        if matches!(self.application.side, Side::Frontend) {
            return self.caller.get("/api/frontend?userId=4711&country=NO").await.map(drop);
        }
        let caller = match &self.etag {
            Some(etag) => self.caller.with(header::IF_NONE_MATCH, etag)?,
            None => self.caller.clone(),
        };
        let answer = caller.ask(Method::GET, "/api/client/features", None).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        self.etag = answer.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let features = answer.body["features"].as_array().cloned().unwrap_or_default();
        let own: HashMap<&str, Share> = features
            .iter()
            .map(|flag| Ok((text(flag, "/name")?, Share::of_flag(flag))))
            .collect::<Result<_>>()?;
        for flag in &features {
            let name = text(flag, "/name")?;
            let mut share = own.get(name).cloned().unwrap_or_default();
            for parent in flag["dependencies"].as_array().into_iter().flatten() {
                let above = own.get(text(parent, "/feature")?).map_or(0, |share| share.on);
                share.on = share.on * above / WHOLE;
            }
            shares.insert((self.application.environment, name.to_owned()), share);
        }
        Ok(())
    }
}

impl Share {
    /// About what the strategies of a flag come to: what is for some people only is for a fifth of them.
    fn of_flag(flag: &Value) -> Self {
        let strategies = flag["strategies"].as_array().map(Vec::as_slice).unwrap_or_default();
        if flag["enabled"] != true {
            return Self::default();
        }
        let off = strategies.iter().fold(WHOLE, |off, strategy| {
            let rollout = strategy["parameters"]["rollout"].as_str().and_then(|text| text.parse().ok());
            let narrow = ["constraints", "segments"]
                .iter()
                .any(|key| strategy[key].as_array().is_some_and(|it| !it.is_empty()));
            let on = rollout.unwrap_or(100) * WHOLE / 100 / if narrow { 5 } else { 1 };
            off * WHOLE.saturating_sub(on) / WHOLE
        });
        let variants = strategies
            .iter()
            .find_map(|strategy| strategy["variants"].as_array().filter(|it| !it.is_empty()));
        let variants = variants.or_else(|| flag["variants"].as_array()).into_iter().flatten();
        Self {
            on: if strategies.is_empty() { WHOLE } else { WHOLE - off },
            variants: variants
                .filter_map(|it| Some((it["name"].as_str()?.to_owned(), it["weight"].as_u64()?)))
                .collect(),
        }
    }

    /// How it is reported of so many calls.
    fn of(&self, count: u64) -> Value {
        let yes = count * self.on / WHOLE;
        let variants: HashMap<&str, u64> =
            self.variants.iter().map(|(name, weight)| (name.as_str(), yes * weight / WHOLE)).collect();
        json!({ "yes": yes, "no": count - yes, "variants": variants })
    }
}
