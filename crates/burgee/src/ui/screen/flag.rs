//! A flag: where it stands in each environment, who gets it there, and what happened to it.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::exposure::Exposure;
use super::{connect, depend, favorite, life, strategy, switch};
use crate::access::{CreateFeature, Granted, MoveFeature, SeeProject, ToggleFeature, UpdateFeature};
use crate::events::{self, Filter};
use crate::features::{self, Detail, InPlace, Place, lifecycle};
use crate::projects::environment;
use crate::segments;
use crate::tags::of_flags;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Viewer, why_not, why_not_at};
use crate::ui::live::{self, Watch};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::switch::{Switch, switch};
use crate::ui::part::{button, event, icon, menu, sentence, tag, time};
use crate::ui::{Places, Ui};

/// How many events the page shows.
const LATEST: i64 = 10;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/projects/{projectId}/features/{featureName}", show)
}

async fn show(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let feature = features::get(&mut tx, &project, &name).await?;
    let detail = features::detail(&mut tx, feature, grant.person().ok()).await?;
    let tags = of_flags::list(&mut tx, &name).await?;
    let places = environment::list(&mut tx, &project).await?;
    let uses_segments =
        detail.environments.iter().flat_map(|place| &place.strategies).any(|it| !it.segments.is_empty());
    let segments = if uses_segments { segments::names(&mut tx, &sight).await? } else { HashMap::new() };
    let which = Filter {
        features: vec![name.clone()],
        sight: live::sight(&grant, &mut tx).await?,
        ..Filter::default()
    };
    let (records, total) = events::search(&mut tx, &which, 0, LATEST).await?;
    let watch = Watch::over(&grant, &mut tx, Some(&project), Some(&name)).await?;
    let exposure = Exposure::of(&mut tx, (&sight, which.sight.clone()), &name, ui.clock.now()).await?;
    let history = lifecycle::history(&mut tx, &project, &name).await?;
    let environments: Vec<&str> =
        detail.environments.iter().map(|place| place.environment.as_str()).collect();
    let edit = why_not::<UpdateFeature>(grant.held(), &project, None);
    let path = format!("/projects/{project}/features/{name}");
    let body = html! {
        @if detail.feature.archived {
            (notice(Tone::Warning, "This flag is archived", &html! { p { "Clients no longer get it. It cannot be changed until it is revived." } }))
        }
        (about(&frame, &detail, &tags, (!detail.feature.archived && edit.is_none()).then(|| frame.at(&format!("{path}/owner"))).as_deref()))
        section aria-labelledby="places" {
            h2 #places { "Environments" }
            div.places {
                @for place in &detail.environments { (environment(&frame, &detail, place, &Allowed::at(&grant, &detail, place, &places), &segments)) }
            }
        }
        (exposure.section(&name, &environments))
        (depend::section(&frame, &grant, &detail, &places))
        (life::section(&frame, &grant, &detail, &history, &places))
        section aria-labelledby="history" {
            h2 #history { "History" }
            (event::feed(&frame, &records, event::Among::OneFlag))
            div.row { (button::link(&frame.at(&format!("/projects/{project}/events?flag={name}")), &if total > LATEST { format!("All {total} events") } else { "Full history".to_owned() })) }
        }
    };
    let page = Page::new(Section::Flags, name, body).within(&viewer, &project).watch(watch);
    let actions = html! {
        (button::link(&frame.at(&format!("{path}/who")), "Who gets this?"))
        (favorite::button(&frame, &project, &detail.feature.name, detail.favorite))
        @if edit.is_none() && !detail.feature.archived {
            (button::link(&frame.at(&format!("{path}/labels")), "Tags and links"))
            (button::link(&frame.at(&format!("{path}/edit")), "Edit"))
        }
        (more(&frame, &grant, &path, detail.feature.archived))
    };
    Ok(frame.page(&viewer, &page.actions(actions)))
}

/// What is done to a flag less often.
fn more(frame: &Frame, grant: &Granted<SeeProject>, path: &str, archived: bool) -> Markup {
    let (held, project) = (grant.held(), grant.scope().project.as_str());
    let gone = archived.then(|| "This flag is archived. Revive it first.".to_owned());
    let copy = gone.clone().or_else(|| why_not::<CreateFeature>(held, project, None));
    let relocate = gone.or_else(|| why_not::<MoveFeature>(held, project, None));
    let to = |step: &str| frame.at(&format!("{path}{step}"));
    menu::menu(
        "more",
        "More",
        &html! { (icon::more()) },
        &html! {
            ul.menu-list {
                (menu::way(&frame.at(&connect::path(project, path.rsplit('/').next())), "Connect an application", &icon::code(), None))
                (menu::way(&to("/copy"), "Copy…", &icon::copy(), copy.as_deref()))
                (menu::way(&to("/move"), "Move to another project…", &icon::folder(), relocate.as_deref()))
            }
        },
    )
}

