use std::io::{BufRead, BufReader, Read};
use std::process::ExitCode;

use anyhow::Result;
use evidence::render::read_line;
use model::{Event, SessionId};
use serde_json::Value;

use super::known;
use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::text;
use crate::recording::Screen;
use crate::{interrupt, output};

/// No line of the gateway's is longer.
const LONGEST: u64 = 256 << 20;

/// Follow a session that is alive until it ends, as its user sees it: masked
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice sessions tail 01jbv3y8x6q4t0w9m2c7z5k1ha
  sluice sessions tail 01jbv3y8x6q4t0w9m2c7z5k1ha --last 0 --json

A statement is shown within a second. Ctrl-C leaves; the session goes on.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The session's id
    id: String,
    /// Begin with so many statements from before
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    last: u64,
    /// Show what is shown on a terminal as text, with all that is in it written out
    #[arg(long)]
    text: bool,
    /// Print the events as JSON, one a line
    #[arg(long, conflicts_with = "text")]
    json: bool,
}

/// Why the gateway says no more.
enum End {
    /// The session is over and its ending was shown.
    Closed,
    /// It is over, and nobody said how.
    Unsaid,
    /// The recording breaks off.
    Damaged(String),
    /// The sign-in is no longer good for it.
    Refused(String),
}

/// What was shown so far.
struct Shown {
    json: bool,
    screen: Screen,
    events: usize,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let id = known(&args.id)?;
    let mut client = Client::open(&args.remote)?;
    let session: Value = client.get(&format!("/api/v1/sessions/{id}"))?;
    let commands: u64 = text(&session, "counts.commands").parse().unwrap_or(0);
    let from = (commands + 1).saturating_sub(args.last);
    interrupt::leaves()?;
    let screen = Screen::new(args.text || args.json);
    let mut shown = Shown { json: args.json, screen, events: 0 };
    loop {
        let end = shown.follow(&client, id, from)?;
        shown.screen.finish();
        match end {
            End::Closed => return Ok(Exit::Done.into()),
            End::Unsaid => {
                output::warning("the session is over, and its recording does not say how it ended");
                return Ok(Exit::Done.into());
            }
            End::Damaged(why) => {
                let why = format!("the recording cannot be read further: {why}");
                return Err(Failure::new(Exit::No, why).into());
            }
            End::Refused(why) => {
                // A sign-in is good for minutes, a session lasts for hours: it is renewed where it can be.
                let renewed = Client::open(&args.remote)?;
                if renewed.token()?.expose() == client.token()?.expose() {
                    return Err(Failure::new(Exit::SignIn, why).into());
                }
                client = renewed;
            }
        }
    }
}

impl Shown {
    /// Shows what comes, but what was shown already.
    fn follow(&mut self, client: &Client, id: SessionId, from: u64) -> Result<End> {
        let path = format!("/api/v1/sessions/{id}/events?follow=true&from={from}");
        let lost = |error: std::io::Error| {
            Failure::new(
                Exit::Unavailable,
                format!("the gateway does not answer any more: {error}"),
            )
            .hint("the session may go on: `sluice sessions show` tells")
        };
        let mut lines = BufReader::new(client.stream(&path)?);
        let mut line = Vec::new();
        let mut seen = 0;
        let mut closed = false;
        loop {
            line.clear();
            let length = lines.by_ref().take(LONGEST).read_until(b'\n', &mut line).map_err(lost)?;
            if length == 0 {
                return Ok(if closed { End::Closed } else { End::Unsaid });
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if line.is_empty() {
                continue;
            }
            let Some((at, event)) = read_line(line) else {
                let said: Value = serde_json::from_str(line).unwrap_or_default();
                match (text(&said, "refused"), text(&said, "damaged")) {
                    (why, _) if !why.is_empty() => return Ok(End::Refused(why)),
                    (_, why) if !why.is_empty() => return Ok(End::Damaged(why)),
                    // An event of a later version of the gateway.
                    _ if self.json => output::json_text(line),
                    _ => {}
                }
                continue;
            };
            seen += 1;
            if seen <= self.events {
                continue;
            }
            self.events = seen;
            closed |= matches!(event, Event::Closed(_));
            if self.json {
                output::json_text(line);
            } else {
                self.screen.event(at, &event);
            }
        }
    }
}
