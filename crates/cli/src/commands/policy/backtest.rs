use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use control::recordings::AtRest;
use model::Timestamp;
use policy::PolicySet;
use serde_json::{Value, json};

use crate::commands::token::span;
use crate::config::{self, Text};
use crate::error::{Exit, Failure};
use crate::house;
use crate::offline::backtest::{self, Change, Direction, Question, Tally};
use crate::output::{self, Style};

/// So many kinds of change are printed; `--json` has all.
const PRINTED: usize = 100;

/// Decide recorded commands again under other policies, and say what would change
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice policy backtest --policies new/
  sluice policy backtest --policies new/ --since 30d --resource orders-prod --examples 3
  sluice policy backtest --policies new/ --against policies/ --fail-on looser
  sluice policy backtest --policies new/ --json            for CI

Reads the recordings in the data directory, beside a gateway that runs or not, and changes nothing. Needs
the keys that open them, so it runs as the gateway's user on its machine. Compares with what was decided
then, or with what the policies of --against would decide.
Exits with 0 when nothing changes, with 1 when something does (--fail-on says what counts).")]
pub(crate) struct Args {
    /// The policies to try: a file, or a folder of *.cedar files; may be given several times
    #[arg(long, value_name = "FILE|FOLDER", required = true)]
    policies: Vec<PathBuf>,
    /// Compare with what these policies decide, in place of what was decided then
    #[arg(long, value_name = "FILE|FOLDER")]
    against: Vec<PathBuf>,
    /// The configuration file: its resources, and where its recordings are
    #[arg(long, short, value_name = "FILE", env = "SLUICE_CONFIG", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// The data directory, in place of the configuration's
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// From so long ago on: 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "7d")]
    since: Duration,
    /// Until so long ago
    #[arg(long, value_name = "TIME", value_parser = span)]
    until: Option<Duration>,
    /// Only commands on this resource
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// Only commands of this subject
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// How many examples to show of each kind of change; they hold the statements' text
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    examples: usize,
    /// What makes it exit with 1
    #[arg(long, value_enum, default_value_t = FailOn::Any)]
    fail_on: FailOn,
    /// Print it as a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Any change, and whatever cannot be decided again
    Any,
    /// Less is allowed, or shown in clear
    Tighter,
    /// More is allowed, or shown in clear
    Looser,
    /// Nothing
    None,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let config = config::load(&args.config)?;
    let candidate = policies(&args.policies)?;
    let against = match args.against.is_empty() {
        true => None,
        false => Some(policies(&args.against)?),
    };
    let known = |name: &String| config.resources.iter().any(|one| one.name == *name);
    if let Some(name) = args.resource.as_ref().filter(|name| !known(name)) {
        let names: Vec<&str> = config.resources.iter().map(|one| one.name.as_str()).collect();
        return Err(Failure::new(Exit::Usage, format!("there is no resource `{name}`"))
            .hint(format!("the configuration has: {}", names.join(", ")))
            .into());
    }
    // What is wrong with the policies in force is not what was asked.
    let configured = house::policies(&config).ok().map(Arc::new);
    if configured.is_none() && against.is_none() {
        output::warning(
            "the configuration's policies have a mistake: what is shown in clear is not compared (`sluice check` tells it)",
        );
    }
    // The master key is in this process too.
    house::harden();
    let data_dir = args.data_dir.as_ref().unwrap_or(&config.data_dir);
    let archive = AtRest::open(data_dir, house::keys::master_key(&config)?).with_context(|| {
        format!(
            "opening the recordings in {}: run it where the gateway runs, as its user",
            data_dir.display()
        )
    })?;
    let now = control::Clock::system().now();
    let ago = |span: Duration| Timestamp::EPOCH.plus(now.since(Timestamp::EPOCH.plus(span)));
    let question = Question {
        candidate,
        against,
        configured,
        resources: config.resources,
        since: ago(args.since),
        until: args.until.map_or(Timestamp::from_micros(u64::MAX), ago),
        resource: args.resource.clone(),
        subject: args.subject.clone(),
        examples: args.examples,
    };
    let tally = backtest::run(&archive, &question, &|read, of| {
        if read.is_multiple_of(64) || read == of {
            output::progress(&format!("{read} of {of} recordings"));
        }
    })?;
    output::progress("");
    if args.json {
        output::json(&object(&question, &tally))?;
    } else {
        print(&tally);
    }
    complain(&tally);
    let fails = match args.fail_on {
        FailOn::Any => {
            tally.any(Direction::Tighter)
                || tally.any(Direction::Looser)
                || tally.undecided() > 0
                || !tally.unread().0.is_empty()
        }
        FailOn::Tighter => tally.any(Direction::Tighter),
        FailOn::Looser => tally.any(Direction::Looser),
        FailOn::None => false,
    };
    Ok(if fails { Exit::No } else { Exit::Done }.into())
}

