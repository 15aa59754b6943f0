//! SELECT, INSERT, UPDATE, DELETE and MERGE, wherever they stand.

use model::{Action, ObjectKind, Parent};
use pg_query::protobuf::{
    CmdType, DeleteStmt, InsertStmt, IntoClause, MergeMatchKind, MergeStmt, OnConflictAction,
    RangeVar, ReturningClause, SelectStmt, UpdateStmt, WithClause,
};
use pg_query::{Node, NodeEnum as N};

use super::predicate::{Predicate, Target};
use super::reader::Reader;
use crate::{RelationName, Unreadable};

type Walked = Result<(), Unreadable>;

/// Relations of `pg_catalog` (or, of extensions, anywhere) whose rows carry values or statements of
/// other relations and sessions.
pub(super) const CARRIES_VALUES: &[&str] = &[
    "pg_stats",
    "pg_statistic",
    "pg_statistic_ext_data",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_stat_activity",
    "pg_stat_statements",
    "pg_prepared_statements",
    "pg_cursors",
    "pg_largeobject",
];

impl<'t> Reader<'t> {
    /// Rows of this relation are read, unless the name is a WITH query's.
    pub(super) fn reads(&mut self, name: &'t RangeVar) -> Walked {
        self.sources += 1;
        if name.schemaname.is_empty() && self.is_cte(&name.relname) {
            return Ok(());
        }
        let relation = self.relation(name);
        self.selects(relation);
        Ok(())
    }

    pub(super) fn selects(&mut self, relation: RelationName) {
        if CARRIES_VALUES.contains(&relation.name.as_str()) {
            self.found.opaque = true;
        }
        self.within(Action::Select, ObjectKind::Relation, relation.schema.clone(), &relation.name);
        self.found.reads.push(relation);
    }

    /// Rows of this relation are written; what they hold may come back in an error or RETURNING.
    pub(super) fn writes(&mut self, action: Action, name: &RangeVar) {
        let relation = self.relation(name);
        if may_stand_in(&relation.schema, "pg_catalog") && relation.name.starts_with("pg_") {
            // `UPDATE pg_settings` is SET by another name, `UPDATE pg_authid` is ALTER ROLE.
            self.whole(Action::Configure);
            self.found.may_change_settings = true;
            self.changes_catalogue();
        }
        self.within(action, ObjectKind::Relation, relation.schema.clone(), &relation.name);
        self.found.reads.push(relation);
    }

    /// WITH: its names are visible until [`Self::leave`].
    fn enter(&mut self, with: Option<&'t WithClause>) -> Walked {
        let Some(with) = with else { return Ok(()) };
        if with.recursive {
            self.declare(with);
        }
        for cte in &with.ctes {
            let Some(N::CommonTableExpr(cte)) = &cte.node else {
                return Err(Unreadable::new("WITH holds something that is no query"));
            };
            self.maybe(&cte.ctequery)?;
            if let Some(cycle) = cte.cycle_clause.as_deref() {
                self.maybe(&cycle.cycle_mark_value)?;
                self.maybe(&cycle.cycle_mark_default)?;
            }
            if !with.recursive {
                self.declare_cte(&cte.ctename);
            }
        }
        Ok(())
    }

    fn declare(&mut self, with: &'t WithClause) {
        for cte in &with.ctes {
            if let Some(N::CommonTableExpr(cte)) = &cte.node {
                self.declare_cte(&cte.ctename);
            }
        }
    }

    fn leave(&mut self, with: Option<&'t WithClause>) {
        for cte in with.map_or(&[][..], |with| &with.ctes) {
            if let Some(N::CommonTableExpr(cte)) = &cte.node {
                self.forget_cte(&cte.ctename);
            }
        }
    }

    pub(super) fn select(&mut self, select: &'t SelectStmt) -> Walked {
        let with = select.with_clause.as_ref();
        self.enter(with)?;
        if let Some(into) = select.into_clause.as_deref() {
            self.creates_from_query(into, Action::CreateTable);
        }
        for side in [&select.larg, &select.rarg].into_iter().flatten() {
            self.deeper(|reader| reader.select(side))?;
        }
        self.nodes(&select.from_clause)?;
        self.nodes(&select.distinct_clause)?;
        self.nodes(&select.target_list)?;
        self.maybe(&select.where_clause)?;
        self.nodes(&select.group_clause)?;
        self.maybe(&select.having_clause)?;
        self.nodes(&select.window_clause)?;
        self.nodes(&select.values_lists)?;
        self.nodes(&select.sort_clause)?;
        self.maybe(&select.limit_offset)?;
        self.maybe(&select.limit_count)?;
        if !select.locking_clause.is_empty() {
            self.locks(&select.from_clause)?;
        }
        self.leave(with);
        Ok(())
    }

    /// SELECT INTO and CREATE TABLE AS make a relation; what is put there is traced.
    pub(super) fn creates_from_query(&mut self, into: &IntoClause, action: Action) {
        self.changes_catalogue();
        self.peek();
        if let Some(name) = &into.rel {
            let relation = self.new_relation(name);
            self.within(action, ObjectKind::Relation, relation.schema, &relation.name);
        }
    }

