//! Where Cedar is asked: one identity, one resource, one question at a time.

use std::sync::Arc;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, Entity, EntityUid,
    PolicySet as CedarSet, Request,
};
use model::{Action, Identity, Resource};
use rustc_hash::FxHashMap;

use crate::request::{self, CannotAsk};
use crate::rule::Rule;

/// What Cedar said: which policies were satisfied, and which could not be evaluated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) permits: Vec<Arc<Rule>>,
    pub(crate) forbids: Vec<Arc<Rule>>,
    /// Cedar skips a policy that fails; a forbid that fails must forbid.
    pub(crate) failed_forbids: Vec<Arc<Rule>>,
    pub(crate) failed_permits: Vec<Arc<Rule>>,
}

/// The fixed part of every question of one session.
#[derive(Debug)]
pub(crate) struct Bench {
    authorizer: Authorizer,
    principal: EntityUid,
    resource: EntityUid,
    /// The principal and the resource.
    base: Entities,
}

/// The policies that can answer one action, ready for Cedar.
#[derive(Debug)]
pub(crate) struct Docket {
    set: CedarSet,
    rules: FxHashMap<String, Arc<Rule>>,
    action: EntityUid,
    base: Entities,
}

impl Bench {
    pub(crate) fn new(identity: &Identity, resource: &Resource) -> Result<Self, CannotAsk> {
        let principal = request::principal(identity)?;
        let resource = request::resource(resource)?;
        let (principal_uid, resource_uid) = (principal.uid(), resource.uid());
        let base = Entities::from_entities([principal, resource], None)
            .map_err(|error| CannotAsk(error.to_string()))?;
        Ok(Self {
            authorizer: Authorizer::new(),
            principal: principal_uid,
            resource: resource_uid,
            base,
        })
    }

    /// Makes ready to ask about one action.
    pub(crate) fn docket(&self, action: Action, rules: &[Arc<Rule>]) -> Result<Docket, CannotAsk> {
        let mut set = CedarSet::new();
        let mut by_id = FxHashMap::default();
        for rule in rules {
            if rule.covers(action) {
                set.add(rule.policy.clone()).map_err(|error| CannotAsk(error.to_string()))?;
                by_id.insert(rule.id.to_string(), Arc::clone(rule));
            }
        }
        let entity = request::action(action)?;
        let uid = entity.uid();
        let base = self
            .base
            .clone()
            .add_entities([entity], None)
            .map_err(|error| CannotAsk(error.to_string()))?;
        Ok(Docket { set, rules: by_id, action: uid, base })
    }

    /// Asks about an object; no object is the resource itself. The object's own entity comes last.
    pub(crate) fn ask(
        &self,
        docket: &Docket,
        object: Vec<Entity>,
        context: Context,
    ) -> Result<Answer, CannotAsk> {
        let (uid, with_object);
        let entities = match object.last() {
            None => {
                uid = self.resource.clone();
                &docket.base
            }
            Some(last) => {
                uid = last.uid();
                with_object = docket
                    .base
                    .clone()
                    .add_entities(object, None)
                    .map_err(|error| CannotAsk(error.to_string()))?;
                &with_object
            }
        };
        self.put(docket, uid, context, entities)
    }

    /// Asks whether the session may be opened.
    pub(crate) fn connect(
        &self,
        rules: &[Arc<Rule>],
        context: Context,
    ) -> Result<Answer, CannotAsk> {
        let docket = self.docket(Action::Connect, rules)?;
        self.ask(&docket, Vec::new(), context)
    }

    /// Asks whether a class may be seen in clear.
    pub(crate) fn reveal(
        &self,
        rules: &[Arc<Rule>],
        class: Entity,
        context: Context,
    ) -> Result<Answer, CannotAsk> {
        let docket = self.docket(Action::Reveal, rules)?;
        self.ask(&docket, vec![class], context)
    }

    fn put(
        &self,
        docket: &Docket,
        object: EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<Answer, CannotAsk> {
        let (principal, action) = (self.principal.clone(), docket.action.clone());
        let request = Request::new(principal, action, object, context, None)
            .map_err(|error| CannotAsk(error.to_string()))?;
        let response = self.authorizer.is_authorized(&request, &docket.set, entities);

        let mut answer = Answer::default();
        let rule = |id: &cedar_policy::PolicyId| {
            let id: &str = id.as_ref();
            docket.rules.get(id).cloned().ok_or_else(|| {
                CannotAsk(format!("an answer names the policy `{id}`, which was not asked"))
            })
        };
        for id in response.diagnostics().reason() {
            match response.decision() {
                Decision::Allow => answer.permits.push(rule(id)?),
                Decision::Deny => answer.forbids.push(rule(id)?),
            }
        }
        for error in response.diagnostics().errors() {
            let rule = rule(failed(error))?;
            match rule.permits {
                true => answer.failed_permits.push(rule),
                false => answer.failed_forbids.push(rule),
            }
        }
        for list in [
            &mut answer.permits,
            &mut answer.forbids,
            &mut answer.failed_forbids,
            &mut answer.failed_permits,
        ] {
            list.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        }
        Ok(answer)
    }
}

fn failed(error: &AuthorizationError) -> &cedar_policy::PolicyId {
    match error {
        AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
    }
}
