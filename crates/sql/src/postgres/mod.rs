//! PostgreSQL, read by its own grammar.
//!
//! ```text
//!   text ─► grammar ─► tree ─► statement.rs ─► query.rs ──► expression.rs ─► function.rs
//!                                 │                │             │              what calling it does
//!                                 │                │             └─ every node kind, named
//!                                 │                ├─ predicate.rs   does WHERE restrict anything?
//!                                 │                └─ lineage/       where result columns come from
//!                                 ├─ define.rs, object.rs, grant.rs   what there is, and who may
//!                                 ├─ setting.rs, session.rs           the session's own state
//!                                 └─ copy.rs
//! ```

mod after;
mod copy;
mod define;
mod explain;
mod expression;
mod function;
mod grant;
mod guard;
mod lineage;
mod name;
mod object;
mod predicate;
mod query;
mod reader;
mod routine;
mod session;
mod setting;
mod shape;
mod statement;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pg_query::ParseResult;

use self::after::After;
use self::reader::Reader;
use crate::{Limits, Scope, Statement, Unreadable};

pub use self::shape::shape;

/// Reads a text of any number of statements.
///
/// Names in a later statement are looked up after what the earlier ones may have changed, so they
/// may stand anywhere when a statement before them touches the search path.
///
/// Assumes what the session must make sure of: `standard_conforming_strings` is on and the text is
/// in the client's encoding UTF-8.
///
/// # Errors
/// The text is not understood, and must be treated as if it could do anything.
pub fn read(text: &[u8], scope: &dyn Scope, limits: &Limits) -> Result<Vec<Statement>, Unreadable> {
    let tree = parse(text, limits)?;
    let statements = &tree.protobuf.stmts;
    if statements.len() > limits.statements {
        return Err(Unreadable::new(format!(
            "it holds more than {} statements",
            limits.statements
        )));
    }
    let mut read: Vec<Statement> = Vec::with_capacity(statements.len());
    let mut after = After::nothing(scope);
    for raw in statements {
        let Some(node) = raw.stmt.as_deref() else {
            return Err(Unreadable::new("the grammar returned an empty statement"));
        };
        let statement = Reader::new(&after, limits).read(node)?;
        after.and(&statement);
        read.push(statement);
    }
    Ok(read)
}

/// The tree of a text that keeps the limits.
fn parse(text: &[u8], limits: &Limits) -> Result<ParseResult, Unreadable> {
    if text.len() > limits.bytes {
        return Err(Unreadable::new(format!("it is longer than {} bytes", limits.bytes)));
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(Unreadable::new("it is not UTF-8"));
    };
    if text.contains('\0') {
        return Err(Unreadable::new("it holds a NUL byte"));
    }
    guard::keeps_proportion(text, limits)?;
    // The binding walks the tree once more on its own and panics where it finds it odd.
    match catch_unwind(AssertUnwindSafe(|| pg_query::parse(text, 0))) {
        Ok(Ok(tree)) => Ok(tree),
        Ok(Err(pg_query::Error::Decode(_))) => {
            Err(Unreadable::new("it is nested too deeply, or chains too many operators"))
        }
        Ok(Err(pg_query::Error::Parse(message))) => Err(Unreadable::new(shortened(message))),
        Ok(Err(_)) => Err(Unreadable::new("the grammar does not take it")),
        Err(_) => Err(Unreadable::new("the grammar's binding failed on it")),
    }
}

/// The grammar quotes the text it stumbled over, to its end if need be.
fn shortened(mut message: String) -> String {
    const LONGEST: usize = 200;
    if message.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
        message.truncate(end);
        message.push('…');
    }
    message
}
