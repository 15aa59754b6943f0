//! A result as a table.

use std::fmt::Write as _;
use std::sync::Arc;

use model::{Column, DataClass};

use super::text::{put, put_value};
use crate::render::{Row, is_number, value};

/// What follows so many rows is folded.
const SHOWN: u64 = 100;

/// A table that was begun and not ended.
#[derive(Debug)]
pub(super) struct Table {
    columns: Arc<[Column]>,
    rows: u64,
}

impl Table {
    /// Begins one with its headings.
    pub(super) fn begin(columns: Arc<[Column]>, out: &mut String) -> Self {
        out.push_str("<div class=\"result\"><table>");
        headings(&columns, out);
        out.push_str("<tbody>\n");
        Self { columns, rows: 0 }
    }

    pub(super) fn row(&mut self, row: &Row<'_>, out: &mut String) {
        if self.rows == SHOWN {
            let _ = write!(
                out,
                "</tbody></table><details class=\"rest\"><summary>the rows after the first {SHOWN}</summary><table>",
            );
            headings(&self.columns, out);
            out.push_str("<tbody>\n");
        }
        self.rows += 1;
        out.push_str("<tr>");
        for (index, field) in row.iter().enumerate() {
            match (field, self.columns.get(index)) {
                (None, _) => out.push_str("<td class=\"null\">NULL"),
                (Some(bytes), None) => {
                    out.push_str("<td>");
                    put_value(out, bytes);
                }
                (Some(bytes), Some(column)) => {
                    let number = is_number(&column.type_name);
                    out.push_str(if number { "<td class=\"n\">" } else { "<td>" });
                    put_value(out, &value(&column.type_name, column.format, bytes));
                }
            }
            out.push_str("</td>");
        }
        out.push_str("</tr>\n");
    }

    pub(super) fn end(self, out: &mut String) {
        out.push_str("</tbody></table>");
        if self.rows > SHOWN {
            out.push_str("</details>");
        }
        if self.columns.is_empty() && self.rows > 0 {
            let _ = write!(out, "<p>{} rows without columns</p>", self.rows);
        }
        out.push_str("</div>\n");
    }
}

fn headings(columns: &[Column], out: &mut String) {
    out.push_str("<thead><tr>");
    for column in columns {
        out.push_str("<th scope=\"col\">");
        put(out, &column.name);
        if !column.masked.is_empty() {
            out.push_str(" <span class=\"mask\">masked: ");
            let classes: Vec<_> = column.masked.iter().map(DataClass::as_str).collect();
            put(out, &classes.join(", "));
            out.push_str("</span>");
        }
        out.push_str("</th>");
    }
    out.push_str("</tr></thead>");
}
