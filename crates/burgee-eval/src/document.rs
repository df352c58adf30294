//! The document that clients fetch (`GET /api/client/features`), as data.
//!
//! Reading is as lenient as SDKs are: unknown fields are ignored, `null` is the same as absent, and numbers and
//! booleans stand where text is expected. Writing gives the field order and the omissions of Unleash.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

mod operator;

pub use operator::Operator;

/// Flags and the segments they use, of one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// 2 for the form described here.
    #[serde(default = "current_version")]
    pub version: u32,
    /// The flags. Of several with the same name the last one counts.
    #[serde(default, deserialize_with = "nullable")]
    pub features: Vec<Feature>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Query>,
    /// Absent when segments are inlined into the strategies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Segment>>,
    /// Revision and entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

impl Default for Document {
    fn default() -> Self {
        Self { version: current_version(), features: Vec::new(), query: None, segments: None, meta: None }
    }
}

/// A flag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feature {
    /// Unique name.
    pub name: String,
    /// `release`, `experiment`, …
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The switch of the environment. Off beats everything else.
    #[serde(default, deserialize_with = "nullable")]
    pub enabled: bool,
    /// The project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Whether it is marked for removal.
    #[serde(default, deserialize_with = "nullable")]
    pub stale: bool,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether clients report each evaluation.
    #[serde(default, deserialize_with = "nullable")]
    pub impression_data: bool,
    /// The first one that matches turns the flag on. With no strategy at all it is on.
    #[serde(default, deserialize_with = "nullable")]
    pub strategies: Vec<Strategy>,
    /// Used when the matching strategy has no variants.
    #[serde(default, deserialize_with = "nullable")]
    pub variants: Vec<Variant>,
    /// The flags this one depends on. All must agree.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
}

/// One way for a flag to be on: all constraints, all segments and the rule of this name must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    /// `default`, `flexibleRollout`, `userWithId`, …; names that SDKs do not know are off.
    pub name: String,
    /// What the rule needs, all as text.
    #[serde(default, deserialize_with = "texts")]
    pub parameters: BTreeMap<String, String>,
    /// All must hold.
    #[serde(default, deserialize_with = "nullable")]
    pub constraints: Vec<Constraint>,
    /// Ids of segments. All must hold; one that the document does not contain does not.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<i64>,
    /// Take precedence over the variants of the flag.
    #[serde(default, deserialize_with = "nullable")]
    pub variants: Vec<Variant>,
    /// Disabled strategies never match. They are left out of what clients fetch.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

/// One condition on one context field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Constraint {
    /// The context field.
    pub context_name: String,
    /// How it is compared.
    pub operator: Operator,
    /// Operands of the operators that take several, see [`Operator::takes_values`].
    #[serde(default, deserialize_with = "text_list")]
    pub values: Vec<String>,
    /// Operand of the operators that take one.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Turns the result around, also that of a context field which is absent or cannot be read.
    #[serde(default, deserialize_with = "nullable")]
    pub inverted: bool,
    /// Matters to `STR_*` and `REGEX` only.
    #[serde(default, deserialize_with = "nullable")]
    pub case_insensitive: bool,
}

/// A named list of constraints that strategies share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// What strategies refer to.
    pub id: i64,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All must hold.
    #[serde(default, deserialize_with = "nullable")]
    pub constraints: Vec<Constraint>,
}

/// One of the forms in which a flag can be on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Unique within its list.
    pub name: String,
    /// Share of the sum of all weights.
    #[serde(default)]
    pub weight: i64,
    /// `variable` or `fix`; matters to editors only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_type: Option<String>,
    /// The field that decides; that of the first variant holds for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stickiness: Option<String>,
    /// What the application gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Contexts that always get this variant (variants of flags only).
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// What a variant carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// `string`, `json`, `csv` or `number`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The content, always text.
    #[serde(default)]
    pub value: String,
}

/// Contexts that always get a certain variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Override {
    /// The context field.
    pub context_name: String,
    /// Any of these.
    #[serde(default, deserialize_with = "text_list")]
    pub values: Vec<String>,
}

/// What a flag expects of another one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    /// Name of the parent. A parent must not have dependencies itself.
    pub feature: String,
    /// `false` expects the parent to be off; absent is `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// When not empty, the parent must be on with one of these variants.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
}

/// What a client asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// Only these projects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Vec<String>>,
    /// Only flags with these tags, as pairs of type and value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Vec<Vec<String>>>,
    /// Only flags whose name starts so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_prefix: Option<String>,
    /// The environment of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether the segments are inlined, for clients that do not know them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline_segment_constraints: Option<bool>,
}

/// Identity of this form of the document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Rises with every change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<u64>,
    /// With its quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Of the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_hash: Option<String>,
}

const fn current_version() -> u32 {
    2
}

fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The text that a scalar stands for.
fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(deserializer).map(scalar)
}

fn text_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let values: Vec<Value> = nullable(deserializer)?;
    Ok(values.into_iter().filter_map(scalar).collect())
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let values: BTreeMap<String, Value> = nullable(deserializer)?;
    Ok(values.into_iter().filter_map(|(name, value)| Some((name, scalar(value)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unleash_writes_comes_back_unchanged() {
        let text = concat!(
            r#"{"version":2,"features":[{"name":"f","type":"release","enabled":true,"project":"default","#,
            r#""stale":false,"description":null,"impressionData":false,"strategies":[{"name":"flexibleRollout","#,
            r#""parameters":{"groupId":"f","rollout":"50","stickiness":"default"},"constraints":[{"contextName":"#,
            r#""userId","operator":"IN","values":["1"],"inverted":false,"caseInsensitive":false}],"segments":[7],"#,
            r#""variants":[{"name":"a","weight":1000,"weightType":"variable","stickiness":"default","payload":{"#,
            r#""type":"json","value":"{}"}}]}],"variants":[],"dependencies":[{"feature":"p","enabled":true}]}],"#,
            r#""query":{"environment":"development","inlineSegmentConstraints":false},"segments":[{"id":7,"#,
            r#""name":"s","constraints":[]}],"meta":{"revisionId":3082,"etag":"\"537b2ba0:3082:v1\"","queryHash":"#,
            r#""537b2ba0"}}"#
        );
        let document: Document = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&document).unwrap(), text);
    }

    #[test]
    fn nulls_numbers_and_unknown_fields_are_tolerated() {
        let text = r#"{"features":[{"name":"f","enabled":null,"strategies":[{"name":"x","parameters":
            {"rollout":50,"on":true,"gone":null,"odd":{}},"constraints":null,"segments":null,"future":[1],"variants":null,
            "disabled":null}],"variants":null,"dependencies":null,"impressionData":null,"stale":null}],"segments":
            [{"id":9007199254740993,"constraints":[{"contextName":"a","operator":"NUM_EQ","value":5,"values":[1,"b",null]},
            {"contextName":"a","operator":"FUTURE_OP"}]}],"other":{}}"#;
        let document: Document = serde_json::from_str(text).unwrap();
        assert_eq!(document.version, 2);
        let strategy = &document.features[0].strategies[0];
        let parameters: Vec<_> = strategy.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(parameters, [("on", "true"), ("rollout", "50")]);
        let constraints = &document.segments.as_ref().unwrap()[0].constraints;
        assert_eq!(constraints[0].value.as_deref(), Some("5"));
        assert_eq!(constraints[0].values, ["1", "b"]);
        assert_eq!(constraints[1].operator, Operator::Unknown("FUTURE_OP".into()));
        assert!(serde_json::from_str::<Document>(r#"{"features":[{"enabled":true}]}"#).is_err());
    }
}
