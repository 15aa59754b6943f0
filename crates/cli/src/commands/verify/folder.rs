use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use control::inspect::{Inspection, Log, What, inspect};
use evidence::PublicKey;
use evidence::audit::Standing;

use super::key_from;
use crate::error::{Exit, Failure};
use crate::output::{self, Style, Table};

/// So many problems are printed; `--json` has them all.
const SHOWN: usize = 200;

/// Holds a folder's recordings against the audit log that knows them.
pub(super) fn check(
    folder: &Path,
    audit: Option<&Path>,
    key: Option<PublicKey>,
    json: bool,
) -> Result<ExitCode> {
    let what = what(folder, audit)?;
    let own = folder.join("keys").join("signing.pub");
    let (key, own) = match key {
        Some(key) => (key, false),
        None if own.exists() => (key_from(&own)?, true),
        None => {
            return Err(Failure::new(Exit::Usage, "no public key: the folder has none of its own")
                .hint("name the gateway's public key with --key")
                .into());
        }
    };
    let found = inspect(&what, &key, &progress())?;
    if json {
        output::json(&found)?;
    } else {
        print(&found, &key);
        if own {
            output::warning(
                "the key is from the folder that was checked: who could change the one could change the other; name a copy of your own with --key",
            );
        }
    }
    Ok(if found.holds { Exit::Done } else { Exit::No }.into())
}

/// A gateway's data folder, or recordings and an exported log.
fn what(folder: &Path, audit: Option<&Path>) -> Result<What> {
    let (store, recordings) = (folder.join("sluice.db"), folder.join("recordings"));
    let recordings = if recordings.is_dir() { recordings } else { folder.to_owned() };
    let copy = audit.map(Path::to_owned);
    if store.exists() {
        return Ok(What { recordings, log: Log::Store(store), copy });
    }
    let beside = folder.join("audit.jsonl");
    let log = copy.or_else(|| beside.exists().then_some(beside)).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{} holds no audit log", folder.display())).hint(
            "name one with --audit: `sluice audit export` makes it, and it says which recordings there must be",
        )
    })?;
    Ok(What { recordings, log: Log::Export(log), copy: None })
}

fn print(found: &Inspection, key: &PublicKey) {
    if found.holds {
        output::styled(
            Style::Green,
            "VERIFIED: the log holds, and every recording it knows stands",
        );
    } else {
        output::styled(Style::Red, "NOT VERIFIED");
    }
    let log = &found.log;
    let until = log.until.map(|until| format!(", until {until}")).unwrap_or_default();
    match &found.log_damage {
        None => output::line(&format!(
            "  log         entries {} to {}, signed {} times{until}",
            log.from, log.to, log.checkpoints
        )),
        Some(damage) => {
            output::styled(Style::Red, &format!("  log         {}", output::clean(damage)));
            output::line(&format!("              entries up to {} hold", log.to));
        }
    }
    let counts: Vec<_> =
        found.recordings.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
    output::line(&format!("  recordings  {counts}"));
    output::line(&format!("  key         {}", key.id()));
    if found.problems.is_empty() {
        return;
    }
    let mut table = Table::new(&["SESSION", "IS", "WHY"]);
    for problem in found.problems.iter().take(SHOWN) {
        let why = match &problem.standing {
            Standing::Tampered(why) | Standing::Replaced(why) | Standing::Shortened(why) => why,
            Standing::Missing => "the log knows it, and it is not there",
            Standing::Unlisted => "the log does not know it",
            Standing::Whole | Standing::Interrupted | Standing::GoesOn | Standing::Gone => "",
        };
        table.row([problem.session.as_str(), problem.standing.name(), why]);
    }
    output::line("");
    table.print("");
    if found.problems.len() > SHOWN {
        output::note(&format!("and {} more: --json has them all", found.problems.len() - SHOWN));
    }
}

/// Tells a person how far it is, a few times a second.
fn progress() -> impl Fn(usize, usize) + Sync {
    let last = Mutex::new(Instant::now());
    move |done, all| {
        let Ok(mut last) = last.lock() else { return };
        if done == all {
            output::progress("");
        } else if last.elapsed() >= Duration::from_millis(200) {
            *last = Instant::now();
            output::progress(&format!("verified {done} of {all} recordings"));
        }
    }
}
