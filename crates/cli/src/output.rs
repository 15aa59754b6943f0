//! Everything that is printed is printed here: text, tables, JSON, errors.
//!
//! What comes from elsewhere (a subject, a statement, a provider's words) goes through [`clean`], so
//! that nobody steers the reader's terminal with it. Colour only where a person looks.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};

use evidence::render::{acts, harmless};
use evidence::screen::RESTORE;
use serde::Serialize;

/// How a piece of text stands out on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// It does not.
    Plain,
    /// Headings, names.
    Bold,
    /// What is beside the point.
    Dim,
    /// Good.
    Green,
    /// Waiting.
    Yellow,
    /// Bad.
    Red,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Red => "\x1b[31m",
        }
    }
}

/// One line to standard output.
pub(crate) fn line(text: &str) {
    write_out(format!("{text}\n").as_bytes());
}

/// One line to standard output in a style.
pub(crate) fn styled(style: Style, text: &str) {
    line(&paint(io::stdout().is_terminal(), style, text));
}

/// Bytes to standard output as they are.
pub(crate) fn write_out(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        // Whoever reads us has enough (`sluice ls | head -1`).
        exit(if error.kind() == ErrorKind::BrokenPipe { 0 } else { 4 });
    }
}

/// Whether a recorded program has the terminal.
static PLAYED: AtomicBool = AtomicBool::new(false);

/// A recorded program takes the terminal, or gives it back.
pub(crate) fn played(begins: bool) {
    if begins {
        PLAYED.store(true, Ordering::Relaxed);
    } else {
        put_back();
    }
}

/// What a recorded program showed: nothing is in it but what paints.
pub(crate) fn play(text: &str) {
    // A line down and nothing else, as the program meant it. This terminal would begin the line anew.
    write_out(text.replace('\n', "\x1bD").as_bytes());
}

/// Makes the terminal what it was before a recorded program had it.
pub(crate) fn put_back() {
    if PLAYED.swap(false, Ordering::Relaxed) {
        write_out(format!("{RESTORE}\r\n").as_bytes());
    }
}

/// A value as JSON, indented, to standard output.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    json_text(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// JSON that is text already, to standard output.
pub(crate) fn json_text(text: &str) {
    line(&inert(text));
}

/// A note for the person, beside the output proper.
pub(crate) fn note(text: &str) {
    to_stderr(Style::Plain, "", text);
}

/// How far it has come, where a person looks: each replaces the one before, the empty one takes it away.
pub(crate) fn progress(text: &str) {
    let mut err = io::stderr().lock();
    if err.is_terminal() {
        // As with a note, there is nobody else to tell.
        let _ = write!(err, "\r\x1b[K{}", clean(text)).and_then(|()| err.flush());
    }
}

/// What went wrong.
pub(crate) fn error(text: &str) {
    to_stderr(Style::Red, "error: ", text);
}

/// What did not go wrong yet.
pub(crate) fn warning(text: &str) {
    to_stderr(Style::Yellow, "warning: ", text);
}

/// What to do next.
pub(crate) fn hint(text: &str) {
    to_stderr(Style::Dim, "hint: ", text);
}

fn to_stderr(style: Style, label: &str, text: &str) {
    let mut err = io::stderr().lock();
    let label = paint(err.is_terminal(), style, label);
    // There is nobody left to tell that nobody can be told.
    let _ = writeln!(err, "{label}{}", clean_lines(text));
}

fn paint(terminal: bool, style: Style, text: &str) -> String {
    let wanted = terminal && std::env::var_os("NO_COLOR").is_none();
    if wanted && style != Style::Plain && !text.is_empty() {
        format!("{}{text}\x1b[0m", style.code())
    } else {
        text.to_owned()
    }
}

/// Text of others on one line: control characters are shown, not obeyed.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => cleaned.push(' '),
            c if acts(c) => cleaned.extend(c.escape_default()),
            c => cleaned.push(c),
        }
    }
    cleaned
}

