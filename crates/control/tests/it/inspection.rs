//! Recordings and the log that knows them, held against each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use control::Clock;
use control::audit::Query;
use control::inspect::{Inspection, Log, What, inspect};
use control::recordings::{Keep, Recordings};
use control::store::Store;
use evidence::PublicKey;
use evidence::audit::Standing;
use model::ports::{Ledger, OpenedSession, Recorder};
use model::{Ending, Event, Evidence, SessionHead, SessionId, Timestamp};

use crate::house::{NOW, person};

/// A store and recordings in one folder, as a gateway has them.
struct Gateway {
    store: Arc<Store>,
    recordings: Recordings,
}

impl Gateway {
    async fn open(folder: &Path) -> Self {
        let store = Arc::new(opened(folder).await);
        let recordings =
            Recordings::open(folder, Keep::usual(folder).unwrap(), Clock::system()).unwrap();
        recordings.enter_into(Arc::clone(&store)).await.unwrap();
        Self { store, recordings }
    }

    /// As a gateway that stops in order.
    async fn close(self) {
        let recordings = self.recordings.clone();
        tokio::task::spawn_blocking(move || recordings.close()).await.unwrap();
        drop(self);
    }

    fn begin(&self, number: u64) -> (SessionId, OpenedSession) {
        let head = head(number);
        (head.id, Ledger::open(&self.recordings, head).unwrap())
    }

    /// A session of one command, from its beginning to its end.
    async fn session(&self, number: u64) -> SessionId {
        let (id, mut opened) = self.begin(number);
        let notice = Event::Notice { number: 0, message: format!("hello {number}") };
        opened.recorder.record(at(number), &notice).unwrap();
        commit(&mut opened.recorder).await;
        opened
            .recorder
            .close(Ending { at: at(number + 5), how: "the client left".into() })
            .unwrap();
        id
    }

    async fn codes(&self) -> Vec<String> {
        let query = Query { limit: 1000, ..Query::default() };
        let entries = self.store.audit(query).await.unwrap();
        entries.into_iter().rev().map(|entry| entry.action).collect()
    }
}

