//! Context fields: what conditions compare, which values they allow, and what rollouts may go by.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::kind::Kind;
use super::segments::{may_somewhere, owners, where_used, why_not_to};
use crate::access::{
    CreateSomeContextField, DeleteSomeContextField, Granted, Guard, SignedIn, UpdateSomeContextField,
};
use crate::constraints::usage;
use crate::contexts::{self, Draft, Field as ContextField, LegalValue, Used, View};
use crate::db::Read;
use crate::error::Error;
use crate::ui::edit::{Edit, Values, checked};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::part::form::{Field, check, in_row};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, count, tag};
use crate::ui::{Places, Ui};

const KIND: Kind = Kind { section: Section::ContextFields, title: "Context fields", path: "/context-fields" };
/// Stands between a legal value and what it means.
const MEANS: &str = " | ";
/// How many legal values a list tells.
const MOST_TOLD: usize = 5;

pub(in crate::ui) fn places(places: Places) -> Places {
    const DELETE: &str = "/context-fields/{name}/delete";
    places
        .page("/context-fields", list)
        .page("/new-context-field", ask_new)
        .action("/new-context-field", create)
        .page("/context-fields/{name}", ask)
        .action("/context-fields/{name}", save)
        .page(DELETE, ask_delete)
        .action(DELETE, delete)
}

/// The fields of everybody and of all projects that are seen.
async fn view<G: Guard>(grant: &Granted<G>, tx: &mut Read) -> Result<View<'static>, Fault> {
    Ok(View { sight: grant.sight(tx).await?, project: None })
}

async fn list(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let view = view(&grant, &mut tx).await?;
    let all = contexts::list(&mut tx, &view, true).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let why_not = why_not_to::<CreateSomeContextField>(grant.held(), None)
        .filter(|_| !may_somewhere::<CreateSomeContextField>(&viewer, grant.held()));
    let create = button::main_link(
        &frame.at("/new-context-field"),
        "New context field",
        why_not.as_deref(),
        Some("c"),
    );
    let rows: Vec<Markup> = all.iter().map(|used| row(&frame, used)).collect();
    let hint = "What applications say about who asks. Conditions compare these fields, and rollouts can go by them. Conditions can also name fields that are not listed here.";
    let columns = ["Context field", "Allowed values", "For rollouts", "Belongs to", "Used by"];
    Ok(frame.page(&viewer, &KIND.list(watch, hint, &columns, &rows, Some(create))))
}

fn row(frame: &Frame, used: &Used) -> Markup {
    let field = &used.field;
    let legal = &field.legal_values.0;
    html! {
        tr data-row id={ "row-" (field.name) } {
            td.wide {
                a.row-link href=(frame.at(&format!("/context-fields/{}", field.name))) { (field.name) }
                @if let Some(text) = field.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
            }
            td.wide {
                @if legal.is_empty() { span.muted { "any" } }
                div.chips {
                    @for value in legal.iter().take(MOST_TOLD) { (tag::chip(&value.value)) }
                    @if legal.len() > MOST_TOLD { span.muted { "and " (legal.len() - MOST_TOLD) " more" } }
                }
            }
            td { @if field.stickiness { "yes" } @else { span.muted { "no" } } }
            td.muted { (field.project.as_deref().unwrap_or("All projects")) }
            td { (count::of(used.features, "flag")) }
        }
    }
}

/// The fields; `owners` are those to whom one that is new can belong.
fn fields(edit: &Edit, owners: Option<&[(&str, &str)]>) -> Markup {
    html! {
        @if owners.is_some() { (Field { hint: Some("As applications send it, such as country. It cannot be changed later."), ..edit.field("name", "Name") }.text("text", edit.get("name"), "off")) }
        (Field { optional: true, ..edit.field("description", "Description") }.lines(edit.get("description")))
        (Field { optional: true, hint: Some("One on each line; what it means may stand behind it: DE | Germany. Conditions can have no other values. Empty: any value will do."), ..edit.field("legal", "Allowed values") }.lines(edit.get("legal")))
        @if let Some(owners) = owners { (Field { hint: Some("Of a project: only its conditions are offered it."), ..edit.field("project", "Belongs to") }.choice(owners, edit.get("project"))) }
        (check("stickiness", "For rollouts", "Rollouts and variants can go by it: whoever has the same value gets the same.", edit.on("stickiness")))
    }
}

fn values(field: &ContextField) -> Values {
    let legal = field.legal_values.0.iter().map(|legal| match &legal.description {
        Some(text) if !text.is_empty() => format!("{}{MEANS}{text}", legal.value),
        _ => legal.value.clone(),
    });
    vec![
        ("description", field.description.clone().unwrap_or_default()),
        ("legal", legal.collect::<Vec<_>>().join("\n")),
        ("stickiness", checked(field.stickiness)),
    ]
}

/// What the form means; what nobody changed of the allowed values stays as it is, even if a text cannot hold it.
fn draft(edit: &Edit, there: Option<&ContextField>) -> Draft {
    let kept = there.filter(|_| edit.get("legal") == edit.was("legal"));
    let legal = edit.list("legal").into_iter().map(|line| match line.split_once(MEANS) {
        Some((value, text)) => {
            LegalValue { value: value.trim().to_owned(), description: Some(text.trim().to_owned()) }
        }
        None => LegalValue { value: line, description: None },
    });
    Draft {
        description: edit.some("description"),
        stickiness: edit.on("stickiness"),
        sort_order: there.map_or(0, |field| field.sort_order),
        legal_values: kept.map_or_else(|| legal.collect(), |field| field.legal_values.0.clone()),
        project: edit.some("project"),
    }
}

