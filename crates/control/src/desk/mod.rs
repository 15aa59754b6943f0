//! The approvals desk: a held command waits here until people have decided.
//!
//! ```text
//!   gateway ── ask ──► open ─┬─ approve × needed ─► approved ─► the ruling resolves, once
//!                            ├─ one deny ─────────► denied
//!                            ├─ nobody in time ───► expired
//!                            └─ dropped, restart ─► withdrawn
//! ```
//!
//! A request is bound to one command of one session by being a one-shot channel to it: there is
//! nothing that could be used a second time. Every decision is in the store, with its line in the
//! audit chain, before the command hears of it. An approval adds its id to the command's terms and
//! changes nothing else.

mod decide;
mod request;
mod rows;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::ports::{self, ApprovalRequest, BoxFuture, Held, Unavailable};
use model::{ApprovalId, Identity, Ruling, SessionId};
use tokio::sync::oneshot;

pub(crate) use decide::may_decide;
pub use decide::{DecideError, Verdict};
pub(crate) use request::group;
pub use request::{Approval, Decided, State};

use crate::Clock;
use crate::audit::{self, Act, Event};
use crate::store::{Store, StoreError};

/// How much may wait at the desk.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open requests of one subject.
    pub open_per_subject: usize,
    /// Open requests of all.
    pub open: usize,
    /// Bytes of a command's text that a person can be asked to read.
    pub text: usize,
    /// Bytes of its parameters.
    pub parameters: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { open_per_subject: 20, open: 2000, text: 64 * 1024, parameters: 256 * 1024 }
    }
}

/// Where held commands wait for a human.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    clock: Clock,
    limits: Limits,
    waiting: Mutex<HashMap<ApprovalId, Waiting>>,
}

/// A command that waits.
struct Waiting {
    answer: oneshot::Sender<Ruling>,
    subject: String,
    request: Arc<ApprovalRequest>,
}

