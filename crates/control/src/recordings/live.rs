//! Sessions that are alive: who they are, how they are ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evidence::{Counts, WriteError};
use model::ports::{Committing, OpenedSession, RecordError, Recorder};
use model::{Ending, Event, Evidence, SessionHead, SessionId, Timestamp};
use tokio::sync::oneshot;

use super::Shared;
use super::register::Note;
use super::tape::{Tape, refused};

/// So much may be sealed and not on the disk before a session that goes on talking is ended.
const MUCH: usize = 32 << 20;

#[derive(Default)]
pub(super) struct Live {
    sessions: Mutex<HashMap<SessionId, Entry>>,
}

struct Entry {
    head: Arc<SessionHead>,
    /// Gone once it was used: a session is ended once.
    end: Option<oneshot::Sender<String>>,
    tape: Arc<Tape>,
}

/// Lists a session as alive and hands out the two ends the gateway needs of it.
pub(super) fn admit(shared: &Arc<Shared>, head: SessionHead, tape: Tape) -> OpenedSession {
    let (end, ended) = oneshot::channel();
    let id = head.id;
    let entry_number = shared
        .register
        .get()
        .map(|register| register.note(Note::opened(&head, &tape.first, false)));
    let tape = Arc::new(tape);
    let entry = Entry { head: Arc::new(head), end: Some(end), tape: Arc::clone(&tape) };
    lock(&shared.live.sessions).insert(id, entry);
    shared.rounds.admit(Arc::clone(&tape));
    let must_end = async move {
        match ended.await {
            Ok(why) => why,
            Err(_) => std::future::pending().await,
        }
    };
    let recorder = Recording { id, tape, shared: Arc::clone(shared), unentered: entry_number };
    OpenedSession { recorder: Box::new(recorder), must_end: Box::pin(must_end) }
}

struct Recording {
    id: SessionId,
    tape: Arc<Tape>,
    shared: Arc<Shared>,
    /// The number under which its opening goes into the audit log, until it is there.
    unentered: Option<u64>,
}

impl Recorder for Recording {
    fn ready(&self) -> Result<(), RecordError> {
        self.shared.ready()
    }

    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), RecordError> {
        let failed = |error: WriteError| RecordError(error.to_string());
        let waits = self.tape.record(at, event).map_err(failed)?;
        if waits <= evidence::FULL {
            return Ok(());
        }
        // A full block is sealed by whoever filled it: a flood of results slows its own session down.
        let mut packer = lock(&self.shared.packer);
        let written = self.tape.gather(self.shared.clock.now(), &mut packer);
        drop(packer);
        if self.tape.behind() <= MUCH {
            return Ok(());
        }
        // What is only in memory has a bound, whether the disk says no or says nothing.
        match written {
            Err(error) => Err(refused(&error)),
            Ok(()) if self.shared.rounds.is_behind() => {
                Err(RecordError("the disk takes nothing".into()))
            }
            Ok(()) => Ok(()),
        }
    }

    fn delivered(&mut self, bytes: &[u8]) {
        self.tape.delivered(bytes);
    }

    fn commit(&mut self, evidence: Evidence) -> Result<Option<Committing>, RecordError> {
        let entered = self.entered();
        let rounds = &self.shared.rounds;
        rounds.allowed()?;
        if evidence == Evidence::Buffered {
            self.shared.ready()?;
            if !rounds.is_behind() {
                return Ok(entered.map(|entered| Box::pin(entered) as Committing));
            }
        }
        let kept = rounds.wait(rounds.ring());
        Ok(Some(match entered {
            None => Box::pin(kept),
            Some(entered) => Box::pin(async move {
                entered.await?;
                kept.await
            }),
        }))
    }

    fn close(self: Box<Self>, ending: Ending) -> Result<(), RecordError> {
        self.tape.close(ending);
        self.shared.rounds.ready()
    }
}

impl Recording {
    /// Waits until the session's opening is in the audit log; nothing once it is known to be.
    fn entered(&mut self) -> Option<impl Future<Output = Result<(), RecordError>> + Send + use<>> {
        let register = self.shared.register.get()?;
        let number = self.unentered.filter(|number| !register.is_entered(*number));
        self.unentered = number;
        number.map(|number| register.wait(number))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Said in vain where it was closed in order.
        self.tape.abandon(self.shared.clock.now());
        lock(&self.shared.live.sessions).remove(&self.id);
    }
}

impl Live {
    /// Who is alive.
    pub(super) fn ids(&self) -> Vec<SessionId> {
        lock(&self.sessions).keys().copied().collect()
    }

    /// Whether a session is alive.
    pub(super) fn is_alive(&self, id: SessionId) -> bool {
        lock(&self.sessions).contains_key(&id)
    }

    /// What is known of a session that is alive: its head, its numbers, how long its file is.
    pub(super) fn look(&self, id: SessionId) -> Option<(Arc<SessionHead>, Counts, u64)> {
        let (head, tape) = {
            let sessions = lock(&self.sessions);
            let entry = sessions.get(&id)?;
            (Arc::clone(&entry.head), Arc::clone(&entry.tape))
        };
        Some((head, tape.counts(), tape.length()))
    }

    /// How long the recordings of all that are alive are together.
    pub(super) fn bytes(&self) -> u64 {
        let tapes: Vec<_> =
            lock(&self.sessions).values().map(|entry| Arc::clone(&entry.tape)).collect();
        tapes.iter().map(|tape| tape.length()).sum()
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

    /// Ends the sessions whose credential is no longer good.
    pub(super) fn end_expired(&self, now: Timestamp) {
        self.end_where(
            |_, head| head.identity.expires.is_some_and(|expires| expires <= now),
            "the credential it was opened with has expired: sign in again",
        );
    }
}

/// The map holds nothing half-done when its holder dies.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
