//! Trying flags out: what they come to for contexts that one describes, in environments beside each other, and why.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::iter;
use maud::{Markup, html};
use serde_json::Value;

use super::somebody::Somebody;
use super::why;
use crate::access::{Granted, SignedIn};
use crate::contexts::{self, View};
use crate::db::Read;
use crate::environments;
use crate::error::Error;
use crate::gate::csv;
use crate::playground::{self, Attempt, Attempts, Scene};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, icon, notice, tag};
use crate::ui::{Places, Ui};

/// How many flags a page has.
const SIZE: i64 = 50;
/// How many contexts have a column; all are in the table that can be downloaded.
const COLUMNS: usize = 12;
/// How many fields the form asks for by themselves.
const FIELDS: usize = 8;
/// The longest question, in bytes: every cell has a link that repeats it.
const LONGEST: usize = 8000;
/// How many lines of the table are written at once.
const SOME: usize = 500;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/playground", show).page("/playground/results.csv", download)
}

/// What the address asks for.
#[derive(Default)]
struct Asked {
    environments: Vec<String>,
    /// Empty: all that one sees.
    projects: Vec<String>,
    /// What the names of flags contain.
    q: String,
    /// Only flags that are not the same everywhere.
    differs: bool,
    /// A cell that is told about: flag, environment, number of the context.
    why: Option<(String, String, usize)>,
    page: i64,
    somebody: Somebody,
    /// As it stands in the address, without the page and the cell.
    pairs: Vec<(String, String)>,
}

impl Asked {
    fn of(pairs: Vec<(String, String)>) -> Result<Self, Fault> {
        if pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LONGEST {
            return Err(Fault::unreadable(format!(
                "The question is longer than {LONGEST} bytes. Ask for fewer values at a time."
            )));
        }
        let mut asked = Self { somebody: Somebody::of(&pairs), page: 1, ..Self::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "e" => asked.environments.push(value.clone()),
                "p" => asked.projects.push(value.clone()),
                "q" => value.trim().clone_into(&mut asked.q),
                "only" => asked.differs = value == "differs",
                "page" => asked.page = table::number(value.parse().ok()),
                "why" => {
                    let mut parts = value.splitn(3, ' ');
                    if let (Some(number), Some(environment), Some(flag)) =
                        (parts.next(), parts.next(), parts.next())
                    {
                        asked.why = number
                            .parse()
                            .ok()
                            .map(|number| (flag.to_owned(), environment.to_owned(), number));
                    }
                }
                _ => {}
            }
            if !matches!(name.as_str(), "page" | "why") && !value.is_empty() {
                asked.pairs.push((name, value));
            }
        }
        asked.environments.sort();
        asked.environments.dedup();
        Ok(asked)
    }

    /// The question, to be asked again at a path.
    fn ask<'a>(&'a self, path: &'a str) -> Ask<'a> {
        Ask { path, pairs: self.pairs.iter().map(|(name, value)| (name.as_str(), value.clone())).collect() }
    }

    /// The scenes and contexts that are asked for; `Err`: what is wrong with the question.
    async fn ready(
        &self,
        ui: &Ui,
        tx: &mut Read,
        grant: &Granted<SignedIn>,
    ) -> Result<Result<Ready, Vec<String>>, Fault> {
        let context = match self.somebody.context() {
            Ok(context) => context,
            Err(sentence) => return Ok(Err(vec![sentence])),
        };
        let random = u64::from_le_bytes(ui.entropy.bytes());
        let read = async {
            let (attempts, _) = Attempts::combined(&context, ui.clock.now(), random)?;
            let sight = grant.sight(tx).await?;
            let projects = Some(self.projects.as_slice()).filter(|projects| !projects.is_empty());
            let mut scenes = Vec::new();
            for environment in &self.environments {
                scenes.push(playground::scene(tx, &sight, projects, environment).await?);
            }
            for scene in &mut scenes {
                scene.flags.retain(|flag| flag.name.contains(&self.q));
            }
            let flags: usize = scenes.iter().map(|scene| scene.flags.len()).sum();
            playground::ensure_few(flags.saturating_mul(attempts.count()))?;
            Ok::<_, Error>(Ready { scenes, attempts })
        };
        match read.await.map_err(Fault::from) {
            Ok(ready) => Ok(Ok(ready)),
            Err(fault) if fault.is_about_input() => Ok(Err(fault.sentences())),
            Err(fault) => Err(fault),
        }
    }
}

