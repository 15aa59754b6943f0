use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::text;
use crate::native::Door;
use crate::native::ssh::{ALIAS, SshDoor};

/// Start the native client (psql, ssh) on a resource
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice connect orders-prod
  sluice connect orders-prod -- -c 'SELECT count(*) FROM orders'
  sluice connect orders-prod/archive       another database behind the same resource
  sluice connect web-1
  sluice connect root%web-1 -- uptime      another account, and a command in place of a shell

psql gets a short-lived credential in its environment, never as an argument; ssh gets a certificate of the
moment. The exit code is theirs.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The resource, RESOURCE/DATABASE, or ACCOUNT%RESOURCE
    resource: String,
    /// What to pass on to psql or ssh
    #[arg(last = true, value_name = "ARGS")]
    rest: Vec<String>,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let client = Client::open(&args.remote)?;
    if speaks_ssh(&client, &args.resource)? {
        return ssh(&client, &args);
    }
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
    Err(become_it(
        psql,
        "psql",
        "install PostgreSQL's client (Debian: apt-get install postgresql-client)",
    ))
}

/// Whether the resource is one of SSH's. A name that is not in the list is for its door to refuse.
fn speaks_ssh(client: &Client, name: &str) -> Result<bool> {
    let name = name.rsplit_once('%').map_or(name, |(_, resource)| resource);
    let resources: Vec<Value> = client.get("/api/v1/resources")?;
    let named = resources.iter().find(|resource| text(resource, "id") == name);
    Ok(named.is_some_and(|resource| text(resource, "protocol") == "ssh"))
}

fn ssh(client: &Client, args: &Args) -> Result<ExitCode> {
    let door = SshDoor::of(client)?;
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-l", &args.resource]);
    for (option, value) in door.options() {
        ssh.arg("-o").arg(format!("{option}={value}"));
    }
    ssh.arg(ALIAS).args(&args.rest);
    Err(become_it(ssh, "ssh", "install OpenSSH's client (Debian: apt-get install openssh-client)"))
}

/// Becomes the client, so that its signals, its terminal and its exit code are its own. Answers why it could not.
fn become_it(mut client: Command, name: &str, hint: &str) -> anyhow::Error {
    let error = client.exec();
    let failure = Failure::new(Exit::Unavailable, format!("{name} cannot be started: {error}"));
    match error.kind() {
        ErrorKind::NotFound => failure.hint(hint),
        _ => failure,
    }
    .into()
}
