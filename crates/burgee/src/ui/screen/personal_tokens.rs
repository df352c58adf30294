//! The tokens of a user or service account: listed, made, and revoked. A new one is shown once.

use axum::http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use crate::clock::Time;
use crate::db::Read;
use crate::people::token::{self, PERSONAL_LIMIT, Personal};
use crate::ui::Ui;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::part::expiry::{self, Expiry};
use crate::ui::part::form::Field;
use crate::ui::part::{button, code, secret, table, time};

/// The tokens, each with a way to revoke it, which begins at `path`.
pub(in crate::ui) fn list(frame: &Frame, tokens: &[Personal], path: &str) -> Markup {
    table::scroll(
        "Tokens",
        &html! {
            table.rows.stacks {
                thead { tr { th scope="col" { "What for" } th scope="col" { "Last used" } th scope="col" { "Expires" } th scope="col" { "Created" } th scope="col" { span.unseen { "Revoke it" } } } }
                tbody {
                    @for token in tokens {
                        tr {
                            td.wide { (token.description) }
                            td data-label="Last used" { (time::ago_or(token.seen_at, frame.now, "never")) }
                            td data-label="Expires" { (expiry::told(Some(token.expires_at), frame.now)) }
                            td data-label="Created" { (time::ago(token.created_at, frame.now)) }
                            td.ends { a.button.small id={ "revoke-" (token.id) } href=(frame.at(&format!("{path}/revoke-token?token={}", token.id))) { "Revoke…" span.unseen { " " (token.description) } } }
                        }
                    }
                }
            }
        },
    )
}

/// Why there can be no more.
pub(in crate::ui) fn full(tokens: &[Personal]) -> Option<String> {
    let full = i64::try_from(tokens.len()).is_ok_and(|count| count >= PERSONAL_LIMIT);
    full.then(|| format!("There are {PERSONAL_LIMIT}, the most there may be. Revoke one first."))
}

/// Which token is revoked.
#[derive(Deserialize)]
pub(in crate::ui) struct Revoked {
    pub(in crate::ui) token: i64,
}

/// Asks whether to revoke a token; `path` is of whoever has it, `back` where one came from.
pub(in crate::ui) async fn confirm(
    tx: &mut Read,
    frame: &Frame,
    user: i64,
    token: i64,
    (path, back): (&str, &str),
) -> Result<Markup, Fault> {
    let found = token::personal_of(tx, user).await?.into_iter().find(|it| it.id == token);
    let token = found.ok_or_else(|| Fault::missing("There is no such token. It may have been revoked."))?;
    Ok(html! {
        p { "Whatever uses " strong { (token.description) } " is refused from now on. It was last used " (time::ago_or(token.seen_at, frame.now, "never")) "." }
        form.row method="post" action=(frame.at(&format!("{path}/revoke-token"))) {
            input type="hidden" name="token" value=(token.id);
            button.button.danger #confirm { "Revoke token" }
            (button::link(&frame.at(back), "Cancel"))
        }
    })
}

/// What the form of a new token sends.
#[derive(Default, Deserialize)]
pub(in crate::ui) struct Wanted {
    #[serde(default)]
    pub(in crate::ui) description: String,
    #[serde(default)]
    lasts: String,
    #[serde(default)]
    until: String,
}

impl Wanted {
    /// When it stops working.
    pub(in crate::ui) fn end(&self, now: Time) -> Result<Time, Fault> {
        let end = Expiry { lasts: &self.lasts, until: &self.until }.read(now).map_err(Fault::unreadable)?;
        end.ok_or_else(|| Fault::unreadable("Choose when it expires."))
    }
}

/// The form of a new token, with the status to answer with. `reach` says what one can do with it.
pub(in crate::ui) fn form(
    frame: &Frame,
    path: &str,
    reach: &str,
    wanted: &Wanted,
    fault: Option<&Fault>,
) -> (StatusCode, Markup) {
    let problem = fault.map(|fault| fault.sentences().join(" "));
    let (of_expiry, of_description) = match problem {
        Some(text) if text.contains("expir") || text.contains("last day") => (Some(text), None),
        other => (None, other),
    };
    let expiry =
        Expiry { lasts: if wanted.lasts.is_empty() { "90" } else { &wanted.lasts }, until: &wanted.until };
    let body = html! {
        form.stack method="post" action=(frame.at(&format!("{path}/new-token"))) data-draft {
            (Field { name: "description", label: "What it is for", hint: Some("Such as nightly build. Tells you later which one to revoke."), problem: of_description.as_deref(), ..Field::default() }.text("text", &wanted.description, "off"))
            (expiry.fields(&expiry::TERMS, false, of_expiry.as_deref(), frame.now))
            p.hint { (reach) }
            div.row { (button::submit("Create token")) (button::link(&frame.at(path), "Cancel")) }
        }
    };
    (fault.map_or(StatusCode::OK, Fault::status), body)
}

/// A token that was just made.
pub(in crate::ui) fn made(ui: &Ui, frame: &Frame, secret: &str, back: &str) -> Markup {
    let call = format!("curl -H 'Authorization: {secret}' {}/api/admin/projects", ui.config.url());
    html! {
        (secret::once("token", secret))
        section aria-labelledby="use" { h2 #use { "Use it" } (code::block("A call with it", &call)) }
        div.row { (button::link(&frame.at(back), "Done")) }
    }
}
