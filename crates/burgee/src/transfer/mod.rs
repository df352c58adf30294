//! Flags on their way from one installation, project or environment to another: Unleash's export document, what is to
//! be said against one before it is imported, and the import; and whole installations as text, see [`declared`].

pub mod declared;
mod document;
mod export;
mod import;
mod survey;

pub use self::document::{
    Document, Flag, FlagDependencies, FlagEnvironment, FlagLinks, FlagTag, Link, NamedSegment, Parent, Rule,
    Scalar, SharedField, TagKind,
};
pub use self::export::{Selection, export};
pub use self::import::import;
pub use self::survey::{Item, Report, validate};

/// A document, and where its flags are to live.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project.
    pub project: String,
    /// The environment in which they get the strategies of the document.
    pub environment: String,
    /// The flags.
    pub data: Document,
}
