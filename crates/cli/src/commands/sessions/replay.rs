use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use evidence::render::JsonLines;

use super::source::Source;
use crate::error::{Exit, Failure};
use crate::interrupt;
use crate::output;
use crate::recording::{Pace, Part, Screen, Speed};

/// Show what happened in a session, as its user saw it: masked
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice sessions replay 01jbv3y8x6q4t0w9m2c7z5k1ha
  sluice sessions replay 01jbv3y8x6q4t0w9m2c7z5k1ha --speed 4 --idle 2
  sluice sessions replay 01jbv3y8x6q4t0w9m2c7z5k1ha --statement 17
  sluice sessions replay 01jbv3y8x6q4t0w9m2c7z5k1ha --json | jq 'select(.type == \"command\")'

It is shown at once, unless --speed says otherwise. Ctrl-C leaves.")]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// How fast: 1 is as it happened, 10 ten times as fast, `max` at once
    #[arg(long, value_name = "N|max", default_value = "max")]
    speed: Speed,
    /// Take no pause of the session for longer than this
    #[arg(long, value_name = "SECONDS", requires = "speed")]
    idle: Option<u32>,
    /// Begin with this statement
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// End with this statement
    #[arg(long, value_name = "N")]
    to: Option<u64>,
    /// This statement alone
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "to"])]
    statement: Option<u64>,
    /// Print the events as JSON, one a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (from, to) = (args.from.or(args.statement), args.to.or(args.statement));
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        let why = format!("there is nothing from statement {from} to {to}");
        return Err(Failure::new(Exit::Usage, why).into());
    }
    let mut recording = args.source.open("replay")?;
    interrupt::leaves()?;
    let mut part = Part::new(from, to);
    let idle = args.idle.map(|seconds| Duration::from_secs(seconds.into()));
    let mut pace = Pace::new(args.speed, idle);
    let (mut screen, mut lines) = (Screen::default(), JsonLines::new());
    let told = recording.each(|at, event| {
        if part.holds(event) {
            thread::sleep(pace.before(at));
            if args.json {
                output::json_text(&lines.event(at, event));
            } else {
                screen.event(at, event);
            }
        }
        Ok(())
    })?;
    screen.finish();
    told.into_result()?;
    match part.missed() {
        Some(why) => Err(Failure::new(Exit::Usage, why).into()),
        None => Ok(Exit::Done.into()),
    }
}
