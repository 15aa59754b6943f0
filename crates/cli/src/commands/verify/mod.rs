//! `sluice verify`: of one recording, of an exported audit log, of a whole folder.

mod folder;
mod log;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use evidence::{Extent, PublicKey, Report, State};
use serde_json::Value;

pub(super) use log::check as check_log;

use super::sessions::known;
use crate::client::{Client, Remote, Store};
use crate::error::{Exit, Failure};
use crate::json::text;
use crate::output::{self, Style};
use crate::recording;

/// Check that recordings and the audit log are complete and as they were written
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice verify 01jbv3y8x6q4t0w9m2c7z5k1ha           the gateway's copy, checked here
  sluice verify 01jbv3y8x6q4t0w9m2c7z5k1ha.sluice-rec --key gateway.pub    a file, offline
  sluice verify audit.jsonl --key gateway.pub        an exported audit log
  sluice verify /var/lib/sluice --key gateway.pub    a data folder: its log and every recording
  sluice verify copies/ --audit audit.jsonl --key gateway.pub

The check runs on this machine. It needs the gateway's public key and nothing else: from --key, from
the folder that is checked, or from the gateway. Keep a copy of the key where the gateway's owner
cannot change it. A folder is held against its audit log, which knows every recording there must be:
one that was removed, replaced, shortened or added shows. Nothing is written to it, and its gateway
may be running.
Exits with 1 when anything was changed, removed or added, or when a recording's end is missing.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// A recording or an exported audit log, a folder with recordings, or a session's id
    #[arg(value_name = "FILE|DIR|ID")]
    what: String,
    /// The gateway's public key (PEM)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// An exported audit log: to hold a folder's recordings against, or its own log
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// Print the report as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let file = Path::new(&args.what);
    let key = args.key.as_deref().map(key_from).transpose()?;
    if file.is_dir() {
        return folder::check(file, args.audit.as_deref(), key, args.json);
    }
    if let Some(audit) = &args.audit {
        let wrong = format!("--audit {}: it goes with a folder of recordings", audit.display());
        return Err(Failure::new(Exit::Usage, wrong).into());
    }
    if log::is_one(file) {
        let key = match key {
            Some(key) => key,
            None => key_of_gateway(&args.remote)?,
        };
        return log::check(file, &key, args.json);
    }
    let (mut recording, session) = if file.exists() {
        (File::open(file).with_context(|| format!("opening {}", file.display()))?, None)
    } else if let Ok(id) = known(&args.what) {
        (recording::fetch(&Client::open(&args.remote)?, id, "verify")?, Some(id))
    } else {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{}` is neither a file, a folder nor a session's id", args.what),
        )
        .hint("`sluice sessions ls` lists the sessions")
        .into());
    };
    let key = match key {
        Some(key) => key,
        None => key_of_gateway(&args.remote)?,
    };
    let mut report = recording::verify(&mut recording, &key)?;
    if let (Some(asked), Some(found)) = (session, report.session)
        && asked != found
    {
        report.state = State::Tampered;
        report.damage = Some(format!("it is the recording of another session, {found}"));
    }
    if args.json {
        output::json(&report)?;
    } else {
        print(&report, &key);
    }
    Ok(if report.state == State::Closed { Exit::Done } else { Exit::No }.into())
}

fn print(report: &Report, key: &PublicKey) {
    let (style, verdict) = match report.state {
        State::Closed => (Style::Green, "VERIFIED: complete, unchanged, signed to its last byte"),
        State::Interrupted => (
            Style::Yellow,
            "INTERRUPTED: unchanged and signed; the gateway ended in the middle of the session",
        ),
        State::Unfinished => {
            (Style::Yellow, "UNFINISHED: unchanged as far as it goes, but its end is missing")
        }
        State::Cut => {
            (Style::Yellow, "CUT: unchanged as far as it goes, but it breaks off in the middle")
        }
        State::Tampered => (Style::Red, "NOT VERIFIED: changed, or not signed by this key"),
    };
    output::styled(style, verdict);
    if let Some(damage) = &report.damage {
        output::styled(Style::Red, &format!("  {}", output::clean(damage)));
    }
    if let Some(head) = &report.head {
        let who = format!("{} on {}, opened {}", head.identity.subject, head.resource, head.opened);
        output::line(&format!("  {:<8} {} {}", "session", head.id, output::clean(&who)));
    }
    if let Some(ending) = &report.ending {
        output::line(&format!("  {:<8} {} {}", "ended", ending.at, output::clean(&ending.how)));
    }
    let extent = |name: &str, extent: &Extent| {
        let until = extent.until.map(|until| format!(", until {until}")).unwrap_or_default();
        output::line(&format!(
            "  {name:<8} {} frames, {} of {} bytes{until}",
            extent.frames, extent.bytes, report.bytes
        ));
    };
    extent("intact", &report.intact);
    extent("signed", &report.signed);
    let (bytes, sha256) = (report.delivered, &report.delivered_sha256);
    output::line(&format!("  {:<8} {bytes} bytes to the client, SHA-256 {sha256}", "shown"));
    output::line(&format!("  {:<8} {}", "key", key.id()));
    if report.unread > 0 {
        output::warning(&format!(
            "{} parts are of a kind this version does not know and were not looked at",
            report.unread
        ));
    }
}

/// The public key in a PEM file.
pub(super) fn key_from(file: &Path) -> Result<PublicKey> {
    let wrong = |why: String| Failure::new(Exit::Usage, format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Ok(PublicKey::from_pem(&text).map_err(|error| wrong(error.to_string()))?)
}

/// The public key the gateway says is its own.
pub(super) fn key_of_gateway(remote: &Remote) -> Result<PublicKey> {
    let store = Store::read()?;
    let no_key = |error: anyhow::Error| {
        error.context("the gateway was asked for its public key (--key names a file with it)")
    };
    let base = remote.base(&store).map_err(no_key)?;
    let roots = remote.roots(&base, &store)?;
    let info: Value = Client::anonymous(base, roots).get("/api/v1/info").map_err(no_key)?;
    PublicKey::from_pem(&text(&info, "public_key")).context("the gateway's public key")
}
