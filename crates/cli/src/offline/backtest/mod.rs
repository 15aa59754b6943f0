//! Recorded commands, decided again under other policies.
//!
//! ```text
//!   recordings ──► session ──► candidate's slice ─┬─► tally ──► who, what, from, to, how many, an example
//!                     └─► recorded verdict, or ───┘
//!                         another slice's
//! ```
//!
//! What a recording does not say is not guessed: such a command is counted by itself, with why, and
//! never as one that stays as it is.

mod session;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use control::recordings::AtRest;
use model::{Resource, Timestamp};
use policy::PolicySet;

use session::Again;
pub(crate) use tally::{Change, Direction, Tally};

/// What is asked of the recordings.
pub(crate) struct Question {
    /// The policies to try.
    pub(crate) candidate: Arc<PolicySet>,
    /// What to compare them with, in place of what was recorded.
    pub(crate) against: Option<Arc<PolicySet>>,
    /// The policies of the configuration. What was shown in clear is not in a recording, so that is compared
    /// with these, where there is nothing else.
    pub(crate) configured: Option<Arc<PolicySet>>,
    /// What is behind the doors.
    pub(crate) resources: Vec<Arc<Resource>>,
    /// From when on.
    pub(crate) since: Timestamp,
    /// Until when.
    pub(crate) until: Timestamp,
    /// Only of this resource.
    pub(crate) resource: Option<String>,
    /// Only of this subject.
    pub(crate) subject: Option<String>,
    /// How many examples to keep of each kind of change.
    pub(crate) examples: usize,
}

/// Decides everything again. `progress` is told how many of how many recordings were read.
pub(crate) fn run(
    archive: &AtRest,
    question: &Question,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Tally> {
    let sessions = archive.sessions(question.since)?;
    let next = AtomicUsize::new(0);
    let whole = Mutex::new(Tally::new(question.examples));
    let workers = thread::available_parallelism().map_or(1, usize::from).min(sessions.len().max(1));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut tally = Tally::new(question.examples);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(id) = sessions.get(at) else { break };
                    let read = archive.replay(*id).and_then(|replay| {
                        let mut again = Again::new(question, &mut tally);
                        for found in replay {
                            let (at, event) = found?;
                            if !again.event(at, event) {
                                break;
                            }
                        }
                        again.finish();
                        Ok(())
                    });
                    if let Err(error) = read {
                        tally.unreadable(*id, error.to_string());
                    }
                    progress(at + 1, sessions.len());
                }
                whole.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
            });
        }
    });
    Ok(whole.into_inner().unwrap_or_else(PoisonError::into_inner))
}