/// What is known of the flag. `owner` is where somebody else can be made to answer for it.
fn about(frame: &Frame, detail: &Detail, tags: &[of_flags::Coloured], owner: Option<&str>) -> Markup {
    let feature = &detail.feature;
    html! {
        div.about {
            p.lead {
                @match feature.description.as_deref().filter(|text| !text.is_empty()) {
                    Some(text) => (text),
                    None => span.muted { "No description yet. Say what the flag is for, so that others know when it can go." },
                }
            }
            dl.facts {
                div { dt { "Type" } dd { (feature.kind) } }
                div {
                    dt { "Owner" }
                    dd {
                        @match &detail.owner {
                            Some(it) if it.left => { (tag::toned("nobody", "warning")) " " span.muted { (it.name) " left" } },
                            Some(it) => (it.name),
                            None => span.muted { "nobody" },
                        }
                        @if let Some(way) = owner { " " a.small-link #change-owner href=(way) { "Change" span.unseen { " the owner" } } }
                    }
                }
                div { dt { "Created" } dd { (time::ago(feature.created_at, frame.now)) @if let Some(author) = &detail.author { " by " (author.name) } } }
                @if feature.impression_data { div { dt { "Impressions" } dd { "reported" } } }
                @if feature.stale { div { dt { "State" } dd { (tag::toned("stale", "warning")) } } }
                @if !tags.is_empty() {
                    div { dt { "Tags" } dd { @for it in tags { (tag::tag(&it.tag.r#type, &it.tag.value, it.color.as_deref())) " " } } }
                }
                @for link in &detail.links { div { dt { "Link" } dd { a href=(link.url) rel="noopener noreferrer" { (link.title.as_deref().unwrap_or(&link.url)) } } } }
            }
        }
    }
}

/// What the reader may not do in an environment, and why.
struct Allowed {
    switch: Option<String>,
    strategies: strategy::Reasons,
}

impl Allowed {
    fn at(
        grant: &Granted<SeeProject>,
        detail: &Detail,
        place: &InPlace,
        places: &[environment::Place],
    ) -> Self {
        if detail.feature.archived {
            let why = "This flag is archived. Revive it first.";
            return Self { switch: Some(why.to_owned()), strategies: strategy::Reasons::all(why) };
        }
        let (held, project) = (grant.held(), detail.feature.project.as_str());
        let place = places.iter().find(|it| it.environment == place.environment);
        Self {
            switch: place.and_then(|it| why_not_at::<ToggleFeature>(held, project, it)),
            strategies: place.map(|it| strategy::Reasons::of(held, project, it)).unwrap_or_default(),
        }
    }
}

fn environment(
    frame: &Frame,
    detail: &Detail,
    place: &InPlace,
    allowed: &Allowed,
    segments: &HashMap<i64, String>,
) -> Markup {
    let (feature, name) = (&detail.feature, place.environment.as_str());
    let at = Place {
        project: feature.project.clone(),
        feature: feature.name.clone(),
        environment: name.to_owned(),
    };
    html! {
        article.place aria-labelledby={ "place-" (name) } {
            header {
                div {
                    h3 id={ "place-" (name) } { (name) }
                    p.muted {
                        @if place.kind != name { (place.kind) " · " }
                        @match place.last_seen_at { Some(seen) => { "last seen " (time::ago(seen, frame.now)) }, None => "not seen by a client yet" }
                    }
                }
                (switch(&Switch {
                    id: &format!("switch-{name}"),
                    label: &format!("{} in {name}", feature.name),
                    on: place.enabled,
                    action: &frame.at(&switch::path(&feature.project, &feature.name, name)),
                    back: &frame.here,
                    why_not: allowed.switch.as_deref(),
                }))
            }
            @if place.strategies.is_empty() {
                p.muted { "No strategy. When it is turned on, the project’s default strategy is added." }
            } @else {
                p.muted { @if place.enabled { "On for:" } @else { "Off. When on, for:" } }
                ol.strategies {
                    @for (index, strategy) in place.strategies.iter().enumerate() {
                        li.off[strategy.disabled] {
                            @if let Some(title) = strategy.title.as_deref().filter(|title| !title.is_empty()) { p.strategy-title { (title) } }
                            (sentence::strategy(strategy, segments))
                            @if strategy.disabled { (tag::chip("off")) }
                            (strategy::buttons(frame, &at, place, index, &allowed.strategies))
                        }
                    }
                }
            }
            div.row {
                (strategy::add_link(frame, &at, &allowed.strategies))
                @if !feature.archived { (strategy::copy_link(frame, &at, &detail.environments, &allowed.strategies)) }
            }
            @if !place.variants.is_empty() {
                p { "Variants: " (sentence::variants(&place.variants)) }
                p.hint { "They belong to the flag itself, and count where no strategy has variants of its own." }
            }
        }
    }
}
