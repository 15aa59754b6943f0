use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    Access, ApprovalId, Classes, Facts, Identity, Parameter, Phase, PolicyId, ReasonKind,
    SessionId, Shadow, Timestamp,
};

/// One line of a session's story. Whatever a client was shown is in here as it was shown: masked.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The session begins.
    Opened(Box<SessionHead>),
    /// A command arrived. Recorded before it is decided.
    Command {
        /// The command's number in the session.
        number: u64,
        /// Whether it is readied or run.
        phase: Phase,
        /// The text as the client sent it.
        text: Bytes,
        /// What was bound to its placeholders.
        parameters: Arc<[Parameter]>,
        /// What it does.
        accesses: Arc<[Access]>,
        /// What policies saw of it beside its accesses; nothing where a recording does not hold it.
        seen: Option<Seen>,
    },
    /// A command was decided.
    Decided {
        /// The command's number.
        number: u64,
        /// What was decided.
        verdict: Verdict,
        /// The policies behind it.
        policies: Arc<[PolicyId]>,
        /// The approval it waits for or was let through by.
        approval: Option<ApprovalId>,
        /// What the client was told, when it was refused or held.
        message: Option<String>,
        /// Who or what refused it, when it was refused and the recording says so.
        cause: Option<ReasonKind>,
    },
    /// Policies that are only tried out would have decided otherwise. Nothing came of it.
    Shadow {
        /// The command's number; 0 when it is about the session as a whole.
        number: u64,
        /// What they would have made of it.
        shadow: Shadow,
    },
    /// A result begins: what its columns are called.
    Columns {
        /// The command's number.
        number: u64,
        /// One for each column.
        columns: Arc<[Column]>,
    },
    /// Rows as the client received them.
    Rows {
        /// The command's number.
        number: u64,
        /// How many.
        count: u64,
        /// For SQL results: for each row a 32-bit length (big-endian, of what follows it), a 16-bit
        /// number of fields, and for each field a 32-bit length (-1 is NULL) and its bytes.
        data: Bytes,
    },
    /// Bulk data (COPY) as it went by.
    Bulk {
        /// The command's number.
        number: u64,
        /// Whether the client received it; else it sent it.
        to_client: bool,
        /// The bytes.
        data: Bytes,
    },
    /// What a program was given or said, as it went by.
    Stream {
        /// The command's number.
        number: u64,
        /// Which stream of it.
        stream: Stream,
        /// The bytes.
        data: Bytes,
    },
    /// A terminal's size, at first and whenever it changes.
    Terminal {
        /// The command's number; 0 before there is one.
        number: u64,
        /// Columns of letters.
        columns: u32,
        /// Rows of letters.
        rows: u32,
    },
    /// A program ended, or nobody listens to it any more.
    Exited {
        /// The command's number.
        number: u64,
        /// Its exit code, when it said one.
        status: Option<u32>,
        /// The signal that ended it: `TERM`.
        signal: Option<String>,
        /// How much of each stream there was, whether it is recorded or not.
        streams: Vec<StreamDigest>,
    },
    /// A file was moved.
    Moved {
        /// The number of the command that allowed it.
        number: u64,
        /// Its path on the target.
        path: String,
        /// Whether the target received it; else the client did.
        upload: bool,
        /// Bytes that went by.
        bytes: u64,
        /// The digest of its content, where all of it went by in order.
        sha256: Option<[u8; 32]>,
    },
    /// From here on the result went by without being stored: it was over the cap.
    Cut {
        /// The command's number.
        number: u64,
    },
    /// A command ended well.
    Finished {
        /// The command's number.
        number: u64,
        /// The protocol's own word for what was done: `SELECT 5`.
        tag: String,
        /// Rows the client received.
        rows: u64,
        /// Bytes of result the client received, or of bulk data it sent.
        bytes: u64,
    },
    /// A command ended in an error of the target's.
    Failed {
        /// The command's number; 0 when no command was running.
        number: u64,
        /// The protocol's error code: an SQLSTATE.
        code: String,
        /// The message as the client saw it.
        message: String,
    },
    /// The target said something outside a result, as the client saw it.
    Notice {
        /// The command's number; 0 when no command was running.
        number: u64,
        /// The text.
        message: String,
    },
    /// The session is over. Always the last event of a session that ended in order.
    Closed(Ending),
}

/// What policies saw of a command beside its accesses: with these it can be decided again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What its text says.
    pub facts: Arc<Facts>,
    /// Whether it ran inside a transaction the client opened earlier.
    pub in_transaction: bool,
}

/// Who came from where to what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionHead {
    /// The session.
    pub id: SessionId,
    /// When it was opened.
    pub opened: Timestamp,
    /// Who.
    pub identity: Identity,
    /// From where: address and port of the client as the gateway saw it.
    pub source: String,
    /// What the client calls itself, unchecked.
    pub client: Option<String>,
    /// The resource's name.
    pub resource: String,
    /// The protocol's name.
    pub protocol: String,
    /// What was opened inside the resource: a database.
    pub database: Option<String>,
    /// The policies that let it be opened.
    pub policies: Vec<String>,
}

/// One of the streams of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What the client gave it: standard input, the keys of a terminal, a forwarded connection's bytes.
    Input,
    /// What it said: standard output, what a terminal shows, a forwarded connection's bytes.
    Output,
    /// What it said beside: standard error.
    Error,
}

/// All that went by in one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamDigest {
    /// Which.
    pub stream: Stream,
    /// How many bytes.
    pub bytes: u64,
    /// Their BLAKE3.
    pub blake3: [u8; 32],
}

/// What was decided of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may run.
    Allowed,
    /// It may not.
    Denied,
    /// A human is asked.
    Held,
    /// A human agreed.
    Approved,
}

/// One column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name the client saw.
    pub name: String,
    /// The type's name where it is known, else its number.
    pub type_name: String,
    /// How its values are written.
    pub format: ValueFormat,
    /// The classes for which it was masked as a whole.
    pub masked: Classes,
}

/// How a value is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueFormat {
    /// As text.
    Text,
    /// In the type's binary form.
    Binary,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// In one sentence: `the client left`, `the token was revoked`.
    pub how: String,
}
