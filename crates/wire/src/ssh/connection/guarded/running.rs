//! A program of a guarded shell, in a channel of its own at the target.

use std::sync::Arc;

use bytes::Bytes;
use mask::Detectors;
use model::Peer;

use super::Doing;
use super::line::{self, Word};
use crate::ssh::codec::{Reader, Write as _};
use crate::ssh::connection::Session;
use crate::ssh::connection::channel::{Gate, Owed};
use crate::ssh::connection::flow::{FIRST_WINDOW, Item, PACKET};
use crate::ssh::connection::message::Message;

/// What a program says that is not shown but read: a folder's name, a listing.
const MOST_READ: usize = 256 << 10;

/// A program of such a shell.
pub(in crate::ssh::connection) struct Run {
    pub(super) purpose: Purpose,
    /// What is sent to the target.
    pub(super) command: String,
    /// What it said, where that is read and not shown.
    pub(super) said: Vec<u8>,
}

pub(super) enum Purpose {
    /// A person's command.
    Line,
    /// A person goes elsewhere, or is to know where they are.
    Place,
    /// A word is to be completed.
    Listing(Word),
}

impl Run {
    /// Whether it is no command of the person's own.
    pub(in crate::ssh::connection) const fn is_help(&self) -> bool {
        matches!(self.purpose, Purpose::Listing(_))
    }

    pub(super) const fn is_read(&self) -> bool {
        !matches!(self.purpose, Purpose::Line)
    }
}

impl Session {
    /// Begins a program that was let through, under this number where it is a command.
    pub(in crate::ssh::connection) fn run_guarded(
        &mut self,
        id: u32,
        number: Option<u64>,
        run: Run,
        detectors: &Arc<Detectors>,
    ) {
        let cap = self.cap;
        let Some(found) = self.channels.get_mut(&id) else { return };
        let Some(guard) = &mut found.guard else { return };
        guard.detectors = Arc::clone(detectors);
        std::mem::swap(&mut guard.story, &mut found.story);
        if let Some(number) = number {
            found.story.begin(number, cap);
        }
        let is_read = run.is_read();
        guard.doing = Doing::Opening(run);
        found.gate = Gate::Open;
        if !is_read {
            found.mask(detectors);
        }
        if found.upstream.is_some() {
            self.guarded_opened(id);
        } else {
            let open = Message::Open {
                kind: "session".into(),
                sender: id,
                window: FIRST_WINDOW,
                packet: PACKET,
                rest: Bytes::new(),
            };
            self.say(Peer::Upstream, &open);
        }
    }

