//! Adding and editing strategies. Who edits at the same time as somebody else is shown what differs, and overwrites
//! nothing unseen.

mod copy;
mod default;
mod form;
mod sent;
mod steps;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

pub(in crate::ui) use self::copy::copy_link;
pub(in crate::ui) use self::default::{path as default_path, read as read_default};
use self::form::Choices;
pub(in crate::ui) use self::form::stickiness;
use self::sent::Sent;
pub(in crate::ui) use self::steps::{Reasons, add_link, buttons};
use crate::access::{AddStrategy, Granted, Guard, UpdateStrategy};
use crate::contexts;
use crate::db::Read;
use crate::entropy::digest;
use crate::error::Error;
use crate::features::{self, Edit, Place, Strategy, StrategyDraft};
use crate::projects::{self, environment};
use crate::segments;
use crate::strategies::{self, Parameter, StrategyType};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Problems;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, diff, form as parts};
use crate::ui::{Places, Ui};

/// The path of a flag's place in an environment, with more behind it.
macro_rules! at {
    ($rest:literal) => {
        concat!("/projects/{projectId}/features/{featureName}/environments/{environment}", $rest)
    };
}
use at;

/// What follows the address of a new form: the strategy type.
#[derive(Deserialize)]
struct Ask {
    kind: Option<String>,
}

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page(at!("/new-strategy"), ask_new)
        .action(at!("/new-strategy"), add)
        .page(at!("/strategies/{strategyId}"), ask)
        .action(at!("/strategies/{strategyId}"), save)
        .with(steps::places)
        .with(copy::places)
        .with(default::places)
}

/// The address of a flag's place in an environment, with more behind it.
fn path(at: &Place, rest: &str) -> String {
    format!("/projects/{}/features/{}/environments/{}{rest}", at.project, at.feature, at.environment)
}

fn flag_path(at: &Place) -> String {
    format!("/projects/{}/features/{}", at.project, at.feature)
}

/// What tells whether somebody changed what the form shows. What it does not show may change meanwhile.
fn version(strategy: &Strategy) -> Result<String, Fault> {
    let text = serde_json::to_string(&shown(&strategy.clone().into())).map_err(Error::from)?;
    Ok(digest(&text))
}

/// What the form shows of a strategy.
fn shown(draft: &StrategyDraft) -> StrategyDraft {
    StrategyDraft { disabled: false, sort_order: None, ..draft.clone() }
}

/// The type of a strategy; one that is not there any more needs what the strategy has.
fn type_of<'a>(types: &'a [StrategyType], name: &str) -> Option<&'a StrategyType> {
    types.iter().find(|it| it.name == name)
}

fn parameters(types: &[StrategyType], name: &str) -> Vec<Parameter> {
    type_of(types, name).map(|it| it.parameters.0.clone()).unwrap_or_default()
}

/// A form on its way to the page.
struct Open<'a> {
    at: &'a Place,
    /// The strategy that is edited; a new one has none.
    id: Option<&'a str>,
    sent: &'a Sent,
    problems: Problems,
    /// What somebody else did meanwhile.
    meanwhile: Option<Markup>,
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    open: Open<'_>,
) -> Result<Response, Fault> {
    let Open { at, id, sent, problems, meanwhile } = open;
    let viewer = Viewer::of(grant, tx).await?;
    let types = strategies::list(tx).await?;
    let choices = choices(grant, tx, &at.project, parameters(&types, &sent.kind)).await?;
    let place = environment::get(tx, &at.project, &at.environment).await?;
    let why_not = why_not_at::<G>(grant.held(), &at.project, &place);
    let action = id.map_or_else(|| path(at, "/new-strategy"), |id| path(at, &format!("/strategies/{id}")));
    let kind = type_of(&types, &sent.kind);
    let body = html! {
        @if let Some(why) = &why_not { (notice(Tone::Warning, "This cannot be saved", &html! { p { (why) } })) }
        @if let Some(meanwhile) = &meanwhile { (meanwhile) }
        (parts::problems(&problems.rest))
        @if id.is_none() { (kinds(frame, at, &types, &sent.kind)) }
        form.stack method="post" action=(frame.at(&action)) data-draft novalidate {
            // The first button is the one that Enter presses.
            button.unseen name="act" value="save" tabindex="-1" aria-hidden="true" { "Save" }
            input type="hidden" name="was" value=(sent.was);
            input type="hidden" name="kind" value=(sent.kind);
            @if let Some(text) = kind.and_then(|kind| kind.description.as_deref()) { p.hint { (text) } }
            (form::fields(frame, sent, &choices, &problems))
            div.row {
                @if why_not.is_none() {
                    button.button.primary #save name="act" value="save" { @if id.is_some() { "Save" } @else { "Add strategy" } }
                }
                (button::link(&frame.at(&flag_path(at)), "Cancel"))
            }
        }
    };
    let title = if id.is_some() { "Edit strategy" } else { "New strategy" };
    let status = match (&meanwhile, problems.none()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, true) => StatusCode::OK,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = Page::new(Section::Flags, format!("{title} in {}", at.environment), body)
        .within(&viewer, &at.project)
        .below(&at.feature, flag_path(at));
    Ok(frame.page(&viewer, &page.status(status)))
}

