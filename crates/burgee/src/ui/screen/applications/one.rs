//! An application: where it runs and with what, which flags it uses, and what is wrong with it.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::{path, sdk};
use crate::access::{Granted, SignedIn, UpdateApplication};
use crate::applications::{self, Application, Draft, Environment, Instance, OF_USERS};
use crate::db::Read;
use crate::metrics::{self, UsedFlag};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, table, time};
use crate::ui::screen::unknown_flags;
use crate::ui::{Places, Ui};

/// How many instances are told of in each environment.
const INSTANCES: usize = 20;

pub(super) fn places(places: Places) -> Places {
    places
        .page("/applications/{appName}", show)
        .page("/applications/{appName}/edit", ask)
        .action("/applications/{appName}/edit", save)
        .page("/applications/{appName}/forget", ask_forget)
        .action("/applications/{appName}/forget", forget)
}

async fn show(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let application = applications::get(&mut tx, &sight, &name).await?;
    let overview = applications::overview(&mut tx, &sight, &name).await?;
    let missing = metrics::missing(&mut tx, &sight, &name).await?;
    let flags = metrics::used_by(&mut tx, &sight, &name, ui.clock.now()).await?;
    let mut places = Vec::new();
    for (environment, told) in &overview.environments {
        let instances = applications::instances(&mut tx, &sight, &name, environment).await?;
        places.push((environment.as_str(), told, instances));
    }
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let body = html! {
        @if !overview.missing_strategies.is_empty() {
            (notice(Tone::Warning, "It knows strategy types that are not here", &html! {
                p { (overview.missing_strategies.join(", ")) ": flags cannot use them until somebody creates these types." }
            }))
        }
        (about(&frame, &application))
        section aria-labelledby="runs" {
            h2 #runs { "Where it runs" }
            @if places.is_empty() { p.muted { "No instance has told about itself in the last two days." } }
            div.places { @for (environment, told, instances) in &places { (place(&frame, environment, told, instances)) } }
        }
        @if !missing.is_empty() {
            section aria-labelledby="missing" {
                h2 #missing { "Unknown flags that it asks for" }
                p.muted { "It gets “off” for them: mistyped in its code, archived too early, or not created yet." }
                ul.links {
                    @for (environment, names) in &missing {
                        @for name in names {
                            li { strong { (name) } span.muted { "in " (environment) } a.small-link.to-end href=(frame.at(&unknown_flags::create(name))) { "Create this flag" } }
                        }
                    }
                }
            }
        }
        section aria-labelledby="flags" {
            h2 #flags { "Flags that it used since yesterday" }
            @if flags.is_empty() { p.muted { "None. Counts arrive a minute or so after the application asked." } }
            @else { (table::scroll("Flags that it used", &used(&frame, &flags))) }
        }
    };
    let why = why_not_everywhere::<UpdateApplication>(grant.held());
    let actions = html! {
        @match &why {
            None => { (button::link(&frame.at(&format!("{}/edit", path(&name))), "Edit")) (button::link(&frame.at(&format!("{}/forget", path(&name))), "Forget…")) },
            Some(why) => { (button::or_why("edit", "Edit", Some(why))) (button::or_why("forget", "Forget", Some(why))) },
        }
    };
    let page = Page::new(Section::Applications, name, body).below("Applications", "/applications".to_owned());
    Ok(frame.page(&viewer, &page.watch(watch).actions(actions)))
}

fn about(frame: &Frame, it: &Application) -> Markup {
    let text = it.details.description.as_deref().filter(|text| !text.is_empty());
    // What anybody may have written is a link only if it leads to a page.
    let url =
        it.details.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    html! {
        div.about {
            p.lead { @match text { Some(text) => (text), None => span.muted { "No description yet. Say what it is, and who looks after it." } } }
            dl.facts {
                @if let Some(url) = url { div { dt { "Link" } dd { a href=(url) rel="noopener noreferrer" { (url) } } } }
                div { dt { "Last started" } dd { (time::ago(it.seen_at, frame.now)) } }
                div {
                    dt { "Projects" }
                    dd {
                        @if it.usage.is_empty() { "not known" }
                        @for (index, (project, _)) in it.usage.iter().enumerate() {
                            @if index > 0 { ", " }
                            @if project == "*" { "all" } @else { a href=(frame.at(&format!("/projects/{project}"))) { (project) } }
                        }
                    }
                }
                @if !it.strategies.0.is_empty() { div { dt { "Strategy types that it knows" } dd { (it.strategies.0.join(", ")) } } }
            }
        }
    }
}

