//! The OpenAPI document, printed from the table of operations.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::routes::Operation;
use crate::gate::Access;

/// The document for a server that is reached at `url`.
pub fn document(operations: &[Operation], url: &str) -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let mut paths = Map::new();
    for operation in operations {
        let entry = describe(operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = entry;
    }
    let mut schemas: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    schemas.insert("problem".to_owned(), problem());
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "burgee",
            "description": "Feature management with provisioning. Speaks Unleash's API.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": url }],
        "security": [{ "apiKey": [] }, { "bearerToken": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": { "type": "apiKey", "in": "header", "name": "Authorization" },
                "bearerToken": { "type": "http", "scheme": "bearer" },
            },
            "schemas": schemas,
        },
    })
}

fn describe(operation: &Operation, generator: &mut schemars::SchemaGenerator) -> Value {
    let parameter = |name: &str, place: &str| json!({ "name": name, "in": place, "required": place == "path", "schema": { "type": "string" } });
    let segments = operation.path.split('/');
    let parameters: Vec<Value> = segments
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| parameter(name, "path"))
        .chain(operation.query.iter().map(|name| parameter(name, "query")))
        .collect();
    let (status, shape) = operation.response;
    let mut success = json!({ "description": "Success." });
    if let Some(shape) = shape {
        success["content"] = json!({ "application/json": { "schema": shape(generator) } });
    }
    if let Some(kind) = operation.writes {
        success["content"][kind] = json!({ "schema": { "type": "string" } });
    }
    let mut entry = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": { status.to_string(): success },
        "x-permissions": operation.access.permissions(),
    });
    let failure = match operation.failure {
        Some(shape) => shape(generator),
        None => json!({ "$ref": "#/components/schemas/problem" }),
    };
    for (code, text) in failures(operation) {
        entry["responses"][code] = json!({
            "description": text,
            "content": { "application/json": { "schema": failure } },
        });
    }
    entry["responses"]["503"] = json!({ "description": "The database does not answer, or maintenance mode is on. Nothing was changed." });
    if matches!(operation.access, Access::Open) {
        entry["security"] = json!([]);
    }
    if let Access::Token(kinds) = operation.access {
        entry["x-token"] = kinds.iter().map(|kind| json!(kind.as_str())).collect();
    }
    if let Some(shape) = operation.request {
        entry["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": shape(generator) } } });
    }
    entry
}

fn failures(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let mut list = vec![("400", "The input breaks a rule; the body says which.")];
    if let Access::Token(_) = operation.access {
        list.push(("401", "There is no API token."));
        list.push(("403", "The token is not one for this."));
    }
    if matches!(operation.access, Access::Open)
        && (operation.request.is_some() || !operation.query.is_empty())
    {
        list.push(("401", "The password or token is not the right one."));
        list.push(("403", "The token was used before."));
    }
    if let Access::AnyOf(permissions) = operation.access {
        list.push(("401", "Nobody is signed in."));
        list.push((
            "403",
            if permissions.is_empty() { "Not for this kind of token." } else { "Not permitted." },
        ));
    }
    list.push(("404", "No such thing."));
    list.push(("409", "The present state forbids it."));
    if operation.request.is_some() {
        list.push(("413", "The body is too large."));
        list.push(("415", "The body is no JSON."));
    }
    list.push(("429", "Too many requests."));
    list
}

/// What a failure looks like, but for those that say when to try again.
fn problem() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["id", "name", "message", "details"],
        "properties": {
            "id": { "type": "string", "format": "uuid", "description": "By which the log finds it." },
            "name": { "type": "string", "description": "The kind of failure, such as `BadDataError`." },
            "message": text(),
            "details": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["message"],
                    "properties": {
                        "message": text(),
                        "path": { "type": "string", "description": "What breaks a rule, such as `/body/name`." },
                        "validationErrors": { "type": "array", "items": text() },
                    },
                },
            },
            "permissions": {
                "type": "array",
                "items": text(),
                "description": "One of these would have been enough.",
            },
        },
    })
}
