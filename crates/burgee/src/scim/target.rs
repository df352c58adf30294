//! What a path below the mount point names.

use axum::http::Method;
use burgee_scim::Mode;
use percent_encoding::percent_decode_str;

/// What the first segment of a path may be.
const NAMES: [&str; 10] = [
    "Users",
    "Groups",
    "Roles",
    "Entitlements",
    "Bulk",
    "Me",
    "ServiceProviderConfig",
    "ResourceTypes",
    "Schemas",
    ".search",
];

/// A resource or collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Users,
    User(String),
    UserSearch,
    Groups,
    Group(String),
    GroupSearch,
    Root,
    RootSearch,
    Roles,
    Role(String),
    Entitlements,
    Entitlement(String),
    Bulk,
    /// Whoever the caller is.
    Me,
    ServiceProviderConfig,
    ResourceTypes,
    ResourceType(String),
    Schemas,
    Schema(String),
    Unknown,
}

impl Target {
    /// Reads the part of the path below the mount point. Names of collections count in any case, and slashes too many
    /// do not count.
    pub(super) fn parse(path: &str) -> Self {
        let segments: Option<Vec<String>> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned()))
            .collect();
        // No id is what is no text, or text that not every database can compare.
        let Some(segments) = segments.filter(|segments| !segments.iter().any(|text| text.contains('\0')))
        else {
            return Self::Unknown;
        };
        let first = segments.first().map(|segment| segment.to_ascii_lowercase());
        let second = segments.get(1).cloned();
        if segments.len() > 2 {
            return Self::Unknown;
        }
        let is_search = second.as_deref() == Some(".search");
        match (first.as_deref(), second) {
            (None, None) => Self::Root,
            (Some(".search"), None) => Self::RootSearch,
            (Some("users"), None) => Self::Users,
            (Some("users"), Some(_)) if is_search => Self::UserSearch,
            (Some("users"), Some(id)) => Self::User(id),
            (Some("groups"), None) => Self::Groups,
            (Some("groups"), Some(_)) if is_search => Self::GroupSearch,
            (Some("groups"), Some(id)) => Self::Group(id),
            (Some("serviceproviderconfig" | "serviceproviderconfigs" | "serviceconfiguration"), None) => {
                Self::ServiceProviderConfig
            }
            (Some("resourcetypes"), None) => Self::ResourceTypes,
            (Some("resourcetypes"), Some(name)) => Self::ResourceType(name),
            (Some("schemas"), None) => Self::Schemas,
            (Some("schemas"), Some(urn)) => Self::Schema(urn),
            (Some("roles"), None) => Self::Roles,
            (Some("roles"), Some(id)) => Self::Role(id),
            (Some("entitlements"), None) => Self::Entitlements,
            (Some("entitlements"), Some(id)) => Self::Entitlement(id),
            (Some("me"), None) => Self::Me,
            (Some("bulk"), None) => Self::Bulk,
            _ => Self::Unknown,
        }
    }

    /// True if a path is written as the RFC writes it, which strict connections insist on.
    pub(super) fn is_spelled(path: &str, mode: Mode) -> bool {
        let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
        let first = percent_decode_str(first).decode_utf8_lossy();
        mode == Mode::Tolerant || first.is_empty() || NAMES.contains(&&*first)
    }

    /// True for what says what the service can do.
    pub(super) const fn is_discovery(&self) -> bool {
        matches!(
            self,
            Self::ServiceProviderConfig
                | Self::ResourceTypes
                | Self::ResourceType(_)
                | Self::Schemas
                | Self::Schema(_)
        )
    }

    /// True if the path takes the method.
    pub(super) fn takes(&self, method: &Method) -> bool {
        self.methods().split(", ").any(|name| name == method.as_str())
    }

    /// The methods that the path takes.
    pub(super) const fn methods(&self) -> &'static str {
        match self {
            Self::Users | Self::Groups => "GET, HEAD, POST, OPTIONS",
            Self::User(_) | Self::Group(_) => "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
            Self::UserSearch | Self::GroupSearch | Self::RootSearch | Self::Bulk => "POST, OPTIONS",
            Self::Me => "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_targets() {
        assert_eq!(Target::parse("/Users"), Target::Users);
        assert_eq!(Target::parse("//users/"), Target::Users);
        assert_eq!(Target::parse("/Users/.search"), Target::UserSearch);
        assert_eq!(Target::parse("/Groups/01J%2F"), Target::Group("01J/".into()));
        assert_eq!(Target::parse("/Schemas/urn%3Aa"), Target::Schema("urn:a".into()));
        assert_eq!(Target::parse(""), Target::Root);
        assert_eq!(Target::parse("/Users/1/2"), Target::Unknown);
        assert!(Target::is_spelled("/users", Mode::Tolerant) && !Target::is_spelled("/users", Mode::Strict));
        assert!(["", "/", "//Users/x", "/%55sers"].iter().all(|path| Target::is_spelled(path, Mode::Strict)));
        for nothing in ["/Nothing", "/Users/%00", "/Users/%ff"] {
            assert_eq!(Target::parse(nothing), Target::Unknown);
        }
    }
}
