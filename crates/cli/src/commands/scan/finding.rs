//! What is said of a column: counts and names, never a value.

use serde::Serialize;

use super::tables::{Column, Table};
use super::vote::{Opinion, Vote};
use crate::native::Rows;
use crate::output::Table as Printed;

/// What was found of a column, or of a table that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// `schema.table.column`, or `schema.table`.
    pub(super) id: String,
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) column: Option<String>,
    #[serde(rename = "type")]
    pub(super) type_name: Option<String>,
    pub(super) state: State,
    /// The classes it is taken to hold.
    pub(super) classes: Vec<String>,
    /// How many values that are not NULL were looked at.
    pub(super) values: usize,
    /// Why it is said.
    pub(super) evidence: String,
}

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// The column is of the class: a rule for the column is proposed.
    Proposed,
    /// Some of its values hold the class: looking for it by content is proposed.
    Within,
    /// What is in it is masked for whoever scans.
    Masked,
    /// It showed nothing but NULL, which is also what masked values of some types are.
    Unseen,
    /// The table was not read.
    Skipped,
}

/// What is to be said of a table's columns.
pub(super) fn of_table(table: &Table, rows: &Rows) -> Vec<Finding> {
    if rows.rows.is_empty() {
        return Vec::new();
    }
    let columns = table.columns.iter().enumerate();
    columns.filter_map(|(index, column)| of_column(table, column, index, rows)).collect()
}

fn of_column(table: &Table, column: &Column, index: usize, rows: &Rows) -> Option<Finding> {
    let values = rows.rows.iter().map(|row| row.get(index).and_then(Option::as_deref));
    let vote = Vote::of(column, values);
    let counted = |count: usize, what: &str| format!("{count} of {} {what}", vote.values);
    let (state, classes, mut evidence) = match vote.opinion() {
        Opinion::Column(class, why) => (State::Proposed, vec![class.to_string()], why),
        Opinion::Within(classes) => {
            let each: Vec<_> = classes
                .iter()
                .map(|(class, count)| counted(*count, &format!("hold {class}")))
                .collect();
            let names = classes.iter().map(|(class, _)| class.to_string()).collect();
            (State::Within, names, each.join("; "))
        }
        Opinion::Nothing if vote.masked > 0 => (State::Masked, Vec::new(), String::new()),
        Opinion::Nothing if vote.values == 0 => {
            (State::Unseen, Vec::new(), format!("{} of {0} are NULL", rows.rows.len()))
        }
        Opinion::Nothing => return None,
    };
    if vote.masked > 0 {
        let also = if evidence.is_empty() { "" } else { "; " };
        evidence.push_str(&format!("{also}{}", counted(vote.masked, "are masked for you")));
    }
    Some(Finding {
        id: format!("{}.{}", table.id(), column.name),
        schema: table.schema.clone(),
        table: table.name.clone(),
        column: Some(column.name.clone()),
        type_name: Some(column.domain.clone().unwrap_or_else(|| column.type_name.clone())),
        state,
        classes,
        values: vote.values,
        evidence,
    })
}

/// That a table was not read.
pub(super) fn skipped(table: &Table, why: String) -> Finding {
    Finding {
        id: table.id(),
        schema: table.schema.clone(),
        table: table.name.clone(),
        column: None,
        type_name: None,
        state: State::Skipped,
        classes: Vec::new(),
        values: 0,
        evidence: why,
    }
}

/// Prints what there is to say of columns.
pub(super) fn print(findings: &[Finding]) {
    let mut printed = Printed::new(&["TABLE", "COLUMN", "TYPE", "CLASS", "EVIDENCE"]);
    for finding in findings {
        let Some(column) = &finding.column else { continue };
        let class = match finding.state {
            State::Proposed | State::Within => finding.classes.join(", "),
            State::Masked => "(masked)".to_owned(),
            State::Unseen => "(not seen)".to_owned(),
            State::Skipped => continue,
        };
        let table = format!("{}.{}", finding.schema, finding.table);
        let type_name = finding.type_name.clone().unwrap_or_default();
        printed.row([&table, column, &type_name, &class, &finding.evidence]);
    }
    printed.print("nothing was found that looks sensitive");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_counts_and_never_quotes() {
        let column = |name: &str| Column {
            name: name.into(),
            type_name: "text".into(),
            domain: None,
            comment: None,
            label: None,
            type_oid: 25,
        };
        let table = Table {
            schema: "public".into(),
            name: "t".into(),
            samples: true,
            rows: None,
            columns: ["ssn", "notes", "mail", "none", "word"].map(column).into(),
        };
        let row = |cells: [&str; 5]| {
            cells.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect()
        };
        let rows = Rows {
            columns: Vec::new(),
            rows: vec![
                row([
                    "536-22-8726",
                    "card 4539148803436467 of ann@example.com",
                    "***@x.org",
                    "",
                    "a",
                ]),
                row(["219-09-9999", "nothing", "***@y.org", "", "b"]),
            ],
        };
        let found = of_table(&table, &rows);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.id.as_str(), one.state, one.classes.join(","), one.evidence.as_str()))
            .collect();
        let expected = [
            ("public.t.ssn", State::Proposed, "us_ssn".to_owned(), "2 of 2 pass; name says so"),
            (
                "public.t.notes",
                State::Within,
                "credit_card,email".to_owned(),
                "1 of 2 hold credit_card; 1 of 2 hold email",
            ),
            ("public.t.mail", State::Masked, String::new(), "2 of 2 are masked for you"),
            ("public.t.none", State::Unseen, String::new(), "2 of 2 are NULL"),
        ];
        assert_eq!(told, expected);
    }
}
