//! A command goes to policy, and comes back with a ruling.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use model::{
    Command, Event, Parameter, Peer, Phase, Reason, ReasonKind, Ruling, Seen, Step, Terms, Ticket,
    Understood, Verdict,
};
use sql::Effect;

use super::client::describe_portal;
use super::prepared::{Begun, Portal, Prepared};
use super::refuse;
use super::running::{Answer, Columns, DescribedBefore, Expect, Running};
use super::store::{Renaming, TooMany};
use super::{Front, Session};
use crate::postgres::error::Report;
use crate::postgres::frame::{empty, frontend};
use crate::postgres::library::Reading;

/// A command that waits for its ruling. Nothing of it has been sent.
pub(super) struct Deciding {
    ticket: Ticket,
    number: u64,
    text: Bytes,
    parameters: Arc<[Parameter]>,
    pub(super) phase: Phase,
    pub(super) what: What,
}

/// The message that is sent once the command may run.
pub(super) enum What {
    Query { message: Bytes, reading: Arc<Reading> },
    Parse { message: Bytes, name: Bytes, prepared: Arc<Prepared>, reading: Arc<Reading> },
    Execute { message: Bytes, name: Bytes, portal: Option<Arc<Portal>>, reading: Arc<Reading> },
    Function { message: Bytes, reading: Arc<Reading> },
}

impl Deciding {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) const fn ticket(&self) -> Ticket {
        self.ticket
    }
}

impl What {
    pub(super) const fn reading(&self) -> &Arc<Reading> {
        match self {
            Self::Query { reading, .. }
            | Self::Parse { reading, .. }
            | Self::Execute { reading, .. }
            | Self::Function { reading, .. } => reading,
        }
    }

    fn read_again(&mut self, now: Arc<Reading>) {
        match self {
            Self::Query { reading, .. }
            | Self::Parse { reading, .. }
            | Self::Execute { reading, .. }
            | Self::Function { reading, .. } => *reading = now,
        }
    }
}

impl Session {
    /// Asks for the ruling of a command that runs. What it only prepares is asked for first, as a Parse
    /// would be: what may never run is not prepared either.
    pub(super) fn ask_to_run(&mut self, text: Bytes, parameters: Arc<[Parameter]>, what: What) {
        let prepares = &what.reading().prepares;
        let mut inner = prepares.iter().map(|(_, inner)| &**inner);
        match inner.next().map(|first| first.joined(inner.map(|one| (usize::MAX, one))).understood)
        {
            Some(inner) => self.record_and_ask(text, parameters, Phase::Prepare, inner, what),
            None => self.ask(text, parameters, Phase::Run, what),
        }
    }

    /// Records a command and asks for its ruling.
    pub(super) fn ask(
        &mut self,
        text: Bytes,
        parameters: Arc<[Parameter]>,
        phase: Phase,
        what: What,
    ) {
        let understood = Arc::clone(&what.reading().understood);
        self.record_and_ask(text, parameters, phase, understood, what);
    }

    fn record_and_ask(
        &mut self,
        text: Bytes,
        parameters: Arc<[Parameter]>,
        phase: Phase,
        understood: Arc<Understood>,
        what: What,
    ) {
        self.numbers += 1;
        let number = self.numbers;
        let in_transaction = self.status != b'I';
        self.steps.push_back(Step::Record(Event::Command {
            number,
            phase,
            text: text.clone(),
            parameters: Arc::clone(&parameters),
            accesses: understood.shared_accesses(),
            seen: Some(Seen { facts: understood.shared_facts(), in_transaction }),
        }));
        let ticket = self.ticket();
        let command = Command {
            number,
            text: text.clone(),
            parameters: Arc::clone(&parameters),
            understood,
            phase,
            in_transaction,
        };
        self.steps.push_back(Step::Decide(ticket, Box::new(command)));
        self.front =
            Front::Deciding(Box::new(Deciding { ticket, number, text, parameters, phase, what }));
    }

    /// The ruling is there.
    pub(super) fn rule(&mut self, ticket: Ticket, ruling: Ruling) {
        match std::mem::replace(&mut self.front, Front::Open) {
            Front::Deciding(deciding) if deciding.ticket == ticket => {
                let mut deciding = deciding;
                let ruling = ruling
                    .and_then(|terms| self.check_meaning(&mut deciding, terms))
                    .and_then(|terms| self.check_masking(&deciding.what, deciding.phase, terms));
                match ruling {
                    Ok(terms) => self.inherit_or_run(*deciding, terms),
                    Err(reason) => self.refuse(*deciding, &reason),
                }
            }
            other => self.front = other,
        }
    }

