//! Sessions, and tries to sign in.

use maud::{Markup, html};

use super::{person, table, tag, time};
use crate::people::login_history::Login;
use crate::people::signed_in::Session;
use crate::ui::frame::Frame;

/// What a table of sessions shows beside them.
#[derive(Clone, Copy, Default)]
pub(in crate::ui) struct Sessions<'a> {
    /// Whose each is, with a link to them.
    pub(in crate::ui) named: bool,
    /// Where a form posts to that ends one: `session`.
    pub(in crate::ui) end: Option<&'a str>,
    /// The digest of the reader's own session, which is marked and not ended there.
    pub(in crate::ui) mine: &'a str,
}

/// Who is signed in, where and since when.
pub(in crate::ui) fn sessions(frame: &Frame, sessions: &[Session], with: Sessions<'_>) -> Markup {
    let this = html! { " " (tag::toned("this one", "good")) };
    table::scroll(
        "Sessions",
        &html! {
            table.rows.stacks {
                thead { tr {
                    @if with.named { th scope="col" { "Who" } }
                    th scope="col" { "Browser" } th scope="col" { "Address" } th scope="col" { "Since" } th scope="col" { "Ends" }
                    @if with.end.is_some() { th scope="col" { span.unseen { "End it" } } }
                } }
                tbody { @for it in sessions {
                    @let browser = it.browser().unwrap_or("Unknown browser");
                    @let mine = it.digest == with.mine;
                    tr {
                        @if with.named { td.wide { a.row-link href=(frame.at(&format!("/users/{}", it.user_id))) { (name(it)) } @if mine { (this) } } }
                        td.wide { (browser) span.muted { " · " (it.device()) } @if mine && !with.named { (this) } }
                        td data-label="Address" { (it.ip.as_deref().unwrap_or("unknown")) }
                        td data-label="Since" { (time::ago(it.created_at, frame.now)) }
                        td data-label="Ends" { (time::ago(it.expires_at, frame.now)) }
                        @if let Some(end) = with.end {
                            td.number { @if !mine {
                                form method="post" action=(end) {
                                    input type="hidden" name="session" value=(it.digest);
                                    button.button.small id={ "end-" (it.digest) } { "End" span.unseen { " the session of " (name(it)) " in " (browser) " at " (it.ip.as_deref().unwrap_or("an unknown address")) } }
                                }
                            } }
                        }
                    }
                } }
            }
        },
    )
}

fn name(session: &Session) -> &str {
    session.email.as_deref().or(session.username.as_deref()).unwrap_or("somebody")
}

/// Who tried to sign in, and what came of it.
pub(in crate::ui) fn tries(frame: &Frame, logins: &[Login]) -> Markup {
    table::scroll(
        "Sign-ins",
        &html! {
            table.rows.stacks {
                thead { tr { th scope="col" { "With the name" } th scope="col" { "Outcome" } th scope="col" { "Address" } th scope="col" { "When" } } }
                tbody { @for it in logins {
                    tr {
                        td.wide { (it.username) }
                        td { (person::outcome(it)) }
                        td data-label="Address" { (it.ip.as_deref().unwrap_or("unknown")) }
                        td data-label="When" { (time::ago(it.created_at, frame.now)) }
                    }
                } }
            }
        },
    )
}
