//! The gateway's PostgreSQL door from the client's side: for `connect`, `proxy` and `exec`.

mod ask;
mod door;
mod link;
mod relay;

pub(crate) use ask::{Answer, Rows, ask, ask_briefly};
pub(crate) use door::Door;
pub(crate) use link::Link;
pub(crate) use relay::{Local, serve};
