//! SFTP, version 3, between a client and a server.
//!
//! ```text
//!   client ─► client.rs ─► request.rs ─► judge.rs ─► Ask, or on, or answered here
//!                              what a handle is: table.rs, file.rs ─► Moved
//!   client ◄─ server.rs ◄───── what an answer is to: table.rs
//! ```
//!
//! Before the first request goes on the gateway asks the server by itself where relative names start.
//!
//! Everything behind an undecided request waits; answers flow on. A request that is refused is answered at once,
//! between two of the server's answers. What is read and written through a handle is decided when it is opened, and
//! through no other handle anything is read or written.

mod client;
mod extension;
mod file;
mod judge;
mod numbers;
mod request;
mod server;
mod table;

use std::collections::VecDeque;

use bytes::Bytes;
use model::{Peer, Ticket};

use self::extension::Announced;
use self::numbers::status;
use self::table::{Awaited, FileNumber, Table};
use super::inbox::Inbox;
use super::path::Home;
use super::{Breach, FileStep, Passage, Refusal, shown};

/// The longest message there may be: what OpenSSH takes.
const LONGEST_PACKET: usize = 256 << 10;
/// The longest that is looked at as a whole: all but contents and lists of names.
const LONGEST_WHOLE: usize = 2 * super::LONGEST_NAME + (4 << 10);

/// A channel in which SFTP is spoken.
pub struct Sftp {
    client: Inbox,
    server: Inbox,
    /// How far each of them is with a message.
    up: Middle,
    down: Middle,
    phase: Phase,
    announced: Announced,
    home: Home,
    table: Table,
    asking: Option<Asking>,
    tickets: u64,
    /// An answer of the gateway's that waits until the server is between two messages.
    owed: Option<Bytes>,
    steps: VecDeque<FileStep>,
    broken: Option<Breach>,
    over: bool,
}

/// How far the two ends are with their greetings.
enum Phase {
    /// The client says which version it speaks.
    Init,
    /// The server does.
    Version,
    /// The server says where relative names start.
    Home,
    /// Requests and answers.
    Open,
}

/// How far a message is.
enum Middle {
    /// The next begins here.
    Between,
    /// So much of it is still to go on.
    Passing(usize, Option<Piece>),
    /// So much of it is still to be dropped.
    Skipping(usize),
}

/// A piece of a file's content that goes by.
#[derive(Clone, Copy)]
struct Piece {
    file: FileNumber,
    upload: bool,
    offset: u64,
}

/// A request that waits to be decided.
struct Asking {
    ticket: Ticket,
    id: u32,
    length: usize,
    awaited: Awaited,
}

impl Sftp {
    /// A channel at its start. Of each file so many bytes are handed out as [`FileStep::Content`].
    #[must_use]
    pub fn new(keep: u64) -> Self {
        Self {
            client: Inbox::default(),
            server: Inbox::default(),
            up: Middle::Between,
            down: Middle::Between,
            phase: Phase::Init,
            announced: Announced::default(),
            home: Home::default(),
            table: Table::new(keep),
            asking: None,
            tickets: 0,
            owed: None,
            steps: VecDeque::new(),
            broken: None,
            over: false,
        }
    }
}

impl Passage for Sftp {
    fn feed(&mut self, from: Peer, bytes: Bytes) {
        match from {
            Peer::Client => self.client.feed(bytes),
            Peer::Upstream => self.server.feed(bytes),
        }
    }

    fn decided(&mut self, ticket: Ticket, ruling: Result<(), Refusal>) {
        let Some(asking) = self.asking.take_if(|asking| asking.ticket == ticket) else { return };
        match ruling {
            Ok(()) => self.goes_on(asking.id, asking.length, asking.awaited),
            Err(refusal) => {
                let words = shown(&refusal.message);
                self.refuse(asking.id, asking.length, status::PERMISSION_DENIED, &words);
            }
        }
    }

    fn keep(&mut self, bytes: u64) {
        self.table.keep = bytes;
    }

    fn undecided(&self) -> Option<Ticket> {
        self.asking.as_ref().map(|asking| asking.ticket)
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.asking = None;
            self.table.end(&mut self.steps);
        }
    }

    fn next(&mut self) -> Result<Option<FileStep>, Breach> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Ok(Some(step));
            }
            if self.over {
                return Ok(None);
            }
            if let Some(span) = self.leave(true).or_else(|| self.makes_way()) {
                return Ok(Some(span));
            }
            if self.hear() {
                continue;
            }
            return match (self.leave(false), &self.broken) {
                (None, Some(breach)) => Err(breach.clone()),
                (step, _) => Ok(step),
            };
        }
    }

    fn backlog(&self, peer: Peer) -> usize {
        match peer {
            Peer::Client => self.client.length(),
            Peer::Upstream => self.server.length(),
        }
    }

    fn held(&self) -> usize {
        self.table.early()
    }
}

impl Sftp {
    /// What may go on.
    fn leave(&mut self, whole: bool) -> Option<FileStep> {
        let down = self.server.leave(whole).map(|span| FileStep::Send(Peer::Client, span));
        down.or_else(|| self.client.leave(whole).map(|span| FileStep::Send(Peer::Upstream, span)))
    }

    /// What must leave before anything else is read: what stands before an answer of the gateway's own, that answer,
    /// and what stands before a request that is dropped.
    fn makes_way(&mut self) -> Option<FileStep> {
        if let Middle::Between = self.down
            && self.owed.is_some()
        {
            let answer = self.server.leave(false).or_else(|| self.owed.take());
            return answer.map(|bytes| FileStep::Send(Peer::Client, bytes));
        }
        match self.up {
            Middle::Skipping(_) => {
                self.client.leave(false).map(|span| FileStep::Send(Peer::Upstream, span))
            }
            Middle::Between | Middle::Passing(..) => None,
        }
    }

    /// Reads on: what the client said before anything more of the server's, so that an answer never comes before its
    /// request. `false`: neither has more that can be read now.
    fn hear(&mut self) -> bool {
        if self.broken.is_some() {
            return false;
        }
        let heard = match self.hear_client() {
            Ok(false) => self.hear_server(),
            other => other,
        };
        heard.unwrap_or_else(|breach| {
            self.broken = Some(breach);
            false
        })
    }
}

/// A message's body goes on, as much of it as is there, or is dropped. `false`: nothing of it is.
fn body(
    inbox: &mut Inbox,
    middle: &mut Middle,
    table: &mut Table,
    steps: &mut VecDeque<FileStep>,
) -> bool {
    match middle {
        Middle::Between => return false,
        Middle::Passing(left, piece) => {
            let count = inbox.unread().min(*left);
            if count == 0 && *left > 0 {
                return false;
            }
            if let Some(piece) = piece {
                for data in inbox.pieces(count) {
                    steps.extend(table.passes(piece.file, piece.upload, piece.offset, data));
                    piece.offset = piece.offset.saturating_add(data.len() as u64);
                }
            }
            inbox.pass(count);
            *left -= count;
            if *left == 0 {
                // A file may have been closed before all that was read of it came.
                if let Some(Piece { file, upload: false, .. }) = *piece {
                    table.settle(file, steps);
                }
                *middle = Middle::Between;
            }
        }
        Middle::Skipping(left) => {
            let count = inbox.unread().min(*left);
            // What may go on leaves first.
            if inbox.passed() > 0 || count == 0 {
                return false;
            }
            inbox.skip(count);
            *left -= count;
            if *left == 0 {
                *middle = Middle::Between;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests;
