//! A screen's lines and cursor, as far as they say what is seen where.

use std::collections::VecDeque;

/// No screen is larger.
const MOST_COLUMNS: usize = 1000;
const MOST_ROWS: usize = 500;
/// A tab stops at every eighth column.
const TAB: usize = 8;

/// What stands in one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) letter: char,
    /// 0 is the second half of a letter that is two wide.
    pub(super) width: u8,
    /// Which item of the queue shows it.
    pub(super) number: u64,
    /// A star is seen there.
    pub(super) masked: bool,
}

const BLANK: Cell = Cell { letter: ' ', width: 1, number: 0, masked: false };

#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Without the blanks at its end.
    pub(super) cells: Vec<Cell>,
    /// It goes on in the next one.
    pub(super) wrapped: bool,
    /// It was not looked at since it changed.
    pub(super) changed: bool,
}

impl Line {
    fn put(&mut self, column: usize, cell: Cell) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, BLANK);
        }
        if let Some(slot) = self.cells.get_mut(column) {
            *slot = cell;
        }
        self.changed = true;
    }

    fn erase(&mut self, from: usize, to: usize) {
        let end = self.cells.len();
        if to >= end {
            self.cells.truncate(from);
            self.wrapped = false;
        } else if let Some(cells) = self.cells.get_mut(from..to) {
            cells.fill(BLANK);
        }
        self.changed = true;
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// A screen.
#[derive(Debug)]
pub(super) struct Grid {
    columns: usize,
    rows: usize,
    lines: VecDeque<Line>,
    /// The other screen's lines.
    others: VecDeque<Line>,
    on_other: bool,
    cursor: Place,
    saved: Place,
    /// The next letter goes to the next line.
    wrapping: bool,
    top: usize,
    bottom: usize,
    origin: bool,
    wraps: bool,
    inserts: bool,
}

impl Grid {
    pub(super) fn new(columns: u32, rows: u32) -> Self {
        let mut grid = Self {
            columns: 1,
            rows: 1,
            lines: VecDeque::new(),
            others: VecDeque::new(),
            on_other: false,
            cursor: Place::default(),
            saved: Place::default(),
            wrapping: false,
            top: 0,
            bottom: 0,
            origin: false,
            wraps: true,
            inserts: false,
        };
        grid.resize(columns, rows);
        grid
    }

    pub(super) fn resize(&mut self, columns: u32, rows: u32) {
        let size = |size: u32, usual: usize, most: usize| match size as usize {
            0 => usual,
            size => size.min(most),
        };
        (self.columns, self.rows) = (size(columns, 80, MOST_COLUMNS), size(rows, 24, MOST_ROWS));
        // A terminal that grows smaller keeps its last lines.
        let over = (self.cursor.row + 1).saturating_sub(self.rows);
        self.lines.drain(..over.min(self.lines.len()));
        self.cursor.row -= over;
        for lines in [&mut self.lines, &mut self.others] {
            lines.resize_with(self.rows, Line::default);
        }
        self.cursor.column = self.cursor.column.min(self.columns - 1);
        (self.top, self.bottom, self.wrapping) = (0, self.rows - 1, false);
    }

    pub(super) fn reset(&mut self) {
        let (columns, rows) = (self.columns as u32, self.rows as u32);
        *self = Self::new(columns, rows);
    }

    pub(super) const fn cursor(&self) -> Place {
        self.cursor
    }

    /// The next letter goes to the next line: the cursor is behind the last column.
    pub(super) const fn is_wrapping(&self) -> bool {
        self.wrapping
    }

    pub(super) const fn inserts(&self) -> bool {
        self.inserts
    }

    /// The row that counts as the first where a place is given.
    pub(super) const fn first_row(&self) -> usize {
        if self.origin { self.top } else { 0 }
    }

    pub(super) const fn lines(&self) -> &VecDeque<Line> {
        &self.lines
    }

    pub(super) fn line(&mut self, row: usize) -> Option<&mut Line> {
        self.lines.get_mut(row)
    }

    fn here(&mut self) -> Option<&mut Line> {
        self.lines.get_mut(self.cursor.row)
    }

    /// Whether a letter of such a width, shown now, moves lines up.
    pub(super) const fn will_scroll(&self, width: u8) -> bool {
        let full = self.wrapping || self.cursor.column + width as usize > self.columns;
        self.wraps && full && self.at_bottom()
    }

    pub(super) const fn at_bottom(&self) -> bool {
        self.cursor.row == self.bottom
    }

    pub(super) fn print(&mut self, letter: char, width: u8, number: u64) {
        let wide = usize::from(width);
        if wide > self.columns {
            return;
        }
        if self.wrapping || self.cursor.column + wide > self.columns {
            if self.wraps {
                if let Some(line) = self.here() {
                    line.wrapped = true;
                }
                self.cursor.column = 0;
                self.line_feed();
            } else {
                self.cursor.column = self.columns - wide;
            }
        }
        if self.inserts {
            self.insert_blanks(wide);
        }
        let column = self.cursor.column;
        if let Some(line) = self.here() {
            line.put(column, Cell { letter, width, number, masked: false });
            if wide == 2 {
                line.put(column + 1, Cell { letter, width: 0, number, masked: false });
            }
        }
        self.wrapping = column + wide >= self.columns;
        self.cursor.column = (column + wide).min(self.columns - 1);
    }

    pub(super) fn line_feed(&mut self) {
        self.wrapping = false;
        if self.at_bottom() {
            self.scroll_up(1);
        } else {
            self.cursor.row = (self.cursor.row + 1).min(self.rows - 1);
        }
    }

    pub(super) fn reverse_line_feed(&mut self) {
        self.wrapping = false;
        if self.cursor.row == self.top {
            self.scroll_down(1);
        } else {
            self.cursor.row = self.cursor.row.saturating_sub(1);
        }
    }

    pub(super) const fn carriage_return(&mut self) {
        (self.cursor.column, self.wrapping) = (0, false);
    }

    pub(super) fn tab(&mut self) {
        self.cursor.column = ((self.cursor.column / TAB + 1) * TAB).min(self.columns - 1);
    }

    pub(super) const fn left(&mut self, count: usize) {
        self.cursor.column = self.cursor.column.saturating_sub(count);
        self.wrapping = false;
    }

    pub(super) fn right(&mut self, count: usize) {
        self.cursor.column = (self.cursor.column + count).min(self.columns - 1);
        self.wrapping = false;
    }

    pub(super) fn up(&mut self, count: usize) {
        let floor = if self.cursor.row >= self.top { self.top } else { 0 };
        self.cursor.row = self.cursor.row.saturating_sub(count).max(floor);
        self.wrapping = false;
    }

    pub(super) fn down(&mut self, count: usize) {
        let last = if self.cursor.row <= self.bottom { self.bottom } else { self.rows - 1 };
        self.cursor.row = (self.cursor.row + count).min(last);
        self.wrapping = false;
    }

    /// Columns and rows are counted from 1.
    pub(super) fn place_column(&mut self, column: usize) {
        self.cursor.column = (column - 1).min(self.columns - 1);
        self.wrapping = false;
    }

    pub(super) fn place_row(&mut self, row: usize) {
        let last = if self.origin { self.bottom } else { self.rows - 1 };
        self.cursor.row = (self.first_row() + row - 1).min(last);
        self.wrapping = false;
    }

    pub(super) const fn save(&mut self) {
        self.saved = self.cursor;
    }

    pub(super) fn restore(&mut self) {
        self.cursor.row = self.saved.row.min(self.rows - 1);
        self.cursor.column = self.saved.column.min(self.columns - 1);
        self.wrapping = false;
    }

    pub(super) const fn origin(&mut self, on: bool) {
        self.origin = on;
        self.cursor = Place { row: self.first_row(), column: 0 };
        self.wrapping = false;
    }

    pub(super) const fn wraps(&mut self, on: bool) {
        self.wraps = on;
    }

    pub(super) const fn insert(&mut self, on: bool) {
        self.inserts = on;
    }

    /// The lines that scroll, counted from 1; 0 is the first or the last.
    pub(super) fn margins(&mut self, top: usize, bottom: usize) {
        let bottom = if bottom == 0 { self.rows } else { bottom.min(self.rows) };
        let top = top.max(1);
        if top < bottom {
            (self.top, self.bottom) = (top - 1, bottom - 1);
            self.cursor = Place { row: self.first_row(), column: 0 };
            self.wrapping = false;
        }
    }

    pub(super) fn other_screen(&mut self, on: bool, clears: bool) {
        if on == self.on_other {
            return;
        }
        if on && clears {
            self.save();
        }
        std::mem::swap(&mut self.lines, &mut self.others);
        self.on_other = on;
        if on {
            self.lines.iter_mut().for_each(|line| *line = Line::default());
        } else if clears {
            self.restore();
        }
        self.wrapping = false;
    }

    pub(super) fn erase_screen(&mut self, how: u16) {
        let (row, all) = (self.cursor.row, self.columns);
        match how {
            0 => {
                self.erase_line(0);
                self.lines.iter_mut().skip(row + 1).for_each(|line| line.erase(0, all));
            }
            1 => {
                self.erase_line(1);
                self.lines.iter_mut().take(row).for_each(|line| line.erase(0, all));
            }
            2 => self.lines.iter_mut().for_each(|line| line.erase(0, all)),
            _ => {}
        }
    }

    pub(super) fn erase_line(&mut self, how: u16) {
        let (column, all) = (self.cursor.column, self.columns);
        let (from, to) = match how {
            0 => (column, all),
            1 => (0, column + 1),
            2 => (0, all),
            _ => return,
        };
        if let Some(line) = self.here() {
            line.erase(from, to);
        }
    }

    pub(super) fn erase(&mut self, count: usize) {
        let column = self.cursor.column;
        let to = (column + count).min(self.columns);
        if let Some(line) = self.here() {
            line.erase(column, to);
        }
    }

    pub(super) fn insert_blanks(&mut self, count: usize) {
        let (column, columns) = (self.cursor.column, self.columns);
        if let Some(line) = self.here()
            && column < line.cells.len()
        {
            let count = count.min(columns - column);
            line.cells.splice(column..column, std::iter::repeat_n(BLANK, count));
            line.cells.truncate(columns);
            line.changed = true;
        }
    }

    pub(super) fn delete(&mut self, count: usize) {
        let column = self.cursor.column;
        if let Some(line) = self.here() {
            let end = (column + count).min(line.cells.len());
            if column < end {
                line.cells.drain(column..end);
            }
            line.changed = true;
        }
    }

    pub(super) fn insert_lines(&mut self, count: usize) {
        if (self.top..=self.bottom).contains(&self.cursor.row) {
            self.shift_down(self.cursor.row, count);
            self.carriage_return();
        }
    }

    pub(super) fn delete_lines(&mut self, count: usize) {
        if (self.top..=self.bottom).contains(&self.cursor.row) {
            self.shift_up(self.cursor.row, count);
            self.carriage_return();
        }
    }

    pub(super) fn scroll_up(&mut self, count: usize) {
        self.shift_up(self.top, count);
    }

    pub(super) fn scroll_down(&mut self, count: usize) {
        self.shift_down(self.top, count);
    }

    fn shift_up(&mut self, top: usize, count: usize) {
        for _ in 0..count.min(self.bottom + 1 - top) {
            self.lines.remove(top);
            self.lines.insert(self.bottom, Line::default());
        }
    }

    fn shift_down(&mut self, top: usize, count: usize) {
        for _ in 0..count.min(self.bottom + 1 - top) {
            self.lines.remove(self.bottom);
            self.lines.insert(top, Line::default());
        }
    }
}
