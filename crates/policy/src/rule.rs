//! One loaded policy, with what its scope and its annotations say made ready for slicing.

use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};
use model::{Action, Evidence, Identity, PolicyId, Resource};
use serde_json::Value;

use crate::annotation::{Annotations, Approval};
use crate::target::Spot;
use crate::uid::{self, Literal};

/// A policy as loaded.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: PolicyId,
    pub(crate) policy: Policy,
    pub(crate) permits: bool,
    /// Whether it says more than its scope does.
    pub(crate) conditional: bool,
    pub(crate) message: Option<String>,
    pub(crate) approval: Option<Approval>,
    /// It is tried out and decides nothing.
    pub(crate) shadow: bool,
    /// What it asks of the record of a command that it permits.
    pub(crate) evidence: Evidence,
    pub(crate) contents: u64,
    /// The actions its scope names, groups resolved to their members; `None` is any action.
    actions: Option<Vec<Action>>,
    principal: PrincipalConstraint,
    resource: ResourceConstraint,
    /// Every object and resource its text names, in its scope and in its conditions.
    pub(crate) objects: Vec<Literal>,
    pub(crate) reads: Reads,
}

/// What a policy reads that is not the same for every command that means the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// `context.now` or `context.weekday`.
    pub(crate) time: bool,
    /// `context.in_transaction`.
    pub(crate) transaction: bool,
    /// `context.unbounded`, `context.returns`, `context.filters`, `context.programs`, `context.argv` or
    /// `context.paths`.
    pub(crate) facts: bool,
}

impl Reads {
    const ALL: Self = Self { time: true, transaction: true, facts: true };
}

impl Rule {
    /// Makes a rule of a parsed policy, or says what in it cannot be meant.
    pub(crate) fn new(policy: Policy, annotations: Annotations) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut objects = Vec::new();
        for literal in policy.entity_literals() {
            match check_literal(&literal) {
                Ok(Some(object)) if !objects.contains(&object) => objects.push(object),
                Ok(_) => {}
                Err(message) => errors.push(message),
            }
        }
        let actions = match policy.action_constraint() {
            ActionConstraint::Any => None,
            ActionConstraint::Eq(action) => Some(members(&[action])),
            ActionConstraint::In(actions) => Some(members(&actions)),
        };
        if annotations.approval.is_some() {
            for (action, why) in [
                (Action::Connect, "opening a session cannot wait for an approval"),
                (Action::Reveal, "no approval ever reveals data"),
            ] {
                if actions.as_ref().is_some_and(|actions| actions.contains(&action)) {
                    errors.push(format!("@approve on `{}`: {why}", action.name()));
                }
            }
        }
        let only_reveals = |actions: &Vec<Action>| *actions == [Action::Reveal];
        if annotations.evidence == Evidence::Strict && actions.as_ref().is_some_and(only_reveals) {
            errors.push("@evidence on `reveal`: it is asked about when a session is opened, not of a command".to_owned());
        }
        let reads = match policy.to_json() {
            Ok(json) => reads(&json),
            // What cannot be looked at is taken to read everything: slower, never wrong.
            Err(_) => Reads::ALL,
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            id: annotations.id.into(),
            permits: policy.effect() == Effect::Permit,
            conditional: policy.has_non_scope_constraint(),
            message: annotations.message,
            approval: annotations.approval,
            shadow: annotations.shadow,
            evidence: annotations.evidence,
            contents: annotations.contents,
            actions,
            principal: policy.principal_constraint(),
            resource: policy.resource_constraint(),
            objects,
            reads,
            policy,
        })
    }

    /// Whether its scope admits this action.
    pub(crate) fn covers(&self, action: Action) -> bool {
        self.actions.as_ref().is_none_or(|actions| actions.contains(&action))
    }

    /// Whether its scope names this action, or a group it is of, in as many words.
    pub(crate) fn names(&self, action: Action) -> bool {
        self.actions.as_ref().is_some_and(|actions| actions.contains(&action))
    }

    /// Whether its scope can match this identity.
    pub(crate) fn may_concern(&self, identity: &Identity) -> bool {
        let kind = crate::request::principal_type(identity.kind);
        let is = |uid: &EntityUid| {
            uid.type_name().basename() == kind && uid.id().unescaped() == identity.subject
        };
        let within = |uid: &EntityUid| {
            is(uid)
                || (uid.type_name().basename() == "Group"
                    && identity.groups.iter().any(|group| uid.id().unescaped() == group))
        };
        match &self.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(uid) => is(uid),
            PrincipalConstraint::In(uid) => within(uid),
            PrincipalConstraint::Is(name) => name.basename() == kind,
            PrincipalConstraint::IsIn(name, uid) => name.basename() == kind && within(uid),
        }
    }

    /// Whether its scope can match this resource or something that stands in it.
    pub(crate) fn may_touch(&self, resource: &Resource) -> bool {
        let near = |uid: &EntityUid| {
            let id = uid.id().unescaped();
            match uid.type_name().basename() {
                "Resource" => id == resource.name,
                "Object" => id.split('/').next() == Some(&resource.name),
                "Label" => has_label(resource, id),
                _ => false,
            }
        };
        match &self.resource {
            ResourceConstraint::Any => true,
            ResourceConstraint::Is(name) => name.basename() != "DataClass",
            ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) => near(uid),
            ResourceConstraint::IsIn(name, uid) => name.basename() != "DataClass" && near(uid),
        }
    }

    /// Whether its scope matches this very target.
    pub(crate) fn touches(&self, resource: &Resource, spot: &Spot) -> bool {
        let is = |uid: &EntityUid| {
            uid.type_name().basename() == spot.type_name && uid.id().unescaped() == spot.id
        };
        let within = |uid: &EntityUid| {
            let id = uid.id().unescaped();
            is(uid)
                || match uid.type_name().basename() {
                    // A data class stands in nothing.
                    _ if spot.type_name == "DataClass" => false,
                    "Resource" => id == resource.name,
                    "Label" => has_label(resource, id),
                    "Object" => spot.schema.as_deref() == Some(id),
                    _ => false,
                }
        };
        match &self.resource {
            ResourceConstraint::Any => true,
            ResourceConstraint::Eq(uid) => is(uid),
            ResourceConstraint::In(uid) => within(uid),
            ResourceConstraint::Is(name) => name.basename() == spot.type_name,
            ResourceConstraint::IsIn(name, uid) => name.basename() == spot.type_name && within(uid),
        }
    }
}

