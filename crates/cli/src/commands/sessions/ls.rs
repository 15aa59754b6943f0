use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use super::filters::Filters;
use super::search::warn_of_gaps;
use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::{text, time};
use crate::output::{self, Table};

/// List sessions, newest first: yours, or everybody's for administrators
#[derive(clap::Args)]
#[command(after_help = "\
With --text, --verdict, --table or --class: the sessions that have such a statement, those with the
newest first. `sluice sessions search` lists the statements.

Examples:
  sluice sessions ls
  sluice sessions ls --live
  sluice sessions ls --resource orders-prod --since 7d --json
  sluice sessions ls --who ana@example.com --verdict denied
  sluice sessions ls --text '\"drop table\" ledger' --since 2026-11-01")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// Only those that are alive
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    filters: Filters,
    /// Only those with a statement with these words; a phrase stands in quotation marks
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u16,
    /// Print them as a JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    if args.live {
        query.append_pair("state", "live");
    }
    args.filters.put(&mut query);
    if let Some(words) = &args.text {
        query.append_pair("text", words);
    }
    let client = Client::open(&args.remote)?;
    let sessions: Vec<Value> = client.get(&format!("/api/v1/sessions?{}", query.finish()))?;
    if args.text.is_some() || args.filters.are_about_statements() {
        let index: Value = client.get("/api/v1/index")?;
        warn_of_gaps(&index);
    }
    if args.json {
        output::json(&sessions)?;
        return Ok(Exit::Done.into());
    }
    let mut table = Table::new(&[
        "ID",
        "STATE",
        "WHO",
        "RESOURCE",
        "OPENED (UTC)",
        "COMMANDS",
        "DENIED",
        "HELD",
        "CLIENT",
    ]);
    for session in &sessions {
        table.row([
            text(session, "id"),
            text(session, "state"),
            text(session, "subject"),
            text(session, "resource"),
            time(session, "opened").unwrap_or_default(),
            text(session, "counts.commands"),
            text(session, "counts.denied"),
            text(session, "counts.held"),
            text(session, "client"),
        ]);
    }
    table.print("There are no such sessions.");
    Ok(Exit::Done.into())
}
