//! FROM: what rows there are, under which names.

use std::rc::Rc;

use pg_query::protobuf::{Alias, JoinExpr, RangeFunction, RangeVar};
use pg_query::{Node, NodeEnum as N};

use super::super::name::{qualified, word, words};
use super::super::query::CARRIES_VALUES;
use super::flow::Stream;
use super::query::names_of;
use super::shape::{self, Column, Hit, Shape};
use super::{Item, Level, Tracer, untraced};
use crate::Reach;

/// Functions that return one column, whatever they are given.
const ONE_COLUMN: &[&str] = &[
    "generate_series",
    "generate_subscripts",
    "unnest",
    "string_to_table",
    "regexp_split_to_table",
    "regexp_matches",
    "json_array_elements",
    "json_array_elements_text",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "json_object_keys",
    "jsonb_object_keys",
    "jsonb_path_query",
];

/// What an item of FROM brings: names, and the columns of a star in order.
#[derive(Default)]
struct Part<'t> {
    items: Vec<Item<'t>>,
    star: Shape,
}

impl<'t> Tracer<'t> {
    /// A whole FROM clause: its level, and the columns of `*`.
    pub(super) fn rows_of<'l>(
        &mut self,
        from: &'t [Node],
        outer: Option<&'l Level<'l, 't>>,
    ) -> (Level<'l, 't>, Shape) {
        let mut level = Level { items: Vec::new(), outer };
        let mut star = Vec::new();
        for node in from {
            let part = self.part(node, &level);
            level.items.extend(part.items);
            star.extend(part.star);
        }
        (level, star)
    }

    /// One item of FROM. `beside` holds the items before it, which LATERAL may use.
    fn part(&mut self, node: &'t Node, beside: &Level<'_, 't>) -> Part<'t> {
        let lost = || Part { items: Vec::new(), star: vec![Column::Open(untraced())] };
        self.deeper(None, |this| {
            Some(match &node.node {
                Some(N::RangeVar(name)) => {
                    let item = this.relation_item(name);
                    Part { star: (*item.shape).clone(), items: vec![item] }
                }
                Some(N::RangeSubselect(inner)) => {
                    let outer = if inner.lateral { Some(beside) } else { beside.outer };
                    let columns = this.subquery(inner.subquery.as_deref(), outer);
                    this.named_part(inner.alias.as_ref(), "", columns)
                }
                Some(N::JoinExpr(join)) => this.join(join, beside),
                Some(N::RangeFunction(function)) => this.range_function(function, beside),
                Some(N::RangeTableSample(sample)) => {
                    for argument in sample.args.iter().chain(sample.repeatable.as_deref()) {
                        this.filter(Some(argument), beside);
                    }
                    match sample.relation.as_deref() {
                        Some(relation) => this.part(relation, beside),
                        None => lost(),
                    }
                }
                Some(N::RangeTableFunc(function)) => {
                    let mut from = Stream::default();
                    let parts = [&function.docexpr, &function.rowexpr];
                    for part in parts.into_iter().flatten() {
                        from.join(&this.value(part, beside));
                    }
                    from.join(&this.values_of(&function.namespaces, beside));
                    for column in &function.columns {
                        let Some(N::RangeTableFuncCol(column)) = &column.node else { continue };
                        for part in [&column.colexpr, &column.coldefexpr].into_iter().flatten() {
                            from.join(&this.value(part, beside));
                        }
                    }
                    let columns = function.columns.iter().map(|column| match &column.node {
                        Some(N::RangeTableFuncCol(column)) => Column::One {
                            name: Some(Rc::from(column.colname.as_str())),
                            from: from.clone().computed(),
                        },
                        _ => Column::Open(untraced()),
                    });
                    let columns = columns.collect();
                    this.named_part(function.alias.as_ref(), "xmltable", columns)
                }
                Some(N::JsonTable(table)) => {
                    let mut from = this.json_value(table.context_item.as_deref(), beside);
                    for node in &table.passing {
                        from.join(&this.value(node, beside));
                    }
                    if let Some(otherwise) = table.on_error.as_deref() {
                        from.join(&this.values_of(otherwise.expr.as_deref(), beside));
                    }
                    from.join(&this.defaults_of(&table.columns, beside));
                    let columns = vec![Column::Open(from.computed())];
                    this.named_part(table.alias.as_ref(), "json_table", columns)
                }
                _ => lost(),
            })
        })
        .unwrap_or_else(lost)
    }

    /// What JSON_TABLE's columns hold where the document has nothing for them.
    fn defaults_of(&mut self, columns: &'t [Node], beside: &Level<'_, 't>) -> Stream {
        self.deeper(untraced(), |this| {
            let mut all = Stream::default();
            for column in columns {
                let Some(N::JsonTableColumn(column)) = &column.node else { continue };
                for otherwise in [&column.on_empty, &column.on_error].into_iter().flatten() {
                    all.join(&this.values_of(otherwise.expr.as_deref(), beside));
                }
                all.join(&this.defaults_of(&column.columns, beside));
            }
            all
        })
    }

    /// A relation by its name: a WITH query's rows, or a table's.
    pub(super) fn relation_item(&mut self, name: &'t RangeVar) -> Item<'t> {
        let with = name
            .schemaname
            .is_empty()
            .then(|| self.withs.iter().rev().find(|(with, _)| *with == name.relname))
            .flatten();
        let columns = match with {
            Some((_, columns)) => (**columns).clone(),
            None => self.relation_shape(name),
        };
        let aliases = name.alias.as_ref().map_or(&[][..], |alias| &alias.colnames);
        let columns = shape::renamed(&columns, &names_of(aliases), &mut self.names);
        match name.alias.as_ref() {
            Some(alias) => Item { name: &alias.aliasname, schema: "", shape: Rc::new(columns) },
            None => Item { name: &name.relname, schema: &name.schemaname, shape: Rc::new(columns) },
        }
    }

    /// The columns of a relation that is no WITH query.
    pub(super) fn relation_shape(&mut self, name: &RangeVar) -> Shape {
        if CARRIES_VALUES.contains(&name.relname.as_str()) {
            return vec![Column::Open(Stream::reaching(Reach::Anything))];
        }
        let relation = (self.place)(name);
        let columns = self.scope.columns(&relation);
        let relation = self.names.relation(relation);
        vec![match columns {
            Some(columns) => {
                let columns = columns.into_iter().map(Rc::from).collect();
                Column::Table { relation, columns }
            }
            None => Column::Unknown { relation },
        }]
    }

    /// Rows under an alias.
    fn named_part(&mut self, alias: Option<&'t Alias>, name: &'t str, columns: Shape) -> Part<'t> {
        let aliases = alias.map_or(&[][..], |alias| &alias.colnames);
        let columns = shape::renamed(&columns, &names_of(aliases), &mut self.names);
        let name = alias.map_or(name, |alias| &alias.aliasname);
        let item = Item { name, schema: "", shape: Rc::new(columns.clone()) };
        Part { items: vec![item], star: columns }
    }

    fn join(&mut self, join: &'t JoinExpr, beside: &Level<'_, 't>) -> Part<'t> {
        let (Some(left), Some(right)) = (join.larg.as_deref(), join.rarg.as_deref()) else {
            return Part { items: Vec::new(), star: vec![Column::Open(untraced())] };
        };
        let left = self.part(left, beside);
        let mut seen = Level { items: beside.items.clone(), outer: beside.outer };
        seen.items.extend(left.items.iter().cloned());
        let right = self.part(right, &seen);
        let mut star = self.joined(join, &left.star, &right.star);
        let merged = star.1;
        seen.items.extend(right.items.iter().cloned());
        self.filter(join.quals.as_deref(), &seen);
        let mut items = left.items;
        items.extend(right.items);
        if let Some(alias) = &join.join_using_alias {
            items.push(Item { name: &alias.aliasname, schema: "", shape: Rc::new(merged) });
        }
        if let Some(alias) = &join.alias {
            let names = names_of(&alias.colnames);
            star.0 = shape::renamed(&star.0, &names, &mut self.names);
            items =
                vec![Item { name: &alias.aliasname, schema: "", shape: Rc::new(star.0.clone()) }];
        }
        Part { items, star: star.0 }
    }

    /// The columns of a join's star, and those that USING or NATURAL make one.
    fn joined(&mut self, join: &JoinExpr, left: &Shape, right: &Shape) -> (Shape, Shape) {
        let left = shape::single(left, &mut self.names);
        let right = shape::single(right, &mut self.names);
        let name_of = |column: &Column| match column {
            Column::One { name, .. } => name.clone(),
            _ => None,
        };
        let common: Vec<Rc<str>> = if join.is_natural {
            if left.iter().chain(&right).any(|column| name_of(column).is_none()) {
                let all = shape::whole(&left).and(&shape::whole(&right));
                self.filters.join(&all);
                return (vec![Column::Open(all.clone())], vec![Column::Open(all)]);
            }
            let named = left.iter().filter_map(name_of);
            named
                .filter(|name| right.iter().any(|one| name_of(one).as_ref() == Some(name)))
                .collect()
        } else {
            join.using_clause.iter().filter_map(word).map(Rc::from).collect()
        };
        let mut merged = Vec::with_capacity(common.len());
        for name in &common {
            let mut from = Stream::default();
            for side in [&left, &right] {
                if shape::find(side, name, &mut self.names, &mut from) == Hit::None {
                    from.join(&untraced());
                }
            }
            self.filters.join(&from);
            merged.push(Column::One { name: Some(Rc::clone(name)), from });
        }
        let others = |column: &&Column| name_of(column).is_none_or(|name| !common.contains(&name));
        let mut star = merged.clone();
        star.extend(left.iter().filter(others).cloned());
        star.extend(right.iter().filter(others).cloned());
        (star, merged)
    }

    /// A function in FROM, or several (ROWS FROM).
    fn range_function(&mut self, range: &'t RangeFunction, beside: &Level<'_, 't>) -> Part<'t> {
        let mut columns = Vec::new();
        let mut called = "";
        // How many rows there are tells of what the functions are given.
        let mut counted = Stream::default();
        for function in &range.functions {
            let Some(N::List(list)) = &function.node else {
                columns.push(Column::Open(untraced()));
                continue;
            };
            let Some(call) = list.items.first() else { continue };
            let from = self.value(call, beside).computed();
            let definitions = list.items.get(1).and_then(|node| match &node.node {
                Some(N::List(list)) => Some(&list.items[..]),
                _ => None,
            });
            let mut single = false;
            let mut title = None;
            if let Some(N::FuncCall(call)) = &call.node {
                counted.join(&self.values_of(&call.args, beside).computed());
                let names = words(&call.funcname);
                called = call.funcname.last().and_then(word).unwrap_or_default();
                let (schema, name) = qualified(&names);
                // Behind an alias the column has its name, unless the function names its result.
                let result = match range.alias.as_ref() {
                    _ if name.ends_with("_array_elements") || name.ends_with("_elements_text") => {
                        "value"
                    }
                    Some(alias) => &alias.aliasname,
                    None => name,
                };
                title = Some(Rc::from(result));
                single = matches!(schema, None | Some("pg_catalog"))
                    && ONE_COLUMN.contains(&name)
                    && (name != "unnest" || call.args.len() == 1);
            }
            let defined = match definitions {
                Some(defined) if !defined.is_empty() => defined,
                _ => &range.coldeflist,
            };
            if !defined.is_empty() {
                columns.extend(defined.iter().map(|definition| match &definition.node {
                    Some(N::ColumnDef(definition)) => Column::One {
                        name: Some(Rc::from(definition.colname.as_str())),
                        from: from.clone(),
                    },
                    _ => Column::Open(from.clone()),
                }));
            } else if single {
                columns.push(Column::One { name: title, from });
            } else {
                columns.push(Column::Open(from));
            }
        }
        if range.ordinality {
            let name = Some(Rc::from("ordinality"));
            columns.push(Column::One { name, from: counted.clone() });
        }
        self.filters.join(&counted);
        self.named_part(range.alias.as_ref(), called, columns)
    }
}
