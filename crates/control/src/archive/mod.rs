//! Recordings whose session is over: uploaded, kept as long as is asked for, deleted and told of.
//!
//! ```text
//!   recordings/ID.sluice-rec ──► books (SQLite) ──► upload ──► read back ──► verified
//!        │                          │                                          │
//!        │                          ├──► retention: audit event, then deleted in both places
//!        │                          └──► holds: what is held is not deleted
//!        ◄── only now may the copy here go ────────────────────────────────────┘
//!        ◄── fetched again when somebody reads it (a bounded folder of copies)
//! ```
//!
//! Every step is in the books before it is taken, and is taken again after a crash. While more waits to
//! be uploaded than may, no command is let through.
//!
//! What it refuses to do: delete a copy here before the object was read back whole; write over an
//! object that is there; delete anything that the audit log was not told of; believe a clock that
//! leaps.

mod book;
mod bucket;
mod connect;
mod fetch;
mod gate;
mod hold;
mod listing;
mod parts;
mod plan;
mod reckoning;
mod retain;
mod rows;
mod settings;
#[cfg(test)]
mod tests;
mod told;
mod upload;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures::FutureExt;
use model::{SessionId, Timestamp};
use serde::Serialize;
use tokio::sync::{Notify, Semaphore};

use crate::Clock;
use crate::recordings::{Filter, Recordings, RecordingsError, Summary};
use crate::store::{Store, StoreError};
use bucket::Bucket;
pub use fetch::Opened;
pub use hold::{Held, Hold};
pub use settings::{Local, Place, Retention, Settings, bucket_of, endpoint_of};

/// So many recordings are fetched at once.
const FETCHES: usize = 4;

/// The archive of a house. A clone is the same archive.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    recordings: Recordings,
    away: Option<Away>,
    retention: Retention,
    clock: Clock,
    /// Recordings that are not in the books yet.
    unbooked: Mutex<Vec<SessionId>>,
    /// Rung when something waits to be uploaded.
    waiting: Notify,
    /// The sums below are not what they were.
    changed: AtomicBool,
    sums: Mutex<rows::Sums>,
    health: Mutex<Health>,
    fetches: Semaphore,
}

/// An archive as long as somebody else has it.
#[derive(Clone)]
pub(crate) struct Glance(Weak<Inner>);

impl Glance {
    /// The archive, unless it is closed.
    pub(crate) fn now(&self) -> Option<Archive> {
        self.0.upgrade().map(Archive)
    }
}

/// The object store, and what stays here of what is in it.
struct Away {
    bucket: Bucket,
    local: Local,
}

/// How it goes.
#[derive(Clone, Debug, Default)]
struct Health {
    /// Since when the object store cannot be used, and what it said last.
    down: Option<(Timestamp, String)>,
    /// No command is let through.
    full: bool,
    /// The date leapt ahead and is not believed.
    doubts_clock: bool,
}

/// The archive cannot do its part.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The object store as it is configured cannot be used at all.
    #[error("evidence.object_store: {0}")]
    Store(String),
    /// The books.
    #[error(transparent)]
    Books(#[from] StoreError),
    /// The recordings here.
    #[error(transparent)]
    Recordings(#[from] RecordingsError),
    /// The object store cannot be asked now.
    #[error("the object store cannot be asked for the recording: {0}")]
    Unavailable(String),
    /// The object is gone, or is another one.
    #[error("{0}")]
    Damaged(String),
    /// The archive is closing.
    #[error("the gateway is shutting down")]
    Closing,
}

/// How the archive stands, for administrators.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Whether there is an object store.
    pub object_store: bool,
    /// Whether it can be used, as far as is known.
    pub reachable: bool,
    /// Since when it cannot.
    #[serde(serialize_with = "crate::clock::rfc3339_option")]
    pub since: Option<Timestamp>,
    /// What it said last.
    pub error: Option<String>,
    /// Whether sessions and commands are refused because too much waits.
    pub refusing: bool,
    /// Whether the date leapt ahead, so that recordings are not as old as it says.
    pub clock_doubted: bool,
    /// Recordings of sessions that are over, wherever they are.
    pub recordings: u64,
    /// How long they are together.
    pub bytes: u64,
    /// How long those are that have a copy here.
    pub local_bytes: u64,
    /// Recordings that wait to be uploaded.
    pub waiting: u64,
    /// How long these are together.
    pub waiting_bytes: u64,
    /// How many of these cannot be uploaded as they are.
    pub failed: u64,
}

/// Where one recording is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Whereabouts {
    /// Whether there is a copy on the gateway's machine.
    pub local: bool,
    /// The object, once it was verified.
    pub object: Option<String>,
    /// When that was.
    #[serde(serialize_with = "crate::clock::rfc3339_option")]
    pub uploaded: Option<Timestamp>,
    /// Why it is not uploaded, when that is not for the store's being away.
    pub upload_error: Option<String>,
    /// The hold on it.
    pub hold: Option<Hold>,
}

