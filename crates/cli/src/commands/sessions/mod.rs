//! `sluice sessions`: one file per command.

mod export;
mod filters;
mod hold;
mod kill;
mod ls;
mod replay;
mod search;
mod show;
mod source;
mod tail;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use evidence::SessionKey;
use model::SessionId;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::client::Client;
use crate::error::{Exit, Failure};
use crate::json::text;

/// See, search, replay, follow, export, hold and end sessions
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Ls(ls::Args),
    Search(search::Args),
    Show(show::Args),
    Replay(replay::Args),
    Tail(tail::Args),
    Export(export::Args),
    Kill(kill::Args),
    Hold(hold::Args),
    Release(hold::Release),
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.action {
        Action::Ls(args) => ls::run(&args),
        Action::Search(args) => search::run(&args),
        Action::Show(args) => show::run(&args),
        Action::Replay(args) => replay::run(&args),
        Action::Tail(args) => tail::run(&args),
        Action::Export(args) => export::run(&args),
        Action::Kill(args) => kill::run(&args),
        Action::Hold(args) => hold::run(&args),
        Action::Release(args) => hold::release(&args),
    }
}

/// What opens a session's recording.
pub(crate) fn key_of(client: &Client, id: &str, purpose: &str) -> Result<SessionKey> {
    let answer: Value = client.get(&format!("/api/v1/sessions/{id}/key?purpose={purpose}"))?;
    let digits = Zeroizing::new(text(&answer, "key"));
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits.as_bytes(), bytes.as_mut()).map_err(|_| {
        Failure::new(Exit::Unavailable, "the gateway's answer holds no key".to_owned())
    })?;
    Ok(SessionKey::new(bytes))
}

/// An id as it was typed or copied.
pub(crate) fn known(id: &str) -> Result<SessionId> {
    id.trim().parse().map_err(|error| {
        Failure::new(Exit::Usage, format!("`{id}`: {error}"))
            .hint("`sluice sessions ls` lists the sessions")
            .into()
    })
}
