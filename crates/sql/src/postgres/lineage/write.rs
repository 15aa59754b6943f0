//! What INSERT, UPDATE and MERGE put where, and what they return.

use std::rc::Rc;

use pg_query::protobuf::{
    DeleteStmt, InsertStmt, MergeStmt, RangeVar, ReturningClause, ReturningOptionKind, UpdateStmt,
};
use pg_query::{Node, NodeEnum as N};

use super::shape::{self, Column, Shape};
use super::{Item, Level, Tracer, untraced};
use crate::RelationName;

type Outer<'l, 't> = Option<&'l Level<'l, 't>>;

impl<'t> Tracer<'t> {
    pub(super) fn insert(&mut self, insert: &'t InsertStmt, outer: Outer<'_, 't>) -> Option<Shape> {
        let visible = self.withs.len();
        self.with(insert.with_clause.as_ref(), outer);
        let target = insert.relation.as_ref()?;
        let into = (self.place)(target);
        let named: Vec<Rc<str>> = insert
            .cols
            .iter()
            .filter_map(|column| match &column.node {
                Some(N::ResTarget(column)) => Some(Rc::from(column.name.as_str())),
                _ => None,
            })
            .collect();
        let columns = match insert.select_stmt.as_deref() {
            Some(rows) => self.subquery(Some(rows), outer),
            None => Vec::new(),
        };
        let named = if named.is_empty() { self.columns_of(&into) } else { named };
        let columns = self.assigned(&columns, &named);
        self.keep(&into, &columns);
        let shape = Rc::new(self.relation_shape(target));
        let level = self.target_level(target, &shape, outer);
        if let Some(conflict) = insert.on_conflict_clause.as_deref() {
            let mut with_excluded = Level { items: level.items.clone(), outer };
            with_excluded.items.push(Item {
                name: "excluded",
                schema: "",
                shape: Rc::new(columns),
            });
            self.assign(&into, &conflict.target_list, &with_excluded);
            self.filter(conflict.where_clause.as_deref(), &with_excluded);
        }
        let returned = self.returning(insert.returning_clause.as_ref(), level, &shape);
        self.withs.truncate(visible);
        returned
    }

    pub(super) fn update(&mut self, update: &'t UpdateStmt, outer: Outer<'_, 't>) -> Option<Shape> {
        let visible = self.withs.len();
        self.with(update.with_clause.as_ref(), outer);
        let target = update.relation.as_ref()?;
        let into = (self.place)(target);
        let shape = Rc::new(self.relation_shape(target));
        let mut level = self.target_level(target, &shape, outer);
        let (others, star) = self.rows_of(&update.from_clause, outer);
        level.items.extend(others.items);
        self.assign(&into, &update.target_list, &level);
        self.filter(update.where_clause.as_deref(), &level);
        let star = Rc::new(shape.iter().cloned().chain(star).collect());
        let returned = self.returning(update.returning_clause.as_ref(), level, &star);
        self.withs.truncate(visible);
        returned
    }

    pub(super) fn delete(&mut self, delete: &'t DeleteStmt, outer: Outer<'_, 't>) -> Option<Shape> {
        let visible = self.withs.len();
        self.with(delete.with_clause.as_ref(), outer);
        let target = delete.relation.as_ref()?;
        let shape = Rc::new(self.relation_shape(target));
        let mut level = self.target_level(target, &shape, outer);
        let (others, star) = self.rows_of(&delete.using_clause, outer);
        level.items.extend(others.items);
        self.filter(delete.where_clause.as_deref(), &level);
        let star = Rc::new(shape.iter().cloned().chain(star).collect());
        let returned = self.returning(delete.returning_clause.as_ref(), level, &star);
        self.withs.truncate(visible);
        returned
    }

