//! One thread that brings every recording to the disk, in rounds.
//!
//! A round seals what the sessions said since the last one, writes their files, and makes one sync
//! for all of them ([`Journal`]). It comes by four times a second; a session whose commands must be
//! on the disk before they are sent rings for one, and all that ring while a round is under way share
//! the next. What a round cannot keep stays in memory and is tried again by the next one; until that
//! has worked, no command is let through.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use evidence::Packer;
use model::SessionId;
use model::ports::RecordError;
use tokio::sync::{Notify, watch};

use super::Shared;
use super::journal::{self, Journal};
use super::news::News;
use super::register::{Note, Register};
use super::tape::{Tape, refused};
use crate::Clock;
use crate::disk::Disk;

/// How often it comes by.
const VISIT: Duration = Duration::from_millis(250);
/// So far behind a recording may be: a second, and the round that then is under way.
const BEHIND: Duration = Duration::from_millis(1250);
/// How long a command waits for the disk before it is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// When files that could not be synced are tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// A journal this long, or of so many sessions, is followed by a new one.
const LONG: u64 = 64 << 20;
const MANY: usize = 512;

/// What sessions and the scribe know of each other.
pub(super) struct Rounds {
    state: Mutex<State>,
    ring: Condvar,
    /// Who follows what is on the disk.
    pub(super) news: News,
    done: watch::Sender<Done>,
    /// Why no command is let through, though the disk takes everything.
    refusal: ArcSwapOption<RecordError>,
    /// Rung when a recording is on the disk to its end.
    finished: Notify,
}

struct State {
    /// Every recording that is not on the disk to its end.
    tapes: Vec<Arc<Tape>>,
    rung: bool,
    /// How many rounds were begun.
    begun: u64,
    /// When the last one was begun that kept everything.
    good: Instant,
    /// Recordings that are on the disk to their end since somebody asked; nobody may ever ask.
    finished: Option<Vec<SessionId>>,
    /// Recordings that are to be removed.
    removing: Vec<SessionId>,
}

/// The last round that ended.
#[derive(Clone, Debug)]
pub(super) struct Done {
    number: u64,
    failed: Option<RecordError>,
}

impl Default for Rounds {
    fn default() -> Self {
        let state = State {
            tapes: Vec::new(),
            rung: false,
            begun: 0,
            good: Instant::now(),
            finished: None,
            removing: Vec::new(),
        };
        let done = watch::Sender::new(Done { number: 0, failed: None });
        Self {
            state: Mutex::new(state),
            ring: Condvar::new(),
            news: News::default(),
            done,
            refusal: ArcSwapOption::empty(),
            finished: Notify::new(),
        }
    }
}

impl Rounds {
    /// From now on the scribe looks after it.
    pub(super) fn admit(&self, tape: Arc<Tape>) {
        self.lock().tapes.push(tape);
    }

    /// The sessions it looks after.
    pub(super) fn being_written(&self) -> HashSet<SessionId> {
        self.lock().tapes.iter().map(|tape| tape.id).collect()
    }

    /// Whether what is recorded now will be kept, as far as can be known.
    pub(super) fn ready(&self) -> Result<(), RecordError> {
        self.allowed()?;
        if let Some(error) = &self.done.borrow().failed {
            return Err(error.clone());
        }
        // Whoever waits already is told at its time; nobody else begins to wait for a disk that hangs.
        match self.lock().good.elapsed() > PATIENCE {
            true => Err(RecordError("the disk takes nothing".into())),
            false => Ok(()),
        }
    }

    /// Whether commands are let through as far as it is not the disk's to say.
    pub(super) fn allowed(&self) -> Result<(), RecordError> {
        match self.refusal.load().as_deref() {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(()),
        }
    }

    /// From now on no command is let through, for this reason; or they are again.
    pub(super) fn refuse(&self, why: Option<String>) {
        self.refusal.store(why.map(|why| Arc::new(RecordError(why))));
    }

    /// The recordings that are on the disk to their end since the last call; the first one begins it.
    pub(super) fn take_finished(&self) -> Vec<SessionId> {
        self.lock().finished.replace(Vec::new()).unwrap_or_default()
    }

    /// Resolves when there may be one.
    pub(super) async fn finishes(&self) {
        self.finished.notified().await;
    }

    /// Notes recordings that are to be removed in the journal, and waits for that.
    pub(super) fn note_removal(&self, ids: &[SessionId]) -> Result<(), RecordError> {
        self.lock().removing.extend_from_slice(ids);
        let number = self.ring();
        self.wait_here(number);
        let done = self.done.borrow();
        match &done.failed {
            Some(error) => Err(error.clone()),
            None if done.number < number => Err(RecordError("the disk takes nothing".into())),
            None => Ok(()),
        }
    }

    /// Whether everything is on the disk but what was said in the last second.
    pub(super) fn is_behind(&self) -> bool {
        self.lock().good.elapsed() > BEHIND
    }

