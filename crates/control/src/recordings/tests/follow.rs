//! Sessions that are followed while they are recorded.

use super::*;

/// Everything there is now.
fn now(following: &mut Following) -> Vec<Event> {
    following.look();
    std::iter::from_fn(|| following.take()).map(|read| read.unwrap().1).collect()
}

#[test]
fn who_follows_a_session_sees_what_is_recorded_as_it_is_and_then_its_end() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    let mut following = house.recordings.follow(id).unwrap();
    assert!(matches!(now(&mut following)[..], [Event::Opened(_)]));
    for number in 1..=20 {
        recorder.record(NOON, &command(number)).unwrap();
        let mut seen = Vec::new();
        until(|| {
            seen.extend(now(&mut following));
            !seen.is_empty()
        });
        assert_eq!(seen, [command(number)]);
        assert!(!following.is_over());
        recorder.record(NOON, &finished(number)).unwrap();
        until(|| now(&mut following) == [finished(number)]);
    }
    recorder.close(left()).unwrap();
    assert_eq!(now(&mut following), [Event::Closed(left())]);
    assert!(following.is_over());
    assert!(following.take().is_none());
}

#[test]
fn a_session_that_nobody_closed_ends_what_follows_it() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    let mut following = house.recordings.follow(id).unwrap();
    now(&mut following);
    recorder.record(NOON, &command(1)).unwrap();
    drop(recorder);
    assert_eq!(now(&mut following), [command(1)]);
    assert!(following.is_over());
}

#[test]
fn a_session_that_is_over_is_followed_to_its_end_at_once() {
    let house = house();
    let (id, recorder) = house.begin(head(1, "erin", "orders"));
    recorder.close(left()).unwrap();
    let mut following = house.recordings.follow(id).unwrap();
    assert_eq!(now(&mut following).last(), Some(&Event::Closed(left())));
    assert!(following.is_over());
    let none = house.recordings.follow(SessionId::new(NOON, 99));
    assert!(matches!(none.err(), Some(RecordingsError::NoSuch(_))));
    assert_eq!(house.recordings.followers(), 1, "who could not follow does not count");
}

#[test]
fn a_large_event_is_seen_whole_or_not_yet() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    let mut following = house.recordings.follow(id).unwrap();
    now(&mut following);
    // Noise: what is written is as long as what was said.
    let noise = |seed: u8| -> Bytes {
        let mut bytes = vec![0; 3 << 20];
        blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
        bytes.into()
    };
    let bulk = move |seed| Event::Bulk { number: 1, to_client: true, data: noise(seed) };
    let writer = std::thread::spawn(move || {
        for seed in 0..8 {
            recorder.record(NOON, &bulk(seed)).unwrap();
        }
        recorder.close(left()).unwrap();
    });
    let mut seen = Vec::new();
    until(|| {
        seen.extend(now(&mut following));
        following.is_over()
    });
    writer.join().unwrap();
    assert_eq!(seen.len(), 9);
    for (seed, event) in (0..8).zip(&seen) {
        assert!(*event == bulk(seed), "{seed}");
    }
}

#[test]
fn only_so_many_follow_at_once() {
    let house = house();
    let (id, _recorder) = house.begin(head(1, "erin", "orders"));
    let mut all: Vec<_> = (0..256).map(|_| house.recordings.follow(id).unwrap()).collect();
    let more = house.recordings.follow(id);
    assert!(matches!(more.err(), Some(RecordingsError::TooManyFollow(256))));
    all.pop();
    assert!(house.recordings.follow(id).is_ok());
    drop(all);
    assert_eq!(house.recordings.followers(), 0);
}
