//! What is to be said about a document before it is imported: what is in the way, what will be lost, and what the
//! caller lacks.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Request;
use crate::access::{Holdings, Permission, Sight};
use crate::contexts::LegalValue;
use crate::db::{Json, Read};
use crate::error::{Error, Kind, Result};
use crate::projects::{self, change_requests, environment};
use crate::sql;

/// Something to be said about parts of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// A sentence for people.
    pub message: String,
    /// The parts.
    pub affected: Vec<String>,
}

/// What is to be said about a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is in the way.
    pub errors: Vec<Item>,
    /// What people should know.
    pub warnings: Vec<Item>,
    /// What the caller lacks.
    pub missing: Vec<Permission>,
}

/// A report, with what an import has to know.
pub(super) struct Survey {
    /// What is to be said.
    pub report: Report,
    /// One sentence for each thing that is in the way.
    pub refusals: Vec<String>,
    /// Flags of the document that are there already.
    pub there: BTreeSet<String>,
    /// Flags of the document that are archived: they stay as they are.
    pub archived: HashSet<String>,
    /// The segments of the document: from the number there to the number here.
    pub segments: HashMap<i64, i64>,
    /// Context fields that are there already.
    pub fields: HashSet<String>,
    /// Types of tags that are there already.
    pub tag_types: HashSet<String>,
}

/// Says what would come of an import by somebody who holds `held`.
pub async fn validate(tx: &mut Read, sight: &Sight, held: &Holdings, request: &Request) -> Result<Report> {
    Ok(survey(tx, sight, held, request).await?.report)
}

#[derive(sqlx::FromRow)]
struct Standing {
    name: String,
    project: String,
    private: bool,
    archived: bool,
    enabled: Option<bool>,
}

pub(super) async fn survey(
    tx: &mut Read,
    sight: &Sight,
    held: &Holdings,
    request: &Request,
) -> Result<Survey> {
    let Request { project, environment, data } = request;
    let unknown = || Error::not_found(format!("Active project with id {project} does not exist"));
    sight
        .ensure(tx, project)
        .await
        .map_err(|error| if error.kind().is_some() { unknown() } else { error })?;
    if projects::get(tx, project).await?.archived_at.is_some() {
        return Err(unknown());
    }
    let mut found = Survey {
        report: Report::default(),
        refusals: Vec::new(),
        there: BTreeSet::new(),
        archived: HashSet::new(),
        segments: HashMap::new(),
        fields: HashSet::new(),
        tag_types: HashSet::new(),
    };
    let used = environment::list(tx, project).await?;
    if !used.iter().any(|place| place.environment == *environment) {
        let rule = "You have not added the current environment to the project";
        found.refuse(rule, vec![environment.clone()], |_| rule.to_owned());
    }
    let standing = found.flags(tx, sight, request).await?;
    found.strategy_types(tx, request).await?;
    found.segments(tx, request).await?;
    found.context_fields(tx, request).await?;
    let known: Vec<(String,)> = tx.all(sql!("SELECT name FROM tag_types")).await?;
    found.tag_types = known.into_iter().map(|(name,)| name).collect();
    found.room(tx, request).await?;
    let approval = change_requests::required(tx, project, environment).await?.is_some();
    found.permissions(held, request, &standing, approval);
    for flag in &data.features {
        if let Err(Error::Rejected(refusal)) = crate::features::check_name(&flag.name) {
            found.refusals.push(refusal.message.clone());
            found.report.errors.push(Item { message: refusal.message, affected: vec![flag.name.clone()] });
        }
    }
    Ok(found)
}

impl Survey {
    fn refuse(&mut self, message: impl Into<String>, affected: Vec<String>, each: impl Fn(&str) -> String) {
        if affected.is_empty() {
            return;
        }
        self.refusals.extend(affected.iter().map(|item| each(item)));
        self.report.errors.push(Item { message: message.into(), affected });
    }

