//! Failed logins on their way to the audit log: summed up in memory and written by a task of their
//! own, so that nobody who is not authenticated ever causes a write of their own.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::Clock;
use crate::audit::tally::{Due, Tally};
use crate::audit::{self, Act, Event, short};
use crate::store::{Store, StoreError};

/// How often what is due is written.
const EVERY: Duration = Duration::from_secs(1);
/// So many addresses get a line of their own in one minute; the rest share one.
const LINES: usize = 64;

pub(super) struct Failures(Mutex<Tally<IpAddr, Last>>);

/// The last one's claim and reason, shortened: neither ever holds a token.
#[derive(Clone)]
struct Last {
    claimed: String,
    why: String,
}

impl Default for Failures {
    fn default() -> Self {
        Self(Mutex::new(Tally::new(LINES)))
    }
}

impl Failures {
    pub(super) fn note(&self, from: IpAddr, claimed: &str, why: &str, now: Duration) {
        let last = Last { claimed: short(claimed), why: short(why) };
        self.lock().note(from.to_canonical(), last, now);
    }

    /// Writes what is due, every second, for as long as somebody holds both.
    pub(super) async fn keep_writing(failures: Weak<Self>, store: Weak<Store>, clock: Clock) {
        loop {
            tokio::time::sleep(EVERY).await;
            let (Some(failures), Some(store)) = (failures.upgrade(), store.upgrade()) else {
                return;
            };
            if let Err(error) = failures.write(&store, &clock, false).await {
                tracing::error!(%error, "failed logins could not be written to the audit log");
            }
        }
    }

    /// Writes what is due; everything when `all`.
    pub(super) async fn write(
        &self,
        store: &Store,
        clock: &Clock,
        all: bool,
    ) -> Result<(), StoreError> {
        let due = self.lock().take(clock.uptime(), all);
        if due.is_empty() {
            return Ok(());
        }
        let at = clock.now();
        let acts: Vec<_> = due.iter().map(|one| act(at, one)).collect();
        let written = store
            .write(move |transaction| {
                acts.iter().try_for_each(|act| audit::append(transaction, act))
            })
            .await;
        if written.is_err() {
            self.lock().give_back(due);
        }
        written
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tally<IpAddr, Last>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn act(at: model::Timestamp, due: &Due<IpAddr, Last>) -> Act {
    let refused = |count, claimed, why| Event::SignInRefused { count, claimed, why };
    match due {
        Due::Kind(from, last, count) => {
            let (claimed, why) = (last.claimed.clone(), last.why.clone());
            Act::by_itself(at, from, refused(*count, Some(claimed), Some(why)))
        }
        Due::Others(count) => Act::by_itself(at, "other addresses", refused(*count, None, None)),
    }
}
