use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Map, Value};
use tokio::runtime::Builder;
use wire::postgres::error::{Report, field};
use wire::postgres::startup::Settings;

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::native::{Answer, Door, Link, Rows, ask};
use crate::output::{self, Table};

/// Run one command on a resource: for scripts and CI
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice exec orders-prod 'SELECT count(*) FROM orders'
  sluice exec orders-prod --json 'SELECT id, item FROM orders' | jq -r '.[].item'
  sluice exec orders-prod --csv - < report.sql

A held command waits until it is decided. Exits with 1 when anything was refused or failed.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The resource, or RESOURCE/DATABASE
    resource: String,
    /// The SQL; `-` reads it from standard input
    sql: String,
    /// Print rows as a JSON array of objects
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print rows as CSV with a header
    #[arg(long)]
    csv: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let sql = if args.sql == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading standard input")?;
        text
    } else {
        args.sql.clone()
    };
    let door = Door::of(&Client::open(&args.remote)?)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut link =
            Link::open(&door, &args.resource, "sluice exec", Settings::default()).await?;
        let mut exit = Exit::Done;
        ask(&mut link, &sql, |answer| {
            match answer {
                Answer::Rows(rows, tag) => print(&args, &rows, &tag)?,
                Answer::Done(tag) => output::note(&tag),
                Answer::Bulk(bytes, tag) => {
                    output::write_out(&bytes);
                    output::note(&tag);
                }
                Answer::Failed(report) => {
                    failed(&report);
                    exit = Exit::No;
                }
            }
            Ok(())
        })
        .await?;
        Ok(exit.into())
    })
}

fn print(args: &Args, rows: &Rows, tag: &str) -> Result<()> {
    if args.json {
        let objects: Vec<Value> = rows.rows.iter().map(|row| object(&rows.columns, row)).collect();
        return output::json(&objects);
    }
    if args.csv {
        output::line(&rows.columns.iter().map(|name| csv(name)).collect::<Vec<_>>().join(","));
        for row in &rows.rows {
            let cells = row.iter().map(|value| value.as_deref().map(csv).unwrap_or_default());
            output::line(&cells.collect::<Vec<_>>().join(","));
        }
        return Ok(());
    }
    let mut table = Table::of(rows.columns.iter().map(|name| output::clean(name)).collect());
    for row in &rows.rows {
        table.row(row.iter().map(|value| value.as_deref().unwrap_or("NULL")));
    }
    table.print_whole();
    output::note(tag);
    Ok(())
}

fn object(columns: &[String], row: &[Option<String>]) -> Value {
    let value = |value: &Option<String>| value.clone().map_or(Value::Null, Value::String);
    Value::Object(columns.iter().cloned().zip(row.iter().map(value)).collect::<Map<_, _>>())
}

/// RFC 4180: quoted where it must be; an empty text differs from NULL by its quotes.
fn csv(text: &str) -> String {
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn failed(report: &Report<'_>) {
    output::error(&format!(
        "{} (SQLSTATE {})",
        report.text(field::MESSAGE),
        report.text(field::CODE)
    ));
    if report.get(field::DETAIL).is_some() {
        output::note(&format!("detail: {}", report.text(field::DETAIL)));
    }
    if report.get(field::HINT).is_some() {
        output::hint(&report.text(field::HINT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_tells_an_empty_text_from_null_and_quotes_what_would_break_it() {
        for (text, expected) in
            [("a", "a"), ("", "\"\""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\"")]
        {
            assert_eq!(csv(text), expected);
        }
    }
}
