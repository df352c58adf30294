//! New applications, and quiet ones.

use std::time::Duration;

use super::EVERYWHERE;
use super::details::Recorded;
use crate::access::{Granted, Root, UpdateApplication};
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::error::Result;
use crate::events::{Event, Fact};
use crate::{keep, sql};

/// How long an instance is remembered that tells nothing more.
const INSTANCES: Duration = Duration::from_hours(48);
/// How long an application is, and where it was used.
const APPLICATIONS: Duration = Duration::from_hours(30 * 24);
/// How many new applications the log of events learns of at once.
const ANNOUNCED: i64 = 100;

/// Forgets instances and applications that told nothing for long. An application that people wrote about stays until
/// people delete it.
pub async fn forget(db: &Db, now: Time) -> Result<()> {
    let old = now.minus(APPLICATIONS);
    let mut tx = db.bookkeep().await?;
    // Applications first: whoever writes registrations locks in the same order.
    tx.execute(keep!(
        "DELETE FROM applications WHERE seen_at < $1
            AND NOT EXISTS (SELECT 1 FROM application_details d WHERE d.application = applications.name)",
        old
    ))
    .await?;
    // The last use stays: it says who sees the application.
    tx.execute(keep!(
        "DELETE FROM application_usage WHERE seen_at < $1
            AND EXISTS (SELECT 1 FROM application_usage y
                        WHERE y.application = application_usage.application AND y.seen_at >= $1)",
        old
    ))
    .await?;
    tx.execute(keep!("DELETE FROM application_instances WHERE seen_at < $1", now.minus(INSTANCES))).await?;
    tx.commit().await
}

/// Tells the log of events about applications that it does not know, some at a time.
pub async fn announce(db: &Db, now: Time) -> Result<()> {
    let waiting: Option<(i64,)> =
        db.glance(sql!("SELECT CAST(1 AS BIGINT) FROM applications WHERE announced = FALSE LIMIT 1")).await?;
    if waiting.is_none() {
        return Ok(());
    }
    let grant = Granted::<UpdateApplication>::system("applications", Root);
    let mut tx = db.change(&grant, now).await?;
    let new: Vec<(String,)> = tx
        .all(sql!(
            "SELECT name FROM applications WHERE announced = FALSE ORDER BY name LIMIT $1{lock}",
            ANNOUNCED
        ))
        .await?;
    let names: Vec<String> = new.into_iter().map(|(name,)| name).collect();
    let list = serde_json::to_string(&names)?;
    let places = places(&mut tx, &list).await?;
    tx.execute(sql!("UPDATE applications SET announced = TRUE WHERE name IN ({list:$1})", list)).await?;
    for name in names {
        let place = place(places.iter().filter(|(of, _)| *of == name).map(|(_, project)| project.as_str()));
        tx.record(Event::created(Fact::ApplicationCreated, &Recorded::bare(name)).within(place, None));
    }
    tx.commit().await
}

/// The projects of the applications in a JSON array of names.
pub(super) async fn places(tx: &mut Read, names: &str) -> Result<Vec<(String, String)>> {
    tx.all(sql!(
        "SELECT DISTINCT application, project FROM application_usage WHERE application IN ({list:$1})
         ORDER BY application, project",
        names
    ))
    .await
}

/// Where an event about an application of these projects belongs; whoever does not see them must not see it.
pub(super) fn place<'a>(projects: impl Iterator<Item = &'a str>) -> Option<String> {
    let projects: Vec<&str> = projects.collect();
    (!projects.is_empty() && !projects.contains(&EVERYWHERE)).then(|| projects.join(","))
}
