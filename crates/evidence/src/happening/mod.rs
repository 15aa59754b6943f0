//! What happened in a session, as another system is told of it: who came, what was asked and how it
//! was decided, how it went, how it ended. Results are not told.
//!
//! ```text
//!   frame ─► Teller ─► Happening ─┬─► json         Sluice's own words
//!                                 └─► ocsf::session the Open Cybersecurity Schema Framework's
//!   entry of the audit log ─► AuditEntry ─┬─► json
//!                                         └─► ocsf::audit
//! ```
//!
//! The same frames are told the same way whenever they are read: a frame's number names what it told.

mod json;
#[cfg(test)]
mod tests;
mod wording;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use model::{
    Access, ApprovalId, Ending, Event, Parameter, Phase, PolicyId, ReasonKind, SessionHead, Stream,
    Timestamp, Verdict,
};

pub(crate) use json::{accesses, phase, streams, verdict};
pub use json::{audit, session};
pub(crate) use wording::{Cut, MANY};
pub use wording::{Text, Wording};

/// So many commands may be under way at once and be remembered; the oldest is forgotten first, and how
/// it ends is told without what it was.
const MOST: usize = 1 << 14;

/// One thing that happened in a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// The session.
    pub session: Arc<SessionHead>,
    /// The frame that told of it, counted from 1.
    pub frame: u64,
    /// Of several that one frame told of, which, counted from 0.
    pub part: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The session began.
    Opened,
    /// A command was asked for and decided.
    Decided(Decided),
    /// A command, or something outside any, ended.
    Ended(Ended),
    /// A file was moved.
    Moved(Moved),
    /// The session is over.
    Closed {
        /// How it ended; nothing when it was interrupted.
        ending: Option<Ending>,
        /// Commands that were let through and whose end nobody saw.
        unfinished: Vec<u64>,
    },
}

/// A command and what was decided of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The command's number in its session.
    pub number: u64,
    /// When it arrived.
    pub asked: Timestamp,
    /// Whether it is readied or run.
    pub phase: Phase,
    /// Its text as the client sent it.
    pub text: Bytes,
    /// What was bound to it.
    pub parameters: Arc<[Parameter]>,
    /// What it does.
    pub accesses: Arc<[Access]>,
    /// What was decided; nothing when the session ended before that.
    pub verdict: Option<Verdict>,
    /// The policies behind it.
    pub policies: Arc<[PolicyId]>,
    /// The approval it was let through by.
    pub approval: Option<ApprovalId>,
    /// What the client was told.
    pub message: Option<String>,
    /// Why it was refused, where that is known.
    pub cause: Option<ReasonKind>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The command's number; 0 when none was running.
    pub number: u64,
    /// When it was let through, where that is known.
    pub since: Option<Timestamp>,
    /// What it does, where that is known.
    pub accesses: Arc<[Access]>,
    /// How it went.
    pub outcome: Outcome,
}

/// How a command went.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Well.
    Finished {
        /// The protocol's word for what was done.
        tag: String,
        /// Rows the client received.
        rows: u64,
        /// Bytes of result.
        bytes: u64,
    },
    /// The target answered with an error.
    Failed {
        /// The protocol's error code.
        code: String,
        /// The message as the client saw it.
        message: String,
    },
    /// Its program ended.
    Exited {
        /// Its exit code, when it said one.
        status: Option<u32>,
        /// The signal that ended it.
        signal: Option<String>,
        /// How many bytes of each stream there were.
        streams: Vec<(Stream, u64)>,
    },
}

/// A file that was moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The number of the command that allowed it.
    pub number: u64,
    /// Its path on the target.
    pub path: String,
    /// Whether the target received it; else the client did.
    pub upload: bool,
    /// Bytes that went by.
    pub bytes: u64,
    /// The digest of its content, where all of it went by in order.
    pub sha256: Option<[u8; 32]>,
}

/// An entry of the audit log, as far as others are told of it.
#[derive(Clone, Copy, Debug)]
pub struct AuditEntry<'a> {
    /// Its place in the log, counted from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: &'a str,
    /// What was done: a stable code.
    pub action: &'a str,
    /// To what.
    pub object: &'a str,
    /// The rest, one object.
    pub detail: &'a serde_json::Value,
    /// The chain's hash up to and with it, in hexadecimal.
    pub hash: &'a str,
}

impl AuditEntry<'_> {
    /// Names it, whoever is told of it and how often.
    #[must_use]
    pub fn uid(&self) -> String {
        format!("audit/{}", self.seq)
    }
}

impl Happening {
    /// Names it, whoever is told of it and how often.
    #[must_use]
    pub fn uid(&self) -> String {
        let Self { session, frame, part, .. } = self;
        match part {
            0 => format!("{}/{frame}", session.id),
            _ => format!("{}/{frame}.{part}", session.id),
        }
    }

    /// What kind of thing happened, in the words of the audit log's codes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.what {
            What::Opened => "session.opened",
            What::Decided(_) => "command.decided",
            What::Ended(Ended { outcome: Outcome::Finished { .. }, .. }) => "command.finished",
            What::Ended(Ended { outcome: Outcome::Failed { .. }, .. }) => "command.failed",
            What::Ended(Ended { outcome: Outcome::Exited { .. }, .. }) => "command.exited",
            What::Moved(_) => "file.moved",
            What::Closed { ending: Some(_), .. } => "session.closed",
            What::Closed { ending: None, .. } => "session.broken_off",
        }
    }

    /// Whether it is about a command, and not about the session as a whole.
    #[must_use]
    pub const fn is_of_a_command(&self) -> bool {
        matches!(self.what, What::Decided(_) | What::Ended(_) | What::Moved(_))
    }
}

