//! Where applications run, and with what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{EVERYWHERE, Page, find, is_outdated, seen_use};
use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// How many instances are listed at most.
const MOST: i64 = 10_000;

/// SQL: true if the instance behind the alias `i` runs where its application is used by a project that is seen, and, if
/// the second argument is not null, by that project.
macro_rules! runs {
    ($sight:literal, $project:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM application_usage u LEFT JOIN projects p ON p.id = u.project
                     WHERE u.application = i.application AND u.environment = i.environment AND ",
            seen_use!($sight),
            " AND (CAST(",
            $project,
            " AS TEXT) IS NULL OR u.project IN ('*', ",
            $project,
            ")))"
        )
    };
}

/// A running copy of an application.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Instance {
    /// What it calls itself.
    pub instance: String,
    /// Which SDK it uses: `name:version`.
    pub sdk: Option<String>,
    /// The address that it came from.
    pub ip: Option<String>,
    /// When it told last.
    pub seen_at: Time,
}

/// The instances of an application in an environment, the latest first.
pub async fn instances(
    tx: &mut Read,
    sight: &Sight,
    application: &str,
    environment: &str,
) -> Result<Vec<Instance>> {
    tx.all(sql!(
        concat!(
            "SELECT i.instance, i.sdk, i.ip, i.seen_at FROM application_instances i
             WHERE i.application = $3 AND i.environment = $4 AND ",
            runs!("$1", "$2"),
            " ORDER BY i.seen_at DESC, i.instance LIMIT $5"
        ),
        sight.param()?,
        None::<String>,
        application,
        environment,
        MOST
    ))
    .await
}

/// An environment in which instances of an application run.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// How many.
    pub instances: i64,
    /// The SDKs that they use: those at servers, and those at users.
    pub sdks: [BTreeSet<String>; 2],
    /// Those of them that are too old.
    pub outdated: BTreeSet<String>,
    /// When one of them told last.
    pub seen_at: Option<Time>,
}

/// Where an application is used.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// The projects that its tokens name.
    pub projects: Vec<String>,
    /// The environments in which it runs.
    pub environments: BTreeMap<String, Environment>,
    /// The strategy types that it knows and the server does not.
    pub missing_strategies: Vec<String>,
}

/// Where an application is used, as far as `sight` shows it. One that is not there is used nowhere.
pub async fn overview(tx: &mut Read, sight: &Sight, name: &str) -> Result<Overview> {
    let Some(application) = find(tx, sight, name).await? else { return Ok(Overview::default()) };
    let rows: Vec<(String, Option<String>, bool, i64, Time)> = tx
        .all(sql!(
            concat!(
                "SELECT i.environment, i.sdk, i.instance = 'frontend', COUNT(*), MAX(i.seen_at)
                 FROM application_instances i WHERE i.application = $3 AND ",
                runs!("$1", "$2"),
                " GROUP BY i.environment, i.sdk, i.instance = 'frontend' ORDER BY i.environment, i.sdk"
            ),
            sight.param()?,
            None::<String>,
            name
        ))
        .await?;
    let mut environments: BTreeMap<String, Environment> = BTreeMap::new();
    for (environment, sdk, of_users, instances, seen_at) in rows {
        let place = environments.entry(environment).or_default();
        place.instances += instances;
        place.seen_at = place.seen_at.max(Some(seen_at));
        place.outdated.extend(sdk.clone().filter(|sdk| is_outdated(sdk)));
        place.sdks[usize::from(of_users)].extend(sdk);
    }
    let known: Vec<(String,)> = tx
        .all(sql!(
            "SELECT name FROM strategy_types WHERE name IN ({list:$1})",
            serde_json::to_string(&application.strategies)?
        ))
        .await?;
    let known: BTreeSet<String> = known.into_iter().map(|(name,)| name).collect();
    let projects = application.usage.into_iter().map(|(project, _)| project);
    let strategies = application.strategies.0.into_iter();
    Ok(Overview {
        projects: projects.filter(|project| project != EVERYWHERE).collect(),
        environments,
        missing_strategies: strategies.filter(|strategy| !known.contains(strategy)).collect(),
    })
}