    fn warn(&mut self, message: &str, affected: Vec<String>) {
        if !affected.is_empty() {
            self.report.warnings.push(Item { message: message.to_owned(), affected });
        }
    }

    /// Which flags there are, and what refers to flags that there are not.
    async fn flags(
        &mut self,
        tx: &mut Read,
        sight: &Sight,
        request: &Request,
    ) -> Result<HashMap<String, Standing>> {
        let Request { project, environment, data } = request;
        let (mut named, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for flag in &data.features {
            if !named.insert(flag.name.as_str()) {
                twice.insert(flag.name.clone());
            }
        }
        let parents: BTreeSet<&str> = data
            .dependencies
            .iter()
            .flat_map(|of| of.dependencies.iter().map(|parent| parent.feature.as_str()))
            .collect();
        let all: BTreeSet<&str> = named.union(&parents).copied().collect();
        let rows: Vec<Standing> = tx
            .all(sql!(
                "SELECT f.name, f.project, p.mode = 'private' AS private, f.archived_at IS NOT NULL AS archived,
                        e.enabled
                 FROM features f JOIN projects p ON p.id = f.project
                 LEFT JOIN feature_environments e ON e.feature = f.name AND e.environment = $2
                 WHERE f.name IN ({list:$1})",
                serde_json::to_string(&all)?,
                environment
            ))
            .await?;
        let standing: HashMap<String, Standing> =
            rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        let mut elsewhere = Vec::new();
        for name in &named {
            match standing.get(*name) {
                None => {}
                Some(row) if row.archived => drop(self.archived.insert((*name).to_owned())),
                Some(row) if row.project == *project => drop(self.there.insert((*name).to_owned())),
                // Whoever does not see the project learns only that the name is taken, as when making a flag.
                Some(row) if sight.sees(&row.project, row.private) => {
                    elsewhere.push(format!("{name} (in project {})", row.project));
                }
                Some(_) => elsewhere.push((*name).to_owned()),
            }
        }
        self.refuse(
            format!(
                "You cannot import a features that already exist in other projects. You already have the following \
                 features defined outside of project {project}:"
            ),
            elsewhere,
            |flag| format!("{flag} exists in another project."),
        );
        self.refuse(
            "We detected the following features are duplicate in your import data:",
            twice.into_iter().collect(),
            |flag| format!("{flag} is in the import data more than once."),
        );
        let usable = |name: &str| match standing.get(name) {
            Some(row) => !row.archived && row.project == *project,
            None => named.contains(name),
        };
        self.refuse(
            "We detected the following dependencies that need to be created first:",
            parents.iter().filter(|name| !usable(name)).map(|name| (*name).to_owned()).collect(),
            |flag| format!("The following dependent features are missing: {flag}"),
        );
        let several = data.dependencies.iter().filter(|of| of.dependencies.len() > 1);
        self.refuse(
            "A feature can depend on one other feature. The following depend on more:",
            several.map(|of| of.feature.clone()).collect(),
            |flag| format!("{flag} depends on more than one feature."),
        );
        let mentioned = data
            .feature_strategies
            .iter()
            .map(|rule| rule.feature_name.as_str())
            .chain(data.feature_environments.iter().map(super::FlagEnvironment::flag))
            .chain(data.feature_tags.iter().map(|tag| tag.feature_name.as_str()))
            .chain(data.dependencies.iter().map(|of| of.feature.as_str()))
            .chain(data.links.iter().map(|of| of.feature.as_str()));
        let strangers: BTreeSet<&str> = mentioned.filter(|name| !named.contains(name)).collect();
        self.refuse(
            "The import data says something about features that it does not have:",
            strangers.into_iter().map(str::to_owned).collect(),
            |flag| format!("There's no feature named \"{flag}\" in the import data."),
        );
        let mut archived: Vec<String> = self.archived.iter().cloned().collect();
        archived.sort();
        self.warn(
            "The following features will not be imported as they are currently archived. To import them, please \
             unarchive them first:",
            archived,
        );
        self.warn(
            "The following features already exist in this project and will be overwritten:",
            self.there.iter().cloned().collect(),
        );
        Ok(standing)
    }

    async fn strategy_types(&mut self, tx: &mut Read, request: &Request) -> Result<()> {
        let rows: Vec<(String, bool)> = tx.all(sql!("SELECT name, built_in FROM strategy_types")).await?;
        let known: HashMap<String, bool> = rows.into_iter().collect();
        let used: BTreeSet<&String> = request.data.feature_strategies.iter().map(|rule| &rule.name).collect();
        let (custom, unknown): (Vec<&String>, Vec<&String>) = used
            .into_iter()
            .filter(|name| known.get(*name) != Some(&true))
            .partition(|name| known.contains_key(*name));
        self.refuse(
            "We detected the following custom strategy that needs to be created first:",
            unknown.into_iter().cloned().collect(),
            |name| format!("{name} is not supported."),
        );
        self.warn(
            "The following strategies are custom ones. Applications follow only those that they know:",
            custom.into_iter().cloned().collect(),
        );
        Ok(())
    }

    /// Segments are found by name; those of other projects do not count.
    async fn segments(&mut self, tx: &mut Read, request: &Request) -> Result<()> {
        let names: Vec<&String> = request.data.segments.iter().map(|segment| &segment.name).collect();
        let rows: Vec<(i64, String)> = tx
            .all(sql!(
                "SELECT id, name FROM segments WHERE name IN ({list:$1}) AND (project IS NULL OR project = $2)",
                serde_json::to_string(&names)?,
                &request.project
            ))
            .await?;
        let known: HashMap<String, i64> = rows.into_iter().map(|(id, name)| (name, id)).collect();
        let mut unknown = BTreeSet::new();
        for segment in &request.data.segments {
            match known.get(&segment.name) {
                Some(here) => drop(self.segments.insert(segment.id, *here)),
                None => drop(unknown.insert(segment.name.clone())),
            }
        }
        let listed: HashSet<i64> = request.data.segments.iter().map(|segment| segment.id).collect();
        let used = request.data.feature_strategies.iter().flat_map(|rule| &rule.segments);
        unknown.extend(used.filter(|id| !listed.contains(id)).map(ToString::to_string));
        self.refuse(
            "We detected the following segments that need to be created first:",
            unknown.into_iter().collect(),
            |name| format!("Unsupported segments: {name}"),
        );
        Ok(())
    }

    /// A field that is there must allow all values that the document's field allows.
    async fn context_fields(&mut self, tx: &mut Read, request: &Request) -> Result<()> {
        #[derive(sqlx::FromRow)]
        struct Row {
            name: String,
            #[sqlx(try_from = "String")]
            legal_values: Json<Vec<LegalValue>>,
        }
        let names: Vec<&String> = request.data.context_fields.iter().map(|field| &field.name).collect();
        let rows: Vec<Row> = tx
            .all(sql!(
                "SELECT name, legal_values FROM context_fields WHERE name IN ({list:$1})",
                serde_json::to_string(&names)?
            ))
            .await?;
        let known: HashMap<String, Vec<LegalValue>> =
            rows.into_iter().map(|row| (row.name, row.legal_values.0)).collect();
        let differs = |field: &&super::SharedField| {
            known.get(&field.name).is_some_and(|legal| {
                let legal: HashSet<&str> = legal.iter().map(|legal| legal.value.as_str()).collect();
                !legal.is_empty()
                    && field.legal_values.iter().any(|wanted| !legal.contains(wanted.value.as_str()))
            })
        };
        let differing = request.data.context_fields.iter().filter(differs);
        self.refuse(
            "We detected the following context fields that do not have matching legal values with the imported ones:",
            differing.map(|field| field.name.clone()).collect(),
            |name| format!("{name} is not supported."),
        );
        self.fields = known.into_keys().collect();
        Ok(())
    }

    /// How the project wants its flags to be named, and how many it may have.
    async fn room(&mut self, tx: &mut Read, request: &Request) -> Result<()> {
        let project = projects::get(tx, &request.project).await?;
        let fresh = request.data.features.iter().map(|flag| &flag.name);
        let fresh: BTreeSet<&String> =
            fresh.filter(|name| !self.there.contains(*name) && !self.archived.contains(*name)).collect();
        let mut misnamed = Vec::new();
        for name in &fresh {
            if !project.feature_naming.allows(name)? {
                misnamed.push((*name).clone());
            }
        }
        if let Some(pattern) = &project.feature_naming.pattern {
            let rule = format!("New features of this project must match its naming pattern \"{pattern}\":");
            self.refuse(rule, misnamed, |name| {
                format!("{name} does not match the project's naming pattern: \"{pattern}\".")
            });
        }
        let Some(limit) = project.feature_limit else { return Ok(()) };
        let (here,): (i64,) = tx
            .one(sql!(
                "SELECT COUNT(*) FROM features WHERE project = $1 AND archived_at IS NULL",
                &request.project
            ))
            .await?;
        let more = i64::try_from(fresh.len()).unwrap_or(i64::MAX);
        if more > 0 && here.saturating_add(more) > limit {
            let rule = format!(
                "We detected you want to create {more} new features to a project that already has {here} existing \
                 features, exceeding the maximum limit of {limit}."
            );
            self.refusals.push(rule.clone());
            self.report.errors.push(Item { message: rule, affected: fresh.into_iter().cloned().collect() });
        }
        Ok(())
    }

    /// What the import takes. As Unleash has it; beyond that, turning flags on and off, dependencies, and skipping
    /// approval take what they take everywhere.
    fn permissions(
        &mut self,
        held: &Holdings,
        request: &Request,
        standing: &HashMap<String, Standing>,
        approval: bool,
    ) {
        use Permission as P;
        let data = &request.data;
        let fresh = |name: &str| !self.there.contains(name) && !self.archived.contains(name);
        let switched = |place: &super::FlagEnvironment| {
            place.enabled != standing.get(place.flag()).and_then(|flag| flag.enabled).unwrap_or_default()
        };
        let needed = [
            (
                P::CreateContextField,
                data.context_fields.iter().any(|field| !self.fields.contains(&field.name)),
            ),
            (P::CreateFeatureStrategy, !data.feature_strategies.is_empty()),
            (P::DeleteFeatureStrategy, true),
            (
                P::UpdateFeatureEnvironmentVariants,
                data.feature_environments.iter().any(|place| !place.variants.is_empty()),
            ),
            (P::CreateFeature, data.features.iter().any(|flag| fresh(&flag.name))),
            (P::UpdateFeature, true),
            (P::CreateTagType, data.tag_types.iter().any(|kind| !self.tag_types.contains(&kind.name))),
            (P::UpdateFeatureEnvironment, data.feature_environments.iter().any(switched)),
            (P::UpdateFeatureDependency, !data.dependencies.is_empty()),
            (P::SkipChangeRequest, approval),
        ];
        let lacks =
            |permission: &P| !held.any(&[*permission], Some(&request.project), Some(&request.environment));
        let needed = needed.into_iter().filter(|(_, needed)| *needed).map(|(permission, _)| permission);
        self.report.missing = needed.filter(lacks).collect();
    }

    /// Refuses what the report has something against.
    pub(super) fn ensure_importable(&self) -> Result<()> {
        let missing = &self.report.missing;
        if !missing.is_empty() {
            let labels: Vec<&str> = missing.iter().map(|permission| permission.label()).collect();
            return Err(Error::lacking(
                missing.iter().map(|permission| permission.name()).collect(),
                &labels,
            ));
        }
        if self.refusals.is_empty() {
            return Ok(());
        }
        Err(Error::with_details(Kind::BadData, self.refusals.join(" "), self.refusals.clone()))
    }
}
