//! Strategy types: the rules that strategies of flags can follow. Some are built in; applications may bring their own.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::kind::Kind;
use crate::access::{
    CreateStrategyType, DeleteStrategyType, Granted, Guard, Holdings, SignedIn, UpdateStrategyType,
};
use crate::db::Read;
use crate::error::Error;
use crate::features;
use crate::strategies::{self, Parameter, ParameterKind, StrategyType};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::part::conditions::drop_button;
use crate::ui::part::form::{Field, check, in_row};
use crate::ui::part::switch::{Switch, Switched, switch as lever};
use crate::ui::part::{button, count, tag};
use crate::ui::{Places, Ui};

const KIND: Kind = Kind { section: Section::StrategyTypes, title: "Strategy types", path: "/strategy-types" };
/// How many parameters a form may have.
const MOST_ROWS: usize = 100;
const KINDS: [(&str, &str, ParameterKind); 5] = [
    ("string", "Text", ParameterKind::String),
    ("list", "List of texts", ParameterKind::List),
    ("percentage", "Percentage", ParameterKind::Percentage),
    ("number", "Number", ParameterKind::Number),
    ("boolean", "Yes or no", ParameterKind::Boolean),
];

pub(in crate::ui) fn places(places: Places) -> Places {
    const DELETE: &str = "/strategy-types/{name}/delete";
    places
        .page("/strategy-types", list)
        .page("/new-strategy-type", ask_new)
        .action("/new-strategy-type", create)
        .page("/strategy-types/{name}", ask)
        .action("/strategy-types/{name}", save)
        .action("/strategy-types/{name}/switch", switch)
        .page(DELETE, ask_delete)
        .action(DELETE, delete)
}

fn called(kind: &StrategyType) -> &str {
    kind.display_name.as_ref().or(kind.title.as_ref()).unwrap_or(&kind.name)
}

async fn list(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let used = features::types_in_use(&mut tx, &sight).await?;
    let all = strategies::list(&mut tx).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let change = why_not_everywhere::<UpdateStrategyType>(grant.held());
    let why_not = why_not_everywhere::<CreateStrategyType>(grant.held())
        .or_else(|| switched_off(ui.config.unleash_disable_custom_strategy_creation, "creation"));
    let create = button::main_link(
        &frame.at("/new-strategy-type"),
        "New strategy type",
        why_not.as_deref(),
        Some("c"),
    );
    let rows: Vec<Markup> = all
        .iter()
        .map(|kind| row(&frame, kind, used.get(&kind.name).copied().unwrap_or_default(), change.as_deref()))
        .collect();
    let hint = "How strategies decide who gets a flag. Custom types work where applications know them. Types that are not offered stay in flags that have them.";
    let columns = ["Strategy type", "Needs to know", "Used by", "Offered"];
    Ok(frame.page(&viewer, &KIND.list(watch, hint, &columns, &rows, Some(create))))
}

fn row(frame: &Frame, kind: &StrategyType, used: i64, change: Option<&str>) -> Markup {
    html! {
        tr data-row id={ "row-" (kind.name) } {
            td.wide {
                a.row-link href=(frame.at(&format!("/strategy-types/{}", kind.name))) { (called(kind)) }
                @if !kind.built_in { " " (tag::chip("custom")) }
                @if let Some(text) = kind.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
            }
            td { div.chips { @for parameter in &kind.parameters.0 { (tag::chip(&parameter.name)) } @if kind.parameters.0.is_empty() { span.muted { "nothing" } } } }
            td { (count::of(used, "flag")) }
            td {
                (lever(&Switch {
                    id: &format!("switch-{}", kind.name),
                    label: &format!("{} is offered", called(kind)),
                    on: !kind.deprecated,
                    action: &frame.at(&format!("/strategy-types/{}/switch", kind.name)),
                    back: KIND.path,
                    why_not: change,
                }))
            }
        }
    }
}

/// Why nobody can do what the operator has switched off.
fn switched_off(disabled: bool, what: &str) -> Option<String> {
    strategies::ensure_enabled(disabled, what).err().map(|error| error.to_string())
}

/// A parameter, as typed.
#[derive(Clone, Default)]
struct Row {
    name: String,
    kind: String,
    description: String,
    required: bool,
}

/// A form on its way to the page. The parameters stand in rows, and in the edit as one text that can be compared.
#[derive(Default)]
struct Open {
    edit: Edit,
    rows: BTreeMap<usize, Row>,
}

fn rows(parameters: &[Parameter]) -> BTreeMap<usize, Row> {
    let rows = parameters.iter().map(|parameter| Row {
        name: parameter.name.clone(),
        kind: KINDS.iter().find(|(.., kind)| *kind == parameter.kind).map_or("", |(id, ..)| *id).to_owned(),
        description: parameter.description.clone().unwrap_or_default(),
        required: parameter.required == Some(true),
    });
    rows.enumerate().collect()
}

