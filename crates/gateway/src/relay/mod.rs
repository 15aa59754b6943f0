//! The one relay loop: carries out a conversation's steps between two sockets.
//!
//! ```text
//!   client socket ─► feed ─┐                      ┌─ Record ─► recorder ─┐ committed before
//!                          ├─► Conversation::next ─┼─ Decide ─► policy ───┤ anything is written
//!   target socket ─► feed ─┘                      ├─ Send   ─► outboxes ◄┘ to the target
//!                                                 ├─ Refresh ─► catalogue
//!                                                 └─ Inherit ─► store, before what it is of is sent
//! ```
//!
//! Both ends are read at once. An end is not read while the other one's outbox is full, so memory is
//! bounded and a slow reader slows the writer down, not the gateway. Nothing is held while the
//! session is idle: bytes are read into a buffer that the thread's sessions share.

mod decide;
mod errands;
mod hold;
mod outbox;
mod outside;
mod source;
mod words;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use model::ports::{
    ApprovalRequest, BoxFuture, Committing, Desk, RecordError, Recorder, Unavailable,
};
use model::{
    Ask, Command, Conversation, Decision, Ending, Event, Peer, Ruling, Shadow, Step, Terms, Ticket,
    Timestamp, Violation,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

pub(crate) use self::decide::Decider;
pub(crate) use self::errands::{Errands, Keeping, NoErrands};
use self::hold::{Holds, Told};
use self::outbox::Outbox;
use self::outside::News;
pub(crate) use self::outside::Outside;
pub(crate) use self::words::count_shadow;
use self::words::{canceled, unavailable, unrecordable};
use crate::clock;

/// An end is not read while this much waits to be written to the other, or waits in the conversation.
const HIGH_WATER: usize = 256 << 10;

/// How long the last bytes may take to reach their end once the session is over.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// What happens to a session from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The client asked, over another connection, that its command be cancelled.
    Cancel,
}

/// Everything a session is made of once both ends are logged in.
pub(crate) struct Relay<S, C, U, E> {
    pub(crate) conversation: S,
    pub(crate) client: C,
    pub(crate) upstream: U,
    pub(crate) decider: Decider,
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) recorder: Box<dyn Recorder>,
    pub(crate) outside: Outside,
    /// What the session has done beside carrying bytes.
    pub(crate) errands: E,
}

/// Runs a session to its end, and ends its recording.
pub(crate) async fn run<S, C, U, E>(relay: Relay<S, C, U, E>) -> Ending
where
    S: Conversation,
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
    E: Errands,
{
    let mut running = Running {
        to_client: Outbox::default(),
        to_upstream: Outbox::default(),
        holds: Holds::default(),
        alarm: None,
        seals: relay.conversation.seals(),
        refreshing: None,
        inheriting: None,
        must_commit: false,
        committing: None,
        blocked: false,
        relay,
    };
    let over = match running.begin() {
        Ok(()) => std::future::poll_fn(|cx| running.poll(cx)).await,
        Err(over) => over,
    };
    let how = running.finish(over).await;
    let at = clock::now();
    for event in running.relay.conversation.ends() {
        // Where nothing can be recorded any more, closing says so.
        if running.relay.recorder.record(at, &event).is_err() {
            break;
        }
    }
    let ending = Ending { at, how };
    let closed = running.relay.recorder.close(ending.clone());
    if let Err(error) = closed {
        tracing::error!(%error, "the end of a session could not be recorded");
    }
    ending
}