/// The same, keeping its line breaks.
pub(crate) fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// The same JSON, with what steers a terminal as JSON escapes it. Line breaks stand between its parts only.
fn inert(json: &str) -> String {
    json.split('\n').map(harmless).collect::<Vec<_>>().join("\n")
}

/// Rows under headings; the last column takes what is left.
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self::of(headings.iter().map(|text| (*text).to_owned()).collect())
    }

    /// An empty one under headings that were found.
    pub(crate) const fn of(headings: Vec<String>) -> Self {
        Self { headings, rows: Vec::new() }
    }

    /// Adds a row; cells are cleaned.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| clean(cell.as_ref())).collect());
    }

    /// Prints it, or `empty` to standard error when it has no rows.
    pub(crate) fn print(&self, empty: &str) {
        if self.rows.is_empty() {
            note(empty);
            return;
        }
        self.print_within(io::stdout().is_terminal().then(columns).flatten());
    }

    /// Prints it with its headings and nothing cut, however wide it is.
    pub(crate) fn print_whole(&self) {
        self.print_within(None);
    }

    fn print_within(&self, room: Option<usize>) {
        let terminal = io::stdout().is_terminal();
        let mut lines = self.lines(room).into_iter();
        if let Some(head) = lines.next() {
            line(&paint(terminal, Style::Bold, &head));
        }
        for row in lines {
            line(&row);
        }
    }

    /// The lines, headings first; on a terminal the last column is cut to fit.
    fn lines(&self, room: Option<usize>) -> Vec<String> {
        let all = || std::iter::once(&self.headings).chain(&self.rows);
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                all().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        let last = self.headings.len().saturating_sub(1);
        let before: usize = widths.iter().take(last).map(|width| width + 2).sum();
        all()
            .map(|row| {
                let mut line = String::new();
                for (column, (cell, wide)) in row.iter().zip(&widths).enumerate() {
                    if column == last {
                        line.push_str(&cut(
                            cell,
                            room.map(|room| room.saturating_sub(before).max(12)),
                        ));
                    } else {
                        line.push_str(cell);
                        line.extend(std::iter::repeat_n(' ', wide + 2 - width(cell)));
                    }
                }
                line.trim_end().to_owned()
            })
            .collect()
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, room: Option<usize>) -> String {
    match room {
        Some(room) if width(text) > room => {
            text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
        }
        _ => text.to_owned(),
    }
}

/// How wide the terminal is.
fn columns() -> Option<usize> {
    size().and_then(|(columns, _)| usize::try_from(columns).ok())
}

/// How many columns and rows the terminal has.
pub(crate) fn size() -> Option<(u32, u32)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("one\ntwo", "one two"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("zażółć 猫", "zażółć 猫"),
        ] {
            assert_eq!(clean(text), expected);
        }
        assert_eq!(clean_lines("a\nb\r"), "a\nb\\r");
    }

    #[test]
    fn what_puts_a_terminal_back_only_paints() {
        let (mut filter, mut out) = (evidence::screen::Filter::new(), String::new());
        filter.feed(RESTORE.as_bytes(), &mut out);
        assert_eq!(out, RESTORE);
    }

    #[test]
    fn json_cannot_steer_the_terminal_and_says_the_same() {
        let value = serde_json::json!({"text": "a\u{9b}2J \u{200d}\u{202e}é\n\t", "more": [1]});
        let text = inert(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| c != '\n' && acts(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_table_lines_up_and_cuts_its_last_column() {
        let mut table = Table::new(&["ID", "TEXT"]);
        table.row(["1", "SELECT 1"]);
        table.row(["long-id", "SELECT something_long FROM somewhere"]);
        assert_eq!(
            table.lines(Some(24)),
            ["ID       TEXT", "1        SELECT 1", "long-id  SELECT somethi…"]
        );
        assert_eq!(table.lines(None)[2], "long-id  SELECT something_long FROM somewhere");
    }
}
