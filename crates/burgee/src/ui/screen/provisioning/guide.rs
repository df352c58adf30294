//! What has to be done in each identity provider, with the values of this server.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::wizard::labelled;
use crate::access::{ConfigureAuth, Granted};
use crate::provisioning::connection::Provider;
use crate::ui::fault::Fault;
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/guides/{name}", whole)
}

/// The steps in the identity provider. `token` is what stands where the token belongs.
pub(super) fn steps(provider: Provider, url: &str, token: &str) -> Markup {
    let base = || labelled("Base URL", url);
    let secret = || labelled("Token", token);
    match provider {
        Provider::Okta => html! {
            li {
                h2 { "Give Okta the address" }
                p { "Open the app (a SAML or SWA app made with the app integration wizard), and choose " strong { "General → App settings → Provisioning: SCIM" } ". Then, under " strong { "Provisioning → Integration" } ":" }
                (labelled("SCIM connector base URL", url))
                (labelled("Unique identifier field for users", "userName"))
                p { "Tick " strong { "Push New Users" } ", " strong { "Push Profile Updates" } " and " strong { "Push Groups" } ". Authentication mode: " strong { "HTTP Header" } "." }
                (labelled("Authorization", token))
                p { strong { "Test Connector Configuration" } " is green for all ticked actions." }
            }
            li {
                h2 { "Let Okta push" }
                p { "Under " strong { "Provisioning → To App" } ", enable " strong { "Create Users" } ", " strong { "Update User Attributes" } " and " strong { "Deactivate Users" } ". Leave the attribute mappings as they are." }
                p { "Under " strong { "Assignments" } ", assign yourself; under " strong { "Push Groups" } ", push a group by name." }
            }
        },
        Provider::Entra => html! {
            li {
                h2 { "Give Entra the address" }
                p { "In the Entra admin center: " strong { "Enterprise applications → New application → Create your own application" } " (non-gallery). Then " strong { "Provisioning → New configuration" } ":" }
                (labelled("Tenant URL", url))
                (labelled("Secret token", token))
                p { strong { "Test connection" } " is green. No flag at the end of the address is needed; with one, it works as well." }
            }
            li {
                h2 { "Let Entra push" }
                p { "Leave the mappings as they are. Under " strong { "Users and groups" } ", assign people and groups; then " strong { "Provisioning → Start" } ". Entra comes every 40 minutes; " strong { "Provision on demand" } " sends one person at once." }
            }
        },
        Provider::Onelogin => html! {
            li {
                h2 { "Give OneLogin the address" }
                p { "Under " strong { "Applications → Add App" } ", add " strong { "SCIM Provisioner with SAML (SCIM v2 Core)" } ". On its " strong { "Configuration" } " tab:" }
                (labelled("SCIM Base URL", url))
                (labelled("SCIM JSON Template", ONELOGIN))
                (labelled("SCIM Bearer Token", token))
                p { "Under " strong { "API Connection" } ", press " strong { "Enable" } ": the status turns to Enabled." }
            }
            li {
                h2 { "Let OneLogin push" }
                p { "On the " strong { "Provisioning" } " tab, tick " strong { "Enable provisioning" } "; when users are deleted in OneLogin: " strong { "Suspend" } ". Under " strong { "Parameters → Groups" } ", tick " strong { "Include in User Provisioning" } ", and add a rule that sets groups." }
                p { "Assign yourself under " strong { "Users" } ", and approve what is pending." }
            }
        },
        Provider::Jumpcloud => html! {
            li {
                h2 { "Give JumpCloud the address" }
                p { "Under " strong { "SSO Applications → Add New Application" } ", choose a custom application with " strong { "Export users to this app (Identity Management)" } ". On its " strong { "Identity Management" } " tab: SCIM 2.0, and" }
                (labelled("Base URL", url))
                (labelled("Token Key", token))
                p { "Test User Email: an address that nobody has here, such as " code { "jumpcloud-test@example.com" } "." }
                p { strong { "Activate" } " makes a test user and a test group, and removes them again: the log shows both." }
            }
            li {
                h2 { "Let JumpCloud push" }
                p { "Leave " strong { "Enable management of User Groups and Group Membership" } " ticked. Under " strong { "User Groups" } ", tick the groups whose people come." }
            }
        },
        Provider::Google => html! {
            li {
                h2 { "Give Google the address" }
                p { "In the admin console: " strong { "Apps → Web and mobile apps" } ", the SAML app of this server, " strong { "Autoprovisioning → Configure" } ":" }
                (labelled("Access token", token))
                (labelled("Endpoint URL", url))
                p { "Map " code { "userName" } " to the primary e-mail address. Leave the rest as it is." }
            }
            li {
                h2 { "Let Google push" }
                p { "Choose who is in scope, and after how long people who left are deprovisioned: " strong { "within 24 hours" } " at most. Then switch autoprovisioning on." }
                p { "Google pushes people only. Put them into groups here, or give them roles one by one." }
            }
        },
        Provider::Keycloak => html! {
            li {
                h2 { "Give Keycloak the address" }
                p { "Keycloak pushes with an extension, such as " em { "scim-for-keycloak" } " or " em { "keycloak-scim-client" } ". In its provider for remote SCIM servers:" }
                (base())
                (secret())
                p { "Authentication: bearer token. Content type: " code { "application/scim+json" } "." }
            }
            li {
                h2 { "Let Keycloak push" }
                p { "Enable users and groups, and start a full synchronisation. Large groups may come in one piece: that is fine." }
            }
        },
        Provider::Authentik => html! {
            li {
                h2 { "Give authentik the address" }
                p { "Under " strong { "Applications → Providers → Create" } ", choose " strong { "SCIM Provider" } ":" }
                (labelled("URL", url))
                (labelled("Token", token))
                p { "Compatibility mode: " strong { "Default" } ". Leave the property mappings as they are." }
            }
            li {
                h2 { "Let authentik push" }
                p { "Under " strong { "Applications" } ", open the application of this server, and add the provider as " strong { "backchannel provider" } ". Whoever is bound to the application comes; a full synchronisation can be started on the provider's page." }
            }
        },
        Provider::Generic => html! {
            li {
                h2 { "Give the client the address" }
                p { "With " code { "/v2" } " behind " code { "/scim" } " it is the same." }
                (base())
                (secret())
                p { "The token goes into the " code { "Authorization" } " header, as " code { "Bearer" } " token." }
            }
            li {
                h2 { "Try it" }
                (labelled("A call", &format!("curl -H 'Authorization: Bearer {token}' {url}/Users")))
                p { "Then let the client push somebody: they appear among the " strong { "users" } "." }
            }
        },
    }
}

