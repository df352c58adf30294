//! How handlers are registered.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{self, MethodFilter, MethodRouter};
use futures_util::future::BoxFuture;

/// A handler, whatever its type.
type Any<S> = Arc<dyn Fn(Request, S) -> BoxFuture<'static, Response> + Send + Sync>;

/// Lets a handler answer a method of a path, as [`axum::routing::on`] does.
///
/// The handler's type ends here. What axum builds around a handler is otherwise compiled for each of the hundreds that there
/// are, and each time the compiler looks through all that the handler awaits: most of the time that building took.
pub fn on<H, T, S>(method: MethodFilter, handler: H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    answered(method, Arc::new(move |request, state| Box::pin(handler.clone().call(request, state))))
}

fn answered<S: Clone + Send + Sync + 'static>(method: MethodFilter, handler: Any<S>) -> MethodRouter<S> {
    routing::on(method, async move |State(state): State<S>, request: Request| handler(request, state).await)
}
