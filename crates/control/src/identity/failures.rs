//! Failed logins on their way to the audit log: summed up in memory and written by a task of their
//! own, so that nobody who is not authenticated ever causes a write.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use serde_json::json;

use crate::Clock;
use crate::store::audit::{self, Act};
use crate::store::{Store, StoreError};

const EVERY: Duration = Duration::from_secs(10);
/// So many addresses get a line of their own in one round; the rest share one.
const LINES: usize = 64;

#[derive(Default)]
pub(super) struct Failures(Mutex<Round>);

#[derive(Default)]
struct Round {
    by_address: BTreeMap<IpAddr, Sum>,
    others: u64,
}

struct Sum {
    count: u64,
    /// The last one's claim and reason, shortened: neither ever holds a token.
    claimed: String,
    why: String,
}

impl Failures {
    pub(super) fn note(&self, from: IpAddr, claimed: &str, why: &str) {
        let mut round = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = round.by_address.len() >= LINES;
        match round.by_address.get_mut(&from) {
            Some(sum) => {
                sum.count += 1;
                (sum.claimed, sum.why) = (short(claimed), short(why));
            }
            None if full => round.others += 1,
            None => {
                let sum = Sum { count: 1, claimed: short(claimed), why: short(why) };
                round.by_address.insert(from, sum);
            }
        }
    }

    /// Writes what was noted, every few seconds, for as long as somebody holds both.
    pub(super) async fn keep_writing(failures: Weak<Self>, store: Weak<Store>, clock: Clock) {
        loop {
            tokio::time::sleep(EVERY).await;
            let (Some(failures), Some(store)) = (failures.upgrade(), store.upgrade()) else {
                return;
            };
            if let Err(error) = failures.write(&store, &clock).await {
                tracing::error!(%error, "failed logins could not be written to the audit log");
            }
        }
    }

    pub(super) async fn write(&self, store: &Store, clock: &Clock) -> Result<(), StoreError> {
        let round = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if round.by_address.is_empty() {
            return Ok(());
        }
        let at = clock.now();
        let line = |object: String, detail| Act {
            at,
            actor: "sluice".into(),
            action: "login.refused",
            object,
            detail,
        };
        let mut acts: Vec<_> = round
            .by_address
            .into_iter()
            .map(|(from, sum)| {
                let detail = json!({ "count": sum.count, "claimed": sum.claimed, "why": sum.why });
                line(from.to_string(), detail)
            })
            .collect();
        if round.others > 0 {
            acts.push(line("other addresses".into(), json!({ "count": round.others })));
        }
        store
            .write(move |transaction| {
                acts.iter().try_for_each(|act| audit::append(transaction, act))
            })
            .await
    }
}

/// What a stranger sent is kept short and printable.
fn short(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(120).collect()
}
