//! Commands that wait for a human.

use std::task::{Context, Poll};

use model::ports::{BoxFuture, Held, Unavailable};
use model::{Ask, Ruling, Ticket};

use super::words::notice;

/// All of a session's. Dropped, they are withdrawn.
#[derive(Default)]
pub(super) struct Holds(Vec<Hold>);

struct Hold {
    ticket: Ticket,
    state: State,
}

enum State {
    /// The request is being opened.
    Asking(Ask, BoxFuture<'static, Result<Held, Unavailable>>),
    Waiting(Held),
}

/// What became of one.
pub(super) enum Told {
    /// Somebody is asked, and this is what the client is told.
    Asked { message: String, hint: String },
    /// Nobody can be asked.
    Unavailable(Unavailable),
    /// Somebody decided, or nobody did in time.
    Ruled(Ruling),
}

impl Holds {
    pub(super) fn open(
        &mut self,
        ticket: Ticket,
        ask: Ask,
        asking: BoxFuture<'static, Result<Held, Unavailable>>,
    ) {
        self.0.push(Hold { ticket, state: State::Asking(ask, asking) });
    }

    /// Nobody waits for this one any more.
    pub(super) fn withdraw(&mut self, ticket: Ticket) {
        self.0.retain(|hold| hold.ticket != ticket);
    }

    /// Nobody waits for any; which there were.
    pub(super) fn withdraw_all(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.0).into_iter().map(|hold| hold.ticket).collect()
    }

    /// The next one of which there is something to tell.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<(Ticket, Told)> {
        for (place, hold) in self.0.iter_mut().enumerate() {
            let ticket = hold.ticket;
            let told = match &mut hold.state {
                State::Asking(ask, asking) => {
                    let Poll::Ready(asked) = asking.as_mut().poll(cx) else { continue };
                    match asked {
                        Ok(held) => {
                            let (message, hint) = notice(ask, &held);
                            hold.state = State::Waiting(held);
                            return Some((ticket, Told::Asked { message, hint }));
                        }
                        Err(unavailable) => Told::Unavailable(unavailable),
                    }
                }
                State::Waiting(held) => {
                    let Poll::Ready(ruling) = held.ruling.as_mut().poll(cx) else { continue };
                    Told::Ruled(ruling)
                }
            };
            self.0.swap_remove(place);
            return Some((ticket, told));
        }
        None
    }
}
