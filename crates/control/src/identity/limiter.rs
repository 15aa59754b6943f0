//! Failed logins, counted per address in bounded memory. Pure: time is an argument.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// How many failures an address may have before it must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures within the window that are still free.
    pub failures: u32,
    /// How long a failure counts.
    pub window: Duration,
    /// The first wait; each failure after it doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failures: 10,
            window: Duration::from_secs(60),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(900),
        }
    }
}

/// As many addresses as are remembered at once; beyond it the one that failed longest ago is forgotten.
const MOST: usize = 65_536;

/// Counts failures per address. An IPv6 client has a whole /64 to come from, so that is what is
/// counted. A success forgives nothing: it may be the attacker's own account.
pub(super) struct Limiter {
    limits: Limits,
    most: usize,
    entries: HashMap<IpAddr, Entry>,
    /// Addresses in the order of their entries' first failures.
    order: VecDeque<(IpAddr, Duration)>,
}

struct Entry {
    since: Duration,
    last: Duration,
    failures: u32,
    waits: u32,
    blocked_until: Duration,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, most: MOST, entries: HashMap::new(), order: VecDeque::new() }
    }

    /// How long this address has to wait before it may try at all.
    pub(super) fn wait(&self, from: IpAddr, now: Duration) -> Option<Duration> {
        let entry = self.entries.get(&network(from))?;
        (entry.blocked_until > now).then(|| entry.blocked_until.saturating_sub(now))
    }

    /// Counts a failure. Answers with the wait it brings, if it brings one.
    pub(super) fn failed(&mut self, from: IpAddr, now: Duration) -> Option<Duration> {
        let network = network(from);
        if !self.entries.contains_key(&network) {
            self.make_room(now);
            self.order.push_back((network, now));
        }
        let limits = self.limits;
        let entry = self.entries.entry(network).or_insert(Entry {
            since: now,
            last: now,
            failures: 0,
            waits: 0,
            blocked_until: Duration::ZERO,
        });
        if now.saturating_sub(entry.last) >= forgotten_after(&limits) {
            (entry.failures, entry.waits, entry.since) = (0, 0, now);
        } else if entry.waits == 0 && now.saturating_sub(entry.since) >= limits.window {
            (entry.failures, entry.since) = (0, now);
        }
        entry.last = now;
        entry.failures = entry.failures.saturating_add(1);
        if entry.failures < limits.failures {
            return None;
        }
        let doubled = 2u32.saturating_pow(entry.waits.min(30));
        let wait = limits.first_wait.saturating_mul(doubled).min(limits.longest_wait);
        entry.waits = entry.waits.saturating_add(1);
        entry.blocked_until = now + wait;
        Some(wait)
    }

    fn make_room(&mut self, now: Duration) {
        let forgotten = forgotten_after(&self.limits);
        while let Some((network, _)) = self.order.front().copied() {
            let stale = self
                .entries
                .get(&network)
                .is_none_or(|entry| now.saturating_sub(entry.last) >= forgotten);
            if !stale && self.entries.len() < self.most {
                break;
            }
            self.order.pop_front();
            self.entries.remove(&network);
        }
    }
}

/// A quiet address starts anew after this.
fn forgotten_after(limits: &Limits) -> Duration {
    limits.longest_wait.max(limits.window)
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn fail(limiter: &mut Limiter, from: &str, times: u32, now: u64) -> Option<Duration> {
        (0..times).map(|_| limiter.failed(from.parse().unwrap(), at(now))).last().flatten()
    }

    #[test]
    fn ten_failures_in_a_minute_bring_a_wait_that_doubles() {
        let mut limiter = Limiter::new(Limits::default());
        let from = "192.0.2.1".parse().unwrap();
        assert_eq!(fail(&mut limiter, "192.0.2.1", 9, 0), None);
        assert_eq!(limiter.wait(from, at(0)), None);
        for (now, wait) in [(0, 5), (5, 10), (15, 20), (35, 40), (75, 80)] {
            assert_eq!(limiter.failed(from, at(now)), Some(at(wait)), "at {now}");
            assert_eq!(limiter.wait(from, at(now)), Some(at(wait)));
            assert_eq!(limiter.wait(from, at(now + wait)), None);
        }
        for _ in 0..100 {
            assert!(limiter.failed(from, at(200)).unwrap() <= at(900));
        }
    }

    #[test]
    fn slow_failures_and_quiet_addresses_do_not_wait() {
        let mut limiter = Limiter::new(Limits::default());
        for minute in 0..20 {
            assert_eq!(fail(&mut limiter, "192.0.2.1", 9, minute * 60), None, "{minute}");
        }
        assert!(fail(&mut limiter, "192.0.2.2", 30, 0).is_some());
        assert_eq!(fail(&mut limiter, "192.0.2.2", 9, 1000), None);
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_others_are_not_harmed() {
        let mut limiter = Limiter::new(Limits::default());
        for host in 0..10 {
            fail(&mut limiter, &format!("2001:db8:1:2::{host:x}"), 1, 0);
        }
        for (address, waits) in
            [("2001:db8:1:2:ffff::1", true), ("2001:db8:1:3::1", false), ("192.0.2.1", false)]
        {
            assert_eq!(limiter.wait(address.parse().unwrap(), at(1)).is_some(), waits, "{address}");
        }
        fail(&mut limiter, "::ffff:192.0.2.9", 10, 0);
        assert!(limiter.wait("192.0.2.9".parse().unwrap(), at(1)).is_some());
    }

    #[test]
    fn memory_is_bounded_however_many_addresses_fail() {
        let mut limiter = Limiter::new(Limits::default());
        limiter.most = 100;
        for host in 0..10_000u32 {
            limiter.failed(IpAddr::V4(host.into()), at(0));
        }
        assert!(limiter.entries.len() <= 100 && limiter.order.len() <= 100);
    }
}
