//! Everything that needs a server: one binary, so that the servers are started once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod archiving;
mod auditing;
mod backtesting;
mod certificates;
mod cli;
mod corpus;
mod decisions;
mod disks;
mod drivers;
mod evidence;
mod exporting;
mod flow;
mod keys;
mod leaks;
mod looking;
mod masking;
mod operators;
mod pipelines;
mod regression;
mod scanning;
mod searching;
mod sessions;
mod sign_in;
mod ssh;
mod storing;
mod upstream;
mod ways_out;

use e2e::{Server, Version};

/// The PostgreSQL 15 all tests share.
fn v15() -> &'static Server {
    Server::shared(Version::V15)
}

/// The sensitive values of the fixture, as they are and as they are often written.
const CANARIES: &[&str] = &[
    "536-22-8726",
    "536228726",
    "219-09-9999",
    "219099999",
    "457-55-5462",
    "457555462",
    "canary@leak-example",
    "CANARY@LEAK-EXAMPLE",
    "4539148803436467",
    "4539 1488 0343 6467",
    "5555555555554444",
    "378282246310005",
    "WEST 1234 5698",
    "3533362d32322d38373236",
    "the-vault-stays-closed",
    "canary-4b9f-upstream-password-d21c",
];

/// No sensitive value is in what a client received.
fn no_canary(received: &[u8], what: &str) {
    for canary in CANARIES {
        let there = received.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!there, "{what}: {canary} came through");
    }
}
