use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use model::Secret;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::native::{Door, Local, serve};
use crate::output;

/// Open a local port that a GUI or a driver can use like a database
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice proxy orders-prod
  sluice proxy orders-prod --port 15432

The port is on 127.0.0.1 alone and asks for a password that is made anew each time and printed once.
What comes in goes to the gateway as you: with your sign-in, your permissions and your name.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The resource
    resource: String,
    /// The local port [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Print where it is as a JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    // Before anything is opened: is somebody signed in, and is there such a door?
    let door = Door::of(&Client::open(&args.remote)?)?;
    let password = random_password();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|error| {
                Failure::new(
                    Exit::Unavailable,
                    format!("127.0.0.1:{} cannot be listened on: {error}", args.port),
                )
                .hint("leave out --port for a free one")
            })?;
        let port = listener.local_addr()?.port();
        print(&args, port, &door.subject, &password)?;
        let remote = args.remote.clone();
        let local = Arc::new(Local {
            gateway: Box::new(move || Client::open(&remote)),
            resource: args.resource.clone(),
            password: Secret::from(password),
        });
        tokio::select! {
            ended = serve(listener, local) => ended?,
            signal = tokio::signal::ctrl_c() => signal.context("waiting for Ctrl-C")?,
        }
        Ok(Exit::Done.into())
    })
}

fn print(args: &Args, port: u16, user: &str, password: &str) -> Result<()> {
    if args.json {
        return output::json(&serde_json::json!({
            "id": args.resource, "host": "127.0.0.1", "port": port, "database": args.resource, "user": user, "password": password,
        }));
    }
    for (name, value) in [
        ("host", "127.0.0.1"),
        ("port", &port.to_string()),
        ("database", &args.resource),
        ("user", user),
        ("password", password),
    ] {
        output::line(&format!("{name:<9} {}", output::clean(value)));
    }
    output::note(
        "Open until Ctrl-C. SSL: off (the port is on this machine alone; from here to the gateway it is as the gateway has it).",
    );
    Ok(())
}

fn random_password() -> String {
    let bytes: [u8; 16] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
