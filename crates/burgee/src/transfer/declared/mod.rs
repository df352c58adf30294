//! An installation as text: projects with their flags, and what they refer to, without numbers that mean nothing
//! elsewhere. `docs/apply.md` shows it.
//!
//! What a declaration does not mention stays as it is. Lists that it has are exact.

mod apply;
mod diff;
mod export;
mod prune;
mod read;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::export::export;
pub use self::read::{Format, read, write};
use super::document::{Scalar, texts};
use crate::access::{Granted, Guard};
use crate::audience::By;
use crate::entropy::Entropy;
use crate::error::Result;
use crate::events::Change;
use crate::strategies::ParameterKind;

/// Brings an installation to what `files`, declarations by the names of their files, say, and tells what that changes:
/// one line for each value. With `prune`, what they do not have of what they speak of goes. Whoever only wants to know does
/// not commit.
pub async fn apply<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    files: &[(String, Declaration)],
    prune: bool,
) -> Result<Vec<String>> {
    let before = serde_json::to_value(export(tx, &[]).await?)?;
    apply::apply(tx, grant, entropy, files).await?;
    if prune {
        prune::prune(tx, grant, files).await?;
    }
    let after = serde_json::to_value(export(tx, &[]).await?)?;
    Ok(diff::diff(&before, &after))
}

/// What an installation is to have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Declaration {
    /// Environments by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<BTreeMap<String, Environment>>,
    /// Types of tags by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_types: Option<BTreeMap<String, TagType>>,
    /// Strategy types that the installation made for itself, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy_types: Option<BTreeMap<String, StrategyType>>,
    /// Roles that the installation made for itself, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<BTreeMap<String, Role>>,
    /// Groups by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeMap<String, Group>>,
    /// Context fields by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_fields: Option<BTreeMap<String, Field>>,
    /// Segments by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<BTreeMap<String, Segment>>,
    /// Projects by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<BTreeMap<String, Project>>,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// `development`, `test`, `pre-production`, `production`, or words of one's own.
    pub r#type: String,
    /// Whether new projects get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Its place in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<i64>,
    /// How many approvals changes need in new projects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_approvals: Option<i64>,
}

/// A type of tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeclaredTagType")]
pub struct TagType {
    /// What its tags say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How people recognise it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// `#RRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// A strategy type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeclaredStrategyType")]
pub struct StrategyType {
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True if it should not be used any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// What it needs to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
}

/// Something that a strategy type needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredParameter")]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub r#type: ParameterKind,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True if it must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
}

/// Where a role can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Everywhere.
    Root,
    /// In projects.
    Project,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// Where it can be had.
    pub r#type: Reach,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it holds: `NAME`, or `NAME@environment`.
    pub permissions: Vec<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The root role that its members hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_role: Option<String>,
    /// User names or e-mail addresses. Not there if an identity provider says who is a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
}

/// A context field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True if rollouts and variants may stick to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stickiness: Option<bool>,
    /// Lower ones are offered first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<i64>,
    /// The only values that constraints may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_values: Option<Vec<LegalValue>>,
    /// The project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// A value that constraints may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredLegalValue")]
pub struct LegalValue {
    /// The value.
    pub value: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Segment {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The project whose flags alone may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// All must hold.
    pub constraints: Vec<Constraint>,
    /// The group that somebody has to be in, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<InGroup>,
}

/// The group of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InGroup {
    /// Its name.
    pub name: String,
    /// The context field that is compared.
    #[serde(default = "user_id")]
    pub field: String,
    /// With what of a member.
    pub by: By,
}

fn user_id() -> String {
    "userId".to_owned()
}

/// A condition on one context field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeclaredConstraint")]
pub struct Constraint {
    /// The context field.
    pub context_name: String,
    /// How it is compared.
    pub operator: String,
    /// Operands of the operators that take several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Operand of the operators that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Turns the result around.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inverted: bool,
    /// Upper and lower case are the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub case_insensitive: bool,
}

/// A project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Project {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `open`, `protected` or `private`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// What decides who gets what in new strategies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_stickiness: Option<String>,
    /// As many flags as it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_limit: Option<i64>,
    /// How its flags are to be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<Naming>,
    /// The links that new flags get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_templates: Option<Vec<LinkTemplate>>,
    /// The environments it uses, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, InProject>,
    /// Who has which role in it, by role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<BTreeMap<String, Members>>,
    /// Its flags by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<BTreeMap<String, Flag>>,
}

/// Who sees a project, and who may propose changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DeclaredMode")]
pub enum Mode {
    /// Everybody sees it and may propose changes.
    Open,
    /// Everybody sees it; its members may propose changes.
    Protected,
    /// Viewers who are not members do not see it.
    Private,
}

/// How flags are to be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredNaming")]
pub struct Naming {
    /// A regular expression that the whole name must match.
    pub pattern: Option<String>,
    /// A name that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A link that every new flag gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeclaredLinkTemplate")]
pub struct LinkTemplate {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The address; `{{project}}` and `{{feature}}` stand for ids.
    pub url_template: String,
}

/// An environment of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InProject {
    /// How many must approve changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_approvals: Option<i64>,
    /// What a flag gets that is turned on without a strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_strategy: Option<Strategy>,
}

/// Who has a role in a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredMembers")]
pub struct Members {
    /// User names or e-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Names of groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// A flag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeclaredFlag")]
pub struct Flag {
    /// `release`, `experiment`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who answers for it: a user name, an e-mail address or the name of a group. Whom the installation does not know, or
    /// who left, changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Marked for removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<bool>,
    /// Whether clients report each evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impression_data: Option<bool>,
    /// `type:value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Where people can read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<Link>>,
    /// On which flag it depends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Parent>,
    /// How it stands in environments, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, InPlace>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredLink")]
pub struct Link {
    /// Where it leads.
    pub url: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A flag on which another one depends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredParent")]
pub struct Parent {
    /// The flag.
    pub flag: String,
    /// Whether it must be on or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// With which variants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
}

/// A flag in an environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredPlace")]
pub struct InPlace {
    /// On or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The first one that matches decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategies: Option<Vec<Strategy>>,
    /// The variants that the flag itself has here, from before strategies had their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Vec<Variant>>,
}

/// A strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredStrategy")]
pub struct Strategy {
    /// The strategy type.
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Disabled strategies never match.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// What the type needs.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Scalar>")]
    pub parameters: BTreeMap<String, String>,
    /// All must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// Names of segments. All must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<String>,
    /// In which forms the flag is on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
}

/// A form in which a flag can be on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeclaredVariant")]
pub struct Variant {
    /// Unique within its list.
    pub name: String,
    /// Its share of 1000; divided evenly where it is not fixed.
    #[serde(default)]
    pub weight: i64,
    /// `variable` or `fix`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_type: Option<String>,
    /// The field that decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stickiness: Option<String>,
    /// What the application gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Contexts that always get it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// What a variant carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeclaredPayload")]
pub struct Payload {
    /// `string`, `json`, `csv` or `number`.
    pub r#type: String,
    /// The content.
    pub value: String,
}

/// Contexts that always get a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeclaredOverride")]
pub struct Override {
    /// The context field.
    pub context_name: String,
    /// Any of these.
    pub values: Vec<String>,
}
