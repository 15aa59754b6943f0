//! A desk in a folder of its own, with a clock that the test turns.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use control::Clock;
use control::audit::{Entry, Query};
use control::identity::{Directory, Limits, Sources};
use control::store::Store;
use control::tokens::{NewToken, Tokens};
use model::ports::Directory as _;
use model::ports::Unidentified;
use model::{Identity, IdentityKind, Secret, Timestamp};

/// When every test begins: 2027-01-15.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) struct House {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Arc<Store>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Clock,
    micros: Arc<AtomicU64>,
}

impl House {
    pub(crate) fn new(sources: impl Into<Sources>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let micros = Arc::new(AtomicU64::new(NOW * 1_000_000));
        let hand = Arc::clone(&micros);
        let clock = Clock::from_fn(move || Timestamp::from_micros(hand.load(Ordering::SeqCst)));
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let tokens = Tokens::new(Arc::clone(&store), clock.clone());
        let (kept, desk) = (Arc::clone(&store), Arc::clone(&tokens));
        let directory =
            Directory::new(sources.into(), Limits::default(), desk, kept, clock.clone()).unwrap();
        Self { dir, store, tokens, directory: Arc::new(directory), clock, micros }
    }

    pub(crate) fn pass(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap();
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }

    /// A login from an address nobody else uses.
    pub(crate) async fn login(&self, token: &str) -> Result<Identity, Unidentified> {
        static HOSTS: AtomicU64 = AtomicU64::new(1);
        let host = u32::try_from(HOSTS.fetch_add(1, Ordering::SeqCst)).unwrap();
        self.login_from(token, SocketAddr::from((host.to_be_bytes(), 5000))).await
    }

    pub(crate) async fn login_from(
        &self,
        token: &str,
        from: SocketAddr,
    ) -> Result<Identity, Unidentified> {
        self.directory.identify(&Secret::from(token.to_owned()), from).await
    }

    pub(crate) async fn acts(&self, action: &str) -> Vec<Entry> {
        let query = Query { action: Some(action.to_owned()), limit: 1000, ..Query::default() };
        self.store.audit(query).await.unwrap()
    }
}

pub(crate) fn new_token(subject: &str) -> NewToken {
    NewToken {
        name: "a test".into(),
        subject: subject.into(),
        kind: IdentityKind::Machine,
        groups: vec!["robots".into()],
        only_resources: None,
        lifetime: Duration::from_secs(3600),
        created_by: "adm@example.com".into(),
    }
}

pub(crate) fn person(subject: &str, groups: &[&str]) -> Identity {
    Identity {
        subject: subject.into(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        kind: IdentityKind::User,
        provider: "corp".into(),
        on_behalf_of: None,
        expires: None,
        token: None,
        only_resources: None,
    }
}
