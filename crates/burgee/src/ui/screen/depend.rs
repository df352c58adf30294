//! On which other flag a flag depends, and which depend on it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use burgee_eval::document::Dependency;
use maud::{Markup, html};

use crate::access::{Granted, SeeProject, UpdateDependency};
use crate::entropy::digest;
use crate::error::Error;
use crate::features::{self, Detail, dependency};
use crate::projects::environment;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer, why_not, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::{Places, Ui};

/// From how many flags one chooses in a list; of more, the name is typed.
const LISTED: usize = 2000;

pub(in crate::ui) fn places(places: Places) -> Places {
    const PATH: &str = "/projects/{projectId}/features/{featureName}/dependency";
    places
        .page(PATH, ask)
        .action(PATH, add)
        .action("/projects/{projectId}/features/{featureName}/dependency/remove", remove)
}

fn path(project: &str, feature: &str, rest: &str) -> String {
    format!("/projects/{project}/features/{feature}{rest}")
}

/// What a flag wants of its parent.
fn wish(parent: &Dependency) -> Markup {
    html! {
        @if parent.enabled == Some(false) { " being off" }
        @else if parent.variants.is_empty() { " being on" }
        @else { " being " strong { (parent.variants.join(" or ")) } }
    }
}

/// What the flag depends on, and what depends on it.
pub(in crate::ui) fn section(
    frame: &Frame,
    grant: &Granted<SeeProject>,
    detail: &Detail,
    places: &[environment::Place],
) -> Markup {
    let feature = &detail.feature;
    let (project, name) = (feature.project.as_str(), feature.name.as_str());
    let why_not = if feature.archived {
        Some("This flag is archived. Revive it first.".to_owned())
    } else {
        why_not::<UpdateDependency>(grant.held(), project, None).or_else(|| {
            places.iter().find_map(|place| why_not_at::<UpdateDependency>(grant.held(), project, place))
        })
    };
    let to = |rest: &str| frame.at(&path(project, name, rest));
    let flag = |name: &str| html! { a href=(frame.at(&path(project, name, ""))) { (name) } };
    html! {
        section aria-labelledby="dependencies" {
            h2 #dependencies { "Dependencies" }
            @for parent in &detail.dependencies {
                div.row {
                    p { "It is on only with " (flag(&parent.feature)) (wish(parent)) "." }
                    @if why_not.is_none() {
                        a.button.small #edit-parent href=(to(&format!("/dependency?{}", query(&parent.feature)))) { "Edit" span.unseen { " the dependency on " (parent.feature) } }
                        form method="post" action=(to("/dependency/remove")) {
                            input type="hidden" name="parent" value=(parent.feature);
                            button.button.small #remove-parent { "Remove" }
                        }
                    }
                }
            }
            @if !detail.children.is_empty() {
                p { "Needed by " @for (index, child) in detail.children.iter().enumerate() { @if index > 0 { ", " } (flag(child)) } "." }
            } @else if detail.dependencies.is_empty() {
                div.row {
                    p.muted { "It depends on no other flag." }
                    @match &why_not {
                        None => a.button.small #add-parent href=(to("/dependency")) { "Add dependency" },
                        Some(why) => (button::or_why("add-parent", "Add dependency", Some(why))),
                    }
                }
            }
        }
    }
}

fn query(parent: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("parent", parent).finish()
}

/// What the forms send.
#[derive(Default)]
struct Wanted {
    parent: String,
    /// `on`, `off` or `as`: one of the variants.
    state: String,
    variants: Vec<String>,
    /// On what the flag depended when the form was opened.
    was: Option<String>,
}

/// What a flag depends on, as one text that can be compared; empty if it depends on nothing.
fn version(dependencies: &[Dependency]) -> Result<String, Error> {
    if dependencies.is_empty() {
        return Ok(String::new());
    }
    Ok(digest(&serde_json::to_string(dependencies)?))
}

impl Wanted {
    fn read(pairs: Vec<(String, String)>) -> Self {
        let mut wanted = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "parent" => value.trim().clone_into(&mut wanted.parent),
                "state" => wanted.state = value,
                "variant" => wanted.variants.push(value),
                "was" => wanted.was = Some(value),
                _ => {}
            }
        }
        wanted
    }

    fn dependency(&self) -> Dependency {
        Dependency {
            feature: self.parent.clone(),
            enabled: Some(self.state != "off"),
            variants: if self.state == "as" { self.variants.clone() } else { Vec::new() },
        }
    }

    fn of(dependency: &Dependency) -> Self {
        let state = match (dependency.enabled, dependency.variants.is_empty()) {
            (Some(false), _) => "off",
            (_, true) => "on",
            (_, false) => "as",
        };
        Self {
            parent: dependency.feature.clone(),
            state: state.to_owned(),
            variants: dependency.variants.clone(),
            was: None,
        }
    }
}

async fn ask(
    grant: Granted<UpdateDependency>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((_, name)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, &name, Wanted::read(pairs), &[]).await
}

