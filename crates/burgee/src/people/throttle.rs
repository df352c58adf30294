//! Slows down guessing, and clients that call without end, in memory.
//!
//! Tries to sign in are counted for one account from one address, for an address, and for an account wherever they come
//! from. What clients call is counted for each token.
//!
//! Who knows somebody's name can use up that person's tries from their own address only. The limit of the account as a
//! whole is there for guessing from many addresses; it is so high that one address alone cannot reach it.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{Error, Result};

/// How many times the tries for one account an address has for all.
const ACCOUNTS_OF_AN_ADDRESS: u32 = 5;
/// How many times the tries from one address an account has from all.
const ADDRESSES_OF_AN_ACCOUNT: u32 = 10;
/// How many counters there are of a kind. Keys are spread over them by a hash that nobody outside can predict: memory is
/// bounded whatever names are tried, and two keys that share a counter are a rare accident.
const COUNTERS: u64 = 1 << 18;

/// The limits of one server.
pub struct Throttle {
    pairs: DefaultKeyedRateLimiter<u64>,
    addresses: DefaultKeyedRateLimiter<u64>,
    accounts: DefaultKeyedRateLimiter<u64>,
    resets: DefaultKeyedRateLimiter<u64>,
    machines: DefaultKeyedRateLimiter<u64>,
    clock: DefaultClock,
    spread: RandomState,
}

impl Throttle {
    /// `sign_ins` tries a minute for one account from one address; five times as many from one address, and ten times
    /// as many for one account, in all; as many from one address again for machines. `resets` mails a minute from one address. Zero means no limit.
    pub fn new(sign_ins: u32, resets: u32) -> Self {
        Self {
            pairs: limiter(sign_ins),
            addresses: limiter(sign_ins.saturating_mul(ACCOUNTS_OF_AN_ADDRESS)),
            accounts: limiter(sign_ins.saturating_mul(ADDRESSES_OF_AN_ACCOUNT)),
            resets: limiter(resets),
            machines: limiter(sign_ins.saturating_mul(ACCOUNTS_OF_AN_ADDRESS)),
            clock: DefaultClock::default(),
            spread: RandomState::new(),
        }
    }

    /// Counts one try to sign in. One that an earlier limit refuses does not count for the later ones.
    pub fn sign_in(&self, ip: Option<&str>, account: &str) -> Result<()> {
        let (address, account) = (network(ip), burgee_scim::fold(account));
        self.count(&self.pairs, (&address, &account))?;
        self.count(&self.addresses, address)?;
        self.count(&self.accounts, &account)
    }

    /// Counts one try, from one address, to get in by something that no account stands behind.
    pub fn address(&self, ip: Option<&str>) -> Result<()> {
        self.count(&self.addresses, network(ip))
    }

    /// Counts one try of a machine to show who it is: so that those who share an address with one can still sign in.
    pub fn machine(&self, ip: Option<&str>) -> Result<()> {
        self.count(&self.machines, network(ip))
    }

    /// Counts one request for a reset link.
    pub fn reset(&self, ip: Option<&str>) -> Result<()> {
        self.count(&self.resets, network(ip))
    }

    /// Forgets addresses and accounts that have been quiet.
    pub fn forget_the_quiet(&self) {
        for limiter in [&self.pairs, &self.addresses, &self.accounts, &self.resets, &self.machines] {
            limiter.retain_recent();
        }
    }

    fn count(&self, limiter: &DefaultKeyedRateLimiter<u64>, key: impl Hash) -> Result<()> {
        count(limiter, self.spread.hash_one(key) % COUNTERS, &self.clock)
    }
}

/// What clients do again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A backend SDK tells that it starts.
    RegisterClient,
    /// A backend SDK tells what it counted.
    ClientMetrics,
    /// A frontend SDK tells that it starts.
    RegisterFrontend,
    /// A frontend SDK tells what it counted.
    FrontendMetrics,
}

/// How often a token may call, for each errand.
pub struct Paces {
    limiters: [DefaultKeyedRateLimiter<u64>; 4],
    clock: DefaultClock,
}

