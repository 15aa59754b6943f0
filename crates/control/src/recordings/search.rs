//! Sessions and statements that are looked for: the index says where, the recordings say what.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use evidence::SessionKey;
use model::{Event, SessionId};

use super::error::RecordingsError;
use super::index::{self, Filter, SessionState, Summary};
use super::{Recordings, Shared};
use crate::index::{Found, IndexError, Question, Scope, Spot, Stage, Status};

/// So many are asked of the index at once.
const PAGE: usize = 256;

/// A statement that was found, with its text.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Where and what.
    pub found: Found,
    /// Its text; nothing when the recording cannot be read there.
    pub text: Option<Bytes>,
}

/// A session with statements that were asked for.
#[derive(Clone, Debug)]
pub struct With {
    /// The session.
    pub id: SessionId,
    /// What its recording says; nothing where that is not here.
    pub summary: Option<Summary>,
    /// Where the next page goes on.
    pub place: i64,
}

impl Recordings {
    /// Sessions, newest first.
    ///
    /// # Errors
    /// The folder cannot be read. A single file that cannot is listed as such.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Summary>, RecordingsError> {
        self.settle();
        let shared = &self.0;
        let limit = filter.limit.unwrap_or(usize::MAX);
        let before = |id: &SessionId| filter.before.is_none_or(|before| *id < before);
        let mut young: BTreeSet<_> = shared.live.ids().into_iter().filter(before).collect();
        if filter.state == Some(SessionState::Live) {
            return Ok(shared.index.pick(young.into_iter().rev(), shared, filter));
        }
        if !shared.finder.status().complete {
            let ids = everything(shared)?.into_iter().filter(before);
            young.extend(ids);
            return Ok(shared.index.pick(young.into_iter().rev(), shared, filter));
        }
        // What began in the last moments the index may not know.
        young.extend(shared.finder.fresh().into_iter().filter(before));
        let mut young: Vec<_> = young.into_iter().collect();
        let (mut listed, mut last) = (Vec::new(), filter.before);
        let question = Question {
            scope: filter.scope.clone().unwrap_or(Scope::Everything),
            subject: filter.subject.clone(),
            resource: filter.resource.clone(),
            since: filter.since,
            until: filter.until,
            limit: limit.clamp(1, PAGE),
            ..Question::default()
        };
        loop {
            let page = match shared.finder.sessions(&question, stages(filter.state), last) {
                Ok(page) => page,
                // It failed in this moment: the folder has them all.
                Err(_) => {
                    let ids = everything(shared)?.into_iter().filter(before);
                    let ids: BTreeSet<_> = ids.map(Reverse).collect();
                    return Ok(shared.index.pick(ids.into_iter().map(|id| id.0), shared, filter));
                }
            };
            let over = page.len() < question.limit;
            let bound = page.last().copied();
            // Those that are younger than the page's last come with it.
            let mut ids: BTreeSet<_> = page.into_iter().map(Reverse).collect();
            while let Some(id) = young.pop_if(|id| over || bound.is_some_and(|bound| *id >= bound))
            {
                ids.insert(Reverse(id));
            }
            let room = Filter { limit: Some(limit - listed.len()), ..filter.clone() };
            listed.extend(shared.index.pick(ids.into_iter().map(|id| id.0), shared, &room));
            if over || listed.len() >= limit {
                return Ok(listed);
            }
            last = bound;
        }
    }

    /// The sessions with statements that were asked for, those with the newest first, each with its
    /// place for the next page.
    ///
    /// # Errors
    /// The index cannot be asked.
    pub fn sessions_with(
        &self,
        question: &Question,
        state: Option<SessionState>,
    ) -> Result<Vec<With>, IndexError> {
        let shared = &self.0;
        let (mut listed, mut question) = (Vec::new(), question.clone());
        let limit = question.limit;
        loop {
            question.limit = limit - listed.len();
            let page = shared.finder.sessions_with(&question)?;
            let over = page.len() < question.limit;
            for (id, place) in page {
                question.after = Some(place);
                match shared.index.get(&shared.folder, &shared.live, &shared.ring.keys(), id) {
                    Ok(summary)
                        if question.scope.holds(summary.head.as_ref())
                            && state.is_none_or(|state| state == summary.state) =>
                    {
                        listed.push(With { id, summary: Some(summary), place });
                    }
                    Ok(_) => {}
                    Err(RecordingsError::NoSuch(_)) => {
                        listed.push(With { id, summary: None, place });
                    }
                    Err(error) => {
                        tracing::warn!(session = %id, %error, "a recording cannot be listed")
                    }
                }
            }
            if over || listed.len() >= limit {
                return Ok(listed);
            }
        }
    }

    /// Statements, newest first, each with its text as the recording has it. What the index says and
    /// the recording does not is left out. With the place from which the next page goes on, when there
    /// may be one.
    ///
    /// # Errors
    /// The index cannot be asked.
    pub fn statements(&self, question: &Question) -> Result<(Vec<Hit>, Option<i64>), IndexError> {
        let found = self.0.finder.statements(question)?;
        let next = found.last().filter(|_| found.len() == question.limit).map(|last| last.place);
        let mut texts = Texts { shared: &self.0, keys: HashMap::new(), block: None };
        let mut hits = Vec::new();
        for found in found {
            let text = match texts.of(&found) {
                Ok(Said::Text(text)) => Some(text),
                Ok(Said::Unreadable) => None,
                Ok(Said::Nothing) => continue,
                // It is only in the object store.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => {
                    tracing::warn!(session = %found.session, %error, "a recording cannot be read");
                    None
                }
            };
            if text.as_ref().is_none_or(|text| question.words.found_in(text)) {
                hits.push(Hit { found, text });
            }
        }
        Ok((hits, next))
    }

    /// Where a statement is that people decided about: nothing when the index does not know it (yet).
    #[must_use]
    pub fn spot(&self, session: SessionId, number: u64) -> Option<Spot> {
        self.0.finder.spot(session, number).ok().flatten()
    }

    /// How far the index is.
    #[must_use]
    pub fn index_status(&self) -> Status {
        self.0.finder.status()
    }
}

