//! Set-up, step by step, with the values of this server.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::base_url;
use crate::access::{ConfigureAuth, Granted};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{code, table};
use crate::ui::{Places, Ui};

/// Under which name a guide stands in addresses, whose it is, and the whole of it.
const GUIDES: [(&str, &str, &str); 3] = [
    ("okta", "Okta", include_str!("../../../../../../docs/scim/okta.md")),
    ("entra", "Microsoft Entra ID", include_str!("../../../../../../docs/scim/entra.md")),
    ("generic", "Any SCIM 2.0 client", include_str!("../../../../../../docs/scim/generic.md")),
];

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/guides/{name}", whole)
}

/// The steps for one kind of identity provider.
pub(super) fn section(ui: &Ui, frame: &Frame, asked: &str) -> Markup {
    let (chosen, ..) = GUIDES.into_iter().find(|(name, ..)| *name == asked).unwrap_or(GUIDES[0]);
    let tabs: Vec<(&str, String, bool)> = GUIDES
        .into_iter()
        .map(|(name, label, _)| (label, frame.at(&format!("/provisioning?for={name}")), name == chosen))
        .collect();
    let url = base_url(ui);
    let base = code::block("Base URL", &url);
    html! {
        section aria-labelledby="set-up" {
            h2 #set-up { "Set it up" }
            (table::tabs("Identity provider", &tabs))
            @if url.starts_with("http://") {
                (notice(Tone::Warning, "Identity providers in the cloud need HTTPS", &html! {
                    p { "This server calls itself " code { (url) } ". Set " code { "UNLEASH_URL" } " to the address under which it is reached." }
                }))
            }
            ol.how-to {
                @match chosen {
                    "okta" => {
                        li { p { "Here: create a token, and switch provisioning on." } }
                        li { p { "In Okta, open the app and choose " strong { "General → App settings → Provisioning: SCIM" } "." } }
                        li { p { "Under " strong { "Provisioning → Integration" } ", give the SCIM connector base URL:" } (base) }
                        li { p { "Unique identifier field: " code { "userName" } ". Tick Push New Users, Push Profile Updates and Push Groups." } }
                        li { p { "Authentication mode: " strong { "HTTP Header" } ", with the token. " strong { "Test connector configuration" } " is green for all ticked actions." } }
                        li { p { "Under " strong { "Provisioning → To App" } ", enable Create Users, Update User Attributes and Deactivate Users. Leave the mappings as they are." } }
                        li { p { "Under " strong { "Assignments" } ", assign yourself: you appear among the users. Then push groups." } }
                    },
                    "entra" => {
                        li { p { "Here: create a token, and switch provisioning on." } }
                        li { p { "In the Entra admin center: " strong { "Enterprise applications → New application → Create your own application" } " (non-gallery)." } }
                        li { p { strong { "Provisioning → Get started" } ", mode " strong { "Automatic" } ". Tenant URL:" } (base) }
                        li { p { "Secret token: the token. " strong { "Test connection" } " is green." } }
                        li { p { "Leave the mappings as they are. No flag in the address is needed." } }
                        li { p { "Under " strong { "Users and groups" } ", assign people and groups; then " strong { "Provisioning → Start" } ". " strong { "Provision on demand" } " sends one person at once." } }
                    },
                    _ => {
                        li { p { "Here: create a token, and switch provisioning on." } }
                        li { p { "Give the client the base URL; with " code { "/v2" } " at its end it is the same:" } (base) }
                        li { p { "Give it the token as bearer token. Try it:" } (code::block("A call", &format!("curl -H \"Authorization: Bearer $TOKEN\" {url}/v2/Users"))) }
                        li { p { "Let it push somebody: they appear among the users." } }
                    },
                }
                li { p { "To make the members of a pushed group admins, give the " a href=(frame.at("/groups?origin=scim")) { "group" } " the Admin role." } }
            }
            p { a href=(frame.at(&format!("/provisioning/guides/{chosen}"))) hx-boost="false" { "The whole guide" } span.muted { " (text): what the identity provider does, what becomes of it, every error" } }
        }
    }
}

async fn whole(
    _: Granted<ConfigureAuth>,
    State(_): State<Ui>,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let (.., text) = GUIDES.into_iter().find(|(it, ..)| *it == name).ok_or_else(Fault::nowhere)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
