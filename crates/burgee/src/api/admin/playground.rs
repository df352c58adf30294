//! The playground: what flags come to for a context, with the reasons.

use std::collections::BTreeMap;
use std::io;

use axum::body::Body as Bytes;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use burgee_eval::document::{Constraint, Payload, Variant};
use burgee_eval::explain::{ConstraintReport, ParentFinding, RuleFinding, SegmentReport, StrategyReport};
use burgee_eval::{Explanation, Variant as Chosen};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::constraints::ConstraintView;
use super::feature_strategies::{PayloadShape, VariantShape};
use crate::access::{Granted, SignedIn};
use crate::api::input::Body;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::Error;
use crate::features::Strategy;
use crate::playground::{self, Attempt, Attempts, Flag, Scene};

const TAG: &str = "Playground";
/// The longest answer, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/api/admin/playground", "getPlayground", TAG, simple)
        .takes::<Request>()
        .gives::<Answer<'static>>(200)
        .add(Method::POST, "/api/admin/playground/advanced", "getAdvancedPlayground", TAG, advanced)
        .takes::<AdvancedRequest>()
        .gives::<AdvancedAnswer<'static>>(200)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "playgroundRequestSchema")]
struct Request {
    environment: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    projects: Option<Projects>,
    #[schemars(with = "SentContext")]
    context: Map<String, Value>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "advancedPlaygroundRequestSchema")]
struct AdvancedRequest {
    #[schemars(length(min = 1))]
    environments: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    projects: Option<Projects>,
    #[schemars(with = "SentContext")]
    context: Map<String, Value>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum Projects {
    Named(Vec<String>),
    All(Star),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum Star {
    #[serde(rename = "*")]
    Star,
}

impl Projects {
    fn named(this: Option<&Self>) -> Option<&[String]> {
        match this {
            Some(Self::Named(names)) => Some(names),
            Some(Self::All(Star::Star)) | None => None,
        }
    }
}

/// What a context looks like when it is sent.
struct SentContext;

impl JsonSchema for SentContext {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "sdkContextSchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "required": ["appName"],
            "additionalProperties": true,
            "properties": {
                "appName": {"type": "string", "minLength": 1},
                "currentTime": {"type": "string"},
                "environment": {"type": "string"},
                "properties": {"type": "object", "additionalProperties": {"type": "string"}},
                "remoteAddress": {"type": "string"},
                "sessionId": {"type": "string"},
                "userId": {"type": "string"}
            }
        })
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "playgroundResponseSchema")]
struct Answer<'a> {
    features: Vec<FlagView<'a>>,
    input: &'a Request,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "advancedPlaygroundResponseSchema")]
struct AdvancedAnswer<'a> {
    features: Vec<AdvancedFlag<'a>>,
    input: &'a AdvancedRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Warnings>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Warnings {
    invalid_context_properties: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "advancedPlaygroundFeatureSchema")]
struct AdvancedFlag<'a> {
    name: &'a str,
    project_id: &'a str,
    #[schemars(with = "BTreeMap<String, Vec<Trial<'static>>>")]
    environments: BTreeMap<&'a str, Trials<'a>>,
}

/// A flag in an environment with each context, evaluated while it is written.
struct Trials<'a> {
    scene: &'a Scene,
    flag: &'a Flag,
    attempts: &'a Attempts,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "advancedPlaygroundEnvironmentFeatureSchema")]
struct Trial<'a> {
    environment: &'a str,
    #[schemars(with = "SentContext")]
    context: &'a Map<String, Value>,
    #[serde(flatten)]
    flag: FlagView<'a>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "playgroundFeatureSchema")]
struct FlagView<'a> {
    name: &'a str,
    project_id: &'a str,
    is_enabled: bool,
    is_enabled_in_current_environment: bool,
    has_unsatisfied_dependency: bool,
    variant: VariantView<'a>,
    #[schemars(with = "Vec<VariantShape>")]
    variants: &'a [Variant],
    strategies: Strategies<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct VariantView<'a> {
    name: &'a str,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<PayloadShape>")]
    payload: Option<&'a Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_enabled: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Strategies<'a> {
    result: Verdict,
    data: Vec<StrategyView<'a>>,
}

/// Yes, no, or what only an application can tell.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum Verdict {
    Known(bool),
    Open(Unknown),
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Unknown {
    Unknown,
}

