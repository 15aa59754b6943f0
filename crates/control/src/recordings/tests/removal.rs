//! What was removed stays removed, whatever the journals still hold of it.

use super::*;

/// A session that is over, with one command in it.
fn over(house: &House, number: u64) -> SessionId {
    let (id, mut recorder) = house.begin(head(number, "erin", "orders"));
    recorder.record(NOON, &command(1)).unwrap();
    commit(&mut recorder).unwrap();
    recorder.record(NOON, &finished(1)).unwrap();
    recorder.close(left()).unwrap();
    until(|| house.recordings.take_finished().contains(&id));
    id
}

#[test]
fn a_recording_that_was_removed_is_not_put_back_from_the_journal() {
    let house = house();
    house.recordings.take_finished();
    let (gone, kept) = (over(&house, 1), over(&house, 2));
    house.recordings.remove(&[gone]).unwrap();
    assert!(!house.recordings.own_path(gone).exists());
    assert!(matches!(house.recordings.get(gone), Err(RecordingsError::NoSuch(_))));
    let House { recordings, now, folder } = house;
    // As after a crash in the middle of a removal: the journal has it, the file is still there.
    let path = recordings.own_path(gone);
    drop(recordings);
    fs::write(&path, b"some of it").unwrap();
    let recordings = open(&folder, &now).unwrap();
    assert!(!path.exists());
    assert_eq!(recordings.list(&Filter::default()).unwrap().len(), 1);
    assert_eq!(recordings.verify(kept).unwrap().state, State::Closed);
}

#[test]
fn a_recording_is_told_of_when_it_is_on_the_disk_to_its_end() {
    let house = house();
    assert_eq!(house.recordings.take_finished(), []);
    let (id, recorder) = house.begin(head(1, "erin", "orders"));
    house.recordings.settle();
    assert_eq!(house.recordings.take_finished(), []);
    assert!(house.recordings.live_bytes() > 0);
    recorder.close(left()).unwrap();
    let mut told = Vec::new();
    until(|| {
        told.extend(house.recordings.take_finished());
        !told.is_empty()
    });
    assert_eq!(told, [id]);
    assert_eq!(house.recordings.live_bytes(), 0);
    assert_eq!(house.recordings.take_finished(), []);
}

#[test]
fn while_recordings_are_refused_nothing_is_let_in_and_what_is_said_is_kept() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    house.recordings.refuse(Some("there is no room".into()));
    assert!(recorder.ready().unwrap_err().0.contains("no room"));
    for evidence in [Evidence::Buffered, Evidence::Strict] {
        assert!(recorder.commit(evidence).is_err());
    }
    assert!(Ledger::open(&house.recordings, head(2, "erin", "orders")).is_err());
    recorder.record(NOON, &command(1)).unwrap();
    house.recordings.refuse(None);
    recorder.ready().unwrap();
    commit(&mut recorder).unwrap();
    assert_eq!(house.on_disk(id).last(), Some(&command(1)));
    assert!(Ledger::open(&house.recordings, head(3, "erin", "orders")).is_ok());
}
