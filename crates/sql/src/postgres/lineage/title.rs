//! What PostgreSQL calls a column without AS (`FigureColname` in `parse_target.c`).

use pg_query::{Node, NodeEnum as N};

use super::super::name::word;

/// The name, where it is sure.
pub(super) fn of(node: &Node) -> Option<&str> {
    match &node.node {
        Some(N::ColumnRef(column)) => column.fields.last().and_then(word),
        Some(N::AIndirection(e)) => match e.indirection.iter().rev().find_map(word) {
            Some(name) => Some(name),
            None => e.arg.as_deref().and_then(of),
        },
        Some(N::FuncCall(call)) => call.funcname.last().and_then(word),
        Some(N::CollateClause(e)) => e.arg.as_deref().and_then(of),
        Some(N::CoalesceExpr(_)) => Some("coalesce"),
        Some(N::SubLink(_) | N::TypeCast(_) | N::CaseExpr(_)) => None,
        _ => None,
    }
}

/// Whether a window is named somewhere in this, as far as is easily seen.
pub(super) fn calls_over_window(node: &Node) -> bool {
    !matches!(&node.node, Some(N::ColumnRef(_) | N::AConst(_) | N::ParamRef(_)))
}