impl Paces {
    /// Calls a minute, in the order of [`Errand`]. Zero means no limit.
    pub fn new(per_minute: [u32; 4]) -> Self {
        Self { limiters: per_minute.map(limiter), clock: DefaultClock::default() }
    }

    /// Counts one call with the token of this number.
    pub fn count(&self, errand: Errand, token: i64) -> Result<()> {
        count(&self.limiters[errand as usize], token.unsigned_abs(), &self.clock)
    }

    /// Forgets tokens that have been quiet.
    pub fn forget_the_quiet(&self) {
        for limiter in &self.limiters {
            limiter.retain_recent();
        }
    }
}

/// What counts as one address: of IPv6, the network, because whoever has one address there has all of its 2^64.
fn network(ip: Option<&str>) -> Option<IpAddr> {
    match ip?.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V6(ip) => Some(IpAddr::V6((ip.to_bits() & (u128::MAX << 64)).into())),
        ip @ IpAddr::V4(_) => Some(ip),
    }
}

fn count(limiter: &DefaultKeyedRateLimiter<u64>, key: u64, clock: &DefaultClock) -> Result<()> {
    limiter
        .check_key(&key)
        .map_err(|until| Error::rate_limited(until.wait_time_from(clock.now()).as_secs().saturating_add(1)))
}

fn limiter(per_minute: u32) -> DefaultKeyedRateLimiter<u64> {
    RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many tries get through before one is refused.
    fn tries(throttle: &Throttle, ip: &str, account: &str) -> usize {
        (0..1000).take_while(|_| throttle.sign_in(Some(ip), account).is_ok()).count()
    }

    #[test]
    fn guessing_from_one_address_does_not_hold_up_the_person() {
        let throttle = Throttle::new(3, 1);
        assert_eq!(tries(&throttle, "203.0.113.7", "Ann"), 3);
        assert_eq!(tries(&throttle, "203.0.113.7", "ANN"), 0, "one account, however it is written");
        assert_eq!(tries(&throttle, "198.51.100.1", "ann"), 3);
    }

    #[test]
    fn an_account_and_an_address_have_limits_in_all() {
        let throttle = Throttle::new(3, 1);
        let from_everywhere: usize =
            (0..20).map(|n| tries(&throttle, &format!("203.0.113.{n}"), "ann")).sum();
        assert!((30..40).contains(&from_everywhere), "{from_everywhere}");
        let for_everybody: usize = (0..20).map(|n| tries(&throttle, "198.51.100.1", &format!("u{n}"))).sum();
        assert!((15..20).contains(&for_everybody), "{for_everybody}");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let throttle = Throttle::new(3, 1);
        assert_eq!(tries(&throttle, "2001:db8::1", "ann"), 3);
        assert_eq!(tries(&throttle, "2001:db8::ffff:2", "ann"), 0);
        assert_eq!(tries(&throttle, "2001:db8:0:1::1", "ann"), 3);
        assert_eq!(tries(&throttle, "203.0.113.7", "bob"), 3);
        assert_eq!(tries(&throttle, "::ffff:203.0.113.7", "bob"), 0, "the same IPv4 address");
    }

    #[test]
    fn each_token_has_its_own_pace_for_each_errand() {
        let paces = Paces::new([3, 2, 0, 1]);
        let calls = |errand, token| (0..100).take_while(|_| paces.count(errand, token).is_ok()).count();
        for token in [7, 8] {
            assert_eq!(calls(Errand::RegisterClient, token), 3);
            assert_eq!(calls(Errand::ClientMetrics, token), 2);
            assert_eq!(calls(Errand::RegisterFrontend, token), 100);
            assert_eq!(calls(Errand::FrontendMetrics, token), 1);
        }
    }

    #[test]
    fn machines_do_not_use_up_the_tries_of_people() {
        let throttle = Throttle::new(3, 1);
        let asked = (0..100).take_while(|_| throttle.machine(Some("203.0.113.7")).is_ok()).count();
        assert!((15..20).contains(&asked), "{asked}");
        assert_eq!(tries(&throttle, "203.0.113.7", "ann"), 3);
    }

    #[test]
    fn zero_lifts_the_limits() {
        let throttle = Throttle::new(0, 0);
        assert_eq!(tries(&throttle, "203.0.113.7", "ann"), 1000);
    }
}