/// What a form in a project offers to choose from.
async fn choices<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    project: &str,
    parameters: Vec<Parameter>,
) -> Result<Choices, Fault> {
    let sight = grant.sight(tx).await?;
    let usable = |it: &segments::Segment| it.project.as_ref().is_none_or(|own| own == project);
    let segments = segments::list(tx, &sight).await?.into_iter().map(|used| used.segment).filter(usable);
    Ok(Choices {
        parameters,
        fields: contexts::usable(tx, &sight, Some(project)).await?,
        segments: segments.collect(),
    })
}

/// The types that a new strategy can have.
fn kinds(frame: &Frame, at: &Place, types: &[StrategyType], now: &str) -> Markup {
    html! {
        nav.segments aria-label="Type" {
            @for kind in types.iter().filter(|kind| !kind.deprecated || kind.name == now) {
                @let query = form_urlencoded::Serializer::new(String::new()).append_pair("kind", &kind.name).finish();
                a href=(frame.at(&path(at, &format!("/new-strategy?{query}")))) aria-current=[(kind.name == now).then_some("page")] {
                    (kind.display_name.as_ref().or(kind.title.as_ref()).unwrap_or(&kind.name))
                }
            }
        }
    }
}

async fn ask_new(
    grant: Granted<AddStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment)): Path<(String, String, String)>,
    Query(ask): Query<Ask>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut tx = ui.db.read().await?;
    features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    let kind = ask.kind.unwrap_or_else(|| "flexibleRollout".to_owned());
    let mut draft = StrategyDraft { name: strategies::get(&mut tx, &kind).await?.name, ..Default::default() };
    if kind == "flexibleRollout" {
        let stickiness = projects::get(&mut tx, &at.project).await?.default_stickiness;
        draft.parameters =
            [("rollout".to_owned(), "100".to_owned()), ("stickiness".to_owned(), stickiness)].into();
    }
    let sent = Sent::of(&draft, &[]);
    let open = Open { at: &at, id: None, sent: &sent, problems: Problems::default(), meanwhile: None };
    draw(&grant, &mut tx, &frame, open).await
}

async fn add(
    grant: Granted<AddStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment)): Path<(String, String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut sent = Sent::read(pairs)?;
    let sentences = if sent.changed() {
        Vec::new()
    } else {
        sent = sent.without_empty_rows();
        match insert(&ui, &grant, &at, &sent).await? {
            Ok(()) => {
                let note = Note::new(format!("{} has one more strategy in {}", at.feature, at.environment));
                return Ok(frame.done(&flag_path(&at), &note));
            }
            Err(sentences) => sentences,
        }
    };
    let mut tx = ui.db.read().await?;
    let problems = form::problems(&sent, sentences);
    draw(&grant, &mut tx, &frame, Open { at: &at, id: None, sent: &sent, problems, meanwhile: None }).await
}

/// Adds the strategy, or says what is wrong with it.
async fn insert(
    ui: &Ui,
    grant: &Granted<AddStrategy>,
    at: &Place,
    sent: &Sent,
) -> Result<Result<(), Vec<String>>, Fault> {
    let mut tx = ui.db.change(grant, ui.clock.now()).await?;
    let known = parameters(&strategies::list(&mut tx).await?, &sent.kind);
    let before = StrategyDraft { name: sent.kind.clone(), ..StrategyDraft::default() };
    let draft = match sent.draft(before, &known) {
        Ok(draft) => draft,
        Err(sentences) => return Ok(Err(sentences)),
    };
    let added = async {
        features::submit(&mut tx, grant, &ui.entropy, at, Edit::AddStrategy(draft)).await?;
        tx.commit().await
    };
    mendable(added.await)
}

/// What the reader can mend by other input.
fn mendable(done: crate::error::Result<()>) -> Result<Result<(), Vec<String>>, Fault> {
    match done.map_err(Fault::from) {
        Ok(()) => Ok(Ok(())),
        Err(fault) if fault.is_about_input() => Ok(Err(fault.sentences())),
        Err(fault) => Err(fault),
    }
}

