use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::{text, time};
use crate::output::{self, Table};

/// Host keys of SSH targets that no resource pins (administrators)
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the keys that targets showed first
    #[command(after_help = "\
Examples:
  sluice host-keys ls
  sluice host-keys ls --json | jq -r '.[] | select(.confirmed == null) | .id'

Compare a fingerprint with what the target itself says: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`.")]
    Ls {
        #[command(flatten)]
        remote: Remote,
        /// Print them as a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Say that a target's key is the right one
    #[command(after_help = "\
Examples:
  sluice host-keys confirm web-1 SHA256:uNiVztksCsDhcc0u9e8BrQDXVUpKn4xsN7XoZ8dxXcE")]
    Confirm {
        #[command(flatten)]
        remote: Remote,
        /// The resource
        resource: String,
        /// The fingerprint that you compared
        fingerprint: String,
    },
    /// Forget a target's key: the next one it shows is remembered anew
    #[command(after_help = "\
Examples:
  sluice host-keys forget web-1

For a target that was installed anew. Until then its sessions are refused.")]
    Forget {
        #[command(flatten)]
        remote: Remote,
        /// The resource
        resource: String,
    },
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.action {
        Action::Ls { remote, json } => ls(remote, *json),
        Action::Confirm { remote, resource, fingerprint } => {
            let client = Client::open(remote)?;
            let path = format!("/api/v1/ssh/host-keys/{resource}/confirm");
            client.post::<Value>(&path, &json!({ "fingerprint": fingerprint }))?;
            output::line("Confirmed: the resource opens with this host key.");
            Ok(Exit::Done.into())
        }
        Action::Forget { remote, resource } => {
            Client::open(remote)?.delete(&format!("/api/v1/ssh/host-keys/{resource}"))?;
            output::line("Forgotten: the next host key that the target shows is remembered.");
            Ok(Exit::Done.into())
        }
    }
}

fn ls(remote: &Remote, json: bool) -> Result<ExitCode> {
    let all: Vec<Value> = Client::open(remote)?.get("/api/v1/ssh/host-keys")?;
    if json {
        output::json(&all)?;
        return Ok(Exit::Done.into());
    }
    let mut table = Table::new(&["RESOURCE", "FINGERPRINT", "FIRST SEEN (UTC)", "CONFIRMED BY"]);
    for one in &all {
        let by = text(one, "confirmed_by");
        table.row([
            text(one, "id"),
            text(one, "fingerprint"),
            time(one, "first_seen").unwrap_or_default(),
            if by.is_empty() { "nobody yet".to_owned() } else { by },
        ]);
    }
    table.print("No target has shown a host key that its resource does not pin.");
    Ok(Exit::Done.into())
}
