//! Who did what, outside of sessions: one append-only log, chained and signed.
//!
//! ```text
//!   an act and its entry ── one transaction ──► audit (chained) ── the same ──► audit_checkpoints (signed)
//!   sessions opened, ended ── in groups ──────►   │
//!   sign-ins, refusals ── summed up ──────────►   │
//!                                                 └──► API, `sluice audit`, `sluice verify DIR`, exports
//! ```
//!
//! * [`events`]: every event there is, in one table
//! * `log`: the rows: appended, signed, listed, checked
//! * `file`: the same rows, read from outside while a gateway may be running
//! * `health`: whether the log can be written, and what happened while it could not
//! * `tally`: what may come in floods is summed up before it is written
//!
//! What it refuses to do: hold a secret or a command's text; change or remove an entry; let an act be
//! done whose entry is not.

pub mod events;
pub mod file;
mod health;
pub(crate) mod log;
pub(crate) mod tally;
#[cfg(test)]
mod tests;

use model::Timestamp;

pub use events::{Category, Description, EVENTS, Event, FieldDescription, Severity, description};
pub use evidence::audit::{Broken, Checkpoint, Entry, Extent, Line};
pub(crate) use health::{Health, Mark};
pub use log::Query;
pub(crate) use log::{append, micros};

/// Who acts when the house acts by itself.
pub const ITSELF: &str = "sluice";

/// One thing that was done, to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// By whom: a subject, or [`ITSELF`].
    pub actor: String,
    /// To what: an id or a name.
    pub object: String,
    /// What.
    pub event: Event,
}

impl Act {
    /// What somebody did.
    pub fn new(
        at: Timestamp,
        actor: impl Into<String>,
        object: impl ToString,
        event: Event,
    ) -> Self {
        Self { at, actor: actor.into(), object: object.to_string(), event }
    }

    /// What the house did by itself.
    pub fn by_itself(at: Timestamp, object: impl ToString, event: Event) -> Self {
        Self::new(at, ITSELF, object, event)
    }
}

/// What a stranger sent, or what is said of it: short and printable.
pub(crate) fn short(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(120).collect()
}
