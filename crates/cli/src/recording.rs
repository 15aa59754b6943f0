//! A recording on a terminal.

use std::process::ExitCode;

use anyhow::Result;
use evidence::render::{JsonLines, Line, LineKind, Terminal};
use evidence::{Item, Reader};
use model::{Event, Timestamp};

use crate::error::{Exit, Failure};
use crate::output::{self, Style};

/// Shows it as its user saw it.
pub(crate) fn print(recording: &[u8]) -> Result<ExitCode> {
    let mut terminal = Terminal::new();
    let show = |lines: Vec<Line>| {
        for line in lines {
            output::styled(style(line.kind), &line.text);
        }
    };
    let read = each(recording, |at, event| show(terminal.event(at, event)));
    show(terminal.finish());
    read
}

/// Its events as JSON, one a line.
pub(crate) fn print_json(recording: &[u8]) -> Result<ExitCode> {
    let mut lines = JsonLines::new();
    each(recording, |at, event| output::line(&lines.event(at, event)))
}

/// Hands out every event there is; says so when the recording breaks off before its end.
fn each(recording: &[u8], mut show: impl FnMut(Timestamp, &Event)) -> Result<ExitCode> {
    let broken = |why: String| {
        Failure::new(Exit::No, format!("the recording cannot be read further: {why}"))
            .hint("`sluice verify` says what of it holds")
    };
    let mut reader = Reader::new();
    for chunk in recording.chunks(64 << 10) {
        reader.feed(chunk);
        while let Some(item) = reader.next().map_err(|damage| broken(damage.to_string()))? {
            match item {
                Item::Frame(frame) => {
                    if let Some(event) = &frame.event {
                        show(frame.at, event);
                    }
                }
                Item::Begun(_) | Item::Checkpoint(_) | Item::Unknown { .. } => {}
            }
        }
    }
    if let Err(damage) = reader.finish() {
        output::warning(&format!("the recording breaks off: {damage}"));
    }
    Ok(Exit::Done.into())
}

const fn style(kind: LineKind) -> Style {
    match kind {
        LineKind::Head | LineKind::Command => Style::Bold,
        LineKind::Parameters | LineKind::Tag | LineKind::Notice | LineKind::End => Style::Dim,
        LineKind::Allowed => Style::Green,
        LineKind::Held | LineKind::Masked => Style::Yellow,
        LineKind::Denied | LineKind::Error => Style::Red,
        LineKind::Result => Style::Plain,
    }
}
