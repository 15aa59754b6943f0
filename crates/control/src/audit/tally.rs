use std::collections::BTreeMap;
use std::time::Duration;

/// How long what happens again and again is summed up before it is written again.
pub(crate) const SPAN: Duration = Duration::from_secs(60);

/// Sums up what may come in floods: the first of its kind is due at once, those that follow within a
/// minute are one. Bounded: beyond so many kinds the rest are only counted. Time is an argument.
pub(crate) struct Tally<K, V> {
    most: usize,
    kinds: BTreeMap<K, Sum<V>>,
    others: u64,
    others_after: Duration,
}

struct Sum<V> {
    count: u64,
    last: V,
    /// Not before.
    due: Duration,
}

/// What is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due<K, V> {
    /// So many of a kind, and the last of them.
    Kind(K, V, u64),
    /// So many of kinds there was no room for.
    Others(u64),
}

impl<K: Ord + Clone, V: Clone> Tally<K, V> {
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, kinds: BTreeMap::new(), others: 0, others_after: Duration::ZERO }
    }

    pub(crate) fn note(&mut self, kind: K, last: V, now: Duration) {
        let full = self.kinds.len() >= self.most;
        match self.kinds.get_mut(&kind) {
            Some(sum) => (sum.count, sum.last) = (sum.count.saturating_add(1), last),
            None if full => self.others = self.others.saturating_add(1),
            None => {
                self.kinds.insert(kind, Sum { count: 1, last, due: now });
            }
        }
    }

    /// What is due now, and everything when `all`. It is counted anew from here on; give back what
    /// could not be written ([`Self::give_back`]).
    pub(crate) fn take(&mut self, now: Duration, all: bool) -> Vec<Due<K, V>> {
        let mut due = Vec::new();
        self.kinds.retain(|kind, sum| {
            if sum.due > now && !all {
                return true;
            }
            if sum.count == 0 {
                return false;
            }
            let count = std::mem::take(&mut sum.count);
            sum.due = now.saturating_add(SPAN);
            due.push(Due::Kind(kind.clone(), sum.last.clone(), count));
            true
        });
        if self.others > 0 && (all || now >= self.others_after) {
            self.others_after = now.saturating_add(SPAN);
            due.push(Due::Others(std::mem::take(&mut self.others)));
        }
        due
    }

    /// What was taken and could not be written.
    pub(crate) fn give_back(&mut self, due: Vec<Due<K, V>>) {
        for one in due {
            match one {
                Due::Kind(kind, last, count) => match self.kinds.get_mut(&kind) {
                    Some(sum) => sum.count = sum.count.saturating_add(count),
                    None => {
                        self.kinds.insert(kind, Sum { count, last, due: Duration::ZERO });
                    }
                },
                Due::Others(count) => self.others = self.others.saturating_add(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_is_due_at_once_and_a_flood_is_one_a_minute() {
        let mut tally = Tally::new(8);
        tally.note("a", 1, at(100));
        assert_eq!(tally.take(at(100), false), [Due::Kind("a", 1, 1)]);
        for number in 0..1000 {
            tally.note("a", number, at(101));
        }
        assert_eq!(tally.take(at(159), false), []);
        assert_eq!(tally.take(at(160), false), [Due::Kind("a", 999, 1000)]);
        assert_eq!(tally.take(at(219), false), []);
        assert_eq!(tally.take(at(221), false), [], "a quiet kind is forgotten");
        assert!(tally.kinds.is_empty());
    }

    #[test]
    fn beyond_its_bound_the_rest_share_one_line() {
        let mut tally = Tally::new(2);
        for kind in 0..100 {
            tally.note(kind, (), at(0));
        }
        let due = tally.take(at(0), false);
        assert_eq!(due, [Due::Kind(0, (), 1), Due::Kind(1, (), 1), Due::Others(98)]);
        tally.note(7, (), at(1));
        assert_eq!(tally.take(at(2), false), []);
        assert_eq!(tally.take(at(2), true), [Due::Others(1)]);
    }

    #[test]
    fn what_could_not_be_written_is_not_forgotten() {
        let mut tally = Tally::new(2);
        tally.note("a", 1, at(0));
        let due = tally.take(at(0), false);
        tally.note("a", 2, at(1));
        tally.give_back(due);
        assert_eq!(tally.take(at(60), false), [Due::Kind("a", 2, 2)]);
    }
}
