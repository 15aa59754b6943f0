//! `sluice scan`: what a resource's tables hold, told by a sample of their values.
//!
//! ```text
//!   pg_catalog ──► Column: name, type, comment ──┐
//!   SELECT … LIMIT n ──► values as the client ───┴──► vote ──► Finding ──► a table, JSON, rules
//!                        sees them, cut short
//! ```
//!
//! Everything is asked through the gateway, as any client asks: policy decides, a recording is kept,
//! and what is masked for whoever scans is masked here too. No value leaves this process.

mod drift;
mod finding;
mod rules;
mod sample;
mod tables;
mod vote;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use tokio::runtime::Builder;
use wire::postgres::startup::Settings;

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::native::{Door, Link};
use crate::output;

use finding::{Finding, State};
use sample::Sampled;
use tables::Choice;

/// Sample a resource's tables and propose what their columns hold
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice scan orders-prod
  sluice scan orders-prod --schema public --table 'cust*' --rows 1000
  sluice scan orders-prod --write resources/orders.yaml
  sluice scan orders-prod --drift
  sluice scan orders-prod --json | jq -r '.[] | select(.state == \"proposed\") | .id'

Asks through the gateway as you: you see what policy lets you see, and a recording is kept. What is
masked for you cannot be recognised and is said to be masked. No value is ever printed.

Exits with 0 when tables were read, also when some could not be, which is said; with 1 when the
resource is not opened or no table could be read; with 2 when the file of --write is not understood.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The resource, or RESOURCE/DATABASE
    resource: String,
    /// Only schemas that fit this pattern; may be given several times
    #[arg(long = "schema", value_name = "GLOB")]
    schemas: Vec<String>,
    /// Only tables that fit this pattern; may be given several times
    #[arg(long = "table", value_name = "GLOB")]
    tables: Vec<String>,
    /// How many rows of each table are looked at
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rows: u32,
    /// How many seconds one table may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    timeout: u32,
    /// Add the rules to the `data:` list of the resource in this file; one that is not there is made
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Ask nothing: show the columns that looked sensitive in live traffic and have no rule (administrators)
    #[arg(long, conflicts_with_all = ["schemas", "tables", "rows", "timeout", "write"])]
    drift: bool,
    /// Print what was found as a JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    if args.drift {
        drift::show(&Client::open(&args.remote)?, &args.resource, args.json)?;
        return Ok(Exit::Done.into());
    }
    let choice =
        Choice::new(&args.schemas, &args.tables).map_err(|why| Failure::new(Exit::Usage, why))?;
    let name = args.resource.split('/').next().unwrap_or_default().to_owned();
    // A file that cannot be added to is told of before anything is asked.
    let file = args.write.as_deref().map(|path| rules::File::open(path, &name)).transpose()?;
    let door = Door::of(&Client::open(&args.remote)?)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (findings, read) = runtime.block_on(scan(&args, &door, &choice))?;
    if args.json {
        output::json(&findings)?;
    } else {
        finding::print(&findings);
    }
    for finding in findings.iter().filter(|finding| finding.state == State::Skipped) {
        output::warning(&format!("{} was not read: {}", finding.id, finding.evidence));
    }
    match file {
        Some(file) => {
            let added = file.add(&findings)?;
            let path = args.write.unwrap_or_default();
            output::note(&match added {
                0 => format!("{} has these rules already", path.display()),
                1 => format!("1 rule was added to {}", path.display()),
                added => format!("{added} rules were added to {}", path.display()),
            });
        }
        None if !args.json => rules::print(&findings),
        None => {}
    }
    Ok(if read { Exit::Done } else { Exit::No }.into())
}

/// What was found, and whether any table could be read.
async fn scan(args: &Args, door: &Door, choice: &Choice) -> Result<(Vec<Finding>, bool)> {
    let mut link = Link::open(door, &args.resource, "sluice scan", Settings::default()).await?;
    sample::limit(&mut link, args.timeout).await?;
    let tables = tables::list(&mut link, choice).await?;
    let (mut findings, mut read) = (Vec::new(), tables.is_empty());
    for (index, table) in tables.iter().enumerate() {
        output::progress(&format!("{} of {}: {}", index + 1, tables.len(), table.id()));
        match sample::table(&mut link, table, args.rows).await? {
            Sampled::Rows(rows) => {
                read = true;
                findings.extend(finding::of_table(table, &rows));
            }
            Sampled::Failed { why, last } => {
                findings.push(finding::skipped(table, why));
                if last {
                    let rest = tables.iter().skip(index + 1);
                    let ended = "the session had ended";
                    findings.extend(rest.map(|table| finding::skipped(table, ended.to_owned())));
                    break;
                }
            }
        }
    }
    output::progress("");
    output::note(&format!(
        "{} of {} tables were read, {} rows of each at most",
        tables.len() - findings.iter().filter(|finding| finding.state == State::Skipped).count(),
        tables.len(),
        args.rows
    ));
    Ok((findings, read))
}
