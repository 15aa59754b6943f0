//! The part of the policies that concerns one session, and its decisions.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::Context;
use model::{
    Action, Classes, Command, Decision, Object, Parent, Phase, Reason, ReasonKind, Resource,
    Timestamp, Understood,
};

use crate::bench::Bench;
use crate::cache::Cache;
use crate::grant::{Circumstances, Grant, check_expiry};
use crate::request::{self, CannotAsk};
use crate::rule::{Rule, Rules};
use crate::schema::{Moment, moment};
use crate::set::{Opened, opened_by};
use crate::shadow::{self, Tried};
use crate::target::{Place, Target};
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
    version: Arc<str>,
    reveal: Arc<Classes>,
    /// Schemas of this resource that policies name.
    schemas: Arc<BTreeSet<String>>,
    reads_time: bool,
    reads_transaction: bool,
    bench: Bench,
    /// Its minute is the one that the cached decisions hold for.
    opening: Opening,
    connect: Option<Result<Opened, Reason>>,
    /// Outside and inside a transaction, where policies tell these apart.
    decided: [Cache; 2],
    /// What is tried out beside it; nothing in most sessions.
    tried: Option<Box<Tried>>,
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
            identity: Arc::clone(&grant.identity),
            version,
            reveal,
            schemas: Arc::new(schemas),
            reads_time: rules.iter().any(|rule| rule.reads.time),
            reads_transaction: rules.iter().any(|rule| rule.reads.transaction),
            bench: Bench::new(&grant.identity, &resource, rules),
            resource,
            opening: Opening {
                circumstances: grant.circumstances.clone(),
                minute: None,
                made: None,
            },
            connect: None,
            decided: Default::default(),
            tried: None,
        }
    }

    /// The same, and beside it what decides as if the policies that are only tried out were in force.
    pub(crate) fn with_shadow(self, slice: Self, opening: shadow::Opening) -> Self {
        Self { tried: Some(Box::new(Tried::new(slice, opening))), ..self }
    }

    pub(crate) fn tried(&mut self) -> Option<&mut Tried> {
        self.tried.as_deref_mut()
    }

    pub(crate) fn rules(&self) -> &[Arc<Rule>] {
        self.bench.rules()
    }

    /// Whether what it decides depends on more than a command's accesses.
    #[must_use]
    pub fn reads_more_than_accesses(&self) -> bool {
        self.bench.rules().iter().any(|rule| rule.reads.transaction || rule.reads.facts)
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
    pub(crate) fn turn(&mut self, now: Timestamp) {
        let minute = request::minute(now);
        match self.opening.minute {
            Some(held) if held == minute || !self.reads_time => return,
            _ => {}
        }
        self.opening.minute = Some(minute);
        self.opening.made = None;
        self.connect = None;
        self.decided.iter_mut().for_each(Cache::clear);
    }

    fn weigh(&mut self, understood: &Understood, in_transaction: bool) -> Decision {
        let connect = match self.connect() {
            Ok(opened) => opened,
            Err(reason) => return Decision::Deny(reason),
        };
        let findings = self.findings(understood, in_transaction);
        let findings = match findings {
            Ok(findings) => findings,
            Err(reason) => return Decision::Deny(reason),
        };
        let why_unknown = understood.facts().not_understood.as_deref();
        verdict::decide(&findings, &self.resource.name, &connect, &self.reveal, why_unknown)
    }

    /// Whether the session may (still) be open, asked once a minute or once a session.
    pub(crate) fn connect(&mut self) -> Result<Opened, Reason> {
        if let Some(connect) = &self.connect {
            return connect.clone();
        }
        let Self { bench, opening, .. } = self;
        let answer = bench.ask(Action::Connect, Target::Resource, || opening.make());
        let connect = match answer {
            Ok(answer) => opened_by(&answer).ok_or_else(|| Reason {
                kind: ReasonKind::Policy,
                message: format!("policy no longer permits a session on {}", self.resource.name),
                policies: answer
                    .forbids
                    .iter()
                    .chain(&answer.failed_forbids)
                    .map(|rule| rule.id.to_string())
                    .collect(),
                hint: None,
            }),
            Err(CannotAsk(why)) => Err(cannot_ask(&why)),
        };
        self.connect.insert(connect).clone()
    }

    /// Puts every question that a command's accesses raise.
    pub(crate) fn findings<'a>(
        &mut self,
        understood: &'a Understood,
        in_transaction: bool,
    ) -> Result<Vec<Finding<'a>>, Reason> {
        let schemas = Arc::clone(&self.schemas);
        let Self { bench, opening, .. } = self;
        let mut asking: Option<Context> = None;
        let mut context = || match &asking {
            Some(context) => Ok(context.clone()),
            None => {
                let made = request::asking(opening.make()?, understood.facts(), in_transaction)?;
                Ok(asking.insert(made).clone())
            }
        };
        let mut findings = Vec::with_capacity(understood.accesses().len());
        for access in understood.accesses() {
            if moment(access.action) != Moment::Asking {
                return Err(no_action(access.action));
            }
            for (place, assumed) in places(&access.object, &schemas) {
                if findings.len() >= QUESTIONS {
                    return Err(too_many());
                }
                let target = Target::of(&access.object, place);
                let answer = bench.ask(access.action, target, &mut context);
                findings.push(Finding { access, assumed, answer });
            }
        }
        Ok(findings)
    }
}

/// The part of a context that is the same for a session's every question of one minute.
#[derive(Debug)]
struct Opening {
    circumstances: Circumstances,
    minute: Option<u64>,
    made: Option<Context>,
}

impl Opening {
    fn make(&mut self) -> Result<Context, CannotAsk> {
        if let Some(made) = &self.made {
            return Ok(made.clone());
        }
        let minute = self.minute.unwrap_or_default();
        let made = request::opening(&self.circumstances, minute)?;
        Ok(self.made.insert(made).clone())
    }
}

/// Where an object may stand: each place is a question of its own.
///
/// An object whose schema is not known is asked about in every schema that a policy names, and in
/// one that none does: no policy can tell two schemas apart that it does not name.
fn places<'a>(
    object: &'a Object,
    schemas: &'a BTreeSet<String>,
) -> Vec<(Place<'a>, Option<Assumed>)> {
    match &object.parent {
        Parent::None => vec![(Place::Top, None)],
        Parent::Is(schema) => vec![(Place::In(schema), None)],
        Parent::OneOf(list) if !list.is_empty() => list
            .iter()
            .map(|schema| (Place::In(schema.as_str()), Some(Assumed::Schema(schema.clone()))))
            .collect(),
        Parent::OneOf(_) | Parent::Any => schemas
            .iter()
            .map(|schema| (Place::In(schema.as_str()), Some(Assumed::Schema(schema.clone()))))
            .chain([(Place::Elsewhere, Some(Assumed::Elsewhere))])
            .collect(),
    }
}

fn no_action(action: Action) -> Reason {
    Reason {
        kind: ReasonKind::NotUnderstood,
        message: format!("`{}` is not an action of a command", action.name()),
        policies: Vec::new(),
        hint: None,
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
