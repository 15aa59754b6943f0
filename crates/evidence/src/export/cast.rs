use std::fmt::Write as _;
use std::time::Duration;

use model::{Event, Phase, SessionHead, Timestamp, Verdict};

use super::{Text, start};
use crate::render::{Line, LineKind, Sizes, escape};
use crate::screen::{Piece, Player, RESTORE};

/// The terminal it plays in, where no program had one. A table that is wider is wrapped, as it was for whoever
/// saw it.
const COLUMNS: u32 = 120;
const ROWS: u32 = 36;
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
/// at the times at which it happened. Statements, refusals, holds and approvals are markers. Where programs had
/// a terminal it is of the size of the first, and shows what they showed as [`Player`] does.
///
/// It is told the story twice: the size stands at the top.
#[derive(Debug)]
pub struct Asciicast {
    version: Version,
    idle: Option<Duration>,
    /// The size of the first terminal that a program used.
    size: Option<(u32, u32)>,
    sizes: Sizes,
    /// There in the second pass.
    player: Option<Player>,
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
            size: None,
            sizes: Sizes::new(),
            player: None,
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
        let (columns, rows) = self.size.unwrap_or((COLUMNS, ROWS));
        match self.version {
            Version::V2 => {
                let _ = write!(out, "{{\"version\":2,\"width\":{columns},\"height\":{rows}");
            }
            Version::V3 => {
                let _ = write!(
                    out,
                    "{{\"version\":3,\"term\":{{\"cols\":{columns},\"rows\":{rows},\"type\":\"xterm-256color\"}}",
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

impl Asciicast {
    fn pieces(&mut self, at: Timestamp, pieces: Vec<Piece>, out: &mut String) {
        for piece in pieces {
            match piece {
                Piece::Lines(lines) => self.print(at, &lines, out),
                Piece::Shown(text) => self.line(at, 'o', &text, out),
                Piece::Typed(text) => self.line(at, 'i', &text, out),
                Piece::Begins { columns, rows, .. } | Piece::Resized { columns, rows } => {
                    if let Some((columns, rows)) = real(columns, rows)
                        && self.size != Some((columns, rows))
                    {
                        self.size = Some((columns, rows));
                        self.line(at, 'r', &format!("{columns}x{rows}"), out);
                    }
                }
                Piece::Ends => self.line(at, 'o', &format!("{RESTORE}\r\n"), out),
            }
        }
    }

    /// The first time the story is told only the size is looked for.
    fn look(&mut self, event: &Event) {
        if self.size.is_some() {
            return;
        }
        let told = self.sizes.before(event);
        self.size =
            [told.as_ref(), Some(event)].into_iter().flatten().find_map(|event| match event {
                Event::Terminal { number: 1.., columns, rows } => real(*columns, *rows),
                _ => None,
            });
    }
}

impl Text for Asciicast {
    fn passes(&self) -> u8 {
        2
    }

    fn event(&mut self, at: Timestamp, event: &Event, out: &mut String) {
        let Some(player) = &mut self.player else { return self.look(event) };
        let pieces = player.event(at, event);
        let head = match event {
            Event::Opened(head) => Some(&**head),
            _ => None,
        };
        self.begin(head.map_or(at, |head| head.opened), head, out);
        if let Some(label) = marker(event) {
            self.line(at, 'm', &label, out);
        }
        self.pieces(at, pieces, out);
    }

    fn end(&mut self, broken: Option<&str>, out: &mut String) {
        let Some(player) = &mut self.player else {
            self.player = Some(Player::new());
            return;
        };
        let pieces = player.finish();
        self.begin(Timestamp::EPOCH, None, out);
        self.pieces(self.last, pieces, out);
        let lines = broken.map(|why| Line {
            kind: LineKind::Error,
            text: format!("the recording cannot be read further: {}", escape(why)),
        });
        self.print(self.last, lines.as_slice(), out);
    }
}

/// A size that a player can show: a client may say anything, and says 0 where it does not know.
fn real(columns: u32, rows: u32) -> Option<(u32, u32)> {
    let bounds = 1..=1000;
    (bounds.contains(&columns) && bounds.contains(&rows)).then_some((columns, rows))
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
        | Event::Stream { .. }
        | Event::Terminal { .. }
        | Event::Exited { .. }
        | Event::Moved { .. }
        | Event::Cut { .. }
        | Event::Finished { .. }
        | Event::Failed { .. }
        | Event::Notice { .. }
        | Event::Closed(_) => None,
    }
}

/// The only escape sequences there are in lines: they begin and end a colour.
const fn style(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Head | LineKind::Command => "\x1b[1m",
        LineKind::Parameters
        | LineKind::Input
        | LineKind::Tag
        | LineKind::Notice
        | LineKind::End => "\x1b[2m",
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
