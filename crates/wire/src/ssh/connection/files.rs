//! A channel in which files are moved: what goes by is read along, and each thing that is asked of a file is decided.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{Event, Peer, Stream, Ticket};

use super::Session;
use super::asked::Asked;
use super::channel::Channel;
use super::flow::Item;
use super::ruling::What;
use crate::shell::{self, Transfer};
use crate::ssh::codec::Reader;
use crate::ssh::files::{Content, FileStep, Moved, Passage, Refusal, Scp, Sftp};

/// Bytes of one end that wait in what reads along: while there are more it is given no more.
const MOST_WAITING: usize = 64 << 10;

/// Files that are known by the commands that allowed them. Nobody has as many open at once.
const MOST_OPEN: usize = 4096;

/// What the program that was broken off ends with: as one that a closed pipe ended.
const BROKEN_OFF: u32 = 141;

/// What reads along.
pub(super) struct Files {
    passage: Box<dyn Passage>,
    /// The command that is being decided.
    asking: Option<Ticket>,
    /// The most that a command lets be recorded of a file's content.
    most: u64,
    /// The commands that were let through, by the questions they answered.
    allowed: BTreeMap<Ticket, Allowed>,
}

/// A command that let a file be moved.
struct Allowed {
    number: u64,
    /// How much of the content is recorded, each way.
    keep: u64,
    /// How much of it was, of what is written and of what is read.
    kept: [u64; 2],
    cut: bool,
}

impl Allowed {
    /// What of a piece is recorded: only what is next, up to the cap.
    fn take(&mut self, content: &Content) -> Option<Event> {
        let upload = content.upload;
        let kept = self.kept.get_mut(usize::from(upload))?;
        if content.offset != *kept || self.cut {
            // Pieces that come out of order are not put in order.
            return self.cut();
        }
        let left = usize::try_from(self.keep - *kept).unwrap_or(usize::MAX);
        let data = content.data.slice(..content.data.len().min(left));
        if data.is_empty() {
            return None;
        }
        *kept += data.len() as u64;
        let stream = if upload { Stream::Input } else { Stream::Output };
        Some(Event::Stream { number: self.number, stream, data })
    }

    /// There is more of it than is recorded. Once.
    fn cut(&mut self) -> Option<Event> {
        let first = self.keep > 0 && !std::mem::replace(&mut self.cut, true);
        first.then_some(Event::Cut { number: self.number })
    }
}

impl Files {
    /// For what a request starts, when that moves files in a way that is known.
    pub(super) fn of(name: &str, rest: &Bytes) -> Option<Self> {
        let started = Reader::new(rest).text().ok()?;
        let passage: Box<dyn Passage> = match (name, started) {
            ("subsystem", "sftp") => Box::new(Sftp::new(0)),
            ("exec", line) => match shell::transfer(line)? {
                Transfer::Scp(call) => Box::new(Scp::new(call, None, 0)),
                Transfer::SftpServer => Box::new(Sftp::new(0)),
                Transfer::RsyncServer { .. } => return None,
            },
            _ => return None,
        };
        Some(Self { passage, asking: None, most: 0, allowed: BTreeMap::new() })
    }
}

impl Channel {
    /// From now on files are read along in it.
    pub(super) fn read_files(&mut self, files: Files) {
        self.files = Some(Box::new(files));
        self.up.read_along();
        self.down.read_along();
    }
}

impl Session {
    /// Looks at what waits in a channel in which files are moved. `true`: something went on.
    pub(super) fn read_files(&mut self, id: u32) -> bool {
        let mut moved = false;
        while let Some(found) = self.channels.get_mut(&id)
            && let Some(files) = &mut found.files
        {
            match files.passage.next() {
                Ok(Some(step)) => self.file_step(id, step),
                Ok(None) => {
                    if !feed(found) {
                        return moved;
                    }
                }
                Err(breach) => {
                    // What was open is told before it is over.
                    self.end_files(id);
                    let why = format!("the transfer was broken off: {}", breach.message);
                    self.end_channel(id, &why, BROKEN_OFF);
                    return true;
                }
            }
            moved = true;
        }
        moved
    }

