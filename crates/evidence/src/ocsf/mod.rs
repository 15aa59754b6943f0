//! What happened, as an event of the [Open Cybersecurity Schema Framework](https://schema.ocsf.io), version 1.5.0.
//!
//! | what happened | class |
//! |---|---|
//! | a session of a database began or ended, somebody was refused at the door | Authentication (3002) |
//! | a command of a database | Datastore Activity (6005) |
//! | a session of SSH began or ended; a command of it that is about the connection | SSH Activity (4007) |
//! | a command of SSH that runs a program, and its end | Process Activity (1007) |
//! | a command of SSH that touches files, a file that was moved | File System Activity (1001) |
//! | an HTTP request | HTTP Activity (4002) |
//! | a command of Kubernetes; what was looked at, exported or ended at the desk | API Activity (6003) |
//! | a token, a policy, a configuration, a key, a request for approval was made, changed or removed | Entity Management (3004) |
//! | an approval was given or refused | Authorize Session (3003) |
//! | evidence is missing or was changed, or cannot be kept | Detection Finding (2004) |
//!
//! Every event is of exactly one class and has all that its class requires; what the schema has no place
//! for stands in `unmapped`.

mod audit;
mod class;
mod command;
mod files;
mod parts;
mod session;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::happening::{AuditEntry, Happening, What, Wording};
use class::Protocol;

/// The version of the schema.
pub const VERSION: &str = "1.5.0";

/// Who reports.
#[derive(Clone, Copy, Debug)]
pub struct Reporter<'a> {
    /// The version of Sluice.
    pub version: &'a str,
    /// Counts what one receiver was told; none when it is told to nobody in particular.
    pub sequence: Option<u64>,
}

/// What happened in a session.
#[must_use]
pub fn session(happening: &Happening, wording: &Wording<'_>, by: Reporter<'_>) -> Value {
    let protocol = Protocol::of(&happening.session.protocol);
    match &happening.what {
        What::Opened => session::opened(happening, wording, protocol, by),
        What::Closed { ending, unfinished } => {
            session::closed(happening, ending.as_ref(), unfinished, protocol, by)
        }
        What::Decided(decided) => command::decided(happening, decided, wording, protocol, by),
        What::Ended(ended) => command::ended(happening, ended, wording, protocol, by),
        What::Moved(moved) => command::moved(happening, moved, wording, by),
    }
}

/// An entry of the audit log.
#[must_use]
pub fn audit(entry: &AuditEntry<'_>, by: Reporter<'_>) -> Value {
    audit::event(entry, by)
}
