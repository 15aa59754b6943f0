use std::path::PathBuf;

use anyhow::Result;

use crate::client::Remote;
use crate::recording::{Opener, Recording};

/// The options of every command that reads a recording.
#[derive(clap::Args)]
pub(super) struct Source {
    #[command(flatten)]
    pub(super) remote: Remote,
    /// The session's id, or a recording's file
    #[arg(value_name = "ID|FILE")]
    what: String,
    /// A file with the session's key (64 hexadecimal digits), to open a recording without the gateway
    #[arg(long, value_name = "FILE")]
    session_key: Option<PathBuf>,
    /// A file with an age identity, to open what is sealed to auditors without the gateway
    #[arg(long, value_name = "FILE", conflicts_with = "session_key")]
    identity: Option<PathBuf>,
}

impl Source {
    /// Fetches it where it is the gateway's; `purpose` is what the gateway is told it is for.
    pub(super) fn open(&self, purpose: &str) -> Result<Recording> {
        let opener = match (&self.session_key, &self.identity) {
            (Some(file), _) => Some(Opener::session_key(file)?),
            (None, Some(file)) => Some(Opener::identity(file)?),
            (None, None) => None,
        };
        Recording::open(&self.what, &self.remote, opener, purpose)
    }
}
