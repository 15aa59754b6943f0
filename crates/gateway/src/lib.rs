//! The sockets of the house: listening, each protocol's door, the way to the target, the relay between them.
//!
//! ```text
//!  client ─► cores ─► door: greet ─► identify ─► name ─► authorize ─► record ─► dial ─► admit ─┐
//!            accept         (wire)   (Directory)          (policy)    (Ledger)  needs a Grant  │
//!                                                                                              ▼
//!  client ◄────────────────────────────────── relay ◄────────────────────────────────────► target
//! ```
//!
//! What holds:
//!
//! * The order of the steps is [`STEPS`], a list; each step takes what only the one before it makes.
//! * A target is opened in one place, which takes a [`policy::Grant`].
//! * Nothing a client sends before TLS is seen after it; nothing it sends before it is somebody can
//!   make the gateway keep more than a few kilobytes, or longer than a deadline.
//! * A session that cannot be recorded does not begin.
//! * Cancel keys are the gateway's own; the target's never leave it.
//!
//! What it refuses to do: it understands no protocol ([`wire`] does), decides nothing (`policy`
//! does), keeps nothing (the ports of [`model::ports`] do), knows no store and no web page. It never
//! tells a client or a log what a credential is, nor a log what a command says.

mod cancel;
mod catalogues;
mod chance;
mod clock;
mod cores;
mod dial;
mod door;
mod gateway;
mod house;
mod listen;
mod lobby;
mod measure;
mod relay;
mod side;
mod tls;
mod transport;

pub use chance::NoRandomness;
pub use dial::{DialError, DialLimits, Dialer, LoggedIn, Target, Wanted};
pub use door::{STEPS, Step};
pub use gateway::{Gateway, Limits, Listen, ServeError, Serving};
pub use house::{House, Resources};
pub use side::{QueryError, Row, query};
pub use tls::{TlsError, server as server_tls};
pub use transport::Transport;
pub use wire::postgres::session::Cap;
pub use wire::ssh::transport::HostKeyPair;
