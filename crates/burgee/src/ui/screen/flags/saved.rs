//! Searches that one keeps for oneself.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Granted, SignedIn};
use crate::features::saved;
pub(super) use crate::features::saved::{Saved, list};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note, is_own};
use crate::ui::guard::Form;
use crate::ui::part::{button, icon, menu};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.action("/saved-searches", keep).action("/saved-searches/remove", forget)
}

/// The searches that are kept, and a way to keep the present one.
pub(super) fn menu(frame: &Frame, path: &str, now: &str, saved: &[Saved]) -> Markup {
    let label = html! { (icon::bookmark()) "Saved" };
    let to = |query: &str| frame.at(&format!("{path}?{query}"));
    menu::menu(
        "saved-searches",
        "Saved searches",
        &label,
        &html! {
            @if saved.is_empty() { p.menu-row.muted { "Filter the list, then save the search here to come back to it." } }
            @else {
                ul.menu-list {
                    @for it in saved {
                        li.menu-pair {
                            a href=(to(&it.query)) aria-current=[(it.query == now).then_some("true")] { (it.name) }
                            form method="post" action=(frame.at("/saved-searches/remove")) {
                                input type="hidden" name="name" value=(it.name);
                                input type="hidden" name="back" value=(frame.here);
                                (button::picture(&format!("unsave-{}", it.name), &format!("Delete the saved search {}", it.name), &icon::trash(), None))
                            }
                        }
                    }
                }
            }
            @if !now.is_empty() && !saved.iter().any(|it| it.query == now) {
                form.menu-end.menu-form method="post" action=(frame.at("/saved-searches")) data-draft {
                    label for="save-as" { "Save this search as" }
                    input type="hidden" name="query" value=(now);
                    input type="hidden" name="back" value=(frame.here);
                    input #save-as name="name" autocomplete="off" required maxlength="60";
                    button.button.small { "Save" }
                }
            }
        },
    )
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    back: String,
}

impl Wanted {
    fn back(&self) -> &str {
        if is_own(&self.back) { &self.back } else { "/flags" }
    }
}

async fn keep(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let saved = Saved { name: wanted.name.trim().to_owned(), query: wanted.query.clone() };
    saved::keep(&ui.db, grant.person()?, &saved).await?;
    Ok(frame.done(wanted.back(), &Note::new(format!("The search is saved as {}", saved.name))))
}

async fn forget(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let person = grant.person()?;
    let mut tx = ui.db.read().await?;
    let gone = list(&mut tx, person).await?.into_iter().find(|saved| saved.name == wanted.name);
    drop(tx);
    saved::forget(&ui.db, person, &wanted.name).await?;
    let note = Note::new(format!("The saved search {} is deleted", wanted.name));
    let note = match &gone {
        Some(gone) => note.undo(
            "/saved-searches",
            &[("name", &gone.name), ("query", &gone.query), ("back", wanted.back())],
        ),
        None => note,
    };
    Ok(frame.done(wanted.back(), &note))
}
