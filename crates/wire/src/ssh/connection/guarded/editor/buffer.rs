//! The text being edited and the place in it.

use super::shown::joins;

/// The longest text in bytes.
pub(super) const LONGEST: usize = 64 * 1024;

/// A text with a cursor, which always stands on a border between two signs (a character with the
/// marks on it). The text may have several lines.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    text: String,
    cursor: usize,
}

impl Buffer {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A byte offset in the text.
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// Puts `text` in the place of all there was, with the cursor at `cursor`, or at the end where
    /// that is none of its borders.
    pub(super) fn set(&mut self, text: String, cursor: usize) {
        self.cursor = if text.is_char_boundary(cursor) { cursor } else { text.len() };
        self.text = text;
        self.settle();
    }

    /// Inserts `text`; says `false` and changes nothing where it would grow too long.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        if self.text.len().saturating_add(text.len()) > LONGEST {
            return false;
        }
        self.text.insert_str(self.cursor, text);
        self.cursor = self.cursor.saturating_add(text.len());
        self.settle();
        true
    }

    /// Puts `text` in the place of what is between `from` and the cursor; says `false` and changes
    /// nothing where it would grow too long.
    pub(super) fn replace(&mut self, from: usize, text: &str) -> bool {
        let Some(word) = self.text.get(from..self.cursor) else { return false };
        let kept = self.text.len().saturating_sub(word.len());
        if kept.saturating_add(text.len()) > LONGEST {
            return false;
        }
        self.take(from, self.cursor);
        self.insert(text)
    }

    /// Takes out what is between the cursor and `to`.
    pub(super) fn kill(&mut self, to: usize) -> String {
        self.take(self.cursor.min(to), self.cursor.max(to))
    }

    /// Where the sign before the cursor begins.
    pub(super) fn left(&self) -> usize {
        self.before(self.cursor)
    }

    /// Where the sign at the cursor ends.
    pub(super) fn right(&self) -> usize {
        self.after(self.cursor)
    }

    pub(super) fn line_start(&self) -> usize {
        self.head(self.cursor).rfind('\n').map_or(0, |at| at.saturating_add(1))
    }

    pub(super) fn line_end(&self) -> usize {
        self.tail(self.cursor)
            .find('\n')
            .map_or(self.text.len(), |at| self.cursor.saturating_add(at))
    }

    /// Where the word at or before the cursor begins.
    pub(super) fn word_left(&self) -> usize {
        self.back_over(char::is_alphanumeric)
    }

    /// Where what stands between the last space and the cursor begins.
    pub(super) fn blank_left(&self) -> usize {
        self.back_over(|ch| !ch.is_whitespace())
    }

    /// Where the word at or behind the cursor ends.
    pub(super) fn word_right(&self) -> usize {
        let mut at = self.cursor;
        let mut inside = false;
        while let Some(ch) = self.tail(at).chars().next() {
            if ch.is_alphanumeric() {
                inside = true;
            } else if inside {
                break;
            }
            at = self.after(at);
        }
        at
    }

    /// The same column in the line above, if there is one.
    pub(super) fn line_up(&self) -> Option<usize> {
        let start = self.line_start();
        let end = start.checked_sub(1)?;
        let above = self.head(end).rfind('\n').map_or(0, |at| at.saturating_add(1));
        Some(self.along(above, self.signs(start, self.cursor)))
    }

    /// The same column in the line below, if there is one.
    pub(super) fn line_down(&self) -> Option<usize> {
        let end = self.line_end();
        if end == self.text.len() {
            return None;
        }
        Some(self.along(end.saturating_add(1), self.signs(self.line_start(), self.cursor)))
    }

    pub(super) fn go(&mut self, to: usize) {
        if self.text.is_char_boundary(to) {
            self.cursor = to;
            self.settle();
        }
    }

    /// Swaps the signs around the cursor and goes on behind them; at the end the last two. Says
    /// `false` where there are no two.
    pub(super) fn transpose(&mut self) -> bool {
        let middle = if self.at_end() { self.left() } else { self.cursor };
        let (from, to) = (self.before(middle), self.after(middle));
        if from == middle || middle == to {
            return false;
        }
        let mut swapped = self.text.get(middle..to).unwrap_or_default().to_owned();
        swapped.push_str(self.text.get(from..middle).unwrap_or_default());
        self.take(from, to);
        self.insert(&swapped)
    }

    fn head(&self, at: usize) -> &str {
        self.text.get(..at).unwrap_or_default()
    }

    fn tail(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    fn take(&mut self, from: usize, to: usize) -> String {
        let Some(taken) = self.text.get(from..to).map(str::to_owned) else { return String::new() };
        self.text.replace_range(from..to, "");
        self.cursor = from;
        self.settle();
        taken
    }

    /// A change can leave marks behind the cursor that now belong to what stands before it.
    fn settle(&mut self) {
        let mut before = self.head(self.cursor).chars().next_back();
        let mut at = self.cursor;
        for ch in self.tail(self.cursor).chars() {
            if !joins(before, ch) {
                break;
            }
            at = at.saturating_add(ch.len_utf8());
            before = Some(ch);
        }
        self.cursor = at;
    }

    fn before(&self, at: usize) -> usize {
        let mut start = at;
        let mut signs = self.head(at).chars().rev().peekable();
        while let Some(ch) = signs.next() {
            start = start.saturating_sub(ch.len_utf8());
            if !joins(signs.peek().copied(), ch) {
                break;
            }
        }
        start
    }

    fn after(&self, at: usize) -> usize {
        let mut end = at;
        let mut before = None;
        for ch in self.tail(at).chars() {
            if before.is_some() && !joins(before, ch) {
                break;
            }
            end = end.saturating_add(ch.len_utf8());
            before = Some(ch);
        }
        end
    }

    fn back_over(&self, belongs: impl Fn(char) -> bool) -> usize {
        let mut at = self.cursor;
        let mut inside = false;
        while at > 0 {
            let start = self.before(at);
            if self.tail(start).chars().next().is_some_and(&belongs) {
                inside = true;
            } else if inside {
                break;
            }
            at = start;
        }
        at
    }

    /// How many signs stand between two places.
    fn signs(&self, from: usize, to: usize) -> usize {
        let mut at = from;
        let mut count = 0_usize;
        while at < to {
            at = self.after(at);
            count = count.saturating_add(1);
        }
        count
    }

    /// So many signs along the line that begins at `at`, or its end.
    fn along(&self, mut at: usize, signs: usize) -> usize {
        for _ in 0..signs {
            if self.tail(at).chars().next().is_none_or(|ch| ch == '\n') {
                break;
            }
            at = self.after(at);
        }
        at
    }
}
