mod failures;
mod follow;
mod removal;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use evidence::{PublicKey, State};
use model::ports::{Ledger, OpenedSession, Recorder};
use model::{
    Ending, Event, Evidence, Identity, IdentityKind, Phase, SessionHead, SessionId, Timestamp,
    TokenId,
};
use tempfile::TempDir;

use super::*;
use crate::disk::Bounds;

const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);

struct House {
    recordings: Recordings,
    now: Arc<AtomicU64>,
    folder: TempDir,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicU64::new(NOON.as_micros()));
    let recordings = open(&folder, &now).unwrap();
    House { recordings, now, folder }
}

fn open(folder: &TempDir, now: &Arc<AtomicU64>) -> Result<Recordings, RecordingsError> {
    let now = Arc::clone(now);
    let clock = Clock::from_fn(move || Timestamp::from_micros(now.load(Ordering::Relaxed)));
    Recordings::open(folder.path(), keep(folder.path()), clock)
}

/// Bounds of its own would find the small disks of these tests full.
fn keep(data_dir: &Path) -> Keep {
    let disk = Disk::open(data_dir, Bounds { low_water: 0, reserve: 0 }).unwrap();
    Keep { master: None, readers: Readers::default(), disk: Arc::new(disk) }
}

fn head(number: u64, subject: &str, resource: &str) -> SessionHead {
    let opened = NOON.plus(Duration::from_secs(number));
    SessionHead {
        id: SessionId::new(opened, u128::from(number)),
        opened,
        identity: Identity {
            subject: subject.into(),
            groups: Vec::new(),
            kind: IdentityKind::User,
            provider: "sluice".into(),
            on_behalf_of: None,
            expires: None,
            token: Some(TokenId::new(NOON, u128::from(number))),
            only_resources: None,
        },
        source: "192.0.2.1:5".into(),
        client: None,
        resource: resource.into(),
        protocol: "postgres".into(),
        database: None,
        policies: Vec::new(),
    }
}

fn command(number: u64) -> Event {
    Event::Command {
        number,
        phase: Phase::Run,
        text: Bytes::from_static(b"select 1"),
        parameters: Arc::new([]),
        accesses: Arc::new([]),
        seen: None,
    }
}

fn finished(number: u64) -> Event {
    Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 1 }
}

fn left() -> Ending {
    Ending { at: NOON.plus(Duration::from_secs(60)), how: "the client left".into() }
}

/// Waits until what was recorded is where it must be.
fn commit(recorder: &mut Box<dyn Recorder>) -> Result<(), RecordError> {
    let Some(committing) = recorder.commit(Evidence::Strict)? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(committing)
}

/// Waits for what the scribe does; a test that it never does fails after a minute.
fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it never came to pass");
}

impl House {
    fn open(&self, head: SessionHead) -> OpenedSession {
        Ledger::open(&self.recordings, head).unwrap()
    }

    fn begin(&self, head: SessionHead) -> (SessionId, Box<dyn Recorder>) {
        (head.id, self.open(head).recorder)
    }

    fn on_disk(&self, id: SessionId) -> Vec<Event> {
        let path = self.recordings.path(id);
        replay_file(&path, self.recordings.keyring()).unwrap().map(|read| read.unwrap().1).collect()
    }
}

#[test]
fn a_strict_command_is_on_disk_when_commit_returns() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    assert_eq!(house.on_disk(id).len(), 1, "the opening frame");
    recorder.record(NOON, &command(1)).unwrap();
    commit(&mut recorder).unwrap();
    assert_eq!(house.on_disk(id).last(), Some(&command(1)));
}

#[test]
fn results_reach_the_disk_though_no_command_follows() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    recorder.record(NOON, &command(1)).unwrap();
    commit(&mut recorder).unwrap();
    recorder.record(NOON, &finished(1)).unwrap();
    until(|| house.on_disk(id).last() == Some(&finished(1)));
    until(|| {
        let report = house.recordings.verify(id).unwrap();
        report.state == State::Unfinished && report.signed.frames == 3
    });
    recorder.close(left()).unwrap();
}