    /// Asks for a round. What was recorded before this call is on the disk when [`Self::wait`] for its
    /// number returns.
    pub(super) fn ring(&self) -> u64 {
        let mut state = self.lock();
        state.rung = true;
        self.ring.notify_one();
        state.begun + 1
    }

    /// Waits for a round that was asked for.
    pub(super) fn wait(
        &self,
        number: u64,
    ) -> impl Future<Output = Result<(), RecordError>> + use<> {
        let mut done = self.done.subscribe();
        async move {
            let reached = done.wait_for(|done| done.number >= number);
            match tokio::time::timeout(PATIENCE, reached).await {
                Ok(Ok(done)) => done.failed.clone().map_or(Ok(()), Err),
                Ok(Err(_)) => Err(RecordError("the house is closing".into())),
                Err(_) => Err(RecordError("the disk takes nothing".into())),
            }
        }
    }

    /// The same where blocking is allowed.
    pub(super) fn wait_here(&self, number: u64) {
        let since = Instant::now();
        while self.done.borrow().number < number && since.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a ring, or for the time of the next visit.
    fn pause(&self) {
        let state = self.lock();
        let paused = self.ring.wait_timeout_while(state, VISIT, |state| !state.rung);
        paused.unwrap_or_else(PoisonError::into_inner).0.rung = false;
    }
}

struct Scribe {
    /// Nobody else writes to this folder while this is held.
    _lock: File,
    rounds: Arc<Rounds>,
    disk: Arc<Disk>,
    register: Arc<OnceLock<Register>>,
    clock: Clock,
    packer: Packer,
    journal: Journal,
    path: PathBuf,
    /// Which sessions have something in the journal.
    since: HashMap<SessionId, Arc<Tape>>,
    /// Where full journals go, and where they come back from when what was in them is on the disk.
    full: mpsc::Sender<Full>,
    empty: mpsc::Receiver<io::Result<PathBuf>>,
    /// A journal that may be begun anew.
    spare: Option<PathBuf>,
    /// Why the other one cannot be emptied.
    stuck: Option<String>,
    /// A key's file that is gone: what is recorded could not be opened later.
    missing: Option<RecordError>,
}

/// A journal that is followed by another, and whose recordings it holds.
struct Full {
    path: PathBuf,
    tapes: Vec<Arc<Tape>>,
}

/// The two journals of a folder.
pub(super) fn journals(folder: &Path) -> [PathBuf; 2] {
    ["journal-a", "journal-b"].map(|name| folder.join(name))
}

/// Starts the scribe, who goes when nobody holds `shared` any more. What was in the journals must have
/// been put back.
pub(super) fn start(shared: &Arc<Shared>, lock: File) -> io::Result<()> {
    let [path, spare] = journals(&shared.folder);
    let (full, fulls) = mpsc::channel();
    let (emptied, empty) = mpsc::channel();
    let mut scribe = Scribe {
        _lock: lock,
        rounds: Arc::clone(&shared.rounds),
        disk: Arc::clone(&shared.disk),
        register: Arc::clone(&shared.register),
        clock: shared.clock.clone(),
        packer: Packer::new()?,
        journal: Journal::create(&path)?,
        path,
        since: HashMap::new(),
        full,
        empty,
        spare: Some(spare),
        stuck: None,
        missing: None,
    };
    File::open(&shared.folder)?.sync_all()?;
    thread::Builder::new().name("syncer".into()).spawn(move || sync_all(&fulls, &emptied))?;
    let shared: Weak<Shared> = Arc::downgrade(shared);
    thread::Builder::new().name("scribe".into()).spawn(move || {
        while let Some(shared) = shared.upgrade() {
            shared.live.end_expired(scribe.clock.now());
            let others = shared.ring.follow();
            let missing = shared.ring.missing();
            scribe.misses(missing.map(|path| format!("{} is gone", path.display())));
            if let (Some(keys), Some(register)) = (others, scribe.register.get()) {
                register.keys_changed(keys);
            }
            drop(shared);
            scribe.round();
            scribe.rounds.pause();
        }
        scribe.round();
    })?;
    Ok(())
}

/// Syncs the files of recordings whose journal is to be begun anew.
fn sync_all(fulls: &mpsc::Receiver<Full>, emptied: &mpsc::Sender<io::Result<PathBuf>>) {
    for Full { path, tapes } in fulls {
        loop {
            let synced = tapes.iter().try_for_each(|tape| tape.sync());
            let again = synced.is_err();
            if emptied.send(synced.map(|()| path.clone())).is_err() || !again {
                break;
            }
            thread::sleep(AGAIN);
            while let Err(error) = write_again(&path, &tapes) {
                if emptied.send(Err(error)).is_err() {
                    return;
                }
                thread::sleep(AGAIN);
            }
        }
    }
}

/// After a sync that failed, the system may take what it could not write for written, and the next sync
/// says that all is well (fsync(2)). So what the journal holds is written anew before.
fn write_again(journal: &Path, tapes: &[Arc<Tape>]) -> io::Result<()> {
    let tapes: HashMap<_, _> = tapes.iter().map(|tape| (tape.id, tape)).collect();
    for entry in journal::entries(journal)? {
        let entry = entry?;
        if let Some(tape) = tapes.get(&entry.session).filter(|_| !entry.removes()) {
            tape.write_again(entry.at, &entry.bytes)?;
        }
    }
    Ok(())
}

impl Scribe {
    fn round(&mut self) {
        let rounds = Arc::clone(&self.rounds);
        let (number, begun, tapes, removing) = {
            let mut state = rounds.lock();
            state.begun += 1;
            let removing = std::mem::take(&mut state.removing);
            (state.begun, Instant::now(), state.tapes.clone(), removing)
        };
        let now = self.clock.now();
        let mut handed = Vec::new();
        let mut failed = None;
        for tape in tapes {
            if let Err(error) = tape.gather(now, &mut self.packer) {
                tracing::error!(session = %tape.id, %error, "a recording cannot be written");
                failed.get_or_insert(error);
            }
            if tape.hand_out(|piece| self.journal.add(&piece)) {
                handed.push(tape);
            }
        }
        for id in removing {
            self.journal.remove(id);
        }
        let kept = self.journal.sync();
        if kept.is_ok() {
            let kept: Vec<_> = handed.iter().map(|tape| (tape, tape.kept())).collect();
            let grown: Vec<_> = kept.iter().map(|(tape, (length, _))| (tape.id, *length)).collect();
            let ended = kept.iter().filter(|(_, (_, ended))| *ended);
            let ended: Vec<_> = ended.map(|(tape, _)| *tape).collect();
            self.enter(&ended);
            let ended: Vec<_> = ended.iter().map(|tape| tape.id).collect();
            if !ended.is_empty() {
                let mut state = rounds.lock();
                state.tapes.retain(|tape| !ended.contains(&tape.id));
                if let Some(finished) = &mut state.finished {
                    finished.extend(ended);
                    rounds.finished.notify_one();
                }
            }
            rounds.news.grown(&grown);
            self.since.extend(handed.into_iter().map(|tape| (tape.id, tape)));
        }
        let kept = kept.and_then(|()| self.follow());
        if let Err(error) = &kept {
            tracing::error!(%error, "recordings cannot be brought to the disk");
        }
        if let Some(register) = self.register.get() {
            register.visit();
        }
        let failed = failed.or(kept.err());
        self.disk.look(failed.as_ref());
        let failed = failed.map(|error| refused(&error)).or(self.disk.goes_on().err());
        let failed = failed.or_else(|| self.missing.clone());
        if failed.is_none() {
            rounds.lock().good = begun;
        }
        rounds.done.send_replace(Done { number, failed });
    }