/// What is asked, before it is answered.
struct Ready {
    scenes: Vec<Scene>,
    attempts: Attempts,
}

/// What a flag comes to for a context in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    on: bool,
    variant: Option<String>,
}

/// A flag with its verdicts, by environment and then by context. `None`: it is not there.
#[derive(Clone)]
struct Line {
    project: String,
    flag: String,
    verdicts: Vec<Option<Vec<Verdict>>>,
}

impl Line {
    fn differs(&self) -> bool {
        let mut all = self.verdicts.iter().flatten().flatten();
        all.next().is_some_and(|first| all.any(|other| other != first))
    }
}

impl Ready {
    /// Which flags there are, with the index in each scene.
    fn flags(&self) -> BTreeMap<(&str, &str), Vec<Option<usize>>> {
        let mut flags: BTreeMap<(&str, &str), Vec<Option<usize>>> = BTreeMap::new();
        for (place, scene) in self.scenes.iter().enumerate() {
            for (index, flag) in scene.flags.iter().enumerate() {
                let name = (flag.name.as_str(), flag.project.as_str());
                flags.entry(name).or_insert_with(|| vec![None; self.scenes.len()])[place] = Some(index);
            }
        }
        flags
    }

    fn line(&self, name: (&str, &str), places: &[Option<usize>]) -> Line {
        let verdicts = self.scenes.iter().zip(places).map(|(scene, index)| {
            let flag = &scene.flags[(*index)?];
            let told = |attempt: Attempt| {
                let told = scene.explain(flag, &attempt)?;
                let variant = told.evaluation.variant;
                Some(Verdict {
                    on: told.evaluation.enabled,
                    variant: variant.enabled.then(|| variant.name.to_owned()),
                })
            };
            self.attempts.within(&scene.environment).map(told).collect()
        });
        Line { project: name.1.to_owned(), flag: name.0.to_owned(), verdicts: verdicts.collect() }
    }

    /// All flags, one after the other.
    fn lines(&self) -> impl Iterator<Item = Line> {
        self.flags()
            .into_iter()
            .map(|(name, places)| self.line(name, &places))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// A page of the flags, and how many there are.
    fn page(&self, asked: &Asked) -> (Vec<Line>, i64) {
        if asked.differs {
            let lines: Vec<Line> = self.lines().filter(Line::differs).collect();
            let (shown, total) = table::cut(&lines, asked.page, SIZE);
            return (shown.to_vec(), total);
        }
        // Only what is shown is worked out.
        let flags: Vec<_> = self.flags().into_iter().collect();
        let (shown, total) = table::cut(&flags, asked.page, SIZE);
        (shown.iter().map(|(name, places)| self.line(*name, places)).collect(), total)
    }

    /// What distinguishes each context that has a column from the others.
    fn labels(&self) -> Vec<String> {
        let label = |number| {
            let shown = self.attempts.shown(number);
            let value = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or_default();
            let parts = self.attempts.varying().map(|name| format!("{name} {}", value(name)));
            parts.collect::<Vec<_>>().join(", ")
        };
        (0..self.attempts.count().min(COLUMNS)).map(label).collect()
    }
}

/// Evaluating may take a while.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Fault::from(Error::internal(error)))
}

