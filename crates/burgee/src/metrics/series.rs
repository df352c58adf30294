//! Figures of applications' own: counters, gauges and histograms, kept in memory for Prometheus to fetch.
//!
//! Every server tells what it was told; Prometheus adds them up. What is malformed is left out and disturbs nothing else.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Time;

/// How many series there are at most.
const MOST: usize = 10_000;
/// How many labels a series has, how long names and texts are, and how many steps a histogram has.
const MOST_LABELS: usize = 20;
const LONGEST: usize = 255;
const MOST_STEPS: usize = 100;
/// How long a series is kept of which nothing is told.
const QUIET: Duration = Duration::from_hours(24);

/// Something that applications measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What they call it.
    pub name: String,
    /// What it means.
    pub help: String,
    /// What was measured.
    pub figures: Vec<(BTreeMap<String, String>, Figure)>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// How often something happened since it was last told.
    Counter(f64),
    /// How much there is of something.
    Gauge(f64),
    /// How what happened since it was last told was spread.
    Histogram(Spread),
}

/// How measurements were spread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// How many were up to each of some bounds, in order.
    pub steps: Vec<(f64, u64)>,
}

/// A measurement of one's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub labels: BTreeMap<String, String>,
    /// How much.
    pub value: f64,
}

/// Everything under one name.
struct Family {
    help: String,
    kind: &'static str,
    series: BTreeMap<BTreeMap<String, String>, (Figure, Time)>,
}

/// What applications measured.
#[derive(Default)]
pub struct Series(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    families: BTreeMap<String, Family>,
    /// How many series there are in all of them.
    size: usize,
}

impl Figure {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Counter(_) => "counter",
            Self::Gauge(_) => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Counter(value) => value.is_finite() && *value >= 0.0,
            Self::Gauge(value) => value.is_finite(),
            Self::Histogram(Spread { sum, steps, .. }) => {
                sum.is_finite() && steps.len() <= MOST_STEPS && steps.is_sorted_by(|(a, _), (b, _)| a < b)
            }
        }
    }

    /// Takes in what was told later.
    fn absorb(&mut self, news: Self) {
        match (self, news) {
            (Self::Counter(sum), Self::Counter(more)) => *sum += more,
            (Self::Histogram(sum), Self::Histogram(more)) if sum.has_the_steps_of(&more) => {
                sum.count = sum.count.saturating_add(more.count);
                sum.sum += more.sum;
                for ((_, sum), (_, more)) in sum.steps.iter_mut().zip(more.steps) {
                    *sum = sum.saturating_add(more);
                }
            }
            (known, news) => *known = news,
        }
    }
}

impl Spread {
    fn has_the_steps_of(&self, other: &Self) -> bool {
        self.steps.iter().map(|(bound, _)| bound).eq(other.steps.iter().map(|(bound, _)| bound))
    }
}

impl Series {
    /// Takes in what an application tells. Each series gets the labels `more`, whatever its own ones say.
    pub fn tell(&self, told: Told, more: &[(&str, &str)], at: Time) {
        let Told { name, help, figures } = told;
        for (mut labels, figure) in figures {
            labels.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            labels.insert("metric_type".to_owned(), figure.kind().to_owned());
            self.note(&name, &help, labels, figure, at, Figure::absorb);
        }
    }

    /// Takes in a measurement, which replaces the last one of its name and labels.
    pub fn set(&self, sample: Sample, at: Time) {
        let Sample { name, labels, value } = sample;
        let figure = Figure::Counter(value);
        self.note(&name, &format!("Custom metric {name}"), labels, figure, at, |known, news| *known = news);
    }

    fn note(
        &self,
        name: &str,
        help: &str,
        labels: BTreeMap<String, String>,
        figure: Figure,
        at: Time,
        join: impl FnOnce(&mut Figure, Figure),
    ) {
        let texts = labels.iter().flat_map(|(name, value)| [name, value]);
        let fits = name.len() <= LONGEST && labels.len() <= MOST_LABELS;
        if !fits || texts.into_iter().any(|text| text.len() > LONGEST) || !figure.is_sound() {
            return;
        }
        let Some(name) = clean(name) else { return };
        let count = labels.len();
        let labels: BTreeMap<String, String> =
            labels.into_iter().filter_map(|(name, value)| Some((clean(&name)?, value))).collect();
        // Two that became one, or names that are Prometheus' own: it would refuse the whole text.
        if labels.len() < count || labels.keys().any(|name| name == "le" || name.starts_with("__")) {
            return;
        }
        let mut kept = self.kept();
        let Kept { families, size } = &mut *kept;
        let full = *size >= MOST;
        let family = match families.get_mut(&name) {
            Some(family) => family,
            None if full => return,
            None => families.entry(name).or_insert_with(|| Family {
                help: help.chars().take(LONGEST).collect(),
                kind: figure.kind(),
                series: BTreeMap::new(),
            }),
        };
        if family.kind != figure.kind() {
            return;
        }
        match family.series.get_mut(&labels) {
            Some((known, last)) => {
                join(known, figure);
                *last = at;
            }
            None if full => {}
            None => {
                family.series.insert(labels, (figure, at));
                *size += 1;
            }
        }
    }

    /// The latest measurements, by name.
    pub fn samples(&self) -> Vec<Sample> {
        let kept = self.kept();
        let samples = kept.families.iter().flat_map(|(name, family)| {
            family.series.iter().filter_map(move |(labels, (figure, _))| match figure {
                Figure::Counter(value) | Figure::Gauge(value) => {
                    Some(Sample { name: name.clone(), labels: labels.clone(), value: *value })
                }
                Figure::Histogram(_) => None,
            })
        });
        samples.collect()
    }

