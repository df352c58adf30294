//! Strategies as people say them.

use std::collections::HashMap;

use burgee_eval::document::{Constraint, Variant};
use maud::{Markup, html};

use crate::features::Strategy;

/// How many values a list tells.
const MOST: usize = 5;

/// Who gets the flag by this strategy.
pub(in crate::ui) fn strategy(strategy: &Strategy, segments: &HashMap<i64, String>) -> Markup {
    let parameter =
        |name: &str| strategy.parameters.get(name).map(String::as_str).filter(|text| !text.is_empty());
    html! {
        p.sentence {
            @match strategy.name.as_str() {
                "default" => strong { "Everyone" },
                "flexibleRollout" => {
                    @match parameter("rollout").unwrap_or("100") {
                        "100" => strong { "Everyone" },
                        share => {
                            strong { (share) " %" } " of "
                            @match parameter("stickiness").unwrap_or("default") {
                                "default" => "users",
                                "random" => "requests, at random",
                                field => { "users by " strong { (field) } },
                            }
                        },
                    }
                },
                "userWithId" => { "Users " (some(parameter("userIds").unwrap_or_default().split(',').map(str::trim))) },
                "remoteAddress" => { "Addresses " (some(parameter("IPs").unwrap_or_default().split(',').map(str::trim))) },
                "applicationHostname" => { "Hosts " (some(parameter("hostNames").unwrap_or_default().split(',').map(str::trim))) },
                "gradualRolloutUserId" | "gradualRolloutSessionId" | "gradualRolloutRandom" => {
                    strong { (parameter("percentage").unwrap_or("0")) " %" } " of users"
                },
                own => {
                    "As " strong { (own) } " says"
                    @if !strategy.parameters.is_empty() {
                        " (" (strategy.parameters.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")) ")"
                    }
                },
            }
            @for (index, id) in strategy.segments.iter().enumerate() {
                (if index == 0 { " in segment " } else { " and " })
                strong { @match segments.get(id) { Some(name) => (name), None => { "#" (id) } } }
            }
            @for (index, rule) in strategy.constraints.iter().enumerate() {
                (if index == 0 { " where " } else { " and " }) (constraint(rule))
            }
            @if !strategy.variants.is_empty() { ", as " (variants(&strategy.variants)) }
            "."
        }
    }
}

/// Somebody has to be in a group; `field` of the context tells who they are.
pub(in crate::ui) fn group(name: &str, field: &str) -> Markup {
    html! { "in group " strong { (name) } @if field != "userId" { ", as " (field) " tells" } }
}

/// A condition on the context.
pub(in crate::ui) fn constraint(rule: &Constraint) -> Markup {
    html! {
        strong { (rule.context_name) } " " (verb(rule.operator.as_str(), rule.inverted)) " "
        @match &rule.value {
            Some(value) if !value.is_empty() => strong { (value) },
            _ => (some(rule.values.iter().map(String::as_str))),
        }
    }
}

/// How an operator reads in a sentence.
pub(in crate::ui) fn verb(operator: &str, inverted: bool) -> String {
    let (yes, no) = match operator {
        "IN" => ("is one of", "is none of"),
        "NOT_IN" => ("is none of", "is one of"),
        "STR_CONTAINS" => ("contains", "does not contain"),
        "STR_STARTS_WITH" => ("starts with", "does not start with"),
        "STR_ENDS_WITH" => ("ends with", "does not end with"),
        "REGEX" => ("matches", "does not match"),
        "NUM_EQ" | "SEMVER_EQ" => ("is", "is not"),
        "NUM_GT" | "SEMVER_GT" => ("is more than", "is not more than"),
        "NUM_GTE" | "SEMVER_GTE" => ("is at least", "is less than"),
        "NUM_LT" | "SEMVER_LT" => ("is less than", "is at least"),
        "NUM_LTE" | "SEMVER_LTE" => ("is at most", "is more than"),
        "DATE_AFTER" => ("is after", "is not after"),
        "DATE_BEFORE" => ("is before", "is not before"),
        "IN_CIDR" => ("is an address in", "is no address in"),
        other => return if inverted { format!("not {other}") } else { other.to_owned() },
    };
    (if inverted { no } else { yes }).to_owned()
}

/// Variants with their shares.
pub(in crate::ui) fn variants(list: &[Variant]) -> Markup {
    let share = |weight: i64| {
        let (whole, tenth) = (weight / 10, weight % 10);
        if tenth == 0 { format!("{whole} %") } else { format!("{whole}.{tenth} %") }
    };
    html! {
        @for (index, variant) in list.iter().enumerate() {
            @if index > 0 { ", " }
            strong { (variant.name) } " " (share(variant.weight))
        }
    }
}

fn some<'a>(values: impl Iterator<Item = &'a str>) -> Markup {
    let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
    let more = values.len().saturating_sub(MOST);
    html! {
        @if values.is_empty() { strong { "nobody" } }
        @for (index, value) in values.iter().take(MOST).enumerate() {
            @if index > 0 { ", " }
            strong { (value) }
        }
        @if more > 0 { " and " (more) " more" }
    }
}
