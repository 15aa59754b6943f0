//! Code that is kept: functions, triggers, rules.

use model::{Action, ObjectKind};
use pg_query::protobuf::{
    CallStmt, CreateEventTrigStmt, CreateFunctionStmt, CreateTrigStmt, RuleStmt,
};
use pg_query::{Node, NodeEnum as N};

use super::name::{qualified, word, words};
use super::reader::Reader;
use crate::{Effect, Outputs, Unreadable};

/// How many function bodies may create functions in turn.
const BODY_DEPTH: usize = 4;

type Walked = Result<(), Unreadable>;

impl<'t> Reader<'t> {
    pub(super) fn call_procedure(&mut self, call: &'t CallStmt) -> Walked {
        let Some(call) = call.funccall.as_deref() else {
            return Err(Unreadable::new("CALL calls nothing"));
        };
        self.nodes(&call.args)?;
        let names = words(&call.funcname);
        let (schema, name) = qualified(&names);
        let parent = self.parent(schema);
        self.calls(parent, name, true);
        self.found.outputs = Outputs::Unknown;
        Ok(())
    }

    pub(super) fn create_function(&mut self, create: &'t CreateFunctionStmt) -> Walked {
        self.changes_catalogue();
        self.new_named(Action::CreateFunction, ObjectKind::Function, &create.funcname)?;
        self.nodes(&create.parameters)?;
        let before = self.sources;
        if let Some(body) = create.sql_body.as_deref() {
            self.body(body)?;
            self.found.stores |= self.sources != before;
        }
        let option = |name: &str| {
            create.options.iter().find_map(|option| match &option.node {
                Some(N::DefElem(option)) if option.defname == name => option.arg.as_deref(),
                _ => None,
            })
        };
        let Some(text) = option("as") else { return Ok(()) };
        let is_sql =
            option("language").and_then(word).is_some_and(|name| name.eq_ignore_ascii_case("sql"));
        let text = match &text.node {
            Some(N::List(list)) if list.items.len() == 1 => list.items.first().and_then(word),
            _ => word(text),
        };
        match text {
            Some(text) if is_sql => self.body_text(text),
            _ => self.unknown_code(),
        }
        Ok(())
    }

    /// BEGIN ATOMIC … END, or RETURN.
    fn body(&mut self, body: &'t Node) -> Walked {
        match &body.node {
            Some(N::List(list)) => {
                self.deeper(|reader| list.items.iter().try_for_each(|item| reader.body(item)))
            }
            Some(N::ReturnStmt(returned)) => self.maybe(&returned.returnval),
            Some(_) => {
                self.statement(body)?;
                self.found.effect = Effect::None;
                self.found.outputs = Outputs::None;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A body in a string: what it does when called counts now, as far as it can be read.
    fn body_text(&mut self, text: &str) {
        if self.body_depth >= BODY_DEPTH {
            return self.unknown_code();
        }
        let Ok(tree) = super::parse(text.as_bytes(), self.limits) else {
            return self.unknown_code();
        };
        for statement in tree.protobuf.stmts.iter().filter_map(|raw| raw.stmt.as_deref()) {
            let mut inner = Reader::new(self.scope, self.limits);
            inner.body_depth = self.body_depth + 1;
            let Ok(inner) = inner.read(statement) else {
                return self.unknown_code();
            };
            self.found.stores |= inner.stores || !inner.reads.is_empty();
            self.found.opaque |= inner.opaque;
            self.found.unbounded |= inner.unbounded;
            self.found.accesses.extend(inner.accesses);
            self.found.reads.extend(inner.reads);
        }
    }

    /// Code in a language that is not read here.
    fn unknown_code(&mut self) {
        self.found.opaque = true;
        self.found.stores = true;
    }

    pub(super) fn create_trigger(&mut self, create: &'t CreateTrigStmt) -> Walked {
        self.changes_catalogue();
        self.on_relation(Action::CreateObject, create.relation.as_ref())?;
        self.maybe(&create.when_clause)?;
        self.triggers(&create.funcname);
        if let Some(name) = &create.relation {
            let relation = self.relation(name);
            self.found.reads.push(relation);
        }
        self.found.stores = true;
        Ok(())
    }

    pub(super) fn create_event_trigger(&mut self, create: &'t CreateEventTrigStmt) -> Walked {
        self.changes_catalogue();
        self.top(Action::CreateObject, ObjectKind::Other, &create.trigname);
        self.triggers(&create.funcname);
        self.found.stores = true;
        Ok(())
    }

    /// From now on others call this function without knowing.
    fn triggers(&mut self, names: &[Node]) {
        let names = words(names);
        let (schema, name) = qualified(&names);
        let parent = self.parent(schema);
        self.calls(parent, name, true);
    }

    pub(super) fn create_rule(&mut self, create: &'t RuleStmt) -> Walked {
        self.changes_catalogue();
        self.on_relation(Action::CreateObject, create.relation.as_ref())?;
        self.maybe(&create.where_clause)?;
        for action in &create.actions {
            self.statement(action)?;
        }
        if let Some(name) = &create.relation {
            let relation = self.relation(name);
            self.found.reads.push(relation);
        }
        self.found.effect = Effect::None;
        self.found.outputs = Outputs::None;
        self.found.stores = true;
        Ok(())
    }
}
