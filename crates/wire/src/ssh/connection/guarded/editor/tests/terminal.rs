//! As much of a terminal as the editor needs. It panics on all it does not know, so that nothing
//! gets to a screen that should not.

use unicode_width::UnicodeWidthChar;

pub(super) struct Terminal {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Rows that went off the top.
    pub(super) gone: Vec<Vec<String>>,
    /// What each cell holds: a blank, a sign, or nothing behind a wide one.
    pub(super) cells: Vec<Vec<String>>,
    pub(super) row: usize,
    pub(super) column: usize,
    /// The last column was written, and the next character goes to the next row.
    pub(super) pending: bool,
    pub(super) bells: usize,
    /// Rows from here on were never written on, which saves looking at them.
    used: usize,
    pub(super) pastes: bool,
}

impl Terminal {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let (columns, rows) = (usize::from(columns), usize::from(rows));
        Self {
            columns,
            rows,
            gone: Vec::new(),
            cells: vec![vec![" ".to_owned(); columns]; rows],
            row: 0,
            column: 0,
            pending: false,
            bells: 0,
            used: 1,
            pastes: false,
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).expect("the terminal is sent UTF-8");
        let mut rest = text.chars();
        while let Some(ch) = rest.next() {
            match ch {
                '\x07' => self.bells += 1,
                '\r' => (self.column, self.pending) = (0, false),
                '\n' => self.line_feed(),
                '\x1b' => {
                    assert_eq!(rest.next(), Some('['), "in {text:?}");
                    let mut parameters = String::new();
                    let last = loop {
                        match rest.next().expect("sequences are sent whole") {
                            ch @ ('0'..='9' | ';' | '?') => parameters.push(ch),
                            ch => break ch,
                        }
                    };
                    self.control(&parameters, last);
                }
                _ => self.put(ch),
            }
        }
    }

    fn control(&mut self, parameters: &str, last: char) {
        let by = parameters.parse().unwrap_or(1);
        match (parameters, last) {
            ("?2004", 'h') => self.pastes = true,
            ("?2004", 'l') => self.pastes = false,
            ("", 'H') => (self.row, self.column, self.pending) = (0, 0, false),
            ("2", 'J') => {
                let all = self.cells[..self.used].iter_mut().flatten();
                all.for_each(|cell| " ".clone_into(cell));
            }
            ("", 'J') => {
                let (row, column) = (self.row, self.column);
                self.cells[row][column..].iter_mut().for_each(|cell| " ".clone_into(cell));
                let below = self.cells[row + 1..self.used].iter_mut().flatten();
                below.for_each(|cell| " ".clone_into(cell));
            }
            (_, 'A') => (self.row, self.pending) = (self.row.saturating_sub(by), false),
            (_, 'B') => (self.row, self.pending) = ((self.row + by).min(self.rows - 1), false),
            (_, 'C') => {
                (self.column, self.pending) = ((self.column + by).min(self.columns - 1), false);
            }
            _ => panic!("unknown sequence {parameters}{last}"),
        }
    }

    fn line_feed(&mut self) {
        self.pending = false;
        if self.row + 1 < self.rows {
            self.row += 1;
            self.used = self.used.max(self.row + 1);
        } else {
            self.gone.push(self.cells.remove(0));
            self.cells.push(vec![" ".to_owned(); self.columns]);
        }
    }

    fn put(&mut self, ch: char) {
        assert!(!ch.is_control() && !('\u{202a}'..='\u{202e}').contains(&ch), "raw {ch:?}");
        let width = ch.width().expect("not a control");
        if width == 0 {
            let mut at = if self.pending { self.column } else { self.column - 1 };
            if self.cells[self.row][at].is_empty() {
                at -= 1;
            }
            self.cells[self.row][at].push(ch);
            return;
        }
        if self.pending || self.column + width > self.columns {
            self.column = 0;
            self.line_feed();
        }
        self.cells[self.row][self.column] = ch.to_string();
        if width == 2 {
            self.cells[self.row][self.column + 1].clear();
        }
        self.column += width;
        if self.column == self.columns {
            (self.column, self.pending) = (self.columns - 1, true);
        }
    }

    /// Cuts rows off or fills them up, as xterm does.
    pub(super) fn resize(&mut self, columns: u16, rows: u16) {
        (self.columns, self.rows) = (usize::from(columns), usize::from(rows));
        while self.cells.len() > self.rows {
            if self.row + 1 < self.cells.len() {
                self.cells.pop();
            } else {
                self.gone.push(self.cells.remove(0));
                self.row -= 1;
            }
        }
        self.cells.resize(self.rows, Vec::new());
        self.used = self.rows;
        for row in &mut self.cells {
            row.resize(self.columns, " ".to_owned());
        }
        self.column = self.column.min(self.columns - 1);
        self.pending = false;
    }

    /// The rows of the screen without the blanks at their ends.
    pub(super) fn screen(&self) -> Vec<String> {
        let used = self.cells[..self.used].iter().map(|row| row.concat().trim_end().to_owned());
        let blank = std::iter::repeat_n(String::new(), self.rows - self.used);
        used.chain(blank).collect()
    }

    /// The rows of the screen up to the last that is not blank.
    pub(super) fn text(&self) -> String {
        self.screen().join("\n").trim_end().to_owned()
    }
}