impl Verdict {
    const OPEN: Self = Self::Open(Unknown::Unknown);
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "playgroundStrategySchema")]
struct StrategyView<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    disabled: bool,
    parameters: &'a BTreeMap<String, String>,
    result: Outcome<'a>,
    constraints: Vec<Judged<'a>>,
    segments: Vec<SegmentView<'a>>,
    links: Links,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Outcome<'a> {
    evaluation_status: Status,
    enabled: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<VariantView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<VariantShape>>")]
    variants: Option<&'a [Variant]>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Status {
    Complete,
    /// Only an application can tell.
    Incomplete,
    /// It is switched off.
    Unevaluated,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "playgroundConstraintSchema")]
struct Judged<'a> {
    #[serde(flatten)]
    #[schemars(with = "ConstraintView")]
    constraint: &'a Constraint,
    result: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "playgroundSegmentSchema")]
struct SegmentView<'a> {
    id: i64,
    name: &'a str,
    result: bool,
    /// The last one stands for the group, if there is one; the values of its members are not told.
    constraints: Vec<Judged<'a>>,
    /// The group that somebody has to be in.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Links {
    edit: String,
}

impl Serialize for Trials<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for attempt in self.attempts.within(&self.scene.environment) {
            if let Some(flag) = FlagView::of(self.scene, self.flag, &attempt) {
                let environment = &self.scene.environment;
                list.serialize_element(&Trial { environment, context: &attempt.shown, flag })?;
            }
        }
        list.end()
    }
}

impl<'a> FlagView<'a> {
    fn of(scene: &'a Scene, flag: &'a Flag, attempt: &'a Attempt) -> Option<Self> {
        let explanation = scene.explain(flag, attempt)?;
        let reports = flag.strategies.iter().zip(&explanation.strategies);
        let data: Vec<StrategyView> =
            reports.map(|(strategy, report)| StrategyView::of(scene, flag, strategy, report)).collect();
        let matching = data.iter().find_map(|strategy| strategy.result.variants);
        Some(Self {
            name: &flag.name,
            project_id: &flag.project,
            is_enabled: explanation.evaluation.enabled,
            is_enabled_in_current_environment: flag.enabled,
            has_unsatisfied_dependency: unsatisfied(&explanation),
            variant: VariantView::of(explanation.evaluation.variant, true),
            variants: matching.unwrap_or(&flag.variants),
            strategies: Strategies { result: overall(&explanation, &data), data },
        })
    }
}

fn unsatisfied(explanation: &Explanation<'_>) -> bool {
    explanation.parents.iter().any(|parent| parent.finding != ParentFinding::Satisfied)
}

/// What the strategies say together. Those that are switched off say nothing.
fn overall(explanation: &Explanation<'_>, data: &[StrategyView<'_>]) -> Verdict {
    let open = |strategy: &StrategyView<'_>| {
        let result = &strategy.result;
        result.evaluation_status == Status::Incomplete && matches!(result.enabled, Verdict::Open(_))
    };
    if explanation.strategies_hold() {
        Verdict::Known(true)
    } else if data.iter().any(open) {
        Verdict::OPEN
    } else {
        Verdict::Known(false)
    }
}

impl<'a> VariantView<'a> {
    fn of(variant: Chosen<'a>, with_flag: bool) -> Self {
        Self {
            name: variant.name,
            enabled: variant.enabled,
            payload: variant.payload,
            feature_enabled: with_flag.then_some(variant.feature_enabled),
        }
    }
}

impl<'a> StrategyView<'a> {
    fn of(scene: &'a Scene, flag: &'a Flag, strategy: &'a Strategy, report: &StrategyReport<'a>) -> Self {
        let (project, name, environment, id) = (&flag.project, &flag.name, &scene.environment, &strategy.id);
        let edit = format!(
            "/projects/{project}/features/{name}/strategies/edit?environmentId={environment}&strategyId={id}"
        );
        Self {
            id,
            name: &strategy.name,
            title: strategy.title.as_deref(),
            disabled: strategy.disabled,
            parameters: &strategy.parameters,
            result: Outcome::of(strategy, report),
            constraints: judged(&strategy.constraints, &report.constraints),
            segments: report.segments.iter().filter_map(|report| SegmentView::of(scene, report)).collect(),
            links: Links { edit },
        }
    }
}