fn place(frame: &Frame, environment: &str, told: &Environment, instances: &[Instance]) -> Markup {
    let [at_servers, at_users] = &told.sdks;
    html! {
        article.place aria-labelledby={ "in-" (environment) } {
            header {
                div {
                    h3 id={ "in-" (environment) } { (environment) }
                    p.muted {
                        (told.instances) @if told.instances == 1 { " instance" } @else { " instances" }
                        @if let Some(seen) = told.seen_at { ", last started " (time::ago(seen, frame.now)) }
                    }
                }
            }
            ul.plain-list { @for told in at_servers.iter().chain(at_users) { li { (sdk(told)) } } }
            @if !told.outdated.is_empty() { p.hint { "An outdated SDK may decide otherwise than this server says. Update it." } }
            details {
                summary { "Instances" }
                ul.instances {
                    @for it in instances.iter().take(INSTANCES) {
                        li {
                            span { @if it.instance == OF_USERS { "at users" } @else { (it.instance) } }
                            span.muted { @if let Some(sdk) = &it.sdk { (sdk.replace(':', " ")) ", " } @if let Some(ip) = &it.ip { (ip) ", " } (time::ago(it.seen_at, frame.now)) }
                        }
                    }
                }
                @if instances.len() > INSTANCES { p.hint { "and " (instances.len() - INSTANCES) " more" } }
            }
        }
    }
}

fn used(frame: &Frame, flags: &[UsedFlag]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Flag" } th scope="col" { "Environment" } th.number scope="col" { "On" } th.number scope="col" { "Off" } } }
            tbody {
                @for it in flags {
                    tr data-row {
                        td.wide { a.row-link href=(frame.at(&format!("/projects/{}/features/{}", it.project, it.feature))) { (it.feature) } }
                        td { (it.environment) }
                        td.number { (it.yes) }
                        td.number { (it.no) }
                    }
                }
            }
        }
    }
}

fn values(it: &Application) -> Values {
    vec![
        ("description", it.details.description.clone().unwrap_or_default()),
        ("url", it.details.url.clone().unwrap_or_default()),
    ]
}

async fn ask(
    grant: Granted<UpdateApplication>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let edit = Edit::of(values(&applications::get(&mut tx, &sight, &name).await?));
    draw(&grant, &mut tx, &frame, &name, &edit).await
}

async fn draw(
    grant: &Granted<UpdateApplication>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let fields = html! {
        (Field { hint: Some("What it is, and who looks after it."), optional: true, ..edit.field("description", "Description") }.lines(edit.get("description")))
        (Field { hint: Some("Where to read more, such as https://wiki.example.com/shop."), optional: true, ..edit.field("url", "Link") }.text("text", edit.get("url"), "off"))
    };
    let action = format!("{}/edit", path(name));
    let body = edit.form(frame, &action, ("save", "Save"), Some(&path(name)), None, &fields);
    let page = Page::new(Section::Applications, "Edit application", body)
        .below("Applications", "/applications".to_owned())
        .below(name, path(name));
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn save(
    grant: Granted<UpdateApplication>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = applications::lock(&mut tx, &sight, &name).await?;
    edit.onto(values(&there));
    let url = edit.some("url");
    let leads = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    if edit.get("url") != edit.was("url") && !url.as_ref().is_none_or(leads) {
        edit.complain("url", "The link has to begin with https:// or http://.");
    }
    if edit.sound() {
        let draft = Draft { description: Some(edit.some("description")), url: Some(url), ..Draft::default() };
        let saved = async {
            applications::describe(&mut tx, &sight, &name, draft).await?;
            tx.commit().await
        };
        if edit.settle(saved.await, &[])?.is_some() {
            return Ok(frame.done(&path(&name), &Note::new(format!("{name} is saved"))));
        }
    } else {
        drop(tx);
    }
    draw(&grant, &mut ui.db.read().await?, &frame, &name, &edit).await
}

async fn ask_forget(
    grant: Granted<UpdateApplication>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let application = applications::get(&mut tx, &sight, &name).await?;
    let body = html! {
        p { "What is written about " strong { (name) } ", and what its SDKs told, is deleted. Flags, tokens and the application itself stay as they are." }
        p.muted { "It started last " (time::ago(application.seen_at, frame.now)) ". If it still runs, it comes back by itself when it starts again." }
        form.row method="post" action=(frame.at(&format!("{}/forget", path(&name)))) {
            button.button.danger #forget { "Forget application" }
            (button::link(&frame.at(&path(&name)), "Cancel"))
        }
    };
    let page = Page::new(Section::Applications, "Forget application", body)
        .below("Applications", "/applications".to_owned())
        .below(&name, path(&name));
    Ok(frame.page(&viewer, &page))
}

async fn forget(
    grant: Granted<UpdateApplication>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    applications::delete(&mut tx, &sight, &name).await?;
    tx.commit().await?;
    Ok(frame.done("/applications", &Note::new(format!("{name} is forgotten"))))
}
