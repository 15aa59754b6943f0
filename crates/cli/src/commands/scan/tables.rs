//! Which tables and columns there are.

use anyhow::Result;
use glob::Pattern;
use wire::postgres::error::{Report, field};

use crate::error::{Exit, Failure};
use crate::native::{Answer, Link, Rows, ask};

/// Every column of every table that holds rows of its own, with what is said of it. A partitioned
/// table is listed by itself, not by its parts.
const QUERY: &str = "\
SELECT n.nspname, c.relname, c.relkind, c.reltuples, a.attname, \
    CASE t.typtype WHEN 'd' THEN b.typname ELSE t.typname END, \
    CASE t.typtype WHEN 'd' THEN t.typname END, d.description, \
    CASE t.typtype WHEN 'd' THEN b.oid ELSE t.oid END, \
    (SELECT pg_catalog.string_agg(s.label, '; ' ORDER BY s.provider) FROM pg_catalog.pg_seclabel s \
        WHERE s.objoid = c.oid AND s.classoid = 1259 AND s.objsubid = a.attnum) \
FROM pg_catalog.pg_class c \
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype \
LEFT JOIN pg_catalog.pg_description d \
    ON d.objoid = c.oid AND d.classoid = 1259 AND d.objsubid = a.attnum \
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped \
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') \
ORDER BY 1, 2, a.attnum";

/// A table and what is known of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    /// Whether it can be sampled by `TABLESAMPLE`.
    pub(super) samples: bool,
    /// How many rows it has, by the server's last count.
    pub(super) rows: Option<u64>,
    pub(super) columns: Vec<Column>,
}

/// A column and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type's name; of a domain, that of the type beneath.
    pub(super) type_name: String,
    /// The domain's name.
    pub(super) domain: Option<String>,
    /// `COMMENT ON COLUMN`.
    pub(super) comment: Option<String>,
    /// `SECURITY LABEL`, of every provider.
    pub(super) label: Option<String>,
    /// Its type's number, or that of the type beneath its domain.
    pub(super) type_oid: u32,
}

impl Table {
    /// `schema.table`.
    pub(super) fn id(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// Which tables are wanted.
pub(super) struct Choice {
    schemas: Vec<Pattern>,
    tables: Vec<Pattern>,
}

impl Choice {
    /// By patterns; none is any.
    pub(super) fn new(schemas: &[String], tables: &[String]) -> Result<Self, String> {
        let patterns = |texts: &[String]| {
            let pattern = |text: &String| {
                Pattern::new(text).map_err(|why| format!("`{text}` is no pattern: {why}"))
            };
            texts.iter().map(pattern).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { schemas: patterns(schemas)?, tables: patterns(tables)? })
    }

    fn wants(&self, schema: &str, table: &str) -> bool {
        let fits = |patterns: &[Pattern], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
        };
        fits(&self.schemas, schema) && fits(&self.tables, table)
    }
}

/// The tables that are wanted, in order.
pub(super) async fn list(link: &mut Link, choice: &Choice) -> Result<Vec<Table>> {
    let mut found = Rows::default();
    let mut failed = None;
    ask(link, QUERY, |answer| {
        match answer {
            Answer::Rows(rows, _) => found = rows,
            Answer::Failed(report) => failed = Some(refused(&report)),
            Answer::Done(_) | Answer::Bulk(..) => {}
        }
        Ok(())
    })
    .await?;
    match failed {
        Some(failure) => Err(failure.into()),
        None => Ok(tables(found.rows, choice)),
    }
}

fn refused(report: &Report<'_>) -> Failure {
    let why = report.text(field::MESSAGE);
    Failure::new(Exit::No, format!("which tables there are cannot be read: {why}"))
        .hint("it takes a policy that lets you read tables of `pg_catalog`")
}

fn tables(rows: Vec<Vec<Option<String>>>, choice: &Choice) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let Ok([schema, table, kind, count, column, type_name, domain, comment, oid, label]) =
            <[Option<String>; 10]>::try_from(row)
        else {
            continue;
        };
        let (Some(schema), Some(name), Some(column)) = (schema, table, column) else { continue };
        if !choice.wants(&schema, &name) {
            continue;
        }
        let column = Column {
            name: column,
            type_name: type_name.unwrap_or_default(),
            domain,
            comment,
            label,
            type_oid: oid.and_then(|oid| oid.parse().ok()).unwrap_or_default(),
        };
        match tables.last_mut() {
            Some(last) if last.schema == schema && last.name == name => last.columns.push(column),
            _ => tables.push(Table {
                schema,
                name,
                samples: matches!(kind.as_deref(), Some("r" | "p" | "m")),
                rows: count.as_deref().and_then(whole),
                columns: vec![column],
            }),
        }
    }
    tables
}

/// `reltuples` is a `real`: `1.5e+06`, and -1 where nobody counted yet.
fn whole(text: &str) -> Option<u64> {
    let number: f64 = text.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and an estimate"
    )]
    (number >= 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 10]) -> Vec<Option<String>> {
        cells.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect()
    }

    #[test]
    fn columns_are_gathered_by_table_and_only_what_is_wanted_is_kept() {
        let rows = || {
            vec![
                row(["public", "customers", "r", "1.5e+06", "id", "int4", "", "", "23", ""]),
                row([
                    "public",
                    "customers",
                    "r",
                    "1.5e+06",
                    "ssn",
                    "text",
                    "ssn_t",
                    "their SSN",
                    "25",
                    "us_ssn; secret",
                ]),
                row(["public", "orders", "f", "-1", "id", "int8", "", "", "20", ""]),
                row(["sales", "customers", "m", "0", "id", "int8", "", "", "20", ""]),
            ]
        };
        let all = tables(rows(), &Choice::new(&[], &[]).unwrap());
        let ids: Vec<_> = all.iter().map(Table::id).collect();
        assert_eq!(ids, ["public.customers", "public.orders", "sales.customers"]);
        assert_eq!((all[0].rows, all[0].samples, all[0].columns.len()), (Some(1_500_000), true, 2));
        let ssn = &all[0].columns[1];
        assert_eq!(ssn.domain.as_deref(), Some("ssn_t"));
        assert_eq!(ssn.comment.as_deref(), Some("their SSN"));
        assert_eq!(ssn.label.as_deref(), Some("us_ssn; secret"));
        assert_eq!((all[1].rows, all[1].samples), (None, false));
        let some = Choice::new(&["public".into()], &["cust*".into(), "x".into()]).unwrap();
        assert_eq!(tables(rows(), &some).len(), 1);
        assert!(Choice::new(&["[".into()], &[]).is_err());
    }
}
