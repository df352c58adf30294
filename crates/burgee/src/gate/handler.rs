//! How handlers are registered.

use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{self, MethodFilter, MethodRouter};
use futures_util::future::BoxFuture;

/// Lets a handler answer a method of a path, as [`axum::routing::on`] does.
///
/// The handler's type ends here. What axum builds around a handler is otherwise compiled for each of the hundreds that there
/// are, and each time the compiler looks through all that the handler awaits
/// (`docs/decisions/0013-where-types-end.md`).
pub fn on<H, T, S>(method: MethodFilter, handler: H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    let call = move |request, state| -> BoxFuture<'static, Response> {
        Box::pin(handler.clone().call(request, state))
    };
    routing::on(method, Erased(Arc::new(call)))
}

/// A handler, whatever its type was.
#[derive(Clone)]
struct Erased<S>(Arc<dyn Fn(Request, S) -> BoxFuture<'static, Response> + Send + Sync>);

impl<S: Clone + Send + Sync + 'static> Handler<(), S> for Erased<S> {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, state: S) -> Self::Future {
        (self.0)(request, state)
    }
}
