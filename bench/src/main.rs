//! Measures what Sluice costs, against a direct connection, a bare copy proxy, pgbouncer and OpenSSH's jump host, in one
//! run on one machine, and writes the page that says so.
//!
//! It measures ratios and CPU times of alternated rounds; absolute times say something about the
//! machine only. Everything runs on loopback, for a bounded time.
//!
//! ```text
//!            ┌────────────── direct ─────────────┐
//!  load ─────┼── pgbouncer (session mode) ───────┼──► PostgreSQL 15
//!  generator ├── copy proxy (this binary) ───────┤
//!            └── sluice serve (50 policies,      │
//!                 recording on, masking on) ─────┘
//! ```

mod backtest;
mod bulk;
mod connect;
mod copy_proxy;
mod evidence;
mod idle;
mod latency;
mod load;
mod machine;
mod masking;
mod page;
mod paths;
mod pgbench;
mod sealing;
mod ssh;
mod stats;
mod unrecorded;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures Sluice beside its peers
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure and write the page
    Run(Options),
    /// Decide a recorded history again, and say how long it takes
    Backtest(backtest::Options),
    /// The bare copy proxy: LISTEN TARGET
    CopyProxy {
        /// Where to listen
        listen: String,
        /// Where to connect to
        target: String,
    },
    /// The gateway with everything but evidence
    Unrecorded(unrecorded::Options),
}

/// How much to measure.
#[derive(clap::Args, Clone, Debug)]
struct Options {
    /// Rounds of each measurement; medians are taken over them
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of one latency round
    #[arg(long, default_value_t = 0.7)]
    seconds: f64,
    /// Rows of the large result
    #[arg(long, default_value_t = 5_000_000)]
    rows: u64,
    /// Idle sessions to hold
    #[arg(long, default_value_t = 1000)]
    sessions: usize,
    /// Only these parts: latency, pgbench, bulk, connect, idle, evidence, sizes, sealing, masking, ssh (of it:
    /// ssh-bulk, ssh-programs, ssh-keys, ssh-idle, ssh-long)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where the page goes
    #[arg(long, default_value = "bench/README.md")]
    page: PathBuf,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one == part)
    }
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::CopyProxy { listen, target } => copy_proxy::run(&listen, &target),
        Command::Unrecorded(options) => unrecorded::run(options),
        Command::Run(options) => measure(&options),
        Command::Backtest(options) => backtest::measure(&options),
    }
}

fn measure(options: &Options) -> Result<()> {
    let mut page = page::Page::new(options);
    // Half an hour's work is not lost for a page that cannot be written.
    page::Page::check(options)?;
    if options.wants("ssh") || ssh::PARTS.iter().any(|part| options.wants(part)) {
        ssh::measure(options)?.into_iter().for_each(|section| page.add(section));
    }
    if PARTS.iter().any(|part| options.wants(part)) {
        postgres(&mut page, options)?;
    }
    page.write(options)
}

/// What is measured of PostgreSQL.
const PARTS: [&str; 9] =
    ["latency", "pgbench", "bulk", "connect", "idle", "evidence", "sizes", "sealing", "masking"];

fn postgres(page: &mut page::Page, options: &Options) -> Result<()> {
    let stage = paths::Stage::set(options)?;
    if options.wants("latency") {
        page.add(latency::measure(&stage, options)?);
    }
    if options.wants("pgbench") {
        page.add(pgbench::measure(&stage, options)?);
    }
    if options.wants("bulk") {
        page.add(bulk::measure(&stage, options)?);
    }
    if options.wants("connect") {
        page.add(connect::measure(&stage, options)?);
    }
    if options.wants("idle") {
        page.add(idle::measure(&stage, options)?);
    }
    if options.wants("evidence") {
        page.add(evidence::measure(&stage, options)?);
    }
    if options.wants("sizes") {
        page.add(evidence::sizes(&stage)?);
    }
    if options.wants("sealing") {
        page.add(sealing::measure()?);
    }
    if options.wants("masking") {
        page.add(masking::content()?);
        page.add(masking::tracing(&stage)?);
        page.add(masking::stream(&stage, options)?);
    }
    Ok(())
}