fn meant(rows: &BTreeMap<usize, Row>) -> Vec<Parameter> {
    rows.values()
        .map(|row| Parameter {
            name: row.name.trim().to_owned(),
            kind: KINDS
                .iter()
                .find(|(id, ..)| *id == row.kind)
                .map_or(ParameterKind::String, |(.., kind)| *kind),
            description: Some(row.description.trim().to_owned()),
            required: Some(row.required),
        })
        .collect()
}

fn text(rows: &BTreeMap<usize, Row>) -> Result<String, Fault> {
    Ok(serde_json::to_string(&meant(rows)).map_err(Error::from)?)
}

fn values(kind: &StrategyType) -> Result<Values, Fault> {
    Ok(vec![
        ("description", kind.description.clone().unwrap_or_default()),
        ("parameters", text(&rows(&kind.parameters.0))?),
    ])
}

impl Open {
    fn of(kind: &StrategyType) -> Result<Self, Fault> {
        Ok(Self { edit: Edit::of(values(kind)?), rows: rows(&kind.parameters.0) })
    }

    /// Reads a form. The flag says whether it only asked for other rows.
    fn read(pairs: Vec<(String, String)>) -> Result<(Self, bool), Fault> {
        let (mut open, mut rest, mut act) = (Self::default(), Vec::new(), String::new());
        for (name, value) in pairs {
            match name.splitn(3, '.').collect::<Vec<_>>()[..] {
                ["act"] => act = value,
                ["p", number, member] => {
                    let Ok(number) = number.parse::<usize>() else { continue };
                    let row = open.rows.entry(number).or_default();
                    match member {
                        "name" => row.name = value,
                        "kind" => row.kind = value,
                        "description" => row.description = value,
                        "required" => row.required = true,
                        _ => {}
                    }
                }
                _ => rest.push((name, value)),
            }
            if open.rows.len() > MOST_ROWS {
                return Err(Fault::unreadable(format!("The form has more than {MOST_ROWS} rows.")));
            }
        }
        open.edit = Edit::read(rest)?;
        let dropped = act.strip_prefix("drop p.").and_then(|number| number.parse::<usize>().ok());
        if act == "add-parameter" {
            let next = open.rows.keys().next_back().map_or(0, |last| last.saturating_add(1));
            open.rows.insert(next, Row::default());
            return Ok((open, true));
        }
        if let Some(number) = dropped {
            open.rows.remove(&number);
            return Ok((open, true));
        }
        open.rows.retain(|_, row| !row.name.trim().is_empty() || !row.description.trim().is_empty());
        Ok((open, false))
    }

    fn onto(&mut self, now: &StrategyType) -> Result<bool, Fault> {
        let mine = text(&self.rows)?;
        self.edit.set("parameters", mine.clone());
        let mergeable = self.edit.onto(values(now)?);
        if self.edit.get("parameters") != mine {
            self.rows = rows(&now.parameters.0);
        }
        Ok(mergeable)
    }

    fn settle<T>(&mut self, saved: Result<T, Error>) -> Result<Option<T>, Fault> {
        let numbers: Vec<usize> = self.rows.keys().copied().collect();
        self.edit.settle_by(saved, |sentence| {
            if let Some((index, member, text)) = in_row("parameters", sentence) {
                return Some((format!("p.{}.{member}", numbers.get(index)?), text));
            }
            let about = [("\"description\"", "description"), ("\"title\"", "title"), ("name", "name")];
            let (_, field) = about.into_iter().find(|(word, _)| sentence.contains(word))?;
            Some((field.to_owned(), sentence.to_owned()))
        })
    }

