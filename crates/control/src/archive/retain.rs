//! Letting go: copies here that are also away, recordings that are too old or too many.
//!
//! A deletion is decided in one transaction with the audit event that tells of it; then the copies go,
//! and at last the row. What a crash leaves in between is found in the row and finished.

use std::time::Duration;

use metrics::counter;
use model::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::bucket::Refused;
use super::plan::{self, Why};
use super::reckoning::Reckoning;
use super::rows::Entry;
use super::{ArchiveError, Inner, apart, lock, rows};
use crate::audit::micros;
use crate::store::StoreError;

/// How often is looked.
const VISIT: Duration = Duration::from_secs(3);
/// So many go at once at most.
const AT_ONCE: u32 = 500;
/// After so many that could not be deleted or looked for, others are not tried at once.
const TRIES: usize = 3;
/// How often the time is noted.
const NOTED: Duration = Duration::from_secs(60);
/// How long is waited after the object store could not be asked.
const AWAY: Duration = Duration::from_secs(30);

impl Inner {
    /// Lets go of what may go, for as long as it is polled.
    pub(super) async fn retain(&self) {
        let mut time = loop {
            match self.resume().await {
                Ok(time) => break time,
                Err(error) => {
                    tracing::error!(%error, "the archive's books cannot be read");
                    tokio::time::sleep(AWAY).await;
                }
            }
        };
        let mut noted = Duration::ZERO;
        loop {
            let uptime = self.clock.uptime();
            let now = self.reckon(&mut time, uptime);
            if uptime.saturating_sub(noted) >= NOTED || noted.is_zero() {
                noted = uptime;
                let note = move |books: &Transaction<'_>| note_reckoning(books, &time);
                if let Err(error) = self.store.write(note).await {
                    tracing::error!(%error, "the archive's books cannot be written");
                }
            }
            let mut pause = VISIT;
            // An object that cannot be deleted must not fill the disk here with what may leave.
            for done in [
                self.expire(now).await,
                self.finish_deletions().await,
                self.leave(now).await,
                self.forget_copies().await,
            ] {
                match done {
                    Ok(()) => continue,
                    Err(ArchiveError::Unavailable(error)) => self.fails("deleting", &error),
                    Err(error) => tracing::error!(%error, "recordings cannot be let go of"),
                }
                pause = AWAY;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The time as an earlier process left it; at the first start, as the newest recording says.
    async fn resume(&self) -> Result<Reckoning, StoreError> {
        let (now, uptime) = (self.clock.now(), self.clock.uptime());
        let read = move |books: &Connection| match reckoning(books, uptime)? {
            Some(time) => Ok(time),
            None => {
                let seen = rows::newest(books)?.unwrap_or(now).min(now);
                Ok(Reckoning::resume(seen, Duration::ZERO, uptime))
            }
        };
        self.store.read(read).await
    }

    fn reckon(&self, time: &mut Reckoning, uptime: Duration) -> Timestamp {
        let date = self.clock.now();
        let before = time.doubts();
        let now = time.pass(date, uptime);
        let doubts = time.doubts();
        lock(&self.health).doubts_clock = doubts;
        if doubts != before {
            metrics::gauge!("sluice_archive_clock_doubted").set(f64::from(u8::from(doubts)));
            match doubts {
                true => tracing::error!(
                    %date,
                    reckoned = %now,
                    "the date is further ahead than time was seen to pass: nothing is deleted for its age by it until it stood for a day"
                ),
                false => tracing::info!(%date, "the date is believed again"),
            }
        }
        now
    }

    /// Decides what is too old or too much; the audit log is told with it.
    async fn expire(&self, now: Timestamp) -> Result<(), ArchiveError> {
        let (retention, away) = (self.retention, self.away.is_some());
        if retention.age.is_none() && retention.size.is_none() {
            return Ok(());
        }
        let read = move |books: &Connection| {
            let total = match retention.size {
                Some(_) => rows::sums(books)?.bytes,
                None => 0,
            };
            Ok::<_, StoreError>((rows::oldest(books, away, AT_ONCE)?, total))
        };
        let (oldest, total) = self.store.read(read).await?;
        let doomed = plan::expired(&oldest, total, retention, away, now);
        if doomed.is_empty() {
            return Ok(());
        }
        let date = self.clock.now();
        let decide = move |books: &Transaction<'_>| {
            let mut decided: Vec<Why> = Vec::new();
            for (id, why) in doomed {
                if rows::doom(books, id, why.name(), date)? {
                    decided.push(why);
                }
            }
            Ok::<_, StoreError>(decided)
        };
        for why in self.store.write(decide).await? {
            counter!("sluice_archive_deleted_total", "why" => why.name()).increment(1);
        }
        Ok(())
    }

    /// Deletes what it was decided to delete, here and away.
    async fn finish_deletions(&self) -> Result<(), ArchiveError> {
        let doomed = self.store.read(|books| rows::doomed(books, AT_ONCE)).await?;
        if doomed.is_empty() {
            return Ok(());
        }
        let ids: Vec<SessionId> = doomed.iter().map(|entry| entry.id).collect();
        let recordings = self.recordings.clone();
        apart(move || {
            recordings.remove(&ids)?;
            recordings.forget(&ids);
            recordings.forget_fetched(&ids)
        })
        .await??;
        let mut failed = Vec::new();
        for entry in doomed {
            if self.away.is_none() && !entry.object.is_empty() {
                // It is deleted there when there is an object store again.
                continue;
            }
            if let Err(refused) = self.delete_object(&entry).await {
                failed.push(refused.to_string());
                if failed.len() == TRIES {
                    break;
                }
                continue;
            }
            let id = entry.id;
            self.store.write(move |books| rows::forget(books, id)).await?;
            tracing::info!(session = %id, "a recording was deleted by retention");
            self.changes();
        }
        failed.pop().map_or(Ok(()), |refused| Err(ArchiveError::Unavailable(refused)))
    }

    async fn delete_object(&self, entry: &Entry) -> Result<(), Refused> {
        let Some(away) = self.away.as_ref().filter(|_| !entry.object.is_empty()) else {
            return Ok(());
        };
        if let Some((upload, _)) = &entry.upload {
            away.bucket.abort(&entry.object, upload).await?;
        }
        away.bucket.delete(&entry.object).await?;
        self.works();
        Ok(())
    }

    /// Lets go of copies here, after a last look at the objects.
    async fn leave(&self, now: Timestamp) -> Result<(), ArchiveError> {
        let Some(away) = &self.away else { return Ok(()) };
        let read = |books: &Connection| {
            Ok::<_, StoreError>((rows::oldest_here(books, AT_ONCE)?, rows::sums(books)?.local))
        };
        let (oldest, total) = self.store.read(read).await?;
        let (mut ids, mut failed) = (Vec::new(), Vec::new());
        for id in plan::superfluous(&oldest, total, away.local, now) {
            let found = self.store.read(move |books| rows::entry(books, id)).await?;
            let Some(entry) = found else { continue };
            let length = match away.bucket.length(&entry.object).await {
                Ok(length) => length,
                Err(refused) => {
                    failed.push(refused.to_string());
                    if failed.len() == TRIES {
                        break;
                    }
                    continue;
                }
            };
            if length == Some(entry.bytes) {
                ids.push(id);
                continue;
            }
            tracing::error!(session = %id, "a recording is gone from the object store: it is uploaded again");
            self.store.write(move |books| rows::lost(books, id)).await?;
            self.waiting.notify_one();
            self.changes();
        }
        let asked = failed.pop().map_or(Ok(()), |refused| Err(ArchiveError::Unavailable(refused)));
        if ids.is_empty() {
            return asked;
        }
        let note = move |books: &Transaction<'_>| {
            let mut leaving = Vec::new();
            for id in ids {
                if rows::leave(books, id)? {
                    leaving.push(id);
                }
            }
            Ok::<_, StoreError>(leaving)
        };
        let leaving = self.store.write(note).await?;
        let recordings = self.recordings.clone();
        apart(move || recordings.remove(&leaving)).await??;
        self.changes();
        asked
    }
}

fn reckoning(books: &Connection, uptime: Duration) -> Result<Option<Reckoning>, StoreError> {
    let found = books.query_row("select seen, doubted from reckoning", [], |row| {
        let (seen, doubted): (i64, u64) = (row.get(0)?, row.get(1)?);
        let seen = Timestamp::from_micros(seen.unsigned_abs());
        Ok(Reckoning::resume(seen, Duration::from_micros(doubted), uptime))
    });
    Ok(found.optional()?)
}

/// The time as it was last reckoned.
pub(super) fn reckoned(books: &Connection) -> Result<Option<Timestamp>, StoreError> {
    Ok(reckoning(books, Duration::ZERO)?.map(|time| time.seen))
}

fn note_reckoning(books: &Transaction<'_>, time: &Reckoning) -> Result<(), StoreError> {
    let doubted = i64::try_from(time.doubted.as_micros()).unwrap_or(i64::MAX);
    books.execute(
        "insert or replace into reckoning (one, seen, doubted) values (1, ?, ?)",
        params![micros(time.seen), doubted],
    )?;
    Ok(())
}
