//! One channel: its two directions, who knows it by which number, and what runs in it.

use std::collections::VecDeque;

use bytes::Bytes;
use model::{Peer, Ticket};

use super::files::Files;
use super::flow::Flow;
use super::guarded::Guard;
use super::masked::Masks;
use super::story::Story;

/// What a channel is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A shell, a program or a subsystem.
    Session,
    /// Bytes of a forwarded connection, whichever end asked for it.
    Forward,
    /// The client's agent, for the target.
    Agent,
    /// The client's display, for the target.
    X11,
}

/// Whether what the client says in a channel may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// A session in which nothing runs: requests are looked at, data waits.
    Idle,
    /// A request waits for its ruling, and everything behind it with it.
    Deciding(Ticket),
    /// What runs was let through.
    Open,
}

/// An answer that the client waits for, in the order of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    /// The target's.
    Theirs,
    /// Ours.
    Ours(bool),
    /// The target's, to a request of the gateway's own.
    Nobody,
}

/// A channel.
pub(super) struct Channel {
    pub(super) kind: Kind,
    /// Who opened it.
    pub(super) opener: Peer,
    /// The numbers that the two ends know it by, once they do.
    pub(super) client: Option<u32>,
    pub(super) upstream: Option<u32>,
    /// What the client says to the target, and back.
    pub(super) up: Flow,
    pub(super) down: Flow,
    pub(super) gate: Gate,
    pub(super) owed: VecDeque<Owed>,
    /// A message that opens it at the other end, once that is decided.
    pub(super) opening: Option<Bytes>,
    /// What is recorded of it.
    pub(super) story: Story,
    /// What reads along, when files are moved in it.
    pub(super) files: Option<Box<Files>>,
    /// What masks what the target says, when something is to be masked.
    pub(super) masks: Option<Box<Masks>>,
    /// What stands in a shell's place, where each line is decided.
    pub(super) guard: Option<Box<Guard>>,
    /// Requests that were passed on before anything ran: each program of a guarded shell is to have the same.
    pub(super) settings: Vec<(Box<str>, Bytes)>,
    /// The size of the terminal that it has at the other end, in letters.
    pub(super) terminal: Option<(u32, u32)>,
    /// Which end was told that it is closed.
    pub(super) closed_client: bool,
    pub(super) closed_upstream: bool,
}

impl Channel {
    pub(super) fn new(kind: Kind, opener: Peer) -> Self {
        let gate = if kind == Kind::Session { Gate::Idle } else { Gate::Open };
        Self {
            kind,
            opener,
            client: None,
            upstream: None,
            up: Flow::new(),
            down: Flow::new(),
            gate,
            owed: VecDeque::new(),
            opening: None,
            story: Story::default(),
            files: None,
            masks: None,
            guard: None,
            settings: Vec::new(),
            terminal: None,
            closed_client: false,
            closed_upstream: false,
        }
    }

    /// The number this end has at a peer.
    pub(super) const fn at(&self, peer: Peer) -> Option<u32> {
        match peer {
            Peer::Client => self.client,
            Peer::Upstream => self.upstream,
        }
    }

    /// What a peer says.
    pub(super) const fn from(&mut self, peer: Peer) -> &mut Flow {
        match peer {
            Peer::Client => &mut self.up,
            Peer::Upstream => &mut self.down,
        }
    }

    /// What a peer is told.
    pub(super) const fn to(&mut self, peer: Peer) -> &mut Flow {
        match peer {
            Peer::Client => &mut self.down,
            Peer::Upstream => &mut self.up,
        }
    }

    /// Whether both ends know that it is closed.
    pub(super) fn is_over(&self) -> bool {
        let client = self.closed_client && self.up.is_closed();
        let upstream = self.closed_upstream && self.down.is_closed();
        client && (upstream || self.upstream.is_none() && !self.is_opening())
    }
}
