use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::{self, list, text};
use crate::output;

/// Show who you are to the gateway
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice whoami
  sluice whoami --json")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// Print it as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let client = Client::open(&args.remote)?;
    let me: Value = client.get("/api/v1/whoami")?;
    if args.json {
        output::json(&me)?;
        return Ok(Exit::Done.into());
    }
    let groups = list(&me, "groups").join(", ");
    let mut rows = vec![
        ("subject", text(&me, "subject")),
        ("groups", if groups.is_empty() { "none".into() } else { groups }),
        ("kind", text(&me, "kind")),
        ("provider", text(&me, "provider")),
        ("gateway", client.base().as_str().trim_end_matches('/').to_owned()),
    ];
    if let Some(until) = json::time(&me, "expires") {
        rows.push(("until", until));
    }
    for (name, value) in rows {
        output::line(&format!("{name:<9} {}", output::clean(&value)));
    }
    Ok(Exit::Done.into())
}
