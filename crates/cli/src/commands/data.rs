use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use serde_json::Value;

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::{text, time};
use crate::output::{self, Table};

/// What columns inherited: data of a class that a statement put there (administrators)
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List columns that inherited a class, and from whose statement
    #[command(after_help = "\
Examples:
  sluice data ls
  sluice data ls orders
  sluice data ls orders --json | jq -r '.[].relation'

Who may see a class may copy it; the copy is masked for everybody else like what it was made from.
A `*` is any schema, or every column.")]
    Ls {
        #[command(flatten)]
        remote: Remote,
        /// Only this resource
        resource: Option<String>,
        /// Print them as a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Forget one: its column no longer holds what it inherited
    #[command(after_help = "\
Examples:
  sluice data forget 17

For a table that was dropped, or emptied of what it held. From here on the column shows, also in sessions
that are open; a rule in `sluice.yaml` that names it stays. That you did it is in the audit log.")]
    Forget {
        #[command(flatten)]
        remote: Remote,
        /// Its number, as `sluice data ls` shows it
        id: u64,
    },
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.action {
        Action::Ls { remote, resource, json } => ls(remote, resource.as_deref(), *json),
        Action::Forget { remote, id } => {
            Client::open(remote)?.delete(&format!("/api/v1/inherited/{id}"))?;
            output::line("Forgotten: the column no longer counts as holding it.");
            Ok(Exit::Done.into())
        }
    }
}

fn ls(remote: &Remote, resource: Option<&str>, json: bool) -> Result<ExitCode> {
    let mut all: Vec<Value> = Client::open(remote)?.get("/api/v1/inherited")?;
    if let Some(resource) = resource {
        all.retain(|one| text(one, "resource") == resource);
    }
    if json {
        output::json(&all)?;
        return Ok(Exit::Done.into());
    }
    let titles = ["ID", "RESOURCE", "DATABASE", "COLUMN", "CLASS", "HOW", "BY", "AT (UTC)"];
    let mut table = Table::new(&titles);
    for one in &all {
        let [schema, relation, column] = ["schema", "relation", "column"].map(|part| {
            let name = text(one, part);
            if name.is_empty() { "*".to_owned() } else { name }
        });
        table.row([
            text(one, "id"),
            text(one, "resource"),
            text(one, "database"),
            format!("{schema}.{relation}.{column}"),
            text(one, "class"),
            text(one, "derivation"),
            text(one, "subject"),
            time(one, "at").unwrap_or_default(),
        ]);
    }
    table.print("No column inherited anything.");
    Ok(Exit::Done.into())
}
