//! What is new since a target was last told: entries of the audit log, frames of recordings.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use evidence::happening::Happening;
use model::SessionId;
use tokio::runtime::Handle;

use super::book::{Book, Follows, Leg, Origin};
use super::follow::{Follower, Unreadable};
use super::{ExportError, Halt};
use crate::Bell;
use crate::archive::{ArchiveError, Glance};
use crate::audit;
use crate::recordings::{Inbox, Recordings, RecordingsError};
use crate::store::{Store, StoreError};

/// So many recordings that are read on are kept in mind; one beyond is read again from its beginning.
const MOST: usize = 1 << 16;
/// Reading on is interrupted after so long when there is something to send.
const LONG: Duration = Duration::from_millis(500);

/// Something to tell.
#[derive(Debug)]
pub(super) enum News {
    Entry(audit::Entry),
    Happening(Happening),
}

/// Takes news, and says whether it takes more.
pub(super) trait Taker {
    fn take(&mut self, news: News);
    fn is_full(&self) -> bool;
    fn is_empty(&self) -> bool;
}

pub(super) struct Source {
    /// A courier that a target keeps does not keep the store from being closed.
    store: Weak<Store>,
    /// The same for where recordings are that are not here.
    archive: Glance,
    runtime: Handle,
    recordings: Recordings,
    inbox: Arc<Inbox>,
    bell: Arc<Bell>,
    halt: Arc<Halt>,
    /// Sessions with something new, the longest waiting first.
    queue: VecDeque<SessionId>,
    /// How much of their files may be read; nothing: all of it.
    limits: HashMap<SessionId, Option<u64>>,
    followers: HashMap<SessionId, Follower>,
    /// Not tried again before the next start.
    unreadable: HashSet<SessionId>,
    /// Since when a recording cannot be read that is to be.
    stuck: Option<Instant>,
    /// There are recordings to look for on the disk.
    must_look: bool,
    follows: Follows,
}

impl Source {
    pub(super) fn new(
        store: Weak<Store>,
        archive: Glance,
        runtime: Handle,
        recordings: Recordings,
        bell: Arc<Bell>,
        halt: Arc<Halt>,
        follows: Follows,
    ) -> Self {
        Self {
            inbox: recordings.news(Arc::clone(&bell)),
            store,
            archive,
            runtime,
            recordings,
            bell,
            halt,
            queue: VecDeque::new(),
            limits: HashMap::new(),
            followers: HashMap::new(),
            unreadable: HashSet::new(),
            stuck: None,
            must_look: true,
            follows,
        }
    }

    /// The sessions that have a recording, here or in the object store.
    pub(super) fn sessions(&self) -> Result<Vec<SessionId>, ExportError> {
        // Half of the list would be taken for the whole: what is not in it is forgotten.
        let archive = self.archive.now().ok_or(StoreError::Closed)?;
        let mut sessions = self.recordings.on_disk()?;
        sessions.extend(self.runtime.block_on(archive.elsewhere())?);
        Ok(sessions)
    }

    /// Has a recording fetched that is not here. `false`: it is nowhere.
    fn fetch(&self, id: SessionId) -> Result<bool, Unreadable> {
        let Some(archive) = self.archive.now() else {
            return Err(Unreadable::Io(std::io::Error::other(ArchiveError::Closing.to_string())));
        };
        match self.runtime.block_on(archive.at_hand(id)) {
            Ok(()) => Ok(true),
            Err(ArchiveError::Recordings(RecordingsError::NoSuch(_))) => Ok(false),
            Err(ArchiveError::Damaged(why)) => Err(Unreadable::Damaged(why)),
            Err(error) => Err(Unreadable::Io(std::io::Error::other(error.to_string()))),
        }
    }

    /// Waits until there may be something new.
    pub(super) fn wait(&self, longest: Duration) {
        self.bell.wait(longest);
    }

