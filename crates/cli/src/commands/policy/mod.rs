//! `sluice policy`: one file per command.

mod backtest;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

/// Try policies before they are in force
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Backtest(backtest::Args),
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.action {
        Action::Backtest(args) => backtest::run(&args),
    }
}
