//! The fields of a context as clients send them: bounded, and read without building JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Number;
use serde_json::error::Category;

use crate::context::Context;

/// What a client says about who asks. Anything that could be read can be evaluated: what makes no sense matches nothing.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    properties: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    top: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Why what a client says is refused, in words for people.
#[derive(Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is no JSON.
    Malformed(String),
    /// It is no context, or one that is too large.
    Unfit(String),
}

/// Where in the JSON something stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// In the body, which may be the context itself.
    Body,
    /// In the context.
    Context,
    /// In the object `properties`.
    Properties,
}

impl<'a> Fields<'a> {
    /// How many fields there may be.
    pub const MOST: usize = 1000;
    /// The longest name and the longest value, in bytes. Every flag may look for patterns in them.
    pub const LONGEST: usize = 8192;

    /// Reads `{"context": {…}}`, or the context alone. Numbers and booleans become text. `null`, lists and objects are
    /// no values and count as absent; only the object `properties` is looked into.
    pub fn from_json(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let mut fields = Self::default();
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let read = Object(&mut fields, Level::Body).deserialize(&mut json).and_then(|()| json.end());
        read.map(|()| fields).map_err(|error| match error.classify() {
            Category::Data => Flaw::Unfit(error.to_string()),
            Category::Io | Category::Syntax | Category::Eof => Flaw::Malformed(error.to_string()),
        })
    }

    /// Adds a field by the name constraints use.
    pub fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), Flaw> {
        self.put(Level::Context, name, value).map_err(Flaw::Unfit)
    }

    /// Adds a property. A field of the same name wins over it.
    pub fn add_property(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), Flaw> {
        self.put(Level::Properties, name, value).map_err(Flaw::Unfit)
    }

    /// Puts them into a context; empty ones are absent.
    pub fn apply(self, context: &mut Context) {
        for (name, value) in self.properties.into_iter().chain(self.top) {
            if !value.is_empty() {
                context.set(&name, value);
            }
        }
    }

    fn put(&mut self, level: Level, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), String> {
        if self.properties.len() + self.top.len() >= Self::MOST {
            return Err(format!("a context has {} fields at most", Self::MOST));
        }
        if name.len() > Self::LONGEST || value.len() > Self::LONGEST {
            let name: String = name.chars().take(100).collect();
            let most = Self::LONGEST;
            return Err(format!("name and value of a context field have {most} bytes at most: `{name}`"));
        }
        let list = if level == Level::Properties { &mut self.properties } else { &mut self.top };
        list.push((name, value));
        Ok(())
    }
}

/// Reads the members of an object into fields.
struct Object<'f, 'de>(&'f mut Fields<'de>, Level);

impl<'de> DeserializeSeed<'de> for Object<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.1 {
            Level::Body => "an object with the object `context`",
            Level::Context => "the object `context`",
            Level::Properties => "the object `properties`",
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(fields, level) = self;
        let mut context = None;
        while let Some(Scalar(name)) = map.next_key()? {
            let name = name.unwrap_or_default();
            match (level, &*name) {
                (Level::Body, "context") => {
                    let mut inner = Fields::default();
                    map.next_value_seed(Object(&mut inner, Level::Context))?;
                    context = Some(inner);
                }
                (Level::Body | Level::Context, "properties") => {
                    map.next_value_seed(Object(fields, Level::Properties))?;
                }
                _ => {
                    if let Scalar(Some(value)) = map.next_value()? {
                        fields.put(level, name, value).map_err(A::Error::custom)?;
                    }
                }
            }
        }
        if let Some(context) = context {
            *fields = context;
        }
        Ok(())
    }

    /// `null` is the same as absent.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The text that a scalar stands for, if it is one.
struct Scalar<'de>(Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
                Ok(Scalar(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
                Ok(Scalar(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Scalar<'de>, E> {
                Ok(Scalar(Some(Cow::Borrowed(if flag { "true" } else { "false" }))))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
                Ok(Scalar(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
                Ok(Scalar(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
                Ok(Scalar(Number::from_f64(number).map(|number| Cow::Owned(number.to_string()))))
            }

            fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn context(json: &str) -> Context {
        let mut context = Context::new(Timestamp::UNIX_EPOCH, 0);
        Fields::from_json(json.as_bytes()).unwrap().apply(&mut context);
        context
    }

    #[test]
    fn both_forms_of_a_body_are_read() {
        let inner = r#"{"userId":7,"plan":"g\u00f6ld","gone":null,"list":[{"a":[1]}],"object":{"a":{"b":1}},"empty":"",
            "properties":{"beta":true,"score":1.5,"userId":"property","appName":"app","deep":{"a":1}}}"#;
        for json in
            [inner.to_owned(), format!(r#"{{"userId":"outside","context":{inner},"plan":"outside"}}"#)]
        {
            let context = context(&json);
            assert_eq!(context.get("userId"), Some("7"));
            assert_eq!(context.get("appName"), Some("app"));
            assert_eq!(context.get("plan"), Some("göld"));
            assert_eq!(context.get("beta"), Some("true"));
            assert_eq!(context.get("score"), Some("1.5"));
            for absent in ["gone", "list", "object", "empty", "properties", "deep", "context"] {
                assert_eq!(context.get(absent), None, "{absent}");
            }
        }
        for nothing in ["{}", "null", r#"{"context":null,"userId":"outside"}"#, r#"{"properties":null}"#] {
            assert_eq!(context(nothing).get("userId"), None, "{nothing}");
        }
    }

    #[test]
    fn flaws_say_what_is_wrong() {
        let flaw = |json: &str| Fields::from_json(json.as_bytes()).unwrap_err();
        for malformed in
            ["", "{", "{\"a\":1}x", "{\"a\":\"\\ud800\"}", &format!("{{\"a\":{}", "[".repeat(100_000))]
        {
            assert!(matches!(flaw(malformed), Flaw::Malformed(_)), "{malformed}");
        }
        for (unfit, words) in [
            ("7", "expected an object with the object `context`"),
            ("[]", "expected an object with the object `context`"),
            (r#"{"context":"x"}"#, "expected the object `context`"),
            (r#"{"context":{"properties":[]}}"#, "expected the object `properties`"),
        ] {
            let Flaw::Unfit(message) = flaw(unfit) else { panic!("{unfit}") };
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn contexts_are_bounded() {
        let many = |count: usize| {
            let fields: Vec<String> = (0..count).map(|number| format!("\"f{number}\":1")).collect();
            format!("{{{}}}", fields.join(","))
        };
        let long = |length: usize| format!(r#"{{"properties":{{"field":"{}"}}}}"#, "x".repeat(length));
        for fine in [many(Fields::MOST), long(Fields::LONGEST)] {
            context(&fine);
        }
        for (large, words) in
            [(many(Fields::MOST + 1), "1000 fields"), (long(Fields::LONGEST + 1), "`field`")]
        {
            let Flaw::Unfit(message) = Fields::from_json(large.as_bytes()).unwrap_err() else { panic!() };
            assert!(message.contains(words), "{message}");
        }
    }
}
