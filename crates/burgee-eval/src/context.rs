//! Who asks, when, and with which dice: everything an answer may depend on besides the document.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::scalar;

/// The context of one evaluation.
///
/// It holds the time and the randomness, so that evaluating is a pure function: the same state and the same
/// context always give the same answer, also between `is_enabled`, `variant` and a flag seen as a parent.
/// Any content is fine; values that a constraint cannot read make that constraint not match.
#[derive(Clone, Debug)]
pub struct Context {
    known: [Option<String>; Known::COUNT],
    properties: BTreeMap<String, String>,
    hostname: Option<String>,
    time: Option<Timestamp>,
    random: u64,
}

impl Context {
    /// An empty context. `now` is the time until a `currentTime` is set. `random` decides wherever stickiness is
    /// random: draw it anew for every evaluation, or for every request when its flags may share a draw (each flag
    /// and strategy still gets a decision of its own).
    pub fn new(now: Timestamp, random: u64) -> Self {
        Self {
            known: [const { None }; Known::COUNT],
            properties: BTreeMap::new(),
            hostname: None,
            time: Some(now),
            random,
        }
    }

    /// Sets a field by the name constraints use. `userId`, `sessionId`, `environment`, `appName`, `currentTime`
    /// and `remoteAddress` are the standard fields, everything else is a property.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let Some(known) = Known::named(name) else {
            self.properties.insert(name.to_owned(), value);
            return;
        };
        if known == Known::CurrentTime && !value.is_empty() {
            self.time = scalar::instant(&value);
        }
        self.known[known as usize] = Some(value);
    }

    /// [`Context::set`] for building in one expression.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Takes the fields of a JSON context as SDKs send it: numbers and booleans become text, `null`, lists and
    /// objects are ignored, `properties` are read first, and unknown top-level fields are properties too.
    pub fn read(&mut self, json: &Map<String, Value>) {
        let properties = json.get("properties").and_then(Value::as_object);
        let top = json.iter().filter(|(name, _)| *name != "properties");
        for (name, value) in properties.into_iter().flatten().chain(top) {
            match value {
                Value::String(text) => self.set(name, text.as_str()),
                Value::Number(number) => self.set(name, number.to_string()),
                Value::Bool(flag) => self.set(name, flag.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
        }
    }

    /// The host that the strategy `applicationHostname` compares with. Without one it is off.
    pub fn set_hostname(&mut self, hostname: impl Into<String>) {
        self.hostname = Some(hostname.into().to_lowercase());
    }

    /// A field by the name constraints use.
    pub fn get(&self, name: &str) -> Option<&str> {
        match Known::named(name) {
            Some(known) => self.known(known),
            None => self.property(name),
        }
    }

    pub(crate) fn known(&self, known: Known) -> Option<&str> {
        self.known[known as usize].as_deref()
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// Lower case.
    pub(crate) fn hostname(&self) -> Option<&str> {
        self.hostname.as_deref()
    }

    /// The current time; `None` when the `currentTime` that was set is not one.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        self.time
    }

    pub(crate) fn random(&self) -> u64 {
        self.random
    }
}

/// The standard fields, which are found without comparing names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    UserId,
    SessionId,
    Environment,
    AppName,
    CurrentTime,
    RemoteAddress,
}

impl Known {
    const COUNT: usize = 6;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "userId" => Self::UserId,
            "sessionId" => Self::SessionId,
            "environment" => Self::Environment,
            "appName" => Self::AppName,
            "currentTime" => Self::CurrentTime,
            "remoteAddress" => Self::RemoteAddress,
            _ => return None,
        })
    }
}

/// A `contextName`, looked up once.
#[derive(Debug)]
pub(crate) enum Field {
    Known(Known),
    Property(Box<str>),
}

impl Field {
    pub(crate) fn named(name: &str) -> Self {
        Known::named(name).map_or_else(|| Self::Property(name.into()), Self::Known)
    }

    pub(crate) fn of<'c>(&self, context: &'c Context) -> Option<&'c str> {
        match self {
            Self::Known(known) => context.known(*known),
            Self::Property(name) => context.property(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(json: &str) -> Context {
        let mut context = Context::new(Timestamp::UNIX_EPOCH, 0);
        context.read(&serde_json::from_str(json).unwrap());
        context
    }

    #[test]
    fn json_is_read_as_sdks_send_it() {
        let context = context(
            r#"{"userId":7,"sessionId":null,"plan":"gold","environment":{"a":1},
                "properties":{"beta":true,"score":1.5,"userId":"property","appName":"app","gone":null,"list":[1]}}"#,
        );
        assert_eq!(context.get("userId"), Some("7"));
        assert_eq!(context.get("appName"), Some("app"));
        assert_eq!(context.get("plan"), Some("gold"));
        assert_eq!(context.get("beta"), Some("true"));
        assert_eq!(context.get("score"), Some("1.5"));
        for absent in ["sessionId", "environment", "gone", "list", "properties"] {
            assert_eq!(context.get(absent), None, "{absent}");
        }
    }

    #[test]
    fn the_current_time_replaces_now_when_it_is_one() {
        assert_eq!(context("{}").time(), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(context(r#"{"currentTime":""}"#).time(), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(context(r#"{"currentTime":"soon"}"#).time(), None);
        let given = context(r#"{"currentTime":"2022-01-30T13:00:00.000Z"}"#);
        assert_eq!(given.time(), "2022-01-30T13:00:00Z".parse().ok());
        assert_eq!(given.get("currentTime"), Some("2022-01-30T13:00:00.000Z"));
    }
}
