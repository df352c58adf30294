//! Bodies, ids and queries, checked against the same schemas that the OpenAPI document shows.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::body::HttpBody;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header;
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind as Rule;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::{Detail, Problem};
use crate::app::App;
use crate::features::Place;

/// The largest body of an operation, unless it says otherwise.
const LARGEST: usize = 100 * 1024;

/// A JSON body of type `T` and at most `MOST` bytes. Refuses what breaks `T`'s schema and names every broken rule.
pub struct Body<T, const MOST: usize = LARGEST>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static, const MOST: usize> FromRequest<App>
    for Body<T, MOST>
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let bytes = receive(request, MOST).await?;
        let value = parse(&bytes)?;
        check::<T>(&value)?;
        // What fits the schema and still cannot be read is a number that no column holds.
        serde_json::from_value(value)
            .map(Self)
            .map_err(|_| Problem::malformed("The request body has a value that is out of range."))
    }
}

/// A JSON body that is read into `T` at once, for what comes all the time: the schema is asked only what is wrong with
/// what cannot be read.
pub struct Quick<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromRequest<App> for Quick<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let bytes = receive(request, LARGEST).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let wrong = parse(&bytes).and_then(|value| check::<T>(&value)).err();
            wrong.unwrap_or_else(|| Problem::malformed(format!("The request body cannot be read: {error}")))
        })
    }
}

/// The body of a request that says it is JSON, up to a size.
async fn receive(request: Request, most: usize) -> Result<Bytes, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or("none");
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::content_type(kind));
    }
    let body = Limited::new(request.into_body(), most).collect().await.map_err(|error| {
        if error.downcast_ref::<LengthLimitError>().is_some() {
            Problem::too_large(most)
        } else {
            Problem::malformed("The request body did not arrive whole.")
        }
    })?;
    Ok(body.to_bytes())
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::malformed(format!("invalid JSON: {error}")))
}

/// A JSON body as it came, to be read by something that reads nothing else. No body is an empty object.
pub struct Raw(pub Bytes);

impl FromRequest<App> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        if request.body().is_end_stream() {
            return Ok(Self(Bytes::from_static(b"{}")));
        }
        receive(request, LARGEST).await.map(Self)
    }
}

/// Checks `value` against the schema of `T`.
fn check<T: JsonSchema + 'static>(value: &Value) -> Result<(), Problem> {
    let details: Vec<Detail> = validator::<T>()?.iter_errors(value).map(|error| explain(&error)).collect();
    if details.is_empty() { Ok(()) } else { Err(Problem::invalid(details)) }
}

fn explain(error: &jsonschema::ValidationError<'_>) -> Detail {
    let place = format!("/body{}", error.instance_path().as_str());
    let sent = shorten(&error.instance().to_string());
    let (path, message) = match error.kind() {
        Rule::Required { property } => {
            let path = format!("{place}/{}", property.as_str().unwrap_or_default());
            let message =
                format!("The `{path}` property is required. It was not present on the data you sent.");
            (path, message)
        }
        Rule::Type { .. } | Rule::AnyOf { .. } | Rule::OneOfNotValid { .. } => {
            let wanted = wanted(error);
            (place.clone(), format!("The `{place}` property must be {wanted}. You sent {sent}."))
        }
        Rule::Enum { options } => {
            // Here, Unleash names the property alone.
            let name = place.rsplit('/').next().unwrap_or_default().to_owned();
            let allowed: Vec<String> =
                options.as_array().into_iter().flatten().map(Value::to_string).collect();
            let message = format!(
                "The `{name}` property must be equal to one of the allowed values: {}. You provided {sent}, which \
                 is not valid. Please use one of the allowed values instead..",
                allowed.join(", ")
            );
            (name, message)
        }
        Rule::Pattern { pattern } => {
            let message =
                format!("The `{place}` property must match pattern \"{pattern}\". You sent {sent}.");
            (place, message)
        }
        _ => {
            let message = format!("The `{place}` property is not valid: {}", shorten(&error.to_string()));
            (place, message)
        }
    };
    Detail { message, path: Some(path) }
}

