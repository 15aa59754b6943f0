//! Does a condition choose among the rows of the table that is written to?
//!
//! Three answers would do for a single expression (true, false, cannot say); a fourth, *chooses*,
//! says that it compares something of the row with something else. Only what surely chooses (or is
//! surely false) bounds a write.

mod columns;
mod same;

use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{
    AConst, AExpr, AExprKind, BoolExpr, BoolExprType, BoolTestType, NullTestType, RangeVar,
    SelectStmt, SubLink, SubLinkType, TypeCast,
};
use pg_query::{Node, NodeEnum as N};

use super::name::words;
use columns::{Columns, unqualified_meets_other};
use same::Same;

/// The table a condition is to choose rows of, and what stands beside it.
pub(super) struct Target<'t> {
    relation: &'t RangeVar,
    /// The name its columns may be qualified with.
    name: &'t str,
    /// Other names of the very same table in FROM or USING.
    mirrors: Vec<&'t str>,
    /// Whether unqualified columns may be another table's.
    joined: bool,
}

impl<'t> Target<'t> {
    pub(super) fn new(relation: &'t RangeVar, others: &'t [Node]) -> Self {
        let mut mirrors = Vec::new();
        for other in others {
            collect_mirrors(relation, other, &mut mirrors, 0);
        }
        Self { relation, name: visible_name(relation), mirrors, joined: !others.is_empty() }
    }
}

fn visible_name(relation: &RangeVar) -> &str {
    relation.alias.as_ref().map_or(&relation.relname, |alias| &alias.aliasname)
}

fn collect_mirrors<'t>(
    target: &RangeVar,
    item: &'t Node,
    mirrors: &mut Vec<&'t str>,
    depth: usize,
) {
    match &item.node {
        Some(N::RangeVar(other)) if other.relname == target.relname => {
            mirrors.push(visible_name(other));
        }
        Some(N::JoinExpr(join)) if depth < 100 => {
            for side in [&join.larg, &join.rarg].into_iter().flatten() {
                collect_mirrors(target, side, mirrors, depth + 1);
            }
        }
        _ => {}
    }
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    True,
    False,
    Null,
    /// It does not depend on the row; what it comes to is not known.
    Constant,
    /// It depends on the row.
    Chooses,
}

/// Folds one condition.
pub(super) struct Predicate<'t> {
    target: Target<'t>,
    /// The value of a constant was looked at.
    pub(super) peeked: bool,
}

impl<'t> Predicate<'t> {
    pub(super) fn new(target: Target<'t>) -> Self {
        Self { target, peeked: false }
    }

    pub(super) fn restricts(&mut self, condition: &'t Node) -> bool {
        match self.fold(condition, 0) {
            Fold::Chooses | Fold::False | Fold::Null => true,
            Fold::True | Fold::Constant => false,
        }
    }

    fn fold(&mut self, node: &'t Node, depth: usize) -> Fold {
        if depth > 200 {
            return Fold::Constant;
        }
        match &node.node {
            Some(N::AConst(constant)) => self.literal(constant),
            Some(N::TypeCast(cast)) => self.cast(cast, depth),
            Some(N::BoolExpr(combined)) => self.combined(combined, depth),
            Some(N::AExpr(compared)) => self.compared(compared, depth),
            Some(N::NullTest(test)) => {
                let is_null = test.nulltesttype() == NullTestType::IsNull;
                let Some(arg) = test.arg.as_deref() else { return Fold::Constant };
                match &arg.node {
                    // A truth test is never NULL itself.
                    Some(N::NullTest(_) | N::BooleanTest(_)) => truth(!is_null),
                    Some(N::AConst(constant)) => truth(constant.isnull == is_null),
                    _ => self.depends(arg),
                }
            }
            Some(N::BooleanTest(test)) => {
                let Some(arg) = test.arg.as_deref() else { return Fold::Constant };
                let folded = self.fold(arg, depth + 1);
                boolean_test(folded, test.booltesttype())
            }
            Some(N::CoalesceExpr(e)) => match e.args.first() {
                Some(first) => match self.fold(first, depth + 1) {
                    Fold::True => Fold::True,
                    Fold::False => Fold::False,
                    _ => self.depends(node),
                },
                None => Fold::Constant,
            },
            Some(N::CaseExpr(e)) => {
                let results = e.args.iter().filter_map(|arm| match &arm.node {
                    Some(N::CaseWhen(when)) => when.result.as_deref(),
                    _ => None,
                });
                let mut all_true = e.defresult.is_some();
                for result in results.chain(e.defresult.as_deref()) {
                    all_true &= self.fold(result, depth + 1) == Fold::True;
                }
                if all_true { Fold::True } else { self.depends(node) }
            }
            Some(N::SubLink(link)) => self.sublink(link, depth),
            Some(N::CurrentOfExpr(_)) => Fold::Chooses,
            _ => self.depends(node),
        }
    }