struct Running<S, C, U, E> {
    relay: Relay<S, C, U, E>,
    to_client: Outbox,
    to_upstream: Outbox,
    /// The commands that wait for a human.
    holds: Holds,
    /// When the conversation wants to be woken.
    alarm: Option<Pin<Box<Sleep>>>,
    /// What is sent to the client says nothing of what it is shown.
    seals: bool,
    refreshing: Option<(Ticket, BoxFuture<'static, ()>)>,
    inheriting: Option<(Ticket, Keeping)>,
    /// A command was recorded and not committed: nothing may be written to the target.
    must_commit: bool,
    /// What was recorded up to some moment is being brought to where it must be.
    committing: Option<Committing>,
    /// Something was left undone because too much waits to be written.
    blocked: bool,
}

/// Why a session is over.
enum Over {
    /// The client said goodbye or hung up; the target hung up.
    Left(Peer),
    /// It must not go on; the client is told why.
    Told(String),
    /// A peer broke the protocol.
    Broken(Violation),
    /// A socket failed.
    Lost(Peer, std::io::Error),
}

impl From<RecordError> for Over {
    fn from(error: RecordError) -> Self {
        Self::unrecorded(
            &error,
            "the session cannot be recorded and ends; the command was not sent",
        )
    }
}

impl Over {
    fn unrecorded(error: &RecordError, said: &str) -> Self {
        tracing::error!(%error, "a session ends because it can no longer be recorded");
        Self::Told(said.to_owned())
    }
}

impl<S, C, U, E> Running<S, C, U, E>
where
    S: Conversation,
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
    E: Errands,
{
    /// What is said before the first command.
    fn begin(&mut self) -> Result<(), Over> {
        let now = clock::now();
        let shadow = self.relay.decider.shadow_of_session(now);
        self.tried_out(now, 0, shadow)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        while let Poll::Ready(news) = self.relay.outside.poll(cx) {
            match news {
                News::MustEnd(why) => return Poll::Ready(Over::Told(why)),
                News::Signal(Signal::Cancel) => self.cancel(),
            }
        }
        loop {
            match self.turn(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(over) => return Poll::Ready(over),
            }
        }
    }

    /// Does what can be done now. `false`: nothing could.
    fn turn(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        self.blocked = false;
        let mut moved = self.read(cx, Peer::Upstream)? | self.read(cx, Peer::Client)?;
        moved |= self.refreshed(cx) | self.inherited(cx) | self.held(cx) | self.woken(cx);
        self.steps()?;
        // What a step has just begun is polled at once, or nothing would ever wake it.
        moved |= self.refreshed(cx) | self.inherited(cx) | self.held(cx) | self.woken(cx);
        let written = self.write(cx)?;
        Ok(moved | (written & self.blocked))
    }

    /// Carries out every step the conversation has. They take no time that a clock would show: it is
    /// looked at once for all of them.
    fn steps(&mut self) -> Result<(), Over> {
        let mut clock = None;
        let mut now = || *clock.get_or_insert_with(clock::now);
        loop {
            if self.to_client.len() >= HIGH_WATER * 4 || self.to_upstream.len() >= HIGH_WATER * 4 {
                self.blocked = true;
                return Ok(());
            }
            let step = self.relay.conversation.next().map_err(Over::Broken)?;
            match step {
                None => return Ok(()),
                Some(Step::Send(Peer::Client, bytes)) => {
                    if !self.seals {
                        self.relay.recorder.delivered(&bytes);
                    }
                    self.to_client.push(bytes);
                }
                Some(Step::Shown(bytes)) => self.relay.recorder.delivered(&bytes),
                Some(Step::Wake(after)) => {
                    let at = Instant::now() + after;
                    match &mut self.alarm {
                        Some(alarm) => alarm.as_mut().reset(at),
                        None => self.alarm = Some(Box::pin(tokio::time::sleep_until(at))),
                    }
                }
                Some(Step::Send(Peer::Upstream, bytes)) => self.to_upstream.push(bytes),
                Some(Step::Record(event)) => self.record(now(), &event)?,
                Some(Step::Decide(ticket, command)) => self.decide(ticket, &command, now())?,
                Some(Step::Withdraw(ticket)) => self.holds.withdraw(ticket),
                Some(Step::Drift(drift)) => self.relay.errands.drifted(&drift),
                Some(Step::Refresh(ticket)) => {
                    self.refreshing = Some((ticket, self.relay.errands.refresh()));
                }
                Some(Step::Inherit(ticket, inherited)) => {
                    self.inheriting = Some((ticket, self.relay.errands.inherit(inherited)));
                }
            }
        }
    }

    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), Over> {
        self.must_commit |= matches!(
            event,
            Event::Command { .. }
                | Event::Decided { .. }
                | Event::Shadow { .. }
                | Event::Bulk { to_client: false, .. }
                | Event::Cut { .. }
        );
        self.relay.recorder.record(at, event).map_err(|error| match event {
            Event::Command { .. } | Event::Decided { .. } | Event::Shadow { .. } => error.into(),
            // The target has it: whoever sent it must not take it for undone.
            _ => Over::unrecorded(&error, "the session cannot be recorded any further and ends"),
        })
    }

