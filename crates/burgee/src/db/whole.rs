//! What must not be given up half-way.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

/// Work that goes on by itself when whoever waits for it goes away, as a request does whose client hangs up.
///
/// sqlx 0.9.0 forgets about a `BEGIN` that it sent and whose answer nobody waited for: the connection goes back to its
/// pool inside a transaction, and whoever gets it next works in that one, which may be old and may only read. Mended
/// after that version (`transact-rs/sqlx` issue 4393).
pub(super) struct Whole<T: Send + 'static>(Option<BoxFuture<'static, T>>);

impl<T: Send + 'static> Whole<T> {
    pub(super) fn of(work: BoxFuture<'static, T>) -> Self {
        Self(Some(work))
    }
}

impl<T: Send + 'static> Future for Whole<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let outcome = work.as_mut().poll(cx);
        if outcome.is_ready() {
            self.0 = None;
        }
        outcome
    }
}

impl<T: Send + 'static> Drop for Whole<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}