    fn literal(&mut self, constant: &AConst) -> Fold {
        if constant.isnull {
            return Fold::Null;
        }
        match &constant.val {
            Some(Val::Boolval(value)) => truth(value.boolval),
            Some(Val::Sval(text)) => {
                self.peeked = true;
                bool_from_text(&text.sval)
            }
            _ => Fold::Constant,
        }
    }

    fn cast(&mut self, cast: &'t TypeCast, depth: usize) -> Fold {
        let Some(arg) = cast.arg.as_deref() else { return Fold::Constant };
        let to_bool = cast
            .type_name
            .as_ref()
            .is_some_and(|name| matches!(words(&name.names).last(), Some(&("bool" | "boolean"))));
        match &arg.node {
            Some(N::AConst(constant)) if to_bool => match &constant.val {
                Some(Val::Ival(number)) => {
                    self.peeked = true;
                    truth(number.ival != 0)
                }
                _ => self.literal(constant),
            },
            _ if to_bool => self.fold(arg, depth + 1),
            _ => self.depends(arg),
        }
    }

    fn combined(&mut self, combined: &'t BoolExpr, depth: usize) -> Fold {
        let mut parts = Vec::with_capacity(combined.args.len());
        for arg in &combined.args {
            parts.push(self.fold(arg, depth + 1));
        }
        match combined.boolop() {
            BoolExprType::AndExpr if parts.contains(&Fold::False) => Fold::False,
            BoolExprType::AndExpr if parts.contains(&Fold::Chooses) => Fold::Chooses,
            BoolExprType::AndExpr if parts.contains(&Fold::Null) => Fold::Null,
            BoolExprType::AndExpr if parts.contains(&Fold::Constant) => Fold::Constant,
            BoolExprType::AndExpr => Fold::True,
            BoolExprType::OrExpr if parts.contains(&Fold::True) => Fold::True,
            BoolExprType::OrExpr if parts.contains(&Fold::Constant) => Fold::Constant,
            BoolExprType::OrExpr if parts.contains(&Fold::Chooses) => {
                if self.covers_everything(&combined.args) { Fold::True } else { Fold::Chooses }
            }
            BoolExprType::OrExpr if parts.contains(&Fold::Null) => Fold::Null,
            BoolExprType::OrExpr => Fold::False,
            BoolExprType::NotExpr => match parts.first() {
                Some(Fold::True) => Fold::False,
                Some(Fold::False) => Fold::True,
                Some(Fold::Null) => Fold::Null,
                // `NOT (x IS NULL AND x IS NOT NULL)`, `NOT (x = 1 AND x <> 1)`.
                Some(Fold::Chooses) => match combined.args.first().map(|arg| &arg.node) {
                    Some(Some(N::BoolExpr(inner)))
                        if inner.boolop() == BoolExprType::AndExpr
                            && self.covers_everything(&inner.args) =>
                    {
                        Fold::True
                    }
                    _ => Fold::Chooses,
                },
                _ => Fold::Constant,
            },
            BoolExprType::Undefined => Fold::Constant,
        }
    }

    /// Whether two of these conditions leave nothing out between them: `p` and its opposite. A
    /// list of more than a few dozen is doubted as soon as it holds anything but equalities.
    fn covers_everything(&mut self, args: &'t [Node]) -> bool {
        let suspects: Vec<&'t Node> = args.iter().filter(|arg| !is_plain_equality(arg)).collect();
        if suspects.is_empty() {
            return false;
        }
        if args.len() > 32 {
            return true;
        }
        let mut same = Same::new(&self.target.mirrors, self.target.name);
        let covers = suspects.iter().any(|suspect| {
            args.iter().any(|other| !std::ptr::eq(*suspect, other) && same.opposite(suspect, other))
        });
        self.peeked |= same.peeked;
        covers
    }

