//! Transactions, prepared statements, cursors, locks.

use model::{Action, ObjectKind};
use pg_query::NodeEnum as N;
use pg_query::protobuf::{
    DeallocateStmt, DeclareCursorStmt, DiscardMode, DiscardStmt, ExecuteStmt, FetchStmt, LockStmt,
    PrepareStmt, TransactionStmt, TransactionStmtKind,
};

use super::reader::Reader;
use crate::{Effect, Outputs, Unreadable};

/// `CURSOR_OPT_HOLD` of PostgreSQL's `parsenodes.h`.
const WITH_HOLD: i32 = 0x0020;

impl<'t> Reader<'t> {
    pub(super) fn transaction(
        &mut self,
        transaction: &'t TransactionStmt,
    ) -> Result<(), Unreadable> {
        use TransactionStmtKind as Kind;
        let name = || transaction.savepoint_name.clone();
        let chain = transaction.chain;
        self.found.effect = match transaction.kind() {
            Kind::TransStmtBegin | Kind::TransStmtStart => Effect::Begin,
            Kind::TransStmtCommit => Effect::Commit { chain },
            Kind::TransStmtRollback => Effect::Rollback { chain },
            Kind::TransStmtSavepoint => Effect::Savepoint { name: name() },
            Kind::TransStmtRelease => Effect::Release { name: name() },
            Kind::TransStmtRollbackTo => Effect::RollbackTo { name: name() },
            Kind::TransStmtPrepare => {
                self.peek();
                self.whole(Action::Operate);
                Effect::PrepareTransaction
            }
            Kind::TransStmtCommitPrepared | Kind::TransStmtRollbackPrepared => {
                self.peek();
                self.whole(Action::Operate);
                self.changes_catalogue();
                Effect::None
            }
            Kind::Undefined => {
                return Err(Unreadable::new("a kind of transaction control is not known"));
            }
        };
        // What a rolled back transaction set is set no more.
        self.found.may_change_settings |=
            matches!(self.found.effect, Effect::Rollback { .. } | Effect::RollbackTo { .. });
        Ok(())
    }

    /// PREPARE does nothing yet: what EXECUTE will do is kept inside.
    pub(super) fn prepare(&mut self, prepare: &'t PrepareStmt) -> Result<(), Unreadable> {
        let Some(query) = prepare.query.as_deref() else {
            return Err(Unreadable::new("PREPARE prepares nothing"));
        };
        let inner = Reader::new(self.scope, self.limits).read(query)?;
        self.found.effect = Effect::Prepare { name: prepare.name.clone(), inner: Box::new(inner) };
        Ok(())
    }

    pub(super) fn execute(&mut self, execute: &'t ExecuteStmt) -> Result<(), Unreadable> {
        self.nodes(&execute.params)?;
        self.found.outputs = Outputs::Unknown;
        self.found.effect = Effect::Execute { name: execute.name.clone(), explain_only: false };
        Ok(())
    }

    pub(super) fn deallocate(&mut self, deallocate: &'t DeallocateStmt) -> Result<(), Unreadable> {
        let name = (!deallocate.isall).then(|| deallocate.name.clone());
        self.found.effect = Effect::Deallocate { name };
        Ok(())
    }

    pub(super) fn declare_cursor(
        &mut self,
        declare: &'t DeclareCursorStmt,
    ) -> Result<(), Unreadable> {
        let Some(query) = declare.query.as_deref() else {
            return Err(Unreadable::new("DECLARE declares nothing"));
        };
        self.statement(query)?;
        if !matches!(query.node, Some(N::SelectStmt(_))) {
            return Err(Unreadable::new("DECLARE takes a query only"));
        }
        let hold = declare.options & WITH_HOLD != 0;
        self.found.effect = Effect::Declare { cursor: declare.portalname.clone(), hold };
        Ok(())
    }

    pub(super) fn fetch(&mut self, fetch: &'t FetchStmt) -> Result<(), Unreadable> {
        let cursor = fetch.portalname.clone();
        if fetch.ismove {
            self.found.effect = Effect::Move { cursor };
        } else {
            self.found.outputs = Outputs::Unknown;
            self.found.effect = Effect::Fetch { cursor };
        }
        Ok(())
    }

    pub(super) fn discard(&mut self, discard: &'t DiscardStmt) -> Result<(), Unreadable> {
        let all = discard.target() == DiscardMode::DiscardAll;
        self.found.effect = Effect::Discard { all };
        self.found.may_change_settings = all;
        // Temporary tables go.
        self.found.may_change_catalogue = all || discard.target() == DiscardMode::DiscardTemp;
        Ok(())
    }

    pub(super) fn lock(&mut self, lock: &'t LockStmt) -> Result<(), Unreadable> {
        for relation in &lock.relations {
            let Some(N::RangeVar(name)) = &relation.node else {
                return Err(Unreadable::new("LOCK names something that is no relation"));
            };
            let relation = self.relation(name);
            self.within(Action::Lock, ObjectKind::Relation, relation.schema, &relation.name);
        }
        Ok(())
    }
}
