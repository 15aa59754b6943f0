//! The suite's statements: SQL that people can read, one statement after another.

/// One statement of a file.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) file: &'static str,
    pub(super) line: usize,
    pub(super) sql: String,
    /// What a client binds to its parameters.
    pub(super) with: Vec<String>,
    /// What stands behind `--! clear:`.
    pub(super) clear: Option<String>,
}

impl Statement {
    /// Whether it is a query, so that COPY, a cursor or EXPLAIN can be put around it.
    pub(super) fn is_query(&self) -> bool {
        let word = self.sql.trim_start_matches('(').split_whitespace().next().unwrap_or_default();
        let query = ["SELECT", "VALUES", "TABLE", "WITH"]
            .iter()
            .any(|start| word.eq_ignore_ascii_case(start));
        // `; SELECT` is several statements.
        query && !self.sql.contains("; ")
    }

    /// Whether another statement can be wrapped around it or it can be parsed alone.
    pub(super) fn is_one(&self) -> bool {
        self.sql.contains("$$") || !self.sql.contains("; ")
    }
}

/// Reads a file: a statement ends with a semicolon at a line's end, outside of `$$`.
pub(super) fn statements(file: &'static str, text: &str) -> Vec<Statement> {
    let mut all = Vec::new();
    let (mut sql, mut with, mut clear, mut start) = (String::new(), Vec::new(), None, 0);
    for (at, line) in text.lines().enumerate() {
        if sql.is_empty() {
            if let Some(value) = line.strip_prefix("--! with: ") {
                with.push(value.to_owned());
                continue;
            }
            if let Some(value) = line.strip_prefix("--! clear: ") {
                clear = Some(value.to_owned());
                continue;
            }
            if line.starts_with("--") || line.trim().is_empty() {
                continue;
            }
            start = at + 1;
        } else {
            sql.push('\n');
        }
        sql.push_str(line);
        let quoted = sql.matches("$$").count() % 2 == 1;
        if let Some(whole) = sql.strip_suffix(';').filter(|_| !quoted) {
            let (with, clear) = (std::mem::take(&mut with), clear.take());
            all.push(Statement { file, line: start, sql: whole.to_owned(), with, clear });
            sql.clear();
        }
    }
    assert!(sql.is_empty(), "{file}: no semicolon ends {sql}");
    all
}
