//! What the server does by itself, again and again.

use std::time::Duration;

use crate::app::App;
use crate::applications;
use crate::error::Result;
use crate::features;
use crate::metrics;
use crate::people::login_history;
use crate::provisioning::signals::{self, Push};
use crate::provisioning::{journal, silence};

/// For how many days counts by the day are kept at most.
const MOST_DAYS: u64 = 91;

/// Runs every job at its own pace until the server is told to stop. A job that fails is tried again at its next turn.
/// Jobs must bear that other servers do the same at the same time. What writes or forgets stands in [`round`], too.
pub async fn run(app: App) {
    tokio::join!(
        keep_house(&app),
        mark_overdue_flags(&app),
        tend_applications(&app),
        count(&app),
        sight(&app),
        forget_counts(&app),
        keep_journal(&app),
        tend_journal(&app),
        push_events(&app),
    );
}

/// Every job once, for a server that does not serve yet. Here, a job that fails is an error.
pub async fn round(app: &App) -> Result<()> {
    let (db, now) = (&app.db, app.clock.now());
    for (_, outcome) in noted(app).await {
        outcome?;
    }
    applications::announce(db, now).await?;
    applications::forget(db, now).await?;
    features::mark_overdue(db, now).await?;
    metrics::forget(db, now, days(app)).await?;
    journal::forget(db, now, &app.journal_rules()).await?;
    signals::forget(db, now).await?;
    login_history::forget(db, now).await
}

/// What was noted and is not written yet, as far as the database takes it: the server ends.
pub async fn write_what_is_noted(app: &App) {
    for (what, outcome) in noted(app).await {
        report(what, outcome);
    }
}

/// Writes everything that is noted first and written later; what came of each.
async fn noted(app: &App) -> [(&'static str, Result<()>); 6] {
    let db = &app.db;
    [
        ("writing calls of identity providers", app.journal.write(db, &app.journal_rules()).await),
        ("writing when people were last seen", app.seen.write(db).await),
        ("writing when provisioning tokens were used", app.token_uses.write(db).await),
        ("writing which applications there are", app.registrations.write(db).await),
        ("writing how often flags were used", write_usage(app).await),
        ("writing when flags were last used", write_sightings(app).await),
    ]
}

/// Writes sightings, and forgets quiet counters and old sign-ins.
async fn keep_house(app: &App) {
    while turn(app, 15).await {
        app.throttle.forget_the_quiet();
        app.paces.forget_the_quiet();
        report("forgetting old sign-ins", login_history::forget(&app.db, app.clock.now()).await);
        report("writing when people were last seen", app.seen.write(&app.db).await);
        report("writing when provisioning tokens were used", app.token_uses.write(&app.db).await);
        report("writing which applications there are", app.registrations.write(&app.db).await);
    }
}

async fn mark_overdue_flags(app: &App) {
    while turn(app, 60).await {
        report("marking flags as potentially stale", features::mark_overdue(&app.db, app.clock.now()).await);
    }
}

/// Writes how often flags were used.
async fn count(app: &App) {
    while turn(app, 5).await {
        report("writing how often flags were used", write_usage(app).await);
    }
}

/// Writes what was counted since the last time.
async fn write_usage(app: &App) -> Result<()> {
    app.usage.write(&app.db, |flag, application, yes, no| app.metrics.usage(flag, application, yes, no)).await
}

/// Writes when flags were last used, and what came of it.
async fn sight(app: &App) {
    while turn(app, 30).await {
        report("writing when flags were last used", write_sightings(app).await);
    }
}

/// Forgets what was counted long ago.
async fn forget_counts(app: &App) {
    while turn(app, 60).await {
        let now = app.clock.now();
        app.impact.forget_the_quiet(now);
        app.custom.forget_the_quiet(now);
        report("forgetting how often flags were used", metrics::forget(&app.db, now, days(app)).await);
    }
}

/// How long the counts of days are kept.
fn days(app: &App) -> u64 {
    app.config.daily_metrics_storage_days.min(MOST_DAYS)
}

/// Writes when flags were last used, as far as [`write_usage`] came.
async fn write_sightings(app: &App) -> Result<()> {
    for (stage, flags) in app.usage.write_sightings(&app.db, app.clock.now()).await? {
        app.metrics.entered(stage, flags);
    }
    Ok(())
}

/// Writes what identity providers asked for.
async fn keep_journal(app: &App) {
    while turn(app, 1).await {
        report("writing calls of identity providers", app.journal.write(&app.db, &app.journal_rules()).await);
    }
}

/// Forgets old calls, and tells the log of events whose identity provider has gone silent.
async fn tend_journal(app: &App) {
    while turn(app, 60).await {
        let (db, now) = (&app.db, app.clock.now());
        report("forgetting old calls", journal::forget(db, now, &app.journal_rules()).await);
        report("listening for identity providers", silence::tell(db, now).await);
        report("forgetting old answers", signals::forget(db, now).await);
    }
}

/// Tells receivers what happened to provisioned people and groups.
async fn push_events(app: &App) {
    let issuer = app.config.url();
    let push = Push {
        db: &app.db,
        entropy: &app.entropy,
        clock: &app.clock,
        outbound: &app.outbound,
        issuer: &issuer,
        stopping: &app.stopping,
    };
    push.run().await;
}

/// Tells the log of events about new applications, and forgets quiet ones, and what they were answered.
async fn tend_applications(app: &App) {
    while turn(app, 60).await {
        let now = app.clock.now();
        app.published.forget_the_quiet();
        report("announcing applications", applications::announce(&app.db, now).await);
        report("forgetting quiet applications", applications::forget(&app.db, now).await);
    }
}

/// Waits for the next turn. False: the server stops, there is none.
async fn turn(app: &App, seconds: u64) -> bool {
    tokio::select! {
        () = app.stopping.cancelled() => false,
        () = tokio::time::sleep(Duration::from_secs(seconds)) => true,
    }
}

fn report(what: &str, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "a job failed: {what}");
    }
}