/// Every recording in the folder.
fn everything(shared: &Shared) -> Result<Vec<SessionId>, RecordingsError> {
    let failed = |source| RecordingsError::io(&shared.folder, source);
    let mut ids = Vec::new();
    for entry in fs::read_dir(&shared.folder).map_err(failed)? {
        ids.extend(index::session_of(&entry.map_err(failed)?.path()));
    }
    Ok(ids)
}

/// At which stages of the index sessions of a state may be.
const fn stages(state: Option<SessionState>) -> &'static [Stage] {
    match state {
        None | Some(SessionState::Live) => &[],
        Some(SessionState::Closed) => &[Stage::Closed],
        Some(SessionState::Interrupted) => &[Stage::Interrupted],
        Some(SessionState::Unreadable) => &[Stage::Unreadable],
    }
}

/// What a recording says where a statement should be.
enum Said {
    Text(Bytes),
    /// Something else: the index is wrong.
    Nothing,
    /// It cannot be opened there.
    Unreadable,
}

/// Reads texts out of recordings; what was just opened is remembered.
struct Texts<'s> {
    shared: &'s Shared,
    keys: HashMap<SessionId, Option<SessionKey>>,
    block: Option<(SessionId, u64, Vec<Event>)>,
}

impl Texts<'_> {
    fn of(&mut self, found: &Found) -> io::Result<Said> {
        let (id, number) = (found.session, found.spot.block);
        if !matches!(&self.block, Some((session, block, _)) if (*session, *block) == (id, number)) {
            self.block = self.open(found)?.map(|events| (id, number, events));
        }
        let Some((_, _, events)) = &self.block else { return Ok(Said::Unreadable) };
        let text = events.iter().find_map(|event| match event {
            Event::Command { number, text, .. } if *number == found.number => Some(text.clone()),
            _ => None,
        });
        Ok(text.map_or(Said::Nothing, Said::Text))
    }

    fn open(&mut self, found: &Found) -> io::Result<Option<Vec<Event>>> {
        let mut file = File::open(self.shared.readable(found.session))?;
        if !self.keys.contains_key(&found.session) {
            let begun = index::beginning(&mut file, &self.shared.ring.keys())?.opened();
            self.keys.insert(found.session, begun.map(|(key, _)| key));
        }
        let Some(Some(key)) = self.keys.get(&found.session) else { return Ok(None) };
        file.seek(SeekFrom::Start(found.spot.position))?;
        let mut block = Vec::new();
        file.by_ref().take(4096).read_to_end(&mut block)?;
        let Some(length) = evidence::block_length(&block) else { return Ok(None) };
        let rest = length.saturating_sub(block.len());
        file.take(rest as u64).read_to_end(&mut block)?;
        Ok(evidence::block_events(&block, found.spot.block, key))
    }
}
