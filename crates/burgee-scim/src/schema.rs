//! Schemas and resource types (RFC 7643 §2–§6, §8.7).

mod tables;

use serde_json::Value;

pub use tables::{
    CORE_GROUP_URN, CORE_USER_URN, ENTERPRISE_URN, ENTERPRISE_USER_SCHEMA, ENTITLEMENT, ENTITLEMENT_URN,
    GROUP, GROUP_SCHEMA, OKTA_ENTITLEMENT, OKTA_ENTITLEMENT_URN, OKTA_ROLE, OKTA_ROLE_URN, ROLE, ROLE_URN,
    USER, USER_SCHEMA,
};

/// Data type of an attribute (RFC 7643 §2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub enum Kind {
    String,
    Boolean,
    Integer,
    Decimal,
    DateTime,
    Reference,
    Binary,
    Complex,
}

/// When a value may be written (RFC 7643 §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
    WriteOnly,
}

/// When a value appears in responses (RFC 7643 §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub enum Returned {
    Always,
    Never,
    Default,
    Request,
}

/// How far a value must be unique (RFC 7643 §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub enum Uniqueness {
    None,
    Server,
    Global,
}

/// An attribute or sub-attribute with its characteristics (RFC 7643 §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Canonical spelling; requests may use any case.
    pub name: &'static str,
    /// Data type.
    pub kind: Kind,
    /// A list of values?
    pub multi_valued: bool,
    /// Must a resource have it?
    pub required: bool,
    /// Are texts compared exactly, rather than folded?
    pub case_exact: bool,
    /// When it may be written.
    pub mutability: Mutability,
    /// When it appears in responses.
    pub returned: Returned,
    /// How far it must be unique.
    pub uniqueness: Uniqueness,
    /// Advertised, not enforced.
    pub canonical_values: &'static [&'static str],
    /// What a reference may point at.
    pub reference_types: &'static [&'static str],
    /// The parts of a complex attribute.
    pub sub_attributes: &'static [Attribute],
    /// For humans.
    pub description: &'static str,
}

/// The table notation: an attribute with the defaults of RFC 7643 §2.2, then what differs.
impl Attribute {
    /// An attribute with default characteristics.
    pub const fn new(name: &'static str, kind: Kind, description: &'static str) -> Attribute {
        Attribute {
            name,
            kind,
            multi_valued: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
            description,
        }
    }

    /// A string.
    pub const fn string(name: &'static str, description: &'static str) -> Attribute {
        Attribute::new(name, Kind::String, description)
    }

    /// A boolean.
    pub const fn boolean(name: &'static str, description: &'static str) -> Attribute {
        Attribute::new(name, Kind::Boolean, description)
    }

    /// A reference to one of `types`.
    pub const fn reference(
        name: &'static str,
        types: &'static [&'static str],
        description: &'static str,
    ) -> Attribute {
        let mut attribute = Attribute::new(name, Kind::Reference, description);
        attribute.reference_types = types;
        attribute
    }

    /// A complex attribute.
    pub const fn complex(
        name: &'static str,
        sub_attributes: &'static [Attribute],
        description: &'static str,
    ) -> Attribute {
        let mut attribute = Attribute::new(name, Kind::Complex, description);
        attribute.sub_attributes = sub_attributes;
        attribute
    }

    /// A list of complex values.
    pub const fn list(
        name: &'static str,
        sub_attributes: &'static [Attribute],
        description: &'static str,
    ) -> Attribute {
        Attribute::complex(name, sub_attributes, description).multi_valued()
    }

    /// … with many values.
    #[must_use]
    pub const fn multi_valued(mut self) -> Attribute {
        self.multi_valued = true;
        self
    }

    /// … that every resource has.
    #[must_use]
    pub const fn required(mut self) -> Attribute {
        self.required = true;
        self
    }

    /// … compared exactly.
    #[must_use]
    pub const fn case_exact(mut self) -> Attribute {
        self.case_exact = true;
        self
    }

    /// … that only the server writes.
    #[must_use]
    pub const fn read_only(mut self) -> Attribute {
        self.mutability = Mutability::ReadOnly;
        self
    }

    /// … with this mutability.
    #[must_use]
    pub const fn mutability(mut self, mutability: Mutability) -> Attribute {
        self.mutability = mutability;
        self
    }

    /// … returned like this.
    #[must_use]
    pub const fn returned(mut self, returned: Returned) -> Attribute {
        self.returned = returned;
        self
    }

    /// … unique on this server.
    #[must_use]
    pub const fn unique(mut self) -> Attribute {
        self.uniqueness = Uniqueness::Server;
        self
    }

    /// … with these suggested values.
    #[must_use]
    pub const fn canonical(mut self, values: &'static [&'static str]) -> Attribute {
        self.canonical_values = values;
        self
    }

    /// The sub-attribute of that name, in any case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        by_name(self.sub_attributes, name)
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Schema) -> bool {
        self.urn == other.urn
    }
}

