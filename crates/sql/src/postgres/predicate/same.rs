//! Are two expressions the same, or each other's opposite?

use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{AConst, AExprKind, BoolExprType, ColumnRef};
use pg_query::{Node, NodeEnum as N};

use super::super::name::{word, words};

/// Compares expressions of one condition.
pub(super) struct Same<'a> {
    /// Names of the target's own table.
    mirrors: &'a [&'a str],
    target: &'a str,
    /// The value of a constant was looked at.
    pub(super) peeked: bool,
}

impl<'a> Same<'a> {
    pub(super) fn new(mirrors: &'a [&'a str], target: &'a str) -> Self {
        Self { mirrors, target, peeked: false }
    }

    /// What a comparison always comes to, when it always comes to the same.
    pub(super) fn comparison(&mut self, operator: &str, left: &Node, right: &Node) -> Option<bool> {
        if matches!(operator, "~" | "~*" | "~~" | "~~*" | "!~" | "!~*" | "!~~" | "!~~*") {
            return self.pattern_takes_all(operator, right);
        }
        let holds_when_equal = match operator {
            "=" | "<=" | ">=" => true,
            "<>" | "!=" | "<" | ">" => false,
            _ => return None,
        };
        if self.equal(left, right) {
            return Some(holds_when_equal);
        }
        let ordering = match (integer(left), integer(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => match (text(left), text(right)) {
                // Unequal texts may be ordered either way, by the collation.
                (Some(left), Some(right)) if matches!(operator, "=" | "<>" | "!=") => {
                    left.cmp(right)
                }
                _ => return None,
            },
        };
        self.peeked = true;
        Some(match operator {
            "=" => ordering.is_eq(),
            "<=" => ordering.is_le(),
            ">=" => ordering.is_ge(),
            "<" => ordering.is_lt(),
            ">" => ordering.is_gt(),
            _ => ordering.is_ne(),
        })
    }

    /// Whether the left side stands in a list or array on the right.
    pub(super) fn any_of(&mut self, left: &Node, right: &Node) -> bool {
        let items = match &strip(right).node {
            Some(N::List(list)) => &list.items,
            Some(N::AArrayExpr(array)) => &array.elements,
            _ => return false,
        };
        if !has_column(left, 0) {
            return false;
        }
        // Constants cannot equal a column: no need to look at a long list of them.
        items.iter().any(|item| !matches!(item.node, Some(N::AConst(_))) && self.equal(left, item))
    }

    /// Whether a pattern takes every text.
    pub(super) fn pattern_takes_all(&mut self, operator: &str, right: &Node) -> Option<bool> {
        // SIMILAR TO is `~ similar_to_escape(pattern)`.
        let (pattern, similar) = match &strip(right).node {
            Some(N::FuncCall(call)) => (call.args.first().and_then(text), true),
            _ => (text(right), false),
        };
        let pattern = pattern?;
        self.peeked = true;
        let takes_all = match operator {
            "~" | "~*" | "!~" | "!~*" if !similar => {
                let core = pattern.trim_start_matches('^').trim_end_matches('$');
                matches!(core, "" | ".*" | "(.*)" | ".*?" | "()")
                    && !(pattern.starts_with('^') && pattern.ends_with('$') && core.is_empty())
            }
            _ => !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'%'),
        };
        takes_all.then_some(!operator.starts_with('!'))
    }

    /// A comparison made of one column and arithmetic alone (`x < x + 1`, `x - x = 0`) chooses
    /// nothing that can be told.
    pub(super) fn moot(&mut self, left: &Node, right: &Node) -> bool {
        let (mut on_left, mut on_right) = (Vec::new(), Vec::new());
        if !arithmetic(left, &mut on_left, 0) || !arithmetic(right, &mut on_right, 0) {
            return false;
        }
        let Some(first) = on_left.iter().chain(&on_right).next().copied() else { return false };
        let uses = on_left.len() + on_right.len();
        uses > 1 && on_left.iter().chain(&on_right).all(|column| self.same_column(first, column))
    }

    pub(super) fn equal(&mut self, left: &Node, right: &Node) -> bool {
        self.equal_at(strip(left), strip(right), 0)
    }

    fn equal_at(&mut self, left: &Node, right: &Node, depth: usize) -> bool {
        if depth > 60 {
            return false;
        }
        let (left, right) = (strip(left), strip(right));
        match (&left.node, &right.node) {
            (Some(N::ColumnRef(a)), Some(N::ColumnRef(b))) => self.same_column(a, b),
            (Some(N::AConst(a)), Some(N::AConst(b))) => self.same_constant(a, b),
            (Some(N::ParamRef(a)), Some(N::ParamRef(b))) => a.number == b.number,
            (Some(N::AExpr(a)), Some(N::AExpr(b))) => {
                a.kind == b.kind
                    && words(&a.name) == words(&b.name)
                    && self.both(a.lexpr.as_deref(), b.lexpr.as_deref(), depth)
                    && self.both(a.rexpr.as_deref(), b.rexpr.as_deref(), depth)
            }
            (Some(N::FuncCall(a)), Some(N::FuncCall(b))) => {
                words(&a.funcname) == words(&b.funcname) && self.all(&a.args, &b.args, depth)
            }
            (Some(N::RowExpr(a)), Some(N::RowExpr(b))) => self.all(&a.args, &b.args, depth),
            (Some(N::CoalesceExpr(a)), Some(N::CoalesceExpr(b))) => {
                self.all(&a.args, &b.args, depth)
            }
            (Some(N::MinMaxExpr(a)), Some(N::MinMaxExpr(b))) => {
                a.op == b.op && self.all(&a.args, &b.args, depth)
            }
            (Some(N::AArrayExpr(a)), Some(N::AArrayExpr(b))) => {
                self.all(&a.elements, &b.elements, depth)
            }
            (Some(N::BoolExpr(a)), Some(N::BoolExpr(b))) => {
                a.boolop == b.boolop && self.all(&a.args, &b.args, depth)
            }
            (Some(N::NullTest(a)), Some(N::NullTest(b))) => {
                a.nulltesttype == b.nulltesttype
                    && self.both(a.arg.as_deref(), b.arg.as_deref(), depth)
            }
            (Some(N::List(a)), Some(N::List(b))) => self.all(&a.items, &b.items, depth),
            (Some(N::AStar(_)), Some(N::AStar(_))) => true,
            (Some(N::SqlvalueFunction(a)), Some(N::SqlvalueFunction(b))) => a.op == b.op,
            (Some(N::AIndirection(a)), Some(N::AIndirection(b))) => {
                self.both(a.arg.as_deref(), b.arg.as_deref(), depth)
                    && self.all(&a.indirection, &b.indirection, depth)
            }
            (Some(N::String(a)), Some(N::String(b))) => a.sval == b.sval,
            (Some(N::SubLink(a)), Some(N::SubLink(b))) => a == b,
            _ => false,
        }
    }

    fn both(&mut self, left: Option<&Node>, right: Option<&Node>, depth: usize) -> bool {
        match (left, right) {
            (Some(left), Some(right)) => self.equal_at(left, right, depth + 1),
            (None, None) => true,
            _ => false,
        }
    }

    fn all(&mut self, left: &[Node], right: &[Node], depth: usize) -> bool {
        left.len() == right.len()
            && left.iter().zip(right).all(|(left, right)| self.equal_at(left, right, depth + 1))
    }

    /// Same column of the same table: a missing qualifier may be any, and another name of the
    /// target's own table is the target.
    fn same_column(&self, left: &ColumnRef, right: &ColumnRef) -> bool {
        let ((on_left, a), (on_right, b)) = (split(left), split(right));
        if a.is_none() || a != b {
            return false;
        }
        let own = |name: &str| name == self.target || self.mirrors.contains(&name);
        match (on_left, on_right) {
            (Some(left), Some(right)) => left == right || (own(left) && own(right)),
            _ => true,
        }
    }

    fn same_constant(&mut self, left: &AConst, right: &AConst) -> bool {
        if matches!(left.val, Some(Val::Ival(_) | Val::Sval(_) | Val::Fval(_))) {
            self.peeked = true;
        }
        left.isnull == right.isnull && left.val == right.val && !left.isnull
    }

    /// Whether one holds wherever the other does not.
    pub(super) fn opposite(&mut self, left: &Node, right: &Node) -> bool {
        match (&left.node, &right.node) {
            (Some(N::NullTest(a)), Some(N::NullTest(b))) => {
                a.nulltesttype() != b.nulltesttype()
                    && self.both(a.arg.as_deref(), b.arg.as_deref(), 0)
            }
            (Some(N::BoolExpr(a)), _) if a.boolop() == BoolExprType::NotExpr => {
                a.args.first().is_some_and(|inner| self.equal(inner, right))
            }
            (Some(N::AExpr(a)), Some(N::AExpr(b))) => {
                let (Some(a_left), Some(a_right)) = (a.lexpr.as_deref(), a.rexpr.as_deref()) else {
                    return false;
                };
                let (Some(b_left), Some(b_right)) = (b.lexpr.as_deref(), b.rexpr.as_deref()) else {
                    return false;
                };
                let operators = (
                    words(&a.name).last().copied().unwrap_or_default(),
                    words(&b.name).last().copied().unwrap_or_default(),
                );
                if a.kind() != b.kind() {
                    return matches!(
                        (a.kind(), b.kind()),
                        (AExprKind::AexprBetween, AExprKind::AexprNotBetween)
                            | (AExprKind::AexprNotBetween, AExprKind::AexprBetween)
                            | (AExprKind::AexprDistinct, AExprKind::AexprNotDistinct)
                            | (AExprKind::AexprNotDistinct, AExprKind::AexprDistinct)
                    ) && self.equal(a_left, b_left)
                        && self.equal(a_right, b_right);
                }
                match operators {
                    ("=", "<>" | "!=") | ("<>" | "!=", "=" | "<>" | "!=") => {
                        let same_operand = self.equal(a_left, b_left);
                        let same_value = self.equal(a_right, b_right);
                        // `x <> 1 OR x <> 2` leaves nothing out either.
                        same_operand
                            && (same_value
                                != (operators.0 == operators.1 || operators == ("<>", "!=")))
                    }
                    ("~~", "!~~")
                    | ("!~~", "~~")
                    | ("~~*", "!~~*")
                    | ("!~~*", "~~*")
                    | ("~", "!~")
                    | ("!~", "~") => self.equal(a_left, b_left) && self.equal(a_right, b_right),
                    ("<" | "<=", ">" | ">=") | (">" | ">=", "<" | "<=") => {
                        self.equal(a_left, b_left) && self.overlap(operators.0, a_right, b_right)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether `x < a` and `x > b` leave (almost) nothing out between them.
    fn overlap(&mut self, first: &str, a: &Node, b: &Node) -> bool {
        let (below, above) = if first.starts_with('<') { (a, b) } else { (b, a) };
        match (integer(below), integer(above)) {
            (Some(below), Some(above)) => {
                self.peeked = true;
                below.saturating_add(1) >= above
            }
            // Two texts, dates or parameters: it cannot be told, so it does not count.
            _ => true,
        }
    }
}

fn split(column: &ColumnRef) -> (Option<&str>, Option<&str>) {
    match column.fields.as_slice() {
        [.., qualifier, last] => (word(qualifier), word(last)),
        [last] => (None, word(last)),
        [] => (None, None),
    }
}

/// What is left of an expression without casts, collations and operations that change nothing.
fn strip(mut node: &Node) -> &Node {
    for _ in 0..100 {
        node = match &node.node {
            Some(N::TypeCast(cast)) => match cast.arg.as_deref() {
                Some(arg) => arg,
                None => return node,
            },
            Some(N::CollateClause(clause)) => match clause.arg.as_deref() {
                Some(arg) => arg,
                None => return node,
            },
            Some(N::AExpr(e)) if e.kind() == AExprKind::AexprOp => {
                match (words(&e.name).as_slice(), e.lexpr.as_deref(), e.rexpr.as_deref()) {
                    (["+"], None, Some(inner)) => inner,
                    _ => return node,
                }
            }
            _ => return node,
        };
    }
    node
}

fn integer(node: &Node) -> Option<i64> {
    match &strip(node).node {
        Some(N::AConst(AConst { val: Some(Val::Ival(number)), isnull: false, .. })) => {
            Some(i64::from(number.ival))
        }
        _ => None,
    }
}

fn text(node: &Node) -> Option<&str> {
    match &strip(node).node {
        Some(N::AConst(AConst { val: Some(Val::Sval(text)), isnull: false, .. })) => {
            Some(&text.sval)
        }
        _ => None,
    }
}

fn has_column(node: &Node, depth: usize) -> bool {
    let mut columns = Vec::new();
    depth < 100 && (!arithmetic(node, &mut columns, depth) || !columns.is_empty())
}

/// Collects the columns of an expression that is made of columns, constants, casts and operators;
/// `false` when there is anything else in it.
fn arithmetic<'n>(node: &'n Node, columns: &mut Vec<&'n ColumnRef>, depth: usize) -> bool {
    if depth > 100 {
        return false;
    }
    match &node.node {
        Some(N::ColumnRef(column)) => {
            columns.push(column);
            true
        }
        Some(N::AConst(_) | N::ParamRef(_)) => true,
        Some(N::TypeCast(cast)) => {
            cast.arg.as_deref().is_some_and(|arg| arithmetic(arg, columns, depth + 1))
        }
        Some(N::AExpr(e)) if e.kind() == AExprKind::AexprOp => [&e.lexpr, &e.rexpr]
            .into_iter()
            .flatten()
            .all(|side| arithmetic(side, columns, depth + 1)),
        _ => false,
    }
}
