//! Who was not let in, summed up on the way to the audit log.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::ports::Refusal;

use crate::Clock;
use crate::audit::tally::{Due, Tally};
use crate::audit::{self, Act, Event, short};
use crate::store::Store;

/// So many identities and resources get a line of their own in one minute; the rest share one.
const LINES: usize = 256;

#[derive(Clone)]
pub(super) struct Refusals(Arc<Mutex<Tally<Kind, Last>>>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    subject: String,
    provider: String,
    resource: String,
    from: IpAddr,
}

#[derive(Clone)]
struct Last {
    why: String,
    policies: Vec<String>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Tally::new(LINES))))
    }
}

impl Refusals {
    pub(super) fn note(&self, refusal: &Refusal<'_>, clock: &Clock) {
        let kind = Kind {
            subject: refusal.identity.subject.clone(),
            provider: refusal.identity.provider.clone(),
            resource: short(refusal.resource),
            from: refusal.source.ip().to_canonical(),
        };
        let (why, policies) = (short(&refusal.reason.message), refusal.reason.policies.clone());
        self.lock().note(kind, Last { why, policies }, clock.uptime());
    }

    /// Writes what is due; everything when `all`.
    pub(super) fn write(&self, store: &Store, clock: &Clock, all: bool) {
        let due = self.lock().take(clock.uptime(), all);
        if due.is_empty() {
            return;
        }
        let at = clock.now();
        let acts: Vec<_> = due.iter().map(|one| act(at, one)).collect();
        let again = self.clone();
        store.write_then(
            move |transaction| acts.iter().try_for_each(|act| audit::append(transaction, act)),
            move |written| {
                if let Err(error) = written {
                    tracing::error!(%error, "refusals could not be written to the audit log");
                    again.lock().give_back(due);
                }
            },
        );
    }

    fn lock(&self) -> MutexGuard<'_, Tally<Kind, Last>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn act(at: model::Timestamp, due: &Due<Kind, Last>) -> Act {
    match due {
        Due::Kind(kind, last, count) => {
            let event = Event::ResourceRefused {
                count: *count,
                provider: kind.provider.clone(),
                source: kind.from.to_string(),
                why: last.why.clone(),
                policies: last.policies.clone(),
            };
            Act::new(at, &kind.subject, &kind.resource, event)
        }
        Due::Others(count) => {
            let event = Event::ResourceRefused {
                count: *count,
                provider: String::new(),
                source: String::new(),
                why: "too many to be told apart".to_owned(),
                policies: Vec::new(),
            };
            Act::by_itself(at, "other resources", event)
        }
    }
}
