//! A secret that is shown once: in the answer to the form that made it. That page is never stored (`no-store`), no
//! address leads to it, and it must not have a [`Watch`](crate::ui::live::Watch), which would take the secret away.

use maud::{Markup, html};

use super::{code, icon};

/// What is shown once. `what` is what it is called: “API token”.
pub(in crate::ui) fn once(what: &str, secret: &str) -> Markup {
    html! {
        section.once aria-labelledby="once" {
            h2 #once { (icon::key()) "Copy the " (what) " now" }
            (code::block(what, secret))
            p.hint { "It is shown this once. Only a fingerprint of it is stored: if it gets lost, make another one." }
        }
    }
}
