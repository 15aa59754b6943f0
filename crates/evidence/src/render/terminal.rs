use std::sync::Arc;

use model::{
    Classes, Column, DataClass, Event, IdentityKind, Parameter, Phase, SessionHead, Shadow, Stream,
    Timestamp, Verdict,
};

use super::escape::{escape, escape_bytes};
use super::open::Open;
use super::program;
use super::rows::Rows;
use super::sizes::Sizes;
use super::speech::{Said, Speech};
use super::table::Table;

/// One line for a terminal. Safe to print as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is, for whoever colours it.
    pub kind: LineKind,
    /// The text, without a line break.
    pub text: String,
}

/// What a line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Who, from where, to what.
    Head,
    /// A command's text behind a prompt.
    Command,
    /// What was bound to it.
    Parameters,
    /// That it was let through.
    Allowed,
    /// That it was refused.
    Denied,
    /// That it was held, or approved.
    Held,
    /// What policies that are only tried out would have made of it.
    Shadow,
    /// Which columns of a result were masked as a whole.
    Masked,
    /// What a program was given.
    Input,
    /// A result, or what a program said.
    Result,
    /// How a command ended, and how long it took.
    Tag,
    /// An error of the target's, and what a program said beside its output.
    Error,
    /// A notice.
    Notice,
    /// How the session ended.
    End,
}

/// Shows a session the way its terminal did, with what policy said in between.
#[derive(Debug, Default)]
pub struct Terminal {
    opened: Timestamp,
    prompt: Prompt,
    open: Open,
    table: Option<(u64, Arc<[Column]>, Table)>,
    sizes: Sizes,
    speech: Speech,
    /// The command that the last line was about.
    about: u64,
}

/// What stands before a command, and before its further lines.
#[derive(Debug)]
struct Prompt(String, String);

impl Default for Prompt {
    fn default() -> Self {
        Self::of("")
    }
}

impl Prompt {
    /// A database's, as psql has it.
    fn of(database: &str) -> Self {
        Self(format!("{database}=>"), format!("{database}->"))
    }
}

impl Terminal {
    /// At the beginning of a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What an event adds.
    pub fn event(&mut self, at: Timestamp, event: &Event) -> Vec<Line> {
        let mut lines = Vec::new();
        let ends_table = match event {
            Event::Rows { number, .. } | Event::Notice { number, .. } => {
                self.table.as_ref().is_some_and(|(of, ..)| of != number)
            }
            Event::Command { .. } | Event::Decided { .. } | Event::Shadow { .. } => false,
            _ => true,
        };
        if ends_table {
            self.end_table(&mut lines);
        }
        if let Some(size) = self.sizes.before(event) {
            self.show(at, &size, &mut lines);
        }
        self.show(at, event, &mut lines);
        lines
    }

    /// What was still to be shown when the recording ended.
    pub fn finish(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.end_table(&mut lines);
        let mut said = Vec::new();
        self.speech.end_all(&mut said);
        self.said(&said, &mut lines);
        lines
    }

