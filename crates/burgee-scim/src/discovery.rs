//! Discovery documents (RFC 7643 §5–§7, RFC 7644 §4). They say what is done here, and nothing that is not.

use serde_json::{Value, json};

use crate::schema::{Attribute, Kind, Mutability, ResourceType, Returned, Schema, Uniqueness};
use crate::{Mode, Object, bulk};

/// URN of list responses.
pub const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SERVICE_PROVIDER_CONFIG_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// What the server decides.
#[derive(Clone, Debug)]
pub struct Limits<'a> {
    /// Most resources per answer.
    pub max_results: u64,
    /// Resources per answer if the client does not say.
    pub default_page_size: u64,
    /// For how many seconds a cursor can be used.
    pub cursor_timeout: u64,
    /// Most bytes per bulk request.
    pub max_payload_size: u64,
    /// Where humans read on.
    pub documentation: Option<&'a str>,
    /// Where clients get access tokens by OAuth 2.0, if they can.
    pub oauth: Option<&'a str>,
    /// The URIs of the events that are told (RFC 9967 §3).
    pub events: &'a [String],
    /// Whether clients need not wait for answers: they come as events.
    pub answers_later: bool,
}

/// The documents as one connection sees them.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The URL that the endpoints are below, without a slash at its end.
    pub base: &'a str,
    /// What there is.
    pub types: &'a [&'static ResourceType],
    /// How forgiving the service is.
    pub mode: Mode,
}

impl View<'_> {
    /// `/ServiceProviderConfig`.
    pub fn service_provider_config(&self, limits: &Limits<'_>) -> Value {
        let mut config = json!({
            "schemas": [SERVICE_PROVIDER_CONFIG_URN],
            "patch": { "supported": true },
            "bulk": {
                "supported": true,
                "maxOperations": bulk::MAX_OPERATIONS,
                "maxPayloadSize": limits.max_payload_size,
            },
            "filter": { "supported": true, "maxResults": limits.max_results },
            "changePassword": { "supported": false },
            "sort": { "supported": true },
            "etag": { "supported": true },
            "pagination": {
                "cursor": true,
                "index": true,
                "defaultPaginationMethod": "index",
                "defaultPageSize": limits.default_page_size,
                "maxPageSize": limits.max_results,
                "cursorTimeout": limits.cursor_timeout,
            },
            "authenticationSchemes": [{
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token of the connection, in the Authorization header.",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": true,
            }],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": format!("{}/ServiceProviderConfig", self.base),
            },
        });
        if self.mode.is_strict() {
            // Only where it is true: clients that know the RFC alone refuse attributes that it does not have.
            config["interopProfileConformant"] = true.into();
        }
        if let (Some(endpoint), Some(schemes)) =
            (limits.oauth, config["authenticationSchemes"].as_array_mut())
        {
            schemes.push(json!({
                "type": "oauth2",
                "name": "OAuth 2.0",
                "description": format!("Client credentials, at {endpoint}."),
                "specUri": "https://www.rfc-editor.org/rfc/rfc6749",
                "primary": false,
            }));
        }
        if !limits.events.is_empty() {
            let later = if limits.answers_later { "request" } else { "none" };
            config["securityEvents"] = json!({ "asyncRequest": later, "eventUris": limits.events });
        }
        if let Some(documentation) = limits.documentation {
            config["documentationUri"] = documentation.into();
        }
        config
    }

    /// `/ResourceTypes`.
    pub fn resource_types(&self) -> Value {
        list(self.types.iter().map(|rt| resource_type_document(self.base, rt)))
    }

    /// `/ResourceTypes/{name}`.
    pub fn resource_type(&self, name: &str) -> Option<Value> {
        self.types.iter().find(|rt| rt.name == name).map(|rt| resource_type_document(self.base, rt))
    }

    /// `/Schemas`. What is not accepted in [`Mode::Strict`] is not there.
    pub fn schemas(&self) -> Value {
        list(self.types.iter().flat_map(|rt| rt.schemas()).map(|schema| self.schema_document(schema)))
    }

    /// `/Schemas/{urn}`; the URN in any case.
    pub fn schema(&self, urn: &str) -> Option<Value> {
        self.types.iter().find_map(|rt| rt.schema_of(urn)).map(|schema| self.schema_document(schema))
    }

    fn schema_document(&self, schema: &Schema) -> Value {
        let refused =
            |attribute: &Attribute| self.mode.is_strict() && attribute.mutability == Mutability::WriteOnly;
        json!({
            "schemas": [SCHEMA_URN],
            "id": schema.urn,
            "name": schema.name,
            "description": schema.description,
            "attributes": attribute_documents(schema.attributes.iter().filter(|attribute| !refused(attribute))),
            "meta": { "resourceType": "Schema", "location": format!("{}/Schemas/{}", self.base, schema.urn) },
        })
    }
}

fn list(resources: impl Iterator<Item = Value>) -> Value {
    let resources: Vec<Value> = resources.collect();
    json!({
        "schemas": [LIST_URN],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn resource_type_document(base: &str, rt: &ResourceType) -> Value {
    let extensions: Vec<Value> =
        rt.extensions.iter().map(|schema| json!({ "schema": schema.urn, "required": false })).collect();
    json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": rt.name,
        "name": rt.name,
        "endpoint": rt.endpoint,
        "description": rt.description,
        "schema": rt.schema.urn,
        "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", rt.name) },
    })
}

fn attribute_documents<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Value {
    attributes.into_iter().map(|attribute| Value::Object(attribute_document(attribute))).collect()
}

fn attribute_document(attribute: &Attribute) -> Object {
    let kind = match attribute.kind {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Decimal => "decimal",
        Kind::DateTime => "dateTime",
        Kind::Reference => "reference",
        Kind::Binary => "binary",
        Kind::Complex => "complex",
    };
    let mutability = match attribute.mutability {
        Mutability::ReadWrite => "readWrite",
        Mutability::ReadOnly => "readOnly",
        Mutability::Immutable => "immutable",
        Mutability::WriteOnly => "writeOnly",
    };
    let returned = match attribute.returned {
        Returned::Always => "always",
        Returned::Never => "never",
        Returned::Default => "default",
        Returned::Request => "request",
    };
    let uniqueness = match attribute.uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
        Uniqueness::Global => "global",
    };
    let mut document = Object::new();
    let mut put = |key: &str, value: Value| {
        document.insert(key.to_owned(), value);
    };
    put("name", attribute.name.into());
    put("type", kind.into());
    put("multiValued", attribute.multi_valued.into());
    put("description", attribute.description.into());
    put("required", attribute.required.into());
    if !attribute.canonical_values.is_empty() {
        put("canonicalValues", attribute.canonical_values.into());
    }
    put("caseExact", attribute.case_exact.into());
    put("mutability", mutability.into());
    put("returned", returned.into());
    put("uniqueness", uniqueness.into());
    if !attribute.reference_types.is_empty() {
        put("referenceTypes", attribute.reference_types.into());
    }
    if !attribute.sub_attributes.is_empty() {
        put("subAttributes", attribute_documents(attribute.sub_attributes));
    }
    document
}
