//! Looks at the lines that have changed, and masks what is found there: in the queue, or on the screen.

use super::Screen;
use super::grid::{Grid, Place};

/// A word that has begun is looked at so far back.
const LONGEST_WORD: usize = 4096;

impl Screen {
    /// Looks at every line that has changed. What was shown already and is a part of something found is painted over.
    pub(super) fn sweep(&mut self) {
        let mut row = 0;
        let mut shown = Vec::new();
        while row < self.grid.lines().len() {
            let last = last_of(&self.grid, row);
            if self.grid.lines().range(row..=last).any(|line| line.changed) {
                self.look_at(row, last, &mut shown);
            }
            row = last + 1;
        }
        if !shown.is_empty() {
            let bytes = paint_over(&self.grid, &shown);
            self.queue.push(&bytes);
        }
    }

    /// Looks at lines that are one.
    fn look_at(&mut self, first: usize, last: usize, shown: &mut Vec<(Place, u8)>) {
        let mut text = String::new();
        // Where each byte of the text stands.
        let mut places = Vec::new();
        for row in first..=last {
            let Some(line) = self.grid.line(row) else { continue };
            line.changed = false;
            for (column, cell) in line.cells.iter().enumerate().filter(|(_, cell)| cell.width > 0) {
                text.push(cell.letter);
                places.resize(text.len(), Place { row, column });
            }
        }
        for found in self.detectors.found(&[], text.as_bytes()) {
            let mut masked = places.get(found.start..found.end).unwrap_or_default().to_vec();
            masked.dedup();
            for place in masked {
                self.mask(place, shown);
            }
        }
    }

    fn mask(&mut self, place: Place, shown: &mut Vec<(Place, u8)>) {
        let cell = self.grid.line(place.row).and_then(|line| line.cells.get_mut(place.column));
        let Some(cell) = cell.filter(|cell| !cell.masked) else { return };
        cell.masked = true;
        // Blanks that were never written hide nothing.
        if cell.number > 0 && !self.queue.mask(cell.number, cell.width) {
            shown.push((place, cell.width));
        }
    }

    /// The first item of the queue that is part of a word which has begun in front of the cursor, or of numbers in
    /// groups. With `strict` a word that ends in punctuation is over.
    pub(super) fn begun(&self, strict: bool) -> Option<u64> {
        let cursor = self.grid.cursor();
        let (mut row, mut column) =
            (cursor.row, cursor.column + usize::from(self.grid.is_wrapping()));
        let mut first = None;
        let mut behind = None;
        for _ in 0..LONGEST_WORD {
            if column == 0 {
                let above = row.checked_sub(1).and_then(|row| self.grid.lines().get(row));
                let Some(above) = above.filter(|line| line.wrapped) else { break };
                (row, column) = (row - 1, above.cells.len());
                continue;
            }
            column -= 1;
            let cell = self.grid.lines().get(row).and_then(|line| line.cells.get(column));
            let Some(cell) = cell else { break };
            let letter = cell.letter;
            if first.is_none() && strict && !goes_on(letter) {
                break;
            }
            // A space between two digits may part groups of one number.
            let before =
                column.checked_sub(1).and_then(|at| self.grid.lines().get(row)?.cells.get(at));
            let between = behind.is_some_and(|behind: char| behind.is_ascii_digit())
                && before.is_some_and(|cell| cell.letter.is_ascii_digit());
            if letter.is_whitespace() && !between {
                break;
            }
            if self.queue.waits(cell.number) && cell.number > 0 {
                first = Some(first.map_or(cell.number, |first: u64| first.min(cell.number)));
            }
            behind = Some(letter);
        }
        first
    }
}

/// Whether a word that ends so may go on.
fn goes_on(letter: char) -> bool {
    letter.is_alphanumeric() || "_-./+=@%".contains(letter)
}

/// The last of the lines that go on in the next.
fn last_of(grid: &Grid, first: usize) -> usize {
    let lines = grid.lines();
    let wrapped = lines.iter().skip(first).take_while(|line| line.wrapped).count();
    (first + wrapped).min(lines.len().saturating_sub(1))
}

/// Stars over what is seen in these places; the cursor ends where it is.
fn paint_over(grid: &Grid, shown: &[(Place, u8)]) -> Vec<u8> {
    let mut text = String::new();
    let go = |text: &mut String, place: Place| {
        let row = (place.row + 1).saturating_sub(grid.first_row());
        text.push_str(&format!("\x1b[{row};{}H", place.column + 1));
    };
    if grid.inserts() {
        text.push_str("\x1b[4l");
    }
    let mut next = None;
    for (place, width) in shown {
        if next != Some(*place) {
            go(&mut text, *place);
        }
        text.extend(std::iter::repeat_n('*', usize::from(*width)));
        next = Some(Place { row: place.row, column: place.column + usize::from(*width) });
    }
    if grid.inserts() {
        text.push_str("\x1b[4h");
    }
    let cursor = grid.cursor();
    go(&mut text, cursor);
    // Behind the last column a cursor only comes by a letter there.
    if grid.is_wrapping()
        && let Some(cell) =
            grid.lines().get(cursor.row).and_then(|line| line.cells.get(cursor.column))
    {
        text.push(if cell.masked { '*' } else { cell.letter });
    }
    text.into_bytes()
}
