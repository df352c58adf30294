//! What can be told: the events of RFC 9967 §2.

use serde::{Deserialize, Serialize};

/// What the name of every event of SCIM begins with.
const URN: &str = "urn:ietf:params:scim:event:";

/// One kind of event. Of a change either the whole resource is told, or which attributes changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Somebody who was here already is managed by an identity provider now (§2.3.1).
    #[serde(rename = "feed:add")]
    FeedAdd,
    /// Somebody is managed by the identity provider no more, and still here (§2.3.2).
    #[serde(rename = "feed:remove")]
    FeedRemove,
    /// A resource was made; the whole of it (§2.4.1).
    #[serde(rename = "prov:create:full")]
    CreateFull,
    /// A resource was made; the names of its attributes.
    #[serde(rename = "prov:create:notice")]
    CreateNotice,
    /// A resource was changed in parts; the names of the attributes (§2.4.2). The longer form would carry the request,
    /// which is not kept.
    #[serde(rename = "prov:patch:notice")]
    PatchNotice,
    /// A resource was replaced; the whole of it (§2.4.3).
    #[serde(rename = "prov:put:full")]
    PutFull,
    /// A resource was replaced; the names of the attributes that changed.
    #[serde(rename = "prov:put:notice")]
    PutNotice,
    /// A resource was removed (§2.4.4).
    #[serde(rename = "prov:delete")]
    Delete,
    /// Somebody has access again (§2.4.5).
    #[serde(rename = "prov:activate")]
    Activate,
    /// Somebody has lost access (§2.4.6).
    #[serde(rename = "prov:deactivate")]
    Deactivate,
    /// What came of a request whose client did not wait (§2.5).
    #[serde(rename = "misc:asyncresp")]
    Answer,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::FeedAdd,
        Self::FeedRemove,
        Self::CreateNotice,
        Self::CreateFull,
        Self::PatchNotice,
        Self::PutNotice,
        Self::PutFull,
        Self::Delete,
        Self::Activate,
        Self::Deactivate,
        Self::Answer,
    ];

    /// What stands in its name behind what all have in common.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FeedAdd => "feed:add",
            Self::FeedRemove => "feed:remove",
            Self::CreateFull => "prov:create:full",
            Self::CreateNotice => "prov:create:notice",
            Self::PatchNotice => "prov:patch:notice",
            Self::PutFull => "prov:put:full",
            Self::PutNotice => "prov:put:notice",
            Self::Delete => "prov:delete",
            Self::Activate => "prov:activate",
            Self::Deactivate => "prov:deactivate",
            Self::Answer => "misc:asyncresp",
        }
    }

    /// Its name on the wire.
    pub fn urn(self) -> String {
        format!("{URN}{}", self.name())
    }

    /// The kind of this name, with or without what all names begin with.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix(URN).unwrap_or(name);
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The same change, told by names only.
    pub(super) const fn notice(self) -> Option<Self> {
        match self {
            Self::CreateFull => Some(Self::CreateNotice),
            Self::PutFull => Some(Self::PutNotice),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name_everywhere() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
            assert_eq!(Kind::named(&kind.urn()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(Kind::named("urn:ietf:params:scim:event:sig:pwdReset"), None);
        assert_eq!(Kind::named("prov:patch:full"), None);
        assert_eq!(Kind::Answer.urn(), "urn:ietf:params:scim:event:misc:asyncresp");
    }
}
