use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Act, Event};
use crate::Clock;

/// Whether the log can be written, and what happened while it could not.
pub(crate) struct Health {
    /// The quick answer: most ask for no more.
    broken: AtomicBool,
    gap: Mutex<Option<Gap>>,
    clock: Clock,
}

/// What the log will say of the time it could not be written.
#[derive(Clone)]
struct Gap {
    since: Instant,
    why: String,
    sign_ins: u64,
    lost: u64,
}

impl Health {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { broken: AtomicBool::new(false), gap: Mutex::new(None), clock }
    }

    /// Why the log cannot be written, while it cannot.
    pub(crate) fn trouble(&self) -> Option<String> {
        if !self.broken.load(Ordering::Acquire) {
            return None;
        }
        self.lock().as_ref().map(|gap| gap.why.clone())
    }

    /// A write failed.
    pub(crate) fn failed(&self, why: &str) {
        self.lock().get_or_insert_with(|| Gap::new(why)).why = why.to_owned();
        if !self.broken.swap(true, Ordering::AcqRel) {
            tracing::error!(why, "the audit log cannot be written: nothing is let through");
            metrics::gauge!("sluice_audit_log_good").set(0.0);
        }
    }

    /// An administrator was let in without an entry.
    pub(crate) fn let_in(&self, why: &str) {
        self.lock().get_or_insert_with(|| Gap::new(why)).sign_ins += 1;
    }

    /// An entry was given up.
    pub(crate) fn lost(&self, why: &str) {
        self.lock().get_or_insert_with(|| Gap::new(why)).lost += 1;
    }

    /// What is to be written first when something can be again. [`Self::mended`] when it is written.
    pub(crate) fn gap(&self) -> Option<(Act, Mark)> {
        let gap = self.lock().clone()?;
        let now = self.clock.now();
        let age = u64::try_from(gap.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let since = model::Timestamp::from_micros(now.as_micros().saturating_sub(age));
        let event = Event::AuditGap {
            since: since.to_string(),
            why: super::short(&gap.why),
            sign_ins: gap.sign_ins,
            lost: gap.lost,
        };
        let mark = Mark { sign_ins: gap.sign_ins, lost: gap.lost };
        Some((Act::by_itself(now, "audit", event), mark))
    }

    /// The gap up to this mark is in the log.
    pub(crate) fn mended(&self, mark: &Mark) {
        let mut gap = self.lock();
        if let Some(open) = gap.as_mut() {
            open.sign_ins -= mark.sign_ins.min(open.sign_ins);
            open.lost -= mark.lost.min(open.lost);
            if open.sign_ins == 0 && open.lost == 0 {
                *gap = None;
            }
        }
        drop(gap);
        if self.broken.swap(false, Ordering::AcqRel) {
            tracing::info!("the audit log can be written again");
        }
        metrics::gauge!("sluice_audit_log_good").set(1.0);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Gap>> {
        self.gap.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gap {
    fn new(why: &str) -> Self {
        Self { since: Instant::now(), why: why.to_owned(), sign_ins: 0, lost: 0 }
    }
}

/// How much of a gap an entry tells.
pub(crate) struct Mark {
    sign_ins: u64,
    lost: u64,
}