/// The field that a refusal is about.
fn located(sentence: &str) -> Option<(String, String)> {
    if let Some((index, _, text)) = in_row("legalValues", sentence) {
        return Some(("legal".to_owned(), format!("Value {}: {text}", index + 1)));
    }
    let about =
        [("legal", "legal"), ("description", "description"), ("project", "project"), ("name", "name")];
    let (_, field) = about.into_iter().find(|(word, _)| sentence.contains(word))?;
    Some((field.to_owned(), sentence.to_owned()))
}

async fn ask_new(
    grant: Granted<CreateSomeContextField>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    draw_new(&grant, &mut ui.db.read().await?, &frame, &Edit::default()).await
}

async fn draw_new(
    grant: &Granted<CreateSomeContextField>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let (title, label) = (("New context field", "/new-context-field"), ("Create context field", None));
    let owners = owners::<CreateSomeContextField>(&viewer, grant.held(), edit.get("project"), false);
    Ok(frame.page(&viewer, &KIND.form(frame, title, edit, label, &fields(edit, Some(&owners)), &html! {})))
}

async fn create(
    grant: Granted<CreateSomeContextField>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let made = async {
        grant.ensure_in(edit.some("project").as_deref(), None)?;
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let view = View { sight: grant.sight(&mut tx).await?, project: None };
        let made = contexts::create(&mut tx, &view, edit.get("name").to_owned(), draft(&edit, None)).await?;
        tx.commit().await?;
        Ok::<_, Error>(made)
    }
    .await;
    if let Some(made) = edit.settle_by(made, located)? {
        return Ok(frame.done(KIND.path, &Note::new(format!("{} is there", made.name))));
    }
    draw_new(&grant, &mut ui.db.read().await?, &frame, &edit).await
}

async fn ask(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let view = view(&grant, &mut tx).await?;
    let field = contexts::get(&mut tx, &view, &name).await?;
    draw(&grant, &mut tx, &frame, &field, &Edit::of(values(&field))).await
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    field: &ContextField,
    edit: &Edit,
) -> Result<Response, Fault> {
    let (name, project) = (field.name.as_str(), field.project.as_deref());
    let viewer = Viewer::of(grant, tx).await?;
    let sight = grant.sight(tx).await?;
    let uses = usage::of_field(tx, &sight, name).await?;
    let why_not = why_not_to::<UpdateSomeContextField>(grant.held(), project);
    let in_use =
        (!uses.is_empty()).then(|| "Flags use it. Take it out of their conditions first.".to_owned());
    let keep = why_not_to::<DeleteSomeContextField>(grant.held(), project).or(in_use);
    let more = html! {
        @if let Some(project) = project { p.muted { "It belongs to the project " a href=(frame.at(&format!("/projects/{project}"))) { (viewer.project(project)) } "." } }
        section aria-labelledby="uses" { h2 #uses { "Where it is used" } (where_used(frame, &uses)) }
        (KIND.end(frame, name, "Applications may go on to send it.", keep.as_deref()))
    };
    let action = format!("/context-fields/{name}");
    Ok(frame.page(
        &viewer,
        &KIND.form(frame, (name, &action), edit, ("Save", why_not.as_deref()), &fields(edit, None), &more),
    ))
}

async fn save(
    grant: Granted<UpdateSomeContextField>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let view = view(&grant, &mut tx).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = contexts::lock(&mut tx, &view, &name).await?;
    grant.ensure_in(there.project.as_deref(), None)?;
    if edit.onto(values(&there)) {
        let saved = async {
            contexts::update(&mut tx, &view, &name, draft(&edit, Some(&there))).await?;
            tx.commit().await
        }
        .await;
        if edit.settle_by(saved, located)?.is_some() {
            return Ok(frame.done(KIND.path, &Note::new(format!("{name} is saved"))));
        }
    } else {
        drop(tx);
    }
    draw(&grant, &mut ui.db.read().await?, &frame, &there, &edit).await
}

async fn ask_delete(
    grant: Granted<DeleteSomeContextField>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let view = view(&grant, &mut tx).await?;
    grant.ensure_in(contexts::get(&mut tx, &view, &name).await?.project.as_deref(), None)?;
    let uses = usage::of_field(&mut tx, &view.sight, &name).await?;
    let what = html! {
        @if uses.is_empty() {
            p { "Conditions are no longer offered " strong { (name) } ", and its allowed values are forgotten." }
        } @else {
            (notice(Tone::Problem, "Flags use it", &html! { p { "Take it out of their conditions first." } }))
            (where_used(&frame, &uses))
        }
    };
    Ok(KIND.confirm(&frame, &viewer, &name, &what, uses.is_empty()))
}

async fn delete(
    grant: Granted<DeleteSomeContextField>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let view = view(&grant, &mut tx).await?;
    grant.ensure_in(contexts::lock(&mut tx, &view, &name).await?.project.as_deref(), None)?;
    contexts::delete(&mut tx, &view, &name).await?;
    tx.commit().await?;
    Ok(frame.done(KIND.path, &Note::new(format!("{name} is deleted"))))
}