    /// There is a channel for a program.
    pub(in crate::ssh::connection) fn guarded_opened(&mut self, id: u32) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let Some(channel) = found.upstream else { return };
        if found.closed_client {
            found.closed_upstream = true;
            self.say(Peer::Upstream, &Message::Close { channel });
            return;
        }
        let Some(guard) = &mut found.guard else { return };
        let run = match std::mem::replace(&mut guard.doing, Doing::Reading) {
            Doing::Opening(run) => run,
            other => {
                guard.doing = other;
                return;
            }
        };
        let mut requests: Vec<(Box<str>, Bytes)> = Vec::new();
        // What is read is read as it is said, and needs no terminal.
        if !run.is_read() {
            requests.extend(found.settings.iter().cloned());
            if let Some((columns, rows)) = found.terminal {
                let size = [columns, rows, 0, 0].map(u32::to_be_bytes).concat();
                requests.push(("window-change".into(), size.into()));
            }
        }
        let mut command = Vec::with_capacity(run.command.len() + 4);
        command.put_string(run.command.as_bytes());
        let eof = run.is_read() || guard.editor.is_none();
        guard.doing = Doing::Running(run);
        found.owed.push_back(Owed::Nobody);
        let say = |session: &mut Self, name, wants_reply, rest| {
            session.say(Peer::Upstream, &Message::Request { channel, name, wants_reply, rest });
        };
        for (name, rest) in requests {
            say(self, name, false, rest);
        }
        say(self, "exec".into(), true, command.into());
        if eof {
            self.say(Peer::Upstream, &Message::Eof { channel });
        }
        self.stir(id);
    }

    /// The target opens no channel for a program.
    pub(in crate::ssh::connection) fn guarded_not_opened(&mut self, id: u32, words: &str) {
        self.tell(id, &format!("the target opens no channel: {words}"));
        self.guarded_ended(id);
    }

    /// The target does not run a program.
    pub(in crate::ssh::connection) fn guarded_refused(&mut self, id: u32) {
        self.tell(id, "the target does not run it");
        let Some(found) = self.channels.get_mut(&id) else { return };
        let told = std::mem::replace(&mut found.closed_upstream, true);
        if let Some(channel) = found.upstream.filter(|_| !told) {
            self.say(Peer::Upstream, &Message::Close { channel });
        }
    }

    /// Passes on what a program says, where nothing masks it. `true`: something went on.
    pub(in crate::ssh::connection) fn read_guarded(&mut self, id: u32) -> bool {
        let Some(found) = self.channels.get_mut(&id) else { return false };
        if found.guard.is_none() || found.masks.is_some() {
            return false;
        }
        let mut moved = false;
        while let Some(item) = found.down.look() {
            found.down.looked_at(item);
            moved = true;
        }
        moved
    }

    /// What a program says comes by. What is to be shown of it comes back.
    pub(in crate::ssh::connection) fn guarded_says(&mut self, id: u32, item: Item) -> Option<Item> {
        let found = self.channels.get_mut(&id)?;
        let guard = found.guard.as_mut()?;
        match item {
            Item::Data(data) | Item::Extended(_, data) => {
                if found.closed_client {
                    return None;
                }
                if guard.reads() {
                    // Nobody's window was filled with it.
                    found.down.allow(u32::try_from(data.len()).unwrap_or(0));
                    if let Doing::Running(run) = &mut guard.doing {
                        let room = MOST_READ.saturating_sub(run.said.len()).min(data.len());
                        run.said.extend_from_slice(data.get(..room)?);
                    }
                    return None;
                }
                guard.at_margin = data.ends_with(b"\n");
                Some(Item::Data(data))
            }
            Item::Request { name, rest, .. } => {
                let mut reader = Reader::new(&rest);
                match &*name {
                    "exit-status" => reader.u32().into_iter().for_each(|n| found.story.exited(n)),
                    "exit-signal" => {
                        reader.text().into_iter().for_each(|name| found.story.killed(name));
                    }
                    _ => {}
                }
                None
            }
            Item::Eof => None,
            Item::Close => {
                self.guarded_ended(id);
                None
            }
        }
    }

    /// A program is over.
    fn guarded_ended(&mut self, id: u32) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let Some(guard) = &mut found.guard else { return };
        if found.closed_client {
            guard.doing = Doing::Reading;
            return;
        }
        let event = found.story.end();
        let status = found.story.status();
        std::mem::swap(&mut guard.story, &mut found.story);
        let doing = std::mem::replace(&mut guard.doing, Doing::Reading);
        found.upstream = None;
        found.closed_upstream = false;
        found.up.forget_receiver();
        found.down.begun_again();
        found.owed.retain(|owed| *owed != Owed::Nobody);
        found.unmask();
        if let Some(event) = event {
            self.record(event);
        }
        let (Doing::Running(run) | Doing::Opening(run)) = doing else { return };
        self.answer(id);
        let Some(guard) = self.guard(id) else { return };
        match run.purpose {
            Purpose::Line => guard.status = status.unwrap_or(255),
            Purpose::Place => {
                guard.status = status.unwrap_or(255);
                let place = line::place_said(&run.said).filter(|_| status == Some(0));
                if place.is_some() {
                    guard.place = place;
                } else if !run.said.is_empty() {
                    let shown = guard.lines(&String::from_utf8_lossy(&run.said));
                    self.show_guarded(id, shown);
                }
            }
            Purpose::Listing(word) => {
                let detectors = Arc::clone(&guard.detectors);
                let mut names = word.candidates(&run.said);
                // What would be masked is not offered.
                names.retain(|name| !detectors.mask_text(name.as_bytes(), &mut Vec::new()));
                let out = guard.draw(|editor, out| editor.completions(word.from, &names, out));
                self.show_guarded(id, out);
                return;
            }
        }
        self.prompt(id);
    }
}
