//! Discovery documents (RFC 7643 §5–§7, RFC 7644 §4). They say what this crate does, and nothing that it does not.

use serde_json::{Value, json};

use crate::Object;
use crate::schema::{Attribute, Kind, Mutability, ResourceType, Returned, Schema, Uniqueness};
use crate::{GROUP, USER};

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
    /// Is `/Bulk` there?
    pub bulk: bool,
    /// Most operations per bulk request. Advertised even without `/Bulk`, and never 0, because clients cut their PATCH
    /// requests to this size.
    pub max_operations: u64,
    /// Most bytes per bulk request.
    pub max_payload_size: u64,
    /// Does the connection run in [`crate::Mode::Strict`]?
    pub strict: bool,
    /// Where humans read on.
    pub documentation: Option<&'a str>,
}

/// `/ServiceProviderConfig`. `base` is the URL that the endpoints are below, without a slash at its end.
pub fn service_provider_config(base: &str, limits: &Limits<'_>) -> Value {
    let mut config = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG_URN],
        "patch": { "supported": true },
        "bulk": {
            "supported": limits.bulk,
            "maxOperations": limits.max_operations.max(1),
            "maxPayloadSize": limits.max_payload_size.max(1),
        },
        "filter": { "supported": true, "maxResults": limits.max_results },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": false,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": limits.default_page_size,
            "maxPageSize": limits.max_results,
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
            "location": format!("{base}/ServiceProviderConfig"),
        },
    });
    if limits.strict {
        // Only where it is true: clients that know the RFC alone refuse attributes that it does not have.
        config["interopProfileConformant"] = true.into();
    }
    if let Some(documentation) = limits.documentation {
        config["documentationUri"] = documentation.into();
    }
    config
}

/// `/ResourceTypes`.
pub fn resource_types(base: &str) -> Value {
    list(all().map(|rt| resource_type_document(base, rt)))
}

/// `/ResourceTypes/{name}`.
pub fn resource_type(base: &str, name: &str) -> Option<Value> {
    all().find(|rt| rt.name == name).map(|rt| resource_type_document(base, rt))
}

/// `/Schemas`.
pub fn schemas(base: &str) -> Value {
    list(all().flat_map(ResourceType::schemas).map(|schema| schema_document(base, schema)))
}

/// `/Schemas/{urn}`; the URN in any case.
pub fn schema(base: &str, urn: &str) -> Option<Value> {
    all().find_map(|rt| rt.schema_of(urn)).map(|schema| schema_document(base, schema))
}

fn all() -> impl Iterator<Item = &'static ResourceType> {
    [&USER, &GROUP].into_iter()
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

fn schema_document(base: &str, schema: &Schema) -> Value {
    json!({
        "schemas": [SCHEMA_URN],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": attribute_documents(schema.attributes),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.urn) },
    })
}

fn attribute_documents(attributes: &[Attribute]) -> Value {
    attributes.iter().map(|attribute| Value::Object(attribute_document(attribute))).collect()
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
