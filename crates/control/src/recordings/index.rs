//! The list of sessions, read from the first and the last bytes of their recordings.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use evidence::{Checkpoint, Counts, End, Item, Keyring, Reader, SessionKey};
use model::{Ending, Event, SessionHead, SessionId, Timestamp};
use serde::Serialize;

use super::error::RecordingsError;
use super::live::Live;
use crate::index::Scope;

/// A head is looked for in so many bytes.
const HEAD: u64 = 1 << 20;
/// A closing block is no longer than this: it holds one sentence.
const CLOSING: u32 = 64 << 10;
/// So many summaries are kept in memory.
const KEPT: usize = 10_000;

/// Which sessions to list. Everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this resource.
    pub resource: Option<String>,
    /// Of this subject.
    pub subject: Option<String>,
    /// Whose at all; without it everybody's, as the house itself sees them.
    pub scope: Option<Scope>,
    /// Opened at or after.
    pub since: Option<Timestamp>,
    /// Opened before.
    pub until: Option<Timestamp>,
    /// In this state.
    pub state: Option<SessionState>,
    /// Opened before this one, or at the same time and listed after it: the next page.
    pub before: Option<SessionId>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

/// What a list shows of a session.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
pub struct Summary {
    /// The session.
    pub id: SessionId,
    /// What has become of it. Not a verdict on the recording: that is `verify`'s.
    pub state: SessionState,
    /// Who came from where to what; nothing when the file does not say.
    pub head: Option<SessionHead>,
    /// How it ended, when it ended in order.
    pub ending: Option<Ending>,
    /// What happened in it, in numbers; of an interrupted session, up to its last signature when
    /// that is the last thing in the file.
    pub counts: Option<Counts>,
    /// How long its recording is.
    pub bytes: u64,
}

/// What has become of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It is alive.
    Live,
    /// It ended in order.
    Closed,
    /// It is not alive and its recording has no end: the process was killed, or could not write.
    Interrupted,
    /// Its file does not begin as its recording.
    Unreadable,
}

/// What was read of a file, good for as long as the file has this length and time.
#[derive(Default)]
pub(super) struct Index(Mutex<HashMap<SessionId, (u64, i128, Summary)>>);

impl Index {
    /// Those of `ids` that the filter lets through, in their order, up to its limit.
    pub(super) fn pick(
        &self,
        ids: impl IntoIterator<Item = SessionId>,
        shared: &super::Shared,
        filter: &Filter,
    ) -> Vec<Summary> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        let get = |id| match self.get(&shared.folder, &shared.live, &shared.ring.keys(), id) {
            Ok(summary) => Some(summary),
            Err(RecordingsError::NoSuch(_)) => None,
            Err(error) => {
                // It is there, and a list without it would say that it is not.
                tracing::warn!(session = %id, %error, "a recording cannot be read");
                Some(Summary::unreadable(id, 0))
            }
        };
        let summaries = ids.into_iter().filter_map(get);
        summaries.filter(|summary| filter.holds(summary)).take(limit).collect()
    }

    pub(super) fn get(
        &self,
        folder: &Path,
        live: &Live,
        keyring: &Keyring,
        id: SessionId,
    ) -> Result<Summary, RecordingsError> {
        if let Some((head, counts, bytes)) = live.look(id) {
            let (head, counts) = (Some((*head).clone()), Some(counts));
            return Ok(Summary {
                id,
                state: SessionState::Live,
                head,
                ending: None,
                counts,
                bytes,
            });
        }
        let path = folder.join(format!("{id}.{}", evidence::EXTENSION));
        self.read(&path, keyring, id).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RecordingsError::NoSuch(id),
            _ => RecordingsError::io(&path, error),
        })
    }

    /// Its file is gone.
    pub(super) fn forget(&self, id: SessionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    fn read(&self, path: &Path, keyring: &Keyring, id: SessionId) -> io::Result<Summary> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        let changed = i128::from(about.mtime()) * 1_000_000_000 + i128::from(about.mtime_nsec());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((length, time, summary)) = kept.get(&id)
            && (*length, *time) == (about.len(), changed)
        {
            return Ok(summary.clone());
        }
        drop(kept);
        let summary = summarize(file, about.len(), keyring, id)?;
        kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT || kept.contains_key(&id) {
            kept.insert(id, (about.len(), changed, summary.clone()));
        }
        Ok(summary)
    }
}