fn policies(paths: &[PathBuf]) -> Result<Arc<PolicySet>> {
    let mut files: Vec<Text> = Vec::new();
    for path in paths {
        files.extend(config::policy_files(path)?);
    }
    Ok(Arc::new(house::policies_of(&files)?))
}

fn print(tally: &Tally) {
    let changes = tally.changes();
    for (change, seen) in changes.iter().take(PRINTED) {
        let style = match change.direction {
            Direction::Tighter => Style::Red,
            Direction::Looser => Style::Yellow,
        };
        let mut counts = Vec::new();
        if seen.sessions > 0 {
            counts.push(count(seen.sessions, "session", "sessions"));
        }
        if seen.commands > 0 {
            counts.push(count(seen.commands, "command", "commands"));
        }
        let Change { from, to, subject, resource, what, policies, .. } = change;
        let head = format!("{from} → {to}: {} of {subject} on {resource}", counts.join(", "));
        output::styled(style, &output::clean(&head));
        output::line(&format!("  {:<8} {}", "what", output::clean(&what.join(", "))));
        if !policies.is_empty() {
            output::line(&format!("  {:<8} {}", "by", output::clean(&policies.join(", "))));
        } else if *to == "denied" || *to == "refused" {
            output::line(&format!("  {:<8} no policy permits it", "by"));
        }
        for example in &seen.examples {
            output::line(&format!("  {:<8} {}", "e.g.", output::clean(&example.line())));
        }
    }
    let more = changes.len().saturating_sub(PRINTED);
    if more > 0 {
        output::note(&format!("… and {more} more kinds of change: --json prints all"));
    }
    let [tighter, looser] = tally.others();
    if tighter + looser > 0 {
        output::note(&format!(
            "… and changes of too many kinds to tell apart: {tighter} tighter, {looser} looser"
        ));
    }
    output::line(&format!(
        "{} of {}: {} unchanged, {} changed, {} cannot be decided again",
        count(tally.commands, "command", "commands"),
        count(tally.sessions, "session", "sessions"),
        tally.unchanged,
        tally.changed_commands(),
        tally.undecided(),
    ));
}

/// What was not answered.
fn complain(tally: &Tally) {
    for (why, number) in tally.cannot_be_decided() {
        output::warning(&format!(
            "cannot be decided again: {}, because {}",
            count(*number, "command", "commands"),
            output::clean(why)
        ));
    }
    let (unread, more) = tally.unread();
    for (session, why) in unread {
        output::warning(&format!("session {session} cannot be read to its end: {why}"));
    }
    if more > 0 {
        output::warning(&format!("{more} more sessions cannot be read to their end"));
    }
}

fn object(question: &Question, tally: &Tally) -> Value {
    let [tighter, looser] = tally.others();
    let changes: Vec<Value> = tally
        .changes()
        .into_iter()
        .map(|(change, seen)| {
            let mut object = json!(change);
            if let Some(fields) = object.as_object_mut() {
                fields.insert("sessions".into(), seen.sessions.into());
                fields.insert("commands".into(), seen.commands.into());
                fields.insert("examples".into(), json!(seen.examples));
            }
            object
        })
        .collect();
    let (unread, more) = tally.unread();
    let until = question.until;
    json!({
        "policies": question.candidate.version(),
        "against": question.against.as_ref().map(|against| against.version()),
        "since": question.since.to_string(),
        "until": (until != Timestamp::from_micros(u64::MAX)).then(|| until.to_string()),
        "sessions": tally.sessions,
        "commands": tally.commands,
        "unchanged": tally.unchanged,
        "changed": tally.changed_commands(),
        "undecided": tally.undecided(),
        "changes": changes,
        "not_told_apart": { "tighter": tighter, "looser": looser },
        "cannot_be_decided": tally.cannot_be_decided().iter().map(|(why, commands)| {
            json!({ "why": why, "commands": commands })
        }).collect::<Vec<_>>(),
        "unreadable": unread.iter().map(|(session, why)| {
            json!({ "session": session.to_string(), "why": why })
        }).collect::<Vec<_>>(),
        "unreadable_more": more,
    })
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