impl<'a> Outcome<'a> {
    fn of(strategy: &'a Strategy, report: &StrategyReport<'a>) -> Self {
        // The host belongs to the application, too.
        let unknown = report.rule == RuleFinding::Unknown || strategy.name == "applicationHostname";
        let rest = report.constraints.iter().all(|constraint| constraint.holds)
            && report.segments.iter().all(|segment| segment.holds);
        let (evaluation_status, enabled) = match (report.disabled, unknown) {
            (true, _) => (Status::Unevaluated, Verdict::OPEN),
            (false, true) if rest => (Status::Incomplete, Verdict::OPEN),
            (false, true) => (Status::Incomplete, Verdict::Known(false)),
            (false, false) => (Status::Complete, Verdict::Known(report.holds)),
        };
        Self {
            evaluation_status,
            enabled,
            variant: report.variant.map(|variant| VariantView::of(variant, false)),
            variants: report.variant.map(|_| strategy.variants.as_slice()),
        }
    }
}

impl<'a> SegmentView<'a> {
    fn of(scene: &'a Scene, report: &SegmentReport) -> Option<Self> {
        let segment = scene.segments.get(&report.id)?;
        let constraints = judged(&segment.constraints, &report.constraints);
        let group = segment.group.as_deref();
        Some(Self { id: report.id, name: &segment.name, result: report.holds, constraints, group })
    }
}

fn judged<'a>(constraints: &'a [Constraint], reports: &[ConstraintReport]) -> Vec<Judged<'a>> {
    let judged = |(constraint, report): (&'a Constraint, &ConstraintReport)| Judged {
        constraint,
        result: report.holds,
    };
    constraints.iter().zip(reports).map(judged).collect()
}

async fn simple(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(input): Body<Request>,
) -> Result<Response, Problem> {
    let attempts = Attempts::one(&input.context, app.clock.now(), random(&app))?;
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let projects = Projects::named(input.projects.as_ref());
    let scene = playground::scene(&mut tx, &sight, projects, &input.environment).await?;
    tx.end().await?;
    write(move || {
        let attempts: Vec<Attempt> = attempts.within(&scene.environment).collect();
        let flags = attempts
            .iter()
            .flat_map(|attempt| scene.flags.iter().filter_map(|flag| FlagView::of(&scene, flag, attempt)));
        json(&Answer { features: flags.collect(), input: &input })
    })
    .await
}

async fn advanced(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(input): Body<AdvancedRequest>,
) -> Result<Response, Problem> {
    let (attempts, odd) = Attempts::combined(&input.context, app.clock.now(), random(&app))?;
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let projects = Projects::named(input.projects.as_ref());
    let mut scenes: Vec<Scene> = Vec::new();
    for environment in &input.environments {
        if !scenes.iter().any(|scene| scene.environment == *environment) {
            scenes.push(playground::scene(&mut tx, &sight, projects, environment).await?);
        }
    }
    tx.end().await?;
    let flags: usize = scenes.iter().map(|scene| scene.flags.len()).sum();
    playground::ensure_few(flags.saturating_mul(attempts.count()))?;
    write(move || {
        let mut flags: BTreeMap<&str, AdvancedFlag> = BTreeMap::new();
        for scene in &scenes {
            for flag in &scene.flags {
                let entry = flags.entry(&flag.name).or_insert_with(|| AdvancedFlag {
                    name: &flag.name,
                    project_id: &flag.project,
                    environments: BTreeMap::new(),
                });
                entry.environments.insert(&scene.environment, Trials { scene, flag, attempts: &attempts });
            }
        }
        let warnings = (!odd.is_empty()).then_some(Warnings { invalid_context_properties: odd });
        json(&AdvancedAnswer { features: flags.into_values().collect(), input: &input, warnings })
    })
    .await
}

/// Decides wherever stickiness is random, for the whole answer.
fn random(app: &App) -> u64 {
    u64::from_le_bytes(app.entropy.bytes())
}

/// Evaluating and writing may take a while.
async fn write(work: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static) -> Result<Response, Problem> {
    let body = tokio::task::spawn_blocking(work).await.map_err(Error::internal)??;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::from(body)).into_response())
}

/// As JSON, if it is not too long.
fn json(answer: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut out = Bounded(Vec::new());
    match serde_json::to_writer(&mut out, answer) {
        Ok(()) => Ok(out.0),
        Err(error) if error.is_io() => Err(Error::bad_data(format!(
            "The answer would have more than {LONGEST} bytes. Choose fewer environments, projects or values."
        ))),
        Err(error) => Err(error.into()),
    }
}

struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
