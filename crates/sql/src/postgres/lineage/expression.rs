//! A value: which columns it is made of.

use pg_query::protobuf::{
    AExpr, AExprKind, ColumnRef, JsonValueExpr, SubLink, SubLinkType, TypeName,
};
use pg_query::{Node, NodeEnum as N};

use super::super::name::{qualified, word, words};
use super::flow::Stream;
use super::shape::{self, Column, Hit, Shape};
use super::{Item, Level, Tracer, untraced};
use crate::Reach;

/// Operators of PostgreSQL's whose result is true or false, whatever they compare.
const COMPARES: &[&str] = &[
    "=", "<>", "!=", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~*", "!~", "!~*", "@>",
    "<@", "@?", "@@", "?|", "?&", "^@",
];

impl<'t> Tracer<'t> {
    /// What a value is made of.
    pub(super) fn value(&mut self, node: &'t Node, level: &Level<'_, 't>) -> Stream {
        self.deeper(untraced(), |this| this.value_here(node, level))
    }

    pub(super) fn values_of<'n>(
        &mut self,
        nodes: impl IntoIterator<Item = &'t Node>,
        level: &Level<'_, 't>,
    ) -> Stream {
        let mut all = Stream::default();
        for node in nodes {
            all.join(&self.value(node, level));
        }
        all
    }

    fn maybe(&mut self, node: &'t Option<Box<Node>>, level: &Level<'_, 't>) -> Stream {
        self.values_of(node.as_deref(), level)
    }

    fn value_here(&mut self, node: &'t Node, level: &Level<'_, 't>) -> Stream {
        let Some(kind) = &node.node else { return Stream::default() };
        match kind {
            N::AConst(_)
            | N::ParamRef(_)
            | N::SetToDefault(_)
            | N::SqlvalueFunction(_)
            | N::CurrentOfExpr(_)
            | N::GroupingFunc(_)
            | N::Integer(_)
            | N::Float(_)
            | N::Boolean(_)
            | N::String(_)
            | N::BitString(_)
            | N::MergeSupportFunc(_) => Stream::default(),

            N::ColumnRef(column) => self.column(column, level),
            N::FuncCall(call) => self.call(call, level),
            N::AExpr(e) => self.operation(e, level),
            N::SubLink(e) => self.sublink(e, level),

            // Facts.
            N::BoolExpr(e) => self.values_of(&e.args, level).fact(),
            N::NullTest(e) => self.maybe(&e.arg, level).fact(),
            N::BooleanTest(e) => self.maybe(&e.arg, level).fact(),
            N::JsonIsPredicate(e) => self.maybe(&e.expr, level).fact(),

            // One of several values, as it is.
            N::CoalesceExpr(e) => self.values_of(&e.args, level),
            N::MinMaxExpr(e) => self.values_of(&e.args, level),
            N::CollateClause(e) => self.maybe(&e.arg, level),
            N::NamedArgExpr(e) => self.maybe(&e.arg, level),
            N::ResTarget(e) => self.maybe(&e.val, level),
            N::MultiAssignRef(e) => self.maybe(&e.source, level),
            N::SortBy(e) => self.maybe(&e.node, level),
            N::CaseExpr(e) => {
                let tested = self.maybe(&e.arg, level).fact();
                let default = self.maybe(&e.defresult, level);
                self.values_of(&e.args, level).and(&default).and(&tested)
            }
            N::CaseWhen(e) => {
                let condition = self.maybe(&e.expr, level).fact();
                self.maybe(&e.result, level).and(&condition)
            }
            N::TypeCast(e) => {
                let value = self.maybe(&e.arg, level);
                if e.type_name.as_ref().is_some_and(keeps) { value } else { value.computed() }
            }

            // Made of all their parts.
            N::RowExpr(e) => self.values_of(&e.args, level).computed(),
            N::AArrayExpr(e) => self.values_of(&e.elements, level).computed(),
            N::List(e) => self.values_of(&e.items, level),
            N::GroupingSet(e) => self.values_of(&e.content, level),
            N::AIndirection(e) => self.indirection(e, level),
            N::AIndices(e) => self.maybe(&e.lidx, level).and(&self.maybe(&e.uidx, level)),
            N::WindowDef(e) => {
                let bounds = [&e.start_offset, &e.end_offset].into_iter().flatten();
                let bounds = self.values_of(bounds.map(AsRef::as_ref), level);
                self.values_of(e.partition_clause.iter().chain(&e.order_clause), level).and(&bounds)
            }
            N::XmlExpr(e) => self.values_of(e.named_args.iter().chain(&e.args), level).computed(),
            N::XmlSerialize(e) => self.maybe(&e.expr, level).computed(),
            N::JsonValueExpr(e) => self.json_value(Some(e), level),
            N::JsonBehavior(e) => self.maybe(&e.expr, level).computed(),
            N::JsonArgument(e) => self.json_value(e.val.as_deref(), level),
            N::JsonKeyValue(e) => {
                let key = self.maybe(&e.key, level).computed();
                self.json_value(e.value.as_deref(), level).and(&key)
            }
            N::JsonFuncExpr(e) => {
                let mut all = self.json_value(e.context_item.as_deref(), level);
                all.join(&self.maybe(&e.pathspec, level));
                all.join(&self.values_of(&e.passing, level));
                for behaviour in [&e.on_empty, &e.on_error].into_iter().flatten() {
                    all.join(&self.maybe(&behaviour.expr, level));
                }
                all.computed()
            }
            N::JsonParseExpr(e) => self.json_value(e.expr.as_deref(), level),
            N::JsonScalarExpr(e) => self.maybe(&e.expr, level).computed(),
            N::JsonSerializeExpr(e) => self.json_value(e.expr.as_deref(), level),
            N::JsonObjectConstructor(e) => self.values_of(&e.exprs, level).computed(),
            N::JsonArrayConstructor(e) => self.values_of(&e.exprs, level).computed(),
            N::JsonArrayQueryConstructor(e) => {
                let columns = self.subquery(e.query.as_deref(), Some(level));
                shape::whole(&columns).computed()
            }
            N::JsonObjectAgg(e) => {
                let mut all = self.aggregate_of(e.constructor.as_deref(), level);
                if let Some(pair) = e.arg.as_deref() {
                    all.join(&self.maybe(&pair.key, level));
                    all.join(&self.json_value(pair.value.as_deref(), level));
                }
                all.computed()
            }
            N::JsonArrayAgg(e) => {
                let facts = self.aggregate_of(e.constructor.as_deref(), level);
                self.json_value(e.arg.as_deref(), level).and(&facts)
            }
            _ => untraced(),
        }
    }

    pub(super) fn json_value(
        &mut self,
        value: Option<&'t JsonValueExpr>,
        level: &Level<'_, 't>,
    ) -> Stream {
        let Some(value) = value else { return Stream::default() };
        let formatted = self.maybe(&value.formatted_expr, level);
        self.maybe(&value.raw_expr, level).and(&formatted).computed()
    }

    fn aggregate_of(
        &mut self,
        made: Option<&'t pg_query::protobuf::JsonAggConstructor>,
        level: &Level<'_, 't>,
    ) -> Stream {
        let Some(made) = made else { return Stream::default() };
        let order = self.values_of(&made.agg_order, level);
        let filter = self.maybe(&made.agg_filter, level);
        let mut facts = order.and(&filter);
        if let Some(window) = made.over.as_deref() {
            facts.join(&self.window(window, level));
        }
        facts.fact()
    }

    /// What a window looks at.
    pub(super) fn window(
        &mut self,
        window: &'t pg_query::protobuf::WindowDef,
        level: &Level<'_, 't>,
    ) -> Stream {
        let bounds = [&window.start_offset, &window.end_offset].into_iter().flatten();
        let bounds = self.values_of(bounds.map(AsRef::as_ref), level);
        let terms = window.partition_clause.iter().chain(&window.order_clause);
        let all = self.values_of(terms, level).and(&bounds);
        self.filters.join(&all);
        all.fact()
    }

    fn operation(&mut self, e: &'t AExpr, level: &Level<'_, 't>) -> Stream {
        let left = self.maybe(&e.lexpr, level);
        let right = self.maybe(&e.rexpr, level);
        let names = words(&e.name);
        let (schema, name) = qualified(&names);
        if !super::super::function::is_brought(schema, name, self.scope) {
            return Stream::reaching(Reach::Anything).and(&left).and(&right).computed();
        }
        match e.kind() {
            AExprKind::AexprOp => {
                let both = e.lexpr.is_some() && e.rexpr.is_some();
                let sides = left.and(&right);
                // `~` and `?` alone are something else.
                if both && (COMPARES.contains(&name) || name == "~" || name == "?") {
                    sides.fact()
                } else {
                    sides.computed()
                }
            }
            AExprKind::AexprNullif => left.and(&right.fact()),
            AExprKind::AexprOpAny
            | AExprKind::AexprOpAll
            | AExprKind::AexprDistinct
            | AExprKind::AexprNotDistinct
            | AExprKind::AexprIn
            | AExprKind::AexprLike
            | AExprKind::AexprIlike
            | AExprKind::AexprSimilar
            | AExprKind::AexprBetween
            | AExprKind::AexprNotBetween
            | AExprKind::AexprBetweenSym
            | AExprKind::AexprNotBetweenSym => left.and(&right).fact(),
            AExprKind::Undefined => untraced(),
        }
    }

    fn sublink(&mut self, e: &'t SubLink, level: &Level<'_, 't>) -> Stream {
        let tested = self.maybe(&e.testexpr, level);
        let before = std::mem::take(&mut self.filters);
        let columns = self.subquery(e.subselect.as_deref(), Some(level));
        let looked_at = std::mem::replace(&mut self.filters, before);
        self.filters.join(&looked_at);
        let columns = shape::whole(&columns);
        let names = words(&e.oper_name);
        let (schema, name) = qualified(&names);
        let mut all = match e.sub_link_type() {
            // That there is a row tells what its conditions ask.
            SubLinkType::ExistsSublink => columns.and(&looked_at).fact(),
            SubLinkType::AllSublink | SubLinkType::AnySublink | SubLinkType::RowcompareSublink => {
                tested.and(&columns).fact()
            }
            SubLinkType::ExprSublink | SubLinkType::MultiexprSublink => columns,
            SubLinkType::ArraySublink => columns.computed(),
            SubLinkType::CteSublink | SubLinkType::Undefined => untraced(),
        };
        if !super::super::function::is_brought(schema, name, self.scope) {
            all.join(&Stream::reaching(Reach::Anything));
        }
        all
    }

    /// `a`, `t.a`, `s.t.a`, `t.*`, or a whole row.
    fn column(&mut self, column: &'t ColumnRef, level: &Level<'_, 't>) -> Stream {
        let star = matches!(column.fields.last().map(|last| &last.node), Some(Some(N::AStar(_))));
        let names = words(&column.fields);
        match (names.as_slice(), star) {
            ([name], false) => {
                let whole = self.rows_named("", name, level).map(|item| shape::whole(&item.shape));
                match (self.named(name, level), whole) {
                    (Some(found), _) => found,
                    (None, Some(row)) => row.computed(),
                    (None, None) => untraced(),
                }
            }
            ([row], true) => self.row(&[row], level),
            ([.., schema, row], true) => self.row(&[schema, row], level),
            ([row, name], false) => self.field("", row, name, level),
            ([.., schema, row, name], false) => self.field(schema, row, name, level),
            ([], _) => match star {
                // The whole row of all there is, as in `count(*)` within a row constructor.
                true => level
                    .items
                    .iter()
                    .fold(Stream::default(), |all, item| all.and(&shape::whole(&item.shape))),
                false => untraced(),
            },
        }
    }

    fn row(&mut self, names: &[&str], level: &Level<'_, 't>) -> Stream {
        let (schema, row) = qualified(names);
        match self.rows_named(schema.unwrap_or_default(), row, level) {
            Some(item) => shape::whole(&item.shape).computed(),
            None => untraced(),
        }
    }

    fn field(&mut self, schema: &str, row: &str, name: &str, level: &Level<'_, 't>) -> Stream {
        let Some(item) = self.rows_named(schema, row, level) else { return untraced() };
        let mut found = Stream::default();
        match shape::find(&item.shape, name, &mut self.names, &mut found) {
            Hit::Sure => found,
            // It may be a function's name too, that is given the whole row.
            Hit::Perhaps if !self.scope.takes_row(name) => found,
            _ => {
                let mut row = shape::whole(&item.shape).and(&found).computed();
                if self.scope.takes_row(name) {
                    row.join(&Stream::reaching(Reach::Anything));
                }
                row
            }
        }
    }

    /// The rows that go by this name.
    fn rows_named(&self, schema: &str, name: &str, level: &Level<'_, 't>) -> Option<Item<'t>> {
        let fits = |item: &&Item<'_>| {
            item.name == name
                && (schema.is_empty() || item.schema.is_empty() || item.schema == schema)
        };
        let mut at = Some(level);
        while let Some(level) = at {
            if let Some(item) = level.items.iter().find(fits) {
                return Some(item.clone());
            }
            at = level.outer;
        }
        None
    }

    /// What a column's bare name means; `None` when no column can be meant.
    pub(super) fn named(&mut self, name: &str, level: &Level<'_, 't>) -> Option<Stream> {
        let mut found = Stream::default();
        let mut hit = Hit::None;
        let mut at = Some(level);
        while let Some(level) = at {
            for item in &level.items {
                hit = hit.max(shape::find(&item.shape, name, &mut self.names, &mut found));
            }
            if hit == Hit::Sure {
                return Some(found);
            }
            at = level.outer;
        }
        if hit == Hit::None {
            return None;
        }
        // It may be no column at all, and then a row of that name is meant.
        if let Some(item) = self.rows_named("", name, level) {
            found.join(&shape::whole(&item.shape).computed());
        }
        Some(found)
    }

    fn indirection(
        &mut self,
        e: &'t pg_query::protobuf::AIndirection,
        level: &Level<'_, 't>,
    ) -> Stream {
        let mut all = match e.arg.as_deref().map(|arg| &arg.node) {
            // `(t).c`
            Some(Some(N::ColumnRef(column))) => {
                let names = words(&column.fields);
                let field = e.indirection.first().and_then(word);
                match (names.as_slice(), field) {
                    ([row], Some(field)) if self.named(row, level).is_none() => {
                        self.field("", row, field, level)
                    }
                    _ => self.maybe(&e.arg, level).computed(),
                }
            }
            _ => self.maybe(&e.arg, level).computed(),
        };
        for step in &e.indirection {
            match &step.node {
                Some(N::AIndices(_)) => all.join(&self.value(step, level).fact()),
                Some(N::String(name)) if self.scope.takes_row(&name.sval) => {
                    all.join(&Stream::reaching(Reach::Anything));
                }
                _ => {}
            }
        }
        all
    }

    /// The columns of `*`, `t.*` or `(row).*` in a target list.
    pub(super) fn star(
        &mut self,
        node: &'t Node,
        level: &Level<'_, 't>,
        star: &Shape,
    ) -> Option<Shape> {
        let is_star = |last: Option<&Node>| matches!(last, Some(Node { node: Some(N::AStar(_)) }));
        match &node.node {
            Some(N::ColumnRef(column)) if is_star(column.fields.last()) => {
                let names = words(&column.fields);
                Some(match names.as_slice() {
                    [] => star.clone(),
                    names => {
                        let (schema, row) = qualified(names);
                        match self.rows_named(schema.unwrap_or_default(), row, level) {
                            Some(item) => (*item.shape).clone(),
                            None => vec![Column::Open(untraced())],
                        }
                    }
                })
            }
            Some(N::AIndirection(e)) if is_star(e.indirection.last()) => {
                if let Some(N::ColumnRef(column)) =
                    e.arg.as_deref().and_then(|arg| arg.node.as_ref())
                    && e.indirection.len() == 1
                    && let [row] = words(&column.fields).as_slice()
                    && self.named(row, level).is_none()
                    && let Some(item) = self.rows_named("", row, level)
                {
                    return Some((*item.shape).clone());
                }
                let from = self.maybe(&e.arg, level).computed();
                Some(vec![Column::Open(from)])
            }
            _ => None,
        }
    }
}

/// Whether a cast to this leaves a value as it is: texts of any length, in the server's own words.
fn keeps(name: &TypeName) -> bool {
    name.typmods.is_empty()
        && name.array_bounds.is_empty()
        && !name.setof
        && matches!(
            words(&name.names).as_slice(),
            ["text" | "varchar"] | ["pg_catalog", "text" | "varchar"]
        )
}
