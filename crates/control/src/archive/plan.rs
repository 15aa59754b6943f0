//! What may go. Pure: the recordings, the bounds and the time come in, names come out.

use model::{SessionId, Timestamp};

use super::settings::{Local, Retention};

/// A recording, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) id: SessionId,
    /// When its session ended.
    pub(super) ended: Timestamp,
    pub(super) bytes: u64,
    /// Whether a verified copy is in the object store.
    pub(super) uploaded: bool,
    /// Whether there is a copy on this machine.
    pub(super) local: bool,
    /// Whether a legal hold lies on it.
    pub(super) held: bool,
}

/// Why a recording is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Age,
    Size,
}

impl Why {
    /// As the audit log says it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Size => "size",
        }
    }
}

/// What retention deletes, everywhere. `oldest` are the oldest recordings, by when they ended, and
/// `total` is how long all there are are together. With an object store, `away` is true, and what is
/// not in it yet stays; without one, what is in one that was stays, for it cannot be deleted there.
pub(super) fn expired(
    oldest: &[Kept],
    total: u64,
    bounds: Retention,
    away: bool,
    now: Timestamp,
) -> Vec<(SessionId, Why)> {
    let mut left = total;
    let mut doomed = Vec::new();
    for kept in oldest {
        if kept.held || away != kept.uploaded {
            continue;
        }
        let old = bounds.age.is_some_and(|age| kept.ended.plus(age) <= now);
        let much = bounds.size.is_some_and(|size| left > size);
        let why = match (old, much) {
            (true, _) => Why::Age,
            (false, true) => Why::Size,
            (false, false) => continue,
        };
        left = left.saturating_sub(kept.bytes);
        doomed.push((kept.id, why));
    }
    doomed
}

/// Whose copy on this machine is no longer needed. `oldest` are the oldest recordings that have one, and
/// `total` is how long all of these are together. A hold does not matter: the object stays.
pub(super) fn superfluous(
    oldest: &[Kept],
    total: u64,
    bounds: Local,
    now: Timestamp,
) -> Vec<SessionId> {
    let mut left = total;
    let mut leave = Vec::new();
    for kept in oldest.iter().filter(|kept| kept.local && kept.uploaded) {
        if kept.ended.plus(bounds.keep) <= now || left > bounds.max {
            left = left.saturating_sub(kept.bytes);
            leave.push(kept.id);
        }
    }
    leave
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: u64 = 86_400;

    fn id(number: u64) -> SessionId {
        SessionId::new(Timestamp::from_secs(number), u128::from(number))
    }

    /// Ended on day `number`, ten bytes long, in both places.
    fn kept(number: u64) -> Kept {
        Kept {
            id: id(number),
            ended: Timestamp::from_secs(number * DAY),
            bytes: 10,
            uploaded: true,
            local: true,
            held: false,
        }
    }

    fn day(number: u64) -> Timestamp {
        Timestamp::from_secs(number * DAY)
    }

    fn days(number: u64) -> Duration {
        Duration::from_secs(number * DAY)
    }

    fn five() -> Vec<Kept> {
        (1..=5).map(kept).collect()
    }

    #[test]
    fn without_bounds_nothing_is_ever_deleted() {
        assert_eq!(expired(&five(), u64::MAX, Retention::default(), true, day(1_000_000)), []);
    }

    #[test]
    fn what_is_as_old_as_the_bound_goes_and_nothing_younger() {
        let bounds = Retention { age: Some(days(10)), size: None };
        let gone = |now| expired(&five(), 50, bounds, true, now);
        assert_eq!(gone(day(10)), []);
        assert_eq!(gone(day(12)), [(id(1), Why::Age), (id(2), Why::Age)]);
        assert_eq!(gone(Timestamp::from_secs(11 * DAY - 1)), []);
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        for (size, expected) in [(50, 0), (49, 1), (40, 1), (39, 2), (0, 5)] {
            let bounds = Retention { age: None, size: Some(size) };
            let gone = expired(&five(), 50, bounds, true, day(6));
            let expected: Vec<_> = (1..=expected).map(|number| (id(number), Why::Size)).collect();
            assert_eq!(gone, expected, "{size}");
        }
    }

    #[test]
    fn what_age_deletes_counts_for_size() {
        let bounds = Retention { age: Some(days(10)), size: Some(30) };
        let gone = expired(&five(), 50, bounds, true, day(12));
        assert_eq!(gone, [(id(1), Why::Age), (id(2), Why::Age)]);
    }

    #[test]
    fn a_held_recording_stays_and_a_younger_one_goes_in_its_place() {
        let mut all = five();
        all[0].held = true;
        let bounds = Retention { age: Some(days(10)), size: Some(40) };
        assert_eq!(expired(&all, 50, bounds, true, day(11)), [(id(2), Why::Size)]);
        let bounds = Retention { age: Some(days(1)), size: Some(0) };
        let gone = expired(&all, 50, bounds, true, day(1000));
        assert_eq!(gone.len(), 4);
        assert!(gone.iter().all(|(gone, _)| *gone != id(1)));
    }

    #[test]
    fn what_is_not_uploaded_stays_where_there_is_an_object_store() {
        let mut all = five();
        all[0].uploaded = false;
        let bounds = Retention { age: Some(days(1)), size: None };
        assert_eq!(expired(&all, 50, bounds, true, day(3)), [(id(2), Why::Age)]);
        assert_eq!(expired(&all, 50, bounds, false, day(3)), [(id(1), Why::Age)]);
    }

    #[test]
    fn a_recording_from_the_future_is_not_old() {
        let bounds = Retention { age: Some(days(1)), size: None };
        assert_eq!(expired(&[kept(100)], 10, bounds, true, day(3)), []);
    }

    #[test]
    fn local_copies_leave_by_age_and_by_size_once_they_are_uploaded() {
        let bounds = |keep, max| Local { keep: days(keep), max };
        let mut all = five();
        all[1].uploaded = false;
        all[2].held = true;
        assert_eq!(superfluous(&all, 50, bounds(100, 50), day(6)), []);
        assert_eq!(superfluous(&all, 50, bounds(100, 35), day(6)), [id(1), id(3)]);
        assert_eq!(superfluous(&all, 50, bounds(3, 50), day(6)), [id(1), id(3)]);
        assert_eq!(superfluous(&all, 50, bounds(0, 0), day(6)), [id(1), id(3), id(4), id(5)]);
    }
}
