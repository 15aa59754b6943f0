use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use super::known;
use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::{list, text, time};
use crate::output;

/// Show one session: who, from where, to what, how it ended, and what people agreed to in it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice sessions show 01jbv3y8x6q4t0w9m2c7z5k1ha")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The session's id
    id: String,
    /// Print it as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let path = format!("/api/v1/sessions/{}", known(&args.id)?);
    let session: Value = Client::open(&args.remote)?.get(&path)?;
    if args.json {
        output::json(&session)?;
    } else {
        print(&session);
    }
    Ok(Exit::Done.into())
}

fn print(session: &Value) {
    let counts = session.get("counts").and_then(Value::as_object);
    let counts: Vec<String> = counts
        .into_iter()
        .flatten()
        .map(|(name, number)| format!("{number} {}", name.replace('_', " ")))
        .collect();
    let rows = [
        ("session", format!("{} ({})", text(session, "id"), text(session, "state"))),
        (
            "who",
            format!(
                "{} ({}) of {}",
                text(session, "subject"),
                text(session, "kind"),
                text(session, "provider")
            ),
        ),
        ("from", format!("{} {}", text(session, "source"), text(session, "client"))),
        ("resource", format!("{} {}", text(session, "resource"), text(session, "database"))),
        ("let in by", list(session, "policies").join(", ")),
        ("opened", time(session, "opened").unwrap_or_default()),
        (
            "ended",
            format!("{} {}", time(session, "ended").unwrap_or_default(), text(session, "ending")),
        ),
        ("in numbers", counts.join(", ")),
        ("stored in", text(session, "object")),
        ("not stored", text(session, "upload_error")),
        ("held", held(session)),
    ];
    for (name, value) in rows {
        if !value.trim().is_empty() {
            output::line(&format!("{name:<11} {}", output::clean(value.trim())));
        }
    }
    for asked in session.get("approvals").and_then(Value::as_array).into_iter().flatten() {
        for line in approval(asked) {
            output::line(&output::clean(&line));
        }
    }
}

/// What people were asked: which statement, who said what, where it is in the recording.
fn approval(asked: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "approval    {} ({}) of statement {}, held by {}",
        text(asked, "id"),
        text(asked, "state"),
        text(asked, "number"),
        list(asked, "policies").join(", "),
    )];
    for decided in asked.get("decisions").and_then(Value::as_array).into_iter().flatten() {
        let comment = text(decided, "comment");
        let comment = if comment.is_empty() { comment } else { format!(": {comment}") };
        lines.push(format!(
            "              {} by {} at {}{comment}",
            text(decided, "verdict"),
            text(decided, "subject"),
            time(decided, "at").unwrap_or_default(),
        ));
    }
    if asked.get("recording").is_some_and(Value::is_object) {
        lines.push(format!(
            "              in the recording at byte {} (block {})",
            text(asked, "recording.position"),
            text(asked, "recording.block"),
        ));
    }
    lines
}

/// Who holds it since when, and why.
fn held(session: &Value) -> String {
    let Some(hold) = session.get("hold").filter(|hold| hold.is_object()) else {
        return String::new();
    };
    let since = time(hold, "at").unwrap_or_default();
    format!("by {} since {since}: {}", text(hold, "by"), text(hold, "reason"))
}
