//! What time it is for deleting. A clock that was set wrong must not make a year of evidence old.
//!
//! The date is believed as far as time was seen to pass. One that leaps ahead by more than an hour, while
//! the gateway runs or while it does not, is believed after a day in which it stayed ahead; until then
//! time goes on from where it was. One that is set back is believed at once: it only makes things younger.

use std::time::Duration;

use model::Timestamp;

/// A date may be so far ahead of the time that was seen to pass.
const LEAP: Duration = Duration::from_secs(3600);
/// A date that stayed ahead for so long is right.
const BELIEVED: Duration = Duration::from_secs(86_400);

/// The time as far as it was seen to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reckoning {
    /// The last date that was believed, and what has passed since.
    pub(super) seen: Timestamp,
    /// For how long the date has been ahead by more than that explains.
    pub(super) doubted: Duration,
    /// When that was, on a clock that only ever grows.
    at: Duration,
}

impl Reckoning {
    /// Goes on from what was seen by an earlier process.
    pub(super) const fn resume(seen: Timestamp, doubted: Duration, uptime: Duration) -> Self {
        Self { seen, doubted, at: uptime }
    }

    /// Whether the date is not believed just now.
    pub(super) const fn doubts(&self) -> bool {
        !self.doubted.is_zero()
    }

    /// The time to reckon with, now that the date is `date`.
    pub(super) fn pass(&mut self, date: Timestamp, uptime: Duration) -> Timestamp {
        let passed = uptime.saturating_sub(self.at);
        self.at = uptime;
        let expected = self.seen.plus(passed);
        if date > expected.plus(LEAP) {
            // Never zero while it lasts, so that it can be told.
            self.doubted += passed.max(Duration::from_micros(1));
            if self.doubted < BELIEVED {
                self.seen = expected;
                return expected;
            }
        }
        self.doubted = Duration::ZERO;
        let set_back = expected > date.plus(LEAP);
        self.seen = if set_back { expected } else { date };
        date
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;
    const START: u64 = 1_800_000_000;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(START + seconds)
    }

    fn up(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn fresh() -> Reckoning {
        Reckoning::resume(at(0), Duration::ZERO, up(0))
    }

    #[test]
    fn time_that_was_seen_to_pass_is_believed() {
        let mut time = fresh();
        for minute in 1..10_000 {
            // A clock that is corrected by a second every minute is still a clock.
            let date = at(minute * 61);
            assert_eq!(time.pass(date, up(minute * 60)), date);
            assert!(!time.doubts());
        }
    }

    #[test]
    fn a_year_at_once_is_not_believed_until_it_stood_for_a_day() {
        let year = 365 * 24 * HOUR;
        let mut time = fresh();
        for hour in 1..24 {
            let believed = time.pass(at(year + hour * HOUR), up(hour * HOUR));
            assert_eq!(believed, at(hour * HOUR), "{hour}");
            assert!(time.doubts());
        }
        assert_eq!(time.pass(at(year + 24 * HOUR), up(24 * HOUR)), at(year + 24 * HOUR));
        assert!(!time.doubts());
    }

    #[test]
    fn a_leap_that_is_taken_back_leaves_nothing_behind() {
        let mut time = fresh();
        time.pass(at(1_000_000), up(10));
        assert!(time.doubts());
        assert_eq!(time.pass(at(20), up(20)), at(20));
        assert!(!time.doubts());
        // The doubt of the first leap does not count for the second.
        time.pass(at(1_000_000), up(20 + 23 * HOUR));
        assert!(time.doubts());
    }

    #[test]
    fn the_doubt_outlives_the_process() {
        let mut time = Reckoning::resume(at(0), up(23 * HOUR), up(0));
        assert_eq!(time.pass(at(10_000_000), up(60)), at(60));
        assert_eq!(time.pass(at(10_000_000), up(HOUR + 60)), at(10_000_000));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_things_younger_and_may_return() {
        let mut time = Reckoning::resume(at(1_000_000), Duration::ZERO, up(0));
        assert_eq!(time.pass(at(10), up(10)), at(10));
        assert_eq!(time.pass(at(1_000_020), up(20)), at(1_000_020));
        assert!(!time.doubts());
    }
}
