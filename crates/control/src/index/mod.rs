//! The index: finds sessions and statements without reading every recording.
//!
//! ```text
//!   recordings/*.sluice-rec ── keeper (a thread) ──► data_dir/index.db ◄── questions (API)
//!     sealed, the truth          follows those alive,     names in clear,
//!                                reads the others once    words as keyed hashes
//! ```
//!
//! The file is made from the recordings and from nothing else: removed, damaged or of another version,
//! it is made again while sessions go on. It is no evidence, and whatever becomes of it no session
//! waits or ends for it. Recordings are sealed, so no text of a statement stands in it: each word is a
//! keyed hash, and a text that is shown is read from the recording it is in.
//!
//! What it refuses to do: keep a statement's text or a value; hand what somebody typed to FTS5; say
//! anything of a session outside of the [`Scope`] it is asked with.

mod ask;
mod file;
mod keeper;
mod question;
mod statement;
mod story;
#[cfg(test)]
mod tests;
mod words;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::SessionId;
use rusqlite::Connection;

use crate::recordings::Ring;

pub use evidence::words::{MOST_WORDS, NoQuestion, Phrases};
pub use file::IndexError;
pub(crate) use keeper::start;
pub use question::{Found, Question, Scope, Spot};
pub use statement::Verdicts;
use words::Terms;
pub(crate) use write::Stage;

/// So many connections that read are kept open.
const READERS: usize = 4;
/// So many sessions that began may wait to be looked at. More are found in the folder.
const FRESH: usize = 100_000;

/// The index as those see it who ask.
#[derive(Clone)]
pub(crate) struct Index(Arc<Inner>);

struct Inner {
    path: PathBuf,
    ring: Arc<Ring>,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    /// There once the file can be asked.
    terms: Option<Arc<Terms>>,
    readers: Vec<Connection>,
    /// Counts how often the file was opened: what was opened before is not asked any more.
    opened: u64,
    /// Sessions that began since they were last looked at.
    fresh: Vec<SessionId>,
    /// Sessions whose recording is gone.
    gone: Vec<SessionId>,
    /// The folder must be looked through: more began than are remembered.
    look: bool,
    /// Somebody who asked found the file damaged.
    damaged: bool,
    /// Recordings that are not over and not read, of those that were there at the start.
    behind: usize,
    /// Everything that was there at the start has been read.
    complete: bool,
    error: Option<String>,
}

/// What happened since the keeper last looked.
struct News {
    fresh: Vec<SessionId>,
    gone: Vec<SessionId>,
    look: bool,
    damaged: bool,
}

/// How far the index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Everything recorded is found, but for the last two seconds.
    pub complete: bool,
    /// How many recordings are still to be read.
    pub behind: usize,
    /// Why nothing is read at the moment.
    pub error: Option<String>,
}

impl Index {
    pub(crate) fn new(data_dir: &Path, ring: Arc<Ring>) -> Self {
        let path = data_dir.join("index.db");
        let (state, bell) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Inner { path, ring, state, bell }))
    }

    /// A session begins: its recording is there.
    pub(crate) fn admit(&self, id: SessionId) {
        let mut state = self.lock();
        if state.fresh.len() < FRESH {
            state.fresh.push(id);
        } else {
            state.look = true;
        }
    }

    /// A session's recording is there no more.
    pub(crate) fn forget(&self, id: SessionId) {
        let mut state = self.lock();
        if state.gone.len() < FRESH {
            state.gone.push(id);
        } else {
            state.look = true;
        }
    }

    /// What the keeper should know, until it says that it has seen to it.
    fn news(&self) -> News {
        let mut state = self.lock();
        // Taken, not looked at: who asks for it while the folder is looked through asks once more. A
        // keeper that fails meanwhile begins with the folder anyway.
        let look = std::mem::take(&mut state.look);
        state.complete &= !look;
        let State { fresh, gone, damaged, .. } = &*state;
        News { fresh: fresh.clone(), gone: gone.clone(), look, damaged: *damaged }
    }

    /// The keeper has seen to it, and `behind` recordings are left of those at the start.
    fn seen(&self, news: &News, behind: usize) {
        let mut state = self.lock();
        state.fresh.drain(..news.fresh.len());
        state.gone.drain(..news.gone.len());
        state.behind = behind;
        state.complete = behind == 0;
    }

    /// Sessions that began and that the index may not know yet.
    pub(crate) fn fresh(&self) -> Vec<SessionId> {
        self.lock().fresh.clone()
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.lock();
        let complete = state.complete && state.error.is_none() && !state.look;
        Status { complete, behind: state.behind, error: state.error.clone() }
    }

    /// Statements, newest first.
    pub(crate) fn statements(&self, question: &Question) -> Result<Vec<Found>, IndexError> {
        self.ask(|connection, terms| ask::statements(connection, terms, question))
    }

    /// The sessions with such statements, those with the newest first, each with its newest place.
    pub(crate) fn sessions_with(
        &self,
        question: &Question,
    ) -> Result<Vec<(SessionId, i64)>, IndexError> {
        self.ask(|connection, terms| ask::sessions_with(connection, terms, question))
    }

    /// Sessions, newest first.
    pub(crate) fn sessions(
        &self,
        question: &Question,
        stages: &[Stage],
        before: Option<SessionId>,
    ) -> Result<Vec<SessionId>, IndexError> {
        self.ask(|connection, _| ask::sessions(connection, question, stages, before))
    }

    /// Where a statement is that people decided about.
    pub(crate) fn spot(&self, session: SessionId, number: u64) -> Result<Option<Spot>, IndexError> {
        self.ask(|connection, _| ask::spot(connection, session, number))
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Connection, &Terms) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let (terms, reader, opened) = {
            let mut state = self.lock();
            let terms = state.terms.clone().ok_or(IndexError::NotReady)?;
            (terms, state.readers.pop(), state.opened)
        };
        let reader = match reader {
            Some(reader) => reader,
            None => file::connect_to_read(&self.0.path)?,
        };
        let answer = question(&reader, &terms);
        let mut state = self.lock();
        if state.opened == opened {
            match &answer {
                Err(error) if error.is_damage() => {
                    state.damaged = true;
                    self.0.bell.notify_all();
                }
                _ if state.readers.len() < READERS => state.readers.push(reader),
                _ => {}
            }
        }
        answer
    }

    /// From now on it can be asked.
    fn ready(&self, terms: &Arc<Terms>) {
        let mut state = self.lock();
        state.terms = Some(Arc::clone(terms));
        state.readers.clear();
        state.opened += 1;
        state.damaged = false;
        state.error = None;
    }

    /// From now on it cannot.
    fn failed(&self, error: &IndexError) {
        let mut state = self.lock();
        state.error = Some(error.to_string());
        state.complete = false;
        if error.is_damage() {
            state.terms = None;
            state.readers.clear();
            state.opened += 1;
        }
    }

    /// Waits, unless somebody has something to say.
    fn pause(&self, time: Duration) {
        let state = self.lock();
        let paused = self.0.bell.wait_timeout_while(state, time, |state| !state.damaged);
        drop(paused.unwrap_or_else(PoisonError::into_inner));
    }

    /// What stands in it is whole whoever died with it in hand.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
