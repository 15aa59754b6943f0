//! A session after its login (RFC 4254): channels, opened by either end, each with its own flow.
//!
//! ```text
//!  client ─► Transport ─► Message ─► client.rs ──┬─► Flow ─► pump.rs ─► Message ─► Transport ─► target
//!            opens                   requests:   │   waits while    records, masks  seals
//!                                    Decide ─────┘   it is decided
//!  client ◄─ Transport ◄─ Message ◄─ pump.rs ◄───── Flow ◄─ server.rs ◄─ Message ◄─ Transport ◄─ target
//! ```
//!
//! A request that is decided stops its channel and no other. What is written to a channel goes on when the other end
//! has room for it, and only then is its writer given room again: no channel waits for another, and what waits in
//! memory is bounded by the windows that were given.

mod asked;
mod channel;
mod client;
mod files;
mod flow;
mod guarded;
mod masked;
mod message;
mod pump;
mod ruling;
mod server;
mod story;
pub mod tunnel;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use mask::Detectors;
use model::ports::Unavailable;
use model::{Classes, Conversation, Event, Peer, Ruling, Step, Ticket, Violation};
use rustc_hash::FxHashMap;

use self::channel::Channel;
use self::client::Global;
use self::message::Message;
use self::ruling::Deciding;
use crate::content::Content;
use crate::ssh::transport::{Broken, Transport};

/// Channels of one session. A client of one person has a few; a multiplexer some dozens.
const MOST_CHANNELS: usize = 256;

/// Bytes that are sealed before they are handed out.
const SPAN: usize = 256 << 10;

/// Payloads that wait for new keys: while there are more nothing is added.
const MOST_HELD: usize = 1 << 20;

/// What a session begins with, once both ends are logged in.
pub struct Opening {
    /// The client's end.
    pub client: Transport,
    /// The target's end.
    pub upstream: Transport,
    /// How much of each stream a recording holds, in bytes.
    pub cap: u64,
    /// What is looked for in what the target says.
    pub content: Content,
    /// Whether what is held back to be looked at waits for the end of a word, however long that takes.
    pub strict: bool,
}

/// The conversation of one SSH session.
pub struct Session {
    client: Transport,
    upstream: Transport,
    cap: u64,
    content: Content,
    strict: bool,
    detectors: Option<(Arc<Classes>, Arc<Detectors>)>,
    /// It will be told that a pause has passed.
    wakes: bool,
    channels: FxHashMap<u32, Channel>,
    next: u32,
    steps: VecDeque<Step>,
    /// Commands that wait for their ruling.
    deciding: FxHashMap<Ticket, Deciding>,
    tickets: u64,
    numbers: u64,
    /// Requests of the client's that are about no channel, in the order in which they are answered.
    globals: VecDeque<Global>,
    /// Ports that the target listens on for the client, and sockets: each with the number of the command that asked
    /// for it, as which everything that comes from there is told.
    listening: FxHashMap<(String, u32), u64>,
    /// The same of the client's agent, and its display, once they are lent.
    lends_agent: Option<u64>,
    lends_display: Option<u64>,
    /// The client opens no more sessions.
    no_more_sessions: bool,
    /// Channels in which something may be able to go on.
    stirred: Vec<u32>,
    over: bool,
}

impl Session {
    /// Begins.
    #[must_use]
    pub fn new(opening: Opening) -> Self {
        let Opening { client, upstream, cap, content, strict } = opening;
        Self {
            client,
            upstream,
            cap,
            content,
            strict,
            detectors: None,
            wakes: false,
            channels: FxHashMap::default(),
            next: 0,
            steps: VecDeque::new(),
            deciding: FxHashMap::default(),
            tickets: 0,
            numbers: 0,
            globals: VecDeque::new(),
            listening: FxHashMap::default(),
            lends_agent: None,
            lends_display: None,
            no_more_sessions: false,
            stirred: Vec::new(),
            over: false,
        }
    }

    const fn end(&mut self, peer: Peer) -> &mut Transport {
        match peer {
            Peer::Client => &mut self.client,
            Peer::Upstream => &mut self.upstream,
        }
    }

    fn say(&mut self, to: Peer, message: &Message) {
        self.end(to).send(&[&message.payload(), message.data()]);
    }

    fn record(&mut self, event: Event) {
        self.steps.push_back(Step::Record(event));
    }

