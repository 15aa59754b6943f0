//! The reverse: what is masked although no classed column flows into it.

use std::fmt::Write as _;

use e2e::Message;

use super::Bed;
use super::forms::{self, Form};
use super::script::statements;
use crate::v15;

/// How many of the columns that could be clear may be masked: what the engine achieves. It may only
/// go down.
const MASKED_FOR_NOTHING: usize = 9;

#[test]
fn ordinary_reports_are_not_masked_for_nothing() {
    let bed = Bed::new(v15(), "app");
    let mut client = bed.house.client("alice");
    let mut direct = bed.database.direct();
    let (mut clear, mut masked, mut list) = (0, 0, String::new());
    for statement in statements("reporting.sql", include_str!("../../../corpus/reporting.sql")) {
        client.forget_received();
        let truth = rows(&forms::run(&mut direct, Form::Extended, &statement));
        let shown = forms::run(&mut client, Form::Extended, &statement);
        assert!(!truth.is_empty(), "{} has no rows", statement.sql);
        let leaked = bed.search.client(client.received(), &shown);
        assert!(leaked.is_empty(), "{}: {leaked:?}", statement.sql);
        let shown = rows(&shown);
        let marked = statement.clear.as_deref().expect("a mark");
        let mut over = Vec::new();
        for column in 0..truth[0].len() {
            let number = (column + 1).to_string();
            if marked != "all" && !marked.split(' ').any(|name| name == number) {
                continue;
            }
            clear += 1;
            let of = |rows: &[Vec<Option<Vec<u8>>>]| -> Vec<_> {
                rows.iter().filter_map(|row| row.get(column).cloned()).collect()
            };
            if of(&truth) != of(&shown) {
                over.push(column + 1);
            }
        }
        masked += over.len();
        if !over.is_empty() {
            let _ = writeln!(list, "{}: columns {over:?} of {}", statement.line, statement.sql);
        }
    }
    eprintln!("{masked} of {clear} columns of reports are masked for nothing");
    assert!(clear > 100, "{clear}");
    assert!(masked <= MASKED_FOR_NOTHING, "{masked} of {clear} are masked for nothing:\n{list}");
}

fn rows(messages: &[Message]) -> Vec<Vec<Option<Vec<u8>>>> {
    messages.iter().filter(|message| message.kind == b'D').map(Message::fields).collect()
}
