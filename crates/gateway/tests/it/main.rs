//! The gateway on real sockets, in front of a real PostgreSQL.

mod cancelling;
mod client;
mod dialling;
mod entering;
mod hostile;
mod house;
mod server;
mod stopping;
