//! Where the columns of a result come from, and what is stored where.
//!
//! ```text
//!   query.rs ──► from.rs ──► shape.rs      FROM: rows whose columns have names and sources
//!      │            │
//!      │            └──► flow.rs           sets of sources
//!      ├──► expression.rs ─► call.rs       a value: of what is it made?
//!      ├──► title.rs                       what a column without AS is called
//!      └──► write.rs                       what a statement puts where
//! ```
//!
//! Names are looked up as PostgreSQL does (`parse_relation.c`): the innermost level first, a column
//! before a whole row. Where a relation's columns are not known, a name may be one of them: then
//! every relation that it may be of counts. What is not named here is not traced, and whoever asks
//! must take it for anything the statement reads.

mod call;
mod expression;
mod flow;
mod from;
mod query;
mod shape;
mod title;
mod write;

use std::rc::Rc;

use model::Parent;
use pg_query::Node;
use pg_query::protobuf::RangeVar;
use rustc_hash::FxHashSet;

use self::flow::{Names, Stream};
use self::shape::{Column, Shape};
use crate::{Lineage, Output, Outputs, Reach, RelationName, Scope, Stored};

/// What was traced of a statement.
#[derive(Debug, Default)]
pub(super) struct Traced {
    pub(super) outputs: Outputs,
    /// What its conditions, joins, groups and orders look at.
    pub(super) filters: Lineage,
    /// What it puts where.
    pub(super) stored: Vec<Stored>,
    /// The calls, by where their arguments stand, whose arguments are in `stored`.
    pub(super) keepers: FxHashSet<usize>,
    /// It was traced to its end.
    pub(super) complete: bool,
}

/// Nodes that are looked at before a statement counts as too large to trace.
const MOST_NODES: u32 = 300_000;

/// How deep a tree is followed.
const DEEPEST: u32 = 250;

/// What a name in a statement may mean, from the innermost level outwards.
struct Level<'l, 't> {
    items: Vec<Item<'t>>,
    outer: Option<&'l Level<'l, 't>>,
}

/// Something in FROM that has a name.
#[derive(Clone)]
struct Item<'t> {
    name: &'t str,
    schema: &'t str,
    shape: Rc<Shape>,
}

struct Tracer<'t> {
    scope: &'t dyn Scope,
    /// Where names stand; the reader's rules.
    place: &'t dyn Fn(&RangeVar) -> RelationName,
    names: Names,
    /// WITH queries that can be seen, the innermost last.
    withs: Vec<(&'t str, Rc<Shape>)>,
    filters: Stream,
    stored: Vec<(RelationName, Option<Rc<str>>, Stream)>,
    /// What functions that keep it are given, by their names.
    kept: Vec<(&'t str, Stream)>,
    keepers: FxHashSet<usize>,
    left: u32,
    depth: u32,
}

/// Traces a query, or a statement that may return rows.
pub(super) fn trace(
    node: &Node,
    scope: &dyn Scope,
    place: &dyn Fn(&RangeVar) -> RelationName,
) -> Traced {
    let mut tracer = Tracer::new(scope, place);
    let shape = tracer.query(node, None);
    let outputs = match shape {
        Some(shape) => Outputs::Rows(tracer.outputs(&shape)),
        None => Outputs::None,
    };
    tracer.end(outputs)
}

/// Traces a query whose rows become a relation's.
pub(super) fn trace_into(
    node: &Node,
    into: &RelationName,
    columns: &[&str],
    scope: &dyn Scope,
    place: &dyn Fn(&RangeVar) -> RelationName,
) -> Traced {
    let mut tracer = Tracer::new(scope, place);
    if let Some(shape) = tracer.query(node, None) {
        let aliases: Vec<Rc<str>> = columns.iter().map(|name| Rc::from(*name)).collect();
        let shape = shape::renamed(&shape, &aliases, &mut tracer.names);
        tracer.keep(into, &shape);
    }
    tracer.end(Outputs::None)
}

/// Traces what a column of a table is given, computed from the table's own row.
pub(super) fn trace_column(
    table: &RangeVar,
    column: &str,
    value: &Node,
    scope: &dyn Scope,
    place: &dyn Fn(&RangeVar) -> RelationName,
) -> Traced {
    let mut tracer = Tracer::new(scope, place);
    let level = Level { items: vec![tracer.relation_item(table)], outer: None };
    let from = tracer.value(value, &level);
    let name = Some(Rc::from(column));
    tracer.keep(&place(table), &vec![Column::One { name, from }]);
    tracer.end(Outputs::None)
}

impl<'t> Tracer<'t> {
    fn new(scope: &'t dyn Scope, place: &'t dyn Fn(&RangeVar) -> RelationName) -> Self {
        Self {
            scope,
            place,
            names: Names::default(),
            withs: Vec::new(),
            filters: Stream::default(),
            stored: Vec::new(),
            kept: Vec::new(),
            keepers: FxHashSet::default(),
            left: MOST_NODES,
            depth: 0,
        }
    }

    fn end(self, outputs: Outputs) -> Traced {
        let exhausted = self.left == 0;
        let untraced = |lineage: Lineage| if exhausted { Lineage::untraced() } else { lineage };
        let stored = self.stored.iter().map(|(into, column, from)| Stored {
            into: into.clone(),
            column: column.as_deref().map(Into::into),
            from: untraced(self.names.lineage(from)),
            by: None,
        });
        let kept = self.kept.iter().map(|(by, from)| Stored {
            into: RelationName {
                schema: Parent::Is("pg_catalog".to_owned()),
                name: (*by).to_owned(),
            },
            column: None,
            from: untraced(self.names.lineage(from)),
            by: Some((*by).into()),
        });
        let stored = stored.chain(kept).collect();
        Traced {
            outputs: if exhausted && outputs != Outputs::None { Outputs::Unknown } else { outputs },
            filters: untraced(self.names.lineage(&self.filters)),
            stored,
            keepers: self.keepers,
            complete: !exhausted,
        }
    }

    fn outputs(&mut self, shape: &Shape) -> Vec<Output> {
        let each = shape::single(shape, &mut self.names);
        let output = |column: &Column| match column {
            Column::One { name, from } => Output::Column {
                name: name.as_deref().map(Into::into),
                from: self.names.lineage(from),
            },
            other => Output::Many(self.names.lineage(&shape::whole(std::slice::from_ref(other)))),
        };
        each.iter().map(output).collect()
    }

    /// One level deeper; what is too deep or too much is not traced.
    fn deeper<T>(&mut self, untraced: T, trace: impl FnOnce(&mut Self) -> T) -> T {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || self.depth >= DEEPEST {
            self.left = 0;
            return untraced;
        }
        self.depth += 1;
        let traced = trace(self);
        self.depth -= 1;
        traced
    }
}

/// What was not traced.
const fn untraced() -> Stream {
    Stream::reaching(Reach::Touched)
}