    fn fields(&self, new: bool) -> Markup {
        let edit = &self.edit;
        html! {
            // The first button is the one that Enter presses.
            button.unseen name="act" value="save" tabindex="-1" aria-hidden="true" { "Save" }
            @if new {
                (Field { hint: Some("As applications register it. It cannot be changed later."), ..edit.field("name", "Name") }.text("text", edit.get("name"), "off"))
                (Field { optional: true, hint: Some("What people call it."), ..edit.field("title", "Title") }.text("text", edit.get("title"), "off"))
            }
            (Field { optional: true, hint: Some("Who gets a flag by it."), ..edit.field("description", "Description") }.lines(edit.get("description")))
            section aria-labelledby="parameters" {
                h2 #parameters { "What it needs to know" }
                @if let Some(problem) = edit.problems().about("parameters") { p.field-problem { (problem) } }
                @for (index, (number, row)) in self.rows.iter().enumerate() { (self.row(index + 1, *number, row)) }
                div.row { button.button.small #add-parameter name="act" value="add-parameter" { "Add a parameter" } }
            }
        }
    }

    fn row(&self, place: usize, number: usize, row: &Row) -> Markup {
        let name = |member: &str| format!("p.{number}.{member}");
        let (called, kind, description) = (name("name"), name("kind"), name("description"));
        let kinds = KINDS.map(|(id, label, _)| (id, label));
        html! {
            fieldset.card id={ "p." (number) } {
                legend { "Parameter " (place) }
                div.pair {
                    (self.edit.field(&called, "Name").text("text", &row.name, "off"))
                    (self.edit.field(&kind, "Kind").choice(&kinds, &row.kind))
                }
                (Field { optional: true, ..self.edit.field(&description, "Explanation") }.text("text", &row.description, "off"))
                (check(&name("required"), "Required", "A strategy without it is refused.", row.required))
                (drop_button("p", number, &format!("Remove parameter {place}")))
            }
        }
    }
}

async fn ask_new(
    grant: Granted<CreateStrategyType>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    draw_new(&grant, &mut ui.db.read().await?, &ui, &frame, &Open::default()).await
}

async fn draw_new(
    grant: &Granted<CreateStrategyType>,
    tx: &mut Read,
    ui: &Ui,
    frame: &Frame,
    open: &Open,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let why_not = switched_off(ui.config.unleash_disable_custom_strategy_creation, "creation");
    let (title, label) =
        (("New strategy type", "/new-strategy-type"), ("Create strategy type", why_not.as_deref()));
    Ok(frame.page(&viewer, &KIND.form(frame, title, &open.edit, label, &open.fields(true), &html! {})))
}

async fn create(
    grant: Granted<CreateStrategyType>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (mut open, changed) = Open::read(pairs)?;
    if !changed {
        let (name, title, description) =
            (open.edit.get("name").to_owned(), open.edit.some("title"), open.edit.some("description"));
        let parameters = meant(&open.rows);
        let made = async {
            strategies::ensure_enabled(ui.config.unleash_disable_custom_strategy_creation, "creation")?;
            let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
            let made = strategies::create(&mut tx, name, title, description, parameters).await?;
            tx.commit().await?;
            Ok::<_, Error>(made)
        };
        if let Some(made) = open.settle(made.await)? {
            return Ok(frame.done(KIND.path, &Note::new(format!("{} is there", made.name))));
        }
    }
    draw_new(&grant, &mut ui.db.read().await?, &ui, &frame, &open).await
}

async fn ask(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let kind = strategies::get(&mut tx, &name).await?;
    draw(&grant, &mut tx, &ui, &frame, &kind, &Open::of(&kind)?).await
}

/// Why a type stays as it is.
fn fixed<G: Guard>(held: &Holdings, kind: &StrategyType) -> Option<String> {
    let built_in = kind.built_in.then(|| "It is built in, and the same everywhere.".to_owned());
    built_in.or_else(|| why_not_everywhere::<G>(held))
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    ui: &Ui,
    frame: &Frame,
    kind: &StrategyType,
    open: &Open,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let why_not = fixed::<UpdateStrategyType>(grant.held(), kind)
        .or_else(|| switched_off(ui.config.unleash_disable_custom_strategy_editing, "editing"));
    let keep = fixed::<DeleteStrategyType>(grant.held(), kind);
    let more = KIND.end(
        frame,
        &kind.name,
        "Strategies that follow it stay: applications may still know it.",
        keep.as_deref(),
    );
    let action = format!("/strategy-types/{}", kind.name);
    let label = ("Save", why_not.as_deref());
    Ok(frame.page(
        &viewer,
        &KIND.form(frame, (called(kind), &action), &open.edit, label, &open.fields(false), &more),
    ))
}

async fn save(
    grant: Granted<UpdateStrategyType>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    strategies::ensure_enabled(ui.config.unleash_disable_custom_strategy_editing, "editing")?;
    let (mut open, changed) = Open::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = strategies::lock(&mut tx, &name).await?;
    if !changed && open.onto(&there)? {
        let (description, parameters) = (Some(open.edit.get("description").to_owned()), meant(&open.rows));
        let saved = async {
            strategies::update(&mut tx, &name, description, parameters).await?;
            tx.commit().await
        }
        .await;
        if open.settle(saved)?.is_some() {
            return Ok(frame.done(KIND.path, &Note::new(format!("{name} is saved"))));
        }
    } else {
        drop(tx);
    }
    draw(&grant, &mut ui.db.read().await?, &ui, &frame, &there, &open).await
}

async fn switch(
    grant: Granted<UpdateStrategyType>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    strategies::deprecate(&mut tx, &name, !wanted.enabled).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, before, back) = if wanted.enabled {
        ("offered for new strategies", "offered", "false")
    } else {
        ("not offered any more", "not offered", "true")
    };
    let note = if changed {
        Note::new(format!("{name} is {state}"))
            .undo(format!("/strategy-types/{name}/switch"), &[("enabled", back)])
    } else {
        Note::new(format!("{name} was {before} already"))
    };
    Ok(frame.done(KIND.path, &note))
}

async fn ask_delete(
    grant: Granted<DeleteStrategyType>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let kind = strategies::get(&mut tx, &name).await?;
    let used = features::types_in_use(&mut tx, &sight).await?.remove(&name).unwrap_or_default();
    let what = html! {
        p { "Strategies of the type " strong { (name) } " are in " (count::of(used, "flag")) ". They stay, and can no longer be edited by their parameters. Instead of deleting it, you can stop offering it." }
    };
    Ok(KIND.confirm(&frame, &viewer, &name, &what, !kind.built_in))
}

async fn delete(
    grant: Granted<DeleteStrategyType>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    strategies::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(frame.done(KIND.path, &Note::new(format!("{name} is deleted"))))
}