    fn decide(&mut self, ticket: Ticket, command: &Command, now: Timestamp) -> Result<(), Over> {
        if let Err(error) = self.relay.recorder.ready() {
            self.ruled(ticket, Err(unrecordable(&error)));
            return Ok(());
        }
        let decision = self.relay.decider.decide(command, now);
        let of_session = self.relay.decider.shadow_of_session(now);
        let of_command = self.relay.decider.shadow(command, now, &decision);
        self.tried_out(now, 0, of_session)?;
        self.tried_out(now, command.number, of_command)?;
        match decision {
            Decision::Allow(terms) => self.ruled(ticket, Ok(terms)),
            Decision::Deny(reason) => self.ruled(ticket, Err(reason)),
            Decision::Hold(ask, terms) => self.ask(ticket, command, ask, terms),
        }
        Ok(())
    }

    /// Records what policies that are only tried out would have said.
    fn tried_out(
        &mut self,
        at: Timestamp,
        number: u64,
        shadow: Option<Shadow>,
    ) -> Result<(), Over> {
        let Some(shadow) = shadow else { return Ok(()) };
        count_shadow(shadow.verdict);
        self.record(at, &Event::Shadow { number, shadow })
    }

    /// Hands a ruling to the conversation.
    fn ruled(&mut self, ticket: Ticket, ruling: Ruling) {
        if let Ok(terms) = &ruling {
            self.relay.decider.permitted(terms);
        }
        self.relay.conversation.decided(ticket, ruling);
    }

    fn ask(&mut self, ticket: Ticket, command: &Command, ask: Ask, terms: Terms) {
        let request = ApprovalRequest {
            session: self.relay.decider.session(),
            identity: self.relay.decider.identity().as_ref().clone(),
            resource: self.relay.decider.resource().name.clone(),
            number: command.number,
            text: command.text.clone(),
            parameters: command.parameters.to_vec(),
            accesses: command.understood.accesses().to_vec(),
            ask: ask.clone(),
            terms,
        };
        self.holds.open(ticket, ask, self.relay.desk.ask(request));
    }

    /// Goes on with the commands that wait for a human.
    fn held(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while let Some((ticket, told)) = self.holds.poll(cx) {
            moved = true;
            match told {
                Told::Asked { message, hint } => {
                    self.relay.conversation.notify(ticket, &message, &hint);
                }
                Told::Unavailable(Unavailable(why)) => self.ruled(ticket, Err(unavailable(&why))),
                // Policy may have changed while the command waited: it must still let it be held.
                Told::Ruled(ruling) => {
                    let ruling = ruling.and_then(|terms| self.relay.decider.still(terms));
                    self.ruled(ticket, ruling);
                }
            }
        }
        moved
    }

    fn woken(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(alarm) = &mut self.alarm else { return false };
        if alarm.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.alarm = None;
        self.relay.conversation.woken();
        true
    }

    fn refreshed(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((ticket, refreshing)) = &mut self.refreshing else { return false };
        let ticket = *ticket;
        if refreshing.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.refreshing = None;
        self.relay.conversation.refreshed(ticket);
        true
    }

    fn inherited(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((ticket, keeping)) = &mut self.inheriting else { return false };
        let ticket = *ticket;
        let Poll::Ready(kept) = keeping.as_mut().poll(cx) else { return false };
        self.inheriting = None;
        self.relay.conversation.inherited(ticket, kept);
        true
    }

    fn cancel(&mut self) {
        let open = self.holds.withdraw_all();
        if open.is_empty() {
            self.relay.errands.cancel_upstream();
        }
        for ticket in open {
            self.ruled(ticket, Err(canceled()));
        }
    }

