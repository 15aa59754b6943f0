//! SSH.

pub mod auth;
pub(crate) mod codec;
pub mod connection;
pub mod files;
pub mod hosts;
pub(crate) mod numbers;
pub mod transport;
pub mod user;

/// The name of the protocol, as resources give it.
pub const NAME: &str = "ssh";
