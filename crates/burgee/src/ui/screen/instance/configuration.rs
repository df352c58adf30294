//! What the operator set, and what is as it comes.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::page;
use crate::access::{Administer, Granted};
use crate::config::{Origin, Setting};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{notice, tag};
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/configuration";

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, show)
}

/// What the address asks for: all settings, or those that somebody set.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    which: String,
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let only_set = asked.which == "set";
    let settings: Vec<&Setting> =
        ui.config.settings.iter().filter(|it| !only_set || it.origin != Origin::Default).collect();
    let ask = Ask { path: HERE, pairs: vec![("which", asked.which.clone())] };
    let body = html! {
        p.muted.lead { "What this server was started with. To change a setting, set it and restart. Secrets are not shown." }
        div.filters {
            nav.segments aria-label="Which" {
                @for (which, label) in [("", "All"), ("set", "Set by the operator")] {
                    a href=(ask.with(&frame, &[("which", which)])) aria-current=[(asked.which == which).then_some("true")] { (label) }
                }
            }
        }
        @if settings.is_empty() { (notice::empty("Nothing is set", "Everything is as it comes.", &html! {})) }
        @else { (table::scroll("Settings", &rows(&settings))) }
    };
    Ok(frame.page(&viewer, &page(&frame, &viewer, HERE, &body)))
}

fn rows(settings: &[&Setting]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } th scope="col" { "From" } } }
            tbody { @for it in settings {
                tr {
                    td.wide { code { (it.name) } div.muted { (about(&it.about)) } }
                    td.wide { @match &it.value { Some(value) => code { (value) }, None => span.muted { "not set" } } }
                    td { @match it.origin {
                        Origin::Default => span.muted { "default" },
                        Origin::Environment => (tag::toned("environment", "info")),
                        Origin::CommandLine => (tag::toned("command line", "info")),
                        Origin::File => (tag::toned("file", "info")),
                    } }
                }
            } }
        }
    }
}

/// A description; what stands in backticks is code.
fn about(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
