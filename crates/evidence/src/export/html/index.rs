//! The list of statements at the top of the page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::{Event, Phase, Timestamp, Verdict};

use super::super::start;
use super::text::put;
use super::{clock, since};
use crate::render::{failed, outcome};

/// A line shows so much of a statement.
const TEXT: usize = 100;
/// A statement's line is written when so many others have come after it: by then it is decided and
/// over, and if it is not, the line says so.
const WAIT: usize = 4096;

/// The lines that are still to be written.
#[derive(Debug, Default)]
pub(super) struct Index {
    waiting: BTreeMap<u64, Line>,
    written: u64,
}

#[derive(Debug)]
struct Line {
    at: Timestamp,
    text: String,
    phase: Phase,
    verdict: Option<Verdict>,
    /// It was let through by a human.
    agreed: bool,
    rows: Option<u64>,
    /// How its program ended, and whether well.
    ended: Option<(String, bool)>,
    error: Option<String>,
}

impl Index {
    pub(super) fn event(
        &mut self,
        opened: Timestamp,
        at: Timestamp,
        event: &Event,
        out: &mut String,
    ) {
        match event {
            Event::Command { number, phase, text, .. } => {
                let line = Line {
                    at,
                    text: start(text, TEXT),
                    phase: *phase,
                    verdict: None,
                    agreed: false,
                    rows: None,
                    ended: None,
                    error: None,
                };
                self.waiting.insert(*number, line);
                if self.waiting.len() > WAIT
                    && let Some((number, line)) = self.waiting.pop_first()
                {
                    self.write(opened, number, &line, out);
                }
            }
            Event::Decided { number, verdict, .. } => self.change(*number, |line| {
                line.verdict = Some(*verdict);
                line.agreed |= *verdict == Verdict::Approved;
            }),
            Event::Finished { number, rows, .. } => self.change(*number, |line| {
                line.rows = Some(line.rows.unwrap_or(0).saturating_add(*rows));
            }),
            Event::Failed { number, code, .. } => {
                self.change(*number, |line| line.error = Some(code.clone()));
            }
            Event::Exited { number, status, signal, .. } => self.change(*number, |line| {
                let signal = signal.as_deref();
                line.ended = Some((outcome(*status, signal), !failed(*status, signal)));
            }),
            Event::Opened(_)
            | Event::Stream { .. }
            | Event::Terminal { .. }
            | Event::Moved { .. }
            | Event::Shadow { .. }
            | Event::Columns { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Cut { .. }
            | Event::Notice { .. }
            | Event::Closed(_) => {}
        }
    }

    pub(super) fn end(&mut self, opened: Timestamp, out: &mut String) {
        while let Some((number, line)) = self.waiting.pop_first() {
            self.write(opened, number, &line, out);
        }
        out.push_str(if self.written == 0 {
            "<p>No statement was sent in this session.</p>\n"
        } else {
            "</tbody></table>\n"
        });
    }

    fn change(&mut self, number: u64, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.waiting.get_mut(&number) {
            change(line);
        }
    }

    fn write(&mut self, opened: Timestamp, number: u64, line: &Line, out: &mut String) {
        if self.written == 0 {
            out.push_str(
                "<table><thead><tr><th scope=\"col\">no.</th><th scope=\"col\">time</th><th scope=\"col\">verdict</th>\
                 <th scope=\"col\">outcome</th><th scope=\"col\">statement</th></tr></thead><tbody>\n",
            );
        }
        self.written += 1;
        let (class, verdict) = match line.verdict {
            None => ("held", "undecided"),
            Some(Verdict::Allowed) if line.agreed => ("allowed", "approved"),
            Some(Verdict::Allowed) => ("allowed", "allowed"),
            Some(Verdict::Approved) => ("allowed", "approved"),
            Some(Verdict::Denied) => ("denied", "refused"),
            Some(Verdict::Held) => ("held", "held"),
        };
        let _ = write!(
            out,
            "<tr><td class=\"n\"><a href=\"#s{number}\">{number}</a></td><td><time datetime=\"{}\" title=\"{}\">{}</time></td>\
             <td class=\"{class}\">{verdict}</td><td>",
            line.at,
            since(opened, line.at),
            clock(line.at),
        );
        match (&line.error, line.rows) {
            (None, _) if line.ended.is_some() => {
                let (outcome, well) =
                    line.ended.as_ref().map_or(("", true), |(text, well)| (text, *well));
                out.push_str(if well { "<span>" } else { "<span class=\"failed\">" });
                put(out, outcome);
                out.push_str("</span>");
            }
            (Some(code), _) => {
                out.push_str("<span class=\"failed\">error ");
                put(out, code);
                out.push_str("</span>");
            }
            (None, Some(1)) => out.push_str("1 row"),
            (None, Some(rows)) => {
                let _ = write!(out, "{rows} rows");
            }
            (None, None) if line.verdict == Some(Verdict::Denied) => out.push_str("not sent"),
            (None, None) if line.phase == Phase::Prepare => out.push_str("prepared"),
            (None, None) => {}
        }
        out.push_str("</td><td><code>");
        put(out, &line.text);
        out.push_str("</code></td></tr>\n");
    }
}
