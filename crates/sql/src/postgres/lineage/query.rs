//! Queries: what their columns are made of.

use std::rc::Rc;

use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{CommonTableExpr, SelectStmt, SetOperation, WithClause};
use pg_query::{Node, NodeEnum as N};

use super::super::name::word;
use super::flow::Stream;
use super::shape::{self, Column, Shape};
use super::{Level, Tracer, title, untraced};

/// How often a recursive query is gone through before its columns count as made of one another.
const ROUNDS: usize = 12;

type Outer<'l, 't> = Option<&'l Level<'l, 't>>;

impl<'t> Tracer<'t> {
    /// The columns of a statement; `None` where it returns no rows.
    pub(super) fn query(&mut self, node: &'t Node, outer: Outer<'_, 't>) -> Option<Shape> {
        let unknown = Some(vec![Column::Open(untraced())]);
        match &node.node {
            Some(N::SelectStmt(select)) => Some(self.select(select, outer)),
            Some(N::InsertStmt(insert)) => self.deeper(unknown, |this| this.insert(insert, outer)),
            Some(N::UpdateStmt(update)) => self.deeper(unknown, |this| this.update(update, outer)),
            Some(N::DeleteStmt(delete)) => self.deeper(unknown, |this| this.delete(delete, outer)),
            Some(N::MergeStmt(merge)) => self.deeper(unknown, |this| this.merge(merge, outer)),
            _ => unknown,
        }
    }

    /// The columns of a query that stands inside a statement.
    pub(super) fn subquery(&mut self, node: Option<&'t Node>, outer: Outer<'_, 't>) -> Shape {
        node.and_then(|node| self.query(node, outer))
            .unwrap_or_else(|| vec![Column::Open(untraced())])
    }

    fn select(&mut self, select: &'t SelectStmt, outer: Outer<'_, 't>) -> Shape {
        self.deeper(vec![Column::Open(untraced())], |this| {
            let visible = this.withs.len();
            this.with(select.with_clause.as_ref(), outer);
            let columns = if !select.values_lists.is_empty() {
                this.values(select, outer)
            } else if select.op() == SetOperation::SetopNone {
                this.plain(select, outer)
            } else {
                this.both(select, outer)
            };
            this.withs.truncate(visible);
            columns
        })
    }

    fn both(&mut self, select: &'t SelectStmt, outer: Outer<'_, 't>) -> Shape {
        let (Some(left), Some(right)) = (&select.larg, &select.rarg) else {
            return vec![Column::Open(untraced())];
        };
        let left = self.select(left, outer);
        let right = self.select(right, outer);
        let mut merged = shape::merged(&left, &right, &mut self.names);
        if select.op() != SetOperation::SetopUnion {
            // Which rows are left tells what is in the other.
            self.filters.join(&shape::whole(&left));
            self.filters.join(&shape::whole(&right));
        }
        if merged.is_empty() {
            merged = vec![Column::Open(untraced())];
        }
        merged
    }

    fn values(&mut self, select: &'t SelectStmt, outer: Outer<'_, 't>) -> Shape {
        let level = Level { items: Vec::new(), outer };
        let mut all: Option<Shape> = None;
        for row in &select.values_lists {
            let Some(N::List(row)) = &row.node else { return vec![Column::Open(untraced())] };
            let mut columns = Vec::with_capacity(row.items.len());
            for (index, item) in row.items.iter().enumerate() {
                let name = Some(Rc::from(format!("column{}", index + 1)));
                columns.push(Column::One { name, from: self.value(item, &level) });
            }
            all = Some(match all {
                None => columns,
                Some(before) => shape::merged(&before, &columns, &mut self.names),
            });
        }
        all.unwrap_or_default()
    }

    fn plain(&mut self, select: &'t SelectStmt, outer: Outer<'_, 't>) -> Shape {
        let (level, star) = self.rows_of(&select.from_clause, outer);
        self.filter(select.where_clause.as_deref(), &level);
        let columns = self.targets(&select.target_list, &level, &star, &select.window_clause);
        for node in select.group_clause.iter().chain(&select.distinct_clause) {
            self.looks_at(node, &columns, &level);
        }
        for node in &select.sort_clause {
            if let Some(N::SortBy(by)) = &node.node
                && let Some(by) = by.node.as_deref()
            {
                self.looks_at(by, &columns, &level);
            }
        }
        for node in &select.window_clause {
            self.filter(Some(node), &level);
        }
        self.filter(select.having_clause.as_deref(), &level);
        self.filter(select.limit_offset.as_deref(), &level);
        self.filter(select.limit_count.as_deref(), &level);
        columns
    }

    /// A condition.
    pub(super) fn filter(&mut self, node: Option<&'t Node>, level: &Level<'_, 't>) {
        let Some(node) = node else { return };
        let value = self.value(node, level);
        self.filters.join(&value);
    }

