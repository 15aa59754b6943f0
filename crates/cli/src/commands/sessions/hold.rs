use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use super::known;
use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::output;

/// Keep a session's recording, whatever retention says (administrators)
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice sessions hold 01jbv3y8x6q4t0w9m2c7z5k1ha --reason 'case 2026-117'

A held recording is not deleted for its age or for its size. `sluice sessions show` says who holds it and
why; laying a hold and lifting it are in the audit log.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The session's id; it may be alive
    id: String,
    /// Why, for whoever finds it held
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Let retention go on with a recording that was held (administrators)
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice sessions release 01jbv3y8x6q4t0w9m2c7z5k1ha")]
pub(crate) struct Release {
    #[command(flatten)]
    remote: Remote,
    /// The session's id
    id: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let path = format!("/api/v1/sessions/{}/hold", known(&args.id)?);
    let asked = json!({ "reason": args.reason });
    let _: Value = Client::open(&args.remote)?.post(&path, &asked)?;
    output::line("The recording is held.");
    Ok(Exit::Done.into())
}

pub(crate) fn release(args: &Release) -> Result<ExitCode> {
    let path = format!("/api/v1/sessions/{}/hold", known(&args.id)?);
    Client::open(&args.remote)?.delete(&path)?;
    output::line("The recording is held no longer.");
    Ok(Exit::Done.into())
}
