//! What can be chosen for a connection.

use std::borrow::Cow;

use burgee_scim::Mode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $meaning:literal])* $choice:ident $text:literal,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[doc = $meaning])* #[serde(rename = $text)] $choice,)*
        }

        impl $name {
            /// All of them, the usual one first.
            pub const ALL: &'static [Self] = &[$(Self::$choice,)*];

            /// As it is stored and sent.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$choice => $text,)* }
            }

            /// The choice of this name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$choice),)* _ => None }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": [$($text,)*] })
            }
        }

        impl TryFrom<String> for $name {
            type Error = Unknown;
            fn try_from(text: String) -> Result<Self, Unknown> {
                Self::named(&text).ok_or(Unknown(text))
            }
        }
    )*};
}

/// A name that no choice has.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is none of the choices")]
pub struct Unknown(String);

choices! {
    /// Which identity provider calls. It decides what people are shown, never what a call does.
    Provider {
        /// Any SCIM 2.0 client.
        Generic "generic",
        /// Okta.
        Okta "okta",
        /// Microsoft Entra ID.
        Entra "entra",
        /// OneLogin.
        Onelogin "onelogin",
        /// JumpCloud.
        Jumpcloud "jumpcloud",
        /// Google Workspace.
        Google "google",
        /// Keycloak, with an extension that pushes.
        Keycloak "keycloak",
        /// authentik.
        Authentik "authentik",
    }
    /// How forgiving the service is.
    Strictness {
        /// Whatever deployed clients send, as long as its meaning is clear.
        Tolerant "tolerant",
        /// The RFCs as the interoperability profile tightens them.
        Strict "strict",
    }
    /// How a PATCH is answered.
    PatchAnswer {
        /// With the resource; without, to clients that prefer it and for large groups.
        Auto "auto",
        /// With the resource.
        Resource "200",
        /// Without a body, unless the client asks for attributes.
        Empty "204",
    }
    /// What becomes of somebody, or a group, who is here already and whom no identity provider manages.
    OnMatch {
        /// The connection takes over.
        Adopt "adopt",
        /// The call is refused: 409.
        Conflict "conflict",
    }
    /// What becomes of members of a group whom the connection does not know.
    UnknownMembers {
        /// They are left out.
        Ignore "ignore",
        /// The call is refused: 400.
        Reject "reject",
    }
    /// How a token came here.
    Source {
        /// Made on a screen, or by automation.
        Made "made",
        /// Made elsewhere: it was with the identity provider already.
        Imported "imported",
        /// Made through Unleash's endpoint.
        Unleash "unleash",
        /// Given by the operator for the first start.
        Start "start",
    }
    /// What becomes of the people of a connection that is removed. Their groups stay, with whoever is in them.
    Fate {
        /// They stay as they are, and are managed by hand from now on.
        Release "release",
        /// They lose all access; an admin can activate them again, one by one.
        Deactivate "deactivate",
    }
    /// Whose root role counts where an admin gave one by hand and the identity provider speaks of one, too.
    RootConflict {
        /// The one that was given by hand.
        Local "local",
        /// The identity provider's.
        Idp "idp",
        /// Both: what either of them permits.
        Max "max",
    }
}

impl From<Strictness> for Mode {
    fn from(chosen: Strictness) -> Self {
        match chosen {
            Strictness::Tolerant => Self::Tolerant,
            Strictness::Strict => Self::Strict,
        }
    }
}

impl Provider {
    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Generic => "Any SCIM 2.0 client",
            Self::Okta => "Okta",
            Self::Entra => "Microsoft Entra ID",
            Self::Onelogin => "OneLogin",
            Self::Jumpcloud => "JumpCloud",
            Self::Google => "Google Workspace",
            Self::Keycloak => "Keycloak",
            Self::Authentik => "authentik",
        }
    }
}