    fn compared(&mut self, compared: &'t AExpr, depth: usize) -> Fold {
        let (Some(right), left) = (compared.rexpr.as_deref(), compared.lexpr.as_deref()) else {
            return Fold::Constant;
        };
        let operator = words(&compared.name).last().copied().unwrap_or_default();
        let Some(left) = left else {
            return self.depends(right);
        };
        let mut same = Same::new(&self.target.mirrors, self.target.name);
        let decided = match compared.kind() {
            AExprKind::AexprOp => same.comparison(operator, left, right),
            AExprKind::AexprDistinct => same.equal(left, right).then_some(false),
            AExprKind::AexprNotDistinct => same.equal(left, right).then_some(true),
            AExprKind::AexprIn | AExprKind::AexprOpAny => {
                same.any_of(left, right).then_some(operator != "<>")
            }
            AExprKind::AexprLike | AExprKind::AexprIlike | AExprKind::AexprSimilar => {
                same.pattern_takes_all(operator, right)
            }
            AExprKind::AexprBetween | AExprKind::AexprBetweenSym => {
                same.any_of(left, right).then_some(true)
            }
            AExprKind::AexprNullif
            | AExprKind::AexprOpAll
            | AExprKind::AexprNotBetween
            | AExprKind::AexprNotBetweenSym
            | AExprKind::Undefined => None,
        };
        self.peeked |= same.peeked;
        match decided {
            Some(value) => truth(value),
            None if same.moot(left, right) => Fold::Constant,
            None => self.depends_in_comparison(left, right, depth),
        }
    }

    fn depends_in_comparison(&mut self, left: &'t Node, right: &'t Node, depth: usize) -> Fold {
        for side in [left, right] {
            let Some(N::SubLink(link)) = &side.node else { continue };
            match link.subselect.as_ref().and_then(|node| node.node.as_ref()) {
                Some(N::SelectStmt(select)) if !self.is_whole_target(select, depth + 1) => {}
                _ => return Fold::Constant,
            }
            if self.sublink(link, depth + 1) == Fold::Chooses {
                return Fold::Chooses;
            }
        }
        let mut columns = Columns::default();
        columns.count(left, self.target.name, 0);
        columns.count(right, self.target.name, 0);
        // `id = o.id` joins; with other tables about, `x = 5` alone may be about any of them.
        let joins = columns.all > 1 && unqualified_meets_other(left, right);
        if columns.own > 0 || (columns.all > 0 && !self.target.joined) || joins {
            Fold::Chooses
        } else {
            Fold::Constant
        }
    }

    fn depends(&mut self, node: &'t Node) -> Fold {
        let mut columns = Columns::default();
        columns.count(node, self.target.name, 0);
        if columns.own > 0 || (columns.all > 0 && !self.target.joined) {
            Fold::Chooses
        } else {
            Fold::Constant
        }
    }

    fn sublink(&mut self, link: &'t SubLink, depth: usize) -> Fold {
        let select = match link.subselect.as_ref().and_then(|node| node.node.as_ref()) {
            Some(N::SelectStmt(select)) => select,
            _ => return Fold::Constant,
        };
        match link.sub_link_type() {
            // `EXISTS (SELECT … WHERE o.id = t.id)` chooses; without the row's own name it is a
            // question about something else.
            SubLinkType::ExistsSublink | SubLinkType::ExprSublink | SubLinkType::ArraySublink => {
                if self.correlated(select, depth) {
                    Fold::Chooses
                } else {
                    Fold::Constant
                }
            }
            SubLinkType::AnySublink | SubLinkType::AllSublink => {
                let Some(test) = link.testexpr.as_deref() else { return Fold::Constant };
                if self.depends(test) == Fold::Chooses && !self.is_whole_target(select, depth) {
                    Fold::Chooses
                } else {
                    Fold::Constant
                }
            }
            _ => Fold::Constant,
        }
    }