    /// A term of GROUP BY, ORDER BY or DISTINCT ON: a column's number, its name, or an expression.
    fn looks_at(&mut self, node: &'t Node, columns: &Shape, level: &Level<'_, 't>) {
        let value = match &node.node {
            // A column's number. Which one it is must not matter: statements that differ in plain numbers
            // alone have one reading.
            Some(N::AConst(constant)) if matches!(constant.val, Some(Val::Ival(_))) => {
                shape::whole(columns)
            }
            Some(N::AConst(_)) => Stream::default(),
            Some(N::ColumnRef(column)) if column.fields.len() == 1 => {
                let mut found = Stream::default();
                let name = column.fields.first().and_then(word).unwrap_or_default();
                match shape::find(columns, name, &mut self.names, &mut found) {
                    shape::Hit::None => self.value(node, level),
                    // GROUP BY takes an input column before an output's name.
                    _ => match self.named(name, level) {
                        Some(input) => found.and(&input),
                        None => found,
                    },
                }
            }
            _ => self.value(node, level),
        };
        self.filters.join(&value);
    }

    /// A target list.
    pub(super) fn targets(
        &mut self,
        targets: &'t [Node],
        level: &Level<'_, 't>,
        star: &Shape,
        windows: &'t [Node],
    ) -> Shape {
        let mut windowed = Stream::default();
        for window in windows {
            windowed.join(&self.value(window, level));
        }
        let windowed = windowed.fact();
        let mut columns = Vec::with_capacity(targets.len());
        for target in targets {
            let Some(N::ResTarget(target)) = &target.node else {
                columns.push(Column::Open(untraced()));
                continue;
            };
            let Some(value) = target.val.as_deref() else {
                columns.push(Column::One { name: None, from: untraced() });
                continue;
            };
            if let Some(many) = self.star(value, level, star) {
                columns.extend(many);
                continue;
            }
            let name = if target.name.is_empty() {
                title::of(value).map(Rc::from)
            } else {
                Some(Rc::from(target.name.as_str()))
            };
            let mut from = self.value(value, level);
            // A named window may be used anywhere in it.
            if !windowed.is_nothing() && title::calls_over_window(value) {
                from.join(&windowed);
            }
            columns.push(Column::One { name, from });
        }
        columns
    }

    /// WITH: its queries can be seen from here on.
    pub(super) fn with(&mut self, with: Option<&'t WithClause>, outer: Outer<'_, 't>) {
        let Some(with) = with else { return };
        let queries = with.ctes.iter().filter_map(|cte| match &cte.node {
            Some(N::CommonTableExpr(cte)) => Some(&**cte),
            _ => None,
        });
        let queries: Vec<&'t CommonTableExpr> = queries.collect();
        if !with.recursive {
            for cte in queries {
                let columns = self.with_query(cte, outer);
                self.withs.push((&cte.ctename, Rc::new(columns)));
            }
            return;
        }
        let first = self.withs.len();
        self.withs.extend(
            queries
                .iter()
                .map(|cte| (cte.ctename.as_str(), Rc::new(vec![Column::Open(Stream::default())]))),
        );
        for round in 0.. {
            let mut changed = false;
            for (index, cte) in queries.iter().enumerate() {
                let mut columns = self.with_query(cte, outer);
                if round >= ROUNDS {
                    columns = vec![Column::Open(shape::whole(&columns).and(&untraced()))];
                }
                let Some((_, known)) = self.withs.get_mut(first + index) else { continue };
                changed |= !same(known, &columns);
                *known = Rc::new(columns);
            }
            if !changed || round > ROUNDS || self.left == 0 {
                return;
            }
        }
    }

    fn with_query(&mut self, cte: &'t CommonTableExpr, outer: Outer<'_, 't>) -> Shape {
        let columns = self.subquery(cte.ctequery.as_deref(), outer);
        let aliases = names_of(&cte.aliascolnames);
        let mut columns = shape::renamed(&columns, &aliases, &mut self.names);
        let all = shape::whole(&columns).computed();
        let mut also = |name: &str| {
            let name = Some(Rc::from(name));
            columns.push(Column::One { name, from: all.clone() });
        };
        if let Some(search) = &cte.search_clause {
            also(&search.search_seq_column);
        }
        if let Some(cycle) = cte.cycle_clause.as_deref() {
            also(&cycle.cycle_mark_column);
            also(&cycle.cycle_path_column);
        }
        columns
    }
}

/// The names of a column alias list.
pub(super) fn names_of(nodes: &[Node]) -> Vec<Rc<str>> {
    nodes.iter().filter_map(word).map(Rc::from).collect()
}

fn same(one: &Shape, other: &Shape) -> bool {
    let alike = |pair: (&Column, &Column)| match pair {
        (Column::One { from: one, .. }, Column::One { from: other, .. })
        | (Column::Open(one), Column::Open(other)) => one == other,
        (Column::Table { relation: one, .. }, Column::Table { relation: other, .. })
        | (Column::Unknown { relation: one }, Column::Unknown { relation: other }) => one == other,
        _ => false,
    };
    one.len() == other.len() && one.iter().zip(other).all(alike)
}
