//! Strategies of one environment for another one, after one has seen what comes of it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Reasons, at, flag_path, mendable, path};
use crate::access::{AddStrategy, Granted, Guard, RemoveStrategy, UpdateStrategy};
use crate::db::Read;
use crate::entropy::digest;
use crate::error::Error;
use crate::features::{self, Edit, InPlace, Place, Strategy, StrategyDraft};
use crate::projects::environment;
use crate::segments;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, form, sentence, tag};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page(at!("/copy-strategies"), ask).action(at!("/copy-strategies"), copy)
}

/// The way to copying into an environment, if another one has something to copy.
pub(in crate::ui) fn copy_link(frame: &Frame, at: &Place, all: &[InPlace], reasons: &Reasons) -> Markup {
    let other = |place: &&InPlace| place.environment != at.environment && !place.strategies.is_empty();
    html! {
        @if let Some(from) = all.iter().find(other) {
            @let query = form_urlencoded::Serializer::new(String::new()).append_pair("from", &from.environment).finish();
            @let to = frame.at(&path(at, &format!("/copy-strategies?{query}")));
            (reasons.link_to_add(&format!("copy-into-{}", at.environment), &to, &html! { "Copy from…" }))
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// The other environment.
    from: String,
    /// `add` or `replace`.
    how: String,
    /// What was shown.
    was: String,
}

impl Wanted {
    fn replaces(&self) -> bool {
        self.how == "replace"
    }
}

/// The strategies of both environments: the other one's, and those that are there.
async fn both(tx: &mut Read, at: &Place, from: &str) -> Result<(Vec<Strategy>, Vec<Strategy>), Error> {
    let theirs = features::place(tx, &at.project, &at.feature, from).await?.strategies;
    let here = features::place(tx, &at.project, &at.feature, &at.environment).await?.strategies;
    Ok((theirs, here))
}

fn version(strategies: &(Vec<Strategy>, Vec<Strategy>)) -> Result<String, Error> {
    Ok(digest(&serde_json::to_string(strategies)?))
}

async fn ask(
    grant: Granted<AddStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment)): Path<(String, String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, &Place { project, feature, environment }, &wanted, &[], false).await
}

