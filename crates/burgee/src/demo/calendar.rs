//! The days of the story: they lie behind, and pass as fast as they can be told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::traffic::Traffic;
use crate::app::App;
use crate::clock::{Clock, Time};
use crate::error::Result;
use crate::jobs;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The clock's hand. It only ever goes forward.
pub(super) struct Hand {
    behind: Arc<AtomicI64>,
}

impl Hand {
    /// A clock that stands at a time of day, in UTC, so many days ago.
    pub(super) fn on(days: u32, hour: u32, minute: u32) -> (Self, Clock) {
        let hand = Self { behind: Arc::default() };
        hand.go(moment(days, hour, minute));
        let clock = Clock::Behind(hand.behind.clone());
        (hand, clock)
    }

    fn go(&self, to: Time) {
        let behind = Clock::System.now().millis().saturating_sub(to.millis()).max(0);
        self.behind.store(behind, Ordering::SeqCst);
    }
}

fn moment(days: u32, hour: u32, minute: u32) -> Time {
    let now = Clock::System.now();
    let midnight = now.millis() - now.millis().rem_euclid(i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX));
    Time::from_millis(midnight).minus(DAY * days).plus(HOUR * hour + MINUTE * minute)
}

/// Time that passes for a server that does not serve yet, and for the applications that use it.
pub(super) struct Calendar {
    app: App,
    hand: Hand,
    pub(super) traffic: Traffic,
}

impl Calendar {
    pub(super) fn new(app: App, hand: Hand, traffic: Traffic) -> Self {
        Self { app, hand, traffic }
    }

    /// Goes on to a time of day, in UTC, so many days ago.
    pub(super) async fn on(&mut self, days: u32, hour: u32, minute: u32) -> Result<()> {
        self.pass(moment(days, hour, minute)).await
    }

    /// Goes on to so many minutes ago.
    pub(super) async fn ago(&mut self, minutes: u32) -> Result<()> {
        self.pass(Clock::System.now().minus(MINUTE * minutes)).await
    }

    /// Every hour applications report, and every night the server tidies up.
    async fn pass(&mut self, to: Time) -> Result<()> {
        let hour = i64::try_from(HOUR.as_millis()).unwrap_or(i64::MAX);
        loop {
            let now = self.app.clock.now();
            let next = Time::from_millis(now.millis() - now.millis().rem_euclid(hour) + hour);
            if next > to {
                break;
            }
            self.hand.go(next);
            self.app.published.refresh(&self.app.db).await?;
            self.traffic.report(next, 1).await?;
            if next.millis() / hour % 24 == 0 {
                jobs::round(&self.app).await?;
            }
        }
        if to > self.app.clock.now() {
            self.hand.go(to);
        }
        Ok(())
    }

    /// Comes to the present, from where the clock goes on by itself.
    pub(super) async fn arrive(mut self) -> Result<Traffic> {
        self.ago(0).await?;
        self.hand.behind.store(0, Ordering::SeqCst);
        self.app.published.refresh(&self.app.db).await?;
        self.traffic.report(self.app.clock.now(), 60).await?;
        jobs::round(&self.app).await?;
        Ok(self.traffic)
    }
}