async fn show(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let asked = Asked::of(pairs)?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let fields = fields(&mut tx, &grant, &asked.somebody).await?;
    let environments: Vec<String> =
        environments::all(&mut tx).await?.into_iter().map(|environment| environment.name).collect();
    let asks = !asked.environments.is_empty();
    let ready = if asks { asked.ready(&ui, &mut tx, &grant).await? } else { Err(Vec::new()) };
    tx.end().await?;
    let problems = ready.as_ref().err().cloned().unwrap_or_default();
    let (asked, answer) = match ready {
        Ok(ready) => {
            let (asked, lines, ready) = aside(move || {
                let lines = ready.page(&asked);
                (asked, lines, ready)
            })
            .await?;
            (asked, Some((ready, lines)))
        }
        Err(_) => (asked, None),
    };
    let body = html! {
        (form::problems(&problems))
        (question(&frame, &viewer, &asked, &environments, &fields))
        @match &answer {
            Some((ready, (lines, total))) => {
                (told(&frame, &asked, ready))
                (grid(&frame, &asked, ready, lines, *total))
            },
            None => @if problems.is_empty() {
                (notice::empty("Nothing is asked yet", "Describe somebody above, choose environments, and see which flags they get. Applications are not affected.", &html! {}))
            },
        }
    };
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(frame.page(&viewer, &Page::new(Section::Playground, "Playground", body).status(status)))
}

/// The fields that most flags depend on, and those that are in the address.
async fn fields(tx: &mut Read, grant: &Granted<SignedIn>, somebody: &Somebody) -> Result<Vec<String>, Fault> {
    let sight = grant.sight(tx).await?;
    let mut known = contexts::list(tx, &View { sight, project: None }, true).await?;
    known.sort_by_key(|used| (-used.features, used.field.sort_order));
    let mut fields = vec!["userId".to_owned()];
    let sent = somebody.fields.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.clone());
    let sent: Vec<String> = sent.collect();
    // The environment is chosen beside them; the present is the present unless somebody says otherwise.
    let usual = known
        .into_iter()
        .map(|used| used.field.name)
        .filter(|name| name != "environment" && name != "currentTime");
    for name in sent.into_iter().chain(usual) {
        if !fields.contains(&name) && fields.len() < FIELDS.max(somebody.fields.len()) {
            fields.push(name);
        }
    }
    Ok(fields)
}

fn question(
    frame: &Frame,
    viewer: &Viewer,
    asked: &Asked,
    environments: &[String],
    fields: &[String],
) -> Markup {
    let every = asked.environments.is_empty();
    let tick = |name: &str, value: &str, label: &str, on: bool| {
        let id = format!("{name}-{value}");
        html! { li.check { input type="checkbox" id=(id) name=(name) value=(value) checked[on]; label for=(id) { (label) } } }
    };
    html! {
        form.card.playground method="get" action=(frame.at("/playground")) data-draft {
            fieldset.choices {
                legend { "Whom to evaluate for" }
                p.hint { "What is left empty is not sent. Separate several values by commas: every combination is tried." }
                div.pair {
                    @for field in fields {
                        @let id = format!("c.{field}");
                        @let label = if field == "userId" { "User id" } else { field };
                        (Field { name: &id, label, optional: true, unmarked: true, ..Field::default() }.text("text", asked.somebody.get(field), "off"))
                    }
                }
                details open[!asked.somebody.more.is_empty()] {
                    summary { "Other fields" }
                    (Field { name: "more", label: "A line each", hint: Some("Such as country = DE, AT"), optional: true, unmarked: true, ..Field::default() }.lines(&asked.somebody.more))
                }
            }
            fieldset.choices {
                legend { "Environments" }
                ul.ticks { @for name in environments { (tick("e", name, name, every || asked.environments.contains(name))) } }
            }
            details open[!asked.projects.is_empty() || !asked.q.is_empty()] {
                summary { "Which flags" }
                (Field { name: "q", label: "Name contains", optional: true, unmarked: true, ..Field::default() }.text("search", &asked.q, "off"))
                fieldset.choices {
                    legend { "Projects" }
                    p.hint { "None ticked: all of them." }
                    ul.ticks { @for (id, name) in &viewer.projects { (tick("p", id, name, asked.projects.contains(id))) } }
                }
            }
            div.row { button.button.primary #evaluate { (icon::play()) "Evaluate" } }
        }
    }
}

/// How one context is told of in words.
fn whom(label: &str) -> String {
    if label.is_empty() { String::new() } else { format!(" for {label}") }
}

/// Why a cell is as it is.
fn told(frame: &Frame, asked: &Asked, ready: &Ready) -> Markup {
    let Some((name, environment, number)) = &asked.why else { return html! {} };
    let found = ready.scenes.iter().find(|scene| scene.environment == *environment).and_then(|scene| {
        let flag = scene.flags.iter().find(|flag| flag.name == *name)?;
        Some((scene, flag, ready.attempts.within(environment).take(COLUMNS).nth(*number)?))
    });
    let Some((scene, flag, attempt)) = found else { return html! {} };
    let Some(explanation) = scene.explain(flag, &attempt) else { return html! {} };
    let label = ready.labels().get(*number).cloned().unwrap_or_default();
    html! {
        section.card #why aria-labelledby="why-title" {
            header.row {
                h2 #why-title { (name) " in " (environment) (whom(&label)) }
                @if explanation.evaluation.enabled { (tag::toned("on", "good")) } @else { (tag::chip("off")) }
                a.small-link href=(frame.at(&format!("/projects/{}/features/{name}", flag.project))) { "Open the flag" }
                a.icon-button.to-end href=(asked.ask("/playground").with(frame, &[("page", &asked.page.to_string())])) aria-label="Close" { (icon::close()) }
            }
            (why::told_of(scene, flag, &explanation))
        }
    }
}

