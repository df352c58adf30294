//! What is done to many flags of a project at once. The flags are ticked in the list; what needs more than one click
//! has a page that says which they are.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use crate::access::{DeleteFeature, Granted, Guard, Holdings, ToggleFeature, UpdateFeature};
use crate::db::Read;
use crate::error::Error;
use crate::features::search::{self, Choice, Filter, Key, Query as Search, Reader, Summary};
use crate::features::{self, dependency};
use crate::projects::environment;
use crate::tags::{Tag, of_flags, types};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note, is_own};
use crate::ui::guard::{Form, Query, Viewer, why_not, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, icon, menu, table, tag, time};
use crate::ui::{Places, Ui};

/// How many flags may be chosen.
const MOST: usize = 500;
/// How long the names are together, at most, that a note can take back.
const LONGEST_UNDO: usize = 1500;

pub(super) fn places(places: Places) -> Places {
    const ARCHIVE: &str = "/projects/{projectId}/flags/archive";
    const TAGS: &str = "/projects/{projectId}/flags/tags";
    places
        .action("/projects/{projectId}/environments/{environment}/flags", switch)
        .action("/projects/{projectId}/flags/stale", stale)
        .action("/projects/{projectId}/flags/revive", revive)
        .page(TAGS, ask_tags)
        .action(TAGS, retag)
        .page(ARCHIVE, ask_archive)
        .action(ARCHIVE, archive)
}

/// Ticks a flag.
pub(super) fn pick(name: &str, ticked: bool) -> Markup {
    html! { input id={ "pick-" (name) } type="checkbox" name="flag" value=(name) form="bulk" checked[ticked] aria-label={ "Select " (name) }; }
}

/// Ticks all flags of the page; `to` is the page with all of them ticked, for who has no scripts.
pub(super) fn all(to: &str) -> Markup {
    html! {
        span.unseen { "Selected" }
        input #pick-all type="checkbox" data-all="bulk" hidden aria-label="Select all on this page";
        noscript { a href=(to) { "All" } }
    }
}

/// What can be done to those that are ticked. It is there as soon as one is.
pub(super) fn bar(
    frame: &Frame,
    held: &Holdings,
    project: &str,
    environments: &[String],
    reasons: &HashMap<(String, String), String>,
    archived: bool,
) -> Markup {
    let to = |step: &str| frame.at(&format!("/projects/{project}{step}"));
    let update = why_not::<UpdateFeature>(held, project, None);
    let remove = why_not::<DeleteFeature>(held, project, None);
    let act = |id: &str,
               label: &str,
               step: &str,
               method: Option<&str>,
               value: Option<bool>,
               why: Option<&str>| {
        html! {
            @if why.is_some() { (button::or_why(id, label, why)) }
            @else { button.button.small id=(id) formaction=(to(step)) formmethod=[method] name=[value.map(|_| "stale")] value=[value] { (label) } }
        }
    };
    let switches = |on: bool| {
        let verb = if on { "Turn on" } else { "Turn off" };
        let list = html! {
            ul.menu-list {
                @for environment in environments {
                    @let why = reasons.get(&(project.to_owned(), environment.clone()));
                    li {
                        @match why {
                            None => button.as-item name="enabled" value=(on) formaction=(to(&format!("/environments/{environment}/flags"))) { (verb) " in " (environment) },
                            Some(why) => { button.as-item type="button" aria-disabled="true" { (verb) " in " (environment) } p.hint.menu-row { (why) } },
                        }
                    }
                }
            }
        };
        menu::menu(if on { "bulk-on" } else { "bulk-off" }, verb, &html! { (verb) (icon::down()) }, &list)
    };
    html! {
        form #bulk.bulk method="post" action=(to("/flags/stale")) aria-label="Selected flags" {
            input type="hidden" name="back" value=(frame.here);
            p.bulk-count role="status" { span data-count="bulk" { "Selected flags" } }
            @if archived { (act("bulk-revive", "Revive", "/flags/revive", None, None, update.as_deref())) }
            @else {
                (switches(true)) (switches(false))
                (act("bulk-stale", "Mark as stale", "/flags/stale", None, Some(true), update.as_deref()))
                (act("bulk-fresh", "Not stale", "/flags/stale", None, Some(false), update.as_deref()))
                (act("bulk-tag", "Tag…", "/flags/tags", Some("get"), None, update.as_deref()))
                (act("bulk-archive", "Archive…", "/flags/archive", Some("get"), None, remove.as_deref()))
            }
        }
    }
}