fn has_label(resource: &Resource, id: &str) -> bool {
    // A label's value may hold `=`, and so may its key: every reading of the id counts.
    resource.labels.iter().any(|(key, value)| {
        id.strip_prefix(key.as_str()).and_then(|rest| rest.strip_prefix('=')) == Some(value)
    })
}

/// The actions these stand for: groups give their members.
fn members(uids: &[EntityUid]) -> Vec<Action> {
    let named = |action: Action| uids.iter().any(|uid| uid.id().unescaped() == action.name());
    Action::ALL
        .iter()
        .copied()
        .filter(|action| named(*action) || action.parent().is_some_and(named))
        .collect()
}

/// Checks an entity that stands in a policy's text; gives the object or resource it is, if it is one.
fn check_literal(literal: &EntityUid) -> Result<Option<Literal>, String> {
    let id = literal.id().unescaped();
    match literal.type_name().basename() {
        "Object" => uid::parse_object(id).map(Some),
        "Resource" => {
            uid::resource_name(id).map(|()| Some(Literal { resource: id.to_owned(), schema: None }))
        }
        "Label" => uid::label(id).map(|()| None),
        "DataClass" => uid::data_class(id).map(|()| None),
        // Which types and actions there are is the schema's to say.
        name if id.is_empty() => Err(format!("`{name}::\"\"` names nothing")),
        _ => Ok(None),
    }
}

/// What the policy's text reads of the context. Where the context is used as a whole it reads all.
fn reads(policy: &Value) -> Reads {
    let mut reads = Reads::default();
    let context = serde_json::json!({ "Var": "context" });
    let mut left = vec![policy];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(_) if *value == context => {
                return Reads::ALL;
            }
            Value::Object(fields) => {
                let access = [".", "has"].iter().find_map(|key| fields.get(*key));
                match access {
                    Some(access) if access.get("left") == Some(&context) => {
                        match access.get("attr").and_then(Value::as_str) {
                            Some("now" | "weekday") => reads.time = true,
                            Some("in_transaction") => reads.transaction = true,
                            Some(
                                "unbounded" | "returns" | "filters" | "programs" | "argv" | "paths",
                            ) => reads.facts = true,
                            Some(_) => {}
                            None => return Reads::ALL,
                        }
                    }
                    _ => left.extend(fields.values()),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    reads
}

/// Rules behind one pointer, in the order they were loaded.
pub(crate) type Rules = Arc<[Arc<Rule>]>;

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_of(condition: &str) -> Reads {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        reads(&Policy::parse(None, text).unwrap().to_json().unwrap())
    }

    #[test]
    fn what_a_policy_reads_of_the_context_is_found_wherever_it_stands() {
        let time = Reads { time: true, ..Reads::default() };
        let transaction = Reads { transaction: true, ..Reads::default() };
        let facts = Reads { facts: true, ..Reads::default() };
        let all = Reads::ALL;
        for (condition, expected) in [
            ("context.unbounded", facts),
            ("context.returns.isEmpty()", facts),
            ("context.filters.isEmpty()", facts),
            ("context.programs.contains(\"rm\")", facts),
            ("context.argv == [\"-l\"]", facts),
            ("context.paths.containsAny([\"/etc\"])", facts),
            ("context.source.isLoopback()", Reads::default()),
            ("principal has now && resource.weekday == \"now\"", Reads::default()),
            ("!(context has client) || context.client == \"now\"", Reads::default()),
            ("context.now.toTime() > duration(\"9h\")", time),
            ("if principal.subject == \"x\" then [1, context.weekday].contains(6) else true", time),
            ("{a: context.now} == {a: context.now}", time),
            ("context[\"now\"] == context[\"now\"]", time),
            ("context has now", time),
            ("!context.in_transaction", transaction),
            ("context == context", all),
            ("[context].contains({})", all),
            ("{a: context}.a.now == datetime(\"2026-01-01\")", all),
        ] {
            assert_eq!(reads_of(condition), expected, "{condition}");
        }
    }
}
