use std::time::Duration;

use bytes::Bytes;

use crate::ports::Unavailable;
use crate::{Command, Drift, Event, Inherited, Ruling};

/// Which end of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// The native client.
    Client,
    /// The target.
    Upstream,
}

/// Names one open decision of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// One thing to do, in the order given.
#[derive(Debug)]
pub enum Step {
    /// Write these bytes to this end.
    Send(Peer, Bytes),
    /// Decide this command and answer with [`Conversation::decided`]. Until then nothing of it, and
    /// nothing behind it, is sent upstream.
    Decide(Ticket, Box<Command>),
    /// Nobody waits for this decision any more: withdraw what was asked of a human. An answer to it
    /// would be ignored.
    Withdraw(Ticket),
    /// Keep this. It comes before the bytes it describes; if it cannot be kept, they are not sent.
    Record(Event),
    /// The target's catalogue is out of date: read it anew and answer with
    /// [`Conversation::refreshed`]. Until then nothing that depends on it is sent to the client.
    Refresh(Ticket),
    /// A column seems to hold what no rule says of it. Nothing waits for this.
    Drift(Box<Drift>),
    /// The client is shown this by what is sent next: of a protocol that seals what it sends.
    Shown(Bytes),
    /// Call [`Conversation::woken`] once this time has passed. It takes the place of what was asked before.
    Wake(Duration),
    /// What is sent next puts data of these classes there: keep that, and answer with
    /// [`Conversation::inherited`]. Until then nothing of it is sent upstream.
    Inherit(Ticket, Vec<Inherited>),
}

/// A protocol, without sockets: it is fed bytes and hands back steps.
///
/// How the bytes are cut changes nothing about what the steps say.
pub trait Conversation {
    /// Takes over bytes that arrived. Keeps them; reads nothing yet.
    fn feed(&mut self, from: Peer, bytes: Bytes);

    /// Answers a [`Step::Decide`]. An answer to a ticket that is not open is ignored.
    fn decided(&mut self, ticket: Ticket, ruling: Ruling);

    /// Says to the client, in the protocol's own way and without disturbing what it waits for, that
    /// a command is held.
    fn notify(&mut self, ticket: Ticket, message: &str, hint: &str);

    /// Answers a [`Step::Refresh`]: the catalogue was read anew, or could not be.
    fn refreshed(&mut self, ticket: Ticket);

    /// Answers a [`Step::Inherit`]: it is kept, or could not be.
    fn inherited(&mut self, ticket: Ticket, kept: Result<(), Unavailable>);

    /// The time that a [`Step::Wake`] asked for has passed.
    fn woken(&mut self) {}

    /// Whether the bytes it sends are sealed: then [`Step::Shown`] says what the client is shown, and they do not.
    fn seals(&self) -> bool {
        false
    }

    /// The next step. `None`: feed me, or answer me.
    ///
    /// # Errors
    /// A peer broke the protocol: what to tell the client is in the [`Violation`], and the session ends.
    fn next(&mut self) -> Result<Option<Step>, Violation>;

    /// What the client is told, in the protocol's own words, when the session must end now.
    fn farewell(&mut self, message: &str) -> Bytes;

    /// The session is over, however it ended: what there is to record of that which had not ended by itself.
    fn ends(&mut self) -> Vec<Event> {
        Vec::new()
    }

    /// How many bytes were fed from `peer` and not yet used. The relay stops reading that end
    /// when this passes its bound.
    fn backlog(&self, peer: Peer) -> usize;
}

/// A peer broke its protocol's rules. The session cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", match .by { Peer::Client => "client", Peer::Upstream => "upstream" })]
pub struct Violation {
    /// Who broke them.
    pub by: Peer,
    /// What was wrong; holds no data of either side.
    pub message: String,
    /// What to send to the client before closing.
    pub farewell: Bytes,
}
