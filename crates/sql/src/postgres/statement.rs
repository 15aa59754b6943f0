//! Which statement it is. A kind that is not named here is not understood.

use model::{Action, ObjectKind};
use pg_query::{Node, NodeEnum as N};

use super::reader::Reader;
use crate::{Effect, Unreadable};

impl<'t> Reader<'t> {
    /// Reads a statement that stands on its own.
    pub(super) fn statement(&mut self, node: &'t Node) -> Result<(), Unreadable> {
        self.deeper(|reader| reader.statement_here(node))
    }

    fn statement_here(&mut self, node: &'t Node) -> Result<(), Unreadable> {
        let Some(kind) = &node.node else {
            return Err(Unreadable::new("the grammar returned an empty statement"));
        };
        match kind {
            N::SelectStmt(_)
            | N::InsertStmt(_)
            | N::UpdateStmt(_)
            | N::DeleteStmt(_)
            | N::MergeStmt(_) => {
                self.trace(node);
                return self.node(node);
            }
            N::TransactionStmt(e) => return self.transaction(e),
            _ => {}
        }
        // Names, options and bodies are constants to the grammar: they all matter.
        self.peek();
        match kind {
            // The session's own state.
            N::VariableSetStmt(e) => self.set(e),
            N::VariableShowStmt(e) => self.show(e),
            N::PrepareStmt(e) => self.prepare(e),
            N::ExecuteStmt(e) => self.execute(e),
            N::DeallocateStmt(e) => self.deallocate(e),
            N::DeclareCursorStmt(e) => self.declare_cursor(e),
            N::FetchStmt(e) => self.fetch(e),
            N::ClosePortalStmt(e) => {
                let cursor = (!e.portalname.is_empty()).then(|| e.portalname.clone());
                self.found.effect = Effect::Close { cursor };
                Ok(())
            }
            N::ListenStmt(e) => {
                self.top(Action::Listen, ObjectKind::Channel, &e.conditionname);
                self.found.effect = Effect::Listen { channel: e.conditionname.clone() };
                Ok(())
            }
            N::UnlistenStmt(e) => {
                let channel = (!e.conditionname.is_empty()).then(|| e.conditionname.clone());
                self.found.effect = Effect::Unlisten { channel };
                Ok(())
            }
            N::NotifyStmt(e) => {
                self.top(Action::Notify, ObjectKind::Channel, &e.conditionname);
                Ok(())
            }
            N::DiscardStmt(e) => self.discard(e),
            N::ConstraintsSetStmt(_) => Ok(()),
            N::LockStmt(e) => self.lock(e),
            N::ExplainStmt(e) => self.explain(e),
            N::CopyStmt(e) => self.copy(e),

            // Code.
            N::DoStmt(_) => {
                self.whole(Action::Do);
                // The client's own code may put anything anywhere.
                self.found.stores = true;
                self.opaque();
                self.changes_catalogue();
                Ok(())
            }
            N::CallStmt(e) => self.call_procedure(e),
            N::LoadStmt(e) => {
                self.top(Action::Load, ObjectKind::File, &e.filename);
                self.opaque();
                Ok(())
            }
            N::CreateFunctionStmt(e) => self.create_function(e),
            N::CreateTrigStmt(e) => self.create_trigger(e),
            N::CreateEventTrigStmt(e) => self.create_event_trigger(e),
            N::RuleStmt(e) => self.create_rule(e),

            // Who may.
            N::GrantStmt(e) => self.grant(e),
            N::GrantRoleStmt(e) => self.grant_role(e),
            N::AlterDefaultPrivilegesStmt(e) => self.default_privileges(e),
            N::CreateRoleStmt(e) => self.manages(&e.role),
            N::AlterRoleStmt(e) => self.manages_role(e.role.as_ref()),
            N::AlterRoleSetStmt(e) => {
                self.whole(Action::Configure);
                self.manages_role(e.role.as_ref())
            }
            N::DropRoleStmt(e) => self.drop_roles(&e.roles),
            N::DropOwnedStmt(e) => self.drop_owned(e),
            N::ReassignOwnedStmt(e) => self.reassign_owned(e),

            // The server.
            N::AlterSystemStmt(e) => {
                let name = e.setstmt.as_ref().map_or("", |set| &set.name).to_ascii_lowercase();
                self.top(Action::Configure, ObjectKind::Setting, &name);
                Ok(())
            }
            N::AlterDatabaseSetStmt(e) => {
                self.top(Action::Configure, ObjectKind::Database, &e.dbname);
                Ok(())
            }
            N::CheckPointStmt(_) => {
                self.whole(Action::Operate);
                Ok(())
            }
            N::VacuumStmt(_) | N::ClusterStmt(_) | N::ReindexStmt(_) | N::RefreshMatViewStmt(_) => {
                self.maintain(kind)
            }

            // What there is.
            _ => {
                self.changes_catalogue();
                self.define(kind)
            }
        }
    }
}
