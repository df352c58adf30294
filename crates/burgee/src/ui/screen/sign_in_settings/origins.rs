//! Which web pages may use the Frontend API.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{HERE, draw};
use crate::access::{ConfigureCors, Granted};
use crate::instance::settings::{self, Frontend};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::Form;
use crate::ui::part::button;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.action("/sign-in-settings/origins", save)
}

/// What was typed and not taken.
#[derive(Clone, Copy)]
pub(super) struct Refused<'a> {
    typed: &'a str,
    /// What the reader knows to be there.
    was: &'a str,
    problem: &'a str,
}

/// The origins, one a line. `set_here`: not only by the operator.
pub(super) fn section(
    frame: &Frame,
    allowed: &[String],
    set_here: bool,
    refused: Option<Refused<'_>>,
    why_not: Option<&str>,
) -> Markup {
    let there = allowed.join("\n");
    let (typed, was) = refused.map_or((there.as_str(), there.as_str()), |it| (it.typed, it.was));
    let hint =
        "One a line, as browsers send it: https://shop.example, without a path. * allows all. Empty: none.";
    html! {
        section aria-labelledby="origins-title" {
            h2 #origins-title { "Web pages that get flags" }
            p.muted.lead { "Browsers ask this server whether the page they show may use the Frontend API (CORS)." }
            @if allowed.iter().any(|origin| origin == "*") {
                (notice(Tone::Info, "Every page may", &html! { p { "A frontend token is needed all the same. List your own origins to keep other pages out." } }))
            }
            @if !set_here { p.hint { "As UNLEASH_FRONTEND_API_ORIGINS says; what is saved here takes its place." } }
            form.stack method="post" action=(frame.at("/sign-in-settings/origins")) data-draft {
                input type="hidden" name="was" value=(was);
                (Field { name: "origins", label: "Origins", hint: Some(hint), problem: refused.map(|it| it.problem), optional: true, ..Field::default() }.lines(typed))
                div.row { (button::or_why("save-origins", "Save origins", why_not)) }
            }
        }
    }
}

/// What the form sends: what is wanted, and what was there when it was opened.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    origins: String,
    #[serde(default)]
    was: String,
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

async fn save(
    grant: Granted<ConfigureCors>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let (wanted, mut was) = (lines(&sent.origins), lines(&sent.was));
    let frontend = Frontend { frontend_api_origins: wanted.clone() };
    let problem = match frontend.check().map_err(Fault::from) {
        Err(fault) if fault.is_about_input() => {
            Some(format!("{}. An origin is scheme and host, in small letters.", fault.sentences().join(" ")))
        }
        Err(fault) => return Err(fault),
        Ok(()) => {
            let mut tx = ui.db.change(&grant, frame.now).await?;
            let stored: Option<Frontend> = settings::lock(&mut tx).await?;
            let there = stored
                .map_or_else(|| ui.config.unleash_frontend_api_origins.clone(), |it| it.frontend_api_origins);
            if there != was && there != wanted {
                let theirs = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
                was = there;
                Some(format!("Somebody else made it: {theirs}. Save again to keep yours."))
            } else {
                settings::store(&mut tx, &frontend).await?;
                tx.commit().await?;
                None
            }
        }
    };
    match problem {
        None => Ok(frame.done(HERE, &Note::new("The origins are saved"))),
        Some(problem) => {
            let was = was.join("\n");
            let refused = Refused { typed: &sent.origins, was: &was, problem: &problem };
            draw(&grant.also()?, &ui, &frame, Some(refused)).await
        }
    }
}