/// SDKs that are too old and the applications that use them, in all projects that are seen or in one of them.
pub async fn outdated_sdks(
    tx: &mut Read,
    sight: &Sight,
    project: Option<&str>,
) -> Result<BTreeMap<String, Vec<String>>> {
    let pairs: Vec<(String, String)> = tx
        .all(sql!(
            concat!(
                "SELECT DISTINCT i.sdk, i.application FROM application_instances i WHERE i.sdk IS NOT NULL AND ",
                runs!("$1", "$2"),
                " ORDER BY i.sdk, i.application LIMIT $3"
            ),
            sight.param()?,
            project,
            MOST
        ))
        .await?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (sdk, application) in pairs.into_iter().filter(|(sdk, _)| is_outdated(sdk)) {
        found.entry(sdk).or_default().push(application);
    }
    Ok(found)
}

/// An application that gets the flags of a project.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// What it calls itself.
    pub name: String,
    /// The environments whose flags it gets.
    pub environments: Vec<String>,
    /// Its instances there.
    pub instances: Vec<String>,
    /// The names of the SDKs that they use, each with the versions.
    pub sdks: BTreeMap<String, BTreeSet<String>>,
}

/// A page of the applications that get the flags of a project, and how many there are in all.
pub async fn of_project(tx: &mut Read, project: &str, page: &Page) -> Result<(Vec<Member>, i64)> {
    let pattern = page.pattern();
    let (total,): (i64,) = tx
        .one(sql!(
            "SELECT COUNT(*) FROM applications a WHERE a.search LIKE $2 ESCAPE '!'
                AND EXISTS (SELECT 1 FROM application_usage u WHERE u.application = a.name
                            AND u.project IN ('*', $1))",
            project,
            &pattern
        ))
        .await?;
    let names: Vec<(String,)> = tx
        .all(sql!(
            "SELECT a.name FROM applications a WHERE a.search LIKE $2 ESCAPE '!'
                AND EXISTS (SELECT 1 FROM application_usage u WHERE u.application = a.name
                            AND u.project IN ('*', $1))
             ORDER BY CASE WHEN $3 THEN a.name END DESC, a.name LIMIT $4 OFFSET $5",
            project,
            pattern,
            page.descending,
            page.limit,
            page.offset
        ))
        .await?;
    let mut members: Vec<Member> =
        names.into_iter().map(|(name,)| Member { name, ..Member::default() }).collect();
    complete(tx, project, &mut members).await?;
    Ok((members, total))
}

/// Adds where they run.
async fn complete(tx: &mut Read, project: &str, members: &mut [Member]) -> Result<()> {
    let names: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
    let list = serde_json::to_string(&names)?;
    let mut members: HashMap<&str, &mut Member> =
        names.iter().map(String::as_str).zip(members.iter_mut()).collect();
    let environments: Vec<(String, String)> = tx
        .all(sql!(
            "SELECT DISTINCT application, environment FROM application_usage
             WHERE application IN ({list:$2}) AND project IN ('*', $1) ORDER BY application, environment",
            project,
            &list
        ))
        .await?;
    for (name, environment) in environments {
        if let Some(member) = members.get_mut(name.as_str()) {
            member.environments.push(environment);
        }
    }
    let instances: Vec<(String, String, Option<String>)> = tx
        .all(sql!(
            concat!(
                "SELECT DISTINCT i.application, i.instance, i.sdk FROM application_instances i
                 WHERE i.application IN ({list:$3}) AND ",
                runs!("$1", "$2"),
                " ORDER BY i.application, i.instance, i.sdk LIMIT $4"
            ),
            Sight::ALL.param()?,
            project,
            list,
            MOST
        ))
        .await?;
    for (name, instance, sdk) in instances {
        let Some(member) = members.get_mut(name.as_str()) else { continue };
        if member.instances.last() != Some(&instance) {
            member.instances.push(instance);
        }
        let Some(sdk) = sdk else { continue };
        let (sdk, version) = sdk.rsplit_once(':').unwrap_or((&sdk, ""));
        let versions = member.sdks.entry(sdk.to_owned()).or_default();
        versions.extend(Some(version.to_owned()).filter(|version| !version.is_empty()));
    }
    Ok(())
}
