use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use super::filters::Filters;
use super::known;
use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::{list, text, time};
use crate::output::{self, Table};

/// So much of a statement is on a line.
const LINE: usize = 400;

/// Find statements by their words, newest first: in your sessions, or everybody's for administrators
#[derive(clap::Args)]
#[command(after_help = "\
All words must be there, whole, in any order; a phrase stands in quotation marks: '\"drop table\" ledger'.
Capitals and punctuation do not matter. The words are looked for in the statements' texts, not in
what was bound to their placeholders and not in results.

Examples:
  sluice sessions search 'delete ledger'
  sluice sessions search '\"drop table\"' --verdict denied --since 7d
  sluice sessions search --table public.customers --class us_ssn --who ana@example.com
  sluice sessions search 4711 --session 01jbv3y8x6q4t0w9m2c7z5k1ha --json")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The words
    words: Option<String>,
    #[command(flatten)]
    filters: Filters,
    /// Only in this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u16,
    /// Go on after an earlier answer, with the cursor it ended in
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Print the answer as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    if let Some(words) = &args.words {
        query.append_pair("text", words);
    }
    args.filters.put(&mut query);
    if let Some(session) = &args.session {
        query.append_pair("session", &known(session)?.to_string());
    }
    if let Some(cursor) = &args.cursor {
        query.append_pair("cursor", cursor);
    }
    let query = query.finish();
    if query == format!("limit={}", args.limit) {
        return Err(Failure::new(Exit::Usage, "it is not said what to look for".to_owned())
            .hint("give words, or a filter: `sluice sessions search --help` lists them")
            .into());
    }
    let answer: Value = Client::open(&args.remote)?.get(&format!("/api/v1/statements?{query}"))?;
    warn_of_gaps(&answer);
    if args.json {
        output::json(&answer)?;
        return Ok(Exit::Done.into());
    }
    let mut table = Table::new(&[
        "SESSION",
        "NO",
        "AT (UTC)",
        "TIMES",
        "WHO",
        "RESOURCE",
        "VERDICT",
        "STATEMENT",
    ]);
    for found in answer.get("statements").and_then(Value::as_array).into_iter().flatten() {
        table.row([
            text(found, "session"),
            text(found, "number"),
            time(found, "at").unwrap_or_default(),
            text(found, "times"),
            text(found, "subject"),
            text(found, "resource"),
            list(found, "verdicts").join(", "),
            statement(found),
        ]);
    }
    table.print("There are no such statements.");
    let next = text(&answer, "next");
    if !next.is_empty() {
        output::note(&format!("There may be more: the same with `--cursor {next}`."));
    }
    Ok(Exit::Done.into())
}

/// Says so when not everything that was recorded was looked through.
pub(super) fn warn_of_gaps(answer: &Value) {
    if answer.get("complete").and_then(Value::as_bool) != Some(true) {
        output::warning(
            "the gateway's index is still being made from the recordings: there may be more than is shown",
        );
    }
}

/// A statement on one line.
fn statement(found: &Value) -> String {
    let Some(whole) = found.get("text").and_then(Value::as_str) else {
        return "(its recording cannot be read there)".to_owned();
    };
    let line: String = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    let more = found.get("cut").and_then(Value::as_bool) == Some(true);
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None if more => format!("{line}…"),
        None => line,
    }
}