async fn draw(
    grant: &Granted<AddStrategy>,
    ui: &Ui,
    frame: &Frame,
    at: &Place,
    wanted: &Wanted,
    problems: &[String],
    moved: bool,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let places = environment::list(&mut tx, &at.project).await?;
    let others: Vec<&str> = places
        .iter()
        .map(|place| place.environment.as_str())
        .filter(|name| *name != at.environment)
        .collect();
    let from =
        if wanted.from.is_empty() { others.first().copied().unwrap_or_default() } else { &wanted.from };
    let shown = both(&mut tx, at, from).await?;
    let (theirs, here) = (&shown.0, &shown.1);
    let names = segments::names(&mut tx, &sight).await?;
    let place = environment::get(&mut tx, &at.project, &at.environment).await?;
    let held = grant.held();
    let why_not = why_not_at::<AddStrategy>(held, &at.project, &place);
    let why_not_replace = why_not_at::<RemoveStrategy>(held, &at.project, &place)
        .or_else(|| why_not_at::<UpdateStrategy>(held, &at.project, &place));
    let line = |strategy: &Strategy, what: Option<(&str, &'static str)>| {
        html! {
            li.off[strategy.disabled] {
                @if let Some(title) = strategy.title.as_deref().filter(|title| !title.is_empty()) { p.strategy-title { (title) } }
                (sentence::strategy(strategy, &names))
                @if let Some((word, tone)) = what { (tag::toned(word, tone)) }
            }
        }
    };
    let query = |from: &str, how: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("from", from), ("how", how)])
            .finish();
        frame.at(&path(at, &format!("/copy-strategies?{query}")))
    };
    let (replaces, how) = (wanted.replaces(), if wanted.replaces() { "replace" } else { "add" });
    let body = html! {
        (form::problems(problems))
        @if moved {
            (notice(Tone::Warning, "Somebody changed the strategies while you were looking", &html! { p { "Nothing is copied yet. Look at what would come of it now, then copy again." } }))
        }
        @if let Some(why) = &why_not { (notice(Tone::Warning, "This cannot be saved", &html! { p { (why) } })) }
        @if others.len() > 1 {
            nav.segments aria-label="Copy from" {
                @for other in &others { a href=(query(other, how)) aria-current=[(*other == from).then_some("true")] { "From " (other) } }
            }
        }
        nav.segments aria-label="What happens to those that are there" {
            a href=(query(from, "add")) aria-current=[(!replaces).then_some("true")] { "Add to those in " (at.environment) }
            a href=(query(from, "replace")) aria-current=[replaces.then_some("true")] { "Replace those in " (at.environment) }
        }
        div.places {
            article.place aria-labelledby="now" {
                h3 #now { (at.environment) " now" }
                @if here.is_empty() { p.muted { "No strategy." } }
                ol.strategies { @for strategy in here { (line(strategy, None)) } }
            }
            article.place aria-labelledby="then" {
                h3 #then { (at.environment) " afterwards" }
                ol.strategies {
                    @if !replaces { @for strategy in here { (line(strategy, None)) } }
                    @for strategy in theirs { (line(strategy, Some(("new", "good")))) }
                }
                @if theirs.is_empty() { p.muted { "There is no strategy in " (from) "." } }
            }
        }
        p.hint { "Whether the flag is on in " (at.environment) " stays as it is." }
        form.row method="post" action=(frame.at(&path(at, "/copy-strategies"))) {
            input type="hidden" name="from" value=(from);
            input type="hidden" name="how" value=(how);
            input type="hidden" name="was" value=(version(&shown)?);
            @if why_not.is_none() && !theirs.is_empty() {
                @let why = why_not_replace.as_deref().filter(|_| replaces);
                @if why.is_some() { (button::or_why("copy", "Copy", why)) }
                @else if replaces && !here.is_empty() { button.button.danger { "Replace by " (count(theirs.len())) " from " (from) } }
                @else { button.button.primary { "Copy " (count(theirs.len())) " from " (from) } }
            }
            (button::link(&frame.at(&flag_path(at)), "Cancel"))
        }
    };
    let status = match (moved, problems.is_empty()) {
        (true, _) => StatusCode::CONFLICT,
        (false, true) => StatusCode::OK,
        (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = Page::new(Section::Flags, format!("Copy strategies to {}", at.environment), body)
        .within(&viewer, &at.project)
        .below(&at.feature, flag_path(at));
    Ok(frame.page(&viewer, &page.status(status)))
}

fn count(strategies: usize) -> String {
    if strategies == 1 { "one strategy".to_owned() } else { format!("{strategies} strategies") }
}

async fn copy(
    grant: Granted<AddStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment)): Path<(String, String, String)>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    features::lock(&mut tx, &at.project, &at.feature).await?;
    let shown = both(&mut tx, &at, &wanted.from).await?;
    if version(&shown)? != wanted.was {
        drop(tx);
        return draw(&grant, &ui, &frame, &at, &wanted, &[], true).await;
    }
    let draft = |strategy: Strategy| StrategyDraft { sort_order: None, ..strategy.into() };
    let drafts: Vec<StrategyDraft> = shown.0.into_iter().map(draft).collect();
    let copied_many = drafts.len();
    let copied = async {
        if wanted.replaces() {
            grant.ensure(RemoveStrategy::ANY_OF)?;
            grant.ensure(UpdateStrategy::ANY_OF)?;
            features::overwrite(&mut tx, &grant, &ui.entropy, &at, drafts, None).await?;
        } else {
            for draft in drafts {
                features::submit(&mut tx, &grant, &ui.entropy, &at, Edit::AddStrategy(draft)).await?;
            }
        }
        tx.commit().await
    };
    match mendable(copied.await)? {
        Ok(()) => {
            let note = Note::new(format!(
                "Copied {} from {} to {}",
                count(copied_many),
                wanted.from,
                at.environment
            ));
            Ok(frame.done(&flag_path(&at), &note))
        }
        Err(sentences) => draw(&grant, &ui, &frame, &at, &wanted, &sentences, false).await,
    }
}