/// What the bar, or a page about the flags that were ticked, sends.
#[derive(Default)]
struct Picked {
    flags: BTreeSet<String>,
    back: Option<String>,
    rest: HashMap<String, String>,
}

impl Picked {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, Fault> {
        let mut picked = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "flag" => drop(picked.flags.insert(value)),
                "back" => picked.back = Some(value).filter(|back| is_own(back)),
                _ => drop(picked.rest.insert(name, value)),
            }
        }
        if picked.flags.len() > MOST {
            return Err(Fault::unreadable(format!("At most {MOST} flags can be changed at once.")));
        }
        Ok(picked)
    }

    fn get(&self, name: &str) -> &str {
        self.rest.get(name).map_or("", String::as_str)
    }

    fn back(&self, project: &str) -> String {
        self.back.clone().unwrap_or_else(|| format!("/projects/{project}"))
    }

    fn names(&self) -> Vec<String> {
        self.flags.iter().cloned().collect()
    }

    /// Says what was done, and takes it back for those that it changed.
    fn done(&self, frame: &Frame, project: &str, text: String, undo: Option<Undo<'_>>) -> Response {
        let note = Note::new(text);
        let back = self.back(project);
        let note = match undo {
            Some((action, field, changed)) if fits(changed) => {
                let flags = changed.iter().map(|name| ("flag", name.as_str()));
                let fields: Vec<(&str, &str)> = [field, ("back", &back)].into_iter().chain(flags).collect();
                note.undo(action, &fields)
            }
            _ => note,
        };
        frame.done(&back, &note)
    }
}

/// The action that takes something back, what it says, and for which flags.
type Undo<'a> = (String, (&'a str, &'a str), &'a [String]);

fn fits(names: &[String]) -> bool {
    !names.is_empty() && names.iter().map(|name| name.len() + 6).sum::<usize>() < LONGEST_UNDO
}

/// `3 flags are`, `One flag is`.
fn are(count: usize) -> String {
    match count {
        0 => "No flag was".to_owned(),
        1 => "One flag is".to_owned(),
        some => format!("{some} flags are"),
    }
}

fn nothing(frame: &Frame, back: &str) -> Response {
    frame.done(back, &Note::new("No flag was selected. Tick some first."))
}

async fn switch(
    grant: Granted<ToggleFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let (project, environment) = (&grant.scope().project, &grant.scope().environment);
    if picked.flags.is_empty() {
        return Ok(nothing(&frame, &picked.back(project)));
    }
    let on = picked.get("enabled") == "true";
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let at = (project.as_str(), environment.as_str());
    let changed =
        features::switch_all(&mut tx, &grant, &ui.entropy, at, picked.flags.clone(), (on, false)).await?;
    tx.commit().await?;
    let (state, back) = if on { ("on", "false") } else { ("off", "true") };
    let already = picked.flags.len() - changed.len();
    let rest = match already {
        0 => String::new(),
        1 => "; one already was".to_owned(),
        some => format!("; {some} already were"),
    };
    let text = format!("{} {state} in {environment} now{rest}", are(changed.len()));
    let undo = format!("/projects/{project}/environments/{environment}/flags");
    Ok(picked.done(&frame, project, text, Some((undo, ("enabled", back), &changed))))
}