/// The thread that held the store may be a moment behind.
async fn opened(folder: &Path) -> Store {
    for _ in 0..500 {
        if let Ok(store) = Store::open(folder) {
            return store;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Store::open(folder).unwrap()
}

async fn commit(recorder: &mut Box<dyn Recorder>) {
    if let Some(committing) = recorder.commit(Evidence::Strict).unwrap() {
        committing.await.unwrap();
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(NOW + seconds)
}

fn head(number: u64) -> SessionHead {
    SessionHead {
        id: SessionId::new(at(number), u128::from(number)),
        opened: at(number),
        identity: person("ana@example.com", &["engineering"]),
        source: "192.0.2.1:5000".into(),
        client: Some("psql".into()),
        resource: "orders".into(),
        protocol: "postgres".into(),
        database: None,
        policies: vec!["engineers".into()],
    }
}

fn key(folder: &Path) -> PublicKey {
    PublicKey::from_pem(&fs::read_to_string(folder.join("keys/signing.pub")).unwrap()).unwrap()
}

fn look(folder: &Path) -> Inspection {
    look_with(folder, None)
}

fn look_with(folder: &Path, copy: Option<PathBuf>) -> Inspection {
    let (recordings, log) = (folder.join("recordings"), Log::Store(folder.join("sluice.db")));
    inspect(&What { recordings, log, copy }, &key(folder), &|_, _| {}).unwrap()
}

fn file(folder: &Path, id: SessionId) -> PathBuf {
    folder.join(format!("recordings/{id}.{}", evidence::EXTENSION))
}

/// The one thing that is wrong.
fn only(found: &Inspection) -> (&str, &Standing) {
    assert!(!found.holds);
    assert_eq!(found.problems.len(), 1, "{found:?}");
    (&found.problems[0].session, &found.problems[0].standing)
}

async fn export(store: &Store, path: &Path) {
    let mut text = format!("{}\n", store.audit_begins(0).await.unwrap());
    for line in store.audit_lines(0, 10_000).await.unwrap() {
        text.push_str(&format!("{line}\n"));
    }
    fs::write(path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sessions_beginning_is_entered_before_its_first_command_and_its_end_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = Gateway::open(dir.path()).await;
    let (id, mut opened) = gateway.begin(1);
    commit(&mut opened.recorder).await;
    let entries = gateway.store.audit_after(0, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("session.open", "ana@example.com"));
    assert_eq!(entry.object, id.to_string());
    for (field, value) in [("resource", "orders"), ("source", "192.0.2.1:5000"), ("client", "psql")]
    {
        assert_eq!(entry.detail[field], value);
    }
    assert_eq!(entry.detail["policies"][0], "engineers");
    opened.recorder.close(Ending { at: at(9), how: "the client left".into() }).unwrap();
    let report = {
        let recordings = gateway.recordings.clone();
        let report = tokio::task::spawn_blocking(move || {
            recordings.close();
            recordings.verify(id)
        });
        report.await.unwrap().unwrap()
    };
    let store = Arc::clone(&gateway.store);
    store.audit_newest().wait_for(|newest| *newest == 2).await.unwrap();
    let end = store.audit_after(1, 10).await.unwrap().remove(0);
    assert_eq!(end.action, "session.end");
    assert_eq!(end.detail["how"], "the client left");
    assert_eq!(end.detail["recording"], report.last_hash.as_str());
    assert_eq!(entry.detail["recording"], report.first_hash.as_deref().unwrap());
    assert_eq!(end.detail["frames"], 2);
    assert_eq!(end.detail["bytes"], report.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_as_it_was_left_holds_and_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = Gateway::open(dir.path()).await;
    for number in 0..20 {
        gateway.session(number * 10).await;
    }
    let (_, alive) = gateway.begin(900);
    let found = look(dir.path());
    assert!(found.holds, "while it runs: {found:?}");
    drop(alive);
    gateway.close().await;
    let listed = || {
        let folders = [dir.path().to_owned(), dir.path().join("recordings")];
        let all = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let about = |entry: fs::DirEntry| {
            let metadata = entry.metadata().unwrap();
            (entry.path(), metadata.len(), metadata.modified().unwrap())
        };
        let mut all: Vec<_> = all.map(|entry| about(entry.unwrap())).collect();
        all.sort();
        all
    };
    // Threads of the gateway that closed put their last words down.
    let mut before = listed();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = listed();
        if now == before && !dir.path().join("index.db-wal").exists() {
            break;
        }
        before = now;
    }
    let found = look(dir.path());
    assert!(found.holds, "{found:?}");
    assert_eq!(found.recordings["whole"], 20);
    assert_eq!(found.recordings["interrupted"], 1);
    assert_eq!(listed(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_was_removed_replaced_shortened_changed_or_added_shows() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = Gateway::open(dir.path()).await;
    let one = gateway.session(10).await;
    let other = gateway.session(20).await;
    // As it was while its session went on.
    let (long, mut opened) = gateway.begin(30);
    let notice = Event::Notice { number: 0, message: "hello".into() };
    opened.recorder.record(at(31), &notice).unwrap();
    commit(&mut opened.recorder).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let early = fs::read(file(dir.path(), long)).unwrap();
    opened.recorder.record(at(32), &notice).unwrap();
    opened.recorder.close(Ending { at: at(33), how: "the client left".into() }).unwrap();
    gateway.close().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let folder = dir.path();
    assert!(look(folder).holds, "{:?}", look(folder));
    let (path, kept) = (file(folder, one), fs::read(file(folder, one)).unwrap());

    fs::remove_file(&path).unwrap();
    assert_eq!(only(&look(folder)), (&*one.to_string(), &Standing::Missing));

    fs::copy(file(folder, other), &path).unwrap();
    let found = look(folder);
    assert!(matches!(only(&found).1, Standing::Replaced(why) if why.contains(&other.to_string())));

    let mut edited = kept.clone();
    let middle = edited.len() / 2;
    edited[middle] ^= 1;
    fs::write(&path, edited).unwrap();
    assert!(matches!(only(&look(folder)).1, Standing::Tampered(_)));
    fs::write(&path, &kept).unwrap();

    let whole = fs::read(file(folder, long)).unwrap();
    fs::write(file(folder, long), &early).unwrap();
    let found = look(folder);
    assert!(matches!(only(&found).1, Standing::Shortened(_)), "{found:?}");
    fs::write(file(folder, long), whole).unwrap();

    // A recording of this very gateway that its log does not know: its log was cut back.
    let stranger = file(folder, head(77).id);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("keys")).unwrap();
    for name in fs::read_dir(folder.join("keys")).unwrap() {
        let name = name.unwrap().file_name();
        fs::copy(folder.join("keys").join(&name), elsewhere.path().join("keys").join(&name))
            .unwrap();
    }
    let second = Gateway::open(elsewhere.path()).await;
    let unknown = second.session(77).await;
    second.close().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    fs::copy(file(elsewhere.path(), unknown), &stranger).unwrap();
    assert_eq!(only(&look(folder)).1, &Standing::Unlisted);
    fs::remove_file(stranger).unwrap();
    fs::write(folder.join("recordings/notes.sluice-rec"), "x").unwrap();
    assert_eq!(only(&look(folder)), ("notes.sluice-rec", &Standing::Unlisted));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_back_with_its_recordings_shows_against_an_earlier_copy() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let gateway = Gateway::open(folder).await;
    gateway.session(10).await;
    gateway.close().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let early = fs::read(folder.join("sluice.db")).unwrap();
    let gateway = Gateway::open(folder).await;
    let removed = gateway.session(20).await;
    gateway.store.audit_newest().wait_for(|newest| *newest >= 4).await.unwrap();
    let copy = folder.join("copy.jsonl");
    export(&gateway.store, &copy).await;
    gateway.close().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(look_with(folder, Some(copy.clone())).holds);
    fs::write(folder.join("sluice.db"), early).unwrap();
    assert_eq!(only(&look(folder)).1, &Standing::Unlisted, "the recording is still there");
    fs::remove_file(file(folder, removed)).unwrap();
    assert!(look(folder).holds, "cut back to what was signed once, recordings and all");
    let found = look_with(folder, Some(copy.clone()));
    assert!(!found.holds);
    assert!(found.log_damage.as_deref().unwrap().contains("it was cut"), "{found:?}");
    // With the exported copy alone, wherever the recordings are.
    let what = What { recordings: folder.join("recordings"), log: Log::Export(copy), copy: None };
    let found = inspect(&what, &key(folder), &|_, _| {}).unwrap();
    assert_eq!(only(&found), (&*removed.to_string(), &Standing::Missing));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_did_not_come_to_enter_is_entered_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let gateway = Gateway::open(folder).await;
    let (alive, mut opened) = gateway.begin(10);
    commit(&mut opened.recorder).await;
    let (lost, mut gone) = gateway.begin(20);
    commit(&mut gone.recorder).await;
    // The same folder as a kill leaves it: nobody ended anything.
    let killed = tempfile::tempdir().unwrap();
    for name in ["", "keys", "recordings"] {
        fs::create_dir_all(killed.path().join(name)).unwrap();
        for entry in fs::read_dir(folder.join(name)).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                fs::copy(entry.path(), killed.path().join(name).join(entry.file_name())).unwrap();
            }
        }
    }
    fs::remove_file(file(killed.path(), lost)).unwrap();
    // One whose opening never came to be entered: a recording without an entry.
    let (unlisted, extra) = gateway.begin(30);
    let recorder: Box<dyn Recorder> = extra.recorder;
    recorder.close(Ending { at: at(31), how: "the target could not be opened".into() }).unwrap();
    let recordings = gateway.recordings.clone();
    tokio::task::spawn_blocking(move || recordings.close()).await.unwrap();
    fs::copy(file(folder, unlisted), file(killed.path(), unlisted)).unwrap();

    // The journals hold the lost one too: as its file, they are gone.
    for name in ["journal-a", "journal-b"] {
        let _ = fs::remove_file(killed.path().join("recordings").join(name));
    }
    let again = Gateway::open(killed.path()).await;
    let entries = again.store.audit_after(2, 100).await.unwrap();
    let told: Vec<_> =
        entries.iter().map(|entry| (entry.action.as_str(), entry.object.clone())).collect();
    assert_eq!(
        told,
        [
            ("session.open", unlisted.to_string()),
            ("session.end", unlisted.to_string()),
            ("session.interrupted", alive.to_string()),
            ("session.lost", lost.to_string()),
        ]
    );
    assert_eq!(entries[0].detail["late"], true);
    let found = look(killed.path());
    assert!(found.holds, "{found:?}");
    again.close().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let third = Gateway::open(killed.path()).await;
    assert_eq!(third.codes().await.len(), 6, "it is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_was_deleted_by_rule_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = Gateway::open(dir.path()).await;
    let id = gateway.session(10).await;
    let event = control::audit::Event::RecordingDeleted {
        why: "older than 90 days".into(),
        bytes: 1,
        recording: String::new(),
        local: true,
        object_store: false,
    };
    gateway.store.record(control::audit::Act::by_itself(at(99), id, event)).await.unwrap();
    gateway.close().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    fs::remove_file(file(dir.path(), id)).unwrap();
    let found = look(dir.path());
    assert!(found.holds, "{found:?}");
    assert_eq!(found.recordings["gone"], 1);
}
