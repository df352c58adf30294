//! Events as a file: for spreadsheets, or a line of JSON each for programs.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::Asked;
use crate::access::{Granted, Guard, SeeProject, SignedIn};
use crate::events::{self, Filter, Record};
use crate::gate::csv;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Query;
use crate::ui::part::icon;
use crate::ui::part::table::Ask;
use crate::ui::{Places, Ui};

/// How many events a file has at most: the newest ones.
const MOST: usize = 10_000;
/// How many are read at once.
const SOME: i64 = 500;

pub(super) fn places(places: Places) -> Places {
    places
        .page("/events.csv", csv_everywhere)
        .page("/events.jsonl", jsonl_everywhere)
        .page("/projects/{projectId}/events.csv", csv_in_project)
        .page("/projects/{projectId}/events.jsonl", jsonl_in_project)
}

/// The ways to the files with what the list shows.
pub(super) fn ways(frame: &Frame, ask: &Ask<'_>) -> Markup {
    let to = |end: &str| {
        let path = format!("{}{end}", ask.path);
        Ask { path: &path, pairs: ask.pairs.clone() }.with(frame, &[])
    };
    html! {
        ul.menu-list {
            li { a href=(to(".csv")) hx-boost="false" { (icon::download()) "As CSV" } }
            li { a href=(to(".jsonl")) hx-boost="false" { (icon::download()) "As JSON Lines" } }
        }
        p.hint.menu-row { "What is filtered, the newest " (MOST) " at most." }
    }
}

/// What kind of file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Csv,
    Jsonl,
}

impl Kind {
    fn line(self, record: &Record) -> String {
        let Record { id, kind, created_at, created_by, created_by_user_id, data, pre_data, .. } = record;
        let (project, environment, feature) = (&record.project, &record.environment, &record.feature_name);
        match self {
            Self::Csv => csv::line([
                json!(id),
                json!(created_at),
                json!(kind),
                json!(created_by),
                json!(project),
                json!(environment),
                json!(feature),
                json!(data),
                json!(pre_data),
            ]),
            Self::Jsonl => {
                let event = json!({
                    "id": id,
                    "createdAt": created_at,
                    "type": kind,
                    "createdBy": created_by,
                    "createdByUserId": created_by_user_id,
                    "project": project,
                    "environment": environment,
                    "featureName": feature,
                    "data": data,
                    "preData": pre_data,
                });
                format!("{event}\n")
            }
        }
    }

    fn beginning(self) -> String {
        const COLUMNS: [&str; 9] = [
            "id",
            "createdAt",
            "type",
            "createdBy",
            "project",
            "environment",
            "featureName",
            "data",
            "preData",
        ];
        match self {
            Self::Csv => csv::line(COLUMNS.map(Value::from)),
            Self::Jsonl => String::new(),
        }
    }
}

async fn csv_everywhere(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    file(&grant, &ui, &asked, None, Kind::Csv).await
}

async fn jsonl_everywhere(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    file(&grant, &ui, &asked, None, Kind::Jsonl).await
}

async fn csv_in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    file(&grant, &ui, &asked, Some(&grant.scope().project), Kind::Csv).await
}

async fn jsonl_in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    file(&grant, &ui, &asked, Some(&grant.scope().project), Kind::Jsonl).await
}

async fn file<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    asked: &Asked,
    project: Option<&str>,
    kind: Kind,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let which = asked.filter(grant, &mut tx, project).await?;
    tx.end().await?;
    let (name, mime) = match kind {
        Kind::Csv => ("events.csv", csv::KIND),
        Kind::Jsonl => ("events.jsonl", "application/jsonl; charset=utf-8"),
    };
    let rest = Some(Rest { ui: ui.clone(), which, kind, left: MOST, begun: false });
    let body = Body::from_stream(unfold(rest, |rest| async {
        let (text, rest) = rest?.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), rest))
    }));
    Ok(csv::file(name, mime, body))
}

/// What of a file is not written yet.
struct Rest {
    ui: Ui,
    which: Filter,
    kind: Kind,
    left: usize,
    begun: bool,
}

impl Rest {
    /// The next lines, and what is left after them. A file that cannot be read to its end ends early, and the log says so.
    async fn next(mut self) -> Option<(String, Option<Self>)> {
        let records = match self.read().await {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(%error, "a file of events ends early");
                return None;
            }
        };
        let mut text = if self.begun { String::new() } else { self.kind.beginning() };
        for record in &records {
            text.push_str(&self.kind.line(record));
        }
        self.begun = true;
        self.left = self.left.saturating_sub(records.len());
        self.which.before = records.last().map(|record| record.id);
        let over = self.left == 0 || i64::try_from(records.len()).unwrap_or(0) < SOME;
        Some((text, (!over).then_some(self)))
    }

    async fn read(&self) -> crate::error::Result<Vec<Record>> {
        let mut tx = self.ui.db.read().await?;
        let records = events::newest(&mut tx, &self.which, SOME).await?;
        tx.end().await?;
        Ok(records)
    }
}