#[test]
fn a_large_result_does_not_wait_in_memory() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    let data = Bytes::from(vec![b'x'; 300_000]);
    let bulk = Event::Bulk { number: 1, to_client: true, data };
    recorder.record(NOON, &bulk).unwrap();
    assert_eq!(house.on_disk(id).last(), Some(&bulk));
}

#[test]
fn a_session_that_ends_in_order_is_closed_and_verifies() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    recorder.record(NOON, &command(1)).unwrap();
    commit(&mut recorder).unwrap();
    recorder.record(NOON, &finished(1)).unwrap();
    assert_eq!(house.recordings.get(id).unwrap().state, SessionState::Live);
    recorder.close(left()).unwrap();
    let summary = house.recordings.get(id).unwrap();
    assert_eq!(summary.state, SessionState::Closed);
    assert_eq!(summary.ending, Some(left()));
    assert_eq!(summary.counts.unwrap().commands, 1);
    assert_eq!(house.recordings.verify(id).unwrap().state, State::Closed);
    let key = fs::read_to_string(house.folder.path().join("keys/signing.pub")).unwrap();
    let key = PublicKey::from_pem(&key).unwrap();
    assert_eq!(verify_file(&house.recordings.path(id), &key, None).unwrap().state, State::Closed);
    let events: Vec<_> = house.recordings.replay(id).unwrap().map(|read| read.unwrap().1).collect();
    assert_eq!(events[1..], [command(1), finished(1), Event::Closed(left())]);
}

#[test]
fn a_session_that_nobody_closed_is_interrupted_and_verifies_as_such() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    recorder.record(NOON, &command(1)).unwrap();
    drop(recorder);
    let summary = house.recordings.get(id).unwrap();
    assert_eq!((summary.state, summary.ending), (SessionState::Interrupted, None));
    let report = house.recordings.verify(id).unwrap();
    assert_eq!((report.state, report.signed.frames), (State::Interrupted, 2));
}

#[test]
fn what_a_killed_process_left_is_listed_as_interrupted_after_the_start() {
    let house = house();
    let (id, mut recorder) = house.begin(head(1, "erin", "orders"));
    recorder.record(NOON, &command(1)).unwrap();
    commit(&mut recorder).unwrap();
    house.recordings.settle();
    let path = house.recordings.path(id);
    let copy = fs::read(&path).unwrap();
    recorder.close(left()).unwrap();
    let House { recordings, now, folder } = house;
    drop(recordings);
    until(|| fs::File::open(folder.path().join("recordings/lock")).unwrap().try_lock().is_ok());
    for name in ["journal-a", "journal-b"] {
        let _ = fs::remove_file(folder.path().join("recordings").join(name));
    }
    // As it was a moment before, and in the middle of a block.
    fs::write(&path, [&copy[..], b"\0\0\x01\0\x01"].concat()).unwrap();
    let again = open(&folder, &now).unwrap();
    assert_eq!(again.get(id).unwrap().state, SessionState::Interrupted);
    assert_eq!(again.verify(id).unwrap().state, State::Interrupted);
    assert_eq!(again.replay(id).unwrap().count(), 2);
}

#[test]
fn a_list_is_filtered_and_newest_first() {
    let house = house();
    let mut recorders = Vec::new();
    for (number, subject, resource) in
        [(1, "erin", "orders"), (2, "dan", "orders"), (3, "erin", "billing"), (4, "erin", "orders")]
    {
        recorders.push(house.begin(head(number, subject, resource)));
    }
    recorders.pop().unwrap().1.close(left()).unwrap();
    drop(recorders.pop());
    let at = |seconds| Some(NOON.plus(Duration::from_secs(seconds)));
    let text = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (Filter::default(), vec![4, 3, 2, 1]),
        (Filter { subject: text("erin"), ..Filter::default() }, vec![4, 3, 1]),
        (Filter { resource: text("orders"), ..Filter::default() }, vec![4, 2, 1]),
        (Filter { since: at(2), until: at(4), ..Filter::default() }, vec![3, 2]),
        (Filter { state: Some(SessionState::Live), ..Filter::default() }, vec![2, 1]),
        (Filter { state: Some(SessionState::Closed), ..Filter::default() }, vec![4]),
        (Filter { state: Some(SessionState::Interrupted), ..Filter::default() }, vec![3]),
        (Filter { subject: text("erin"), limit: Some(2), ..Filter::default() }, vec![4, 3]),
    ] {
        for round in ["read", "remembered"] {
            let listed = house.recordings.list(&filter).unwrap();
            let opened: Vec<_> =
                listed.iter().map(|one| one.head.as_ref().unwrap().opened.since(NOON)).collect();
            let expected: Vec<_> = expected.iter().map(|n| Duration::from_secs(*n)).collect();
            assert_eq!(opened, expected, "{filter:?}, {round}");
        }
    }
}

