//! The archive without an object store: books, retention, holds. What needs one is tested end to end.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use model::ports::Ledger;
use model::{Ending, Identity, IdentityKind, SecretSource, SessionHead};
use rusqlite::OptionalExtension;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::api::serve_router;
use crate::audit;
use crate::localca::Certificates;
use crate::recordings::{Keep, SessionState};

const DAY: u64 = 86_400;
const START: Timestamp = Timestamp::from_secs(1_800_000_000);

struct House {
    store: Arc<Store>,
    recordings: Recordings,
    archive: Archive,
    running: JoinHandle<()>,
    now: Arc<AtomicU64>,
    folder: TempDir,
}

impl House {
    async fn new(retention: Retention) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicU64::new(START.as_micros()));
        Self::open(folder, now, retention).await
    }

    async fn open(folder: TempDir, now: Arc<AtomicU64>, retention: Retention) -> Self {
        let hand = Arc::clone(&now);
        let clock = Clock::from_fn(move || Timestamp::from_micros(hand.load(Ordering::SeqCst)));
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let recordings =
            Recordings::open(folder.path(), Keep::usual(folder.path()).unwrap(), clock.clone())
                .unwrap();
        let settings = Settings { place: None, retention };
        let archive =
            Archive::open(Arc::clone(&store), recordings.clone(), settings, clock).await.unwrap();
        // Time that passes before it was looked at once is a leap.
        let begun = Timestamp::from_micros(now.fetch_add(1_000_000, Ordering::SeqCst) + 1_000_000);
        let running = tokio::spawn(archive.clone().run());
        until(|| async {
            let read = |books: &rusqlite::Connection| {
                let mut noted = books.prepare("select seen from reckoning")?;
                Ok::<_, StoreError>(noted.query_row([], |row| row.get(0)).optional()?)
            };
            let seen: Option<u64> = store.read(read).await.unwrap();
            seen.is_some_and(|seen| seen >= begun.as_micros())
        })
        .await;
        Self { store, recordings, archive, running, now, folder }
    }

    async fn reopen(self, retention: Retention) -> Self {
        let Self { store, recordings, archive, running, now, folder } = self;
        running.abort();
        let _ = running.await;
        drop((archive, recordings));
        let store = Arc::into_inner(store).expect("nobody else has it");
        tokio::task::spawn_blocking(move || drop(store)).await.unwrap();
        Self::open(folder, now, retention).await
    }

    fn days_pass(&self, days: u64) {
        self.now.fetch_add(days * DAY * 1_000_000, Ordering::SeqCst);
    }

    /// A session that ended now.
    fn session(&self, number: u64) -> SessionId {
        let opened = Timestamp::from_micros(self.now.load(Ordering::SeqCst));
        let id = SessionId::new(opened, u128::from(number));
        let identity = Identity {
            subject: "erin@example.com".into(),
            groups: Vec::new(),
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        };
        let head = SessionHead {
            id,
            opened,
            identity,
            source: "192.0.2.1:5".into(),
            client: None,
            resource: "orders".into(),
            protocol: "postgres".into(),
            database: None,
            policies: Vec::new(),
        };
        let session = Ledger::open(&self.recordings, head).unwrap();
        session.recorder.close(Ending { at: opened, how: "the client left".into() }).unwrap();
        id
    }

    async fn booked(&self, id: SessionId) {
        let archive = self.archive.clone();
        until(|| async { archive.get(id).await.unwrap().is_some() }).await;
    }

    async fn told(&self, action: &str) -> Vec<audit::Entry> {
        let query =
            audit::Query { action: Some(action.into()), limit: 100, ..audit::Query::default() };
        self.store.audit(query).await.unwrap()
    }
}

async fn until<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    for _ in 0..300 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came to pass");
}

fn by_age(days: u64) -> Retention {
    Retention { age: Some(Duration::from_secs(days * DAY)), size: None }
}

