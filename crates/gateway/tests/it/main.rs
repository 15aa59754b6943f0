//! The gateway on real sockets, in front of a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod cancelling;
mod certified;
mod client;
mod dialling;
mod entering;
mod hostile;
mod house;
mod server;
mod silent;
mod stopping;
mod tls;