    pub(super) fn merge(&mut self, merge: &'t MergeStmt, outer: Outer<'_, 't>) -> Option<Shape> {
        let visible = self.withs.len();
        self.with(merge.with_clause.as_ref(), outer);
        let target = merge.relation.as_ref()?;
        let into = (self.place)(target);
        let shape = Rc::new(self.relation_shape(target));
        let mut level = self.target_level(target, &shape, outer);
        let source = merge.source_relation.as_deref().map_or(&[][..], std::slice::from_ref);
        let (others, star) = self.rows_of(source, outer);
        level.items.extend(others.items);
        self.filter(merge.join_condition.as_deref(), &level);
        for when in &merge.merge_when_clauses {
            let Some(N::MergeWhenClause(when)) = &when.node else { continue };
            self.filter(when.condition.as_deref(), &level);
            if when.values.is_empty() {
                self.assign(&into, &when.target_list, &level);
                continue;
            }
            let named = when.target_list.iter().filter_map(|column| match &column.node {
                Some(N::ResTarget(column)) => Some(Rc::from(column.name.as_str())),
                _ => None,
            });
            let named: Vec<Rc<str>> = named.collect();
            let named = if named.is_empty() { self.columns_of(&into) } else { named };
            let values: Shape = when
                .values
                .iter()
                .map(|value| Column::One { name: None, from: self.value(value, &level) })
                .collect();
            let columns = self.assigned(&values, &named);
            self.keep(&into, &columns);
        }
        let star = Rc::new(star.into_iter().chain(shape.iter().cloned()).collect());
        let returned = self.returning(merge.returning_clause.as_ref(), level, &star);
        self.withs.truncate(visible);
        returned
    }

    /// Notes that these columns become a relation's.
    pub(super) fn keep(&mut self, into: &RelationName, columns: &Shape) {
        let each = shape::single(columns, &mut self.names);
        for column in &each {
            let (name, from) = match column {
                Column::One { name, from } => (name.clone(), from.clone()),
                other => (None, shape::whole(std::slice::from_ref(other))),
            };
            if !from.is_nothing() {
                self.stored.push((into.clone(), name, from));
            }
        }
    }

    /// SET: each column takes what its value is made of.
    fn assign(&mut self, into: &RelationName, targets: &'t [Node], level: &Level<'_, 't>) {
        for target in targets {
            let Some(N::ResTarget(target)) = &target.node else {
                self.stored.push((into.clone(), None, untraced()));
                continue;
            };
            let from = self.values_of(target.val.as_deref(), level);
            if !from.is_nothing() {
                let name = Some(Rc::from(target.name.as_str()));
                self.stored.push((into.clone(), name, from));
            }
        }
    }

    /// Values under the names of the columns they are given to.
    fn assigned(&mut self, columns: &Shape, named: &[Rc<str>]) -> Shape {
        let mut columns = shape::single(columns, &mut self.names);
        // A row that is shorter than the names leaves the rest to their defaults.
        let count = columns.len().min(named.len());
        let exact = columns.iter().all(|column| matches!(column, Column::One { .. }));
        let named = if exact { named.get(..count).unwrap_or_default() } else { named };
        if named.is_empty() {
            for column in &mut columns {
                if let Column::One { name, .. } = column {
                    *name = None;
                }
            }
        }
        shape::renamed(&columns, named, &mut self.names)
    }

    fn columns_of(&self, relation: &RelationName) -> Vec<Rc<str>> {
        let columns = self.scope.columns(relation).unwrap_or_default();
        columns.into_iter().map(Rc::from).collect()
    }

    fn target_level<'l>(
        &mut self,
        target: &'t RangeVar,
        shape: &Rc<Shape>,
        outer: Outer<'l, 't>,
    ) -> Level<'l, 't> {
        let name = target.alias.as_ref().map_or(&target.relname, |alias| &alias.aliasname);
        let schema = if target.alias.is_some() { "" } else { target.schemaname.as_str() };
        Level { items: vec![Item { name, schema, shape: Rc::clone(shape) }], outer }
    }

    fn returning(
        &mut self,
        returning: Option<&'t ReturningClause>,
        mut level: Level<'_, 't>,
        star: &Rc<Shape>,
    ) -> Option<Shape> {
        let returning = returning?;
        // The row before and after, under these names or those that are given.
        let (mut old, mut new) = ("old", "new");
        for option in &returning.options {
            if let Some(N::ReturningOption(option)) = &option.node {
                match option.option() {
                    ReturningOptionKind::ReturningOptionOld => old = &option.value,
                    ReturningOptionKind::ReturningOptionNew => new = &option.value,
                    ReturningOptionKind::Undefined => {}
                }
            }
        }
        let target = level.items.first().map(|item| Rc::clone(&item.shape)).unwrap_or_default();
        for name in [old, new] {
            if level.items.iter().all(|item| item.name != name) {
                // Last, so that a relation of that name is found before it.
                level.items.push(Item { name, schema: "", shape: Rc::clone(&target) });
            }
        }
        Some(self.targets(&returning.exprs, &level, star, &[]))
    }
}
