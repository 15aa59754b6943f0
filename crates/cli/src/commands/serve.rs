use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args as ClapArgs;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::{self, DEFAULT_FILE};
use crate::error::Exit;
use crate::house;

/// Run the gateway
#[derive(ClapArgs)]
#[command(after_help = "\
Examples:
  sluice serve
  sluice serve --config /etc/sluice/sluice.yaml
  SLUICE_LOG=warn,gateway=debug sluice serve --log-json

Policies and resources are read again when one of their files changes, or on SIGHUP: a good change
holds from the next command on, without ending a session; a wrong one is not taken and is logged as
an error. SIGTERM and SIGINT end it in order: sessions are told, and have ten seconds.")]
pub(crate) struct Args {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", env = "SLUICE_CONFIG", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// Log as JSON, one object a line
    #[arg(long)]
    log_json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let config = config::load(&args.config)?;
    log(args.log_json)?;
    house::harden();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(async {
        let numbers = house::install_metrics()?;
        let running = house::open(&args.config, config, numbers).await?;
        if let Some(fingerprint) = &running.fingerprint {
            tracing::info!(fingerprint, authority = ?running.authority, "clients can check the certificate by this");
        }
        tracing::info!("ready");
        stop_asked().await?;
        tracing::info!("stopping: sessions are told to end");
        running.close().await;
        Ok(Exit::Done.into())
    })
}

async fn stop_asked() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The operational log goes to standard error; it never holds command text.
fn log(json: bool) -> Result<()> {
    let wanted = std::env::var("SLUICE_LOG").unwrap_or_else(|_| "info".into());
    let filter = EnvFilter::try_new(&wanted)
        .with_context(|| format!("SLUICE_LOG: `{wanted}` is not a filter"))?;
    // By a descriptor of its own: whatever else in the process points standard error elsewhere for a
    // moment does not take lines of the log with it.
    let own = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Arc::new(own));
    if json {
        builder.json().init();
    } else {
        builder.with_ansi(io::stderr().is_terminal()).init();
    }
    Ok(())
}
