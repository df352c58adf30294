//! Which of Unleash's operations are served, printed from the table of operations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use crate::support::{TestServer, snapshot};

/// Operations that will not be served, by a part of their path, and why.
const NEVER: [(&str, &str); 12] = [
    ("/api/admin/cdn/", "belongs to the vendor's cloud"),
    ("/api/admin/invoices", "nothing is sold"),
    ("POST /api/admin/license", "there is nothing to license"),
    ("/api/client/edge-licensing/", "there is nothing to license"),
    ("/api/admin/metrics/connection", "counts what the vendor bills"),
    ("/api/admin/metrics/request", "counts what the vendor bills"),
    ("/api/admin/metrics/traffic", "counts what the vendor bills"),
    ("/api/admin/metrics/rps", "Prometheus has it"),
    ("/api/admin/email/preview/", "no e-mail is sent"),
    ("/api/admin/notifications", "the event log has it"),
    ("/edge/issue-token", "tokens are made by people who may, not by a shared key"),
    ("/api/admin/metrics/edges", "Prometheus has it"),
];

#[tokio::test]
async fn the_list_of_operations_is_current() {
    let server = TestServer::sqlite().await;
    let document = server.anonymous().get("/docs/openapi.json").await.expect(200).json();
    let mut served: BTreeSet<String> = BTreeSet::from(["GET /internal-backstage/prometheus".to_owned()]);
    for (path, operations) in document["paths"].as_object().unwrap() {
        served.extend(operations.as_object().unwrap().keys().map(|method| key(method, path)));
    }
    let shapes: Value = serde_json::from_str(include_str!("../wire/unleash-shapes.json")).unwrap();
    let published = shapes["operations"].as_object().unwrap().iter().map(|(name, operation)| {
        let (method, path) = (operation["method"].as_str().unwrap(), operation["path"].as_str().unwrap());
        (method.to_owned(), path.to_owned(), name.clone())
    });
    let unpublished = include_str!("../wire/unpublished.txt").lines().map(|line| {
        let (method, path) = line.split_once(' ').unwrap();
        (method.to_owned(), path.to_owned(), String::new())
    });
    let mut rows = BTreeMap::new();
    let mut used = BTreeSet::new();
    for (method, path, name) in published.chain(unpublished) {
        let never = NEVER.iter().find(|(part, _)| format!("{method} {path}").contains(part));
        let state = match never {
            _ if served.contains(&key(&method, &path)) => "served".to_owned(),
            Some((part, why)) => {
                used.insert(*part);
                format!("never: {why}")
            }
            None => "not yet".to_owned(),
        };
        rows.insert((path, method), (name, state));
    }
    let unused: Vec<_> = NEVER.iter().map(|(part, _)| *part).filter(|part| !used.contains(part)).collect();
    assert!(unused.is_empty(), "no operation is left out because of {unused:?}");
    snapshot::check("docs/compatibility.md", &page(&rows));
}

/// Method and path without the names of the parameters, which differ between documents.
fn key(method: &str, path: &str) -> String {
    let path: Vec<&str> =
        path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect();
    format!("{} {}", method.to_uppercase(), path.join("/"))
}

fn page(rows: &BTreeMap<(String, String), (String, String)>) -> String {
    let count = |state: &str| rows.values().filter(|(_, found)| found.starts_with(state)).count();
    let mut text = format!(
        "# Compatibility\n\n\
         Every operation that Unleash publishes in the OpenAPI documents of its open-source edition (8.2) and its \
         Enterprise edition\n(7.5), and those that its admin UI uses without publishing them (without a name below). \
         A test prints this page and checks\nthe answers of what is served against Unleash's shapes.\n\n\
         {} operations: {} served, {} not yet, {} never.\n\n\
         | Operation | Name | |\n|---|---|---|\n",
        rows.len(),
        count("served"),
        count("not yet"),
        count("never"),
    );
    for ((path, method), (name, state)) in rows {
        writeln!(text, "| {method} `{path}` | {name} | {state} |").unwrap();
    }
    text.push_str(SCIM);
    text
}

