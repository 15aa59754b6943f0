//! What is found while a tree is walked.

use model::{Access, Action, Object, ObjectKind, Parent};
use pg_query::protobuf::RangeVar;
use pg_query::{Node, NodeEnum as N};
use rustc_hash::{FxHashMap, FxHashSet};

use super::after::makes_functions;
use super::lineage::{self, Traced};
use crate::{Limits, RelationName, Scope, Statement, Unreadable};

/// Walks one statement's tree and takes down what it does.
pub(super) struct Reader<'t> {
    pub(super) scope: &'t dyn Scope,
    pub(super) limits: &'t Limits,
    /// What is found so far.
    pub(super) found: Statement,
    /// The names of WITH queries that can be seen from here, with how often each was declared.
    ctes: FxHashMap<&'t str, u32>,
    /// The calls that keep what they are given, and those of them whose arguments were traced.
    pub(super) keepers: Vec<usize>,
    traced_keepers: FxHashSet<usize>,
    /// Counts places that rows come from; compared before and after a part of the tree.
    pub(super) sources: usize,
    /// Unqualified names are created here: inside CREATE SCHEMA, whose path is the new schema's.
    pub(super) creating_in: Option<&'t str>,
    /// How many function bodies deep this is.
    pub(super) body_depth: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(scope: &'t dyn Scope, limits: &'t Limits) -> Self {
        Self {
            scope,
            limits,
            found: Statement::default(),
            ctes: FxHashMap::default(),
            keepers: Vec::new(),
            traced_keepers: FxHashSet::default(),
            sources: 0,
            creating_in: None,
            body_depth: 0,
            depth: 0,
        }
    }

    /// Reads a whole statement.
    pub(super) fn read(mut self, node: &'t Node) -> Result<Statement, Unreadable> {
        self.statement(node)?;
        let mut found = self.finish();
        // A trigger makes no function, and does not run the one it names.
        match node.node {
            Some(N::CreateEventTrigStmt(_) | N::AlterEventTrigStmt(_)) => {
                found.may_change_functions = false;
                found.runs_unread = false;
            }
            Some(N::CreateTrigStmt(_)) => found.runs_unread = false,
            _ => {}
        }
        Ok(found)
    }

    /// Where the columns of a query come from, what it looks at, and what it puts where.
    pub(super) fn trace(&mut self, node: &Node) {
        if let Some(N::SelectStmt(select)) = &node.node
            && let Some(into) = select.into_clause.as_deref()
            && let Some(name) = &into.rel
        {
            let relation = self.new_relation(name);
            return self.trace_into(node, &relation, &[]);
        }
        let place = |name: &RangeVar| self.relation(name);
        let traced = lineage::trace(node, self.scope, &place);
        self.traced(traced);
    }

    /// The same of a query whose rows become a relation's, under these names.
    pub(super) fn trace_into(&mut self, node: &Node, into: &RelationName, columns: &[&str]) {
        let place = |name: &RangeVar| self.relation(name);
        let traced = lineage::trace_into(node, into, columns, self.scope, &place);
        self.traced(traced);
    }

    /// What a column of a table is given that is computed from its row.
    pub(super) fn trace_column(&mut self, table: &RangeVar, column: &str, value: &Node) {
        let place = |name: &RangeVar| self.relation(name);
        let traced = lineage::trace_column(table, column, value, self.scope, &place);
        self.traced(traced);
    }

    /// The same of a default or of what a column is generated from. What it takes of the very row the
    /// catalogue tells once the column is there.
    pub(super) fn trace_default(
        &mut self,
        table: &RangeVar,
        relation: &RelationName,
        column: &str,
        value: &Node,
    ) {
        let place = |_: &RangeVar| relation.clone();
        let mut traced = lineage::trace_column(table, column, value, self.scope, &place);
        for stored in &mut traced.stored {
            stored.from.sources.retain(|source| source.relation != *relation);
        }
        traced.stored.retain(|stored| !stored.from.is_nothing());
        self.traced(traced);
    }

    fn traced(&mut self, traced: Traced) {
        self.found.stores |= !traced.complete;
        self.found.outputs = traced.outputs;
        self.found.filters = traced.filters;
        self.found.stored.extend(traced.stored);
        self.traced_keepers.extend(traced.keepers);
    }

    /// What was found, put in order.
    pub(super) fn finish(self) -> Statement {
        let mut found = self.found;
        found.stores |= self.keepers.iter().any(|place| !self.traced_keepers.contains(place));
        found.accesses.sort_unstable();
        found.accesses.dedup();
        found.reads.sort_unstable();
        found.reads.dedup();
        found.may_change_functions = (found.opaque && found.may_change_catalogue)
            || found.accesses.iter().any(makes_functions);
        found
    }

    pub(super) fn access(&mut self, action: Action, object: Object) {
        let access = Access::new(action, object);
        if self.found.accesses.last() != Some(&access) {
            self.found.accesses.push(access);
        }
    }

    /// An access to something that stands directly in the resource.
    pub(super) fn top(&mut self, action: Action, kind: ObjectKind, name: &str) {
        self.access(action, Object::top(kind, name));
    }

    /// An access to the resource as a whole.
    pub(super) fn whole(&mut self, action: Action) {
        self.access(action, Object::resource());
    }

    /// An access to something that stands in a schema.
    pub(super) fn within(&mut self, action: Action, kind: ObjectKind, parent: Parent, name: &str) {
        self.access(action, Object::within(kind, parent, name));
    }

    /// The reading depends on the value of a constant.
    pub(super) fn peek(&mut self) {
        self.found.constants_matter = true;
    }

    /// It may touch anything, now.
    pub(super) fn opaque(&mut self) {
        self.found.opaque = true;
        self.found.may_change_settings = true;
    }

    pub(super) fn changes_catalogue(&mut self) {
        self.found.may_change_catalogue = true;
    }

    /// One level deeper, if that is still allowed.
    pub(super) fn deeper<T>(
        &mut self,
        walk: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        if self.depth >= self.limits.depth {
            return Err(Unreadable::new("it is nested too deeply"));
        }
        self.depth += 1;
        let walked = walk(self);
        self.depth -= 1;
        walked
    }

    pub(super) fn declare_cte(&mut self, name: &'t str) {
        *self.ctes.entry(name).or_default() += 1;
    }

    pub(super) fn forget_cte(&mut self, name: &'t str) {
        if let Some(count) = self.ctes.get_mut(name) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn is_cte(&self, name: &str) -> bool {
        self.ctes.get(name).is_some_and(|count| *count > 0)
    }
}