    fn file_step(&mut self, id: u32, step: FileStep) {
        let found = self.channels.get_mut(&id);
        match step {
            FileStep::Send(to, bytes) => {
                if let Some(found) = found {
                    found.to(to).looked_at(Item::Data(bytes));
                }
            }
            FileStep::Ask { ticket, what } => {
                let asking = self.ask(Asked::file(*what), What::File { id, ticket });
                let files = self.channels.get_mut(&id).and_then(|found| found.files.as_mut());
                if let Some(files) = files {
                    files.asking = Some(asking);
                }
            }
            FileStep::Moved(moved) => self.file_moved(id, moved),
            FileStep::Content(content) => {
                let files = found.and_then(|found| found.files.as_mut());
                let allowed = files.and_then(|files| files.allowed.get_mut(&content.ticket));
                if let Some(event) = allowed.and_then(|allowed| allowed.take(&content)) {
                    self.record(event);
                }
            }
        }
    }

    fn file_moved(&mut self, id: u32, moved: Moved) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let (mut number, mut cut) = (found.story.number(), None);
        if let Some(files) = &mut found.files {
            if let Some(allowed) = files.allowed.get_mut(&moved.ticket) {
                number = allowed.number;
                let kept = allowed.kept.get(usize::from(moved.upload)).copied().unwrap_or(0);
                cut = if moved.bytes > kept { allowed.cut() } else { None };
            }
            if moved.complete {
                files.allowed.remove(&moved.ticket);
            }
        }
        let event = Event::Moved {
            number,
            path: moved.path.to_string(),
            upload: moved.upload,
            bytes: moved.bytes,
            sha256: moved.sha256.ok(),
        };
        cut.into_iter().chain([event]).for_each(|event| self.record(event));
    }

    /// Something that was asked of a file was decided.
    pub(super) fn file_decided(
        &mut self,
        id: u32,
        ticket: Ticket,
        number: u64,
        ruling: Result<u64, Refusal>,
    ) {
        let files = self.channels.get_mut(&id).and_then(|found| found.files.as_mut());
        let Some(files) = files else { return };
        files.asking = None;
        if let Ok(keep) = ruling {
            files.most = files.most.max(keep);
            files.passage.keep(files.most);
            files.allowed.insert(ticket, Allowed { number, keep, kept: [0; 2], cut: false });
            if files.allowed.len() > MOST_OPEN {
                files.allowed.pop_first();
            }
        }
        files.passage.decided(ticket, ruling.map(|_| ()));
        self.stir(id);
    }

    /// What was asked of a file and is not decided yet.
    pub(super) fn asking_of_files(&self, id: u32) -> Option<Ticket> {
        self.channels.get(&id)?.files.as_ref()?.asking
    }

    /// Nothing more goes by: what was open is told.
    pub(super) fn end_files(&mut self, id: u32) {
        let ended = |found: &mut Channel| {
            let files = found.files.as_mut()?;
            files.passage.end();
            Some(std::iter::from_fn(|| files.passage.next().ok().flatten()).collect::<Vec<_>>())
        };
        let steps = self.channels.get_mut(&id).and_then(ended).unwrap_or_default();
        for step in steps {
            if let FileStep::Moved(moved) = step {
                self.file_moved(id, moved);
            }
        }
    }
}

/// Gives what reads along what has arrived. `false`: nothing has, or it has enough.
fn feed(found: &mut Channel) -> bool {
    let mut fed = false;
    for from in [Peer::Upstream, Peer::Client] {
        let Some(files) = &mut found.files else { return false };
        let backlog = files.passage.backlog(from);
        let waits = files.passage.undecided().is_some();
        let flow = match from {
            Peer::Client => &mut found.up,
            Peer::Upstream => &mut found.down,
        };
        let next = match flow.unseen() {
            // What was said before goes on first, as far as it makes a message.
            Some(Item::Data(_)) => backlog < MOST_WAITING,
            Some(Item::Extended(..)) => true,
            Some(Item::Request { .. } | Item::Eof | Item::Close) => backlog == 0 || !waits,
            None => false,
        };
        let Some(item) = (if next { flow.look() } else { None }) else { continue };
        fed = true;
        match item {
            Item::Data(data) => files.passage.feed(from, data),
            other => flow.looked_at(other),
        }
    }
    fed
}
