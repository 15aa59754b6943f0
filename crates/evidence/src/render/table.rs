use model::Column;
use unicode_width::UnicodeWidthStr as _;

use super::escape::{escape, escape_bytes};
use super::rows::Row;
use super::value::{is_number, value};

/// Rows that wait until the width of their columns is known.
const MOST_ROWS: usize = 1000;
/// Or so many bytes of them.
const MOST_BYTES: usize = 1 << 20;
/// A column is aligned up to this width; one long value shall not blow up every row.
const WIDEST: usize = 120;

/// A result as psql's aligned format shows it.
#[derive(Debug, Default)]
pub(super) struct Table {
    cells: Vec<Vec<String>>,
    bytes: usize,
    /// Rows shown so far, with those that wait.
    rows: u64,
    headed: bool,
}

impl Table {
    /// Takes a row in; answers with lines once enough wait.
    pub(super) fn row(&mut self, columns: &[Column], row: &Row<'_>) -> Vec<String> {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(index, field)| match (field, columns.get(index)) {
                (None, _) => String::new(),
                (Some(bytes), None) => escape_bytes(bytes),
                (Some(bytes), Some(column)) => {
                    escape_bytes(&value(&column.type_name, column.format, bytes))
                }
            })
            .collect();
        self.bytes += cells.iter().map(|cell| cell.len() + 24).sum::<usize>();
        self.rows += 1;
        self.cells.push(cells);
        if self.cells.len() >= MOST_ROWS || self.bytes >= MOST_BYTES {
            return self.lines(columns);
        }
        Vec::new()
    }

    /// What waits, and how many rows there were.
    pub(super) fn end(mut self, columns: &[Column]) -> Vec<String> {
        let mut lines = self.lines(columns);
        lines.push(if self.rows == 1 { "(1 row)".into() } else { format!("({} rows)", self.rows) });
        lines
    }

    fn lines(&mut self, columns: &[Column]) -> Vec<String> {
        let cells = std::mem::take(&mut self.cells);
        self.bytes = 0;
        let names: Vec<_> = columns.iter().map(|column| escape(&column.name)).collect();
        let mut widths: Vec<usize> = names.iter().map(|name| name.width().min(WIDEST)).collect();
        for row in &cells {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width().min(WIDEST));
            }
        }
        let mut lines = Vec::with_capacity(cells.len() + 2);
        if !self.headed {
            self.headed = true;
            lines.push(heading(&names, &widths));
            let rules: Vec<_> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
            lines.push(if rules.is_empty() { "--".into() } else { rules.join("+") });
        }
        lines.extend(cells.iter().map(|row| body(row, &widths, columns)));
        lines
    }
}

fn heading(names: &[std::borrow::Cow<'_, str>], widths: &[usize]) -> String {
    let mut line = String::new();
    for (index, width) in widths.iter().enumerate() {
        let name = names.get(index).map_or("", |name| name.as_ref());
        let room = width.saturating_sub(name.width());
        if index > 0 {
            line.push('|');
        }
        line.push(' ');
        pad(&mut line, room / 2);
        line.push_str(name);
        pad(&mut line, room - room / 2);
        line.push(' ');
    }
    line
}

fn body(row: &[String], widths: &[usize], columns: &[Column]) -> String {
    let mut line = String::new();
    for (index, width) in widths.iter().enumerate() {
        let cell = row.get(index).map_or("", String::as_str);
        let room = width.saturating_sub(cell.width());
        let right = columns.get(index).is_some_and(|column| is_number(&column.type_name));
        line.push_str(if index > 0 { "| " } else { " " });
        if right {
            pad(&mut line, room);
        }
        line.push_str(cell);
        if index + 1 < widths.len() {
            pad(&mut line, if right { 1 } else { room + 1 });
        }
    }
    line
}

fn pad(line: &mut String, room: usize) {
    line.extend(std::iter::repeat_n(' ', room));
}