async fn stale(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let project = &grant.scope().project;
    if picked.flags.is_empty() {
        return Ok(nothing(&frame, &picked.back(project)));
    }
    let stale = picked.get("stale") == "true";
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let changed = features::mark_stale(&mut tx, project, &picked.names(), stale).await?;
    tx.commit().await?;
    let (state, back) = if stale { ("marked as stale", "false") } else { ("not stale any more", "true") };
    let undo = (format!("/projects/{project}/flags/stale"), ("stale", back), changed.as_slice());
    Ok(picked.done(&frame, project, format!("{} {state}", are(changed.len())), Some(undo)))
}

async fn revive(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let project = &grant.scope().project;
    if picked.flags.is_empty() {
        return Ok(nothing(&frame, &picked.back(project)));
    }
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let back = features::revive(&mut tx, project, &picked.names()).await?;
    tx.commit().await?;
    let text = format!("{} back, and off everywhere", are(back.len()));
    Ok(picked.done(&frame, project, text, None))
}

/// Those of the flags that are in the project and not archived.
async fn chosen<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    project: &str,
    picked: &Picked,
) -> Result<Vec<Summary>, Fault> {
    if picked.flags.is_empty() {
        return Ok(Vec::new());
    }
    let reader = Reader { id: grant.person().ok(), sight: grant.sight(tx).await? };
    let filter = Filter {
        names: Some(Choice::AnyOf(picked.names())),
        project: Some(Choice::AnyOf(vec![project.to_owned()])),
        ..Filter::default()
    };
    let query = Search { filter, key: Key::Name, limit: 500, ..Search::default() };
    Ok(search::search(tx, &reader, &query).await?.0)
}

/// What a form about the flags sends along.
fn kept(picked: &Picked, flags: &[Summary], project: &str) -> Markup {
    html! {
        input type="hidden" name="back" value=(picked.back(project));
        @for flag in flags { input type="hidden" name="flag" value=(flag.feature.name); }
    }
}

fn listed(frame: &Frame, flags: &[Summary]) -> Markup {
    table::scroll(
        "Selected flags",
        &html! {
            table.rows {
                thead { tr { th scope="col" { "Flag" } th scope="col" { "On in" } th scope="col" { "Last seen" } th scope="col" { "Tags" } } }
                tbody {
                    @for flag in flags {
                        tr {
                            td.wide { a.row-link href=(frame.at(&format!("/projects/{}/features/{}", flag.feature.project, flag.feature.name))) { (flag.feature.name) } }
                            td {
                                @if !flag.environments.iter().any(|place| place.enabled) { span.muted { "nowhere" } }
                                @for place in flag.environments.iter().filter(|place| place.enabled) { (tag::toned(&place.environment, "good")) " " }
                            }
                            td { (time::ago_or(flag.environments.iter().filter_map(|place| place.last_seen_at).max(), frame.now, "never")) }
                            td { @for it in &flag.tags { (tag::tag(&it.tag.kind, &it.tag.value, it.color.as_deref())) " " } }
                        }
                    }
                }
            }
        },
    )
}

