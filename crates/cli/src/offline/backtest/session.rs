//! One session, decided again.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use model::{
    Access, Classes, Command, Decision, Event, Identity, Phase, ReasonKind, Resource, Seen,
    SessionHead, Timestamp, Understood, Verdict,
};
use policy::{Circumstances, PolicySet, Slice};

use super::Question;
use super::tally::{Change, Example, Tally};

/// So many commands may wait for their decisions; of the oldest it is not waited for then.
const MOST_ASKED: usize = 4096;

/// A session whose recording is being read.
pub(super) struct Again<'a> {
    question: &'a Question,
    tally: &'a mut Tally,
    state: State,
    /// Commands that were not decided yet: one, but where several programs are asked for at once.
    asked: BTreeMap<u64, Asked>,
}

enum State {
    /// The recording has not said whose it is.
    Unknown,
    /// Nothing of it can be decided again.
    Cannot(String),
    /// The candidate, or what it is compared with, does not open it, and the other one does.
    Turned(Box<Change>),
    /// Neither opens it.
    Closed,
    Open(Box<Open>),
}

struct Open {
    head: SessionHead,
    candidate: Slice,
    against: Option<Slice>,
    /// Whether the candidate shows the same classes in clear; nothing when nobody can tell.
    shows_the_same: Option<bool>,
    /// A command is decided by more than its accesses, which a recording may not hold.
    needs_facts: bool,
}

struct Asked {
    number: u64,
    at: Timestamp,
    phase: Phase,
    text: Bytes,
    accesses: Arc<[Access]>,
    seen: Option<Seen>,
}

/// What a recording says was decided.
enum Recorded {
    As(Verdict),
    /// Refused so that data stays masked: policy let it pass.
    Masked,
    Unclear(&'static str),
}

impl<'a> Again<'a> {
    pub(super) const fn new(question: &'a Question, tally: &'a mut Tally) -> Self {
        Self { question, tally, state: State::Unknown, asked: BTreeMap::new() }
    }

