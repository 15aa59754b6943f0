use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::Value;

use super::verify::{check_log, key_from, key_of_gateway};
use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::{pairs, text, time};
use crate::output::{self, Table};

/// See, check and copy the log of who did what (administrators)
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List entries, newest first
    #[command(after_help = "\
Examples:
  sluice audit ls
  sluice audit ls --code approval. --since 7d
  sluice audit ls --actor ana@example.com --limit 500 --json
  sluice audit ls --object 01jbv3y8x6q4t0w9m2c7z5k1ha

docs/audit-events.md lists every code and its fields.")]
    Ls(Ls),
    /// Show one entry with all its fields
    #[command(after_help = "\
Examples:
  sluice audit show 42
  sluice audit show 42 --json")]
    Show {
        #[command(flatten)]
        remote: Remote,
        /// The entry's number
        id: u64,
        /// Print it as a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Check the log, chain and signatures: the gateway's, or an exported file
    #[command(after_help = "\
Examples:
  sluice audit verify --key gateway.pub       the gateway's log, copied and checked here
  sluice audit verify audit.jsonl --key gateway.pub    a file, offline

Exits with 1 when anything was changed, removed or put in between. That the log's end was cut off
shows when it is held against an earlier copy: `sluice verify DIR --audit FILE`.")]
    Verify {
        #[command(flatten)]
        remote: Remote,
        /// An exported audit log; the gateway's own when there is none
        file: Option<PathBuf>,
        /// The gateway's public key (PEM)
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Print the report as a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Copy the log, with its hashes and signatures, as JSON lines
    #[command(after_help = "\
Examples:
  sluice audit export > audit.jsonl
  sluice audit export --out audit.jsonl
  sluice audit export --after 10000 >> more.jsonl

What is exported can be checked elsewhere with the public key alone: docs/audit-format.md.")]
    Export {
        #[command(flatten)]
        remote: Remote,
        /// Only entries behind this one
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
        /// A file to make, in place of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
struct Ls {
    #[command(flatten)]
    remote: Remote,
    /// Only what this subject did
    #[arg(long, value_name = "SUBJECT")]
    actor: Option<String>,
    /// Only events whose code begins so: `approval.`
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only what was done to this: a session's, a token's, an approval's id, an address
    #[arg(long, value_name = "OBJECT")]
    object: Option<String>,
    /// Only since then: 30m, 12h, 7d ago, or 2026-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<u64>,
    /// Only until then, written the same way
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<u64>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u16,
    /// Print them as a JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.action {
        Action::Ls(ls) => list(&ls),
        Action::Show { remote, id, json } => show(&remote, id, json),
        Action::Verify { remote, file, key, json } => {
            let key = match key {
                Some(key) => key_from(&key)?,
                None => key_of_gateway(&remote)?,
            };
            match file {
                Some(file) => check_log(&file, &key, json),
                None => {
                    let mut copy =
                        tempfile::NamedTempFile::new().context("making a temporary file")?;
                    Client::open(&remote)?.download("/api/v1/audit/export", &mut copy)?;
                    check_log(copy.path(), &key, json)
                }
            }
        }
        Action::Export { remote, after, out } => export(&remote, after, out.as_deref()),
    }
}

fn list(args: &Ls) -> Result<ExitCode> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    for (name, value) in [("actor", &args.actor), ("action", &args.code), ("object", &args.object)]
    {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    for (name, value) in [("since", args.since), ("until", args.until)] {
        if let Some(value) = value {
            query.append_pair(name, &value.to_string());
        }
    }
    let path = format!("/api/v1/audit?{}", query.finish());
    let entries: Vec<Value> = Client::open(&args.remote)?.get(&path)?;
    if args.json {
        output::json(&entries)?;
        return Ok(Exit::Done.into());
    }
    let mut table = Table::new(&["ID", "WHEN (UTC)", "WHO", "WHAT", "TO WHAT", "MORE"]);
    for entry in &entries {
        table.row([
            text(entry, "id"),
            time(entry, "at").unwrap_or_default(),
            text(entry, "actor"),
            text(entry, "action"),
            text(entry, "object"),
            pairs(entry, "detail"),
        ]);
    }
    table.print("There are no such entries.");
    Ok(Exit::Done.into())
}

fn show(remote: &Remote, id: u64, json: bool) -> Result<ExitCode> {
    let entry: Value = Client::open(remote)?.get(&format!("/api/v1/audit/{id}"))?;
    if json {
        output::json(&entry)?;
        return Ok(Exit::Done.into());
    }
    for (name, field) in [
        ("entry", "id"),
        ("when", "at"),
        ("who", "actor"),
        ("what", "action"),
        ("to what", "object"),
    ] {
        output::line(&format!("{name:<18} {}", output::clean(&text(&entry, field))));
    }
    for (name, value) in entry.get("detail").and_then(Value::as_object).into_iter().flatten() {
        // A list, such as a change's lines, one below the other.
        let lines: Vec<String> = match value {
            Value::Array(items) => items.iter().map(plain).collect(),
            other => vec![plain(other)],
        };
        for (number, line) in lines.iter().enumerate() {
            let name = if number == 0 { name.as_str() } else { "" };
            output::line(&format!("{name:<18} {}", output::clean(line)));
        }
    }
    output::line(&format!("{:<18} {}", "hash", text(&entry, "hash")));
    Ok(Exit::Done.into())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn export(remote: &Remote, after: u64, out: Option<&Path>) -> Result<ExitCode> {
    let (client, path) = (Client::open(remote)?, format!("/api/v1/audit/export?after={after}"));
    match out {
        None => client.download(&path, &mut io::stdout().lock())?,
        Some(out) => {
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
            let mut file = made.map_err(|error| {
                Failure::new(Exit::Usage, format!("{}: {error}", out.display()))
                    .hint("choose a name that is not there yet")
            })?;
            let failed = || format!("writing {}", out.display());
            let copied = client.download(&path, &mut file);
            let copied = copied.and_then(|()| file.sync_all().with_context(failed));
            if copied.is_err() {
                // A part of the log would pass for all of it.
                let _ = fs::remove_file(out);
            }
            copied?;
        }
    }
    io::stdout().flush().context("writing to standard output")?;
    Ok(Exit::Done.into())
}

/// `7d` ago and the like, or a moment, in seconds since 1970.
fn moment(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time: write 30m, 12h, 7d, or 2026-01-31T00:00:00Z");
    if let Some(whole) = text.strip_suffix('Z') {
        let micros = format!("{whole}.000000Z");
        let at: model::Timestamp = micros.parse().map_err(|_| wrong())?;
        return Ok(at.as_secs());
    }
    let ago = super::token::span(text).map_err(|_| wrong())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Ok(now.saturating_sub(ago).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_an_age_or_as_a_date() {
        assert_eq!(moment("2026-01-31T00:00:00Z"), Ok(1_769_817_600));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let day_ago = moment("1d").unwrap();
        assert!((now - 86_401..=now - 86_399).contains(&day_ago), "{day_ago}");
        for text in ["", "yesterday", "2026-01-31", "2026-02-31T00:00:00Z", "0d"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
