//! Who gets a flag: for somebody whom one describes, what each environment says, and why.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::somebody::Somebody;
use super::why;
use crate::access::{Granted, SeeProject};
use crate::features;
use crate::playground::{self, Attempts, Flag, Scene};
use crate::projects::environment;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, tag};
use crate::ui::{Places, Ui};

/// How many fields the form asks for by themselves.
const MOST_ASKED: usize = 12;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/projects/{projectId}/features/{featureName}/who", show)
}

async fn show(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let asked = !pairs.is_empty();
    let somebody = Somebody::of(&pairs);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let feature = features::get(&mut tx, &project, &name).await?;
    let mut scenes = Vec::new();
    if !feature.archived {
        for place in environment::list(&mut tx, &project).await? {
            scenes.push(playground::scene_of(&mut tx, &sight, &name, &place.environment).await?);
        }
    }
    let watch = Watch::over(&grant, &mut tx, Some(&project), Some(&name)).await?;
    drop(tx);
    let random = u64::from_le_bytes(ui.entropy.bytes());
    let attempts = match somebody.context() {
        Ok(context) => {
            Attempts::one(&context, ui.clock.now(), random).map_err(|error| Fault::from(error).sentences())
        }
        Err(sentence) => Err(vec![sentence]),
    };
    let path = format!("/projects/{project}/features/{name}");
    let body = html! {
        @if feature.archived {
            (notice(Tone::Warning, "This flag is archived", &html! { p { "Nobody gets it until it is revived." } }))
        }
        @if let Err(sentences) = &attempts { (form::problems(sentences)) }
        form.stack method="get" action=(frame.at(&format!("{path}/who"))) {
            div.pair {
                @for field in asked_for(&scenes, &name, &somebody) {
                    @let id = format!("c.{field}");
                    @let label = if field == "userId" { "User id" } else { field };
                    (Field { name: &id, label, optional: true, unmarked: true, ..Field::default() }.text("text", somebody.get(field), "off"))
                }
            }
            (Field { name: "more", label: "Other fields", hint: Some("A line each, such as country = DE."), optional: true, unmarked: true, ..Field::default() }.lines(&somebody.more))
            div.row { (button::submit("Evaluate")) (button::link(&frame.at(&path), "Back to the flag")) }
        }
        @if asked {
            @if let Ok(attempts) = &attempts {
                section aria-labelledby="answer" {
                    h2 #answer { "Answer" }
                    div.places { @for scene in &scenes { (answer(scene, &name, attempts)) } }
                }
            }
        }
    };
    let page = Page::new(Section::Flags, "Who gets this?", body).within(&viewer, &project).below(&name, path);
    Ok(frame.page(&viewer, &page.watch(watch)))
}

fn flag<'s>(scene: &'s Scene, name: &str) -> Option<&'s Flag> {
    scene.flags.iter().find(|flag| flag.name == name)
}

/// The fields on which the flag depends, so that nobody has to look for them.
fn asked_for<'a>(scenes: &'a [Scene], name: &str, somebody: &'a Somebody) -> Vec<&'a str> {
    let mut fields = vec!["userId"];
    let mut ask = |field: &'a str| {
        // The environment is the one that answers; the other two are no fields.
        let no_field = ["environment", "default", "random", ""].contains(&field);
        if !no_field && !fields.contains(&field) && fields.len() < MOST_ASKED {
            fields.push(field);
        }
    };
    for scene in scenes {
        for strategy in flag(scene, name).into_iter().flat_map(|flag| &flag.strategies) {
            let shared = strategy.segments.iter().filter_map(|id| scene.segments.get(id));
            let shared = shared.flat_map(|segment| &segment.constraints);
            for constraint in strategy.constraints.iter().chain(shared) {
                ask(&constraint.context_name);
            }
            if let Some(field) = strategy.parameters.get("stickiness") {
                ask(field);
            }
        }
    }
    for (field, value) in &somebody.fields {
        if !value.is_empty() {
            ask(field);
        }
    }
    fields
}

fn answer(scene: &Scene, name: &str, attempts: &Attempts) -> Markup {
    let environment = scene.environment.as_str();
    let attempt = attempts.within(environment).next();
    let flag = flag(scene, name);
    let found =
        flag.zip(attempt.as_ref()).and_then(|(flag, attempt)| Some((flag, scene.explain(flag, attempt)?)));
    html! {
        article.place aria-labelledby={ "answer-" (environment) } {
            @match found {
                Some((flag, explanation)) => {
                    header {
                        h3 id={ "answer-" (environment) } { (environment) }
                        @if explanation.evaluation.enabled { (tag::toned("gets it", "good")) } @else { (tag::chip("does not get it")) }
                    }
                    (why::told_of(scene, flag, &explanation))
                },
                None => { header { h3 id={ "answer-" (environment) } { (environment) } } p.muted { "The flag is not here." } },
            }
        }
    }
}
