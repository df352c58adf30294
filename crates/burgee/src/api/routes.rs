//! The table of operations: path, handler, who may call it, and what goes in and out.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::MethodFilter;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::app::App;
use crate::gate::handler::on;
use crate::gate::{Access, Guarded};

type Shape = fn(&mut SchemaGenerator) -> Value;

/// One operation.
#[derive(Clone)]
pub struct Operation {
    /// The HTTP method.
    pub method: Method,
    /// The path with `{parameters}`.
    pub path: &'static str,
    /// The name that generated clients use.
    pub id: &'static str,
    /// The section of the document.
    pub tag: &'static str,
    /// Who may call.
    pub access: Access,
    /// The names of its query parameters.
    pub query: &'static [&'static str],
    /// The body that goes in.
    pub request: Option<Shape>,
    /// The status of success and the body that comes out.
    pub response: (u16, Option<Shape>),
    /// The type of what comes out if it is no JSON, or not always.
    pub writes: Option<&'static str>,
    /// What the body says when it fails, unless it is a problem.
    pub failure: Option<Shape>,
}

/// Collects operations and the router that serves them.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    operations: Vec<Operation>,
}

impl Routes {
    /// Adds an operation that answers 200 without a body, unless [`Routes::gives`] says otherwise.
    #[must_use]
    pub fn add<H, T>(
        mut self,
        method: Method,
        path: &'static str,
        id: &'static str,
        tag: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        let filter = match method {
            Method::POST => MethodFilter::POST,
            Method::PUT => MethodFilter::PUT,
            Method::PATCH => MethodFilter::PATCH,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        self.router = self.router.route(path, on(filter, handler));
        self.operations.push(Operation {
            method,
            path,
            id,
            tag,
            access: T::ACCESS,
            query: &[],
            request: None,
            response: (200, None),
            writes: None,
            failure: None,
        });
        self
    }

    /// Names the query parameters of the last operation.
    #[must_use]
    pub fn asks(mut self, query: &'static [&'static str]) -> Self {
        if let Some(last) = self.operations.last_mut() {
            last.query = query;
        }
        self
    }

    /// Says what the body of the last operation looks like.
    #[must_use]
    pub fn takes<B: JsonSchema>(mut self) -> Self {
        if let Some(last) = self.operations.last_mut() {
            last.request = Some(|generator| generator.subschema_for::<B>().to_value());
        }
        self
    }

    /// Says what the last operation answers when it succeeds.
    #[must_use]
    pub fn gives<R: JsonSchema>(mut self, status: u16) -> Self {
        if let Some(last) = self.operations.last_mut() {
            last.response = (status, Some(|generator| generator.subschema_for::<R>().to_value()));
        }
        self
    }

    /// Says with which status the last operation answers without a body.
    #[must_use]
    pub fn empty(mut self, status: u16) -> Self {
        if let Some(last) = self.operations.last_mut() {
            last.response = (status, None);
        }
        self
    }

    /// Says that the last operation answers text of this type: always, or if asked to where it [`gives`](Self::gives)
    /// JSON.
    #[must_use]
    pub fn writes(mut self, kind: &'static str) -> Self {
        if let Some(last) = self.operations.last_mut() {
            last.writes = Some(kind);
        }
        self
    }

    /// Says what all these operations answer when they fail, where that is no problem.
    #[must_use]
    pub fn fails_with<F: JsonSchema>(mut self) -> Self {
        for operation in &mut self.operations {
            operation.failure = Some(|generator| generator.subschema_for::<F>().to_value());
        }
        self
    }

    /// Adds another table.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.operations.extend(other.operations);
        self
    }

    /// The router and the table.
    pub fn finish(self) -> (Router<App>, Vec<Operation>) {
        (self.router, self.operations)
    }
}