    /// Writes what waits, to both ends. What was recorded is committed before the target sees a byte.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        let mut moved = false;
        if self.committed(cx)? {
            moved |= self
                .to_upstream
                .write(cx, &mut self.relay.upstream)
                .map_err(|error| Over::Lost(Peer::Upstream, error))?;
        }
        moved |= self
            .to_client
            .write(cx, &mut self.relay.client)
            .map_err(|error| Over::Lost(Peer::Client, error))?;
        Ok(moved)
    }

    /// Whether the target may see what waits for it. What was recorded while an earlier commit was
    /// under way is committed after it.
    fn committed(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        loop {
            if let Some(committing) = &mut self.committing {
                let Poll::Ready(committed) = committing.as_mut().poll(cx) else { return Ok(false) };
                self.committing = None;
                committed?;
            }
            if !self.must_commit || self.to_upstream.is_empty() {
                return Ok(true);
            }
            self.must_commit = false;
            let evidence = self.relay.decider.evidence();
            self.committing = self.relay.recorder.commit(evidence)?;
        }
    }

    /// Whether the last bytes of a client that left may go to the target.
    fn may_leave(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self.committed(cx) {
            Ok(true) => Poll::Ready(true),
            Ok(false) => Poll::Pending,
            Err(_) => Poll::Ready(false),
        }
    }

    /// Reads one end once, unless what it says could not be passed on.
    fn read(&mut self, cx: &mut Context<'_>, from: Peer) -> Result<bool, Over> {
        let other = match from {
            Peer::Client => &self.to_upstream,
            Peer::Upstream => &self.to_client,
        };
        if other.len() >= HIGH_WATER || self.relay.conversation.backlog(from) >= HIGH_WATER {
            self.blocked = true;
            return Ok(false);
        }
        let read = match from {
            Peer::Client => source::read(cx, &mut self.relay.client),
            Peer::Upstream => source::read(cx, &mut self.relay.upstream),
        };
        match read {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(bytes)) if bytes.is_empty() => {
                // What arrived before the end is still carried out.
                self.steps()?;
                Err(Over::Left(from))
            }
            Poll::Ready(Ok(bytes)) => {
                if from == Peer::Client {
                    self.relay.errands.client_spoke();
                }
                self.relay.conversation.feed(from, bytes);
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(Over::Lost(from, error)),
        }
    }

    /// Gets the last bytes out, and says in a sentence how the session ended.
    async fn finish(&mut self, over: Over) -> String {
        drop(self.holds.withdraw_all());
        let how = match over {
            Over::Left(Peer::Client) => {
                if std::future::poll_fn(|cx| self.may_leave(cx)).await {
                    drain(&mut self.to_upstream, &mut self.relay.upstream).await;
                }
                "the client left".to_owned()
            }
            Over::Left(Peer::Upstream) => {
                drain(&mut self.to_client, &mut self.relay.client).await;
                "the target closed the connection".to_owned()
            }
            Over::Told(why) => {
                let farewell = self.relay.conversation.farewell(&why);
                self.last_words(farewell).await;
                why
            }
            Over::Broken(violation) => {
                self.last_words(violation.farewell.clone()).await;
                violation.to_string()
            }
            Over::Lost(Peer::Client, error) => format!("the client's connection was lost: {error}"),
            Over::Lost(Peer::Upstream, error) => {
                let farewell =
                    self.relay.conversation.farewell("the connection to the target was lost");
                self.last_words(farewell).await;
                format!("the target's connection was lost: {error}")
            }
        };
        close(&mut self.relay.upstream).await;
        close(&mut self.relay.client).await;
        how
    }

    /// The gateway's own words are among the bytes that the recording proves.
    async fn last_words(&mut self, words: Bytes) {
        if !self.seals {
            self.relay.recorder.delivered(&words);
        }
        self.to_client.push(words);
        drain(&mut self.to_client, &mut self.relay.client).await;
    }
}

async fn drain(outbox: &mut Outbox, end: &mut (impl AsyncWrite + Unpin)) {
    let drained = std::future::poll_fn(|cx| {
        loop {
            match outbox.write(cx, end) {
                Err(_) => return Poll::Ready(()),
                Ok(_) if outbox.is_empty() => return Poll::Ready(()),
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
            }
        }
    });
    // A peer that does not take its last bytes loses them; the session is over either way.
    if tokio::time::timeout(LAST_BYTES, drained).await.is_err() {
        tracing::debug!("a peer did not take its last bytes");
    }
}

async fn close(end: &mut (impl AsyncWrite + Unpin)) {
    let shut = std::future::poll_fn(|cx| Pin::new(&mut *end).poll_shutdown(cx));
    if tokio::time::timeout(LAST_BYTES, shut).await.is_err() {
        tracing::debug!("a connection did not close in time");
    }
}
