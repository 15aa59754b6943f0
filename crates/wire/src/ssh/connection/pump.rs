//! What waits in the channels goes on.

use bytes::Bytes;
use model::{Peer, Step, Stream};

use super::channel::{Channel, Gate};
use super::flow::Item;
use super::message::{Message, STDERR};
use super::{MOST_HELD, SPAN, Session};
use crate::ssh::transport::{Broken, Transport};

/// Bytes that go on in one channel before the next has its turn.
const TURN: usize = 256 << 10;

impl Session {
    /// Moves what can be moved, in every channel that was stirred. `false`: nothing could.
    pub(super) fn pump(&mut self) -> Result<bool, Broken> {
        if self.is_ahead() {
            return Ok(false);
        }
        let mut stirred = std::mem::take(&mut self.stirred).into_iter();
        let moved = stirred.len() > 0;
        for id in stirred.by_ref() {
            let looked = self.read_files(id) | self.read_masked(id) | self.read_guarded(id);
            if looked | self.pump_up(id)? | self.pump_down(id) {
                self.stir(id);
            }
            self.give_back(id);
            self.forget(id);
            if self.is_ahead() {
                break;
            }
        }
        // The others have their turn before those that had theirs.
        let had = std::mem::take(&mut self.stirred);
        self.stirred.extend(stirred);
        had.into_iter().for_each(|id| self.stir(id));
        Ok(moved)
    }

    /// Whether so much waits to be written, or for new keys, that no more is added.
    fn is_ahead(&self) -> bool {
        let waits = |end: &Transport| end.held() > MOST_HELD || end.ready() >= SPAN;
        waits(&self.client) || waits(&self.upstream)
    }

    /// What the client says. `true`: there is more that could go on, or that could be looked at now.
    fn pump_up(&mut self, id: u32) -> Result<bool, Broken> {
        let mut moved = 0;
        while moved < TURN {
            let Some(found) = self.channels.get_mut(&id) else { return Ok(false) };
            if matches!(found.gate, Gate::Deciding(_)) {
                return Ok(false);
            }
            if found.guard.as_ref().is_some_and(|guard| !guard.passes_on()) {
                return self.read_keys(id);
            }
            let Some(channel) = found.upstream else { return Ok(false) };
            // The target knows no such channel any more. In a guarded shell it is for what runs next.
            if found.closed_upstream {
                if found.guard.is_none() {
                    found.up.clear();
                }
                return Ok(false);
            }
            // Nothing runs that it could be for, and what is asked for next does not get it either: so does a server.
            if found.gate == Gate::Idle && matches!(found.up.peek(), Some(Item::Data(_))) {
                found.up.skip();
                continue;
            }
            let Some(item) = found.up.pop() else { return Ok(moved > 0 && found.up.reads_along()) };
            match item {
                Item::Data(data) => {
                    moved += data.len();
                    found.typed(&data);
                    self.told_of(id, Stream::Input, &data);
                    self.say(Peer::Upstream, &Message::Data { channel, data });
                }
                // Nothing of it waits.
                Item::Extended(..) => {}
                Item::Eof => self.say(Peer::Upstream, &Message::Eof { channel }),
                Item::Close => {
                    if !std::mem::replace(&mut found.closed_upstream, true) {
                        self.say(Peer::Upstream, &Message::Close { channel });
                    }
                    return Ok(false);
                }
                Item::Request { name, wants_reply, rest } => {
                    self.requested(id, name, wants_reply, rest)?;
                }
            }
        }
        Ok(true)
    }

    /// What the target says. `true`: there is more that could go on, or that could be looked at now.
    fn pump_down(&mut self, id: u32) -> bool {
        let mut moved = 0;
        while moved < TURN {
            let Some(found) = self.channels.get_mut(&id) else { return false };
            let Some(channel) = found.client else { return false };
            if found.up.is_closed() {
                // What was held back to be looked at comes too late.
                found.down.drop_data();
            }
            let Some(item) = found.down.pop() else { return moved > 0 && found.down.reads_along() };
            if found.guard.is_some() {
                let Some(item) = self.guarded_says(id, item) else { continue };
                let Item::Data(data) = item else { continue };
                moved += data.len();
                let data = self.shown(id, Stream::Output, data);
                self.say(Peer::Client, &Message::Data { channel, data });
                continue;
            }
            match item {
                Item::Data(data) => {
                    moved += data.len();
                    let data = self.shown(id, Stream::Output, data);
                    self.say(Peer::Client, &Message::Data { channel, data });
                }
                Item::Extended(code, data) => {
                    moved += data.len();
                    let stream = if code == STDERR { Stream::Error } else { Stream::Output };
                    let data = self.shown(id, stream, data);
                    self.say(Peer::Client, &Message::Extended { channel, code, data });
                }
                Item::Eof => self.say(Peer::Client, &Message::Eof { channel }),
                Item::Request { name, rest, .. } => self.told(id, channel, name, rest),
                Item::Close => {
                    let event = found.story.end();
                    let told = std::mem::replace(&mut found.closed_client, true);
                    if let Some(event) = event {
                        self.record(event);
                    }
                    if !told {
                        self.say(Peer::Client, &Message::Close { channel });
                    }
                    return false;
                }
            }
        }
        true
    }

    /// Records what the client is about to be shown.
    pub(super) fn shown(&mut self, id: u32, stream: Stream, data: Bytes) -> Bytes {
        if self.told_of(id, stream, &data) {
            self.steps.push_back(Step::Shown(data.clone()));
        }
        data
    }

    /// Records what goes by. `false`: it is of files, of which other things are recorded.
    fn told_of(&mut self, id: u32, stream: Stream, data: &Bytes) -> bool {
        let found = self.channels.get_mut(&id);
        let files = |found: &Channel| found.files.is_some() && stream != Stream::Error;
        let Some(found) = found.filter(|found| !files(found)) else { return false };
        let mut events = Vec::new();
        found.story.tell(stream, data, &mut events);
        events.into_iter().for_each(|event| self.record(event));
        true
    }

    /// The target tells how its program ended. It asks nothing of the client that would have to be answered.
    fn told(&mut self, id: u32, channel: u32, name: Box<str>, rest: Bytes) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        let mut reader = crate::ssh::codec::Reader::new(&rest);
        match &*name {
            "exit-status" => {
                if let Ok(status) = reader.u32() {
                    found.story.exited(status);
                }
            }
            "exit-signal" => {
                if let Ok(signal) = reader.text() {
                    found.story.killed(signal);
                }
            }
            "eow@openssh.com" | "xon-xoff" => {}
            _ => return,
        }
        self.say(Peer::Client, &Message::Request { channel, name, wants_reply: false, rest });
    }

    /// Gives both peers room again for what has gone on.
    fn give_back(&mut self, id: u32) {
        let channels = self.channels.len();
        for peer in [Peer::Client, Peer::Upstream] {
            let Some(found) = self.channels.get_mut(&id) else { return };
            if let Some(channel) = found.at(peer)
                && let Some(bytes) = found.from(peer).give_back(channels)
            {
                self.say(peer, &Message::Window { channel, bytes });
            }
        }
    }

    /// A channel that both ends know to be closed is no more.
    fn forget(&mut self, id: u32) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        // A client that leaves before the target is connected to: there is nobody to tell.
        if !found.is_over() {
            return;
        }
        self.end_files(id);
        let event = self.channels.remove(&id).and_then(|mut gone| gone.story.end());
        if let Some(event) = event {
            self.record(event);
        }
    }
}