    /// Whether a sub-select's condition mentions the target by its name.
    fn correlated(&mut self, select: &'t SelectStmt, depth: usize) -> bool {
        if depth > 100 {
            return false;
        }
        let hidden = select.from_clause.iter().any(|item| match &item.node {
            Some(N::RangeVar(inner)) => visible_name(inner) == self.target.name,
            _ => false,
        });
        let Some(condition) = select.where_clause.as_deref() else { return false };
        if hidden {
            return false;
        }
        let joined = std::mem::replace(&mut self.target.joined, true);
        let folded = self.fold(condition, depth + 1);
        self.target.joined = joined;
        folded == Fold::Chooses
    }

    /// Whether a sub-select may return every row of the target: `id IN (SELECT id FROM t)`.
    fn is_whole_target(&mut self, select: &'t SelectStmt, depth: usize) -> bool {
        if depth > 60 {
            return true;
        }
        let sides = [&select.larg, &select.rarg];
        if sides.into_iter().flatten().any(|side| self.is_whole_target(side, depth + 1)) {
            return true;
        }
        let ctes = select.with_clause.as_ref().map_or(&[][..], |with| &with.ctes);
        if ctes.iter().any(|cte| match &cte.node {
            Some(N::CommonTableExpr(cte)) => self.is_whole_query(cte.ctequery.as_deref(), depth),
            _ => true,
        }) {
            return true;
        }
        if select.limit_count.is_some()
            || !select.group_clause.is_empty()
            || select.having_clause.is_some()
        {
            return false;
        }
        let Some(inner) = select.from_clause.iter().find_map(|item| self.whole_item(item, depth))
        else {
            // `(SELECT id)` is the row's own.
            let bare = select.from_clause.is_empty() && select.values_lists.is_empty();
            return bare && select.larg.is_none();
        };
        let Some(condition) = select.where_clause.as_deref() else { return true };
        let mut inner = Predicate::new(Target::new(inner, &[]));
        let restricts = inner.restricts(condition);
        self.peeked |= inner.peeked;
        !restricts
    }

    fn is_whole_query(&mut self, query: Option<&'t Node>, depth: usize) -> bool {
        match query.map(|query| &query.node) {
            Some(Some(N::SelectStmt(select))) => {
                !select.from_clause.is_empty() && self.is_whole_target(select, depth + 1)
            }
            _ => false,
        }
    }

    /// The target itself among what a FROM item is made of.
    fn whole_item(&mut self, item: &'t Node, depth: usize) -> Option<&'t RangeVar> {
        match &item.node {
            Some(N::RangeVar(inner)) => {
                (inner.relname == self.target.relation.relname).then_some(inner)
            }
            Some(N::JoinExpr(join)) if depth < 60 => [&join.larg, &join.rarg]
                .into_iter()
                .flatten()
                .find_map(|side| self.whole_item(side, depth + 1)),
            Some(N::RangeSubselect(inner)) => {
                let whole = self.is_whole_query(inner.subquery.as_deref(), depth + 1);
                whole.then_some(self.target.relation)
            }
            _ => None,
        }
    }
}

fn is_plain_equality(node: &Node) -> bool {
    match &node.node {
        Some(N::AExpr(e)) => match e.kind() {
            AExprKind::AexprOp => words(&e.name) == ["="],
            AExprKind::AexprIn => words(&e.name) == ["="],
            _ => false,
        },
        Some(N::BoolExpr(e)) if e.boolop() == BoolExprType::AndExpr => {
            e.args.iter().all(is_plain_equality)
        }
        _ => false,
    }
}

fn boolean_test(folded: Fold, test: BoolTestType) -> Fold {
    let (wanted, negated) = match test {
        BoolTestType::IsTrue => (Fold::True, false),
        BoolTestType::IsNotTrue => (Fold::True, true),
        BoolTestType::IsFalse => (Fold::False, false),
        BoolTestType::IsNotFalse => (Fold::False, true),
        BoolTestType::IsUnknown => (Fold::Null, false),
        BoolTestType::IsNotUnknown => (Fold::Null, true),
        BoolTestType::Undefined => return Fold::Constant,
    };
    match folded {
        Fold::Constant | Fold::Chooses => folded,
        known => truth((known == wanted) != negated),
    }
}

fn truth(value: bool) -> Fold {
    if value { Fold::True } else { Fold::False }
}

/// As the server's boolean input: any unique prefix of true, yes, on, and 1.
fn bool_from_text(text: &str) -> Fold {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Fold::True,
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Fold::False,
        _ => Fold::Constant,
    }
}
