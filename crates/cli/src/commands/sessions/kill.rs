use std::process::ExitCode;

use anyhow::Result;

use super::known;
use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::output;

/// End a session that is alive; its client is told by whom, and why
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice sessions kill 01jbv3y8x6q4t0w9m2c7z5k1ha
  sluice sessions kill 01jbv3y8x6q4t0w9m2c7z5k1ha --reason 'the maintenance begins'")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The session's id
    id: String,
    /// Why: told to the client, and kept in the recording and the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut path = format!("/api/v1/sessions/{}", known(&args.id)?);
    if let Some(reason) = &args.reason {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("reason", reason);
        path = format!("{path}?{}", query.finish());
    }
    Client::open(&args.remote)?.delete(&path)?;
    output::line("The session is being ended.");
    Ok(Exit::Done.into())
}
