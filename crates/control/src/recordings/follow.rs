//! A recording that is read while it is written.

use std::sync::atomic::{AtomicUsize, Ordering};

use model::{Event, SessionId, Timestamp};

use super::Recordings;
use super::error::RecordingsError;
use super::replay::Replay;

/// So many may follow sessions at once. Each holds a file and a connection for as long as it likes.
const MOST: usize = 256;

/// How many follow sessions.
#[derive(Default)]
pub(super) struct Followers(AtomicUsize);

/// A session's events as they come. Everything here reads files: call it where blocking is allowed.
pub struct Following {
    recordings: Recordings,
    id: SessionId,
    replay: Replay,
    alive: bool,
    over: bool,
}

impl Recordings {
    /// A session's events from its beginning, and on as long as it is alive.
    ///
    /// # Errors
    /// There is none of this id, its file cannot be read, or too many follow sessions already.
    pub fn follow(&self, id: SessionId) -> Result<Following, RecordingsError> {
        let followers = &self.0.followers.0;
        if followers.fetch_add(1, Ordering::Relaxed) >= MOST {
            followers.fetch_sub(1, Ordering::Relaxed);
            return Err(RecordingsError::TooManyFollow(MOST));
        }
        let replay = self.replay(id).inspect_err(|_| {
            followers.fetch_sub(1, Ordering::Relaxed);
        })?;
        // Taken for alive until it was looked: what is not in the file yet may be about to be.
        Ok(Following { recordings: self.clone(), id, replay, alive: true, over: false })
    }

    /// How many follow sessions at the moment.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.0.followers.0.load(Ordering::Relaxed)
    }
}

impl Following {
    /// Looks whether the session is still alive. To be called before what there is is read: only then
    /// is what there is the end of it.
    pub fn look(&mut self) {
        if self.alive && !self.recordings.0.live.is_alive(self.id) {
            // Its last words are brought into the file first.
            self.recordings.settle();
            self.alive = false;
            self.replay.ended();
        }
    }

    /// The next event there is. `None`: there is none at the moment, or ([`Self::is_over`]) none will
    /// come.
    pub fn take(&mut self) -> Option<Result<(Timestamp, Event), RecordingsError>> {
        if self.over {
            return None;
        }
        match self.replay.read() {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                self.over = !self.alive;
                None
            }
            Err(error) => {
                self.over = true;
                Some(Err(error))
            }
        }
    }

    /// Whether everything was taken, and nothing will come.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.recordings.0.followers.0.fetch_sub(1, Ordering::Relaxed);
    }
}
