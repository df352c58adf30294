//! What deployed clients send that the RFCs do not foresee: each quirk has a name, is brought into a form that the
//! engine knows, and is counted (`burgee_scim_quirks_total`).
//!
//! The rule above all others: a quirk never makes a request more destructive than its plainest reading. Whatever
//! could mean "leave alone" or "remove" means "leave alone".
//!
//! Three need no name here: unknown members are left out of the membership and logged (Q19, `provisioning::members`),
//! slashes too many do not count (Q21, `super::target`), and every error is `scim+json` with a string `status`
//! (Q23, `super::fault`).

mod bodies;
mod entra;
mod operations;
mod requests;

use axum::http::request::Parts;
use burgee_scim::{Object, ResourceType};

use super::notebook::Notebook;
use crate::telemetry::Metrics;

macro_rules! quirks {
    ($($(#[doc = $doc:literal])* $name:ident $text:literal;)*) => {
        /// A deviation that is understood.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Quirk {
            $($(#[doc = $doc])* $name,)*
        }

        impl Quirk {
            /// The label under which it is counted.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

quirks! {
    /// Q1: `"op": "Replace"`, or `operations`. Entra.
    OpCase "op-case";
    /// Q2: `"False"` for `false`. Entra.
    StringBoolean "string-boolean";
    /// Q3: an operation without a path, perhaps with dotted or URN-qualified keys. Okta, Entra with its flag.
    NoPath "no-path";
    /// Q4: `remove` of `members` with the members to remove as value. Entra, OneLogin, Authentik.
    RemoveByValue "remove-by-value";
    /// Q5: a value path that selects nothing yet. Entra.
    ValuePath "value-path";
    /// Q6: `manager` as a bare id or a list. Entra.
    ScalarManager "scalar-manager";
    /// Q7: roles as JSON inside a string. Entra.
    JsonInString "json-in-string";
    /// Q8, Q22: `null` for absent. OneLogin, Entra, Rauthy.
    Null "null";
    /// Q9: a malformed extension URN, or an extension's attribute outside of it. Entra.
    MisplacedExtension "misplaced-extension";
    /// Q10: `id`, `meta` or `groups` in a body. Okta, Authentik.
    ReadOnly "read-only";
    /// Q11: a filter with unquoted words, dates or single quotes. Authentik, Microsoft's Postman collection.
    LenientFilter "lenient-filter";
    /// Q12: parameters in another spelling, or `startIndex=0`. Microsoft's inbound provisioning.
    ParameterSpelling "parameter-spelling";
    /// Q13: a body of type `application/json`, or of none. Google, Rauthy.
    MediaType "media-type";
    /// Q14: a token without the word `Bearer`. Okta.
    BareToken "bare-token";
    /// Q15: a password. Okta. It is never stored.
    Password "password";
    /// Q16: a member as plain text. Microsoft's Postman collection.
    StringMember "string-member";
    /// Q17: a projection with a value path. Microsoft's Postman collection.
    ValuePathProjection "value-path-projection";
    /// Q18: `/ServiceConfiguration`. Microsoft's sample code.
    ServiceConfiguration "service-configuration";
}

/// The quirks of one request.
#[derive(Debug, Default)]
pub(super) struct Noticed(Vec<Quirk>);

impl Noticed {
    fn note(&mut self, quirk: Quirk) {
        if !self.0.contains(&quirk) {
            self.0.push(quirk);
        }
    }

    /// Counts them, and takes note of them.
    pub(super) fn count(&self, metrics: &Metrics, notebook: &Notebook) {
        for quirk in &self.0 {
            metrics.quirk(quirk.name());
            notebook.quirk(quirk.name());
        }
    }

    /// Q20: the client takes 204 for an answer to a PATCH of a group, and prefers it. Entra, Microsoft's Postman
    /// collection.
    pub(super) fn prefers_no_content(&self) -> bool {
        self.0.contains(&Quirk::OpCase) || self.0.contains(&Quirk::StringMember)
    }
}

/// What is unusual about a request, apart from its body.
pub(super) fn of_request(parts: &Parts) -> Noticed {
    let mut noticed = Noticed::default();
    requests::notice(parts, &mut noticed);
    noticed
}

/// Brings the body of a POST or PUT into a form that the engine knows.
pub(super) fn of_resource(body: &mut Object, kind: &ResourceType) -> Noticed {
    let mut noticed = Noticed::default();
    bodies::notice(body, &mut noticed);
    entra::unpack_roles(body, &mut noticed);
    entra::place_extension(body, kind, &mut noticed);
    entra::wrap_manager(body, &mut noticed);
    noticed
}

/// Brings the body of a PATCH into a form that the engine knows.
pub(super) fn of_patch(body: &mut Object, kind: &ResourceType) -> Noticed {
    let mut noticed = Noticed::default();
    operations::normalise(body, kind, &mut noticed);
    noticed
}
