//! Slows down guessing: limits for each address and for each account, in memory.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{Error, Result};

/// The limits of one server.
pub struct Throttle {
    addresses: DefaultKeyedRateLimiter<String>,
    accounts: DefaultKeyedRateLimiter<String>,
    resets: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl Throttle {
    /// `sign_ins` tries a minute from one address, and as many for one account, wherever they come from;
    /// `resets` mails a minute. Zero means no limit.
    pub fn new(sign_ins: u32, resets: u32) -> Self {
        Self {
            addresses: limiter(sign_ins),
            accounts: limiter(sign_ins),
            resets: limiter(resets),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one try to sign in.
    pub fn sign_in(&self, ip: Option<&str>, account: &str) -> Result<()> {
        self.count(&self.addresses, ip.unwrap_or("unknown"))?;
        self.count(&self.accounts, &burgee_scim::fold(account))
    }

    /// Counts one try, from one address, to get in by something that no account stands behind.
    pub fn address(&self, ip: Option<&str>) -> Result<()> {
        self.count(&self.addresses, ip.unwrap_or("unknown"))
    }

    /// Counts one request for a reset link.
    pub fn reset(&self, ip: Option<&str>) -> Result<()> {
        self.count(&self.resets, ip.unwrap_or("unknown"))
    }

    /// Forgets addresses and accounts that have been quiet.
    pub fn forget_the_quiet(&self) {
        for limiter in [&self.addresses, &self.accounts, &self.resets] {
            limiter.retain_recent();
        }
    }

    fn count(&self, limiter: &DefaultKeyedRateLimiter<String>, key: &str) -> Result<()> {
        let key = key.chars().take(256).collect();
        limiter.check_key(&key).map_err(|until| {
            Error::rate_limited(until.wait_time_from(self.clock.now()).as_secs().saturating_add(1))
        })
    }
}

fn limiter(per_minute: u32) -> DefaultKeyedRateLimiter<String> {
    RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MAX)))
}
