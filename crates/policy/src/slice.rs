//! The part of the policies that concerns one session, and its decisions.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::Context;
use model::{
    Access, Action, Classes, Command, Decision, Object, ObjectKind, Parent, Phase, PolicyId,
    Reason, ReasonKind, Resource, Timestamp, Understood,
};
use rustc_hash::FxHashMap;

use crate::bench::{Bench, Docket};
use crate::cache::Cache;
use crate::grant::{Circumstances, Grant, check_expiry};
use crate::request::{self, CannotAsk, Place};
use crate::rule::Rules;
use crate::schema::{Moment, moment};
use crate::set::opened_by;
use crate::verdict::{self, Assumed, Finding};

/// The most questions one command may need; a command that needs more is refused.
const QUESTIONS: usize = 4096;

/// What policy says of one session's commands.
///
/// Decisions are kept by what a command means, so asking again about the same costs a look into a
/// table. A slice belongs to one session on one thread; it can be sent, not shared.
#[derive(Debug)]
pub struct Slice {
    identity: Arc<model::Identity>,
    resource: Arc<Resource>,
    circumstances: Circumstances,
    version: Arc<str>,
    rules: Rules,
    reveal: Arc<Classes>,
    /// Schemas of this resource that policies name.
    schemas: BTreeSet<String>,
    reads_time: bool,
    reads_transaction: bool,
    bench: Result<Bench, CannotAsk>,
    dockets: FxHashMap<Action, Docket>,
    /// The minute that `opening` and the cached decisions hold for.
    minute: Option<u64>,
    opening: Option<Result<Context, CannotAsk>>,
    connect: Option<Result<Arc<[PolicyId]>, Reason>>,
    /// Outside and inside a transaction, where policies tell these apart.
    decided: [Cache; 2],
}

impl Slice {
    pub(crate) fn new(
        grant: &Grant,
        rules: Rules,
        reveal: Arc<Classes>,
        version: Arc<str>,
    ) -> Self {
        let resource = Arc::clone(&grant.resource);
        let schemas = rules
            .iter()
            .flat_map(|rule| &rule.objects)
            .filter(|object| object.resource == resource.name)
            .filter_map(|object| object.schema.clone())
            .collect();
        Self {
            bench: Bench::new(&grant.identity, &resource),
            identity: Arc::clone(&grant.identity),
            circumstances: grant.circumstances.clone(),
            version,
            reveal,
            schemas,
            reads_time: rules.iter().any(|rule| rule.reads.time),
            reads_transaction: rules.iter().any(|rule| rule.reads.transaction),
            rules,
            resource,
            dockets: FxHashMap::default(),
            minute: None,
            opening: None,
            connect: None,
            decided: Default::default(),
        }
    }

    /// The classes this identity may see in clear on this resource.
    #[must_use]
    pub const fn reveal(&self) -> &Arc<Classes> {
        &self.reveal
    }

    /// The version of the policies this is a slice of.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The resource it is about.
    #[must_use]
    pub const fn resource(&self) -> &Arc<Resource> {
        &self.resource
    }

    /// Decides a command.
    pub fn decide(&mut self, command: &Command, now: Timestamp) -> Decision {
        if let Err(reason) = check_expiry(&self.identity, now) {
            return Decision::Deny(reason);
        }
        self.turn(now);
        let cell = usize::from(self.reads_transaction && command.in_transaction);
        let known = self.decided.get(cell).and_then(|cache| cache.get(&command.understood));
        let decision = match known {
            Some(decision) => decision.clone(),
            None => {
                let decision = self.weigh(&command.understood, command.in_transaction);
                if let Some(cache) = self.decided.get_mut(cell) {
                    cache.insert(&command.understood, decision.clone());
                }
                decision
            }
        };
        match (command.phase, decision) {
            // Nothing is executed yet: the hold comes when it is run.
            (Phase::Prepare, Decision::Hold(_, terms)) => Decision::Allow(terms),
            (Phase::Prepare | Phase::Run, decision) => decision,
        }
    }

    /// Forgets what was decided in another minute, where policies read the time.
    fn turn(&mut self, now: Timestamp) {
        let minute = request::minute(now);
        if self.minute == Some(minute) || (self.minute.is_some() && !self.reads_time) {
            return;
        }
        self.minute = Some(minute);
        self.opening = None;
        self.connect = None;
        self.decided.iter_mut().for_each(Cache::clear);
    }

    fn weigh(&mut self, understood: &Understood, in_transaction: bool) -> Decision {
        let connect = match self.connect() {
            Ok(policies) => policies,
            Err(reason) => return Decision::Deny(reason),
        };
        let findings = self
            .make_ready(understood, in_transaction)
            .and_then(|context| self.findings(understood, &context));
        let findings = match findings {
            Ok(findings) => findings,
            Err(reason) => return Decision::Deny(reason),
        };
        let why_unknown = understood.facts().not_understood.as_deref();
        verdict::decide(&findings, &self.resource.name, &connect, &self.reveal, why_unknown)
    }

