//! What SDKs call that run where people can look: in web pages and apps. They get results, never definitions.

mod evaluate;
mod metrics;

use super::Routes;

pub(super) fn routes() -> Routes {
    evaluate::routes().merge(metrics::routes())
}
