//! Who gets a flag: for somebody whom one describes, what each environment says, and why.

use axum::extract::{Path, State};
use axum::response::Response;
use burgee_eval::Explanation;
use burgee_eval::document::Constraint;
use burgee_eval::explain::{ConstraintReport, Finding, ParentFinding, Reason, RuleFinding, StrategyReport};
use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::access::{Granted, SeeProject};
use crate::features::{self, Strategy};
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
use crate::ui::part::{button, icon, sentence, tag};
use crate::ui::{Places, Ui};

/// How many fields the form asks for by themselves.
const MOST_ASKED: usize = 12;
/// How many fields somebody may be described by.
const MOST_SENT: usize = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/projects/{projectId}/features/{featureName}/who", show)
}

/// Somebody, as the address describes them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Somebody {
    /// Fields that the form asks for, and `userId`.
    fields: Vec<(String, String)>,
    /// Other fields, a line each: `name = value`.
    more: String,
}

impl Somebody {
    fn of(pairs: Vec<(String, String)>) -> Self {
        let mut somebody = Self::default();
        for (name, value) in pairs {
            if name == "more" {
                somebody.more = value.replace("\r\n", "\n");
            } else if let Some(field) = name.strip_prefix("c.") {
                somebody.fields.push((field.to_owned(), value));
            }
        }
        somebody
    }

    fn get(&self, field: &str) -> &str {
        self.fields.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value)
    }

    /// What is told about them; `Err`: what cannot be read.
    fn context(&self) -> Result<Map<String, Value>, String> {
        let lines = self.more.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines = lines.map(|line| {
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| format!("“{line}” says no field. Write lines like country = DE."))?;
            Ok::<_, String>((name.trim().to_owned(), value.trim().to_owned()))
        });
        let mut context = Map::new();
        for pair in lines.chain(self.fields.iter().cloned().map(Ok)) {
            let (name, value) = pair?;
            if !value.is_empty() {
                context.insert(name, value.into());
            }
        }
        if context.len() > MOST_SENT {
            return Err(format!("There may be {MOST_SENT} fields."));
        }
        Ok(context)
    }
}

async fn show(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let asked = !pairs.is_empty();
    let somebody = Somebody::of(pairs);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let feature = features::get(&mut tx, &project, &name).await?;
    let mut scenes = Vec::new();
    if !feature.archived {
        for place in environment::list(&mut tx, &project).await? {
            let projects = std::slice::from_ref(&project);
            scenes.push(playground::scene(&mut tx, &sight, Some(projects), &place.environment).await?);
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
                    (Field { name: &id, label, optional: true, ..Field::default() }.text("text", somebody.get(field), "off"))
                }
            }
            (Field { name: "more", label: "More about them", hint: Some("A line each, such as country = DE."), optional: true, ..Field::default() }.lines(&somebody.more))
            div.row { (button::submit("Ask")) (button::link(&frame.at(&path), "Back to the flag")) }
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
                        @if explanation.evaluation.enabled { (tag::toned("gets it", "good")) } @else { (tag::toned("does not get it", "warning")) }
                    }
                    p { (reason(&explanation, flag)) }
                    @if !explanation.strategies.is_empty() {
                        ol.strategies {
                            @for (index, report) in explanation.strategies.iter().enumerate() {
                                @if let Some(strategy) = flag.strategies.get(index) { li { (trace(scene, index, strategy, report)) } }
                            }
                        }
                    }
                },
                None => { header { h3 id={ "answer-" (environment) } { (environment) } } p.muted { "The flag is not here." } },
            }
        }
    }
}

fn reason(explanation: &Explanation<'_>, flag: &Flag) -> Markup {
    let variant = &explanation.evaluation.variant;
    html! {
        @match explanation.reason() {
            Reason::SwitchedOff => {
                "The flag is off here. "
                @if explanation.strategies_hold() { "If it were on, they would get it." } @else { "They would not get it if it were on." }
            },
            Reason::Parent(index) => {
                @if let Some(parent) = explanation.parents.get(index) {
                    "It depends on " strong { (parent.name) } ", which "
                    @match parent.finding {
                        ParentFinding::Missing => "does not exist.",
                        ParentFinding::HasParents => "depends on another flag itself; that is not supported.",
                        ParentFinding::On => "is on for them and should be off.",
                        ParentFinding::Off => "is off for them and should be on.",
                        ParentFinding::OtherVariant(name) => { "is on for them as " strong { (name) } ", which is not one that is wanted." },
                        ParentFinding::Satisfied => "is as it should be.",
                    }
                }
            },
            Reason::NoStrategies => "There is no strategy, so everyone gets it.",
            Reason::Strategy(index) => {
                "Because of strategy " (index + 1)
                @if let Some(title) = flag.strategies.get(index).and_then(|it| it.title.as_deref()).filter(|it| !it.is_empty()) { ", “" (title) "”" }
                "."
            },
            Reason::NoMatch => "No strategy is for them.",
        }
        @if variant.enabled { " As variant " strong { (variant.name) } "." }
    }
}