    /// Whether the session may (still) be open, asked once a minute or once a session.
    pub(crate) fn connect(&mut self) -> Result<Arc<[PolicyId]>, Reason> {
        if let Some(connect) = &self.connect {
            return connect.clone();
        }
        let answer = self.opening().and_then(|context| {
            self.bench.as_ref().map_err(Clone::clone)?.connect(&self.rules, context)
        });
        let connect = match answer {
            Ok(answer) => opened_by(&answer).ok_or_else(|| Reason {
                kind: ReasonKind::Policy,
                message: format!("policy no longer permits a session on {}", self.resource.name),
                policies: answer.forbids.iter().map(|rule| rule.id.to_string()).collect(),
                hint: None,
            }),
            Err(CannotAsk(why)) => Err(cannot_ask(&why)),
        };
        self.connect.insert(connect).clone()
    }

    fn opening(&mut self) -> Result<Context, CannotAsk> {
        let minute = self.minute.unwrap_or_default();
        let circumstances = &self.circumstances;
        self.opening.get_or_insert_with(|| request::opening(circumstances, minute)).clone()
    }

    /// Makes everything ready that questions about a command need.
    pub(crate) fn make_ready(
        &mut self,
        understood: &Understood,
        in_transaction: bool,
    ) -> Result<Context, Reason> {
        let cannot = |CannotAsk(why): CannotAsk| cannot_ask(&why);
        let context = self
            .opening()
            .and_then(|opening| request::asking(opening, understood.facts(), in_transaction))
            .map_err(cannot)?;
        for access in understood.accesses() {
            if moment(access.action) != Moment::Asking {
                return Err(Reason {
                    kind: ReasonKind::NotUnderstood,
                    message: format!("`{}` is not an action of a command", access.action.name()),
                    policies: Vec::new(),
                    hint: None,
                });
            }
            if !self.dockets.contains_key(&access.action) {
                let bench = self.bench.as_ref().map_err(|why| cannot(why.clone()))?;
                let docket = bench.docket(access.action, &self.rules).map_err(cannot)?;
                self.dockets.insert(access.action, docket);
            }
        }
        Ok(context)
    }

    /// Puts every question that a command's accesses raise.
    pub(crate) fn findings<'a>(
        &'a self,
        understood: &'a Understood,
        context: &Context,
    ) -> Result<Vec<Finding<'a>>, Reason> {
        let mut findings = Vec::with_capacity(understood.accesses().len());
        for access in understood.accesses() {
            for (place, assumed) in places(&access.object, &self.schemas) {
                if findings.len() >= QUESTIONS {
                    return Err(too_many());
                }
                let answer = self.ask(access, place, context.clone());
                findings.push(Finding { access, assumed, answer });
            }
        }
        Ok(findings)
    }

    fn ask(
        &self,
        access: &Access,
        place: Place<'_>,
        context: Context,
    ) -> Result<crate::bench::Answer, CannotAsk> {
        let bench = self.bench.as_ref().map_err(Clone::clone)?;
        let docket = self
            .dockets
            .get(&access.action)
            .ok_or_else(|| CannotAsk("an action was not made ready".to_owned()))?;
        let object = &access.object;
        let entities = match object.kind {
            ObjectKind::Resource => Vec::new(),
            kind => request::object(&self.resource, kind, place, &object.name)?,
        };
        bench.ask(docket, entities, context)
    }
}

/// Where an object may stand: each place is a question of its own.
///
/// An object whose schema is not known is asked about in every schema that a policy names, and in
/// one that none does: no policy can tell two schemas apart that it does not name.
fn places<'a>(
    object: &'a Object,
    schemas: &'a BTreeSet<String>,
) -> Vec<(Place<'a>, Option<Assumed<'a>>)> {
    match &object.parent {
        Parent::None => vec![(Place::Top, None)],
        Parent::Is(schema) => vec![(Place::In(schema), None)],
        Parent::OneOf(list) if !list.is_empty() => list
            .iter()
            .map(|schema| (Place::In(schema.as_str()), Some(Assumed::Schema(schema))))
            .collect(),
        Parent::OneOf(_) | Parent::Any => schemas
            .iter()
            .map(|schema| (Place::In(schema.as_str()), Some(Assumed::Schema(schema))))
            .chain([(Place::Elsewhere, Some(Assumed::Elsewhere))])
            .collect(),
    }
}

fn cannot_ask(why: &str) -> Reason {
    Reason {
        kind: ReasonKind::Unavailable,
        message: format!("policy cannot be asked: {why}"),
        policies: Vec::new(),
        hint: None,
    }
}

fn too_many() -> Reason {
    Reason {
        kind: ReasonKind::TooLarge,
        message: format!("the command touches more than {QUESTIONS} objects"),
        policies: Vec::new(),
        hint: Some("send it in parts".to_owned()),
    }
}