    /// FOR UPDATE and its kin lock rows of every relation in FROM, whichever OF names.
    fn locks(&mut self, from: &'t [Node]) -> Walked {
        for item in from {
            match &item.node {
                Some(N::RangeVar(name))
                    if name.schemaname.is_empty() && self.is_cte(&name.relname) => {}
                Some(N::RangeVar(name)) => {
                    let relation = self.relation(name);
                    self.within(
                        Action::Lock,
                        ObjectKind::Relation,
                        relation.schema,
                        &relation.name,
                    );
                }
                Some(N::JoinExpr(join)) => {
                    for side in [&join.larg, &join.rarg].into_iter().flatten() {
                        self.deeper(|reader| reader.locks(std::slice::from_ref(side)))?;
                    }
                }
                Some(N::RangeSubselect(inner)) => {
                    if let Some(N::SelectStmt(select)) =
                        inner.subquery.as_ref().and_then(|query| query.node.as_ref())
                    {
                        self.deeper(|reader| reader.locks(&select.from_clause))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, insert: &'t InsertStmt) -> Walked {
        let with = insert.with_clause.as_ref();
        self.enter(with)?;
        let target = target(insert.relation.as_ref())?;
        self.writes(Action::Insert, target);
        self.nodes(&insert.cols)?;
        self.maybe(&insert.select_stmt)?;
        if let Some(conflict) = insert.on_conflict_clause.as_deref() {
            if let Some(infer) = conflict.infer.as_deref() {
                self.nodes(&infer.index_elems)?;
                self.maybe(&infer.where_clause)?;
            }
            if conflict.action() == OnConflictAction::OnconflictUpdate {
                self.writes(Action::Update, target);
            }
            self.nodes(&conflict.target_list)?;
            self.maybe(&conflict.where_clause)?;
        }
        self.returning(insert.returning_clause.as_ref())?;
        self.leave(with);
        Ok(())
    }

    pub(super) fn update(&mut self, update: &'t UpdateStmt) -> Walked {
        let with = update.with_clause.as_ref();
        self.enter(with)?;
        let target = target(update.relation.as_ref())?;
        self.writes(Action::Update, target);
        self.nodes(&update.from_clause)?;
        self.nodes(&update.target_list)?;
        self.maybe(&update.where_clause)?;
        self.returning(update.returning_clause.as_ref())?;
        self.bound(target, &update.from_clause, update.where_clause.as_deref());
        self.leave(with);
        Ok(())
    }

    pub(super) fn delete(&mut self, delete: &'t DeleteStmt) -> Walked {
        let with = delete.with_clause.as_ref();
        self.enter(with)?;
        let target = target(delete.relation.as_ref())?;
        self.writes(Action::Delete, target);
        self.nodes(&delete.using_clause)?;
        self.maybe(&delete.where_clause)?;
        self.returning(delete.returning_clause.as_ref())?;
        self.bound(target, &delete.using_clause, delete.where_clause.as_deref());
        self.leave(with);
        Ok(())
    }

    pub(super) fn merge(&mut self, merge: &'t MergeStmt) -> Walked {
        let with = merge.with_clause.as_ref();
        self.enter(with)?;
        let target = target(merge.relation.as_ref())?;
        self.writes(Action::Merge, target);
        self.maybe(&merge.source_relation)?;
        self.maybe(&merge.join_condition)?;
        let source = merge.source_relation.as_deref().map_or(&[][..], std::slice::from_ref);
        let joined = self.restricts(target, source, merge.join_condition.as_deref());
        for when in &merge.merge_when_clauses {
            let Some(N::MergeWhenClause(when)) = &when.node else {
                return Err(Unreadable::new("MERGE holds something that is no WHEN"));
            };
            self.maybe(&when.condition)?;
            let changes = match when.command_type() {
                CmdType::CmdInsert => {
                    self.writes(Action::Insert, target);
                    false
                }
                CmdType::CmdUpdate => {
                    self.writes(Action::Update, target);
                    true
                }
                CmdType::CmdDelete => {
                    self.writes(Action::Delete, target);
                    true
                }
                CmdType::CmdNothing => continue,
                _ => return Err(Unreadable::new("MERGE does something that is not known")),
            };
            self.nodes(&when.target_list)?;
            self.nodes(&when.values)?;
            let matched = when.match_kind() == MergeMatchKind::MergeWhenMatched;
            let chosen = self.restricts(target, source, when.condition.as_deref());
            self.found.unbounded |= changes && !chosen && !(matched && joined);
        }
        self.returning(merge.returning_clause.as_ref())?;
        self.leave(with);
        Ok(())
    }

    fn returning(&mut self, returning: Option<&'t ReturningClause>) -> Walked {
        returning.map_or(Ok(()), |returning| self.nodes(&returning.exprs))
    }

    fn bound(&mut self, target: &'t RangeVar, others: &'t [Node], condition: Option<&'t Node>) {
        self.found.unbounded |= !self.restricts(target, others, condition);
    }

    /// Whether a condition certainly chooses among the target's rows.
    fn restricts(
        &mut self,
        target: &'t RangeVar,
        others: &'t [Node],
        condition: Option<&'t Node>,
    ) -> bool {
        let Some(condition) = condition else { return false };
        let mut predicate = Predicate::new(Target::new(target, others));
        let restricts = predicate.restricts(condition);
        self.found.constants_matter |= predicate.peeked;
        restricts
    }
}

fn target(relation: Option<&RangeVar>) -> Result<&RangeVar, Unreadable> {
    relation.ok_or_else(|| Unreadable::new("a write names no relation"))
}

fn may_stand_in(parent: &Parent, schema: &str) -> bool {
    match parent {
        Parent::Is(is) => is == schema,
        Parent::OneOf(any) => any.iter().any(|one| one == schema),
        Parent::Any => true,
        Parent::None => false,
    }
}
