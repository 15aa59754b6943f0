//! What is asked for goes to policy, and comes back with a ruling.

use bytes::Bytes;
use model::{
    Command, Event, Peer, Phase, Reason, ReasonKind, Ruling, Seen, Step, Terms, Ticket, Verdict,
};

use super::Session;
use super::asked::Asked;
use super::channel::{Gate, Kind, Owed};
use super::client::{Global, Listening};
use super::files::Files;
use super::guarded::{GUARDED, Run};
use super::message::{Message, STDERR};
use crate::ssh::files::Refusal;
use crate::ssh::numbers::open_failure::ADMINISTRATIVELY_PROHIBITED;

/// What a shell says of a command that may not be run, and of one that was interrupted.
pub(super) const NOT_PERMITTED: u32 = 126;
pub(super) const INTERRUPTED: u32 = 130;

/// A command that waits for its ruling. Nothing of it has been sent.
pub(super) struct Deciding {
    number: u64,
    runs: bool,
    what: What,
}

/// What is done once it may be.
pub(super) enum What {
    /// A request in a channel goes on.
    Request { id: u32, name: Box<str>, wants_reply: bool, rest: Bytes },
    /// A channel is opened at the target.
    Open(u32),
    /// Something is done about a file, in the channel in which it was asked for.
    File { id: u32, ticket: Ticket },
    /// A line of a guarded shell is run.
    Line { id: u32, run: Run },
    /// The target listens for the client.
    Listen { name: Box<str>, rest: Bytes, wants_reply: bool, at: (String, u32) },
}

impl What {
    const fn channel(&self) -> Option<u32> {
        match self {
            Self::Request { id, .. }
            | Self::Open(id)
            | Self::File { id, .. }
            | Self::Line { id, .. } => Some(*id),
            Self::Listen { .. } => None,
        }
    }
}

impl Session {
    /// Records a command and asks for its ruling.
    pub(super) fn ask(&mut self, asked: Asked, what: What) -> Ticket {
        self.numbers += 1;
        self.tickets += 1;
        let (number, ticket) = (self.numbers, Ticket(self.tickets));
        let Asked { text, parameters, understood, runs } = asked;
        self.record(Event::Command {
            number,
            phase: Phase::Run,
            text: text.clone(),
            parameters: parameters.clone(),
            accesses: understood.shared_accesses(),
            seen: Some(Seen { facts: understood.shared_facts(), in_transaction: false }),
        });
        let command = Command {
            number,
            text,
            parameters,
            understood,
            phase: Phase::Run,
            in_transaction: false,
        };
        self.steps.push_back(Step::Decide(ticket, Box::new(command)));
        self.deciding.insert(ticket, Deciding { number, runs, what });
        ticket
    }

    /// The ruling is there.
    pub(super) fn rule(&mut self, ticket: Ticket, ruling: Ruling) {
        let Some(deciding) = self.deciding.remove(&ticket) else { return };
        match ruling {
            Ok(terms) => self.let_through(deciding, &terms),
            Err(reason) => self.refuse(deciding, &reason),
        }
    }

    /// Nobody waits for this ruling any more.
    pub(super) fn withdraw(&mut self, ticket: Ticket) {
        let Some(deciding) = self.deciding.remove(&ticket) else { return };
        self.steps.push_back(Step::Withdraw(ticket));
        let reason = Reason {
            kind: ReasonKind::Canceled,
            message: "the command was withdrawn by its own client".to_owned(),
            policies: Vec::new(),
            hint: None,
        };
        self.refuse(deciding, &reason);
    }

    /// A human is asked: the client is told.
    pub(super) fn held(&mut self, ticket: Ticket, message: &str, hint: &str) {
        let Some(deciding) = self.deciding.get(&ticket) else { return };
        // For what only helps to type nobody is asked.
        if matches!(&deciding.what, What::Line { run, .. } if run.is_help()) {
            return self.withdraw(ticket);
        }
        let (number, channel) = (deciding.number, deciding.what.channel());
        self.record(Event::Decided {
            number,
            verdict: Verdict::Held,
            policies: std::sync::Arc::default(),
            approval: None,
            message: Some(message.to_owned()),
            cause: None,
        });
        if let Some(id) = channel {
            self.tell(id, &format!("{message}\n{hint}"));
        }
    }