/// First the parent is chosen, then what it has to be: its variants are known only then.
async fn draw(
    grant: &Granted<UpdateDependency>,
    ui: &Ui,
    frame: &Frame,
    name: &str,
    wanted: Wanted,
    problems: &[String],
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    features::get(&mut tx, project, name).await?;
    let parents = dependency::possible_parents(&mut tx, project, name).await?;
    let now = dependency::of(&mut tx, name).await?;
    let wanted = match now.iter().find(|parent| parent.feature == wanted.parent) {
        Some(parent) if wanted.state.is_empty() => Wanted::of(parent),
        _ => wanted,
    };
    let was = wanted.was.clone().map_or_else(|| version(&now), Ok)?;
    let variants = dependency::variants_of(&mut tx, project, &wanted.parent).await?;
    let to = frame.at(&path(project, name, "/dependency"));
    let back = path(project, name, "");
    let chosen = parents.contains(&wanted.parent);
    let unknown = (!wanted.parent.is_empty() && !chosen)
        .then(|| format!("{} is no flag on which this one can depend: it is archived, elsewhere, or depends on another one itself.", wanted.parent));
    let names: Vec<&str> = parents.iter().take(LISTED).map(String::as_str).collect();
    let radio = |value: &str, label: &str, hint: &str| {
        let on = wanted.state == value || (value == "on" && wanted.state.is_empty());
        form::radio("state", value, label, hint, on)
    };
    let body = html! {
        (form::problems(problems))
        @if parents.is_empty() {
            p.muted { "There is no other flag in this project on which it could depend: a parent must not depend on a flag itself." }
            div.row { (button::link(&frame.at(&back), "Back to the flag")) }
        } @else if chosen {
            form.stack method="post" action=(to) data-draft {
                input type="hidden" name="parent" value=(wanted.parent);
                input type="hidden" name="was" value=(was);
                p { strong { (name) } " is on only where " strong { (wanted.parent) } " is …" }
                fieldset.choices {
                    legend.unseen { "What the parent has to be" }
                    (radio("on", "On", "Whatever the variant is."))
                    @if !variants.is_empty() {
                        (radio("as", "On, as one of these variants", "Tick those that will do."))
                        ul.nested {
                            @for (index, variant) in variants.iter().enumerate() {
                                li.check {
                                    input type="checkbox" id={ "variant-" (index) } name="variant" value=(variant) checked[wanted.variants.contains(variant)];
                                    label for={ "variant-" (index) } { (variant) }
                                }
                            }
                        }
                    }
                    (radio("off", "Off", "For what is to be on in its place."))
                }
                div.row { (button::submit("Save")) a.button href=(to) { "Choose another flag" } (button::link(&frame.at(&back), "Cancel")) }
            }
        } @else {
            form.stack method="get" action=(to) data-draft {
                p { strong { (name) } " is on only where another flag is on, or off." }
                (Field { name: "parent", label: "Other flag", hint: Some("A flag of this project that depends on no other one."), problem: unknown.as_deref(), ..Field::default() }.combo(&names, &wanted.parent))
                div.row { (button::submit("Next")) (button::link(&frame.at(&back), "Cancel")) }
            }
        }
    };
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page::new(Section::Flags, "Dependency", body).within(&viewer, project).below(name, back);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn add(
    grant: Granted<UpdateDependency>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut wanted = Wanted::read(pairs);
    if wanted.state == "as" && wanted.variants.is_empty() {
        let problem = ["Tick at least one variant, or choose “On”.".to_owned()];
        return draw(&grant, &ui, &frame, &name, wanted, &problem).await;
    }
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    features::lock(&mut tx, &project, &name).await?;
    let there = dependency::of(&mut tx, &name).await?;
    if version(&there)? != wanted.was.as_deref().unwrap_or_default() {
        drop(tx);
        let parents: Vec<&str> = there.iter().map(|it| it.feature.as_str()).collect();
        let now = if parents.is_empty() { "nothing".to_owned() } else { parents.join(", ") };
        let problem = [format!(
            "Somebody else changed this meanwhile: {name} depends on {now} now. Save again to replace that."
        )];
        wanted.was = None;
        return draw(&grant, &ui, &frame, &name, wanted, &problem).await;
    }
    let added = async {
        features::ensure_direct(&mut tx, &grant, &project).await?;
        dependency::add(&mut tx, &project, &name, wanted.dependency()).await?;
        tx.commit().await
    };
    match added.await.map_err(Fault::from) {
        Ok(()) => {
            let note = Note::new(format!("{name} depends on {}", wanted.parent));
            Ok(frame.done(&path(&project, &name, ""), &note))
        }
        Err(fault) if fault.is_mendable() => {
            draw(&grant, &ui, &frame, &name, wanted, &fault.sentences()).await
        }
        Err(fault) => Err(fault),
    }
}

async fn remove(
    grant: Granted<UpdateDependency>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let parent = Wanted::read(pairs).parent;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::ensure_direct(&mut tx, &grant, &project).await?;
    let there = dependency::of(&mut tx, &name).await?;
    dependency::remove(&mut tx, &project, &name, Some(&parent)).await?;
    let left = version(&dependency::of(&mut tx, &name).await?)?;
    tx.commit().await?;
    let note = Note::new(format!("{name} does not depend on {parent} any more"));
    let note = match there.iter().find(|it| it.feature == parent) {
        Some(before) => {
            let before = Wanted::of(before);
            let variants = before.variants.iter().map(|variant| ("variant", variant.as_str()));
            let fields = [("parent", parent.as_str()), ("state", before.state.as_str()), ("was", &left)];
            let fields: Vec<(&str, &str)> = fields.into_iter().chain(variants).collect();
            note.undo(path(&project, &name, "/dependency"), &fields)
        }
        None => note,
    };
    Ok(frame.done(&path(&project, &name, ""), &note))
}