impl Archive {
    /// Reads the keys of the object store and compares the books with what is here. Does nothing before
    /// [`Self::run`].
    ///
    /// # Errors
    /// The keys or authorities cannot be read, or the books.
    pub async fn open(
        store: Arc<Store>,
        recordings: Recordings,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self, ArchiveError> {
        let away = match settings.place {
            None => None,
            Some(place) => Some(Away { bucket: Bucket::new(&place)?, local: place.local }),
        };
        // Before the folder is looked at: what ends from here on is told.
        let unbooked = Mutex::new(recordings.take_finished());
        let inner = Inner {
            store,
            recordings,
            away,
            retention: settings.retention,
            clock,
            unbooked,
            waiting: Notify::new(),
            changed: AtomicBool::new(true),
            sums: Mutex::default(),
            health: Mutex::default(),
            fetches: Semaphore::new(FETCHES),
        };
        inner.compare().await?;
        inner.fetched_anew().await?;
        Ok(Self(Arc::new(inner)))
    }

    /// Works until it is dropped.
    pub async fn run(self) {
        let inner = &self.0;
        let work = async {
            tokio::join!(inner.keep_books(), inner.guard(), inner.upload(), inner.retain());
        };
        if AssertUnwindSafe(work).catch_unwind().await.is_err() {
            // Nothing is uploaded, bounded or deleted any more: that must not go on unseen.
            tracing::error!("the keeper of the object store panicked: no commands");
            let why = "the keeper of the object store failed: start the gateway anew";
            inner.recordings.refuse(Some(why.to_owned()));
        }
    }

    /// Looks at it without keeping it.
    pub(crate) fn glance(&self) -> Glance {
        Glance(Arc::downgrade(&self.0))
    }

    /// Sessions whose recording is in the object store and not here.
    pub(crate) async fn elsewhere(&self) -> Result<Vec<SessionId>, StoreError> {
        self.0.store.read(rows::elsewhere).await
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (health, sums) = (lock(&self.0.health).clone(), *lock(&self.0.sums));
        let away = self.0.away.is_some();
        let (since, error) = health.down.unzip();
        Standing {
            object_store: away,
            reachable: away && error.is_none(),
            since,
            error,
            refusing: health.full,
            clock_doubted: health.doubts_clock,
            recordings: sums.count,
            bytes: sums.bytes,
            local_bytes: sums.local,
            waiting: if away { sums.waiting } else { 0 },
            waiting_bytes: if away { sums.waiting_bytes } else { 0 },
            failed: sums.troubled,
        }
    }

    /// One sentence for whoever asks whether the house is well; nothing when all is.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let standing = self.standing();
        let mut said = Vec::new();
        if let (Some(since), Some(_)) = (standing.since, &standing.error) {
            said.push(format!(
                "the object store cannot be used since {since}; {} recordings of {} bytes wait",
                standing.waiting, standing.waiting_bytes
            ));
        }
        if standing.refusing {
            said.push("sessions and commands are refused until recordings are uploaded".to_owned());
        }
        if standing.failed > 0 {
            said.push(format!("{} recordings cannot be uploaded as they are", standing.failed));
        }
        if standing.clock_doubted {
            said.push("the date leapt ahead: nothing is deleted for its age by it".to_owned());
        }
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Whether sessions and commands are refused.
    #[must_use]
    pub fn refuses(&self) -> bool {
        lock(&self.0.health).full
    }

    /// Sessions whose recording is only in the object store, newest first.
    ///
    /// # Errors
    /// The books cannot be read.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        let filter = filter.clone();
        self.0.store.read(move |books| listing::list(books, &filter)).await
    }

    /// One session from the books; nothing when it is not in them.
    ///
    /// # Errors
    /// The books cannot be read.
    pub async fn get(&self, id: SessionId) -> Result<Option<Summary>, StoreError> {
        self.0.store.read(move |books| listing::summary(books, id)).await
    }

    /// Where a session's recording is.
    ///
    /// # Errors
    /// The books cannot be read.
    pub async fn whereabouts(&self, id: SessionId) -> Result<Whereabouts, StoreError> {
        let read = move |books: &rusqlite::Connection| {
            Ok::<_, StoreError>((rows::entry(books, id)?, hold::of(books, id)?))
        };
        let (entry, hold) = self.0.store.read(read).await?;
        let local = self.0.recordings.own_path(id).exists();
        let away = self.0.away.as_ref();
        Ok(Whereabouts {
            local,
            object: entry
                .as_ref()
                .filter(|entry| entry.uploaded.is_some())
                .and_then(|entry| away.map(|away| away.bucket.url(&entry.object))),
            uploaded: entry.as_ref().and_then(|entry| entry.uploaded),
            upload_error: entry.and_then(|entry| entry.trouble),
            hold,
        })
    }

    /// Lays a hold on a session's recording, alive or over.
    ///
    /// # Errors
    /// It cannot be noted or told.
    pub async fn hold(&self, id: SessionId, hold: Hold) -> Result<Held, StoreError> {
        self.0.store.write(move |books| hold::lay(books, id, &hold)).await
    }

    /// Takes a hold away. `false`: none lay.
    ///
    /// # Errors
    /// It cannot be noted or told.
    pub async fn release(
        &self,
        id: SessionId,
        by: String,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let lifted = self.0.store.write(move |books| hold::lift(books, id, &by, at)).await?;
        self.0.changed.store(true, Ordering::Relaxed);
        Ok(lifted)
    }
}

impl Inner {
    /// The sums are to be taken anew.
    fn changes(&self) {
        self.changed.store(true, Ordering::Relaxed);
    }

    /// The object store did what it was asked.
    fn works(&self) {
        let before = lock(&self.health).down.take();
        metrics::gauge!("sluice_archive_reachable").set(1.0);
        if let Some((since, _)) = before {
            tracing::info!(%since, "the object store can be used again");
        }
    }

    /// It did not.
    fn fails(&self, what: &str, error: &dyn std::fmt::Display) {
        let error = error.to_string();
        metrics::gauge!("sluice_archive_reachable").set(0.0);
        tracing::error!(what, error, "the object store cannot be used");
        let mut health = lock(&self.health);
        let since = health.down.as_ref().map_or_else(|| self.clock.now(), |(since, _)| *since);
        health.down = Some((since, error));
    }
}

/// Nothing is half-done in there when its holder dies.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Blocking work on a thread for that.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ArchiveError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ArchiveError::Closing)
}