    /// The command waits for a human: the client is told, and gets what is owed to it so far.
    pub(super) fn held(&mut self, ticket: Ticket, message: &str, hint: &str) {
        let Front::Deciding(deciding) = &self.front else { return };
        if deciding.ticket != ticket {
            return;
        }
        let notice = Report::notice(message).hint(hint).to_bytes();
        let held = Event::Decided {
            number: deciding.number,
            verdict: Verdict::Held,
            policies: Arc::default(),
            approval: None,
            message: Some(message.to_owned()),
            cause: None,
        };
        self.steps.push_back(Step::Record(held));
        if self.unsynced {
            let mut flush = Vec::with_capacity(5);
            empty(&mut flush, frontend::FLUSH);
            self.send(Peer::Upstream, flush.into());
        }
        if self.to_client > 0 {
            self.notices.push(notice);
        } else {
            self.send(Peer::Client, notice);
        }
    }

    /// While a command waited for a human, what its names mean may have changed: what was approved is
    /// what runs, and it is masked by what is known now.
    fn check_meaning(&mut self, deciding: &mut Deciding, terms: Terms) -> Ruling {
        if terms.approval.is_none() {
            return Ok(terms);
        }
        self.learn_names();
        if self.epoch() == self.reading_at {
            return Ok(terms);
        }
        self.reading_at = self.epoch();
        let now = match &deciding.what {
            What::Query { .. } => Some(self.read(&deciding.text)),
            What::Execute { portal: Some(portal), .. } => {
                portal.prepared.as_ref().map(|prepared| self.reading_of(prepared))
            }
            What::Parse { .. } | What::Execute { .. } | What::Function { .. } => None,
        };
        let now = now.map(|reading| self.with_earlier(reading));
        let before = deciding.what.reading();
        match now {
            Some(now) if now.understood == before.understood => deciding.what.read_again(now),
            // Nothing is known of it, and so nothing of what was known has changed.
            None if before.exposure.opaque => {}
            _ => {
                return Err(Reason {
                    kind: ReasonKind::Unavailable,
                    message:
                        "what the statement names has changed while it waited for its approval"
                            .to_owned(),
                    policies: Vec::new(),
                    hint: Some("Send it again.".to_owned()),
                });
            }
        }
        Ok(terms)
    }

    pub(super) fn run(&mut self, deciding: Deciding, terms: Terms) {
        let Deciding { number, text, parameters, phase, what, .. } = deciding;
        let verdict = if terms.approval.is_some() { Verdict::Approved } else { Verdict::Allowed };
        self.steps.push_back(Step::Record(Event::Decided {
            number,
            verdict,
            policies: Arc::clone(&terms.policies),
            approval: terms.approval,
            message: None,
            cause: None,
        }));
        if phase == Phase::Prepare && !matches!(what, What::Parse { .. }) {
            self.ask(text, parameters, Phase::Run, what);
            return;
        }
        if phase == Phase::Run {
            let reading = what.reading();
            self.names.sent(reading);
            self.strings.sent(reading);
            if reading.runs_unread || reading.exposure.opaque {
                self.code_ran += 1;
                self.store.forget_cursors();
            }
        }
        match what {
            What::Query { message, reading } => {
                let mut running = self.begin(number, text, reading, &terms);
                if self.apply_effects(&mut running).is_err() {
                    self.take_back(running.renames);
                    self.refuse_simple(&refuse::too_many_names());
                    return;
                }
                self.send(Peer::Upstream, message);
                self.unsynced = false;
                let unsettled = self.end_segment();
                self.owed.push_back(Expect::Query {
                    running: Box::new(running),
                    failed: false,
                    unsettled,
                });
            }
            What::Parse { message, name, prepared, .. } => {
                match self.store.put_statement(&name, prepared, self.segment) {
                    Ok(rename) => {
                        self.unsynced = true;
                        self.send(Peer::Upstream, message);
                        self.owed.push_back(Expect::Parse { rename });
                    }
                    Err(TooMany) => self.too_many_names(),
                }
            }
            What::Execute { message, name, portal, reading } => {
                let mut running = self.begin(number, text, reading, &terms);
                if let Some(portal) = &portal {
                    running.prepared.clone_from(&portal.prepared);
                    let begun = Begun { number, terms, reading: Arc::clone(&running.reading) };
                    *portal.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
                }
                running.portal = portal;
                if self.apply_effects(&mut running).is_err() {
                    self.take_back(running.renames);
                    self.too_many_names();
                    return;
                }
                self.send_execute(message, &name, running);
            }
            What::Function { message, reading } => {
                let running = self.begin(number, text, reading, &terms);
                self.send(Peer::Upstream, message);
                self.unsynced = false;
                let unsettled = self.end_segment();
                self.owed.push_back(Expect::Function {
                    running: Box::new(running),
                    failed: false,
                    unsettled,
                });
            }
        }
    }

