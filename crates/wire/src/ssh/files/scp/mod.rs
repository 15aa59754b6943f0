//! What `scp` speaks with `-t` and `-f`: the sending end says lines and contents, the other answers each of them.
//!
//! ```text
//!   sending end ─► "T…" "C0644 12 name" contents 0 ─► receiving end      the client, or the target: scp -t, scp -f
//!       ▲              │         Ask                        │
//!       └──────────────┴──── 0, or 1 and a message ◄────────┘            one for each line, one for each content
//! ```
//!
//! A file or folder is asked for when its line comes. A line that is refused goes no further: the sending end is
//! answered as if the other did not want it, and goes on with what is next. Times (`T`) go on by themselves; they
//! have no effect but with the line behind them.
//!
//! The two ends take turns, and only the one whose turn it is is read: but a message of the receiving end, which
//! may be its last, does not wait for its turn.

mod call;
mod line;
mod place;
mod turn;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use model::{Peer, Ticket};

pub use self::call::{ScpCall, Way};
use self::place::Places;
use super::content::{Course, Room};
use super::inbox::Inbox;
use super::path::{Home, Named};
use super::{Breach, FileStep, Moved, Passage, Refusal, Undigested, shown};

/// A channel in which one end sends files as `scp` does.
pub struct Scp {
    /// What the sending end says, and what the receiving end does.
    source: Inbox,
    sink: Inbox,
    places: Places,
    turn: Turn,
    /// The receiving end has said already what it will answer next.
    early: bool,
    file: Option<File>,
    asking: Option<Asking>,
    tickets: u64,
    room: Room,
    keep: u64,
    steps: VecDeque<FileStep>,
    broken: Option<Breach>,
    over: bool,
}

/// Whose turn it is.
enum Turn {
    /// The receiving end answers this.
    Answer(Said),
    /// The sending end says its next line.
    Line,
    /// It sends so much more of a file's content.
    Content(u64),
    /// It says how sending that went.
    Sent,
    /// One of them has left.
    Nobody,
}

/// What the receiving end answers.
enum Said {
    /// That it is there, times, or a folder's end.
    Other,
    /// That a folder begins.
    Folder(Vec<Named>),
    /// That a file comes.
    File(Asked),
    /// A file's content.
    Content,
}

/// A file that was let through.
struct Asked {
    ticket: Ticket,
    places: Vec<Named>,
    size: u64,
}

/// A file that is sent.
struct File {
    asked: Asked,
    course: Course,
    bytes: u64,
    told: u64,
    /// The sending end said that all went well.
    sent: bool,
}

/// A line that waits to be decided.
struct Asking {
    ticket: Ticket,
    length: usize,
    name: String,
    said: Said,
}

impl Scp {
    /// A channel at its start, with where relative names start at the target when that is known. Of each file so
    /// many bytes are handed out as [`FileStep::Content`].
    #[must_use]
    pub fn new(call: ScpCall, home: Option<&str>, keep: u64) -> Self {
        let home = home.map(|home| Home::at(home.as_bytes())).unwrap_or_default();
        Self {
            source: Inbox::default(),
            sink: Inbox::default(),
            places: Places::new(call, home),
            turn: Turn::Answer(Said::Other),
            early: false,
            file: None,
            asking: None,
            tickets: 0,
            room: Room::new(),
            keep,
            steps: VecDeque::new(),
            broken: None,
            over: false,
        }
    }
}

impl Passage for Scp {
    fn feed(&mut self, from: Peer, bytes: Bytes) {
        if from == self.sender() {
            self.source.feed(bytes);
        } else {
            self.sink.feed(bytes);
        }
    }

    fn decided(&mut self, ticket: Ticket, ruling: Result<(), Refusal>) {
        let Some(asking) = self.asking.take_if(|asking| asking.ticket == ticket) else { return };
        if let Turn::Nobody = self.turn {
            return;
        }
        match ruling {
            Ok(()) => {
                self.source.pass(asking.length);
                self.answers(asking.said);
            }
            Err(refusal) => self.refuse(asking.length, &asking.name, &refusal.message),
        }
    }

    fn keep(&mut self, bytes: u64) {
        self.keep = bytes;
    }

    fn undecided(&self) -> Option<Ticket> {
        self.asking.as_ref().map(|asking| asking.ticket)
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.asking = None;
            self.finish(false);
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
            if let Some(span) = self.sink.leave(false) {
                return Ok(Some(FileStep::Send(self.sender(), span)));
            }
            if let Some(span) = self.source.leave(false) {
                return Ok(Some(FileStep::Send(self.receiver(), span)));
            }
            if let Some(breach) = &self.broken {
                return Err(breach.clone());
            }
            match self.hear() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(breach) => self.broken = Some(breach),
            }
        }
    }

    fn backlog(&self, peer: Peer) -> usize {
        if peer == self.sender() { self.source.length() } else { self.sink.length() }
    }

    fn held(&self) -> usize {
        self.room.used()
    }
}

impl Scp {
    const fn sender(&self) -> Peer {
        match self.places.way() {
            Way::Upload => Peer::Client,
            Way::Download => Peer::Upstream,
        }
    }

    const fn receiver(&self) -> Peer {
        match self.places.way() {
            Way::Upload => Peer::Upstream,
            Way::Download => Peer::Client,
        }
    }

    /// A line goes no further. Everything that was to leave before has left.
    fn refuse(&mut self, length: usize, name: &str, words: &str) {
        self.source.skip(length);
        self.turn = Turn::Line;
        let early = std::mem::take(&mut self.early);
        let told = format!("\x01scp: {}: {}\n", shown(name), shown(words));
        let told = FileStep::Send(Peer::Client, told.into());
        let refused = Bytes::from_static(b"\x01scp: refused\n");
        match self.places.way() {
            // The client took what came early for its answer.
            Way::Upload => self.steps.extend((!early).then_some(told)),
            Way::Download => {
                self.steps.push_back(told);
                let refused = FileStep::Send(Peer::Upstream, refused);
                self.steps.extend((!early).then_some(refused));
            }
        }
    }

    /// There is no more of the file that is sent: what came of it.
    fn finish(&mut self, taken: bool) {
        let Some(mut file) = self.file.take() else { return };
        let upload = self.places.way() == Way::Upload;
        let all = file.course.whole() == Some(file.asked.size);
        if upload && !taken {
            file.course.lose(Undigested::Unconfirmed, &mut self.room);
        }
        let mut places = file.asked.places.into_iter().map(|place| place.path);
        self.steps.push_back(FileStep::Moved(Moved {
            ticket: file.asked.ticket,
            path: places.next().unwrap_or_else(|| Arc::from("")),
            or: places.next(),
            upload,
            bytes: file.bytes,
            sha256: file.course.finish(&mut self.room),
            complete: all && file.sent && taken,
            size: Some(file.asked.size),
        }));
    }
}

#[cfg(test)]
mod tests;
