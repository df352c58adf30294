//! What goes on after the story: applications report, and now and then somebody turns a flag on or off.

use std::time::Duration;

use super::caller::Caller;
use super::company::{DEALS, Flag, LIVE_MAP, PUSH, SCAN, VERBOSE};
use super::flags::{LIVE, STAGING};
use super::traffic::Traffic;
use crate::app::App;
use crate::error::Result;

/// How long applications wait between two reports.
pub const PAUSE: Duration = Duration::from_secs(10);
/// How many reports make an hour, at that pace.
const AN_HOUR: u32 = 360;
/// After how many reports somebody turns a flag on or off.
const EACH: u32 = 4;
/// After how many reports everybody goes home: a demo that is forgotten must not fill the disk.
const LAST: u32 = 8 * AN_HOUR;

/// Everybody who goes on.
pub(super) struct Live {
    pub(super) traffic: Traffic,
    /// Who turns which flag on and off where, and whether it is on now.
    pub(super) levers: Vec<Lever>,
}

pub(super) struct Lever {
    who: Caller,
    flag: Flag,
    environment: &'static str,
    on: bool,
}

impl Lever {
    /// Flags that nobody misses, as the story leaves them.
    pub(super) fn all(marit: &Caller, priya: &Caller, tomas: &Caller, jonas: &Caller) -> Vec<Self> {
        let lever = |who: &Caller, flag, environment, on| Self { who: who.clone(), flag, environment, on };
        vec![
            lever(priya, DEALS, LIVE, true),
            lever(tomas, PUSH, LIVE, true),
            lever(jonas, LIVE_MAP, STAGING, true),
            lever(marit, VERBOSE, LIVE, false),
            lever(tomas, SCAN, STAGING, true),
        ]
    }
}

impl Live {
    /// Goes on until the server stops.
    pub(super) async fn go_on(mut self, app: App, pause: Duration) {
        for turn in 1..=LAST {
            if app.stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            if let Err(error) = self.turn(&app, turn).await {
                tracing::warn!(?error, "the demo could not go on for a moment");
            }
        }
    }

    async fn turn(&mut self, app: &App, turn: u32) -> Result<()> {
        self.traffic.report(app.clock.now(), AN_HOUR).await?;
        if turn.is_multiple_of(EACH) && !self.levers.is_empty() {
            let place = usize::try_from(turn / EACH).unwrap_or_default() % self.levers.len();
            let lever = &mut self.levers[place];
            lever.flag.turn(&lever.who, !lever.on, lever.environment).await?;
            lever.on = !lever.on;
        }
        Ok(())
    }
}
