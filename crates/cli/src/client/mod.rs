//! The client side: who is signed in where, and the gateway's HTTP API.
//!
//! ```text
//!   SLUICE_URL, SLUICE_CA, SLUICE_TOKEN ─┐
//!   credentials.json (0600) ─────────────┴─► Client ─► https://gateway/api/v1/…
//!        ▲ sign in, refresh, revoke: oidc        trust: whose certificate is believed
//! ```

mod api;
mod callback;
mod credentials;
mod oidc;
mod remote;
mod sign_in;
mod trust;

pub(crate) use api::Client;
pub(crate) use credentials::{Store, folder};
pub(crate) use oidc::Prompt;
pub(crate) use remote::Remote;
pub(crate) use sign_in::{How, LoginProvider, keep, sign_in, sign_out};
pub(crate) use trust::{Roots, believed, fingerprint, presented, to_pem};
