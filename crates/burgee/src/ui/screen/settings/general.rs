//! What a project is called, who sees it, and how its flags are named.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::Tab;
use crate::access::{Granted, Guard, InProject, SeeProject, UpdateProject, UpdateProjectSettings};
use crate::contexts;
use crate::db::Read;
use crate::projects::{self, LinkTemplate, Mode, Naming, Project};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not};
use crate::ui::part::form::Field;
use crate::ui::screen::new_project::MODES;
use crate::ui::screen::strategy::stickiness;
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    const PATH: &str = "/projects/{projectId}/settings";
    places
        .page(PATH, ask)
        .action(PATH, save)
        .action("/projects/{projectId}/settings/naming", save_naming)
        .action("/projects/{projectId}/settings/links", save_links)
}

fn values(project: &Project) -> Values {
    vec![
        ("name", project.name.clone()),
        ("description", project.description.clone().unwrap_or_default()),
        ("mode", project.mode.as_str().to_owned()),
        ("default_stickiness", project.default_stickiness.clone()),
        ("feature_limit", project.feature_limit.map(|limit| limit.to_string()).unwrap_or_default()),
    ]
}

fn naming_values(project: &Project) -> Values {
    let Naming { pattern, example, description } = project.feature_naming.clone();
    vec![
        ("pattern", pattern.unwrap_or_default()),
        ("example", example.unwrap_or_default()),
        ("naming_description", description.unwrap_or_default()),
    ]
}

/// Stands between the address of a link and what people read.
const CALLED: &str = " | ";

fn link_values(project: &Project) -> Values {
    let line = |link: &LinkTemplate| match &link.title {
        Some(title) if !title.is_empty() => format!("{}{CALLED}{title}", link.url_template),
        _ => link.url_template.clone(),
    };
    vec![("links", project.link_templates.iter().map(line).collect::<Vec<_>>().join("\n"))]
}

fn links(edit: &Edit) -> Vec<LinkTemplate> {
    let link = |line: String| match line.split_once(CALLED) {
        Some((url, title)) => {
            LinkTemplate { url_template: url.trim().to_owned(), title: Some(title.trim().to_owned()) }
        }
        None => LinkTemplate { url_template: line, title: None },
    };
    edit.list("links").into_iter().map(link).collect()
}

/// The forms of the page of which one was sent.
#[derive(Default)]
struct Typed {
    general: Option<Edit>,
    naming: Option<Edit>,
    links: Option<Edit>,
}

async fn ask(grant: Granted<SeeProject>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, Typed::default()).await
}

/// Draws the forms; what was typed in one of them stays.
async fn draw<G: Guard<Scope = InProject>>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    typed: Typed,
) -> Result<Response, Fault> {
    let Typed { general, naming, links } = typed;
    let id = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let sight = grant.sight(tx).await?;
    let project = projects::get(tx, id).await?;
    let fields = contexts::usable(tx, &sight, Some(id)).await?;
    let status =
        general.as_ref().or(naming.as_ref()).or(links.as_ref()).map(Edit::status).unwrap_or_default();
    let general = general.unwrap_or_else(|| Edit::of(values(&project)));
    let naming = naming.unwrap_or_else(|| Edit::of(naming_values(&project)));
    let links = links.unwrap_or_else(|| Edit::of(link_values(&project)));
    let sticky = general.get("default_stickiness");
    let general_form = html! {
        (general.field("name", "Name").text("text", general.get("name"), "off"))
        (Field { optional: true, hint: Some("Whose flags these are, and where they are used."), ..general.field("description", "Description") }.lines(general.get("description")))
        (general.field("mode", "Who sees it").radios(&MODES, general.get("mode")))
        (Field { hint: Some("What new rollouts go by."), ..general.field("default_stickiness", "Default stickiness") }.choice(&stickiness(&fields, sticky), sticky))
        (Field { optional: true, hint: Some("Empty: only the limit of the server holds."), ..general.field("feature_limit", "Most flags") }.text("number", general.get("feature_limit"), "off"))
    };
    let naming_form = html! {
        p.hint { "Names of new flags must match the pattern. Existing flags keep their names." }
        (Field { optional: true, hint: Some("A regular expression for the whole name, such as [a-z]+\\.[a-z-]+"), ..naming.field("pattern", "Pattern") }.text("text", naming.get("pattern"), "off"))
        (Field { optional: true, hint: Some("Shown to whoever creates a flag."), ..naming.field("example", "Example") }.text("text", naming.get("example"), "off"))
        (Field { optional: true, hint: Some("What the parts of a name mean."), ..naming.field("naming_description", "Explanation") }.lines(naming.get("naming_description")))
    };
    let links_form = html! {
        p.hint { "New flags begin with these links. " code { "{{project}}" } " and " code { "{{feature}}" } " stand for the names." }
        (Field { optional: true, hint: Some("One on each line; what it is called may stand behind it: https://wiki.example.com/{{feature}} | Plan"), ..links.field("links", "Links") }.lines(links.get("links")))
    };
    let may_not = why_not::<UpdateProject>(grant.held(), id, None);
    let may_not_name = why_not::<UpdateProjectSettings>(grant.held(), id, None);
    let to = |step: &str| format!("/projects/{id}/settings{step}");
    let body = html! {
        section aria-labelledby="about" {
            h2 #about { "About the project" }
            p.hint { "Its id is " code { (id) } " and cannot be changed." }
            (general.form(frame, &to(""), ("save", "Save project"), None, may_not.as_deref(), &general_form))
        }
        section aria-labelledby="naming" {
            h2 #naming { "Names of flags" }
            (naming.form(frame, &to("/naming"), ("save-naming", "Save pattern"), None, may_not_name.as_deref(), &naming_form))
        }
        section aria-labelledby="links-title" {
            h2 #links-title { "Links of new flags" }
            (links.form(frame, &to("/links"), ("save-links", "Save links"), None, may_not_name.as_deref(), &links_form))
        }
    };
    Ok(frame.page(&viewer, &super::page(frame, &viewer, id, Tab::General, &body).status(status)))
}