    fn show(&mut self, at: Timestamp, event: &Event, lines: &mut Vec<Line>) {
        match event {
            Event::Opened(head) => self.opened(head, lines),
            Event::Command { number, phase, text, parameters, .. } => {
                self.open.begin(*number, at);
                self.about = *number;
                self.command(at, *number, *phase, text, lines);
                for (index, parameter) in parameters.iter().enumerate() {
                    let text = format!("      ${} = {}", index + 1, shown(parameter));
                    lines.push(Line { kind: LineKind::Parameters, text });
                }
            }
            Event::Decided { number, verdict, policies, approval, message, .. } => {
                let (kind, word) = match verdict {
                    Verdict::Allowed => (LineKind::Allowed, "allowed"),
                    Verdict::Denied => (LineKind::Denied, "DENIED"),
                    Verdict::Held => (LineKind::Held, "HELD"),
                    Verdict::Approved => (LineKind::Held, "approved"),
                };
                let mut text = format!("  [{number}] {word}");
                if let Some(message) = message {
                    text.push_str(": ");
                    text.push_str(&escape(message));
                }
                if !policies.is_empty() {
                    let policies: Vec<_> = policies.iter().map(|policy| escape(policy)).collect();
                    text.push_str(&format!(" (by {})", policies.join(", ")));
                }
                if let Some(approval) = approval {
                    text.push_str(&format!(" [approval {approval}]"));
                }
                lines.push(Line { kind, text });
                if *verdict == Verdict::Denied {
                    self.open.end(*number);
                }
            }
            Event::Shadow { number, shadow } => {
                lines.push(Line { kind: LineKind::Shadow, text: tried_out(*number, shadow) });
            }
            Event::Columns { number, columns } => {
                self.open.columns(*number, columns);
                let masked: Vec<_> = columns
                    .iter()
                    .filter(|column| !column.masked.is_empty())
                    .map(|column| {
                        let classes: Vec<_> = column.masked.iter().map(DataClass::as_str).collect();
                        format!("{} ({})", escape(&column.name), classes.join(", "))
                    })
                    .collect();
                if !masked.is_empty() {
                    let text = format!("  [{number}] masked: {}", masked.join(", "));
                    lines.push(Line { kind: LineKind::Masked, text });
                }
                self.table = Some((*number, Arc::clone(columns), Table::default()));
            }
            Event::Rows { number, data, .. } => self.rows(*number, data, lines),
            Event::Bulk { to_client, data, .. } => {
                let text = data.strip_suffix(b"\n").unwrap_or(data);
                for line in text.split(|byte| *byte == b'\n') {
                    let line = line_of(line);
                    let text = if *to_client { line } else { format!(">> {line}") };
                    lines.push(Line { kind: LineKind::Result, text });
                }
            }
            Event::Stream { number, stream, data } => {
                let keys = *stream == Stream::Input && self.sizes.of(*number).is_some();
                let mut said = Vec::new();
                self.speech.hear(*number, *stream, data, keys, &mut said);
                self.said(&said, lines);
            }
            // It is told when its command is known.
            Event::Terminal { number: 0, .. } => {}
            Event::Terminal { number, columns, rows } => {
                let text = format!("  [{number}] terminal {columns}×{rows}");
                lines.push(Line { kind: LineKind::Tag, text });
            }
            Event::Exited { number, status, signal, streams } => {
                self.end_speech(*number, lines);
                let took = self.open.end(*number).begun.map(|begun| at.since(begun));
                lines.push(program::exited(*number, *status, signal.as_deref(), streams, took));
            }
            Event::Moved { number, path, upload, bytes, sha256 } => {
                let moved = program::moved(path, *upload, *bytes, sha256.as_ref());
                let text = format!("  [{number}] {moved}");
                lines.push(Line { kind: LineKind::Tag, text });
            }
            Event::Cut { number } => {
                self.end_speech(*number, lines);
                let text = format!("  [{number}] (the rest was over the cap and is not recorded)");
                lines.push(Line { kind: LineKind::Tag, text });
            }
            Event::Finished { number, tag, rows, bytes } => {
                let took = self.open.end(*number).begun.map(|begun| millis(at, begun));
                let took = took.map(|took| format!("; {took}")).unwrap_or_default();
                let text =
                    format!("  [{number}] {} ({rows} rows, {bytes} bytes{took})", escape(tag));
                lines.push(Line { kind: LineKind::Tag, text });
            }
            Event::Failed { number, code, message } => {
                self.open.end(*number);
                let text = format!("  [{number}] ERROR {}: {}", escape(code), escape(message));
                lines.push(Line { kind: LineKind::Error, text });
            }
            Event::Notice { number, message } => {
                self.end_speech(*number, lines);
                let text = format!("NOTICE:  {}", escape(message));
                lines.push(Line { kind: LineKind::Notice, text });
            }
            Event::Closed(ending) => {
                let mut said = Vec::new();
                self.speech.end_all(&mut said);
                self.said(&said, lines);
                let lasted = ending.at.since(self.opened).as_secs_f64();
                let text =
                    format!("closed {} after {lasted:.1} s: {}", ending.at, escape(&ending.how));
                lines.push(Line { kind: LineKind::End, text });
            }
        }
    }

    fn opened(&mut self, head: &SessionHead, lines: &mut Vec<Line>) {
        self.opened = head.opened;
        self.prompt = match head.protocol.as_str() {
            "ssh" => Prompt("$".into(), ">".into()),
            _ => Prompt::of(&escape(head.database.as_deref().unwrap_or(&head.resource))),
        };
        let kind = match head.identity.kind {
            IdentityKind::User => "user",
            IdentityKind::Machine => "machine",
            IdentityKind::Agent => "agent",
        };
        let behalf = head.identity.on_behalf_of.as_deref();
        let behalf = behalf.map(|who| format!(" for {}", escape(who))).unwrap_or_default();
        let database = head.database.as_deref();
        let database = database.map(|name| format!("/{}", escape(name))).unwrap_or_default();
        let client = head.client.as_deref();
        let client = client.map(|name| format!("; client {}", escape(name))).unwrap_or_default();
        let policies: Vec<_> = head.policies.iter().map(|policy| escape(policy)).collect();
        for text in [
            format!(
                "session {}: {} ({kind}{behalf}, by {}) from {} to {}{database}",
                head.id,
                escape(&head.identity.subject),
                escape(&head.identity.provider),
                escape(&head.source),
                escape(&head.resource),
            ),
            format!("opened {} (policies: {}{client})", head.opened, policies.join(", ")),
        ] {
            lines.push(Line { kind: LineKind::Head, text });
        }
    }