/// What is left out of SCIM, and why.
const SCIM: &str = r"
## SCIM

What RFC 7643, RFC 7644 and RFC 9865 ask of a server is served, and so are the events of RFC 9967 ([events](scim/events.md)) ([what, exactly](scim/generic.md#what-is-supported)). What they leave
open, and drafts around them, is left out where it stands here:

| | |
|---|---|
| `/Me` | 404: a token belongs to a connection, and a connection is nobody |
| Asynchronous requests (RFC 9967) | the work is done before the 202, so that nothing that was accepted is lost; `Prefer: wait` changes nothing. Where no receiver takes the answer, `respond-async` is ignored, as RFC 7240 allows |
| `securityEvents` | only with the token of a connection of which somebody is told something: clients that know RFC 7643 alone refuse attributes that it does not have |
| Managing event streams (OpenID SSF) | receivers are made by admins, on a screen or by the API of burgee |
| `previousCursor` at the root | optional in RFC 9865; several lists that are read as one are read forwards only |
| `/GroupMembers` | an individual draft; groups of any size stream instead, and take changes of single members |
| `/Agents`, `/AgenticApplications` | individual drafts that still change. Programs are service accounts, which people make |
| `Role` and `Entitlement` in `/ResourceTypes` | for connections to Okta only, under Okta's URNs: other clients expect to be able to make what is listed there. `/Roles` and `/Entitlements` are served to all |
| `roles` and `entitlements` of a user | kept, given back, searched. They give roles where the connection is [set up to heed them](scim/roles.md), and nothing otherwise |
| An extension of our own for roles | identity providers know `roles` and `entitlements` already; one of ours would have to be entered in each |
| 428 for a write without `If-Match` | optional in RFC 6585; the interoperability profile forbids clients to send entity tags |
| `canonicalValues` | advertised, and not enforced: RFC 7643 §7 has them as suggestions |
| `invalidVers` | never: there is one version, and paths of others are 404 |
| Large groups without their members in lists | never: groups of any size stream |
| More in an error than RFC 7644 §3.12 has | the request's `x-request-id` comes back, and the [journal](scim/journal.md) has the rest of the story |
| HTTPS | by the proxy in front |
| Delta queries (draft) | `meta.lastModified gt` finds what changed; of who was removed, [events](scim/events.md) tell |
| Discovery with a token only | it says nothing about anybody, and clients look there before they have a token |
| Basic authentication, OAuth with a person who consents | the first is discouraged by the profile, and nobody is there for the second: [a token, or client credentials](scim/connections.md#tokens) |
| Tokens that Entra ID signs | its secret token and its client credentials do the same, and no keys of others have to be fetched and trusted |
| Networks of identity providers, ready to choose | such lists change, and an old one shuts out: networks are entered by hand |
| Oddities to be switched one by one, or by what a client calls itself | what is sent decides: one tenant of Entra sends both its dialects. Strict connections refuse most |
| Steps for rauthy; mappings to copy | the steps for any client do, and what rauthy sends is understood. The usual mappings work as they are; OneLogin needs a template, which is in its steps |
| Taking over only whom single sign-on has verified | there is no single sign-on yet: a connection takes over, or refuses |
| Undoing a takeover; handing somebody to another connection | by [removing the connection](scim/connections.md#deleting-one), which lets its people go as they are, for another to take over |
| The old account for who was deleted and comes back | old privileges would come with it. The event log keeps what the old one did |
| An error where a removal waits, or where the last admin stays | always success: an error would stop or quarantine the whole synchronisation |
| Switching on without a way back in | refused without exception; [on the host](operating.md#getting-back-in) there is always one |
| Groups that approve changes; approvals of who was deactivated | there are no change requests yet |
| A list of who takes a seat, and since when | nothing is sold by the seat. Whoever is deactivated is not counted from that moment on |
| A provider for Terraform | connections, tokens, rules, guards and receivers have an API, which is in the [OpenAPI document](openapi.json) |
";
