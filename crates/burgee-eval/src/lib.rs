//! Feature-flag evaluation with the semantics of Unleash (client specification 6.1.0).
//!
//! A [`Document`] is what clients fetch; [`Document::apply`] keeps it up to date. [`State::compile`] turns it into
//! something that can be asked; a [`Context`] says who asks. [`State::explain`] gives the same answers with their
//! reasons. [`canonical`] brings what is about to be stored to the form on which all official SDKs agree.
//!
//! The crate is pure: no clock, no randomness, no I/O. Both time and randomness are part of the [`Context`].
//! Nothing panics, whatever the document and the context hold: what makes no sense is off.
//!
//! ```
//! use burgee_eval::{Context, Document, State};
//!
//! let document: Document = serde_json::from_str(
//!     r#"{"version": 2, "features": [{"name": "beta", "enabled": true, "strategies": [
//!         {"name": "userWithId", "parameters": {"userIds": "7, 8"}}]}]}"#,
//! )?;
//! let state = State::compile(&document);
//! let context = Context::new("2026-01-01T00:00:00Z".parse()?, 4).with("userId", "7");
//! assert_eq!(state.is_enabled("beta", &context), Some(true));
//! assert_eq!(state.is_enabled("alpha", &context), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod canonical;
mod constraint;
mod context;
pub mod delta;
pub mod document;
pub mod explain;
mod fields;
mod hash;
mod scalar;
mod state;
mod sticky;
mod strategy;
mod variant;
mod walk;

pub use context::Context;
pub use delta::Delta;
pub use document::Document;
pub use explain::Explanation;
pub use fields::{Fields, Flaw};
pub use state::{Evaluation, Ground, State};
pub use variant::Variant;
