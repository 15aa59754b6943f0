//! Sessions that are alive: who they are, how they are ended.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evidence::Counts;
use model::ports::{OpenedSession, RecordError, Recorder};
use model::{Ending, Event, SessionHead, SessionId, Timestamp};
use tokio::sync::oneshot;

use super::Shared;
use super::tape::Tape;

/// So many closed files may wait for the keeper to sync them; beyond, whoever closes syncs.
const MANY_CLOSED: usize = 64;

#[derive(Default)]
pub(super) struct Live {
    sessions: Mutex<HashMap<SessionId, Entry>>,
    /// How many there were since the start.
    opened: AtomicU64,
    /// Closed, not synced yet.
    closed: Mutex<Vec<(SessionId, Arc<File>)>>,
}

struct Entry {
    head: Arc<SessionHead>,
    /// Gone once it was used: a session is ended once.
    end: Option<oneshot::Sender<String>>,
    tape: Arc<Mutex<Tape>>,
}

/// A tape, or that whoever held it died holding it.
fn hold(tape: &Mutex<Tape>) -> Result<MutexGuard<'_, Tape>, RecordError> {
    tape.lock().map_err(|_| RecordError("its writer failed in the middle of an event".into()))
}

/// Lists a session as alive and hands out the two ends the gateway needs of it.
pub(super) fn admit(shared: &Arc<Shared>, head: SessionHead, tape: Tape) -> OpenedSession {
    let (end, ended) = oneshot::channel();
    let id = head.id;
    let tape = Arc::new(Mutex::new(tape));
    let entry = Entry { head: Arc::new(head), end: Some(end), tape: Arc::clone(&tape) };
    lock(&shared.live.sessions).insert(id, entry);
    shared.live.opened.fetch_add(1, Ordering::Relaxed);
    let must_end = async move {
        match ended.await {
            Ok(why) => why,
            Err(_) => std::future::pending().await,
        }
    };
    let recorder = Recording { id, tape, shared: Arc::clone(shared), closed: false };
    OpenedSession { recorder: Box::new(recorder), must_end: Box::pin(must_end) }
}

struct Recording {
    id: SessionId,
    tape: Arc<Mutex<Tape>>,
    shared: Arc<Shared>,
    closed: bool,
}

impl Recorder for Recording {
    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), RecordError> {
        hold(&self.tape)?.record(at, event)
    }

    fn commit(&mut self) -> Result<(), RecordError> {
        hold(&self.tape)?.commit()
    }

    fn close(mut self: Box<Self>, ending: Ending) -> Result<(), RecordError> {
        self.closed = true;
        hold(&self.tape)?.close(&ending)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let unsynced = hold(&self.tape).ok().and_then(|mut tape| {
            if !self.closed {
                tape.abandon();
            }
            tape.unsynced()
        });
        self.shared.live.leave(self.id, unsynced);
    }
}

impl Live {
    fn leave(&self, id: SessionId, unsynced: Option<Arc<File>>) {
        lock(&self.sessions).remove(&id);
        let Some(file) = unsynced else { return };
        let mut closed = lock(&self.closed);
        if closed.len() < MANY_CLOSED {
            closed.push((id, file));
            return;
        }
        drop(closed);
        sync(id, &file);
    }

    /// How many sessions there were since the start.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Who is alive.
    pub(super) fn ids(&self) -> Vec<SessionId> {
        lock(&self.sessions).keys().copied().collect()
    }

    /// What is known of a session that is alive: its head, its numbers, how long its file is.
    pub(super) fn look(&self, id: SessionId) -> Option<(Arc<SessionHead>, Counts, u64)> {
        let (head, tape) = {
            let sessions = lock(&self.sessions);
            let entry = sessions.get(&id)?;
            (Arc::clone(&entry.head), Arc::clone(&entry.tape))
        };
        let (counts, length) =
            hold(&tape).map(|tape| (*tape.counts(), tape.length())).unwrap_or_default();
        Some((head, counts, length))
    }

    /// Writes what waits, so that a reader finds it. Says whether the session is alive.
    pub(super) fn flush(&self, id: SessionId) -> bool {
        let tape = lock(&self.sessions).get(&id).map(|entry| Arc::clone(&entry.tape));
        let Some(tape) = tape else { return false };
        // The session itself hears of a failure with its next event.
        let _ = hold(&tape).and_then(|mut tape| tape.flush());
        true
    }

    /// Tells sessions to end and says how many were told.
    pub(super) fn end_where(
        &self,
        holds: impl Fn(SessionId, &SessionHead) -> bool,
        why: &str,
    ) -> usize {
        let mut told = 0;
        for (id, entry) in lock(&self.sessions).iter_mut() {
            if entry.end.is_some() && holds(*id, &entry.head) {
                // A gateway that no longer listens is ending the session already.
                let _ = entry.end.take().map(|end| end.send(why.to_owned()));
                told += 1;
            }
        }
        told
    }

    /// Visits every tape and ends the sessions whose credential is no longer good.
    pub(super) fn visit(&self, now: Timestamp) {
        self.end_where(
            |_, head| head.identity.expires.is_some_and(|expires| expires <= now),
            "the credential it was opened with has expired: sign in again",
        );
        for (id, tape) in self.tapes() {
            // A tape in use is being written by its session: the next round is soon enough.
            let Ok(mut held) = tape.try_lock() else { continue };
            let visited = held.visit();
            drop(held);
            if let Err(error) = visited {
                tracing::error!(session = %id, %error, "a recording cannot be written");
                self.end_failed(id);
            }
        }
    }

    /// Syncs what was written since the last time.
    pub(super) fn sync(&self) {
        for (id, tape) in self.tapes() {
            let Some(file) = hold(&tape).ok().and_then(|mut tape| tape.unsynced()) else {
                continue;
            };
            if let Err(error) = file.sync_data() {
                tracing::error!(session = %id, %error, "a recording cannot be synced");
                if let Ok(mut tape) = hold(&tape) {
                    tape.lost(&error);
                }
                self.end_failed(id);
            }
        }
        self.sync_closed();
    }

    fn tapes(&self) -> Vec<(SessionId, Arc<Mutex<Tape>>)> {
        let sessions = lock(&self.sessions);
        sessions.iter().map(|(id, entry)| (*id, Arc::clone(&entry.tape))).collect()
    }

    /// A session that does nothing would not hear that its recording failed.
    fn end_failed(&self, id: SessionId) {
        self.end_where(|session, _| session == id, "its recording cannot be written");
    }

    pub(super) fn sync_closed(&self) {
        let closed = std::mem::take(&mut *lock(&self.closed));
        for (id, file) in closed {
            sync(id, &file);
        }
    }
}

/// The session is over; all that is left to do about a failure is to say so.
fn sync(id: SessionId, file: &File) {
    if let Err(error) = file.sync_data() {
        tracing::error!(session = %id, %error, "a closed recording cannot be synced");
    }
}

/// The map and the list hold nothing half-done when their holder dies.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
