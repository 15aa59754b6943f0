//! Draws prompt and text on the rows of a screen and remembers where it left the cursor.
//!
//! All moves are relative to the row the prompt begins on, as nobody knows which row of the screen
//! that is. A text of more rows than the screen has is shown in a window of as many rows.

use super::shown::{Shown, joins, shown};

/// What stands before the second and later lines of a text.
const CONTINUATION: &str = "> ";

/// What is to be seen.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) prompt: &'a str,
    pub(super) text: &'a str,
    /// A byte offset in the text.
    pub(super) cursor: usize,
}

/// A row, counted from the one the prompt begins on, and a column, both from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    row: usize,
    column: usize,
}

struct Row {
    text: String,
    /// It ends where a line of the text ends, not where the screen does.
    hard: bool,
}

/// What is on the screen.
#[derive(Debug)]
pub(super) struct Drawing {
    columns: usize,
    rows: usize,
    /// The first row shown.
    pub(super) top: usize,
    /// Where the cursor stands.
    at: Place,
    /// How many rows are shown.
    shown: usize,
}

impl Drawing {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let mut drawing = Self { columns: 80, rows: 24, top: 0, at: Place::default(), shown: 0 };
        drawing.set_size(columns, rows);
        drawing
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Takes a new size; a terminal that does not know its size says 0.
    pub(super) fn set_size(&mut self, columns: u16, rows: u16) {
        self.columns = if columns == 0 { 80 } else { usize::from(columns).max(2) };
        self.rows = if rows == 0 { 24 } else { usize::from(rows) };
    }

    /// Draws from the cursor's row, which nothing stands on.
    pub(super) fn draw(&mut self, view: View<'_>, out: &mut Vec<u8>) {
        self.top = 0;
        self.write(view, out);
    }

    /// Draws again what has changed.
    pub(super) fn redraw(&mut self, view: View<'_>, out: &mut Vec<u8>) {
        self.erase(out);
        self.write(view, out);
    }

    /// Moves the cursor where nothing else has changed.
    pub(super) fn follow(&mut self, view: View<'_>, out: &mut Vec<u8>) {
        let (rows, cursor) = lay_out(view, self.columns);
        if cursor == self.at {
            return;
        }
        if self.window(&rows, cursor) == self.top {
            self.go(self.at.row, cursor, out);
        } else {
            self.redraw(view, out);
        }
    }

    /// Draws a character of `width` 1 or 2 behind the text, where the cursor stands.
    pub(super) fn append(&mut self, ch: char, width: usize, out: &mut Vec<u8>) {
        if self.at.column.saturating_add(width) > self.columns {
            self.next_row();
        }
        let mut bytes = [0; 4];
        out.extend_from_slice(ch.encode_utf8(&mut bytes).as_bytes());
        self.at.column = self.at.column.saturating_add(width);
        if self.at.column >= self.columns {
            out.extend_from_slice(b" \r");
            self.next_row();
        }
    }

    /// Erases all of it and leaves the cursor where it began.
    pub(super) fn erase(&mut self, out: &mut Vec<u8>) {
        up(self.at.row.saturating_sub(self.top), out);
        out.extend_from_slice(b"\r\x1b[J");
    }

