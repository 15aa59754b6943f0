//! Whoever follows recordings as they are written is told which of them grew, and how far.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use model::SessionId;

use crate::Bell;

/// So many sessions are kept for a follower that does not look. What is beyond is found on the disk.
const MOST: usize = 100_000;

/// What grew since a follower last looked.
pub(crate) struct Inbox {
    grown: Mutex<Grown>,
    bell: Arc<Bell>,
}

#[derive(Default)]
struct Grown {
    /// How much of each session's file is on the disk.
    lengths: HashMap<SessionId, u64>,
    /// There was more than could be kept.
    overflown: bool,
}

/// The followers.
#[derive(Default)]
pub(super) struct News(Mutex<Vec<Weak<Inbox>>>);

impl News {
    pub(super) fn subscribe(&self, bell: Arc<Bell>) -> Arc<Inbox> {
        let inbox = Arc::new(Inbox { grown: Mutex::default(), bell });
        let mut inboxes = lock(&self.0);
        inboxes.retain(|inbox| inbox.strong_count() > 0);
        inboxes.push(Arc::downgrade(&inbox));
        inbox
    }

    /// These files are on the disk up to these lengths.
    pub(super) fn grown(&self, lengths: &[(SessionId, u64)]) {
        if lengths.is_empty() {
            return;
        }
        for inbox in lock(&self.0).iter().filter_map(Weak::upgrade) {
            let mut grown = lock(&inbox.grown);
            for (session, length) in lengths {
                if grown.lengths.len() < MOST || grown.lengths.contains_key(session) {
                    grown.lengths.insert(*session, *length);
                } else {
                    grown.overflown = true;
                }
            }
            drop(grown);
            inbox.bell.ring();
        }
    }
}

impl Inbox {
    /// What grew since the last call, and whether there was more than could be kept.
    pub(crate) fn take(&self) -> (HashMap<SessionId, u64>, bool) {
        let grown = std::mem::take(&mut *lock(&self.grown));
        (grown.lengths, grown.overflown)
    }
}

/// Nothing is half-done in it when its holder dies.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