fn grid(frame: &Frame, asked: &Asked, ready: &Ready, lines: &[Line], total: i64) -> Markup {
    let labels = ready.labels();
    let shown = labels.len();
    let projects = lines.iter().any(|line| line.project != lines[0].project);
    let ask = asked.ask("/playground");
    let to = |changes: &[(&str, &str)]| ask.with(frame, changes);
    let rows = html! {
        table.rows.verdicts {
            thead {
                tr {
                    th scope="col" rowspan=[(shown > 1).then_some("2")] { "Flag" }
                    @if projects { th scope="col" rowspan=[(shown > 1).then_some("2")] { "Project" } }
                    @for scene in &ready.scenes { th.edge scope="colgroup" colspan=(shown) { (scene.environment) } }
                }
                @if shown > 1 {
                    tr { @for _ in &ready.scenes { @for (index, label) in labels.iter().enumerate() { th.edge[index == 0] scope="col" { (label) } } } }
                }
            }
            tbody {
                @for line in lines {
                    tr data-row {
                        th.wide scope="row" { a.row-link href=(frame.at(&format!("/projects/{}/features/{}", line.project, line.flag))) { (line.flag) } }
                        @if projects { td.muted { (line.project) } }
                        @for (scene, verdicts) in ready.scenes.iter().zip(&line.verdicts) {
                            @for index in 0..shown {
                                td.edge[index == 0] {
                                    @match verdicts.as_ref().and_then(|verdicts| verdicts.get(index)) {
                                        None => span.muted { "–" },
                                        Some(verdict) => {
                                            @let cell = format!("{index} {} {}", scene.environment, line.flag);
                                            @let link = to(&[("page", &asked.page.to_string()), ("why", &cell)]);
                                            @let state = if verdict.on { "on" } else { "off" };
                                            a.verdict-cell.good[verdict.on] href={ (link) "#why" } aria-label={ (line.flag) " in " (scene.environment) (whom(&labels[index])) ": " (state) @if let Some(name) = &verdict.variant { " as " (name) } ". Why?" } {
                                                @if verdict.on { (icon::check()) "on" } @else { (icon::minus()) "off" }
                                                @if let Some(name) = &verdict.variant { span.chip { (name) } }
                                            }
                                        },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        section aria-labelledby="results" {
            div.row {
                h2 #results { "Results" }
                nav.segments aria-label="Which results" {
                    a href=(to(&[("only", "")])) aria-current=[(!asked.differs).then_some("true")] { "All" }
                    a href=(to(&[("only", "differs")])) aria-current=[asked.differs.then_some("true")] { "Only what differs" }
                }
                a.button.small.to-end href=(asked.ask("/playground/results.csv").with(frame, &[])) hx-boost="false" { (icon::download()) "CSV" }
            }
            @if ready.attempts.count() > shown {
                p.hint { "The first " (shown) " of " (ready.attempts.count()) " contexts are shown. The CSV has all of them." }
            }
            @if lines.is_empty() {
                @if asked.differs { (notice::empty("All flags are the same everywhere", "For these contexts and environments, no flag differs.", &button::link(&to(&[("only", "")]), "Show all flags"))) }
                @else { (notice::empty("No flag is here", "Choose other projects or another name.", &html! {})) }
            } @else {
                (table::scroll("Results", &rows))
                (ask.pages(frame, asked.page, SIZE, total))
            }
        }
    }
}

async fn download(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let asked = Asked::of(pairs)?;
    let mut tx = ui.db.read().await?;
    let ready = asked.ready(&ui, &mut tx, &grant).await?;
    tx.end().await?;
    let ready = ready.map_err(|sentences| Fault::unreadable(sentences.join(" ")))?;
    let table = aside(move || {
        let lines = ready.lines().filter(|line| !asked.differs || line.differs()).collect();
        Table { ready, lines }
    })
    .await?;
    let beginning = table.beginning();
    let rest = (0..table.count()).step_by(SOME).map(move |from| table.some(from));
    let text = std::iter::once(beginning).chain(rest).map(|text| Ok::<_, Infallible>(Bytes::from(text)));
    Ok(csv::file("playground.csv", csv::KIND, Body::from_stream(iter(text))))
}

/// All answers, written piece by piece: the contexts in them may be large.
struct Table {
    ready: Ready,
    lines: Vec<Line>,
}

impl Table {
    fn beginning(&self) -> String {
        let columns = ["flag", "project", "environment", "on", "variant"].map(str::to_owned);
        let fields = self.ready.attempts.shown(0);
        csv::line(columns.into_iter().chain(fields.into_iter().map(|(name, _)| name)).map(Value::from))
    }

    /// How many rows there may be: one for each flag, environment and context.
    fn count(&self) -> usize {
        self.lines.len() * self.ready.scenes.len() * self.ready.attempts.count()
    }

    fn some(&self, from: usize) -> String {
        (from..self.count().min(from + SOME)).filter_map(|number| self.row(number)).collect()
    }

    /// A row. `None`: the flag is not there.
    fn row(&self, number: usize) -> Option<String> {
        let (place, number) = (number / self.ready.attempts.count(), number % self.ready.attempts.count());
        let scenes = &self.ready.scenes;
        let (line, scene) = (&self.lines[place / scenes.len()], place % scenes.len());
        let verdict = line.verdicts[scene].as_ref()?.get(number)?;
        let cells = [
            line.flag.clone().into(),
            line.project.clone().into(),
            scenes[scene].environment.clone().into(),
            verdict.on.into(),
            verdict.variant.clone().into(),
        ];
        let context = self.ready.attempts.shown(number).into_iter().map(|(_, value)| value);
        Some(csv::line(cells.into_iter().chain(context)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;

    #[test]
    fn the_cell_and_the_page_are_no_part_of_the_question() {
        let pairs = [
            ("e", "production"),
            ("e", "production"),
            ("c.userId", "1,2"),
            ("page", "3"),
            ("why", "1 production a b"),
        ];
        let asked =
            Asked::of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()).unwrap();
        assert_eq!(asked.environments, ["production"]);
        assert_eq!(asked.why, Some(("a b".to_owned(), "production".to_owned(), 1)));
        assert_eq!((asked.page, asked.pairs.len()), (3, 3));
        assert!(Asked::of(vec![("c.userId".to_owned(), "1,".repeat(5000))]).is_err());
    }

    #[test]
    fn only_contexts_that_have_a_column_are_told_apart() {
        let hundred = (0..100).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        let context = serde_json::json!({ "userId": hundred, "appName": hundred, "plan": "gold" });
        let (attempts, _) =
            Attempts::combined(context.as_object().unwrap(), Time::from_millis(0), 1).unwrap();
        let labels = Ready { scenes: Vec::new(), attempts }.labels();
        assert_eq!((labels.len(), labels[1].as_str()), (COLUMNS, "userId 1, appName 0"));
    }
}
