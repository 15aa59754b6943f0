//! The gateway's doors from the client's side: for `connect`, `proxy`, `exec` and `ssh-config`.

mod ask;
mod door;
mod link;
mod relay;
pub(crate) mod ssh;

pub(crate) use ask::{Answer, Rows, ask, ask_briefly};
pub(crate) use door::Door;
pub(crate) use link::Link;
pub(crate) use relay::{Local, serve};
