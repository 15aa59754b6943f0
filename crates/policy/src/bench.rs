//! Where policies are asked: one identity, one resource, one question at a time.
//!
//! A policy's scope says who, what and which action; these are compared here. Only when a policy
//! whose scope matches has a condition besides (`when`, `unless`) is Cedar asked, with that policy as it
//! was written. That a slice answers as Cedar does with every policy and no such care is a test.

use std::sync::Arc;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Entities, Entity, EntityUid, PolicySet as CedarSet,
    Request,
};
use model::{Action, Identity, Resource};
use rustc_hash::FxHashMap;

use crate::request::{self, CannotAsk};
use crate::rule::{Rule, Rules};
use crate::target::{Spot, Target};

/// Which policies apply, and which could not be evaluated. Each list in the order of their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) permits: Vec<Arc<Rule>>,
    pub(crate) forbids: Vec<Arc<Rule>>,
    /// Cedar skips a policy that fails; a forbid that fails must forbid.
    pub(crate) failed_forbids: Vec<Arc<Rule>>,
    pub(crate) failed_permits: Vec<Arc<Rule>>,
}

/// The policies that can concern one identity on one resource. What Cedar needs is made when it is
/// first needed, which in many sessions is never.
#[derive(Debug)]
pub(crate) struct Bench {
    identity: Arc<Identity>,
    resource: Arc<Resource>,
    rules: Rules,
    dockets: FxHashMap<Action, Docket>,
    parties: Option<Parties>,
}

/// The policies that can answer one action.
#[derive(Debug)]
struct Docket {
    rules: Vec<Arc<Rule>>,
    ready: Option<Ready>,
}

/// The conditional ones of them, ready for Cedar.
#[derive(Debug)]
struct Ready {
    set: CedarSet,
    action: EntityUid,
    /// The principal, the resource and the action.
    entities: Entities,
}

/// The fixed part of every question to Cedar.
#[derive(Clone, Debug)]
struct Parties {
    principal: EntityUid,
    entities: Entities,
}

impl Bench {
    pub(crate) fn new(identity: &Arc<Identity>, resource: &Arc<Resource>, rules: Rules) -> Self {
        Self {
            identity: Arc::clone(identity),
            resource: Arc::clone(resource),
            rules,
            dockets: FxHashMap::default(),
            parties: None,
        }
    }

    pub(crate) fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// Asks about an action on a target. `context` is made only if a condition is to be evaluated.
    pub(crate) fn ask(
        &mut self,
        action: Action,
        target: Target<'_>,
        context: impl FnOnce() -> Result<Context, CannotAsk>,
    ) -> Result<Answer, CannotAsk> {
        let docket = self.dockets.entry(action).or_insert_with(|| Docket {
            rules: self.rules.iter().filter(|rule| rule.covers(action)).cloned().collect(),
            ready: None,
        });
        let spot = Spot::new(&self.resource, target);
        let mut answer = Answer::default();
        let mut open = false;
        for rule in docket.rules.iter().filter(|rule| rule.touches(&self.resource, &spot)) {
            match (rule.conditional, rule.permits) {
                (true, _) => open = true,
                (false, true) => answer.permits.push(Arc::clone(rule)),
                (false, false) => answer.forbids.push(Arc::clone(rule)),
            }
        }
        if open {
            let parties = match &self.parties {
                Some(parties) => parties,
                None => self.parties.insert(Parties::new(&self.identity, &self.resource)?),
            };
            let ready = match &docket.ready {
                Some(ready) => ready,
                None => docket.ready.insert(Ready::new(action, &docket.rules, parties)?),
            };
            let target = request::target(&self.resource, target)?;
            ready.put(&docket.rules, &parties.principal, target, context()?, &mut answer)?;
        }
        answer.sort();
        Ok(answer)
    }
}

impl Parties {
    fn new(identity: &Identity, resource: &Resource) -> Result<Self, CannotAsk> {
        let principal = request::principal(identity)?;
        let uid = principal.uid();
        let entities = Entities::from_entities([principal, request::resource(resource)?], None)
            .map_err(CannotAsk::because)?;
        Ok(Self { principal: uid, entities })
    }
}

impl Ready {
    fn new(action: Action, rules: &[Arc<Rule>], parties: &Parties) -> Result<Self, CannotAsk> {
        let mut set = CedarSet::new();
        for rule in rules.iter().filter(|rule| rule.conditional) {
            set.add(rule.policy.clone()).map_err(CannotAsk::because)?;
        }
        let action = request::action(action)?;
        let uid = action.uid();
        let entities = parties.entities.clone();
        let entities = entities.add_entities([action], None).map_err(CannotAsk::because)?;
        Ok(Self { set, action: uid, entities })
    }

    /// Asks Cedar. The target's own entity comes last; none is the resource itself.
    fn put(
        &self,
        rules: &[Arc<Rule>],
        principal: &EntityUid,
        (target, entities): (EntityUid, Vec<Entity>),
        context: Context,
        answer: &mut Answer,
    ) -> Result<(), CannotAsk> {
        let with_target;
        let entities = if entities.is_empty() {
            &self.entities
        } else {
            let all = self.entities.clone().add_entities(entities, None);
            with_target = all.map_err(CannotAsk::because)?;
            &with_target
        };
        let request = Request::new(principal.clone(), self.action.clone(), target, context, None)
            .map_err(CannotAsk::because)?;
        let response = Authorizer::new().is_authorized(&request, &self.set, entities);

        let rule = |id: &cedar_policy::PolicyId| {
            let id: &str = id.as_ref();
            rules.iter().find(|rule| *rule.id == *id).cloned().ok_or_else(|| {
                CannotAsk(format!("an answer names the policy `{id}`, which was not asked"))
            })
        };
        // Cedar names the forbids that apply, or else the permits.
        for id in response.diagnostics().reason() {
            let rule = rule(id)?;
            match rule.permits {
                true => answer.permits.push(rule),
                false => answer.forbids.push(rule),
            }
        }
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let rule = rule(error.policy_id())?;
            match rule.permits {
                true => answer.failed_permits.push(rule),
                false => answer.failed_forbids.push(rule),
            }
        }
        Ok(())
    }
}

impl Answer {
    fn sort(&mut self) {
        let Self { permits, forbids, failed_forbids, failed_permits } = self;
        for list in [permits, forbids, failed_forbids, failed_permits] {
            list.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        }
    }
}
