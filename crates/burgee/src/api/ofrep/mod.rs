//! The OpenFeature Remote Evaluation Protocol, version 0.3: results for every OpenFeature SDK. `docs/ofrep.md` says how
//! flags become values.

mod evaluate;
mod events;
mod fault;

pub use self::fault::Fault;
use super::Routes;

const TAG: &str = "OFREP";

pub(super) fn routes() -> Routes {
    evaluate::routes().merge(events::routes()).fails_with::<Fault>()
}
