//! Sessions' beginnings and ends on their way into the audit log.
//!
//! Whoever opens a session does not wait for the disk: what is to be entered is gathered, and the
//! store's writer takes all there is into one transaction. A session's first command waits until its
//! opening is entered ([`Register::wait`]). What cannot be entered is kept and tried again; until that
//! has worked nothing is let through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use evidence::{Counts, Delivered};
use model::ports::{RecordError, Refusal};
use model::{SessionHead, SessionId, Timestamp};
use rusqlite::Transaction;
use tokio::sync::watch;

use super::refusals::Refusals;
use super::scribe::PATIENCE;
use crate::Clock;
use crate::audit::{self, Act, Event};
use crate::store::{Store, StoreError};

/// How often a log that cannot be written is tried again.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Register {
    store: Arc<Store>,
    clock: Clock,
    refusals: Refusals,
    shared: Arc<Shared>,
}

/// What the writer's thread holds of it.
struct Shared {
    state: Mutex<State>,
    done: watch::Sender<Done>,
}

struct State {
    waiting: Vec<Note>,
    /// In the transaction that is under way.
    taken: Vec<Note>,
    /// How many were ever handed in.
    noted: u64,
    /// A transaction is on its way that will take all that wait.
    coming: bool,
    tried: Instant,
}

/// How far everything is entered, and why not further.
#[derive(Clone, Default)]
struct Done {
    through: u64,
    failed: Option<String>,
}

/// Something to be entered about a session.
#[derive(Clone)]
pub(super) struct Note {
    session: SessionId,
    opens: bool,
    act: Act,
}

/// What a recording ended as.
#[derive(Clone, Debug)]
pub(super) struct Conclusion {
    pub(super) at: Timestamp,
    /// How the session ended, when it ended in order.
    pub(super) how: Option<String>,
    pub(super) in_order: bool,
    /// The last hash of its chain.
    pub(super) last: [u8; 32],
    pub(super) counts: Counts,
    pub(super) delivered: Delivered,
    pub(super) bytes: u64,
}

impl Note {
    /// A session begins. `late`: it was found at the start.
    pub(super) fn opened(head: &SessionHead, first: &[u8; 32], late: bool) -> Self {
        let identity = &head.identity;
        let event = Event::SessionOpened {
            recording: hex::encode(first),
            resource: head.resource.clone(),
            protocol: head.protocol.clone(),
            database: head.database.clone(),
            policies: head.policies.clone(),
            provider: identity.provider.clone(),
            kind: identity.kind.name().to_owned(),
            groups: identity.groups.clone(),
            on_behalf_of: identity.on_behalf_of.clone(),
            token: identity.token.map(|token| token.to_string()),
            source: head.source.clone(),
            client: head.client.as_deref().map(audit::short),
            late,
        };
        let act = Act::new(head.opened, &identity.subject, head.id, event);
        Self { session: head.id, opens: true, act }
    }

    /// A session ended.
    pub(super) fn ended(session: SessionId, subject: &str, end: &Conclusion, late: bool) -> Self {
        let (recording, bytes) = (hex::encode(end.last), end.bytes);
        let Counts { frames, commands, denied, held, failed, rows, bytes: _ } = end.counts;
        let (delivered, delivered_sha256) =
            (end.delivered.bytes, hex::encode(end.delivered.sha256));
        let event = if end.in_order {
            let how = end.how.clone();
            Event::SessionEnded {
                recording,
                how,
                frames,
                commands,
                denied,
                held,
                failed,
                rows,
                bytes,
                delivered,
                delivered_sha256,
                late,
            }
        } else {
            Event::SessionInterrupted {
                recording,
                frames,
                commands,
                denied,
                held,
                failed,
                rows,
                bytes,
                delivered,
                delivered_sha256,
                late,
            }
        };
        Self { session, opens: false, act: Act::new(end.at, subject, session, event) }
    }

    /// A session that was open has no recording any more.
    pub(super) fn lost(session: SessionId, at: Timestamp, why: String) -> Self {
        let act = Act::by_itself(at, session, Event::SessionLost { why });
        Self { session, opens: false, act }
    }

    pub(super) const fn session(&self) -> SessionId {
        self.session
    }

    pub(super) fn enter(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        audit::append(transaction, &self.act)?;
        let statement = if self.opens {
            "insert or ignore into open_sessions (session) values (?)"
        } else {
            "delete from open_sessions where session = ?"
        };
        transaction.prepare_cached(statement)?.execute([self.session.to_string()])?;
        Ok(())
    }
}