async fn save(
    grant: Granted<UpdateProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let id = grant.scope().project.clone();
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = projects::lock(&mut tx, &id).await?;
    let mergeable = edit.onto(values(&there));
    let limit = edit.number("feature_limit");
    if mergeable && edit.sound() {
        let wanted = projects::Edit {
            name: Some(edit.get("name").to_owned()),
            description: Some(edit.some("description")),
            mode: Some(Mode::from(edit.get("mode").to_owned())),
            default_stickiness: Some(edit.get("default_stickiness").to_owned()),
            feature_limit: Some(limit),
            ..projects::Edit::default()
        };
        let about = [
            ("The name", "name"),
            ("The description", "description"),
            ("stickiness", "default_stickiness"),
            ("limit", "feature_limit"),
        ];
        let saved = async {
            projects::update(&mut tx, &id, wanted).await?;
            tx.commit().await
        };
        if edit.settle(saved.await, &about)?.is_some() {
            return Ok(frame.done(&Tab::General.path(&id), &Note::new("The project is saved")));
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, Typed { general: Some(edit), ..Typed::default() }).await
}

async fn save_naming(
    grant: Granted<UpdateProjectSettings>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let wanted = |edit: &Edit| projects::Edit {
        naming: Some(Naming {
            pattern: edit.some("pattern"),
            example: edit.some("example"),
            description: edit.some("naming_description"),
        }),
        ..projects::Edit::default()
    };
    let about = [("example", "example"), ("pattern", "pattern")];
    match store(&grant, &ui, pairs, naming_values, wanted, &about).await? {
        None => {
            let note = Note::new("The naming of flags is saved");
            Ok(frame.done(&Tab::General.path(&grant.scope().project), &note))
        }
        Some(edit) => {
            let typed = Typed { naming: Some(edit), ..Typed::default() };
            draw(&grant, &mut ui.db.read().await?, &frame, typed).await
        }
    }
}

async fn save_links(
    grant: Granted<UpdateProjectSettings>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let wanted =
        |edit: &Edit| projects::Edit { link_templates: Some(links(edit)), ..projects::Edit::default() };
    match store(&grant, &ui, pairs, link_values, wanted, &[("link", "links")]).await? {
        None => {
            let note = Note::new("The links of new flags are saved");
            Ok(frame.done(&Tab::General.path(&grant.scope().project), &note))
        }
        Some(edit) => {
            let typed = Typed { links: Some(edit), ..Typed::default() };
            draw(&grant, &mut ui.db.read().await?, &frame, typed).await
        }
    }
}

/// Stores what a form of the page says. What it says comes back if that cannot be.
async fn store(
    grant: &Granted<UpdateProjectSettings>,
    ui: &Ui,
    pairs: Vec<(String, String)>,
    values: fn(&Project) -> Values,
    wanted: impl FnOnce(&Edit) -> projects::Edit,
    about: &[(&str, &str)],
) -> Result<Option<Edit>, Fault> {
    let mut edit = Edit::read(pairs)?;
    let id = &grant.scope().project;
    let mut tx = ui.db.change(grant, ui.clock.now()).await?;
    let there = projects::lock(&mut tx, id).await?;
    if !edit.onto(values(&there)) {
        return Ok(Some(edit));
    }
    let wanted = wanted(&edit);
    let saved = async {
        projects::update(&mut tx, id, wanted).await?;
        tx.commit().await
    };
    let saved = edit.settle(saved.await, about)?.is_some();
    Ok((!saved).then_some(edit))
}
