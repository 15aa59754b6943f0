use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use model::ApprovalId;
use serde_json::{Value, json};

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::{list, text, time};
use crate::output::{self, Style, Table};

/// See and decide commands that wait for a human
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List requests: yours, and those you may decide
    #[command(after_help = "\
Examples:
  sluice approvals ls                      what waits now
  sluice approvals ls --all --json")]
    Ls {
        #[command(flatten)]
        remote: Remote,
        /// Also those that are decided, withdrawn or expired
        #[arg(long)]
        all: bool,
        /// Print them as a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show a request in full: who asks, what would run, why it is held
    #[command(after_help = "\
Examples:
  sluice approvals show 01jbv3y8x6q4t0w9m2c7z5k1ha")]
    Show {
        #[command(flatten)]
        remote: Remote,
        /// The request's id, as the waiting client printed it
        id: String,
        /// Print it as a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Agree: the command runs, once, as it was shown
    #[command(after_help = "\
Examples:
  sluice approvals approve 01jbv3y8x6q4t0w9m2c7z5k1ha
  sluice approvals approve 01jbv3y8x6q4t0w9m2c7z5k1ha --comment 'ticket 4711'")]
    Approve(Decision),
    /// Refuse: the client is told no
    #[command(after_help = "\
Examples:
  sluice approvals deny 01jbv3y8x6q4t0w9m2c7z5k1ha --comment 'use the staging copy'")]
    Deny(Decision),
}

#[derive(clap::Args)]
struct Decision {
    #[command(flatten)]
    remote: Remote,
    /// The request's id
    id: String,
    /// What to say about it; kept with the decision
    #[arg(long, default_value = "")]
    comment: String,
    /// Print the request as it stands afterwards, as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.action {
        Action::Ls { remote, all, json } => ls(&remote, all, json),
        Action::Show { remote, id, json } => {
            let path = format!("/api/v1/approvals/{}", known(&id)?);
            let request: Value = Client::open(&remote)?.get(&path)?;
            if json {
                output::json(&request)?
            } else {
                print(&request)
            }
            Ok(Exit::Done.into())
        }
        Action::Approve(decision) => decide(&decision, "approve"),
        Action::Deny(decision) => decide(&decision, "deny"),
    }
}

fn ls(remote: &Remote, all: bool, json: bool) -> Result<ExitCode> {
    let query = if all { "" } else { "?state=open" };
    let requests: Vec<Value> = Client::open(remote)?.get(&format!("/api/v1/approvals{query}"))?;
    if json {
        output::json(&requests)?;
        return Ok(Exit::Done.into());
    }
    let mut table = Table::new(&["ID", "STATE", "WHO", "RESOURCE", "UNTIL (UTC)", "COMMAND"]);
    for request in &requests {
        table.row([
            text(request, "id"),
            text(request, "state"),
            text(request, "identity.subject"),
            text(request, "resource"),
            time(request, "expires").unwrap_or_default(),
            text(request, "text"),
        ]);
    }
    table.print(if all { "There are no requests." } else { "Nothing waits for a decision." });
    Ok(Exit::Done.into())
}

fn decide(decision: &Decision, verdict: &str) -> Result<ExitCode> {
    let path = format!("/api/v1/approvals/{}/{verdict}", known(&decision.id)?);
    let request: Value =
        Client::open(&decision.remote)?.post(&path, &json!({ "comment": decision.comment }))?;
    if decision.json {
        output::json(&request)?;
        return Ok(Exit::Done.into());
    }
    let needed = request.get("needed").and_then(Value::as_u64).unwrap_or(1);
    let agreed = request.get("decisions").and_then(Value::as_array).map_or(0, Vec::len);
    match text(&request, "state").as_str() {
        "approved" => output::styled(Style::Green, "Approved: the command runs now."),
        "denied" => output::styled(Style::Red, "Denied: the client was told."),
        "open" => output::styled(
            Style::Yellow,
            &format!(
                "You agreed; {} more must, before the command runs.",
                needed.saturating_sub(agreed as u64)
            ),
        ),
        other => output::line(&format!("The request is {}.", output::clean(other))),
    }
    Ok(Exit::Done.into())
}

fn print(request: &Value) {
    let style = match text(request, "state").as_str() {
        "open" => Style::Yellow,
        "approved" => Style::Green,
        _ => Style::Red,
    };
    output::styled(style, &format!("{} ({})", text(request, "id"), text(request, "state")));
    let who = format!(
        "{} ({}) of {}",
        text(request, "identity.subject"),
        list(request, "identity.groups").join(", "),
        text(request, "identity.provider"),
    );
    let mut rows = vec![
        ("who", who),
        ("resource", text(request, "resource")),
        ("session", format!("{}, command {}", text(request, "session"), text(request, "number"))),
        ("does", list(request, "accesses").join(", ")),
        ("held by", list(request, "policies").join(", ")),
        ("because", text(request, "message")),
        (
            "approvers",
            format!("{} of {}", text(request, "needed"), list(request, "approvers").join(" or ")),
        ),
        ("asked", time(request, "created").unwrap_or_default()),
        ("until", time(request, "expires").unwrap_or_default()),
    ];
    if request.get("recording").is_some_and(Value::is_object) {
        let (position, block) =
            (text(request, "recording.position"), text(request, "recording.block"));
        rows.push(("recording", format!("at byte {position} (block {block})")));
    }
    for decided in request.get("decisions").and_then(Value::as_array).into_iter().flatten() {
        let comment = text(decided, "comment");
        let comment = if comment.is_empty() { comment } else { format!(": {comment}") };
        rows.push((
            "decision",
            format!("{} by {}{comment}", text(decided, "verdict"), text(decided, "subject")),
        ));
    }
    for (name, value) in rows {
        output::line(&format!("  {name:<10} {}", output::clean(&value)));
    }
    output::line("  command");
    for line in text(request, "text").lines() {
        output::line(&format!("    {}", output::clean(line)));
    }
    for (index, parameter) in
        request.get("parameters").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        output::line(&format!("    ${} = {}", index + 1, output::clean(&parameter.to_string())));
    }
    if request.get("may_decide").and_then(Value::as_bool) == Some(true) {
        let id = text(request, "id");
        output::note(&format!(
            "Decide with `sluice approvals approve {id}` or `sluice approvals deny {id}`."
        ));
    }
}

/// An id as it was typed or copied, spaces around it and all.
fn known(id: &str) -> Result<ApprovalId> {
    id.trim().parse().map_err(|error| {
        Failure::new(Exit::Usage, format!("`{id}`: {error}"))
            .hint("`sluice approvals ls` lists the requests")
            .into()
    })
}
