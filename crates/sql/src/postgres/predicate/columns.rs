//! Which columns a condition mentions.

use pg_query::{Node, NodeEnum as N};

use super::super::name::word;

/// Columns outside of sub-selects.
#[derive(Default)]
pub(super) struct Columns {
    /// All of them.
    pub(super) all: usize,
    /// Those that bear the target's name.
    pub(super) own: usize,
}

impl Columns {
    pub(super) fn count(&mut self, node: &Node, target: &str, depth: usize) {
        if depth > 200 {
            return;
        }
        let mut many = |nodes: &[Node]| {
            for node in nodes {
                self.count(node, target, depth + 1);
            }
        };
        match &node.node {
            Some(N::ColumnRef(column)) => {
                self.all += 1;
                if let [.., qualifier, _] = column.fields.as_slice() {
                    self.own += usize::from(word(qualifier) == Some(target));
                }
            }
            Some(N::AExpr(e)) => {
                many(one(&e.lexpr));
                many(one(&e.rexpr));
            }
            Some(N::BoolExpr(e)) => many(&e.args),
            Some(N::FuncCall(e)) => many(&e.args),
            Some(N::CoalesceExpr(e)) => many(&e.args),
            Some(N::MinMaxExpr(e)) => many(&e.args),
            Some(N::RowExpr(e)) => many(&e.args),
            Some(N::List(e)) => many(&e.items),
            Some(N::AArrayExpr(e)) => many(&e.elements),
            Some(N::TypeCast(e)) => many(one(&e.arg)),
            Some(N::CollateClause(e)) => many(one(&e.arg)),
            Some(N::NullTest(e)) => many(one(&e.arg)),
            Some(N::BooleanTest(e)) => many(one(&e.arg)),
            Some(N::AIndirection(e)) => many(one(&e.arg)),
            Some(N::NamedArgExpr(e)) => many(one(&e.arg)),
            Some(N::CaseExpr(e)) => {
                many(one(&e.arg));
                many(&e.args);
                many(one(&e.defresult));
            }
            Some(N::CaseWhen(e)) => {
                many(one(&e.expr));
                many(one(&e.result));
            }
            _ => {}
        }
    }
}

fn one(node: &Option<Box<Node>>) -> &[Node] {
    node.as_deref().map_or(&[], std::slice::from_ref)
}

/// `id = o.id`: a bare column on one side, another table's on the other.
pub(super) fn unqualified_meets_other(left: &Node, right: &Node) -> bool {
    let bare = |node: &Node| match &node.node {
        Some(N::ColumnRef(column)) => Some(column.fields.len() == 1),
        _ => None,
    };
    matches!((bare(left), bare(right)), (Some(left), Some(right)) if left != right)
}
