//! Bytes ↔ commands: what each protocol's messages mean, without a socket.
//!
//! ```text
//!   client bytes ─► greet ─► identify, authorize (other rooms) ─► login ─► target bytes
//!                                        │
//!                                        ▼
//!   client bytes ─► Session: model::Conversation ◄─ target bytes
//!                     │ Step::Decide(Command)      what is asked, read by `sql`
//!                     │ Step::Record(Event)        before the bytes it describes
//!                     └ Step::Send(Peer, Bytes)    results masked by `mask`
//! ```
//!
//! One folder for each protocol. It refuses to open a socket, read a clock or a file, or spawn: time,
//! randomness and bytes are handed in, steps are handed out. It decides nothing (a command is handed
//! out and its ruling handed in) and keeps no credential longer than a login takes. It never passes on
//! a message that it does not know, and never allocates by a length that a peer only claims.

use model::Protocol;

pub mod content;
pub mod http;
pub mod json;
pub mod kubernetes;
pub mod postgres;
pub mod shell;
pub mod ssh;

/// Every protocol that is spoken here, by the name a resource's `protocol:` gives it.
#[must_use]
pub fn protocols() -> Vec<Protocol> {
    vec![Protocol::new(postgres::NAME), Protocol::new(ssh::NAME)]
}
