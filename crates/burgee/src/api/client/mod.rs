//! What backend SDKs call.

mod features;
mod metrics;
mod register;
mod stream;

use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(features::routes())
        .merge(stream::routes())
        .merge(register::routes())
        .merge(metrics::routes())
}