/// One line of a trace: whether it holds, never by colour alone.
fn line(holds: bool, what: &Markup) -> Markup {
    html! {
        span.verdict.good[holds].problem[!holds] {
            @if holds { (icon::done()) span.unseen { "Holds: " } } @else { (icon::close()) span.unseen { "Does not hold: " } }
        }
        span { (what) }
    }
}

fn trace(scene: &Scene, index: usize, strategy: &Strategy, report: &StrategyReport<'_>) -> Markup {
    let title = strategy.title.as_deref().filter(|title| !title.is_empty());
    let name = title.map_or_else(|| format!("Strategy {}", index + 1), str::to_owned);
    html! {
        p.strategy-title.trace-line { (line(report.holds, &html! { (name) @if report.disabled { " " (tag::chip("switched off")) } })) }
        ul.trace {
            li.trace-line { (line(report.rule.holds(), &rule(report.rule, strategy))) }
            @for (constraint, found) in strategy.constraints.iter().zip(&report.constraints) {
                li.trace-line { (line(found.holds, &told(constraint, *found))) }
            }
            @for found in &report.segments {
                @let segment = scene.segments.get(&found.id);
                li {
                    div.trace-line {
                        (line(found.holds, &html! {
                            "in segment " strong { @match segment { Some(segment) => (segment.name), None => { "#" (found.id) } } }
                            @if !found.known { ", which does not exist" }
                        }))
                    }
                    ul.trace {
                        @for (constraint, found) in segment.into_iter().flat_map(|it| &it.constraints).zip(&found.constraints) {
                            li.trace-line { (line(found.holds, &told(constraint, *found))) }
                        }
                    }
                }
            }
        }
    }
}

fn told(constraint: &Constraint, found: ConstraintReport) -> Markup {
    html! {
        (sentence::constraint(constraint))
        @match found.finding {
            Finding::Match | Finding::NoMatch => {},
            Finding::Absent => " – nothing was said about it",
            Finding::Unreadable => " – what was said cannot be compared so",
            Finding::Broken => " – this condition can never hold",
        }
    }
}

fn rule(finding: RuleFinding, strategy: &Strategy) -> Markup {
    let field = strategy.parameters.get("stickiness").map_or("default", String::as_str);
    html! {
        @match finding {
            RuleFinding::Holds => { @if strategy.name == "default" { "for everyone" } @else { "the rule itself" } },
            RuleFinding::NotListed => "not on the list",
            RuleFinding::Bucket { bucket, rollout } => {
                "number " strong { (bucket) } " of 100; those up to " strong { (rollout) } " get it"
            },
            RuleFinding::Absent => { "who is in is decided by " strong { (field) } ", and nothing was said about it" },
            RuleFinding::Unknown => { "only an application knows what " strong { (strategy.name) } " means" },
            RuleFinding::Broken => "its parameters make no sense, so that it is always off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_described_by_fields_and_lines() {
        let of = |pairs: &[(&str, &str)]| {
            Somebody::of(
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            )
        };
        let context =
            of(&[("c.userId", "7"), ("c.plan", ""), ("more", "country = DE\r\n\r\nurl=a=b"), ("x", "y")])
                .context();
        let wanted = serde_json::json!({ "userId": "7", "country": "DE", "url": "a=b" });
        assert_eq!(context.map(Value::from), Ok(wanted));
        assert!(of(&[("more", "country DE")]).context().unwrap_err().contains("country DE"));
        let many = (0..60).map(|n| format!("f{n}=1")).collect::<Vec<_>>().join("\n");
        assert!(of(&[("more", &many)]).context().is_err());
    }
}
