use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use control::inspect::exported;
use evidence::PublicKey;
use serde_json::json;

use crate::error::Exit;
use crate::output::{self, Style};

/// Whether a file begins as an exported audit log does.
pub(super) fn is_one(file: &Path) -> bool {
    let mut begin = [0; 9];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && &begin == b"{\"audit\":"
}

/// Checks an exported audit log and says how far it holds.
pub(in crate::commands) fn check(file: &Path, key: &PublicKey, json: bool) -> Result<ExitCode> {
    let (extent, damage) = exported(file, key, |_| {})?;
    if json {
        output::json(&json!({
            "holds": damage.is_none(),
            "log": extent,
            "log_damage": damage,
        }))?;
    } else {
        match &damage {
            None => output::styled(Style::Green, "VERIFIED: every entry is as it was written"),
            Some(damage) => {
                output::styled(Style::Red, "NOT VERIFIED: the audit log does not hold");
                output::styled(Style::Red, &format!("  {}", output::clean(damage)));
            }
        }
        let until = extent.until.map(|until| format!(", until {until}")).unwrap_or_default();
        let (from, to, signed) = (extent.from, extent.to, extent.signed);
        output::line(&format!("  {:<8} entries {from} to {to}{until}", "intact"));
        output::line(&format!("  {:<8} up to entry {signed}", "signed"));
        output::line(&format!("  {:<8} {}", "key", key.id()));
        if from > 1 {
            output::note(&format!("Entries 1 to {} are not in this file.", from - 1));
        }
    }
    Ok(if damage.is_none() { Exit::Done } else { Exit::No }.into())
}
