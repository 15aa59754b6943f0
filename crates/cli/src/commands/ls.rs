use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::{pairs, text};
use crate::output::{self, Table};

/// List the resources you may open
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice ls
  sluice ls --json | jq -r '.[].id'")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// Print them as a JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let client = Client::open(&args.remote)?;
    let resources: Vec<Value> = client.get("/api/v1/resources")?;
    if args.json {
        output::json(&resources)?;
        return Ok(Exit::Done.into());
    }
    let mut table = Table::new(&["NAME", "PROTOCOL", "DATABASE", "LABELS"]);
    for resource in &resources {
        table.row([
            text(resource, "id"),
            text(resource, "protocol"),
            text(resource, "database"),
            pairs(resource, "labels"),
        ]);
    }
    table.print("There is no resource that you may open.");
    Ok(Exit::Done.into())
}
