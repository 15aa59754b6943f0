//! `sluice demo`: a temporary house on real parts, and a tour of it that checks what it says.
//!
//! ```text
//!   a folder in /tmp ─┬─ PostgreSQL (this machine's own binaries, a random password, sample data)
//!                     ├─ a development identity issuer on loopback
//!                     ├─ the gateway, opened from a sluice.yaml as `sluice serve` opens one
//!                     └─ the tour: the real `psql` and this very `sluice` as child processes
//! ```

mod browser;
mod furniture;
mod postgres;
mod stage;
mod tour;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context, Result};
use control::Clock;
use control::devissuer::DevIssuer;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::error::{Exit, Failure};
use crate::{config, house, output};
use furniture::Furniture;
use postgres::Postgres;
use stage::Stage;

/// Build a whole house on this machine, on real servers, and show it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice demo                              the tour, then it stays open to try by hand
  sluice demo --once                       the tour alone; exits with 1 when a step does not do what it says

Needs PostgreSQL's server and psql on this machine. Everything is in a temporary folder and on
loopback, and gone when it ends.")]
pub(crate) struct Args {
    /// Exit after the tour
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let folder = Folder::make()?;
    log_into(&folder.0.join("gateway.log"))?;
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let outcome = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            outcome = show(&args, &folder.0) => outcome,
            _ = interrupt.recv() => Ok(None),
            _ = terminate.recv() => Ok(None),
        }
    });
    // What a child process still waits for is cut off when its server goes.
    runtime.shutdown_background();
    match outcome {
        Ok(Some(exit)) => Ok(exit.into()),
        Ok(None) => {
            output::note("\nThe demo is over; its folder is removed.");
            Ok(Exit::Done.into())
        }
        Err(error) => {
            let log = fs::read_to_string(folder.0.join("gateway.log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            output::note("The end of the gateway's log:");
            tail.iter().rev().for_each(|line| output::note(&format!("  {line}")));
            Err(error)
        }
    }
}

/// Builds, tours, and stays. `None`: it was left by a signal.
async fn show(args: &Args, folder: &Path) -> Result<Option<Exit>> {
    let begun = Instant::now();
    output::note("Building a house on this machine: PostgreSQL, an identity issuer, the gateway …");
    let people = furniture::people();
    let issuer = DevIssuer::start(
        ([127, 0, 0, 1], 0).into(),
        furniture::CLIENT,
        furniture::AUDIENCE,
        people,
        Clock::system(),
    )
    .await?;
    let at = folder.to_owned();
    let (furniture, postgres) =
        tokio::task::spawn_blocking(move || Furniture::place(&at)).await??;
    furniture.configure(issuer.issuer())?;
    let file = furniture.file();
    let config = config::load(&file)?;
    let running = house::open(&file, config, house::install_metrics()?).await?;
    let fingerprint = running.fingerprint.clone().context("the house has no certificate")?;

    let stage = Stage::new(folder, furniture.url(), fingerprint)?;
    let (touring, server) = (stage.clone(), Arc::clone(&postgres));
    let secret = furniture.password.clone();
    let toured = tokio::task::spawn_blocking(move || tour::give(&touring, &server, &secret)).await;
    let toured =
        toured.unwrap_or_else(|_| Err(Failure::new(Exit::No, "the tour broke off").into()));
    let left = match toured {
        Ok(()) => {
            let seconds = begun.elapsed().as_secs_f32();
            output::styled(
                output::Style::Green,
                &format!("Every step did what it says, in {seconds:.0} seconds."),
            );
            if args.once {
                Ok(Some(Exit::Done))
            } else {
                stage.invite();
                std::future::pending::<()>().await;
                Ok(None)
            }
        }
        Err(error) => Err(error),
    };
    running.close().await;
    postgres.stop();
    left
}

/// The demo's folder, removed when it is dropped, and what was started in it stopped.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self> {
        let name: [u8; 6] = rand::random();
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("sluice-demo-{name}"));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("making {}", path.display()))?;
        // PostgreSQL runs as somebody else when this is root: it may walk through, not look around.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o711))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.0).is_err() {
            output::warning(&format!("{} could not be removed as a whole", self.0.display()));
        }
    }
}

fn log_into(file: &Path) -> Result<()> {
    let file = Mutex::new(fs::File::create(file)?);
    let filter = EnvFilter::try_from_env("SLUICE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(file).init();
    Ok(())
}
