use std::process::ExitCode;

use anyhow::Result;
use model::Timestamp;

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::native::ssh::SshDoor;
use crate::output;

/// See to it that there is a key and a short-lived certificate for SSH, and say where they are
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice ssh-certificate
  ssh -i $(sluice ssh-certificate) -p 2222 web-1@sluice.example.com

What `sluice ssh-config` writes runs this before each connection: a certificate that is good for a while
is left as it is.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// Print nothing when all is well
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let door = SshDoor::of(&Client::open(&args.remote)?)?;
    if !args.quiet {
        output::line(&door.key.display().to_string());
        let until = Timestamp::from_micros(door.expires.saturating_mul(1_000_000));
        output::note(&format!("{} is good until {until}.", door.certificate.display()));
    }
    Ok(Exit::Done.into())
}