#[test]
fn a_file_that_is_no_recording_is_listed_and_harms_nothing() {
    let House { recordings, now, folder } = house();
    let id = SessionId::new(NOON, 77);
    let path = recordings.path(id);
    drop(recordings);
    // There before the house opens: what nobody began is looked for then.
    fs::write(path, vec![0xff; 3_000_000]).unwrap();
    fs::write(folder.path().join("recordings/readme.txt"), "x").unwrap();
    let house = House { recordings: open(&folder, &now).unwrap(), now, folder };
    let listed = house.recordings.list(&Filter::default()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].state, SessionState::Unreadable);
    assert_eq!(house.recordings.verify(id).unwrap().state, State::Tampered);
    assert!(house.recordings.replay(id).unwrap().next().unwrap().is_err());
    let none = SessionId::new(NOON, 78);
    assert!(matches!(house.recordings.get(none), Err(RecordingsError::NoSuch(_))));
    assert!(matches!(house.recordings.verify(none), Err(RecordingsError::NoSuch(_))));
    assert!(matches!(house.recordings.replay(none), Err(RecordingsError::NoSuch(_))));
}

#[test]
fn a_recording_under_another_name_is_found() {
    let house = house();
    let (id, recorder) = house.begin(head(1, "erin", "orders"));
    recorder.close(left()).unwrap();
    let other = SessionId::new(NOON, 78);
    fs::rename(house.recordings.path(id), house.recordings.path(other)).unwrap();
    assert_eq!(house.recordings.verify(other).unwrap().state, State::Tampered);
    assert_eq!(house.recordings.get(other).unwrap().state, SessionState::Unreadable);
}

#[test]
fn a_recording_is_never_written_over() {
    let house = house();
    let (id, recorder) = house.begin(head(1, "erin", "orders"));
    recorder.close(left()).unwrap();
    house.recordings.settle();
    let before = fs::read(house.recordings.path(id)).unwrap();
    assert!(Ledger::open(&house.recordings, head(1, "erin", "orders")).is_err());
    assert_eq!(fs::read(house.recordings.path(id)).unwrap(), before);
}

#[tokio::test]
async fn a_killed_session_is_told_why_once() {
    let house = house();
    let session = house.open(head(1, "erin", "orders"));
    let id = head(1, "erin", "orders").id;
    assert!(house.recordings.kill(id, "an administrator ended it"));
    assert!(!house.recordings.kill(id, "again"));
    assert_eq!(session.must_end.await, "an administrator ended it");
    session.recorder.close(left()).unwrap();
    assert!(!house.recordings.kill(id, "too late"));
}

#[tokio::test]
async fn a_revoked_token_ends_its_sessions_and_no_others() {
    let house = house();
    let theirs = house.open(head(1, "erin", "orders"));
    let _other = house.open(head(2, "dan", "orders"));
    let token = head(1, "erin", "orders").identity.token;
    let ended =
        house.recordings.end_where(|identity| identity.token == token, "the token was revoked");
    assert_eq!(ended, 1);
    assert_eq!(theirs.must_end.await, "the token was revoked");
}

#[tokio::test]
async fn a_session_ends_when_its_credential_expires() {
    let house = house();
    let mut short = head(1, "erin", "orders");
    short.identity.expires = Some(NOON.plus(Duration::from_secs(3600)));
    let session = house.open(short);
    let _other = house.open(head(2, "dan", "orders"));
    house.now.store(NOON.plus(Duration::from_secs(3600)).as_micros(), Ordering::Relaxed);
    assert!(session.must_end.await.contains("expired"));
    assert!(house.recordings.kill(head(2, "dan", "orders").id, "only now"));
}