    /// Everything, in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, family) in &self.kept().families {
            let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
            line(&mut text, format_args!("# HELP {name} {help}"));
            line(&mut text, format_args!("# TYPE {name} {}", family.kind));
            for (labels, (figure, _)) in &family.series {
                let shown = |more: Option<&str>| show(labels, more);
                match figure {
                    Figure::Counter(value) | Figure::Gauge(value) => {
                        line(&mut text, format_args!("{name}{} {value}", shown(None)));
                    }
                    Figure::Histogram(Spread { count, sum, steps }) => {
                        for (bound, count) in steps.iter().filter(|(bound, _)| bound.is_finite()) {
                            let labels = shown(Some(&bound.to_string()));
                            line(&mut text, format_args!("{name}_bucket{labels} {count}"));
                        }
                        line(&mut text, format_args!("{name}_bucket{} {count}", shown(Some("+Inf"))));
                        line(&mut text, format_args!("{name}_sum{} {sum}", shown(None)));
                        line(&mut text, format_args!("{name}_count{} {count}", shown(None)));
                    }
                }
            }
        }
        text
    }

    /// Forgets what nobody told of for a day.
    pub fn forget_the_quiet(&self, now: Time) {
        let old = now.minus(QUIET);
        let mut kept = self.kept();
        kept.families.retain(|_, family| {
            family.series.retain(|_, (_, last)| *last >= old);
            !family.series.is_empty()
        });
        kept.size = kept.families.values().map(|family| family.series.len()).sum();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that Prometheus takes; `None`: there is nothing of it left.
fn clean(name: &str) -> Option<String> {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut name: String = name.chars().map(kept).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    (!name.is_empty()).then_some(name)
}

fn show(labels: &BTreeMap<String, String>, bound: Option<&str>) -> String {
    let own = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<String> = own
        .chain(bound.map(|bound| ("le", bound)))
        .map(|(name, value)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            format!("{name}=\"{value}\"")
        })
        .collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

/// Nothing that is written to a text can fail to be.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{content}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(series: &Series, name: &str, figure: Figure, labels: &[(&str, &str)]) {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let told = Told { name: name.into(), help: "a\nb\\".into(), figures: vec![(labels, figure)] };
        series.tell(told, &[("origin", "sdk")], Time::from_millis(0));
    }

    #[test]
    fn figures_add_up_and_are_printed() {
        let series = Series::default();
        let spread = |count| {
            Figure::Histogram(Spread {
                count,
                sum: 0.5,
                steps: vec![(0.1, count - 1), (f64::INFINITY, count)],
            })
        };
        for _ in 0..2 {
            tell(&series, "sold-units", Figure::Counter(5.0), &[("a b", "x\"\\\n"), ("origin", "me")]);
            tell(&series, "load", Figure::Gauge(1.5), &[]);
            tell(&series, "took", spread(3), &[]);
        }
        // Another kind under the same name, and what is no measurement.
        tell(&series, "load", Figure::Counter(1.0), &[]);
        tell(&series, "load", Figure::Gauge(f64::NAN), &[]);
        tell(&series, "", Figure::Gauge(1.0), &[]);
        tell(&series, "7", Figure::Counter(-1.0), &[]);
        assert_eq!(
            series.text(),
            r#"# HELP load a\nb\\
# TYPE load gauge
load{metric_type="gauge",origin="sdk"} 1.5
# HELP sold_units a\nb\\
# TYPE sold_units counter
sold_units{a_b="x\"\\\n",metric_type="counter",origin="sdk"} 10
# HELP took a\nb\\
# TYPE took histogram
took_bucket{metric_type="histogram",origin="sdk",le="0.1"} 4
took_bucket{metric_type="histogram",origin="sdk",le="+Inf"} 6
took_sum{metric_type="histogram",origin="sdk"} 1
took_count{metric_type="histogram",origin="sdk"} 6
"#
        );
        series.forget_the_quiet(Time::from_millis(0).plus(QUIET));
        assert_ne!(series.text(), "");
        series.forget_the_quiet(Time::from_millis(1).plus(QUIET));
        assert_eq!(series.text(), "");
    }

    #[test]
    fn labels_that_prometheus_would_not_take_leave_their_figure_out() {
        let series = Series::default();
        for labels in [
            &[("le", "1")][..],
            &[("__name__", "x")],
            &[("--a", "x")],
            &[("a-b", "x"), ("a_b", "y")],
            &[("metric-type", "x")],
            &[("metric\u{e9}type", "x")],
        ] {
            tell(&series, "took", Figure::Histogram(Spread::default()), labels);
        }
        assert_eq!(series.text(), "");
    }

    #[test]
    fn a_flood_is_kept_up_to_a_bound() {
        let series = Series::default();
        for number in 0..MOST + 5 {
            tell(&series, "flood", Figure::Counter(1.0), &[("n", &number.to_string())]);
            tell(&series, &format!("flood{}", number % 3), Figure::Counter(1.0), &[]);
        }
        assert_eq!(series.samples().len(), MOST);
        tell(&series, "flood", Figure::Counter(1.0), &[("n", "0")]);
        assert!(series.text().contains("n=\"0\",origin=\"sdk\"} 2\n"));
    }
}
