use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use evidence::render::{JsonLines, Sizes};

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

It is shown at once, unless --speed says otherwise. What a program showed on its user's terminal is played on
yours, as fast as it happened, without what would do more than paint. Ctrl-C leaves.")]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// How fast: 1 is as it happened, 10 ten times as fast, `max` at once; at once when it is not said, but for terminals
    #[arg(long, value_name = "N|max")]
    speed: Option<Speed>,
    /// Take no pause of the session for longer than this
    #[arg(long, value_name = "SECONDS")]
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
    /// Show what was shown on a terminal as text, with all that is in it written out
    #[arg(long)]
    text: bool,
    /// Print the events as JSON, one a line
    #[arg(long, conflicts_with = "text")]
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
    let (mut screen, mut lines) = (Screen::new(args.text || args.json), JsonLines::new());
    let mut pace = Pace::new(args.speed.unwrap_or(Speed::Max), idle);
    let mut sizes = Sizes::new();
    let told = recording.each(|at, event| {
        let size = sizes.before(event);
        if args.speed.is_none() && screen.plays() {
            pace.becomes(if sizes.any() { Speed::Times(1.0) } else { Speed::Max });
        }
        if args.json {
            if part.holds(event) {
                thread::sleep(pace.before(at));
                output::json_text(&lines.event(at, event));
            }
            return Ok(());
        }
        // A part that begins later has to know which of its programs have a terminal.
        for event in size.iter().chain([event].into_iter().filter(|event| !Sizes::waits(event))) {
            if part.holds(event) {
                thread::sleep(pace.before(at));
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