fn wanted(error: &jsonschema::ValidationError<'_>) -> String {
    use jsonschema::error::TypeKind;
    match error.kind() {
        Rule::Type { kind: TypeKind::Single(kind) } => kind.to_string(),
        Rule::Type { kind: TypeKind::Multiple(kinds) } => {
            kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" or ")
        }
        _ => "of another type".to_owned(),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 100 {
        text.to_owned()
    } else {
        text.chars().take(100).chain(['…']).collect()
    }
}

fn validator<T: JsonSchema + 'static>() -> Result<Arc<Validator>, Problem> {
    static COMPILED: OnceLock<RwLock<HashMap<TypeId, Arc<Validator>>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(RwLock::default);
    let key = TypeId::of::<T>();
    if let Some(found) = compiled.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(found.clone());
    }
    let schema = schemars::schema_for!(T);
    let validator = jsonschema::validator_for(schema.as_value()).map_err(|error| {
        tracing::error!("the schema of {} does not compile: {error}", std::any::type_name::<T>());
        Problem::internal()
    })?;
    let validator = Arc::new(validator);
    compiled.write().unwrap_or_else(PoisonError::into_inner).insert(key, validator.clone());
    Ok(validator)
}

/// A whole number in the path: the last parameter.
pub struct Id(pub i64);

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::internal())?;
        let (name, text) = params.iter().last().ok_or_else(Problem::internal)?;
        number(name, text).map(Self)
    }
}

/// Two whole numbers in the path: the last two parameters.
pub struct Ids(pub i64, pub i64);

impl FromRequestParts<App> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::internal())?;
        let found: Vec<(&str, &str)> = params.iter().collect();
        let [.., (first, a), (second, b)] = found.as_slice() else { return Err(Problem::internal()) };
        Ok(Self(number(first, a)?, number(second, b)?))
    }
}

fn number(name: &str, text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| {
        let path = format!("/params/{name}");
        let message = format!("The `{path}` property must be integer. You sent \"{}\".", shorten(text));
        Problem::invalid(vec![Detail { message, path: Some(path) }])
    })
}

/// Text in the path: the last parameter, percent-decoded.
pub struct Name(pub String);

impl FromRequestParts<App> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::internal())?;
        let (_, text) = params.iter().last().ok_or_else(Problem::internal)?;
        Ok(Self(text.to_owned()))
    }
}

/// Texts in the path: the last `N` parameters, percent-decoded.
pub struct Names<const N: usize>(pub [String; N]);

impl<const N: usize> FromRequestParts<App> for Names<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::internal())?;
        let texts: Vec<String> = params.iter().map(|(_, text)| text.to_owned()).collect();
        texts.last_chunk().cloned().map(Self).ok_or_else(Problem::internal)
    }
}

/// The flag that the path names.
pub struct Flag(pub String);

impl FromRequestParts<App> for Flag {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        named(parts, app, "featureName").await.map(Self)
    }
}

/// The flag that the path names as one that depends on others.
pub struct Child(pub String);

impl FromRequestParts<App> for Child {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        named(parts, app, "child").await.map(Self)
    }
}

/// The flag, project and environment that the path names.
pub struct At(pub Place);

impl FromRequestParts<App> for At {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(Place {
            project: named(parts, app, "projectId").await?,
            feature: named(parts, app, "featureName").await?,
            environment: named(parts, app, "environment").await?,
        }))
    }
}

async fn named(parts: &mut Parts, app: &App, name: &str) -> Result<String, Problem> {
    let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::internal())?;
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned()).ok_or_else(Problem::internal)
}

/// Query parameters of type `T`; unknown ones are ignored.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        axum::extract::Query::<T>::from_request_parts(parts, app).await.map(|query| Self(query.0)).map_err(
            |error| {
                let message = format!("The `/query` is not valid: {}", error.body_text());
                Problem::invalid(vec![Detail { message, path: Some("/query".to_owned()) }])
            },
        )
    }
}

/// Tells `null` from a value that is left out: for changes, where the first takes something away and the second
/// leaves it as it is.
#[expect(clippy::option_option, reason = "null and what is left out differ")]
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}