    /// For how long a recording could not be read that is to be.
    pub(super) fn stuck(&self) -> Duration {
        self.stuck.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Hands over what is new, and says what it was. What a failure leaves half-done is read again.
    pub(super) fn gather(
        &mut self,
        book: &mut Book,
        taker: &mut impl Taker,
    ) -> Result<Vec<Leg>, ExportError> {
        let gathered = self.try_gather(book, taker);
        if gathered.is_err() {
            self.lose_track();
        }
        gathered
    }

    /// Forgets how far recordings were read: what the book says counts.
    pub(super) fn lose_track(&mut self) {
        self.followers.clear();
        self.queue = self.limits.keys().copied().collect();
        self.queue.make_contiguous().sort_unstable();
        self.must_look = true;
    }

    fn try_gather(
        &mut self,
        book: &mut Book,
        taker: &mut impl Taker,
    ) -> Result<Vec<Leg>, ExportError> {
        let mut legs = Vec::new();
        if self.follows.audit {
            legs.extend(self.entries(book.audit(), None, taker)?);
        }
        if self.follows.sessions {
            self.look(book)?;
        }
        let since = Instant::now();
        let mut stuck = None;
        // Each at most once in one go, so that no session keeps others waiting.
        for _ in 0..self.queue.len() {
            let late = since.elapsed() > LONG && !(taker.is_empty() && legs.is_empty());
            if taker.is_full() || late || self.halt.is_over() {
                break;
            }
            let Some(id) = self.queue.pop_front() else { break };
            let (told, ended) = book.session(id)?;
            if ended {
                self.forget(id);
                continue;
            }
            match self.follow_anywhere(id, told, None, taker, since) {
                Ok((leg, rest)) => {
                    legs.extend(leg);
                    if rest {
                        self.queue.push_back(id);
                    } else {
                        self.limits.remove(&id);
                    }
                    if leg.is_some_and(|leg| leg.ended) {
                        self.forget(id);
                    }
                }
                Err(Unreadable::Io(error)) => {
                    tracing::warn!(session = %id, %error, "a recording cannot be read for export yet");
                    self.queue.push_back(id);
                    self.followers.remove(&id);
                    stuck = self.stuck.or(Some(since));
                    break;
                }
                Err(error) => {
                    tracing::error!(session = %id, %error, "a session is not exported any further");
                    metrics::counter!("sluice_export_unreadable_total").increment(1);
                    self.forget(id);
                    // What grows again is read again.
                    if !matches!(error, Unreadable::Endless) {
                        self.unreadable.insert(id);
                    }
                }
            }
        }
        self.stuck = stuck;
        Ok(legs)
    }

    /// Hands over again what a plan held. `false`: it cannot be had as it was.
    pub(super) fn again(
        &mut self,
        legs: &[Leg],
        taker: &mut impl Taker,
    ) -> Result<bool, ExportError> {
        if self.store.strong_count() == 0 || self.archive.now().is_none() {
            // What a house that closes does not give is not gone.
            return Err(StoreError::Closed.into());
        }
        for leg in legs {
            let reached = match leg.origin {
                Origin::Audit => self.entries(leg.from, Some(leg.to), taker)?,
                Origin::Session(id) => {
                    // Read from the beginning, whatever is known of it: the plan says from where to tell.
                    self.followers.remove(&id);
                    match self.follow_anywhere(id, leg.from, Some(leg.to), taker, Instant::now()) {
                        Ok((leg, _)) => leg,
                        Err(error) => {
                            tracing::error!(session = %id, %error, "what was being exported cannot be read again");
                            None
                        }
                    }
                }
            };
            if reached.is_none_or(|reached| reached.to != leg.to) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn entries(
        &self,
        from: u64,
        to: Option<u64>,
        taker: &mut impl Taker,
    ) -> Result<Option<Leg>, ExportError> {
        /// So many are read at once.
        const PAGE: u32 = 200;
        let mut last = from;
        let Some(store) = self.store.upgrade() else { return Ok(None) };
        loop {
            let page = self.runtime.block_on(store.audit_after(last, PAGE))?;
            let whole = page.len() < PAGE as usize;
            for entry in page {
                let over = to.is_some_and(|to| entry.seq > to);
                if over || (to.is_none() && taker.is_full()) {
                    return Ok(leg(Origin::Audit, from, last, false));
                }
                last = entry.seq;
                taker.take(News::Entry(entry));
            }
            if whole {
                return Ok(leg(Origin::Audit, from, last, false));
            }
        }
    }

    /// Takes up which recordings grew, and looks for such as nobody told of.
    fn look(&mut self, book: &mut Book) -> Result<(), ExportError> {
        if self.must_look && (self.queue.is_empty() || self.followers.is_empty()) {
            let there = self.sessions()?;
            let written = self.recordings.being_written();
            for id in book.untold(there)? {
                // What is being written is told of when it grows.
                if !written.contains(&id) {
                    self.wants(id, None);
                }
            }
            self.must_look = false;
        }
        let (grown, overflown) = self.inbox.take();
        self.must_look |= overflown;
        for (id, length) in grown {
            self.wants(id, Some(length));
        }
        Ok(())
    }

    /// A file may be read so far; nothing: to its end, which is there.
    fn wants(&mut self, id: SessionId, limit: Option<u64>) {
        if self.unreadable.contains(&id) {
            return;
        }
        if self.limits.insert(id, limit).is_none() {
            self.queue.push_back(id);
        }
    }

    fn forget(&mut self, id: SessionId) {
        self.limits.remove(&id);
        self.followers.remove(&id);
    }

    /// As [`Self::follow`]; what is not here is fetched first.
    fn follow_anywhere(
        &mut self,
        id: SessionId,
        told: u64,
        to: Option<u64>,
        taker: &mut impl Taker,
        since: Instant,
    ) -> Result<(Option<Leg>, bool), Unreadable> {
        match self.follow(id, told, to, taker, since) {
            Err(Unreadable::Gone) if self.fetch(id)? => {
                self.followers.remove(&id);
                self.follow(id, told, to, taker, since)
            }
            followed => followed,
        }
    }

    /// Reads a recording on from behind the frame `told`. Says how far it came, and whether there is more.
    fn follow(
        &mut self,
        id: SessionId,
        told: u64,
        to: Option<u64>,
        taker: &mut impl Taker,
        since: Instant,
    ) -> Result<(Option<Leg>, bool), Unreadable> {
        let limit = self.limits.get(&id).copied().flatten().unwrap_or(u64::MAX);
        if self.followers.len() >= MOST {
            self.followers.clear();
        }
        let (path, keyring) = (self.recordings.path(id), self.recordings.keyring());
        let follower = self.followers.entry(id).or_insert_with(|| Follower::new(&path, keyring));
        // Frames that told nothing may have been read beyond what the book says.
        let from = follower.frame().max(told);
        let mut last = from;
        loop {
            let full = taker.is_full() || self.halt.is_over();
            let late = last > from && since.elapsed() > LONG && !taker.is_empty();
            if to.is_none() && (full || late) || to.is_some_and(|to| follower.frame() >= to) {
                follower.pause();
                return Ok((leg(Origin::Session(id), from, last, false), true));
            }
            let step = match follower.next(limit) {
                // What was handed over counts. What is wrong is met again, by one who begins anew. Where
                // nothing was, nothing would be noted either, and this would go on for ever.
                Err(_) if to.is_none() && last > from && !taker.is_empty() => {
                    self.followers.remove(&id);
                    return Ok((leg(Origin::Session(id), from, last, false), true));
                }
                step => step?,
            };
            let Some(step) = step else {
                let leg = leg(Origin::Session(id), from, last, false);
                if limit == u64::MAX && leg.is_none() {
                    return Err(Unreadable::Endless);
                }
                return Ok((leg, limit == u64::MAX));
            };
            if step.frame <= told {
                continue;
            }
            last = step.frame;
            step.told.into_iter().for_each(|happening| taker.take(News::Happening(happening)));
            if step.ended {
                return Ok((leg(Origin::Session(id), from, last, true), false));
            }
        }
    }
}

fn leg(origin: Origin, from: u64, to: u64, ended: bool) -> Option<Leg> {
    (to > from).then_some(Leg { origin, from, to, ended })
}
