//! What the audit log does not know yet of the recordings that were found at the start.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use evidence::{Counts, Delivered, Report, State};
use model::{SessionId, Timestamp};
use rusqlite::Connection;

use super::register::{Conclusion, Note, Register};
use super::{Recordings, RecordingsError, index, verify_file};
use crate::store::{Store, StoreError};

impl Recordings {
    /// From now on every session's opening and end goes into this store's audit log, and none begins
    /// while that cannot be written. What the last process did not come to enter is entered first.
    /// Returns how many sessions that was.
    ///
    /// # Errors
    /// The folder cannot be read, or the store failed.
    pub async fn enter_into(&self, store: Arc<Store>) -> Result<usize, EnterError> {
        let open: BTreeSet<_> = store.read(open_sessions).await?.into_iter().collect();
        let recordings = self.clone();
        let there = blocking(move || recordings.found()).await?;
        let unlisted = store.read(move |connection| without_entry(connection, there)).await?;
        let recordings = self.clone();
        let notes = blocking(move || Ok(recordings.notes(&open, &unlisted))).await?;
        let (count, sessions) = (notes.len(), notes.iter().map(|note| note.session()));
        let sessions = sessions.collect::<BTreeSet<_>>().len();
        if count > 0 {
            let enter = move |transaction: &rusqlite::Transaction<'_>| {
                notes.iter().try_for_each(|note| note.enter(transaction))
            };
            store.write::<_, StoreError>(enter).await?;
            tracing::warn!(sessions, "what became of sessions was entered late into the audit log");
        }
        // A second caller changes nothing: one house has one log.
        let _ = self.0.register.set(Register::new(store, self.0.clock.clone()));
        Ok(sessions)
    }

    /// Every session there is a recording of.
    fn found(&self) -> Result<Vec<SessionId>, RecordingsError> {
        let failed = |source| RecordingsError::io(&self.0.folder, source);
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.0.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            ids.extend(index::session_of(&path).filter(|id| self.path(*id) == path));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    fn notes(&self, open: &BTreeSet<SessionId>, unlisted: &[SessionId]) -> Vec<Note> {
        let now = self.0.clock.now();
        let mut notes = Vec::new();
        for id in unlisted {
            // What is not ours to the last byte is not vouched for now: `sluice verify` says so.
            match self.checked(*id) {
                Ok(report) => notes.extend(opening_and_end(*id, &report)),
                Err(why) => {
                    tracing::error!(session = %id, why, "a recording is not in the audit log");
                }
            }
        }
        for id in open {
            notes.push(match self.checked(*id) {
                Ok(report) => Note::ended(*id, subject(&report), &conclusion(&report, now), true),
                Err(why) => {
                    tracing::error!(session = %id, why, "the recording of a session is lost");
                    Note::lost(*id, now, why)
                }
            });
        }
        notes
    }

    /// A recording that is whole and has an end.
    fn checked(&self, id: SessionId) -> Result<Report, String> {
        let path = self.path(id);
        if !path.exists() {
            return Err("there is none".into());
        }
        let report = verify_file(&path, &self.0.public, Some(&self.keyring()))
            .map_err(|error| error.to_string())?;
        match report.state {
            State::Closed | State::Interrupted if report.session == Some(id) => Ok(report),
            State::Closed | State::Interrupted => Err("it is another session's".into()),
            State::Unfinished | State::Cut | State::Tampered => {
                Err(report.damage.unwrap_or_else(|| "it has no end".into()))
            }
        }
    }
}

/// What keeps a house from entering its sessions into its audit log.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The recordings cannot be read.
    #[error(transparent)]
    Recordings(#[from] RecordingsError),
    /// The log cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RecordingsError> + Send + 'static,
) -> Result<T, EnterError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(StoreError::Closed.into()),
    }
}

fn open_sessions(connection: &Connection) -> Result<Vec<SessionId>, StoreError> {
    let mut statement = connection.prepare("select session from open_sessions")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let ids = rows
        .map(|text| text?.parse().map_err(|_| StoreError::Corrupt("an open session's id".into())));
    ids.collect()
}

/// Those of which no opening is in the log.
fn without_entry(
    connection: &Connection,
    ids: Vec<SessionId>,
) -> Result<Vec<SessionId>, StoreError> {
    let mut statement =
        connection.prepare("select 1 from audit where object = ? and action = 'session.open'")?;
    let mut without = Vec::new();
    for id in ids {
        if !statement.exists([id.to_string()])? {
            without.push(id);
        }
    }
    Ok(without)
}

fn opening_and_end(id: SessionId, report: &Report) -> Vec<Note> {
    let (Some(head), Some(first)) = (&report.head, &report.first_hash) else { return Vec::new() };
    let mut hash = [0; 32];
    if hex::decode_to_slice(first, &mut hash).is_err() {
        return Vec::new();
    }
    let end = conclusion(report, head.opened);
    vec![Note::opened(head, &hash, true), Note::ended(id, subject(report), &end, true)]
}

fn subject(report: &Report) -> &str {
    report.head.as_ref().map_or(crate::audit::ITSELF, |head| head.identity.subject.as_str())
}

fn conclusion(report: &Report, at: Timestamp) -> Conclusion {
    let decoded = |text: &str| {
        let mut hash = [0; 32];
        // A report's own words.
        let _ = hex::decode_to_slice(text, &mut hash);
        hash
    };
    let ending = report.ending.as_ref();
    let delivered =
        Delivered { bytes: report.delivered, sha256: decoded(&report.delivered_sha256) };
    let counts: Counts = report.counts;
    Conclusion {
        at: ending.map(|ending| ending.at).or(report.signed.until).unwrap_or(at),
        how: ending.map(|ending| ending.how.clone()),
        in_order: report.state == State::Closed,
        last: decoded(&report.last_hash),
        counts,
        delivered,
        bytes: report.bytes,
    }
}
