use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use model::SessionId;
use serde_json::Value;

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::{list, text, time};
use crate::output::{self, Table};
use crate::recording;

/// See, replay and end sessions
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List sessions, newest first: yours, or everybody's for administrators
    #[command(after_help = "\
Examples:
  sluice sessions ls
  sluice sessions ls --live
  sluice sessions ls --resource orders-prod --json")]
    Ls(List),
    /// Show one session: who, from where, to what, how it ended
    #[command(after_help = "\
Examples:
  sluice sessions show 01jbv3y8x6q4t0w9m2c7z5k1ha")]
    Show {
        #[command(flatten)]
        remote: Remote,
        /// The session's id
        id: String,
        /// Print it as a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show what happened in a session, as its user saw it: masked
    #[command(after_help = "\
Examples:
  sluice sessions replay 01jbv3y8x6q4t0w9m2c7z5k1ha
  sluice sessions replay 01jbv3y8x6q4t0w9m2c7z5k1ha --json | jq 'select(.type == \"command\")'")]
    Replay {
        #[command(flatten)]
        remote: Remote,
        /// The session's id
        id: String,
        /// Print the events as JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// End a session that is alive
    #[command(after_help = "\
Examples:
  sluice sessions kill 01jbv3y8x6q4t0w9m2c7z5k1ha")]
    Kill {
        #[command(flatten)]
        remote: Remote,
        /// The session's id
        id: String,
    },
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    remote: Remote,
    /// Only those that are alive
    #[arg(long)]
    live: bool,
    /// Only those of this resource
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// Only those of this subject (administrators)
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u16,
    /// Print them as a JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.action {
        Action::Ls(list) => ls(&list),
        Action::Show { remote, id, json } => {
            let path = format!("/api/v1/sessions/{}", known(&id)?);
            let session: Value = Client::open(&remote)?.get(&path)?;
            if json {
                output::json(&session)?
            } else {
                print(&session)
            }
            Ok(Exit::Done.into())
        }
        Action::Replay { remote, id, json } => {
            let path = format!("/api/v1/sessions/{}/recording", known(&id)?);
            let recording = Client::open(&remote)?.get_bytes(&path)?;
            if json { recording::print_json(&recording) } else { recording::print(&recording) }
        }
        Action::Kill { remote, id } => {
            let path = format!("/api/v1/sessions/{}", known(&id)?);
            Client::open(&remote)?.delete(&path)?;
            output::line("The session is being ended.");
            Ok(Exit::Done.into())
        }
    }
}

fn ls(args: &List) -> Result<ExitCode> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    if args.live {
        query.append_pair("state", "live");
    }
    for (name, value) in [("resource", &args.resource), ("subject", &args.subject)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let sessions: Vec<Value> =
        Client::open(&args.remote)?.get(&format!("/api/v1/sessions?{}", query.finish()))?;
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
    ];
    for (name, value) in rows {
        if !value.trim().is_empty() {
            output::line(&format!("{name:<11} {}", output::clean(value.trim())));
        }
    }
}

/// An id as it was typed or copied.
pub(crate) fn known(id: &str) -> Result<SessionId> {
    id.trim().parse().map_err(|error| {
        Failure::new(Exit::Usage, format!("`{id}`: {error}"))
            .hint("`sluice sessions ls` lists the sessions")
            .into()
    })
}