    fn stir(&mut self, id: u32) {
        if !self.stirred.contains(&id) {
            self.stirred.push(id);
        }
    }

    /// Takes what the ends have to be sent.
    fn flush(&mut self) {
        for peer in [Peer::Client, Peer::Upstream] {
            let bytes = self.end(peer).output();
            if !bytes.is_empty() {
                self.steps.push_back(Step::Send(peer, bytes));
            }
        }
    }

    /// Reads one message of a peer's. `false`: there is none.
    fn read(&mut self, from: Peer) -> Result<bool, Violation> {
        let broken = |session: &mut Self, by, broken| session.broken(by, &broken);
        let payload = match self.end(from).payload() {
            Ok(Some(payload)) => payload,
            Ok(None) => {
                if self.end(from).gone().is_some() && !self.over {
                    self.over = true;
                    let why = match from {
                        Peer::Client => "the client left",
                        Peer::Upstream => "the target closed the connection",
                    };
                    let words = self.end(from).gone().unwrap_or_default().to_owned();
                    return Err(self.left(from, why, &words));
                }
                return Ok(false);
            }
            Err(error) => return Err(broken(self, from, error)),
        };
        let message = match Message::read(&payload) {
            Ok(Some(message)) => message,
            Ok(None) => {
                self.end(from).unimplemented();
                return Ok(true);
            }
            Err(malformed) => return Err(broken(self, from, malformed.into())),
        };
        let taken = match from {
            Peer::Client => self.client_says(message),
            Peer::Upstream => self.target_says(message),
        };
        taken.map(|()| true).map_err(|error| broken(self, from, error))
    }

    /// A peer broke the protocol: both ends are told.
    fn broken(&mut self, by: Peer, broken: &Broken) -> Violation {
        self.over = true;
        self.client.disconnect(broken);
        self.upstream.disconnect(broken);
        Violation { by, message: broken.message.clone(), farewell: self.client.output() }
    }

    /// A peer said goodbye.
    fn left(&mut self, by: Peer, why: &str, words: &str) -> Violation {
        let told = if words.is_empty() { why.to_owned() } else { format!("{why}: {words}") };
        self.client.leave(&told);
        Violation { by, message: told, farewell: self.client.output() }
    }
}

impl Conversation for Session {
    fn feed(&mut self, from: Peer, bytes: Bytes) {
        self.end(from).feed(&bytes);
    }

    fn decided(&mut self, ticket: Ticket, ruling: Ruling) {
        self.rule(ticket, ruling);
    }

    fn notify(&mut self, ticket: Ticket, message: &str, hint: &str) {
        self.held(ticket, message, hint);
    }

    fn refreshed(&mut self, _: Ticket) {}

    fn inherited(&mut self, _: Ticket, _: Result<(), Unavailable>) {}

    fn woken(&mut self) {
        self.paused();
    }

    fn next(&mut self) -> Result<Option<Step>, Violation> {
        if let Some(step) = self.steps.pop_front() {
            return Ok(Some(step));
        }
        if self.over {
            return Ok(None);
        }
        // As much as there is, up to a bound: bytes leave in long spans.
        while self.steps.is_empty() && self.client.ready() + self.upstream.ready() < SPAN {
            let moved = self.pump().map_err(|error| self.broken(Peer::Client, &error))?;
            let read = self.read(Peer::Upstream)? | self.read(Peer::Client)?;
            if !moved && !read {
                break;
            }
        }
        self.flush();
        Ok(self.steps.pop_front())
    }

    fn farewell(&mut self, message: &str) -> Bytes {
        self.client.leave(message);
        self.client.output()
    }

    fn ends(&mut self) -> Vec<Event> {
        let mut ids: Vec<u32> = self.channels.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.end_files(id);
            let event = self.channels.get_mut(&id).and_then(|channel| channel.story.end());
            if let Some(event) = event {
                self.record(event);
            }
        }
        // What was told of and not recorded yet is in the digests.
        let steps = std::mem::take(&mut self.steps).into_iter();
        steps
            .filter_map(|step| match step {
                Step::Record(event) => Some(event),
                _ => None,
            })
            .collect()
    }

    fn seals(&self) -> bool {
        true
    }

    fn backlog(&self, peer: Peer) -> usize {
        match peer {
            Peer::Client => self.client.backlog(),
            Peer::Upstream => self.upstream.backlog(),
        }
    }
}
