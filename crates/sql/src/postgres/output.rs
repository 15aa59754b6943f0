//! Where the columns of a result come from.

use pg_query::protobuf::{AExprKind, SelectStmt, SetOperation};
use pg_query::{Node, NodeEnum as N};

use super::function::tells_nothing;
use super::name::words;
use super::reader::Reader;
use crate::{Output, Outputs};

/// Operators of PostgreSQL that turn harmless values into harmless ones.
const PLAIN_OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "||", "=", "<>", "<", ">", "<=", ">="];

impl Reader<'_> {
    /// The columns of a query.
    pub(super) fn outputs_of(&self, query: &Node) -> Outputs {
        match &query.node {
            Some(N::SelectStmt(select)) => self.outputs_of_select(select, 0),
            Some(N::InsertStmt(e)) => self.returned(e.returning_clause.as_ref()),
            Some(N::UpdateStmt(e)) => self.returned(e.returning_clause.as_ref()),
            Some(N::DeleteStmt(e)) => self.returned(e.returning_clause.as_ref()),
            Some(N::MergeStmt(e)) => self.returned(e.returning_clause.as_ref()),
            _ => Outputs::Unknown,
        }
    }

    fn returned(&self, returning: Option<&pg_query::protobuf::ReturningClause>) -> Outputs {
        match returning {
            None => Outputs::None,
            Some(returning) => self.targets(&returning.exprs),
        }
    }

    fn outputs_of_select(&self, select: &SelectStmt, depth: usize) -> Outputs {
        if select.into_clause.is_some() {
            return Outputs::None;
        }
        if !select.values_lists.is_empty() {
            return self.values(&select.values_lists);
        }
        if select.op() == SetOperation::SetopNone {
            return self.targets(&select.target_list);
        }
        let (Some(left), Some(right)) = (&select.larg, &select.rarg) else {
            return Outputs::Unknown;
        };
        if depth > 200 {
            return Outputs::Unknown;
        }
        match (self.outputs_of_select(left, depth + 1), self.outputs_of_select(right, depth + 1)) {
            (Outputs::Rows(left), Outputs::Rows(right)) if left.len() == right.len() => {
                merged(left, &right).map_or(Outputs::Unknown, Outputs::Rows)
            }
            _ => Outputs::Unknown,
        }
    }

    fn values(&self, rows: &[Node]) -> Outputs {
        let mut all: Option<Vec<Output>> = None;
        for row in rows {
            let Some(N::List(row)) = &row.node else { return Outputs::Unknown };
            let row: Vec<_> = row.items.iter().map(|item| self.computed(item)).collect();
            all = match all {
                None => Some(row),
                Some(rows) if rows.len() == row.len() => merged(rows, &row),
                Some(_) => return Outputs::Unknown,
            };
        }
        all.map_or(Outputs::Unknown, Outputs::Rows)
    }

    fn targets(&self, targets: &[Node]) -> Outputs {
        let mut outputs = Vec::with_capacity(targets.len());
        for target in targets {
            let Some(N::ResTarget(target)) = &target.node else { return Outputs::Unknown };
            let Some(value) = target.val.as_deref() else { return Outputs::Unknown };
            outputs.push(self.output(value));
        }
        Outputs::Rows(outputs)
    }

    fn output(&self, value: &Node) -> Output {
        match &value.node {
            Some(N::ColumnRef(column)) => match column.fields.last().map(|last| &last.node) {
                Some(Some(N::AStar(_))) => Output::Star,
                Some(Some(N::String(_))) => Output::Column,
                _ => Output::Derived,
            },
            // `(row).*` and `(f(x)).*` are many columns too.
            Some(N::AIndirection(e))
                if matches!(
                    e.indirection.last().map(|last| &last.node),
                    Some(Some(N::AStar(_)))
                ) =>
            {
                Output::Star
            }
            // `(row).field` of a column: the row description tells.
            Some(N::AIndirection(e))
                if matches!(e.arg.as_ref().map(|arg| &arg.node), Some(Some(N::ColumnRef(_))))
                    && e.indirection.iter().all(|step| matches!(step.node, Some(N::String(_)))) =>
            {
                Output::Column
            }
            _ => self.computed(value),
        }
    }

    fn computed(&self, value: &Node) -> Output {
        if self.harmless(value, 0) { Output::Harmless } else { Output::Derived }
    }

    /// Whether no value of a relation can flow into this.
    fn harmless(&self, value: &Node, depth: usize) -> bool {
        if depth > 50 {
            return false;
        }
        match &value.node {
            Some(N::AConst(_) | N::ParamRef(_) | N::SqlvalueFunction(_) | N::SetToDefault(_)) => {
                true
            }
            Some(N::TypeCast(cast)) => {
                cast.arg.as_deref().is_some_and(|arg| self.harmless(arg, depth + 1))
            }
            Some(N::AExpr(e)) => {
                e.kind() == AExprKind::AexprOp
                    && matches!(words(&e.name).as_slice(), [name] if PLAIN_OPERATORS.contains(name))
                    && [&e.lexpr, &e.rexpr]
                        .into_iter()
                        .flatten()
                        .all(|side| self.harmless(side, depth + 1))
            }
            Some(N::FuncCall(call)) => tells_nothing(&words(&call.funcname), self.scope),
            _ => false,
        }
    }
}

/// The rows of two queries in one result: harmless where both are.
fn merged(left: Vec<Output>, right: &[Output]) -> Option<Vec<Output>> {
    if left.contains(&Output::Star) || right.contains(&Output::Star) {
        return None;
    }
    let both = left.into_iter().zip(right);
    Some(
        both.map(|(left, right)| match (left, right) {
            (Output::Harmless, Output::Harmless) => Output::Harmless,
            _ => Output::Derived,
        })
        .collect(),
    )
}