impl Summary {
    fn unreadable(id: SessionId, bytes: u64) -> Self {
        let state = SessionState::Unreadable;
        Self { id, state, head: None, ending: None, counts: None, bytes }
    }
}

impl Filter {
    pub(crate) fn holds(&self, summary: &Summary) -> bool {
        let head = summary.head.as_ref();
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        let opened = head.map(|head| head.opened);
        is(&self.resource, head.map(|head| head.resource.as_str()))
            && is(&self.subject, head.map(|head| head.identity.subject.as_str()))
            && self.since.is_none_or(|since| opened.is_some_and(|opened| opened >= since))
            && self.until.is_none_or(|until| opened.is_some_and(|opened| opened < until))
            && self.state.is_none_or(|state| state == summary.state)
            && self.before.is_none_or(|before| summary.id < before)
            && self.scope.as_ref().is_none_or(|scope| scope.holds(head))
    }
}

/// The session a file's name says it is of.
pub(crate) fn session_of(path: &Path) -> Option<SessionId> {
    if path.extension()? != evidence::EXTENSION {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

fn summarize(mut file: File, bytes: u64, keyring: &Keyring, id: SessionId) -> io::Result<Summary> {
    let mut summary = Summary::unreadable(id, bytes);
    let key = match beginning(&mut file, keyring)? {
        Beginning::Open(begun) if begun.1.id == id => {
            let (key, head) = *begun;
            summary.head = Some(head);
            Some(key)
        }
        Beginning::Sealed(session) if session == id => None,
        Beginning::Open(_) | Beginning::Sealed(_) | Beginning::Unreadable => return Ok(summary),
    };
    summary.state = SessionState::Interrupted;
    let block = Checkpoint::BLOCK_LENGTH as u64;
    let Some(start) = bytes.checked_sub(block) else { return Ok(summary) };
    let Some(last) = Checkpoint::peek(&part(&mut file, start, block)?) else { return Ok(summary) };
    summary.counts = Some(last.counts);
    if last.end != End::InOrder || last.previous > CLOSING {
        return Ok(summary);
    }
    let Some(start) = start.checked_sub(u64::from(last.previous)) else { return Ok(summary) };
    let Some(key) = key else {
        summary.state = SessionState::Closed;
        return Ok(summary);
    };
    let closing = part(&mut file, start, u64::from(last.previous))?;
    if let Some((ending, counts)) = evidence::closing(&closing, &last, &key) {
        summary.state = SessionState::Closed;
        summary.ending = Some(ending);
        summary.counts = Some(counts);
    }
    Ok(summary)
}

fn part(file: &mut File, start: u64, length: u64) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// What a recording's first bytes say.
pub(crate) enum Beginning {
    /// The session's key, and who came to what.
    Open(Box<(SessionKey, SessionHead)>),
    /// Of which session it is; it is sealed to others than this gateway.
    Sealed(SessionId),
    /// It is no recording, or not its first block.
    Unreadable,
}

impl Beginning {
    /// The session's key and head, where this gateway can open it.
    pub(crate) fn opened(self) -> Option<(SessionKey, SessionHead)> {
        match self {
            Self::Open(begun) => Some(*begun),
            Self::Sealed(_) | Self::Unreadable => None,
        }
    }
}

/// Reads how a recording begins.
pub(crate) fn beginning(file: &mut File, keyring: &Keyring) -> io::Result<Beginning> {
    let mut reader = Reader::new();
    let mut chunk = [0; 4096];
    let mut rest = file.take(HEAD);
    let mut key = None;
    loop {
        match reader.next() {
            Ok(None) => {}
            Ok(Some(Item::Begun(preamble))) => {
                let open = || keyring.open(preamble.session, &preamble.slots);
                let (Some(one), Some(other)) = (open(), open()) else {
                    return Ok(Beginning::Sealed(preamble.session));
                };
                reader.unlock(one);
                key = Some(other);
                continue;
            }
            Ok(Some(Item::Frame(frame))) => {
                return Ok(match (key, frame.event) {
                    (Some(key), Some(Event::Opened(head))) => {
                        Beginning::Open(Box::new((key, *head)))
                    }
                    _ => Beginning::Unreadable,
                });
            }
            Ok(Some(_)) => continue,
            Err(_) => return Ok(Beginning::Unreadable),
        }
        let length = rest.read(&mut chunk)?;
        if length == 0 {
            return Ok(Beginning::Unreadable);
        }
        reader.feed(chunk.get(..length).unwrap_or_default());
    }
}
