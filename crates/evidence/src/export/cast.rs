use std::fmt::Write as _;
use std::time::Duration;

use model::{Event, Phase, SessionHead, Timestamp, Verdict};

use super::{Export, start};
use crate::render::{Line, LineKind, Terminal, escape};

/// The terminal it plays in. A table that is wider is wrapped, as it was for whoever saw it.
const COLUMNS: u16 = 120;
const ROWS: u16 = 36;
/// A marker's label shows so much of a statement.
const LABEL: usize = 80;

/// The versions of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Times count from the beginning; asciinema 2 and later, and every player.
    V2,
    /// Times count from the event before; asciinema 3 and later.
    V3,
}

/// A session as a terminal recording that plays in [asciinema](https://docs.asciinema.org/manual/asciicast/v3/),
/// at the times at which it happened. Statements, refusals, holds and approvals are markers.
#[derive(Debug)]
pub struct Asciicast {
    version: Version,
    idle: Option<Duration>,
    terminal: Terminal,
    begun: bool,
    opened: Timestamp,
    /// The time of the last line. Times of ours never run backwards, though the machine's may have.
    last: Timestamp,
}

impl Asciicast {
    /// At the beginning of a session.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self {
            version,
            idle: None,
            terminal: Terminal::new(),
            begun: false,
            opened: Timestamp::EPOCH,
            last: Timestamp::EPOCH,
        }
    }

    /// Asks players not to pause longer than this. The times themselves stay what they were.
    #[must_use]
    pub const fn idle_limit(mut self, most: Duration) -> Self {
        self.idle = Some(most);
        self
    }

    fn begin(&mut self, at: Timestamp, head: Option<&SessionHead>, out: &mut String) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        (self.opened, self.last) = (at, at);
        match self.version {
            Version::V2 => {
                let _ = write!(out, "{{\"version\":2,\"width\":{COLUMNS},\"height\":{ROWS}");
            }
            Version::V3 => {
                let _ = write!(
                    out,
                    "{{\"version\":3,\"term\":{{\"cols\":{COLUMNS},\"rows\":{ROWS},\"type\":\"xterm-256color\"}}",
                );
            }
        }
        let _ = write!(out, ",\"timestamp\":{}", at.as_secs());
        if let Some(idle) = self.idle {
            let _ = write!(out, ",\"idle_time_limit\":{}", seconds(idle));
        }
        if let Some(head) = head {
            out.push_str(",\"title\":");
            string(out, &escape(&title(head)));
        }
        if self.version == Version::V2 {
            out.push_str(",\"env\":{\"TERM\":\"xterm-256color\"}");
        }
        out.push_str("}\n");
    }

    fn line(&mut self, at: Timestamp, code: char, data: &str, out: &mut String) {
        let at = at.max(self.last);
        let time = match self.version {
            Version::V2 => at.since(self.opened),
            Version::V3 => at.since(self.last),
        };
        self.last = at;
        let _ = write!(out, "[{},\"{code}\",", seconds(time));
        string(out, data);
        out.push_str("]\n");
    }

    fn print(&mut self, at: Timestamp, lines: &[Line], out: &mut String) {
        if lines.is_empty() {
            return;
        }
        let mut text = String::with_capacity(lines.iter().map(|line| line.text.len() + 10).sum());
        for line in lines {
            let style = style(line.kind);
            text.push_str(style);
            text.push_str(&line.text);
            text.push_str(if style.is_empty() { "\r\n" } else { "\x1b[0m\r\n" });
        }
        self.line(at, 'o', &text, out);
    }
}

impl Export for Asciicast {
    fn event(&mut self, at: Timestamp, event: &Event, out: &mut String) {
        let head = match event {
            Event::Opened(head) => Some(&**head),
            _ => None,
        };
        self.begin(head.map_or(at, |head| head.opened), head, out);
        if let Some(label) = marker(event) {
            self.line(at, 'm', &label, out);
        }
        let lines = self.terminal.event(at, event);
        self.print(at, &lines, out);
    }

    fn end(&mut self, broken: Option<&str>, out: &mut String) {
        self.begin(Timestamp::EPOCH, None, out);
        let mut lines = self.terminal.finish();
        lines.extend(broken.map(|why| Line {
            kind: LineKind::Error,
            text: format!("the recording cannot be read further: {}", escape(why)),
        }));
        self.print(self.last, &lines, out);
    }
}

/// Who was where: `ana@example.com on orders-prod/orders, session 01jbv3…`.
fn title(head: &SessionHead) -> String {
    let database = head.database.as_deref().map(|name| format!("/{name}")).unwrap_or_default();
    format!("{} on {}{database}, session {}", head.identity.subject, head.resource, head.id)
}

/// What a player's list of places shows of an event, if it is one to go to.
fn marker(event: &Event) -> Option<String> {
    match event {
        Event::Command { number, phase: Phase::Run, text, .. } => {
            Some(format!("[{number}] {}", start(text, LABEL)))
        }
        Event::Decided { number, verdict, approval, message, .. } => {
            let word = match verdict {
                Verdict::Allowed => return None,
                Verdict::Denied => "refused",
                Verdict::Held => "held",
                Verdict::Approved => "approved",
            };
            let mut label = format!("[{number}] {word}");
            if let Some(approval) = approval {
                let _ = write!(label, " ({approval})");
            }
            if let Some(message) = message {
                let _ = write!(label, ": {}", start(message.as_bytes(), LABEL));
            }
            Some(label)
        }
        Event::Opened(_)
        | Event::Shadow { .. }
        | Event::Command { phase: Phase::Prepare, .. }
        | Event::Columns { .. }
        | Event::Rows { .. }
        | Event::Bulk { .. }
        | Event::Cut { .. }
        | Event::Finished { .. }
        | Event::Failed { .. }
        | Event::Notice { .. }
        | Event::Closed(_) => None,
    }
}

/// The only escape sequences there are in it: they begin and end a colour.
const fn style(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Head | LineKind::Command => "\x1b[1m",
        LineKind::Parameters | LineKind::Tag | LineKind::Notice | LineKind::End => "\x1b[2m",
        LineKind::Allowed => "\x1b[32m",
        LineKind::Held | LineKind::Masked | LineKind::Shadow => "\x1b[33m",
        LineKind::Denied | LineKind::Error => "\x1b[31m",
        LineKind::Result => "",
    }
}

/// To the microsecond, without rounding: what was added up stays what it was.
fn seconds(span: Duration) -> String {
    format!("{}.{:06}", span.as_secs(), span.subsec_micros())
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