impl Eq for Schema {}

/// A schema (RFC 7643 §7).
#[derive(Debug)]
pub struct Schema {
    /// Its identifier; compared in any case.
    pub urn: &'static str,
    /// For humans.
    pub name: &'static str,
    /// For humans.
    pub description: &'static str,
    /// Do its attributes live in an object under its URN, rather than at the top level?
    pub extension: bool,
    /// Its attributes.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// The attribute of that name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        by_name(self.attributes, name)
    }

    /// True for `schemas` inside of an extension that names nothing but the extension: some clients write it there,
    /// where it says nothing that its place does not say.
    pub(crate) fn is_named_by(&self, name: &str, value: &Value) -> bool {
        let urns = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let own = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(self.urn));
        name.eq_ignore_ascii_case("schemas") && urns.len() == 1 && urns.iter().all(own)
    }
}

/// A resource type (RFC 7643 §6).
#[derive(Debug)]
pub struct ResourceType {
    /// `User`; also its id.
    pub name: &'static str,
    /// `/Users`.
    pub endpoint: &'static str,
    /// For humans.
    pub description: &'static str,
    /// The core schema.
    pub schema: &'static Schema,
    /// Optional extensions.
    pub extensions: &'static [&'static Schema],
    /// Core attributes too dangerous to lose by omission: an explicit `null` leaves them alone, and so does their
    /// absence from a PUT body (lists only in [`crate::Mode::Tolerant`]). Only a `remove` by path unassigns them.
    pub sticky: &'static [&'static str],
}

impl ResourceType {
    /// The core schema and the extensions.
    pub fn schemas(&self) -> impl Iterator<Item = &'static Schema> {
        std::iter::once(self.schema).chain(self.extensions.iter().copied())
    }

    /// The core or extension schema with that URN, in any case.
    pub fn schema_of(&self, urn: &str) -> Option<&'static Schema> {
        self.schemas().find(|schema| schema.urn.eq_ignore_ascii_case(urn))
    }

    /// The common or core attribute of that name, in any case.
    pub fn top_level(&self, name: &str) -> Option<&'static Attribute> {
        by_name(COMMON, name).or_else(|| self.schema.attribute(name))
    }

    /// Every attribute with the schema that it is addressed under; common attributes count as core.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'static Schema, &'static Attribute)> {
        let core = self.schema;
        COMMON
            .iter()
            .map(move |attribute| (core, attribute))
            .chain(self.schemas().flat_map(|schema| schema.attributes.iter().map(move |a| (schema, a))))
    }

    pub(crate) fn is_sticky(&self, attribute: &Attribute) -> bool {
        self.sticky.contains(&attribute.name)
    }
}

fn by_name(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// What every resource has (RFC 7643 §3.1); not part of any schema document.
pub static COMMON: &[Attribute] = &[
    Attribute::reference("schemas", &["uri"], "URIs of the schemas of this resource.")
        .multi_valued()
        .required()
        .returned(Returned::Always),
    Attribute::string("id", "Identifier assigned by the server.")
        .required()
        .case_exact()
        .read_only()
        .returned(Returned::Always)
        .unique(),
    Attribute::string("externalId", "Identifier assigned by the client.").case_exact(),
    Attribute::complex(
        "meta",
        &[
            Attribute::string("resourceType", "Name of the resource type.").case_exact().read_only(),
            Attribute::new("created", Kind::DateTime, "When the resource was added.").read_only(),
            Attribute::new("lastModified", Kind::DateTime, "When the resource was last changed.").read_only(),
            Attribute::reference("location", &["uri"], "URI of the resource.").case_exact().read_only(),
            Attribute::string("version", "Entity tag of the resource.").case_exact().read_only(),
        ],
        "Facts that the server keeps about the resource.",
    )
    .read_only(),
];
