//! Charts: drawn on the server as pictures, with the same numbers in a table behind them.

use maud::{Markup, html};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 40.0;
const BOTTOM: f64 = 20.0;
const TOP: f64 = 8.0;

/// One row of numbers with its name.
pub(in crate::ui) struct Series<'a> {
    /// What it is called.
    pub(in crate::ui) name: &'a str,
    /// One number for each label.
    pub(in crate::ui) values: &'a [f64],
}

/// How numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Kind {
    /// Lines.
    Line,
    /// Bars beside each other.
    Bar,
    /// Bars on top of each other.
    Stacked,
    /// Bars on top of each other, of which only the first ones matter: the last are the rest.
    OnOff,
    /// Cells, the fuller the more.
    Heat,
}

impl Kind {
    fn stacks(self) -> bool {
        matches!(self, Self::Stacked | Self::OnOff)
    }

    /// The colour of a series, as a class.
    fn color(self, index: usize) -> String {
        if self == Self::OnOff && index > 0 { "rest".to_owned() } else { format!("s{}", index % 4) }
    }
}

/// Something that happened: at which label, and what.
pub(in crate::ui) type Mark = (usize, String);

/// A chart of some series over the same labels.
pub(in crate::ui) fn chart(title: &str, kind: Kind, labels: &[&str], series: &[Series<'_>]) -> Markup {
    marked(title, kind, labels, series, &[])
}

/// A chart that says what happened meanwhile.
pub(in crate::ui) fn marked(
    title: &str,
    kind: Kind,
    labels: &[&str],
    series: &[Series<'_>],
    marks: &[Mark],
) -> Markup {
    html! {
        figure.chart {
            figcaption { (title) }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={ (title) ". The numbers are in the table below." } {
                @if kind == Kind::Heat { (heat(labels, series)) } @else { (axes(kind, labels, series)) (drawn(kind, labels, series)) (drawn_marks(labels, marks)) }
            }
            @if kind != Kind::Heat && (series.len() > 1 || !marks.is_empty()) {
                ul.legend {
                    @for (index, one) in series.iter().enumerate() { li { span.swatch.(kind.color(index)) {} (one.name) } }
                    @if !marks.is_empty() { li { span.swatch.mark-swatch {} "changed" } }
                }
            }
            details.numbers {
                summary { "Numbers" }
                (super::table::scroll(title, &table(labels, series, marks)))
            }
        }
    }
}

/// Bars without axes, as wide as there is room: how much there was when, at a glance.
pub(in crate::ui) fn strip(title: &str, labels: &[&str], one: &Series<'_>) -> Markup {
    const HIGH: f64 = 40.0;
    let peak = one.values.iter().copied().fold(1.0, f64::max);
    let slot = WIDTH / count(labels.len().max(1));
    html! {
        figure.strip {
            figcaption { (title) }
            svg viewBox={ "0 0 " (WIDTH) " " (HIGH) } preserveAspectRatio="none" role="img" aria-label={ (title) ". The numbers are in the table below." } {
                @for (at, value) in one.values.iter().enumerate() {
                    @let high = if *value > 0.0 { (value / peak * (HIGH - 2.0)).max(2.0) } else { 0.5 };
                    rect.bar.s0 x=(format!("{:.1}", slot * (count(at) + 0.1))) y=(format!("{:.1}", HIGH - high)) width=(format!("{:.1}", slot * 0.8)) height=(format!("{high:.1}")) {
                        title { (labels.get(at).copied().unwrap_or_default()) ": " (value) }
                    }
                }
            }
            p.strip-ends { span { (labels.first().copied().unwrap_or_default()) } span { (labels.last().copied().unwrap_or_default()) } }
            details.numbers {
                summary { "Numbers" }
                (super::table::scroll(title, &table(labels, std::slice::from_ref(one), &[])))
            }
        }
    }
}

fn drawn_marks(labels: &[&str], marks: &[Mark]) -> Markup {
    let slot = (WIDTH - LEFT) / count(labels.len().max(1));
    html! {
        @for (at, what) in marks {
            @let x = format!("{:.1}", LEFT + slot * (count(*at) + 0.5));
            g.mark {
                line x1=(x) x2=(x) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                circle cx=(x) cy=(TOP) r="3.5" {}
                title { (labels.get(*at).copied().unwrap_or_default()) ": " (what) }
            }
        }
    }
}

fn table(labels: &[&str], series: &[Series<'_>], marks: &[Mark]) -> Markup {
    let happened = |at: usize| {
        let told: Vec<&str> =
            marks.iter().filter(|(mark, _)| *mark == at).map(|(_, what)| what.as_str()).collect();
        told.join("; ")
    };
    html! {
        table {
            thead { tr { th scope="col" { "" span.unseen { "Label" } } @for one in series { th.number scope="col" { (one.name) } } @if !marks.is_empty() { th scope="col" { "Changes" } } } }
            tbody {
                @for (index, label) in labels.iter().enumerate() {
                    tr { th scope="row" { (label) } @for one in series { td.number { (one.values.get(index).copied().unwrap_or_default()) } } @if !marks.is_empty() { td { (happened(index)) } } }
                }
            }
        }
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The greatest value that is drawn, rounded up to one that reads well.
fn top(kind: Kind, labels: &[&str], series: &[Series<'_>]) -> f64 {
    let at = |index: usize| series.iter().map(move |one| one.values.get(index).copied().unwrap_or_default());
    let peak = (0..labels.len())
        .map(|index| if kind.stacks() { at(index).sum() } else { at(index).fold(0.0, f64::max) })
        .fold(0.0, f64::max);
    // Even, so that the half of it reads well, too.
    let unit = 10_f64.powf(peak.max(1.0).log10().floor());
    [2.0, 4.0, 6.0, 8.0, 10.0].into_iter().map(|times| times * unit).find(|top| *top >= peak).unwrap_or(peak)
}

/// A number in as few letters as an axis has room for.
fn short(value: f64) -> String {
    match value {
        1_000_000.0.. => format!("{}M", value / 1_000_000.0),
        10_000.0.. => format!("{}k", value / 1_000.0),
        _ => value.to_string(),
    }
}

fn axes(kind: Kind, labels: &[&str], series: &[Series<'_>]) -> Markup {
    let top = top(kind, labels, series);
    let slot = (WIDTH - LEFT) / count(labels.len().max(1));
    let every = labels.len().div_ceil(5).max(1);
    html! {
        @for part in [0.0, 0.5, 1.0] {
            @let y = TOP + (HEIGHT - BOTTOM - TOP) * (1.0 - part);
            line.grid x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
            text.axis x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end" { (short(top * part)) }
        }
        @for (index, label) in labels.iter().enumerate().step_by(every) {
            text.axis x=(LEFT + slot * (count(index) + 0.5)) y=(HEIGHT - 4.0) text-anchor="middle" { (label) }
        }
    }
}

fn drawn(kind: Kind, labels: &[&str], series: &[Series<'_>]) -> Markup {
    let room = HEIGHT - BOTTOM - TOP;
    let scale = room / top(kind, labels, series);
    let slot = (WIDTH - LEFT) / count(labels.len().max(1));
    let y = |value: f64| TOP + room - value * scale;
    let bars = |index: usize| if kind.stacks() { (1.0, 0.0) } else { (count(series.len()), count(index)) };
    html! {
        @for (index, one) in series.iter().enumerate() {
            @if kind == Kind::Line {
                polyline.line.{ "s" (index % 4) } points=(one.values.iter().enumerate().map(|(at, value)| {
                    format!("{:.1},{:.1}", LEFT + slot * (count(at) + 0.5), y(*value))
                }).collect::<Vec<_>>().join(" ")) {}
            } @else {
                @for (at, value) in one.values.iter().enumerate() {
                    @let (beside, place) = bars(index);
                    @let below: f64 = if kind.stacks() { series[..index].iter().filter_map(|one| one.values.get(at)).sum() } else { 0.0 };
                    @let width = slot * 0.7 / beside;
                    rect.bar.(kind.color(index)) x=(format!("{:.1}", LEFT + slot * (count(at) + 0.15) + width * place))
                        y=(format!("{:.1}", y(below + value))) width=(format!("{width:.1}")) height=(format!("{:.1}", value * scale)) {
                        title { (one.name) ", " (labels.get(at).copied().unwrap_or_default()) ": " (value) }
                    }
                }
            }
        }
    }
}

fn heat(labels: &[&str], series: &[Series<'_>]) -> Markup {
    let peak = series.iter().flat_map(|one| one.values).copied().fold(1.0, f64::max);
    let (wide, high) =
        ((WIDTH - LEFT) / count(labels.len().max(1)), (HEIGHT - BOTTOM) / count(series.len().max(1)));
    html! {
        @for (row, one) in series.iter().enumerate() {
            text.axis x=(LEFT - 6.0) y=(high * (count(row) + 0.5) + 4.0) text-anchor="end" { (one.name) }
            @for (at, value) in one.values.iter().enumerate() {
                rect.cell x=(format!("{:.1}", LEFT + wide * count(at) + 1.0)) y=(format!("{:.1}", high * count(row) + 1.0))
                    width=(format!("{:.1}", wide - 2.0)) height=(format!("{:.1}", high - 2.0)) rx="2"
                    fill-opacity=(format!("{:.2}", 0.08 + 0.92 * value / peak)) {
                    title { (one.name) ", " (labels.get(at).copied().unwrap_or_default()) ": " (value) }
                }
            }
        }
        @for (index, label) in labels.iter().enumerate() {
            text.axis x=(LEFT + wide * (count(index) + 0.5)) y=(HEIGHT - 4.0) text-anchor="middle" { (label) }
        }
    }
}