impl Register {
    pub(super) fn new(store: Arc<Store>, clock: Clock) -> Self {
        let state = State {
            waiting: Vec::new(),
            taken: Vec::new(),
            noted: 0,
            coming: false,
            tried: Instant::now(),
        };
        let shared = Shared { state: Mutex::new(state), done: watch::Sender::default() };
        Self { store, clock, refusals: Refusals::default(), shared: Arc::new(shared) }
    }

    /// Whether what happens now can be entered, as far as can be known.
    pub(super) fn ready(&self) -> Result<(), RecordError> {
        self.store.health().trouble().map_or(Ok(()), |why| Err(refused(&why)))
    }

    /// Takes a note; [`Self::wait`] for its number.
    pub(super) fn note(&self, note: Note) -> u64 {
        let mut state = self.shared.lock();
        state.waiting.push(note);
        state.noted += 1;
        let number = state.noted;
        let coming = std::mem::replace(&mut state.coming, true);
        drop(state);
        if !coming {
            self.send();
        }
        number
    }

    /// The keyring has other keys.
    pub(super) fn keys_changed(&self, keys: Vec<String>) {
        let event = Event::KeyringChanged { keys };
        let act = Act::by_itself(self.clock.now(), "recordings.keyring", event);
        self.store.write_later("a change of keys", move |books| audit::append(books, &act));
    }

    /// Somebody was not let in.
    pub(super) fn refused(&self, refusal: &Refusal<'_>) {
        self.refusals.note(refusal, &self.clock);
    }

    /// Sends everything on its way that is only counted so far: for the end of the house.
    pub(super) fn settle(&self) {
        self.refusals.write(&self.store, &self.clock, true);
    }

    /// Writes what is due, and tries again what could not be entered.
    pub(super) fn visit(&self) {
        self.refusals.write(&self.store, &self.clock, false);
        let broken = self.store.health().trouble().is_some();
        let mut state = self.shared.lock();
        // What was taken is still there where the writer panicked over it.
        let stuck = !(state.waiting.is_empty() && state.taken.is_empty());
        if !(broken || stuck) || state.coming || state.tried.elapsed() < AGAIN {
            return;
        }
        state.coming = true;
        drop(state);
        self.send();
    }

    /// Waits until a note is entered.
    pub(super) fn wait(
        &self,
        number: u64,
    ) -> impl Future<Output = Result<(), RecordError>> + Send + use<> {
        let mut done = self.shared.done.subscribe();
        async move {
            let known = |done: &Done| done.through >= number || done.failed.is_some();
            match tokio::time::timeout(PATIENCE, done.wait_for(known)).await {
                Ok(Ok(done)) if done.through >= number => Ok(()),
                Ok(Ok(done)) => Err(refused(done.failed.as_deref().unwrap_or_default())),
                Ok(Err(_)) => Err(refused("the house is closing")),
                Err(_) => Err(refused("the disk takes nothing")),
            }
        }
    }

    /// Whether a note is entered already.
    pub(super) fn is_entered(&self, number: u64) -> bool {
        self.shared.done.borrow().through >= number
    }

    fn send(&self) {
        let (taking, telling) = (Arc::clone(&self.shared), Arc::clone(&self.shared));
        // The writer's thread must not be the last to hold the store: it holds what is shared only.
        self.store.write_then(
            move |transaction| taking.take().iter().try_for_each(|note| note.enter(transaction)),
            move |done| telling.done(done),
        );
    }
}

impl Shared {
    /// All that wait. What comes from here on asks for a transaction of its own.
    fn take(&self) -> Vec<Note> {
        let mut state = self.lock();
        (state.coming, state.tried) = (false, Instant::now());
        let waiting = std::mem::take(&mut state.waiting);
        state.taken.extend(waiting);
        state.taken.clone()
    }

    /// What was taken is on the disk, or waits again, before what came meanwhile.
    fn done(&self, done: Result<(), StoreError>) {
        let mut state = self.lock();
        let taken = std::mem::take(&mut state.taken);
        match done {
            Ok(()) => self.done.send_modify(|done| {
                done.through += taken.len() as u64;
                done.failed = None;
            }),
            Err(error) => {
                // It may have failed before anything was taken: then nobody has said that none is coming.
                (state.coming, state.tried) = (false, Instant::now());
                let newer = std::mem::replace(&mut state.waiting, taken);
                state.waiting.extend(newer);
                self.done.send_modify(|done| done.failed = Some(error.to_string()));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(why: &str) -> RecordError {
    RecordError(format!("the audit log takes nothing: {why}"))
}
