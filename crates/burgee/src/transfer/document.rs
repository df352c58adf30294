//! The document that exports give and imports take, as Unleash writes it.
//!
//! Reading is lenient where Unleash's own documents of several years differ: `null` is the same as absent, and numbers
//! and booleans stand where text is expected.

use std::collections::BTreeMap;

use burgee_eval::document::{Constraint, Variant};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::contexts::LegalValue;

/// Flags with their strategies in one environment, and what both refer to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The flags.
    #[serde(default, deserialize_with = "nullable")]
    pub features: Vec<Flag>,
    /// Their strategies in the environment; those of one flag in their order.
    #[serde(default, deserialize_with = "nullable")]
    pub feature_strategies: Vec<Rule>,
    /// How they stand in the environment.
    #[serde(default, deserialize_with = "nullable")]
    pub feature_environments: Vec<FlagEnvironment>,
    /// The context fields that strategies name.
    #[serde(default, deserialize_with = "nullable")]
    pub context_fields: Vec<SharedField>,
    /// Their tags.
    #[serde(default, deserialize_with = "nullable")]
    pub feature_tags: Vec<FlagTag>,
    /// The segments that strategies use.
    #[serde(default, deserialize_with = "nullable")]
    pub segments: Vec<NamedSegment>,
    /// The types of the tags.
    #[serde(default, deserialize_with = "nullable")]
    pub tag_types: Vec<TagKind>,
    /// What flags depend on.
    #[serde(default, deserialize_with = "nullable")]
    pub dependencies: Vec<FlagDependencies>,
    /// Links.
    #[serde(default, deserialize_with = "nullable")]
    pub links: Vec<FlagLinks>,
}

/// A flag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Flag {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// `release`, `experiment`, …
    #[serde(rename = "type", default)]
    #[sqlx(rename = "type")]
    pub kind: Option<String>,
    /// Where it lived; it will live where it is imported to.
    #[serde(default)]
    pub project: Option<String>,
    /// Marked for removal.
    #[serde(default, deserialize_with = "nullable")]
    pub stale: bool,
    /// Whether clients report each evaluation.
    #[serde(default, deserialize_with = "nullable")]
    pub impression_data: bool,
    /// Exports have no archived flags.
    #[serde(default, deserialize_with = "nullable")]
    #[sqlx(default)]
    pub archived: bool,
    /// Who answers for it: a user name, an e-mail address or the name of a group. Unleash knows of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A strategy of a flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The strategy type.
    pub name: String,
    /// What it was called where it came from.
    #[serde(default)]
    pub id: Option<String>,
    /// The flag.
    #[serde(default, deserialize_with = "nullable")]
    pub feature_name: String,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// What the type needs.
    #[serde(default, deserialize_with = "texts")]
    pub parameters: BTreeMap<String, String>,
    /// All must hold.
    #[serde(default, deserialize_with = "nullable")]
    pub constraints: Vec<Constraint>,
    /// In which forms the flag is on.
    #[serde(default, deserialize_with = "nullable")]
    pub variants: Vec<Variant>,
    /// Disabled strategies never match.
    #[serde(default, deserialize_with = "nullable")]
    pub disabled: bool,
    /// All must hold; the ids are those of [`Document::segments`].
    #[serde(default, deserialize_with = "nullable")]
    pub segments: Vec<i64>,
    /// Lower ones come first; without it, the order of the document counts.
    #[serde(default, skip_serializing)]
    pub sort_order: Option<f64>,
}

/// A flag in the environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlagEnvironment {
    /// On or off.
    #[serde(default, deserialize_with = "nullable")]
    pub enabled: bool,
    /// The flag.
    #[serde(default)]
    pub feature_name: Option<String>,
    /// The environment it was exported from.
    #[serde(default)]
    pub environment: Option<String>,
    /// The variants that the flag itself has there.
    #[serde(default, deserialize_with = "nullable")]
    pub variants: Vec<Variant>,
    /// The flag.
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
}

impl FlagEnvironment {
    /// The flag.
    pub fn flag(&self) -> &str {
        self.feature_name.as_deref().unwrap_or(&self.name)
    }
}

/// A context field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedField {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// True if rollouts and variants may stick to it.
    #[serde(default, deserialize_with = "nullable")]
    pub stickiness: bool,
    /// Lower ones are offered first.
    #[serde(default, deserialize_with = "nullable")]
    pub sort_order: i64,
    /// The only values that constraints may have.
    #[serde(default, deserialize_with = "nullable")]
    pub legal_values: Vec<LegalValue>,
}

/// A tag of a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct FlagTag {
    /// The flag.
    pub feature_name: String,
    /// The type of the tag.
    #[serde(default)]
    pub tag_type: Option<String>,
    /// What it says.
    pub tag_value: String,
}

/// A segment by its name; strategies refer to the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct NamedSegment {
    /// Its number where it came from.
    pub id: i64,
    /// Its name, by which it is found.
    pub name: String,
}

/// A type of tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagKind {
    /// Its name.
    pub name: String,
    /// What its tags say.
    #[serde(default)]
    pub description: Option<String>,
    /// How people recognise it.
    #[serde(default)]
    pub icon: Option<String>,
    /// `#RRGGBB`.
    #[serde(default)]
    pub color: Option<String>,
}

/// What a flag depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagDependencies {
    /// The flag.
    pub feature: String,
    /// On what it depends.
    #[serde(default, deserialize_with = "nullable")]
    pub dependencies: Vec<Parent>,
}

/// A flag on which another one depends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The flag.
    pub feature: String,
    /// Whether it must be on or off.
    #[serde(default = "yes", deserialize_with = "unless_false")]
    pub enabled: bool,
    /// With which variants.
    #[serde(default, deserialize_with = "nullable")]
    pub variants: Vec<String>,
}

/// The links of a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagLinks {
    /// The flag.
    pub feature: String,
    /// Its links.
    #[serde(default, deserialize_with = "nullable")]
    pub links: Vec<Link>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it was called where it came from.
    #[serde(default)]
    pub id: Option<String>,
    /// Where it leads.
    pub url: String,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
}

const fn yes() -> bool {
    true
}

fn unless_false<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(yes))
}

fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Text, or something that can be written as text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A number.
    Number(serde_json::Number),
    /// Yes or no.
    Truth(bool),
}

impl From<Scalar> for String {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.to_string(),
            Scalar::Truth(truth) => truth.to_string(),
        }
    }
}

pub(super) fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let found: Option<BTreeMap<String, Option<Scalar>>> = Option::deserialize(deserializer)?;
    let given = found.unwrap_or_default().into_iter();
    Ok(given.filter_map(|(name, value)| Some((name, value?.into()))).collect())
}