/// What OneLogin sends of a person.
const ONELOGIN: &str = r#"{
  "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
  "userName": "{$parameters.scimusername}",
  "name": { "givenName": "{$user.firstname}", "familyName": "{$user.lastname}" },
  "displayName": "{$user.display_name}",
  "emails": [{ "value": "{$user.email}", "type": "work", "primary": true }]
}"#;

const fn text(provider: Provider) -> &'static str {
    match provider {
        Provider::Generic => include_str!("../../../../../../docs/scim/generic.md"),
        Provider::Okta => include_str!("../../../../../../docs/scim/okta.md"),
        Provider::Entra => include_str!("../../../../../../docs/scim/entra.md"),
        Provider::Onelogin => include_str!("../../../../../../docs/scim/onelogin.md"),
        Provider::Jumpcloud => include_str!("../../../../../../docs/scim/jumpcloud.md"),
        Provider::Google => include_str!("../../../../../../docs/scim/google.md"),
        Provider::Keycloak => include_str!("../../../../../../docs/scim/keycloak.md"),
        Provider::Authentik => include_str!("../../../../../../docs/scim/authentik.md"),
    }
}

async fn whole(
    _: Granted<ConfigureAuth>,
    State(_): State<Ui>,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let provider = Provider::named(&name).ok_or_else(Fault::nowhere)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text(provider)).into_response())
}
