//! EXPLAIN: with ANALYZE all that the statement does, without it a look at its tables.

use model::{Action, ObjectKind};
use pg_query::NodeEnum as N;
use pg_query::protobuf::ExplainStmt;
use pg_query::protobuf::a_const::Val;
use pg_query::{Node, protobuf::DefElem};

use super::reader::Reader;
use crate::{Effect, Lineage, Output, Outputs, Statement, Unreadable};

impl<'t> Reader<'t> {
    pub(super) fn explain(&mut self, explain: &'t ExplainStmt) -> Result<(), Unreadable> {
        let Some(query) = explain.query.as_deref() else {
            return Err(Unreadable::new("EXPLAIN explains nothing"));
        };
        let analyze = explain.options.iter().any(|option| match &option.node {
            Some(N::DefElem(option)) => option.defname == "analyze" && !is_off(option),
            _ => true,
        });
        let mut inner = Reader::new(self.scope, self.limits).read(query)?;
        // A plan tells which tables and how many rows; a function it folds may tell anything.
        let from = if inner.opaque { Lineage::untraced() } else { Lineage::default() };
        let plan = Output::Column { name: Some("QUERY PLAN".into()), from };
        inner.outputs = match inner.effect {
            Effect::Execute { .. } => Outputs::Unknown,
            _ => Outputs::Rows(vec![plan]),
        };
        inner.constants_matter |= self.found.constants_matter;
        if !analyze {
            without_running(&mut inner);
        }
        self.found = inner;
        self.whole(Action::Explain);
        Ok(())
    }
}

/// What is left of a statement that is planned and not run: its tables are looked at, and the
/// functions in it may be called to plan it.
fn without_running(inner: &mut Statement) {
    let mut looked_at = Vec::new();
    inner.accesses.retain_mut(|access| {
        let written = access.action.parent() == Some(Action::Write);
        if written && access.object.kind == ObjectKind::Relation {
            looked_at.push(access.object.clone());
        }
        let created = matches!(access.action, Action::CreateTable | Action::CreateView);
        !written && !created
    });
    inner
        .accesses
        .extend(looked_at.into_iter().map(|object| model::Access::new(Action::Select, object)));
    inner.unbounded = false;
    inner.stores = false;
    inner.stored.clear();
    inner.may_change_catalogue &= inner.opaque;
    inner.may_change_functions &= inner.opaque;
    inner.effect = match std::mem::take(&mut inner.effect) {
        Effect::Execute { name, .. } => Effect::Execute { name, explain_only: true },
        _ => Effect::None,
    };
}

/// Whether an option says no in so many words.
fn is_off(option: &DefElem) -> bool {
    let Some(Node { node: Some(value) }) = option.arg.as_deref() else { return false };
    match value {
        N::String(text) => {
            matches!(text.sval.to_ascii_lowercase().as_str(), "off" | "false")
        }
        N::Integer(number) => number.ival == 0,
        N::Boolean(truth) => !truth.boolval,
        N::AConst(constant) => match &constant.val {
            Some(Val::Boolval(truth)) => !truth.boolval,
            _ => false,
        },
        _ => false,
    }
}