    /// A portal that was suspended goes on under the ruling it began with. `false`: it is a new command.
    pub(super) fn go_on(&mut self, message: &Bytes, portal: &Arc<Portal>) -> bool {
        if !portal.suspended.swap(false, Ordering::Relaxed) {
            return false;
        }
        let begun = portal.begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(Begun { number, terms, reading }) = begun else { return false };
        let text = portal.prepared.as_ref().map(|one| one.text.clone()).unwrap_or_default();
        let mut running = self.begin(number, text, reading, &terms);
        running.prepared.clone_from(&portal.prepared);
        running.portal = Some(Arc::clone(portal));
        self.send_execute(message.clone(), b"", running);
        true
    }

    /// Sends an Execute. A result that must be masked and was never described is described first.
    fn send_execute(&mut self, message: Bytes, name: &[u8], mut running: Running) {
        if let (Some(prepared), Some(portal)) = (&running.prepared, &running.portal) {
            let (catalogue, version) = self.library.snapshot();
            if let Some(columns) = prepared.described((self.names.epoch(), version)) {
                running.described = Some(DescribedBefore { columns, catalogue, version });
            } else if !running.view.clear && !self.is_about_to_describe(portal) {
                let name = if name.is_empty() { execute_name(&message) } else { name };
                self.send(Peer::Upstream, describe_portal(name));
                let portal = Some(Arc::clone(portal));
                self.owed.push_back(Expect::DescribePortal { portal, ours: true });
            }
        }
        if running.view.clear {
            running.result.columns = Columns::Clear;
        }
        self.unsynced = true;
        self.send(Peer::Upstream, message);
        self.owed.push_back(Expect::Execute(Box::new(running)));
    }

    /// Whether the client itself just asked what this portal's result is.
    fn is_about_to_describe(&self, portal: &Arc<Portal>) -> bool {
        let Some(Expect::DescribePortal { portal: Some(asked), .. }) = self.owed.back() else {
            return false;
        };
        Arc::ptr_eq(asked, portal)
    }

    fn begin(&mut self, number: u64, text: Bytes, reading: Arc<Reading>, terms: &Terms) -> Running {
        let view = self.view_for(&terms.reveal);
        Running {
            number,
            text,
            exposed: view.hidden_of(&reading.exposure.classes),
            reading,
            view,
            renames: Vec::new(),
            statement: 0,
            prepared: None,
            portal: None,
            described: None,
            result: Answer::default(),
        }
    }

    /// Keeps the names that a text's SQL makes and drops.
    fn apply_effects(&mut self, running: &mut Running) -> Result<(), TooMany> {
        let reading = Arc::clone(&running.reading);
        let epoch = self.reading_at;
        let now = self.segment;
        for (place, statement) in reading.statements.iter().enumerate() {
            match &statement.effect {
                Effect::Prepare { name, .. } => {
                    let Some((_, inner)) = reading.prepares.iter().find(|(one, _)| one == name)
                    else {
                        continue;
                    };
                    let inner = Arc::clone(inner);
                    let prepared = Prepared::by_sql(&running.text, name, inner, epoch);
                    let prepared = Arc::new(prepared);
                    let rename = self.store.put_statement(name.as_bytes(), prepared, now)?;
                    running.renames.push(rename);
                }
                Effect::Deallocate { name: Some(name) } => {
                    running.renames.extend(self.store.drop_statement(name.as_bytes(), now));
                }
                Effect::Deallocate { name: None } | Effect::Discard { all: true } => {
                    running.renames.extend(self.store.drop_all_statements(now));
                }
                Effect::Declare { cursor, .. } => {
                    let columns = reading.results.get(place);
                    self.store.declare(cursor, &reading.exposure, columns)?;
                }
                Effect::Listen { channel } => self.listens(channel),
                _ => {}
            }
        }
        Ok(())
    }

    /// The server did not do this.
    pub(super) fn take_back(&mut self, renames: impl IntoIterator<Item = Renaming>) {
        for rename in renames {
            self.store.take_back(&rename);
        }
    }

    pub(super) fn refuse(&mut self, deciding: Deciding, reason: &Reason) {
        self.steps.push_back(Step::Record(Event::Decided {
            number: deciding.number,
            verdict: Verdict::Denied,
            policies: reason.policies.iter().map(|id| id.as_str().into()).collect(),
            approval: None,
            message: Some(reason.message.clone()),
            cause: Some(reason.kind),
        }));
        let error = refuse::report(reason);
        match deciding.what {
            What::Query { .. } | What::Function { .. } => self.refuse_simple(&error),
            What::Parse { .. } | What::Execute { .. } => self.refuse_extended(&error),
        }
    }
}

/// The portal an Execute names.
fn execute_name(message: &Bytes) -> &[u8] {
    let body = super::client::body_of(message);
    let end = memchr::memchr(0, body).unwrap_or(body.len());
    body.get(..end).unwrap_or_default()
}