async fn ask_archive(
    grant: Granted<DeleteFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let flags = chosen(&grant, &mut tx, project, &picked).await?;
    if flags.is_empty() {
        return Ok(nothing(&frame, &picked.back(project)));
    }
    let names: Vec<String> = flags.iter().map(|flag| flag.feature.name.clone()).collect();
    let (needed, _) = dependency::at_stake(&mut tx, project, &names).await?;
    let places = environment::list(&mut tx, project).await?;
    // They go everywhere, so that every environment that wants approval is asked.
    let refused = places.iter().find_map(|place| why_not_at::<DeleteFeature>(grant.held(), project, place));
    let on = flags.iter().filter(|flag| flag.environments.iter().any(|place| place.enabled)).count();
    let count = flags.len();
    let label = if count == 1 { "Archive flag".to_owned() } else { format!("Archive {count} flags") };
    let body = html! {
        @if !needed.is_empty() {
            (notice(Tone::Problem, "Other flags depend on some of them", &html! { p { (needed.join(", ")) ": end that first, or archive the flags that depend on them, too." } }))
        }
        @if let Some(why) = &refused { (notice(Tone::Warning, "This cannot be done", &html! { p { (why) } })) }
        @if on > 0 {
            (notice(Tone::Warning, &if on == 1 { "One of them is on".to_owned() } else { format!("{on} of them are on") }, &html! { p { "Once they are archived, applications fall back to what they do without them." } }))
        }
        p { "Clients no longer get these flags. They can be revived later, and are off everywhere then." }
        (listed(&frame, &flags))
        form.row method="post" action=(frame.at(&format!("/projects/{project}/flags/archive"))) {
            (kept(&picked, &flags, project))
            @if needed.is_empty() && refused.is_none() { button.button.danger #archive { (label) } }
            (button::link(&frame.at(&picked.back(project)), "Cancel"))
        }
    };
    let page = Page::new(Section::Flags, "Archive flags", body).within(&viewer, project);
    Ok(frame.page(&viewer, &page))
}

async fn archive(
    grant: Granted<DeleteFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let project = &grant.scope().project;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::ensure_direct(&mut tx, &grant, project).await?;
    let gone = features::archive(&mut tx, project, &picked.names()).await?;
    tx.commit().await?;
    Ok(picked.done(&frame, project, format!("{} archived", are(gone.len())), None))
}

async fn ask_tags(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    draw_tags(&grant, &ui, &frame, &Picked::read(pairs)?, None).await
}

async fn draw_tags(
    grant: &Granted<UpdateFeature>,
    ui: &Ui,
    frame: &Frame,
    picked: &Picked,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let flags = chosen(grant, &mut tx, project, picked).await?;
    if flags.is_empty() {
        return Ok(nothing(frame, &picked.back(project)));
    }
    let kinds = types::list(&mut tx).await?;
    let kinds: Vec<(&str, &str)> =
        kinds.iter().map(|kind| (kind.name.as_str(), kind.name.as_str())).collect();
    let kind = if picked.get("kind").is_empty() { "simple" } else { picked.get("kind") };
    let body = html! {
        form.stack method="post" action=(frame.at(&format!("/projects/{project}/flags/tags"))) data-draft {
            (kept(picked, &flags, project))
            div.pair {
                (Field { name: "kind", label: "Type", ..Field::default() }.choice(&kinds, kind))
                (Field { name: "value", label: "Value", problem, ..Field::default() }.text("text", picked.get("value"), "off"))
            }
            div.row {
                button.button.primary name="act" value="add" { "Add to all" }
                button.button name="act" value="remove" { "Remove from all" }
                (button::link(&frame.at(&picked.back(project)), "Cancel"))
            }
        }
        (listed(frame, &flags))
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = if flags.len() == 1 { "Tag a flag".to_owned() } else { format!("Tag {} flags", flags.len()) };
    let page = Page::new(Section::Flags, title, body).within(&viewer, project);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn retag(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let project = &grant.scope().project;
    let remove = picked.get("act") == "remove";
    let changed: Result<usize, Error> = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        features::lock_all(&mut tx, project, &picked.names()).await?;
        let one = vec![Tag::new(picked.get("kind").to_owned(), picked.get("value"))?];
        let (added, removed) = if remove { (Vec::new(), one) } else { (one, Vec::new()) };
        let changed = of_flags::retag(&mut tx, project, &picked.names(), added, removed).await?;
        tx.commit().await?;
        Ok(changed.len())
    }
    .await;
    match changed.map_err(Fault::from) {
        Ok(count) => {
            let (kind, value) = (picked.get("kind"), picked.get("value").trim());
            let what = if remove { "not tagged any more with" } else { "tagged with" };
            let text = format!("{} {what} {kind}:{value}", are(count));
            Ok(picked.done(&frame, project, text, None))
        }
        Err(fault) if fault.is_about_input() => {
            draw_tags(&grant, &ui, &frame, &picked, Some(&fault.sentences().join(" "))).await
        }
        Err(fault) => Err(fault),
    }
}
