//! Why a flag is on or off for somebody: what each strategy, condition and segment came to.

use burgee_eval::Explanation;
use burgee_eval::document::Constraint;
use burgee_eval::explain::{ConstraintReport, Finding, ParentFinding, Reason, RuleFinding, StrategyReport};
use maud::{Markup, html};

use crate::features::Strategy;
use crate::playground::{Flag, Scene};
use crate::ui::part::{icon, sentence, tag};

/// The reason in a sentence, and below it each strategy.
pub(super) fn told_of(scene: &Scene, flag: &Flag, explanation: &Explanation<'_>) -> Markup {
    html! {
        p { (reason(explanation, flag)) }
        @if !explanation.strategies.is_empty() {
            ol.strategies {
                @for (index, report) in explanation.strategies.iter().enumerate() {
                    @if let Some(strategy) = flag.strategies.get(index) { li { (trace(scene, index, strategy, report)) } }
                }
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
            Reason::NoMatch => "No strategy matches them.",
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
        p.strategy-title.trace-line { (line(report.holds, &html! { (name) @if report.disabled { " " (tag::chip("off")) } })) }
        ul.trace {
            li.trace-line { (line(report.rule.holds(), &rule(report.rule, strategy))) }
            @for (constraint, found) in strategy.constraints.iter().zip(&report.constraints) {
                li.trace-line { (line(found.holds, &told(constraint, None, *found))) }
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
                        @if let Some(segment) = segment {
                            @for (index, (constraint, found)) in segment.constraints.iter().zip(&found.constraints).enumerate() {
                                @let group = segment.group.as_deref().filter(|_| index + 1 == segment.constraints.len());
                                li.trace-line { (line(found.holds, &told(constraint, group, *found))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A condition, or the `group` that it stands for, and what it came to.
fn told(constraint: &Constraint, group: Option<&str>, found: ConstraintReport) -> Markup {
    html! {
        @match group {
            Some(name) => (sentence::group(name, &constraint.context_name)),
            None => (sentence::constraint(constraint)),
        }
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
