//! Files that are moved through a channel: SFTP, and what `scp` spoke before it.
//!
//! ```text
//!   client bytes ─► inbox ─► request ─► Ask ───► decided ─► Send(Upstream)
//!                              │         (a FileCommand: accesses on paths)
//!                              ├─► of a handle that was decided when it was opened: goes on as it is
//!                              └─► refused, or not known: answered here
//!   client bytes ◄─ Send(Client) ◄─ Moved, Content ◄─ answer ◄─ inbox ◄─ target bytes
//! ```
//!
//! * [`Sftp`]: version 3 of the protocol (draft-ietf-secsh-filexfer-02) with OpenSSH's extensions.
//! * [`Scp`]: the lines and files of `scp -t` and `scp -f`.
//!
//! Both are fed the bytes of one channel and hand out steps; how the bytes are cut changes nothing. A request that
//! is not understood is never passed on. Contents are forwarded as they came, in the pieces they came in; on their
//! way they are counted and hashed, and what came of a file is told when it is closed.
//!
//! Paths are judged by their text: made absolute, without `.`, `..` and empty parts. The target may see it
//! otherwise. A symbolic link there makes a path mean another file, whoever made it: a link that a client makes here
//! is decided as reading and writing what it points to, but a link to a folder reaches all that is in it. Names
//! that a target takes for the same, as one that ignores case does, are different names here.

mod command;
mod content;
mod inbox;
mod path;
pub mod scp;
pub mod sftp;

use std::sync::Arc;

use bytes::Bytes;
use model::{Peer, Ticket};

pub use self::command::FileCommand;
pub use self::content::Undigested;
pub use self::scp::{Scp, ScpCall, Way};
pub use self::sftp::Sftp;

/// The longest name there may be, and the longest line of `scp`.
const LONGEST_NAME: usize = 64 << 10;

/// A channel in which files are moved, without sockets: it is fed bytes and hands back steps.
pub trait Passage: Send {
    /// Takes over bytes that arrived. Keeps them; reads nothing yet.
    fn feed(&mut self, from: Peer, bytes: Bytes);

    /// Answers a [`FileStep::Ask`]. An answer to a ticket that is not open is ignored.
    fn decided(&mut self, ticket: Ticket, ruling: Result<(), Refusal>);

    /// From now on so many bytes of each file are handed out as [`FileStep::Content`].
    fn keep(&mut self, bytes: u64);

    /// The question that is open.
    fn undecided(&self) -> Option<Ticket>;

    /// The channel is over: what is left are reports of what was open. Bytes that have not gone on are dropped.
    fn end(&mut self);

    /// The next step. `None`: feed me, or answer me.
    ///
    /// # Errors
    /// An end broke the protocol: the channel must end.
    fn next(&mut self) -> Result<Option<FileStep>, Breach>;

    /// How many bytes were fed from `peer` and have not gone on.
    fn backlog(&self, peer: Peer) -> usize;

    /// How many bytes are held to bring contents in order, beside the backlog.
    fn held(&self) -> usize;
}

/// One thing to do, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStep {
    /// Write these bytes to this end of the channel.
    Send(Peer, Bytes),
    /// Decide this and answer with [`Passage::decided`]. Until then nothing of it, and nothing that the same end says behind
    /// it, goes on. Tickets count from 1 in each channel.
    Ask {
        /// Names the question.
        ticket: Ticket,
        /// What is asked.
        what: Box<FileCommand>,
    },
    /// A file was moved, or a part of it. It comes before the bytes that end it.
    Moved(Moved),
    /// A piece of a file's content. It comes before the bytes it describes.
    Content(Content),
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The question that let it be opened.
    pub ticket: Ticket,
    /// Its path.
    pub path: Arc<str>,
    /// The file it may be instead, when the path is a folder: `scp` lets the target find out.
    pub or: Option<Arc<str>>,
    /// Whether the client wrote it; else it was read.
    pub upload: bool,
    /// Bytes that went by, and were confirmed where they were written.
    pub bytes: u64,
    /// The SHA-256 of what was moved, when that began at the file's start and left nothing out.
    pub sha256: Result<[u8; 32], Undigested>,
    /// It was moved from its start to its end, and nothing went wrong that either end told.
    pub complete: bool,
    /// How large it was said to be.
    pub size: Option<u64>,
}

/// A piece of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The question that let the file be opened.
    pub ticket: Ticket,
    /// Its path.
    pub path: Arc<str>,
    /// Whether the client writes it; else it is read.
    pub upload: bool,
    /// Where in the file it stands.
    pub offset: u64,
    /// The piece.
    pub data: Bytes,
}

/// Why something is not done, in words for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The words.
    pub message: String,
}

/// An end of the channel broke the protocol's rules: it cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", match .by { Peer::Client => "client", Peer::Upstream => "upstream" })]
pub struct Breach {
    /// Who broke them.
    pub by: Peer,
    /// What was wrong; holds no data of either end.
    pub message: &'static str,
}

impl Breach {
    const fn client(message: &'static str) -> Self {
        Self { by: Peer::Client, message }
    }

    const fn upstream(message: &'static str) -> Self {
        Self { by: Peer::Upstream, message }
    }
}

/// A refusal's words, such as a terminal may show on one line.
fn shown(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(1000).collect()
}

#[cfg(test)]
mod tests;
