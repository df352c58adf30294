//! How often applications had a flag on and off, hour by hour.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::access::Sight;
use crate::clock::Time;
use crate::db::Read;
use crate::events::{self, Fact, Filter, Record};
use crate::metrics::{self, Count, Per};
use crate::ui::fault::Fault;
use crate::ui::part::chart::{self, Kind, Mark, Series};
use crate::ui::part::{code, notice};

/// How many hours are shown: as many as are kept.
const HOURS: i64 = 48;

/// How many changes are marked.
const MARKS: i64 = 100;

/// True for events after which applications may get something else.
fn matters(record: &Record) -> bool {
    const EVERYWHERE: [Fact; 5] = [
        Fact::FeatureArchived,
        Fact::FeatureRevived,
        Fact::FeatureDependencyAdded,
        Fact::FeatureDependencyRemoved,
        Fact::FeatureDependenciesRemoved,
    ];
    record.environment.is_some() || EVERYWHERE.iter().any(|fact| fact.name() == record.kind)
}

/// The counts of a flag, by environment and hour.
pub(in crate::ui) struct Exposure {
    hours: Vec<Time>,
    counts: BTreeMap<String, BTreeMap<Time, Count>>,
    /// What was changed meanwhile: in which hour, where, and what.
    changes: Vec<(Time, Option<String>, String)>,
}

impl Exposure {
    /// Those of the last two days, as far as they are seen; `seen` says so of events.
    pub(in crate::ui) async fn of(
        tx: &mut Read,
        (sight, seen): (&Sight, Option<Sight>),
        flag: &str,
        now: Time,
    ) -> Result<Self, Fault> {
        let hours = metrics::buckets(now, Per::Hour, HOURS);
        let since = hours.first().copied().unwrap_or(now);
        let mut counts: BTreeMap<String, BTreeMap<Time, Count>> = BTreeMap::new();
        for (bucket, count) in metrics::of_flag(tx, sight, flag, Per::Hour, since).await? {
            counts.entry(bucket.environment).or_default().entry(bucket.begins).or_default().add(&count);
        }
        let which =
            Filter { features: vec![flag.to_owned()], from: Some(since), sight: seen, ..Filter::default() };
        let changes = events::newest(tx, &which, MARKS).await?.into_iter().filter(matters);
        let changes = changes.map(|record| {
            let what = format!("{}, by {}", record.label().unwrap_or(&record.kind), record.created_by);
            (record.created_at, record.environment, what)
        });
        Ok(Self { hours, counts, changes: changes.collect() })
    }

    /// A chart for each environment; these come first, and in this order.
    pub(in crate::ui) fn section(&self, flag: &str, environments: &[&str]) -> Markup {
        let known = environments.iter().copied().filter(|name| self.counts.contains_key(*name));
        let others = self.counts.keys().map(String::as_str).filter(|name| !environments.contains(name));
        let shown: Vec<&str> = known.chain(others).collect();
        html! {
            section aria-labelledby="exposure" {
                h2 #exposure { "Exposure in the last 48 hours" }
                @if shown.is_empty() {
                    (notice::empty(
                        "No application asked for it",
                        "Ask for the flag in your application, with an API token of the environment. Counts are here a minute or two later.",
                        &code::block("How to ask", &format!("unleash.isEnabled({flag:?})")),
                    ))
                } @else {
                    div.charts { @for name in shown { (self.chart(name)) } }
                    p.hint { "Hours are in UTC." }
                }
            }
        }
    }

    /// What was changed in an environment, or everywhere.
    fn marks(&self, environment: &str) -> Vec<Mark> {
        let here = self
            .changes
            .iter()
            .filter(|(_, place, _)| place.as_deref().is_none_or(|place| place == environment));
        here.filter_map(|(when, _, what)| {
            let hour = self.hours.iter().rposition(|hour| hour <= when)?;
            Some((hour, what.clone()))
        })
        .collect()
    }

    fn chart(&self, environment: &str) -> Markup {
        let counts = self.counts.get(environment);
        let of = |number: fn(&Count) -> i64| -> Vec<i64> {
            self.hours.iter().map(|hour| counts.and_then(|it| it.get(hour)).map_or(0, number)).collect()
        };
        let (yes, no) = (of(|count| count.yes), of(|count| count.no));
        let title = format!(
            "{environment}: {} times on, {} times off",
            yes.iter().sum::<i64>(),
            no.iter().sum::<i64>()
        );
        let labels: Vec<String> = self.hours.iter().map(|hour| label(*hour)).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let drawn = |counts: Vec<i64>| -> Vec<f64> {
            counts.into_iter().map(|count| f64::from(u32::try_from(count).unwrap_or(u32::MAX))).collect()
        };
        let (yes, no) = (drawn(yes), drawn(no));
        let series = [Series { name: "on", values: &yes }, Series { name: "off", values: &no }];
        let marks: Vec<Mark> = self.marks(environment);
        chart::marked(&title, Kind::OnOff, &labels, &series, &marks)
    }
}

/// `11-27 14:00`.
fn label(hour: Time) -> String {
    hour.to_string().get(5..16).unwrap_or_default().replace('T', " ")
}
