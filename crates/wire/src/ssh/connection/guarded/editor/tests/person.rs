//! Somebody at a terminal, and the plainest idea of what they should see.

use super::super::{Editor, Event};
use super::terminal::Terminal;

pub(super) const PROMPT: &str = "db=> ";

pub(super) struct Person {
    pub(super) editor: Editor,
    pub(super) terminal: Terminal,
    pub(super) events: Vec<Event>,
    /// Answers Tab: where the word begins, and what it could be.
    pub(super) answers: fn(&str, usize) -> (usize, Vec<String>),
}

/// A command is whole when its quotes are even in number.
pub(super) fn is_complete(text: &str) -> bool {
    text.matches('\'').count().is_multiple_of(2)
}

impl Person {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let mut person = Self {
            editor: Editor::new(columns, rows),
            terminal: Terminal::new(columns, rows),
            events: Vec::new(),
            answers: |_, _| (0, Vec::new()),
        };
        person.prompt();
        person
    }

    /// With a line in which `|` stands for the cursor.
    pub(super) fn with(columns: u16, rows: u16, line: &str) -> Self {
        let mut person = Self::new(columns, rows);
        let (left, right) = line.split_once('|').expect("a cursor");
        person.paste(&format!("{left}{right}"));
        person.editor.line.buffer.go(left.len());
        person.send(|editor, out| editor.resize(columns, rows, out));
        person
    }

    pub(super) fn send(&mut self, act: impl FnOnce(&mut Editor, &mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        act(&mut self.editor, &mut out);
        self.terminal.feed(&out);
        out
    }

    pub(super) fn prompt(&mut self) {
        self.send(|editor, out| editor.prompt(PROMPT, out));
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.press(format!("\x1b[200~{text}\x1b[201~"));
    }

    pub(super) fn press(&mut self, keys: impl AsRef<[u8]>) -> Vec<u8> {
        let mut bytes = keys.as_ref();
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let mut answer = (0, None);
            all.extend(self.send(|editor, out| answer = editor.keys(bytes, &is_complete, out)));
            bytes = &bytes[answer.0..];
            match &answer.1 {
                None => assert!(bytes.is_empty(), "{bytes:?} left without an event"),
                Some(Event::Line(_) | Event::End) => self.prompt(),
                Some(Event::Complete { line, cursor }) => {
                    let (from, candidates) = (self.answers)(line, *cursor);
                    all.extend(self.send(|editor, out| {
                        editor.completions(from, &candidates, out);
                    }));
                }
                Some(Event::Interrupt) => {}
            }
            self.events.extend(answer.1);
            self.check();
        }
        all
    }

    /// The line with `|` for the cursor.
    pub(super) fn line(&self) -> String {
        let view = self.editor.line.view();
        let (left, right) = view.text.split_at(view.cursor);
        format!("{left}|{right}")
    }

    /// The line's rows and the cursor are on the screen and nothing is below them. Gives the row
    /// of the screen they begin on.
    pub(super) fn check(&self) -> usize {
        let view = self.editor.line.view();
        let (rows, cursor) = naive(view.prompt, view.text, view.cursor, self.terminal.columns);
        let top = self.editor.drawing.top;
        assert!(top == 0 || top + self.terminal.rows <= rows.len(), "a window that is not full");
        let window: Vec<&str> =
            rows[top..].iter().take(self.terminal.rows).map(|row| row.trim_end()).collect();
        let row = cursor.0.checked_sub(top).expect("the cursor is not above the window");
        assert!(row < self.terminal.rows, "the cursor is not below the window");
        let at = (self.terminal.row, self.terminal.column);
        let begin = at.0.checked_sub(row).expect("the window begins on the screen");
        let screen = self.terminal.screen();
        assert_eq!(screen[begin..begin + window.len()], window, "{:?}", self.line());
        assert!(screen[begin + window.len()..].iter().all(String::is_empty), "{screen:#?}");
        assert_eq!(at, (begin + row, cursor.1), "cursor in {:?}", self.line());
        assert!(!self.terminal.pending);
        begin
    }
}

/// How a sign looks: its characters, each with its width. Knows only what the tests use.
fn look(ch: char, before: Option<char>) -> Vec<(String, usize)> {
    let instead = |text: &str| text.chars().map(|ch| (ch.to_string(), 1)).collect();
    match ch {
        '\t' => instead("    "),
        '\u{7f}' => instead("^?"),
        '\u{85}' | '\u{9b}' | '\u{202e}' | '\u{2066}' | '\u{200b}' | '\u{feff}' | '\u{e0041}' => {
            instead(&format!("<U+{:04X}>", ch as u32))
        }
        '\u{301}' if before.is_none_or(|ch| ch == '\n') => instead("<U+0301>"),
        '\u{301}' => vec![(ch.to_string(), 0)],
        ch if ch < ' ' => instead(&format!("^{}", char::from(ch as u8 + b'@'))),
        '漢' | '字' | '😀' => vec![(ch.to_string(), 2)],
        _ => vec![(ch.to_string(), 1)],
    }
}

/// The prompt and the text cut into rows, and where the cursor is.
pub(super) fn naive(
    prompt: &str,
    text: &str,
    cursor: usize,
    columns: usize,
) -> (Vec<String>, (usize, usize)) {
    // Every character by its place in the text, with none for those that are not in it.
    let mut lines = vec![Vec::new()];
    let mut before = None;
    for ch in prompt.chars() {
        lines[0].extend(look(ch, before).into_iter().map(|look| (None, look)));
        before = Some(ch);
    }
    before = None;
    for (at, ch) in text.char_indices() {
        if ch == '\n' {
            // The cursor can stand on the newline.
            lines.last_mut().unwrap().push((Some(at), (String::new(), 1)));
            lines.push(vec![(None, (">".to_owned(), 1)), (None, (" ".to_owned(), 1))]);
        } else {
            let last = lines.last_mut().unwrap();
            last.extend(look(ch, before).into_iter().map(|look| (Some(at), look)));
        }
        before = Some(ch);
    }
    lines.last_mut().unwrap().push((Some(text.len()), (String::new(), 1)));

    let mut rows = Vec::new();
    let mut place = None;
    for line in lines {
        let (mut row, mut width) = (String::new(), 0);
        for (at, (look, wide)) in line {
            if width + wide > columns {
                rows.push(std::mem::take(&mut row));
                width = 0;
            }
            if at >= Some(cursor) && wide > 0 && place.is_none() {
                place = Some((rows.len(), width));
            }
            row.push_str(&look);
            width += wide;
        }
        rows.push(row);
    }
    (rows, place.expect("the cursor is in the text"))
}
