//! What SDKs in browsers and apps call.

mod metrics;

use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::default().merge(metrics::routes())
}
