use std::process::ExitCode;

use anyhow::Result;

use crate::client::{Remote, Store, sign_out};
use crate::error::{Exit, Failure};
use crate::output;

/// Sign out: take the sign-in back at the provider and forget it here
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice logout
  sluice logout --url https://sluice.example.com:8443")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let base = args.remote.base(&Store::read()?)?;
    let name = base.as_str().trim_end_matches('/').to_owned();
    let removed = Store::update(|store| {
        if store.current.as_ref() == Some(&name) {
            store.current = None;
        }
        Ok(store.gateways.remove(&name))
    })?;
    let Some(signed_in) = removed else {
        return Err(Failure::new(Exit::SignIn, format!("nobody was signed in at {name}")).into());
    };
    match sign_out(&signed_in) {
        Ok(true) => output::line(&format!("Signed out of {name}.")),
        Ok(false) => output::line(&format!(
            "Signed out of {name} on this machine; the provider takes nothing back, the token ends by itself."
        )),
        Err(error) => {
            output::line(&format!("Signed out of {name} on this machine."));
            output::warning(&format!("the provider was not told: {error:#}"));
        }
    }
    Ok(Exit::Done.into())
}