    fn command(
        &self,
        at: Timestamp,
        number: u64,
        phase: Phase,
        text: &[u8],
        lines: &mut Vec<Line>,
    ) {
        let since = at.since(self.opened).as_secs_f64();
        let prepared = match phase {
            Phase::Prepare => " (readied, not run)",
            Phase::Run => "",
        };
        lines.push(Line {
            kind: LineKind::Head,
            text: format!("-- [{number}] +{since:.3} s{prepared}"),
        });
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line_of(line.strip_suffix(b"\r").unwrap_or(line));
            let mark = if index == 0 { &self.prompt.0 } else { &self.prompt.1 };
            let text = format!("{mark} {line}");
            lines.push(Line { kind: LineKind::Command, text });
        }
    }

    fn rows(&mut self, number: u64, data: &[u8], lines: &mut Vec<Line>) {
        let open = &self.open;
        let (_, columns, table) =
            self.table.get_or_insert_with(|| (number, open.columns_of(number), Table::default()));
        let result = |text| Line { kind: LineKind::Result, text };
        let mut rows = Rows::new(data);
        for row in rows.by_ref() {
            lines.extend(table.row(columns, &row).into_iter().map(result));
        }
        if !rows.rest().is_empty() {
            lines.push(result(format!("({} bytes that are no rows)", rows.rest().len())));
        }
    }

    /// What was said, and of which command, where the line before was about another.
    fn said(&mut self, said: &[Said], lines: &mut Vec<Line>) {
        for said in said {
            if said.number != self.about {
                self.about = said.number;
                let text = format!("-- [{}] goes on", said.number);
                lines.push(Line { kind: LineKind::Head, text });
            }
            lines.push(program::said(said));
        }
    }

    fn end_speech(&mut self, number: u64, lines: &mut Vec<Line>) {
        let mut said = Vec::new();
        self.speech.end(number, &mut said);
        self.said(&said, lines);
    }

    fn end_table(&mut self, lines: &mut Vec<Line>) {
        let Some((_, columns, table)) = self.table.take() else { return };
        let table = table.end(&columns).into_iter();
        lines.extend(table.map(|text| Line { kind: LineKind::Result, text }));
    }
}

/// What policies that are only tried out would have made of a command, or of the session.
pub(crate) fn tried_out(number: u64, shadow: &Shadow) -> String {
    let verdict = match shadow.verdict {
        Verdict::Allowed | Verdict::Approved => "allowed",
        Verdict::Denied => "DENIED",
        Verdict::Held => "HELD",
    };
    let mut text = match number {
        0 => format!("-- shadow: the session would be {verdict}"),
        number => format!("  [{number}] shadow: would be {verdict}"),
    };
    let named =
        |classes: &Classes| classes.iter().map(DataClass::as_str).collect::<Vec<_>>().join(", ");
    if !shadow.shows.is_empty() {
        text.push_str(&format!(", shown in clear: {}", named(&shadow.shows)));
    }
    if !shadow.masks.is_empty() {
        text.push_str(&format!(", masked: {}", named(&shadow.masks)));
    }
    if !shadow.policies.is_empty() {
        let policies: Vec<_> = shadow.policies.iter().map(|policy| escape(policy)).collect();
        text.push_str(&format!(" (by {})", policies.join(", ")));
    }
    text
}

/// A line of text or of bulk data; tabs, which only move, become room.
pub(super) fn line_of(bytes: &[u8]) -> String {
    let mut pieces = bytes.split(|byte| *byte == b'\t').map(escape_bytes);
    let first = pieces.next().unwrap_or_default();
    pieces.fold(first, |line, piece| line + "    " + &piece)
}

fn shown(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Null => "NULL".into(),
        Parameter::Text(text) => format!("'{}'", escape(text)),
        Parameter::Binary(hex) => format!("'\\x{}'", escape(hex)),
        Parameter::Cut { start, length } => {
            format!("'{}' … ({length} bytes in all)", escape(start))
        }
    }
}

fn millis(at: Timestamp, begun: Timestamp) -> String {
    format!("{:.3} ms", at.since(begun).as_secs_f64() * 1000.0)
}