impl Desk {
    /// Opens the desk. What was open when the gateway last stopped is withdrawn: the sessions that
    /// waited for it are gone.
    ///
    /// # Errors
    /// The store failed.
    pub async fn open(store: Arc<Store>, limits: Limits, clock: Clock) -> Result<Self, StoreError> {
        let now = clock.now();
        store
            .write(move |transaction| {
                for id in rows::open_ids(transaction)? {
                    rows::close(transaction, id, State::Withdrawn, now)?;
                    let why = Some("the gateway was restarted".to_owned());
                    let event = Event::ApprovalWithdrawn { why };
                    audit::append(transaction, &Act::by_itself(now, id, event))?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        Ok(Self(Arc::new(Inner { store, clock, limits, waiting: Mutex::default() })))
    }

    /// The newest requests that `visible` lets through, at most `limit`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(
        &self,
        state: Option<State>,
        limit: usize,
        visible: impl Fn(&Approval) -> bool + Send + 'static,
    ) -> Result<Vec<Approval>, StoreError> {
        let now = self.0.clock.now();
        self.0.store.read(move |db| rows::list(db, state, limit, now, visible)).await
    }

    /// One request.
    ///
    /// # Errors
    /// The store failed.
    pub async fn get(&self, id: ApprovalId) -> Result<Option<Approval>, StoreError> {
        let now = self.0.clock.now();
        self.0.store.read(move |db| rows::get(db, id, now)).await
    }

    /// The requests of a session, in the order they were made.
    ///
    /// # Errors
    /// The store failed.
    pub async fn of_session(&self, session: SessionId) -> Result<Vec<Approval>, StoreError> {
        let now = self.0.clock.now();
        self.0.store.read(move |db| rows::of_session(db, session, now)).await
    }

    /// Decides a request in a person's name. Once enough people agreed, or one did not, the
    /// command goes on or is refused.
    ///
    /// # Errors
    /// This person may not decide it, it is closed already, or the store failed; nothing changed.
    pub async fn decide(
        &self,
        id: ApprovalId,
        approver: Identity,
        verdict: Verdict,
        comment: &str,
    ) -> Result<Approval, DecideError> {
        let comment = decide::check_comment(comment)?;
        let (now, said) = (self.0.clock.now(), comment.clone());
        let (inner, name) = (Arc::clone(&self.0), approver.subject.clone());
        let deciding = async move {
            let approval = inner
                .store
                .write(move |tx| decide::decide(tx, id, &approver, verdict, &said, now))
                .await?;
            match approval.state {
                State::Approved => inner.answer(id, |request| Ok(request::approved(request, id))),
                State::Denied => {
                    inner.answer(id, |request| Err(request::denied(request, &name, &comment)));
                }
                State::Open | State::Expired | State::Withdrawn => {}
            }
            Ok::<_, DecideError>(approval)
        };
        // Whoever decided may hang up meanwhile: the command hears of it all the same.
        tokio::spawn(deciding).await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}

impl ports::Desk for Desk {
    fn ask(&self, request: ApprovalRequest) -> BoxFuture<'static, Result<Held, Unavailable>> {
        let inner = Arc::clone(&self.0);
        Box::pin(inner.ask(request))
    }
}

impl Inner {
    async fn ask(self: Arc<Self>, request: ApprovalRequest) -> Result<Held, Unavailable> {
        request::check(&request, &self.limits)?;
        let request = Arc::new(request);
        let now = self.clock.now();
        let within = request::window(&request);
        let id = ApprovalId::new(now, rand::random());
        let (answer, answered) = oneshot::channel();
        self.seat(id, answer, &request)?;
        // From here on leaving early, for whatever reason, withdraws the request.
        let seat = Seat { inner: Arc::clone(&self), id, taken: true };

        let row = Arc::clone(&request);
        self.store
            .write(move |transaction| {
                rows::insert(transaction, id, &row, now, now.plus(within))?;
                let event = Event::ApprovalRequested {
                    session: row.session.to_string(),
                    resource: row.resource.clone(),
                    number: row.number,
                    approvers: row.ask.approvers.clone(),
                    policies: row.ask.policies.clone(),
                };
                audit::append(transaction, &Act::new(now, &row.identity.subject, id, event))
            })
            .await
            .map_err(|error: StoreError| {
                tracing::error!(%error, "an approval request could not be stored");
                Unavailable(
                    "the approval could not be requested: the gateway's store failed".into(),
                )
            })?;
        tracing::info!(%id, session = %request.session, resource = request.resource, "approval requested");
        Ok(Held { id, ruling: Box::pin(wait(seat, answered, within, request)) })
    }

    /// Takes a place among those who wait, if there is one left.
    fn seat(
        &self,
        id: ApprovalId,
        answer: oneshot::Sender<Ruling>,
        request: &Arc<ApprovalRequest>,
    ) -> Result<(), Unavailable> {
        let subject = request.identity.subject.to_lowercase();
        let mut waiting = self.waiting();
        let own = waiting.values().filter(|other| other.subject == subject).count();
        if own >= self.limits.open_per_subject {
            return Err(Unavailable(format!(
                "{own} of your commands wait for approval already: cancel some, or wait until they are decided"
            )));
        }
        if waiting.len() >= self.limits.open {
            return Err(Unavailable("too many commands wait for approval: try again later".into()));
        }
        waiting.insert(id, Waiting { answer, subject, request: Arc::clone(request) });
        Ok(())
    }

    fn answer(&self, id: ApprovalId, ruling: impl FnOnce(&ApprovalRequest) -> Ruling) {
        let waiting = self.waiting().remove(&id);
        if let Some(Waiting { answer, request, .. }) = waiting {
            // The session may have gone in this very moment; then nothing is executed.
            let _ = answer.send(ruling(&request));
        }
    }

    /// Whether it was still open, and is now expired.
    async fn expire(&self, id: ApprovalId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |transaction| {
                let expired = rows::close(transaction, id, State::Expired, now)?;
                if expired {
                    let act = Act::by_itself(now, id, Event::ApprovalExpired {});
                    audit::append(transaction, &act)?;
                }
                Ok(expired)
            })
            .await
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<ApprovalId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the ruling, no longer than `within`.
async fn wait(
    mut seat: Seat,
    mut answered: oneshot::Receiver<Ruling>,
    within: std::time::Duration,
    request: Arc<ApprovalRequest>,
) -> Ruling {
    let answer = match tokio::time::timeout(within, &mut answered).await {
        Ok(answer) => answer,
        Err(_) => match seat.inner.expire(seat.id).await {
            Ok(true) => {
                seat.leave();
                return Err(request::expired(&request));
            }
            // It was decided in the same moment, and the answer is on its way.
            Ok(false) => answered.await,
            Err(error) => {
                tracing::error!(%error, id = %seat.id, "an approval could not be expired");
                return Err(request::lost(&request));
            }
        },
    };
    seat.leave();
    answer.unwrap_or_else(|_| Err(request::lost(&request)))
}

/// A place among those who wait. Left undecided, the request is withdrawn.
struct Seat {
    inner: Arc<Inner>,
    id: ApprovalId,
    taken: bool,
}

impl Seat {
    fn leave(&mut self) {
        self.taken = false;
        self.inner.waiting().remove(&self.id);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.taken {
            return;
        }
        self.leave();
        let (id, now) = (self.id, self.inner.clock.now());
        self.inner.store.write_later("a withdrawn approval", move |transaction| {
            if rows::close(transaction, id, State::Withdrawn, now)? {
                let act = Act::by_itself(now, id, Event::ApprovalWithdrawn { why: None });
                audit::append(transaction, &act)?;
            }
            Ok(())
        });
    }
}
