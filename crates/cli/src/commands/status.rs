use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::{at, text};
use crate::output::{self, Style};

/// Show how the gateway is: whether it records, how much room is left (administrators)
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice status
  sluice status --json | jq .evidence.disk

Exits with 1 when sessions or commands are being refused.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// Print it as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let status: Value = Client::open(&args.remote)?.get("/api/v1/status")?;
    let room = text(&status, "evidence.disk.room");
    let good = text(&status, "evidence.recording") == "true" && room == "enough";
    if args.json {
        output::json(&status)?;
    } else {
        print(&status, &room);
    }
    Ok(if good { Exit::Done } else { Exit::No }.into())
}

fn print(status: &Value, room: &str) {
    let row =
        |name: &str, value: &str| output::line(&format!("{name:<10} {}", output::clean(value)));
    row("version", &text(status, "version"));
    row("sessions", &format!("{} alive", text(status, "sessions_alive")));
    row("resources", &text(status, "resources"));
    row("policies", &format!("version {}", text(status, "policies")));
    match text(status, "evidence.why_not").as_str() {
        "" => output::styled(Style::Green, "evidence   commands are recorded"),
        why => {
            let said = format!("evidence   NO COMMANDS: {}", output::clean(why));
            output::styled(Style::Red, &said);
        }
    }
    match room {
        "enough" => {}
        "low" => output::styled(Style::Yellow, "disk       NO NEW SESSIONS: nearly full"),
        _ => output::styled(Style::Red, "disk       NO COMMANDS: full, the reserve is given back"),
    }
    let disks = at(status, "evidence.disk.disks").and_then(Value::as_array);
    for found in disks.into_iter().flatten() {
        let said = format!(
            "{} of {} free under {}",
            mebibytes(found, "free"),
            mebibytes(found, "size"),
            text(found, "folder")
        );
        row("disk", &said);
    }
    let troubles = [
        ("audit log", text(status, "audit_log.trouble")),
        ("archive", text(status, "archive.error")),
        ("index", text(status, "index.trouble")),
    ];
    let said = format!(
        "sessions begin above {}, {} kept back",
        mebibytes(status, "evidence.disk.low_water"),
        mebibytes(status, "evidence.disk.reserve")
    );
    row("", &said);
    if text(status, "archive.object_store") == "true" {
        let waiting = text(status, "archive.waiting");
        row("archive", &format!("{waiting} recordings wait for the object store"));
    }
    match text(status, "drift.columns").as_str() {
        "" | "0" => {}
        columns => {
            let said = format!(
                "drift      {columns} columns look sensitive and have no rule: `sluice scan RESOURCE --drift`"
            );
            output::styled(Style::Yellow, &said);
        }
    }
    if text(status, "index.complete") == "false" {
        let behind = text(status, "index.behind");
        row("index", &format!("being made: {behind} recordings are still to be read"));
    }
    for (name, trouble) in troubles.iter().filter(|(_, trouble)| !trouble.is_empty()) {
        output::styled(Style::Yellow, &format!("{name:<10} {}", output::clean(trouble)));
    }
}

fn mebibytes(value: &Value, field: &str) -> String {
    let bytes = at(value, field).and_then(Value::as_f64).unwrap_or_default();
    let mebibytes = bytes / f64::from(1 << 20);
    if mebibytes < 10_240.0 {
        format!("{mebibytes:.0} MiB")
    } else {
        format!("{:.0} GiB", mebibytes / 1024.0)
    }
}
