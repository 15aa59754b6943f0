//! Real clients against real servers through the real `sluice`.
//!
//! This crate starts the parts and drives them; the tests themselves are in `tests/e2e`. It knows
//! Sluice only from outside: its configuration files, its command line, its API and its sockets. It
//! links no room of the house, so that nothing is tested but what ships. Of the tests, only a hostile SSH client speaks
//! through `wire`.
//!
//! ```text
//!   psql ┐                        ┌ PostgreSQL 15 (Debian)
//!   node ├─► sluice serve (house) ┤
//!   …    ┘        ▲               └ PostgreSQL 18 (npm)
//!                 └ idp: a certified OpenID provider
//! ```
//!
//! Every process is started under a keeper that ends it when the test run ends, however it ends.
//! Servers are shared by all tests of a run; a database and a house are a test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness that cannot go on fails the test that uses it, as loudly as it can"
)]

mod clients;
mod disk;
mod fault;
mod house;
mod http;
mod idp;
mod objects;
mod parts;
mod postgres;
mod process;
mod ssh;
mod wire;

pub use clients::{
    Psql, Ran, Typing, java, node, of_python, pgbench, psql, python, run, run_within,
};
pub use disk::SmallDisk;
pub use fault::Fault;
pub use house::{House, HouseBuilder, Person};
pub use http::{Answer, request};
pub use idp::{Idp, browse};
pub use objects::{ObjectStore, Passed, Road};
pub use parts::{cache, free_port, repository, run_folder, sluice, until};
pub use postgres::{Database, Server, Version};
pub use process::Process;
pub use ssh::{SshServer, keygen};
pub use wire::{Client, ErrorFields, Message, ask, startup};
