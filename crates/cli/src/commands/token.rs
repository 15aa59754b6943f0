use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
use model::TokenId;
use serde_json::{Value, json};

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::{list, text, time};
use crate::output::{self, Table};

/// Make, list and take back tokens for machines
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a token; it is shown once and only its hash is kept (administrators)
    #[command(after_help = "\
Examples:
  sluice token create nightly-report --subject report@ci --group reporting --for 90d
  sluice token create deploy --subject deploy@ci --resource orders-prod --for 12h
  SLUICE_TOKEN=$(sluice token create ci --subject ci --group ci) sluice ls
  sluice token create backup --subject backup@ci --group backup --ssh-key backup_ed25519.pub

The token is printed to standard output alone, so that it can be put where it belongs without being
seen.")]
    Create(Create),
    /// List the tokens you may see
    #[command(after_help = "\
Examples:
  sluice token ls
  sluice token ls --json")]
    Ls {
        #[command(flatten)]
        remote: Remote,
        /// Print them as a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Take a token back; what it opened ends within a second
    #[command(after_help = "\
Examples:
  sluice token revoke 01jbv3y8x6q4t0w9m2c7z5k1ha")]
    Revoke {
        #[command(flatten)]
        remote: Remote,
        /// The token's id, as `sluice token ls` shows it
        id: String,
    },
}

#[derive(clap::Args)]
struct Create {
    #[command(flatten)]
    remote: Remote,
    /// What people call it
    name: String,
    /// The subject that policies and recordings see
    #[arg(long, value_name = "SUBJECT")]
    subject: String,
    /// A group it brings along; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Whom it stands for
    #[arg(long, value_enum, default_value_t = Kind::Machine)]
    kind: Kind,
    /// A resource it is good for, and no others; may be given several times
    #[arg(long = "resource", value_name = "NAME")]
    resources: Vec<String>,
    /// A file with an SSH public key: whoever holds its private key comes in, and there is no secret to show
    #[arg(long, value_name = "FILE")]
    ssh_key: Option<PathBuf>,
    /// How long it is good: 30m, 12h, 90d
    #[arg(long = "for", value_name = "TIME", value_parser = span, default_value = "30d")]
    lifetime: Duration,
    /// Print it with everything about it, as a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A person
    User,
    /// A CI job, a service
    Machine,
    /// An AI agent
    Agent,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Machine => "machine",
            Self::Agent => "agent",
        }
    }
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.action {
        Action::Create(create) => make(&create),
        Action::Ls { remote, json } => ls(&remote, json),
        Action::Revoke { remote, id } => {
            let id: TokenId = id.trim().parse().map_err(|error| {
                Failure::new(Exit::Usage, format!("`{id}`: {error}"))
                    .hint("`sluice token ls` lists the tokens")
            })?;
            Client::open(&remote)?.delete(&format!("/api/v1/tokens/{id}"))?;
            output::line(
                "Taken back: nothing new opens with it, and what it opened is being closed.",
            );
            Ok(Exit::Done.into())
        }
    }
}

fn make(create: &Create) -> Result<ExitCode> {
    let ssh_key = match &create.ssh_key {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            Some(text.with_context(|| format!("reading {}", file.display()))?)
        }
        None => None,
    };
    let only = (!create.resources.is_empty()).then_some(&create.resources);
    let made: Value = Client::open(&create.remote)?.post(
        "/api/v1/tokens",
        &json!({
            "name": create.name,
            "subject": create.subject,
            "kind": create.kind.name(),
            "groups": create.groups,
            "only_resources": only,
            "lifetime_seconds": create.lifetime.as_secs(),
            "ssh_key": ssh_key,
        }),
    )?;
    if create.json {
        output::json(&made)?;
        return Ok(Exit::Done.into());
    }
    let until = time(&made, "expires").unwrap_or_default();
    if ssh_key.is_some() {
        output::line(&format!("{} {}", text(&made, "id"), text(&made, "ssh_key")));
        output::note(&format!("Registered: its private key opens SSH doors until {until} UTC."));
        return Ok(Exit::Done.into());
    }
    output::line(&text(&made, "token"));
    output::note(&format!("Shown this once. Id {}, good until {until} UTC.", text(&made, "id")));
    Ok(Exit::Done.into())
}

fn ls(remote: &Remote, json: bool) -> Result<ExitCode> {
    let tokens: Vec<Value> = Client::open(remote)?.get("/api/v1/tokens")?;
    if json {
        output::json(&tokens)?;
        return Ok(Exit::Done.into());
    }
    let mut table = Table::new(&[
        "ID",
        "NAME",
        "SUBJECT",
        "KIND",
        "GROUPS",
        "RESOURCES",
        "EXPIRES (UTC)",
        "LAST USED (UTC)",
        "STATE",
    ]);
    for token in &tokens {
        let only = list(token, "only_resources").join(",");
        let revoked = text(token, "revoked_by");
        table.row([
            text(token, "id"),
            text(token, "name"),
            text(token, "subject"),
            text(token, "kind"),
            list(token, "groups").join(","),
            if only.is_empty() { "all".into() } else { only },
            time(token, "expires").unwrap_or_default(),
            time(token, "last_used").unwrap_or_else(|| "never".into()),
            if revoked.is_empty() { "good".into() } else { format!("revoked by {revoked}") },
        ]);
    }
    table.print("There are no tokens that you may see.");
    Ok(Exit::Done.into())
}

/// `90d` and the like.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time: write 30m, 12h or 90d");
    let unit = text.char_indices().last().map(|(at, unit)| (&text[..at], unit));
    let (number, unit) = unit.ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return Err(wrong()),
    };
    match number.checked_mul(seconds) {
        Some(0) | None => Err(wrong()),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_the_short_way() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000)] {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)));
        }
        for text in [
            "",
            "d",
            "12",
            "0h",
            "-1h",
            "1y",
            "99999999999999999999d",
            "9999999999999999999d",
            "1µ",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