    /// Takes note of a key that is gone, or is there again.
    fn misses(&mut self, missing: Option<String>) {
        match &missing {
            Some(why) if self.missing.is_none() => {
                tracing::error!(why, "what is recorded could not be opened later: nothing goes on");
            }
            None if self.missing.is_some() => tracing::info!("the keys are there again"),
            _ => {}
        }
        self.missing = missing.map(|_| RecordError("a key of recordings is gone".into()));
    }

    /// What ended is on the disk to its last byte: the audit log is told.
    fn enter(&self, ended: &[&Arc<Tape>]) {
        let Some(register) = self.register.get() else { return };
        for tape in ended {
            if let Some(end) = tape.conclusion() {
                register.note(Note::ended(tape.id, &tape.subject, &end, false));
            }
        }
    }

    /// Follows a full journal with an empty one.
    fn follow(&mut self) -> io::Result<()> {
        loop {
            match self.empty.try_recv() {
                Ok(Ok(path)) => (self.spare, self.stuck) = (Some(path), None),
                Ok(Err(error)) => self.stuck = Some(error.to_string()),
                Err(mpsc::TryRecvError::Empty) => break,
                // It lives as long as this one, unless it panicked.
                Err(mpsc::TryRecvError::Disconnected) => {
                    self.stuck = Some("nobody empties the journals: start the gateway anew".into());
                    break;
                }
            }
        }
        if let Some(why) = &self.stuck {
            return Err(io::Error::other(why.clone()));
        }
        if self.journal.length() < LONG && self.since.len() < MANY {
            return Ok(());
        }
        // The one before is still being emptied: this one grows until it is.
        let Some(spare) = self.spare.take() else { return Ok(()) };
        self.journal = match Journal::create(&spare) {
            Ok(journal) => journal,
            Err(error) => {
                self.spare = Some(spare);
                return Err(error);
            }
        };
        let path = std::mem::replace(&mut self.path, spare);
        let tapes = self.since.drain().map(|(_, tape)| tape).collect();
        let sent = self.full.send(Full { path, tapes });
        sent.map_err(|_| io::Error::other("nobody empties the journals"))
    }
}