fn hold() -> Hold {
    Hold { reason: "case 117".into(), by: "root@example.com".into(), at: START }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_is_in_the_books_and_goes_when_it_is_old() {
    let house = House::new(by_age(30)).await;
    let id = house.session(1);
    house.booked(id).await;
    let booked = house.archive.get(id).await.unwrap().unwrap();
    assert_eq!(booked, house.recordings.get(id).unwrap());
    assert_eq!(booked.state, SessionState::Closed);
    let chain = {
        let whole = std::fs::read(house.recordings.own_path(id)).unwrap();
        hex::encode(&whole[whole.len() - 32..])
    };
    house.days_pass(31);
    let younger = house.session(2);
    let (path, archive) = (house.recordings.own_path(id), house.archive.clone());
    until(|| async { !path.exists() && archive.get(id).await.unwrap().is_none() }).await;
    house.booked(younger).await;
    assert!(house.recordings.own_path(younger).exists());
    let told = house.told("recording.deleted").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].object, &told[0].detail["why"]), (&id.to_string(), &"age".into()));
    assert_eq!(told[0].detail["recording"], chain);
    assert!(house.store.verify_audit().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_outlives_the_process_and_keeps_until_it_is_lifted() {
    let house = House::new(by_age(30)).await;
    let id = house.session(1);
    house.booked(id).await;
    assert_eq!(house.archive.hold(id, hold()).await.unwrap(), Held::Laid);
    assert_eq!(house.archive.hold(id, hold()).await.unwrap(), Held::Already);
    let house = house.reopen(by_age(30)).await;
    assert_eq!(house.archive.whereabouts(id).await.unwrap().hold, Some(hold()));
    house.days_pass(100);
    let other = house.session(2);
    house.days_pass(100);
    let path = house.recordings.own_path(other);
    until(|| async { !path.exists() }).await;
    assert!(house.recordings.own_path(id).exists());
    assert!(house.archive.release(id, "root@example.com".into(), START).await.unwrap());
    assert!(!house.archive.release(id, "root@example.com".into(), START).await.unwrap());
    let path = house.recordings.own_path(id);
    until(|| async { !path.exists() }).await;
    assert_eq!(house.told("recording.hold").await.len(), 1);
    assert_eq!(house.told("recording.release").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_decided_and_not_done_is_done_at_the_next_start() {
    let house = House::new(Retention::default()).await;
    let id = house.session(1);
    house.booked(id).await;
    // As if the process had been killed right after the decision.
    house.running.abort();
    let decided = house.store.write(move |books| rows::doom(books, id, "age", START)).await;
    assert!(decided.unwrap());
    assert_eq!(house.archive.hold(id, hold()).await.unwrap(), Held::TooLate);
    let house = house.reopen(Retention::default()).await;
    assert!(!house.recordings.own_path(id).exists());
    let store = Arc::clone(&house.store);
    until(|| async { store.read(move |books| rows::entry(books, id)).await.unwrap().is_none() })
        .await;
    assert_eq!(house.told("recording.deleted").await.len(), 1, "it is told of once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deleted_yet_makes_no_other_too_much() {
    let house = House::new(Retention::default()).await;
    let (stuck, others) = (house.session(1), [house.session(2), house.session(3)]);
    let mut size = 0;
    house.booked(stuck).await;
    for id in others {
        house.booked(id).await;
        size += house.archive.get(id).await.unwrap().unwrap().bytes;
    }
    house.running.abort();
    // As if there had been an object store when it was decided.
    let decide = move |books: &rusqlite::Transaction<'_>| {
        books.execute(
            "update archive set uploaded = 1, object = 'x', deleting = 'size' where session = ?",
            [stuck.to_string()],
        )?;
        Ok::<_, StoreError>(())
    };
    house.store.write(decide).await.unwrap();
    let house = house.reopen(Retention { age: None, size: Some(size) }).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!house.recordings.own_path(stuck).exists());
    let left = house.store.read(move |books| rows::entry(books, stuck)).await;
    assert!(left.unwrap().is_some(), "its object is still to be deleted");
    assert!(others.iter().all(|id| house.recordings.own_path(*id).exists()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_was_put_back_is_kept() {
    let house = House::new(Retention::default()).await;
    let id = house.session(1);
    house.booked(id).await;
    house.running.abort();
    let left = move |books: &rusqlite::Transaction<'_>| {
        books.execute(
            "update archive set uploaded = 1, object = 'there', local = 0 where session = ?",
            [id.to_string()],
        )?;
        Ok::<_, StoreError>(())
    };
    house.store.write(left).await.unwrap();
    let house = house.reopen(Retention::default()).await;
    assert!(house.recordings.own_path(id).exists());
    let copy = house.store.read(move |books| rows::copy_of(books, id)).await.unwrap();
    assert_eq!(copy, Some((true, false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_from_before_there_was_an_archive_are_taken_in() {
    let house = House::new(Retention::default()).await;
    house.running.abort();
    let ids: Vec<_> = (1..=5).map(|number| house.session(number)).collect();
    house.recordings.settle();
    let house = house.reopen(Retention::default()).await;
    for id in &ids {
        house.booked(*id).await;
    }
    assert_eq!(house.archive.list(&Filter::default()).await.unwrap(), [], "all are here");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_audit_log_cannot_be_told_of_is_not_deleted() {
    let house = House::new(by_age(30)).await;
    let id = house.session(1);
    house.booked(id).await;
    let spoil = |books: &rusqlite::Transaction<'_>| {
        books.execute_batch(
            "create trigger full before insert on audit begin select raise(abort, 'no room'); end",
        )?;
        Ok::<_, StoreError>(())
    };
    house.store.write(spoil).await.unwrap();
    house.days_pass(1000);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(house.recordings.own_path(id).exists());
    assert!(house.archive.get(id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_asked_over_tls_if_its_certificate_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let authority = |name: &str| {
        let folder = folder.path().join(name);
        Certificates::from_local_authority(&folder, &[], Clock::system()).unwrap()
    };
    let (good, other) = (authority("good"), authority("other"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let nothing = Router::new().fallback(|| async { StatusCode::NOT_FOUND });
    let tls = good.server_config(&["http/1.1"], None).unwrap();
    tokio::spawn(serve_router(nothing, listener, Some(tls)));
    let key = folder.path().join("key");
    std::fs::write(&key, "a key").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let bucket = |ca: Option<PathBuf>| {
        let place = Place {
            bucket: "recordings".into(),
            prefix: String::new(),
            endpoint: Some(endpoint_of(&format!("https://localhost:{port}"), false).unwrap()),
            region: "us-east-1".into(),
            access_key: SecretSource::File(key.clone()),
            secret_key: SecretSource::File(key.clone()),
            ca,
            path_style: true,
            local: Local::default(),
        };
        Bucket::new(&place).unwrap()
    };
    assert_eq!(bucket(good.authority_path()).length("nothing").await.unwrap(), None);
    for ca in [other.authority_path(), None] {
        let refused = bucket(ca).length("nothing").await.unwrap_err().to_string();
        assert!(refused.contains("certificate"), "{refused}");
    }
}