    fn let_through(&mut self, deciding: Deciding, terms: &Terms) {
        let detectors = self.detectors(&terms.reveal);
        let Deciding { number, runs, what } = deciding;
        let verdict = if terms.approval.is_some() { Verdict::Approved } else { Verdict::Allowed };
        self.record(Event::Decided {
            number,
            verdict,
            policies: std::sync::Arc::clone(&terms.policies),
            approval: terms.approval,
            message: None,
            cause: None,
        });
        match what {
            What::Request { id, name, wants_reply, .. } if &*name == GUARDED => {
                self.begin_guarded(id, number, wants_reply, &detectors);
            }
            What::Line { id, run } => self.run_guarded(id, Some(number), run, &detectors),
            What::Request { id, name, wants_reply, rest } => {
                match &*name {
                    "auth-agent-req@openssh.com" => self.lends_agent = Some(number),
                    "x11-req" => self.lends_display = Some(number),
                    _ => {}
                }
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.gate = if runs { Gate::Open } else { Gate::Idle };
                    if runs {
                        channel.story.begin(number, self.cap);
                        match Files::of(&name, &rest) {
                            Some(files) => channel.read_files(files),
                            None => channel.mask(&detectors),
                        }
                    }
                }
                self.pass_on(id, name, wants_reply, rest);
                self.stir(id);
            }
            What::Open(id) => {
                let Some(channel) = self.channels.get_mut(&id) else { return };
                channel.gate = Gate::Open;
                channel.story.begin(number, self.cap);
                if let Some(opening) = channel.opening.take() {
                    self.upstream.send(&[&opening]);
                }
            }
            What::File { id, ticket } => self.file_decided(id, ticket, number, Ok(terms.contents)),
            What::Listen { name, rest, at, wants_reply } => {
                self.say(Peer::Upstream, &Message::Global { name, wants_reply: true, rest });
                let listens = Some(Listening { at, number });
                self.replace_global(Global::Sent { listens, wants_reply });
            }
        }
    }

    /// The request at the front of those about no channel was decided.
    fn replace_global(&mut self, by: Global) {
        if let Some(front @ Global::Deciding) = self.globals.front_mut() {
            *front = by;
        }
    }

    fn refuse(&mut self, deciding: Deciding, reason: &Reason) {
        let Deciding { number, runs, what } = deciding;
        self.record(Event::Decided {
            number,
            verdict: Verdict::Denied,
            policies: reason.policies.iter().map(|id| id.as_str().into()).collect(),
            approval: None,
            message: Some(reason.message.clone()),
            cause: Some(reason.kind),
        });
        match what {
            // Whoever may open no shell may have one in which each line is decided.
            What::Request { id, name, wants_reply, rest }
                if &*name == "shell" && reason.kind == ReasonKind::Policy =>
            {
                let what = What::Request { id, name: GUARDED.into(), wants_reply, rest };
                let ticket = self.ask(Asked::guarded_shell(), what);
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.gate = Gate::Deciding(ticket);
                }
            }
            What::Line { id, run } => self.refuse_guarded(id, &run, reason),
            What::Request { id, wants_reply, .. } if runs => {
                self.end_refused(id, wants_reply, reason);
            }
            What::Request { id, wants_reply, .. } => {
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.gate = Gate::Idle;
                }
                self.refuse_request(id, wants_reply);
                self.stir(id);
            }
            What::Open(id) => {
                let client = self.channels.remove(&id).and_then(|channel| channel.client);
                if let Some(channel) = client {
                    let (reason, words) =
                        (ADMINISTRATIVELY_PROHIBITED, reason.message.as_str().into());
                    self.say(Peer::Client, &Message::NotOpened { channel, reason, words });
                }
            }
            What::File { id, ticket } => {
                let refusal = Refusal { message: reason.message.clone() };
                self.file_decided(id, ticket, number, Err(refusal));
            }
            What::Listen { wants_reply, .. } => {
                self.globals.pop_front();
                if wants_reply {
                    self.say(Peer::Client, &Message::GlobalFailure);
                }
                // Nobody hears of a request that has no channel: the next answer is theirs.
                self.stir_globals();
            }
        }
    }

    fn stir_globals(&mut self) {
        if let Err(broken) = self.answer_globals() {
            self.client.disconnect(&broken);
        }
    }

    /// A program that may not run: its client hears why where a program's errors are, and that it ended.
    fn end_refused(&mut self, id: u32, wants_reply: bool, reason: &Reason) {
        let mut words = reason.message.clone();
        if let Some(hint) = &reason.hint {
            words.push('\n');
            words.push_str(hint);
        }
        if let Some(channel) = self.channels.get_mut(&id).filter(|_| wants_reply) {
            channel.owed.push_back(Owed::Ours(true));
            self.answer(id);
        }
        let status = if reason.kind == ReasonKind::Canceled { INTERRUPTED } else { NOT_PERMITTED };
        self.end_channel(id, &words, status);
    }

    /// Nothing goes on in a channel any more: its client hears why, and that what ran has ended.
    pub(super) fn end_channel(&mut self, id: u32, words: &str, status: u32) {
        self.tell(id, words);
        let Some(found) = self.channels.get_mut(&id) else { return };
        found.gate = Gate::Idle;
        found.up.clear();
        found.down.clear();
        let (client, upstream) = (found.client, found.upstream);
        let told_client = std::mem::replace(&mut found.closed_client, true);
        let told_upstream = std::mem::replace(&mut found.closed_upstream, true);
        if let Some(channel) = client.filter(|_| !told_client) {
            let rest = Bytes::copy_from_slice(&status.to_be_bytes());
            let name = "exit-status".into();
            self.say(Peer::Client, &Message::Request { channel, name, wants_reply: false, rest });
            self.say(Peer::Client, &Message::Eof { channel });
            self.say(Peer::Client, &Message::Close { channel });
        }
        if let Some(channel) = upstream.filter(|_| !told_upstream) {
            self.say(Peer::Upstream, &Message::Close { channel });
        }
        self.stir(id);
    }

    /// Says something to whoever sits at a channel, beside what its program says.
    pub(super) fn tell(&mut self, id: u32, words: &str) {
        let Some(found) = self.channels.get_mut(&id).filter(|_| !words.is_empty()) else { return };
        // Of a channel that is not open yet nobody hears; nor of one that carries somebody else's bytes.
        let opened = found.upstream.is_some() || found.guard.is_some();
        if found.kind != Kind::Session || found.closed_client || !opened {
            return;
        }
        let Some(channel) = found.client else { return };
        let text = shown(words, found.terminal.is_some());
        if found.guard.is_some() {
            let number = found.story.number();
            self.record(Event::Notice { number, message: words.to_owned() });
            self.show_guarded(id, text);
            return;
        }
        if !found.down.beside(text.len()) {
            return;
        }
        let number = found.story.number();
        self.record(Event::Notice { number, message: words.to_owned() });
        let data = Bytes::from(text);
        self.steps.push_back(Step::Shown(data.clone()));
        self.say(Peer::Client, &Message::Extended { channel, code: STDERR, data });
    }
}

/// Words as they are shown: what a terminal would obey is left out.
fn shown(words: &str, terminal: bool) -> Vec<u8> {
    let mut text = String::with_capacity(words.len() + 16);
    for line in words.lines() {
        text.push_str("sluice: ");
        text.extend(line.chars().map(|letter| if letter.is_control() { '?' } else { letter }));
        text.push_str(if terminal { "\r\n" } else { "\n" });
    }
    text.into_bytes()
}