async fn find(tx: &mut Read, at: &Place, id: &str) -> Result<Option<Strategy>, Fault> {
    let place = features::place(tx, &at.project, &at.feature, &at.environment).await?;
    Ok(place.strategies.into_iter().find(|strategy| strategy.id == id))
}

async fn ask(
    grant: Granted<UpdateStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment, id)): Path<(String, String, String, String)>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut tx = ui.db.read().await?;
    let strategy = find(&mut tx, &at, &id).await?.ok_or_else(gone)?;
    let known = parameters(&strategies::list(&mut tx).await?, &strategy.name);
    let was = version(&strategy)?;
    let sent = Sent { was, ..Sent::of(&strategy.into(), &known) };
    let open = Open { at: &at, id: Some(&id), sent: &sent, problems: Problems::default(), meanwhile: None };
    draw(&grant, &mut tx, &frame, open).await
}

fn gone() -> Fault {
    Fault::missing("The strategy is not there any more. Somebody may have deleted it.")
}

async fn save(
    grant: Granted<UpdateStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment, id)): Path<(String, String, String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut sent = Sent::read(pairs)?;
    let done = if sent.changed() {
        Saved::Not(Vec::new())
    } else {
        sent = sent.without_empty_rows();
        replace(&ui, &grant, &at, &id, &sent).await?
    };
    let mut tx = ui.db.read().await?;
    let (mut id, mut sentences, mut meanwhile) = (Some(id.as_str()), Vec::new(), None);
    match done {
        Saved::Yes => {
            let note = Note::new(format!("The strategy in {} is saved", at.environment));
            return Ok(frame.done(&flag_path(&at), &note));
        }
        Saved::Not(found) => sentences = found,
        Saved::Gone => {
            id = None;
            meanwhile = Some(notice(
                Tone::Warning,
                "Somebody deleted this strategy while you were editing",
                &html! {
                    p { "What you typed is still here. Add it again, or cancel." }
                },
            ));
        }
        Saved::Disputed { theirs, yours, version } => {
            sent.was = version;
            meanwhile = Some(disputed(
                &theirs,
                &yours,
                &frame.at(&path(&at, &format!("/strategies/{}", id.unwrap_or_default()))),
            ));
        }
    }
    let problems = form::problems(&sent, sentences);
    draw(&grant, &mut tx, &frame, Open { at: &at, id, sent: &sent, problems, meanwhile }).await
}

/// Says what somebody else made of it meanwhile; `anew` opens the form again.
fn disputed(theirs: &Value, yours: &Value, anew: &str) -> Markup {
    notice(
        Tone::Warning,
        "Somebody changed this strategy while you were editing",
        &html! {
            p { "Nothing is saved yet. Save again to replace theirs by yours, or change what you typed first." }
            (diff::between(("Theirs", Some(theirs)), ("Yours", Some(yours))))
            p { a href=(anew) { "Take theirs, and begin anew" } }
        },
    )
}

/// What came of saving.
enum Saved {
    Yes,
    /// This is wrong with it.
    Not(Vec<String>),
    /// Somebody deleted it meanwhile.
    Gone,
    /// Somebody changed it meanwhile, into the version that is told.
    Disputed {
        theirs: Value,
        yours: Value,
        version: String,
    },
}

async fn replace(
    ui: &Ui,
    grant: &Granted<UpdateStrategy>,
    at: &Place,
    id: &str,
    sent: &Sent,
) -> Result<Saved, Fault> {
    let mut tx = ui.db.change(grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    features::lock(&mut tx, &at.project, &at.feature).await?;
    let Some(there) = find(&mut tx, at, id).await? else { return Ok(Saved::Gone) };
    let known = parameters(&strategies::list(&mut tx).await?, &there.name);
    let draft = match sent.draft(there.clone().into(), &known) {
        Ok(draft) => draft,
        Err(sentences) => return Ok(Saved::Not(sentences)),
    };
    let version = version(&there)?;
    if version != sent.was {
        let (theirs, yours) = (json!(shown(&there.into())), json!(shown(&draft)));
        return Ok(Saved::Disputed { theirs, yours, version });
    }
    let saved = async {
        let edit = Edit::UpdateStrategy { id: id.to_owned(), draft };
        features::submit(&mut tx, grant, &ui.entropy, at, edit).await?;
        tx.commit().await
    };
    Ok(mendable(saved.await)?.map_or_else(Saved::Not, |()| Saved::Yes))
}