/// Tells what happens in one session, from its first frame on.
#[derive(Debug, Default)]
pub struct Teller {
    head: Option<Arc<SessionHead>>,
    /// Commands that were not decided for good.
    asked: BTreeMap<u64, Decided>,
    /// Commands that were let through and have not ended.
    running: BTreeMap<u64, (Timestamp, Arc<[Access]>)>,
}

impl Teller {
    /// At the beginning of a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the frame of this number and adds what it tells, if anything, to `out`.
    pub fn frame(&mut self, frame: u64, at: Timestamp, event: &Event, out: &mut Vec<Happening>) {
        let what = match event {
            Event::Opened(head) => {
                self.head = Some(Arc::new((**head).clone()));
                What::Opened
            }
            Event::Command { number, phase, text, parameters, accesses, .. } => {
                let asked = Decided {
                    number: *number,
                    asked: at,
                    phase: *phase,
                    text: text.clone(),
                    parameters: Arc::clone(parameters),
                    accesses: Arc::clone(accesses),
                    verdict: None,
                    policies: Arc::default(),
                    approval: None,
                    message: None,
                    cause: None,
                };
                remember(&mut self.asked, *number, asked);
                return;
            }
            Event::Decided { number, verdict, policies, approval, message, cause } => {
                let Some(asked) = self.decided(*number, *verdict, at) else { return };
                What::Decided(Decided {
                    verdict: Some(*verdict),
                    policies: Arc::clone(policies),
                    approval: *approval,
                    message: message.clone(),
                    cause: *cause,
                    ..asked
                })
            }
            Event::Finished { number, tag, rows, bytes } => {
                let outcome = Outcome::Finished { tag: tag.clone(), rows: *rows, bytes: *bytes };
                What::Ended(self.ended(*number, outcome))
            }
            Event::Failed { number, code, message } => {
                let outcome = Outcome::Failed { code: code.clone(), message: message.clone() };
                What::Ended(self.ended(*number, outcome))
            }
            Event::Exited { number, status, signal, streams } => {
                let outcome = Outcome::Exited {
                    status: *status,
                    signal: signal.clone(),
                    streams: streams.iter().map(|one| (one.stream, one.bytes)).collect(),
                };
                What::Ended(self.ended(*number, outcome))
            }
            Event::Moved { number, path, upload, bytes, sha256 } => What::Moved(Moved {
                number: *number,
                path: path.clone(),
                upload: *upload,
                bytes: *bytes,
                sha256: *sha256,
            }),
            Event::Closed(ending) => return self.close(frame, at, Some(ending.clone()), out),
            // What was shown is in the recording and nowhere else.
            Event::Columns { .. }
            | Event::Shadow { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Stream { .. }
            | Event::Terminal { .. }
            | Event::Cut { .. }
            | Event::Notice { .. } => return,
        };
        self.say(frame, 0, at, what, out);
    }

    /// Says that the session was interrupted after the frame before this number.
    pub fn interrupted(&mut self, frame: u64, at: Timestamp, out: &mut Vec<Happening>) {
        self.close(frame, at, None, out);
    }

    fn decided(&mut self, number: u64, verdict: Verdict, at: Timestamp) -> Option<Decided> {
        // What is held is decided again.
        if verdict == Verdict::Held {
            return self.asked.get(&number).cloned();
        }
        let asked = self.asked.remove(&number)?;
        let runs = matches!(verdict, Verdict::Allowed | Verdict::Approved);
        if runs && asked.phase == Phase::Run {
            remember(&mut self.running, number, (at, Arc::clone(&asked.accesses)));
        }
        Some(asked)
    }

    fn ended(&mut self, number: u64, outcome: Outcome) -> Ended {
        let (since, accesses) = self.running.remove(&number).unzip();
        Ended { number, since, accesses: accesses.unwrap_or_default(), outcome }
    }

    fn close(
        &mut self,
        frame: u64,
        at: Timestamp,
        ending: Option<Ending>,
        out: &mut Vec<Happening>,
    ) {
        let mut part = 0;
        for asked in std::mem::take(&mut self.asked).into_values() {
            part += 1;
            self.say(frame, part, at, What::Decided(asked), out);
        }
        let unfinished = std::mem::take(&mut self.running).into_keys().collect();
        self.say(frame, 0, at, What::Closed { ending, unfinished }, out);
    }

    fn say(&self, frame: u64, part: u32, at: Timestamp, what: What, out: &mut Vec<Happening>) {
        // A recording that does not begin with its head is nobody's.
        let Some(head) = &self.head else { return };
        out.push(Happening { session: Arc::clone(head), frame, part, at, what });
    }
}

fn remember<T>(map: &mut BTreeMap<u64, T>, number: u64, value: T) {
    if map.len() >= MOST && !map.contains_key(&number) {
        map.pop_first();
    }
    map.insert(number, value);
}