    /// Takes one event. `false`: nothing more of this recording is wanted.
    pub(super) fn event(&mut self, at: Timestamp, event: Event) -> bool {
        match event {
            Event::Opened(head) => return self.open(*head),
            Event::Command { number, phase, text, accesses, seen, .. } => {
                let Question { since, until, .. } = *self.question;
                if at >= since && at < until {
                    self.asked.insert(number, Asked { number, at, phase, text, accesses, seen });
                }
                if self.asked.len() > MOST_ASKED {
                    self.undecided();
                }
            }
            Event::Decided { number, verdict, policies, cause, .. } => {
                // Of one that was held only the first word is policy's.
                if let Some(asked) = self.asked.remove(&number) {
                    self.decide(&asked, Some(recorded(verdict, policies.is_empty(), cause)));
                }
            }
            Event::Shadow { .. }
            | Event::Columns { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Stream { .. }
            | Event::Terminal { .. }
            | Event::Exited { .. }
            | Event::Moved { .. }
            | Event::Cut { .. }
            | Event::Finished { .. }
            | Event::Failed { .. }
            | Event::Notice { .. }
            | Event::Closed(_) => {}
        }
        true
    }

    /// The recording has no more.
    pub(super) fn finish(mut self) {
        while !self.asked.is_empty() {
            self.undecided();
        }
    }

    /// A command whose recording ends before its decision.
    fn undecided(&mut self) {
        if let Some((_, asked)) = self.asked.pop_first() {
            self.decide(&asked, None);
        }
    }

    fn open(&mut self, head: SessionHead) -> bool {
        let Question { since, until, .. } = *self.question;
        let other =
            |wanted: &Option<String>, is: &str| wanted.as_deref().is_some_and(|one| one != is);
        if head.opened >= until
            || other(&self.question.resource, &head.resource)
            || other(&self.question.subject, &head.identity.subject)
        {
            return false;
        }
        self.tally.sessions += 1;
        let counted = head.opened >= since;
        self.state = match prepare(self.question, head) {
            Ok(Prepared::Neither) => State::Closed,
            Ok(Prepared::Turned(change)) => {
                if counted {
                    self.tally.changed(&change, None);
                }
                State::Turned(Box::new(change))
            }
            Ok(Prepared::Open(open, masking)) => {
                for change in masking {
                    self.tally.changed(&change, None);
                }
                State::Open(open)
            }
            Err(why) => State::Cannot(why),
        };
        true
    }

    fn decide(&mut self, asked: &Asked, recorded: Option<Recorded>) {
        self.tally.commands += 1;
        let open = match &mut self.state {
            State::Open(open) => open,
            State::Closed => return self.tally.unchanged += 1,
            State::Turned(change) => return self.tally.command_of(change),
            State::Cannot(why) => return self.tally.cannot(why),
            State::Unknown => return self.tally.cannot("the recording does not say whose it is"),
        };
        if asked.seen.is_none() && open.needs_facts {
            return self.tally.cannot(
                "the recording does not hold what the policies read beside the accesses (unbounded, returns, filters, programs, argv, paths, in_transaction)",
            );
        }
        let command = command(asked);
        let would = open.candidate.decide(&command, asked.at);
        let to = word(&would);
        let from = match (&mut open.against, recorded) {
            (Some(against), _) => word(&against.decide(&command, asked.at)),
            (None, Some(Recorded::As(verdict))) => verdict,
            (None, Some(Recorded::Masked)) => match (to, open.shows_the_same) {
                // It is refused either way.
                (Verdict::Denied, _) | (_, Some(true)) => return self.tally.unchanged += 1,
                _ => {
                    return self.tally.cannot(
                        "it was refused to keep data masked, and other classes would be shown in clear",
                    );
                }
            },
            (None, Some(Recorded::Unclear(why))) => return self.tally.cannot(why),
            (None, None) => {
                return self.tally.cannot("the recording ends before the command was decided");
            }
        };
        if from == to {
            self.tally.unchanged += 1;
            return;
        }
        let change = Change::of_command(from, to, &open.head, &asked.accesses, policies_of(would));
        let example = Example::new(open.head.id, asked.number, asked.at, &asked.text);
        self.tally.changed(&change, Some(example));
    }
}

enum Prepared {
    Neither,
    Turned(Change),
    /// And what is masked otherwise in it.
    Open(Box<Open>, Vec<Change>),
}

/// Asks the policies about the session itself.
fn prepare(question: &Question, head: SessionHead) -> Result<Prepared, String> {
    let resource = question.resources.iter().find(|one| one.name == head.resource);
    let resource = resource
        .ok_or_else(|| format!("the resource `{}` is not in the configuration", head.resource))?;
    let source = address(&head.source)
        .ok_or_else(|| "the recording does not say from where the client came".to_owned())?;
    let circumstances = Circumstances { source, client: head.client.clone(), now: head.opened };
    let identity = Arc::new(head.identity.clone());
    let open = |policies: &Arc<PolicySet>| slice(policies, &identity, resource, &circumstances);

    let candidate = open(&question.candidate);
    // That it was opened is what was recorded.
    let against = question.against.as_ref().map(open);
    let opened_before = against.as_ref().is_none_or(Option::is_some);
    match (candidate, opened_before) {
        (Some(candidate), true) => {
            let against = against.flatten();
            let clear = |slice: &Slice| Classes::clone(slice.reveal());
            let shown_before = match &against {
                Some(against) => Some(clear(against)),
                // To whom it is closed now, nothing is shown.
                None => question
                    .configured
                    .as_ref()
                    .map(|policies| open(policies).as_ref().map(clear).unwrap_or_default()),
            };
            let shows_the_same = shown_before.as_ref().map(|shown| **candidate.reveal() == *shown);
            let masking = shown_before
                .map(|before| Change::of_masking(&head, &before, candidate.reveal()))
                .unwrap_or_default();
            let needs_facts = candidate.reads_more_than_accesses()
                || against.as_ref().is_some_and(Slice::reads_more_than_accesses);
            let open = Open { head, candidate, against, shows_the_same, needs_facts };
            Ok(Prepared::Open(Box::new(open), masking))
        }
        (None, false) => Ok(Prepared::Neither),
        (None, true) | (Some(_), false) => {
            let explained = question.candidate.explain(&identity, resource, &circumstances, None);
            let by = match explained.opened_by.is_empty() {
                true => explained.policies,
                false => explained.opened_by,
            };
            Ok(Prepared::Turned(Change::of_session(opened_before, &head, by)))
        }
    }
}

fn slice(
    policies: &Arc<PolicySet>,
    identity: &Arc<Identity>,
    resource: &Arc<Resource>,
    circumstances: &Circumstances,
) -> Option<Slice> {
    let grant = policies.authorize(Arc::clone(identity), Arc::clone(resource), circumstances);
    grant.ok().map(|grant| policies.slice(&grant))
}

/// The address alone of what is written as an address and a port.
fn address(source: &str) -> Option<IpAddr> {
    let socket = source.parse::<SocketAddr>().map(|socket| socket.ip());
    socket.or_else(|_| source.parse()).ok().map(|address: IpAddr| address.to_canonical())
}

fn command(asked: &Asked) -> Command {
    let facts = asked.seen.as_ref().map(|seen| (*seen.facts).clone()).unwrap_or_default();
    Command {
        number: asked.number,
        text: asked.text.clone(),
        parameters: Arc::from([]),
        understood: Arc::new(Understood::new(asked.accesses.to_vec(), facts)),
        phase: asked.phase,
        in_transaction: asked.seen.as_ref().is_some_and(|seen| seen.in_transaction),
    }
}

/// What policy had said of a command that was recorded so.
fn recorded(verdict: Verdict, by_nobody: bool, cause: Option<ReasonKind>) -> Recorded {
    match (verdict, cause) {
        (Verdict::Allowed, _) => Recorded::As(Verdict::Allowed),
        (Verdict::Held | Verdict::Approved, _)
        | (
            Verdict::Denied,
            Some(ReasonKind::Disapproved | ReasonKind::Expired | ReasonKind::Canceled),
        ) => Recorded::As(Verdict::Held),
        (
            Verdict::Denied,
            Some(ReasonKind::Policy | ReasonKind::NotUnderstood | ReasonKind::TooLarge),
        ) => Recorded::As(Verdict::Denied),
        (Verdict::Denied, Some(ReasonKind::Masking)) => Recorded::Masked,
        (Verdict::Denied, Some(ReasonKind::Unavailable)) => {
            Recorded::Unclear("it was refused because the gateway could not do its part")
        }
        (Verdict::Denied, None) if !by_nobody => Recorded::As(Verdict::Denied),
        (Verdict::Denied, None) => Recorded::Unclear("the recording does not say what refused it"),
    }
}

const fn word(decision: &Decision) -> Verdict {
    match decision {
        Decision::Allow(_) => Verdict::Allowed,
        Decision::Hold(..) => Verdict::Held,
        Decision::Deny(_) => Verdict::Denied,
    }
}

fn policies_of(decision: Decision) -> Vec<String> {
    match decision {
        Decision::Allow(terms) => terms.policies.iter().map(ToString::to_string).collect(),
        Decision::Hold(ask, _) => ask.policies,
        Decision::Deny(reason) => reason.policies,
    }
}