    /// Leaves the drawing, with the cursor at its end, for the row below it.
    pub(super) fn leave(&self, out: &mut Vec<u8>) {
        // Behind a full row the cursor is already on a row of its own.
        if self.at.column > 0 || self.at.row == 0 {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Draws again on a screen that now has another size.
    ///
    /// Some terminals wrap the rows anew for it, some cut them off, and none tells. It goes up by
    /// the lesser of the two: this can leave a piece of the old drawing above the new one, but
    /// never takes away a row of what stood there before.
    pub(super) fn resize(&mut self, columns: u16, rows: u16, view: View<'_>, out: &mut Vec<u8>) {
        self.set_size(columns, rows);
        let (_, wrapped) = lay_out(view, self.columns);
        let above = self.at.row.saturating_sub(self.top);
        up(above.min(wrapped.row), out);
        out.extend_from_slice(b"\r\x1b[J");
        self.draw(view, out);
    }

    fn next_row(&mut self) {
        self.at = Place { row: self.at.row.saturating_add(1), column: 0 };
        if self.shown < self.rows {
            self.shown = self.shown.saturating_add(1);
        } else {
            self.top = self.top.saturating_add(1);
        }
    }

    /// The first row to show, so that the cursor is seen and the window is full if it can be.
    fn window(&self, rows: &[Row], cursor: Place) -> usize {
        let lowest = cursor.row.saturating_add(1).saturating_sub(self.rows);
        self.top.min(cursor.row).max(lowest).min(rows.len().saturating_sub(self.rows))
    }

    fn write(&mut self, view: View<'_>, out: &mut Vec<u8>) {
        let (rows, cursor) = lay_out(view, self.columns);
        self.top = self.window(&rows, cursor);
        let mut shown = rows.iter().skip(self.top).take(self.rows).peekable();
        self.shown = shown.len();
        while let Some(row) = shown.next() {
            out.extend_from_slice(row.text.as_bytes());
            match shown.peek() {
                Some(_) if row.hard => out.extend_from_slice(b"\r\n"),
                // A terminal goes to the next row only with the next character.
                Some(next) if next.text.is_empty() => out.extend_from_slice(b" \r"),
                None | Some(_) => {}
            }
        }
        let last = self.top.saturating_add(self.shown).saturating_sub(1);
        self.go(last, cursor, out);
    }

    fn go(&mut self, from: usize, to: Place, out: &mut Vec<u8>) {
        up(from.saturating_sub(to.row), out);
        moved(to.row.saturating_sub(from), 'B', out);
        out.push(b'\r');
        moved(to.column, 'C', out);
        self.at = to;
    }
}

fn up(rows: usize, out: &mut Vec<u8>) {
    moved(rows, 'A', out);
}

fn moved(by: usize, direction: char, out: &mut Vec<u8>) {
    if by > 0 {
        out.extend_from_slice(format!("\x1b[{by}{direction}").as_bytes());
    }
}

/// The rows `view` takes on a screen so many columns wide, and where its cursor is.
fn lay_out(view: View<'_>, columns: usize) -> (Vec<Row>, Place) {
    let mut pen = Pen { columns, rows: Vec::new(), row: String::new(), column: 0 };
    let mut before = None;
    for ch in view.prompt.chars() {
        pen.show(before, ch);
        before = Some(ch);
    }
    let mut cursor = None;
    before = None;
    for (at, ch) in view.text.char_indices() {
        let place = if ch == '\n' {
            pen.leave_margin();
            let place = pen.place();
            pen.wrap(true);
            for ch in CONTINUATION.chars() {
                pen.put(ch, 1);
            }
            place
        } else {
            pen.show(before, ch)
        };
        // What search found can begin with a mark, and the cursor cannot stand within a sign.
        if cursor.is_none() && at >= view.cursor && !joins(before, ch) {
            cursor = Some(place);
        }
        before = Some(ch);
    }
    pen.leave_margin();
    let end = pen.place();
    pen.wrap(true);
    (pen.rows, cursor.unwrap_or(end))
}

/// Where the next character goes.
struct Pen {
    columns: usize,
    /// The rows before this one.
    rows: Vec<Row>,
    row: String,
    column: usize,
}

impl Pen {
    fn place(&self) -> Place {
        Place { row: self.rows.len(), column: self.column }
    }

    fn wrap(&mut self, hard: bool) {
        self.rows.push(Row { text: std::mem::take(&mut self.row), hard });
        self.column = 0;
    }

    /// The cursor cannot stand behind the last column, so a full row has another one behind it.
    fn leave_margin(&mut self) {
        if self.column >= self.columns {
            self.wrap(false);
        }
    }

    /// Puts a character down and says where.
    fn put(&mut self, ch: char, width: usize) -> Place {
        if width > 0 && self.column.saturating_add(width) > self.columns {
            self.wrap(false);
        }
        let place = self.place();
        self.row.push(ch);
        self.column = self.column.saturating_add(width);
        place
    }

    fn show(&mut self, before: Option<char>, ch: char) -> Place {
        match shown(before, ch) {
            Shown::Itself(width) => self.put(ch, width),
            Shown::Instead(text) => {
                let places: Vec<Place> = text.chars().map(|ch| self.put(ch, 1)).collect();
                places.first().copied().unwrap_or_default()
            }
        }
    }
}
