//! `sluice`: the one binary, and the only room that sees both wings of the house.
//!
//! ```text
//!   sluice serve ──► config ──► house: policy + control + gateway, plugged together
//!   sluice check, explain ──► config ──► policy (offline)
//!   sluice login, ls, approvals, … ──► client ──► the gateway's HTTP API
//!   sluice connect, proxy, exec ──► native ──► the gateway's own wire
//!   sluice demo ──► a temporary house on real parts, and a tour of it
//! ```
//!
//! It decides nothing about access itself: it wires, asks and prints. It never takes a secret as an
//! argument, never prints one that it was not asked to make, and never writes one to a file that
//! others can read.

mod client;
mod commands;
mod config;
mod demo;
mod error;
mod house;
mod interrupt;
mod json;
mod native;
mod offline;
mod output;
mod recording;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => error::report(&error),
    }
}
