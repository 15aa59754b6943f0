//! Some rows of a table, as whoever scans may see them.

use anyhow::Result;
use wire::postgres::error::{Report, field, sqlstate};

use super::tables::Table;
use crate::error::{Exit, Failure};
use crate::native::{Answer, Link, Rows, ask, ask_briefly};

/// Of one value so many bytes are looked at: a number or an address stands at its beginning.
const LONGEST: usize = 4 << 10;
/// A table with more rows than this many times what is wanted is sampled by its blocks.
const LARGE: u64 = 20;

/// What asking for a table came to.
pub(super) enum Sampled {
    /// The rows, their values cut short.
    Rows(Rows),
    /// None, and why; `last`: nothing more can be asked.
    Failed { why: String, last: bool },
}

/// No statement of this session takes longer, waits for a lock for long, or changes anything.
pub(super) async fn limit(link: &mut Link, seconds: u32) -> Result<()> {
    for setting in [
        format!("SET statement_timeout = '{seconds}s'"),
        format!("SET lock_timeout = '{seconds}s'"),
        "SET default_transaction_read_only = on".to_owned(),
    ] {
        let mut failed = None;
        ask(link, &setting, |answer| {
            if let Answer::Failed(report) = answer {
                failed = Some(report.text(field::MESSAGE).into_owned());
            }
            Ok(())
        })
        .await?;
        if let Some(why) = failed {
            return Err(Failure::new(Exit::No, format!("`{setting}` is refused: {why}"))
                .hint("a scan bounds what it asks: it takes a policy that lets you `set`")
                .into());
        }
    }
    Ok(())
}

/// Asks for so many rows of a table. A large one is sampled, and asked again from its beginning when
/// the sample holds nothing.
pub(super) async fn table(link: &mut Link, table: &Table, rows: u32) -> Result<Sampled> {
    let mut last = Sampled::Rows(Rows::default());
    for sql in statements(table, rows) {
        last = one(link, &sql).await?;
        if !matches!(&last, Sampled::Rows(rows) if rows.rows.is_empty()) {
            break;
        }
    }
    Ok(last)
}

async fn one(link: &mut Link, sql: &str) -> Result<Sampled> {
    let mut sampled = Sampled::Rows(Rows::default());
    ask_briefly(link, sql, LONGEST, |answer| {
        match answer {
            Answer::Rows(rows, _) => sampled = Sampled::Rows(rows),
            Answer::Failed(report) => {
                sampled = Sampled::Failed { why: why(&report), last: report.is_fatal() };
            }
            Answer::Done(_) | Answer::Bulk(..) => {}
        }
        Ok(())
    })
    .await?;
    Ok(sampled)
}

/// What is said of a failure: a refusal in its own words, of anything else only what kind it is, for
/// a target's message may quote a value.
fn why(report: &Report<'_>) -> String {
    let code = report.text(field::CODE);
    match code.as_ref() {
        sqlstate::INSUFFICIENT_PRIVILEGE => report.text(field::MESSAGE).into_owned(),
        "57014" => "it took too long; --timeout gives it more".to_owned(),
        "55P03" => "it is locked".to_owned(),
        code => format!("the target could not (SQLSTATE {code})"),
    }
}

fn statements(table: &Table, rows: u32) -> Vec<String> {
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let (columns, from) =
        (columns.join(", "), format!("{}.{}", quoted(&table.schema), quoted(&table.name)));
    let plain = format!("SELECT {columns} FROM {from} LIMIT {rows}");
    let large = |count: &u64| *count > u64::from(rows) * LARGE;
    match table.rows.filter(large) {
        Some(count) if table.samples => {
            // Four times as many as are wanted: whole blocks are drawn, and some rows of them are dead.
            // In millionths of a hundredth, and never nothing.
            let share = (u128::from(rows) * 400_000_000 / u128::from(count)).max(1);
            let (whole, part) = (share / 1_000_000, share % 1_000_000);
            let sampled = format!(
                "SELECT {columns} FROM {from} TABLESAMPLE SYSTEM ({whole}.{part:06}) LIMIT {rows}"
            );
            vec![sampled, plain]
        }
        _ => vec![plain],
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::super::tables::Column;
    use super::*;

    fn table(rows: Option<u64>) -> Table {
        let column = |name: &str| Column {
            name: name.into(),
            type_name: "text".into(),
            domain: None,
            comment: None,
            label: None,
            type_oid: 25,
        };
        let columns = vec![column("id"), column("a \"b\"")];
        Table { schema: "public".into(), name: "T".into(), samples: true, rows, columns }
    }

    #[test]
    fn a_large_table_is_sampled_and_a_small_one_is_read_from_its_beginning() {
        let plain = "SELECT \"id\", \"a \"\"b\"\"\" FROM \"public\".\"T\" LIMIT 200";
        for rows in [None, Some(0), Some(4000)] {
            assert_eq!(statements(&table(rows), 200), [plain]);
        }
        let large = statements(&table(Some(1_000_000)), 200);
        assert!(
            large[0].ends_with("\"T\" TABLESAMPLE SYSTEM (0.080000) LIMIT 200"),
            "{}",
            large[0]
        );
        assert_eq!(large[1], plain);
        let huge = &statements(&table(Some(1 << 60)), 1)[0];
        assert!(huge.contains("(0.000001)"), "{huge}");
    }

    #[test]
    fn the_targets_own_words_about_a_failure_are_not_repeated() {
        let report = Report::error("22P02", "invalid input: \"536-22-8726\"");
        assert_eq!(why(&report), "the target could not (SQLSTATE 22P02)");
        let report = Report::error("42501", "policy does not let you");
        assert_eq!(why(&report), "policy does not let you");
    }
}
