//! What stands under the names a client gives, while the server may still refuse to put it there.
//!
//! A pipeline gives and drops names without waiting for answers, and an error makes the server skip
//! what follows up to the next Sync. So each change is kept beside what stood there before until its
//! answer is there: one that failed is taken out, and those that came after it stay.

use std::collections::VecDeque;
use std::collections::vec_deque::Iter;
use std::iter::Rev;
use std::sync::Arc;

use bytes::Bytes;
use rustc_hash::FxHashMap;

/// Counts the parts of a session that the server answers with a ReadyForQuery each. An error goes no
/// further than the part it happens in.
pub(super) type Segment = u64;

/// One change of one name. It ends by being kept, taken back, or forgotten.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    name: Bytes,
    number: u64,
}

/// All names of one kind.
pub(super) struct Shelf<T> {
    places: FxHashMap<Bytes, Place<T>>,
    changes: u64,
}

struct Place<T> {
    settled: Settled<T>,
    pending: VecDeque<Pending<T>>,
}

enum Settled<T> {
    Absent,
    Is(Arc<T>),
    /// The server knows, and has not said.
    Unknown,
}

struct Pending<T> {
    number: u64,
    segment: Segment,
    value: Option<Arc<T>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { places: FxHashMap::default(), changes: 0 }
    }
}

impl<T> Place<T> {
    const fn new() -> Self {
        Self { settled: Settled::Absent, pending: VecDeque::new() }
    }

    fn is_empty(&self) -> bool {
        self.pending.is_empty() && matches!(self.settled, Settled::Absent)
    }
}

impl<T> Shelf<T> {
    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn contains(&self, name: &[u8]) -> bool {
        self.places.contains_key(name)
    }

