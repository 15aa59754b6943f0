//! What is still known of names after the statements before, in one text.

use model::{Access, Action, ObjectKind};

use crate::{Effect, FunctionFacts, RelationName, Scope, Statement};

/// A scope as it was when the text began, with what its own statements put in doubt since.
pub(super) struct After<'s> {
    scope: &'s dyn Scope,
    path_in_doubt: bool,
    relations_in_doubt: bool,
    functions_in_doubt: bool,
}

impl<'s> After<'s> {
    pub(super) fn nothing(scope: &'s dyn Scope) -> Self {
        Self { scope, path_in_doubt: false, relations_in_doubt: false, functions_in_doubt: false }
    }

    /// The server looks names up anew for every statement: `SET search_path = secret; SELECT …`.
    pub(super) fn and(&mut self, statement: &Statement) {
        let harmless_set = match &statement.effect {
            Effect::Set { name, .. } => {
                !matches!(name.as_str(), "search_path" | "role" | "session_authorization")
            }
            _ => false,
        };
        self.path_in_doubt |= statement.may_change_settings && !harmless_set;
        self.path_in_doubt |=
            matches!(statement.effect, Effect::Execute { .. } | Effect::Commit { .. });
        self.relations_in_doubt |= statement.may_change_catalogue
            || statement.runs_unread
            || matches!(
                statement.effect,
                Effect::Execute { .. } | Effect::Rollback { .. } | Effect::RollbackTo { .. }
            );
        self.functions_in_doubt |= statement.may_change_functions
            || statement.runs_unread
            || matches!(statement.effect, Effect::Execute { .. });
    }
}

impl Scope for After<'_> {
    fn search_path(&self) -> Option<&[String]> {
        if self.path_in_doubt { None } else { self.scope.search_path() }
    }

    fn has_relation(&self, schema: &str, name: &str) -> Option<bool> {
        if self.relations_in_doubt { None } else { self.scope.has_relation(schema, name) }
    }

    fn columns(&self, relation: &RelationName) -> Option<Vec<&str>> {
        if self.relations_in_doubt { None } else { self.scope.columns(relation) }
    }

    fn function(&self, schema: Option<&str>, name: &str) -> FunctionFacts {
        if self.functions_in_doubt && schema != Some("pg_catalog") {
            return FunctionFacts::UserDefined { volatile: true };
        }
        self.scope.function(schema, name)
    }

    fn takes_row(&self, name: &str) -> bool {
        self.functions_in_doubt || self.scope.takes_row(name)
    }
}

/// Whether there may be other functions and operators afterwards.
pub(super) fn makes_functions(access: &Access) -> bool {
    match access.action {
        Action::CreateFunction | Action::Load => true,
        Action::CreateObject | Action::Alter => {
            !matches!(access.object.kind, ObjectKind::Relation | ObjectKind::Type)
        }
        _ => false,
    }
}
