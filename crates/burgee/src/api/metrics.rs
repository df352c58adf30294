//! What SDKs count, as they send it: read without a schema, because it comes all the time.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::HeaderMap;
use schemars::JsonSchema;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::problem::Problem;
use crate::app::App;
use crate::applications::{self, Registration};
use crate::clock::Time;
use crate::metrics::{Figure, Spread, Tally, Told};
use crate::people::api_token::Kind;
use crate::people::throttle::Errand;
use crate::published::Token;

/// What an instance is called that does not say.
pub(super) const NAMELESS: &str = "default";
/// The most that is counted at once: more is a mistake.
const MOST: u32 = u32::MAX;

/// What an SDK counted.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "clientMetricsSchema")]
pub(super) struct ClientMetrics {
    #[serde(deserialize_with = "name")]
    #[schemars(length(min = 1, max = 255))]
    app_name: String,
    instance_id: Option<String>,
    sdk_version: Option<String>,
    bucket: Option<Counted>,
    /// Read with forbearance: what is wrong with it must not keep the rest from being counted.
    impact_metrics: Option<Value>,
}

#[derive(serde::Deserialize, JsonSchema)]
#[schemars(inline)]
struct Counted {
    #[expect(dead_code, reason = "SDKs have to tell it; when it ended is what counts")]
    start: Moment,
    stop: Moment,
    toggles: Toggles,
}

/// Takes in what an SDK counted.
pub(super) fn take(
    app: &App,
    token: &Token,
    headers: &HeaderMap,
    told: ClientMetrics,
    errand: Errand,
) -> Result<(), Problem> {
    app.paces.count(errand, token.id)?;
    let now = app.clock.now();
    let ClientMetrics { app_name, instance_id, sdk_version, bucket, impact_metrics } = told;
    let (instance, sdk) = (instance_id.as_deref(), sdk_version.as_deref());
    let application = keep_alive(app, token, headers, &app_name, instance, sdk);
    if let Some(Counted { stop, toggles, .. }) = bucket {
        app.usage.report(&app.published.flags(), &token.scope, application, (stop.0, now), &toggles.0);
    }
    if let Some(told) = impact_metrics {
        take_impact(app, token, application, "sdk", told);
    }
    Ok(())
}

/// Notes that the instance behind a request is still there, as far as the body or the headers say who it is. Tells
/// under which name its application counts.
pub(super) fn keep_alive<'a>(
    app: &App,
    token: &Token,
    headers: &HeaderMap,
    application: &'a str,
    instance: Option<&str>,
    sdk: Option<&str>,
) -> &'a str {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let fits = |text: &&str| !text.is_empty() && text.len() <= applications::LONGEST;
    let sdk = sdk.filter(fits).or_else(|| header("unleash-sdk").filter(fits));
    let instance = match token.kind {
        Kind::Frontend => applications::OF_USERS,
        _ => instance.filter(fits).or_else(|| header("unleash-instanceid").filter(fits)).unwrap_or(NAMELESS),
    };
    let now = app.clock.now();
    let application = app.usage.admit(token.id, application, now);
    app.registrations.keep_alive((token.id, application, instance, sdk), now, || Registration {
        application: application.to_owned(),
        instance: instance.to_owned(),
        environment: token.scope.environment.clone(),
        projects: token.scope.project_list(),
        sdk: sdk.map(str::to_owned),
        strategies: Vec::new(),
        ip: None,
        at: now,
    });
    application
}

/// A flag's counts, by its name.
pub(super) struct Toggles(Vec<Tally>);

/// How often a flag was on, off, or which variant.
#[derive(serde::Deserialize, JsonSchema)]
#[schemars(inline)]
struct Toggle {
    #[serde(default, deserialize_with = "times")]
    #[schemars(range(min = 0))]
    yes: u64,
    #[serde(default, deserialize_with = "times")]
    #[schemars(range(min = 0))]
    no: u64,
    variants: Option<Variants>,
}

impl<'de> Deserialize<'de> for Toggles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        pairs(deserializer, |name, Toggle { yes, no, variants }| Tally {
            name,
            yes,
            no,
            variants: variants.map(|variants| variants.0).unwrap_or_default(),
        })
        .map(Self)
    }
}

impl JsonSchema for Toggles {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Toggles".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BTreeMap::<String, Toggle>::json_schema(generator)
    }
}

/// How often a flag was which variant.
pub(super) struct Variants(pub(super) Vec<(String, u64)>);

impl<'de> Deserialize<'de> for Variants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        pairs(deserializer, |name, Times(times)| (name, times)).map(Self)
    }
}

impl JsonSchema for Variants {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Variants".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BTreeMap::<String, Times>::json_schema(generator)
    }
}