    /// What the name stands for once everything sent so far is done.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Arc<T>> {
        let place = self.places.get(name)?;
        match (place.pending.back(), &place.settled) {
            (Some(last), _) => last.value.as_ref(),
            (None, Settled::Is(value)) => Some(value),
            (None, Settled::Absent | Settled::Unknown) => None,
        }
    }

    /// Whether an answer has to come before it is known what the name stands for in the segment `now`:
    /// a change made in an earlier one may yet fail, and leave what stood there before it. A change
    /// of this same segment that fails takes with it what follows in it.
    pub(super) fn is_in_doubt(&self, name: &[u8], now: Segment) -> bool {
        let Some(place) = self.places.get(name) else { return false };
        let mut changes = place.pending.iter().rev();
        let before = |mut rest: Rev<Iter<'_, Pending<T>>>| {
            !matches!(place.settled, Settled::Absent) || rest.any(|one| one.value.is_some())
        };
        changes.next().is_some_and(|last| last.segment < now && before(changes))
    }

    /// The name is given, or dropped.
    pub(super) fn put(&mut self, name: &[u8], value: Option<Arc<T>>, segment: Segment) -> Change {
        self.changes += 1;
        let number = self.changes;
        // The name is copied: it is a slice of a read buffer, which must not live as long.
        let name = Bytes::copy_from_slice(name);
        let place = match self.places.get_mut(&name) {
            Some(place) => place,
            None => self.places.entry(name.clone()).or_insert_with(Place::new),
        };
        place.pending.push_back(Pending { number, segment, value });
        Change { name, number }
    }

    /// Every name but the unnamed one is dropped.
    pub(super) fn drop_named(&mut self, segment: Segment) -> Vec<Change> {
        let names: Vec<_> = self.places.keys().filter(|name| !name.is_empty()).cloned().collect();
        names.iter().map(|name| self.put(name, None, segment)).collect()
    }

    /// The server made the change. Answers come in order: what was changed before it is settled too.
    pub(super) fn keep(&mut self, change: &Change) {
        let Some(place) = self.places.get_mut(&change.name) else { return };
        while let Some(one) = place.pending.pop_front_if(|one| one.number <= change.number) {
            place.settled = one.value.map_or(Settled::Absent, Settled::Is);
        }
        self.sweep(&change.name);
    }

    /// The server did not make the change.
    pub(super) fn take_back(&mut self, change: &Change) {
        let Some(place) = self.places.get_mut(&change.name) else { return };
        place.pending.retain(|one| one.number != change.number);
        self.sweep(&change.name);
    }

    /// Whether the server made the change is not known: the name stands for nothing that is.
    pub(super) fn forget(&mut self, change: &Change) {
        let Some(place) = self.places.get_mut(&change.name) else { return };
        place.pending.retain(|one| one.number != change.number);
        place.settled = Settled::Unknown;
    }

    /// Every name is gone, and nothing is pending.
    pub(super) fn clear(&mut self) {
        // The unnamed one's place is used again at once.
        self.places.retain(|name, place| {
            place.settled = Settled::Absent;
            place.pending.clear();
            name.is_empty()
        });
    }

    fn sweep(&mut self, name: &Bytes) {
        if !name.is_empty() && self.places.get(name).is_some_and(Place::is_empty) {
            self.places.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(shelf: &Shelf<u8>, name: &[u8]) -> Option<u8> {
        shelf.get(name).map(|value| **value)
    }

    fn with(values: &[u8]) -> Shelf<u8> {
        let mut shelf = Shelf::default();
        for value in values {
            let change = shelf.put(b"s", Some(Arc::new(*value)), 0);
            shelf.keep(&change);
        }
        shelf
    }

    #[test]
    fn a_change_that_failed_leaves_a_later_one_in_place() {
        let mut shelf = with(&[1]);
        let failed = shelf.put(b"s", Some(Arc::new(2)), 1);
        let later = shelf.put(b"s", Some(Arc::new(3)), 2);
        shelf.take_back(&failed);
        assert_eq!(is(&shelf, b"s"), Some(3));
        shelf.take_back(&later);
        assert_eq!(is(&shelf, b"s"), Some(1));
    }

    #[test]
    fn only_what_stands_over_something_from_an_earlier_segment_is_in_doubt() {
        let mut shelf = Shelf::default();
        let first = shelf.put(b"s", Some(Arc::new(1)), 1);
        assert!(!shelf.is_in_doubt(b"s", 2), "it is this one or none");
        shelf.keep(&first);
        let second = shelf.put(b"s", Some(Arc::new(2)), 2);
        assert!(!shelf.is_in_doubt(b"s", 2));
        assert!(shelf.is_in_doubt(b"s", 3));
        let dropped = shelf.put(b"s", None, 3);
        assert!(shelf.is_in_doubt(b"s", 4));
        shelf.take_back(&second);
        shelf.keep(&dropped);
        assert!(!shelf.is_in_doubt(b"s", 4));
        assert_eq!((is(&shelf, b"s"), shelf.len()), (None, 0));
    }

    #[test]
    fn what_may_have_been_changed_is_not_known_until_it_is_given_again() {
        let mut shelf = with(&[1]);
        let change = shelf.put(b"s", None, 1);
        shelf.forget(&change);
        assert_eq!(is(&shelf, b"s"), None);
        let again = shelf.put(b"s", Some(Arc::new(2)), 2);
        assert!(shelf.is_in_doubt(b"s", 3), "it may fail, for there may be one");
        shelf.keep(&again);
        assert_eq!((is(&shelf, b"s"), shelf.is_in_doubt(b"s", 3)), (Some(2), false));
    }

    #[test]
    fn all_names_but_the_unnamed_are_dropped() {
        let mut shelf = with(&[1]);
        let change = shelf.put(b"", Some(Arc::new(2)), 0);
        shelf.keep(&change);
        for change in shelf.drop_named(1) {
            shelf.keep(&change);
        }
        assert_eq!((is(&shelf, b"s"), is(&shelf, b"")), (None, Some(2)));
        shelf.clear();
        assert_eq!(is(&shelf, b""), None);
    }
}
