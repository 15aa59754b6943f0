use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::native::Door;

/// Start the native client (psql) on a resource
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice connect orders-prod
  sluice connect orders-prod -- -c 'SELECT count(*) FROM orders'
  sluice connect orders-prod/archive       another database behind the same resource

psql gets a short-lived credential in its environment, never as an argument. The exit code is psql's.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The resource, or RESOURCE/DATABASE
    resource: String,
    /// What to pass on to psql
    #[arg(last = true, value_name = "PSQL ARGS")]
    rest: Vec<String>,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let client = Client::open(&args.remote)?;
    let door = Door::of(&client)?;
    let mut psql = Command::new("psql");
    psql.args(&args.rest)
        .env("PGHOST", &door.host)
        .env("PGPORT", door.port.to_string())
        .env("PGUSER", &door.subject)
        .env("PGDATABASE", &args.resource)
        .env("PGPASSWORD", door.token.expose_str().context("the token is not text")?)
        .env("PGGSSENCMODE", "disable")
        .env("PGCHANNELBINDING", "disable");
    for name in [
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGPASSFILE",
        "PGHOSTADDR",
        "PGOPTIONS",
        "PGSSLCERT",
        "PGSSLKEY",
    ] {
        psql.env_remove(name);
    }
    match door.root_file(&args.remote)? {
        Some(roots) => psql.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", roots),
        None => psql.env("PGSSLMODE", "disable").env_remove("PGSSLROOTCERT"),
    };
    // Becomes psql, so that its signals, its terminal and its exit code are its own.
    let error = psql.exec();
    let failure = Failure::new(Exit::Unavailable, format!("psql cannot be started: {error}"));
    Err(match error.kind() {
        ErrorKind::NotFound => {
            failure.hint("install PostgreSQL's client (Debian: apt-get install postgresql-client)")
        }
        _ => failure,
    }
    .into())
}