/// The members of an object, in the order in which they come.
fn pairs<'de, D: Deserializer<'de>, V: Deserialize<'de>, T>(
    deserializer: D,
    make: impl Fn(String, V) -> T,
) -> Result<Vec<T>, D::Error> {
    struct Members<V, F>(F, std::marker::PhantomData<V>);
    impl<'de, V: Deserialize<'de>, T, F: Fn(String, V) -> T> Visitor<'de> for Members<V, F> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some((name, value)) = map.next_entry()? {
                all.push((self.0)(name, value));
            }
            Ok(all)
        }
    }
    deserializer.deserialize_map(Members(make, std::marker::PhantomData))
}

/// How often something happened.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
struct Times(
    #[serde(deserialize_with = "times")]
    #[schemars(range(min = 0))]
    u64,
);

/// A number that is not negative; a fraction is dropped.
pub(super) fn times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Number;
    impl Visitor<'_> for Number {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number that is not negative")
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
            Ok(value.min(MOST.into()))
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<u64, E> {
            u64::try_from(value).map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
        fn visit_f64<E: de::Error>(self, value: f64) -> Result<u64, E> {
            if value >= 0.0 {
                Ok(value.min(MOST.into()) as u64)
            } else {
                Err(E::invalid_value(de::Unexpected::Float(value), &self))
            }
        }
    }
    deserializer.deserialize_any(Number)
}

/// The name of an application.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.is_empty() || name.chars().count() > applications::LONGEST || name.contains('\0') {
        return Err(de::Error::custom(
            "the name of an application has 1 to 255 characters, none of them U+0000",
        ));
    }
    Ok(name)
}

/// A timestamp as SDKs write it: RFC 3339 with any number of digits, or milliseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Moment(pub(super) Time);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Stamp;
        impl Visitor<'_> for Stamp {
            type Value = Moment;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 timestamp or milliseconds since 1970")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
                let time = Time::parse(text);
                time.map(Moment).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Moment, E> {
                self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Moment, E> {
                Ok(Moment(Time::from_millis(value)))
            }
            #[expect(clippy::cast_possible_truncation, reason = "what is out of bounds is far off")]
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Moment, E> {
                self.visit_i64(value as i64)
            }
        }
        deserializer.deserialize_any(Stamp)
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "number"], "format": "date-time" })
    }
}

/// One of the figures that applications measure.
#[derive(serde::Deserialize)]
struct Measured {
    name: String,
    #[serde(default)]
    help: String,
    r#type: String,
    samples: Vec<Measurement>,
    /// Where Edge had it from.
    #[serde(rename = "appName")]
    app_name: Option<String>,
    environment: Option<String>,
}

#[derive(serde::Deserialize)]
struct Measurement {
    #[serde(default)]
    labels: BTreeMap<String, Label>,
    value: Option<f64>,
    count: Option<f64>,
    sum: Option<f64>,
    #[serde(default)]
    buckets: Vec<Step>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Label {
    Text(String),
    Number(serde_json::Number),
}

#[derive(serde::Deserialize)]
struct Step {
    le: Label,
    count: f64,
}

impl Label {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Measurement {
    /// What was measured; `None`: it is no figure of this kind.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    fn figure(self, kind: &str) -> Option<(BTreeMap<String, String>, Figure)> {
        let labels = self.labels.into_iter().map(|(name, label)| (name, label.text())).collect();
        let figure = match kind {
            "counter" => Figure::Counter(self.value?),
            "gauge" => Figure::Gauge(self.value?),
            "histogram" => {
                let steps = self.buckets.into_iter().map(|step| {
                    let bound = step.le.text();
                    let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
                    Some((bound, step.count as u64))
                });
                let steps = steps.collect::<Option<_>>()?;
                Figure::Histogram(Spread { count: self.count? as u64, sum: self.sum?, steps })
            }
            _ => return None,
        };
        Some((labels, figure))
    }
}

/// Takes in what applications measure, as far as it can be understood.
pub(super) fn take_impact(app: &App, token: &Token, application: &str, origin: &str, told: Value) {
    let Value::Array(list) = told else { return };
    let (now, environment) = (app.clock.now(), token.scope.environment.as_str());
    for item in list {
        let Ok(measured) = serde_json::from_value::<Measured>(item) else { continue };
        if measured.environment.as_deref().is_some_and(|told| told != environment) {
            continue;
        }
        let application = measured.app_name.as_deref().unwrap_or(application);
        let application = app.usage.admit(token.id, application, now);
        let mut more = vec![("origin", origin), ("environment", environment)];
        more.extend(Some(("appName", application)).filter(|(_, name)| !name.is_empty()));
        let figures = measured.samples.into_iter().filter_map(|sample| sample.figure(&measured.r#type));
        let told = Told { name: measured.name, help: measured.help, figures: figures.collect() };
        app.impact.tell(told, &more, now);
    }
}
