//! The control desk: who it is, what they may know, who must be asked, what was done.
//!
//! ```text
//!   gateway ── ports ──► identity ──► tokens ──┐
//!                  └───► vault                 ├──► store (one SQLite file, one writer)
//!                  └───► desk ─────────────────┤
//!                  └───► recordings            │
//!   browser, CLI ──► api (TLS, bearer) ────────┘
//! ```
//!
//! * [`identity`]: OIDC providers' tokens and our own become a [`model::Identity`]
//! * [`tokens`]: Sluice tokens: made, listed, taken back
//! * [`vault`]: a target's credential, at the moment it is needed
//! * [`desk`]: held commands wait here for a human
//! * [`store`]: what must outlive the process, and the audit chain
//! * [`localca`]: certificates for the listeners when nobody brings any
//!
//! What it refuses to do: it never speaks a target's protocol, never decides policy, never imports
//! the gateway (they meet at [`model::ports`]), and never writes a row for somebody who is not
//! authenticated. No secret it holds has a `Debug`.

pub mod api;
mod clock;
pub mod desk;
pub mod devissuer;
pub mod identity;
pub mod localca;
pub mod recordings;
mod revocation;
pub mod store;
pub mod tokens;
pub mod vault;

pub use clock::Clock;
pub use revocation::end_sessions_of_revoked_tokens;
