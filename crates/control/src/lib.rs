//! The control desk: who it is, what they may know, who must be asked, what was done.
//!
//! ```text
//!   gateway ── ports ──► identity ──► tokens ──┐
//!                  └───► vault                 ├──► store (one SQLite file, one writer)
//!                  └───► desk ─────────────────┤
//!                  └───► recordings ──► index  │
//!                             └────► export ◄──┤──► files, syslog, HTTP, OTLP
//!   browser, CLI ──► api (TLS, bearer) ────────┘
//! ```
//!
//! * [`identity`]: OIDC providers' tokens and our own become a [`model::Identity`]
//! * [`tokens`]: Sluice tokens: made, listed, taken back
//! * [`vault`]: a target's credential, at the moment it is needed
//! * [`desk`]: held commands wait here for a human
//! * [`disk`]: how much room is left, and what is kept back of it
//! * [`drift`]: columns that look sensitive and have no rule
//! * [`archive`]: recordings whose session is over: uploaded, retained, held, deleted
//! * [`heirlooms`]: which columns hold data of a class because a statement put it there
//! * [`store`]: what must outlive the process
//! * [`audit`]: who did what: the log, its events, its signatures
//! * [`index`]: finds sessions and statements; made from the recordings
//! * [`export`]: other systems are told what happens
//! * [`localca`]: certificates for the listeners when nobody brings any
//! * [`ssh`]: the gateway's SSH keys, its authority, host keys of targets
//!
//! What it refuses to do: it never speaks a target's protocol, never decides policy, never imports
//! the gateway (they meet at [`model::ports`]), and never writes a row for somebody who is not
//! authenticated. No secret it holds has a `Debug`.

pub mod api;
pub mod archive;
pub mod audit;
mod bell;
mod clock;
pub mod desk;
pub mod devissuer;
pub mod disk;
pub mod drift;
pub mod export;
pub mod heirlooms;
pub mod identity;
pub mod index;
pub mod inspect;
pub mod localca;
pub mod recordings;
mod revocation;
pub mod ssh;
pub mod store;
pub mod tokens;
pub mod vault;

use bell::Bell;
pub use clock::Clock;
pub use revocation::end_sessions_of_revoked_tokens;
