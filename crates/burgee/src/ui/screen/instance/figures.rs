//! How much there is of what.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::page;
use crate::access::{Administer, Granted};
use crate::instance::statistics::{self, Figures};
use crate::metrics;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::part::icon;
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/statistics";
/// Over how many days activity is told.
const DAYS: [u64; 4] = [7, 30, 60, 90];

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, show)
}

async fn show(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let it: Figures = statistics::figures(&mut tx).await?;
    let tokens = statistics::tokens(&mut tx).await?;
    let of_tokens = |kind: &str| tokens.get(kind).copied().unwrap_or_default();
    let (mut active, mut changes) = (Vec::new(), Vec::new());
    for days in DAYS {
        let label = format!("Last {days} days");
        active.push((label.clone(), statistics::active_users(&mut tx, frame.now, days).await?));
        changes.push((label, statistics::production_changes(&mut tx, frame.now, days).await?));
    }
    let (buckets, variants) = metrics::buckets_of_yesterday(&mut tx, frame.now).await?;
    let named = |pairs: &[(&str, i64)]| -> Vec<(String, i64)> {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    let groups = [
        (
            "Flags",
            named(&[
                ("Flags", it.features),
                ("Archived flags", it.archived_features),
                ("Segments", it.segments),
                ("Context fields", it.context_fields),
                ("Strategy types", it.strategies),
                ("Most strategies of a flag in one environment", it.most_strategies),
            ]),
        ),
        (
            "Projects and environments",
            named(&[
                ("Projects", it.projects),
                ("Environments", it.environments),
                ("Exports", it.exports),
                ("Imports", it.imports),
            ]),
        ),
        (
            "People and access",
            named(&[
                ("People with access", it.users),
                ("Viewers among them", it.read_only_users),
                ("Groups", it.groups),
                ("Roles", it.roles),
                ("Custom root roles", it.custom_root_roles),
                ("Custom root roles in use", it.custom_root_roles_in_use),
                ("Service accounts", it.service_accounts),
            ]),
        ),
        (
            "API tokens",
            named(&[
                ("Backend", of_tokens("client")),
                ("Frontend", of_tokens("frontend")),
                ("Admin", of_tokens("admin")),
            ]),
        ),
        ("Active users", active),
        ("Changes in production", changes),
        ("Usage reported yesterday", named(&[("Flag counters", buckets), ("Variant counters", variants)])),
    ];
    let body = html! {
        div.tally { @for (title, figures) in &groups { (group(title, figures)) } }
    };
    let csv = html! {
        a.button href=(frame.at("/api/admin/instance-admin/statistics/csv")) hx-boost="false" { (icon::download()) "CSV" }
    };
    Ok(frame.page(&viewer, &page(&frame, &viewer, HERE, &body).actions(csv)))
}

fn group(title: &str, figures: &[(String, i64)]) -> Markup {
    html! {
        section.place {
            h2 { (title) }
            dl.figures { @for (name, count) in figures { div { dt { (name) } dd.number { (count) } } } }
        }
    }
}
