//! Taking recordings into the books: those that end, and at the start those that are there.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use model::{SessionId, Timestamp};

use super::{ArchiveError, Inner, apart, lock, rows};
use crate::recordings::{RecordingsError, SessionState, Summary};

/// How often is looked, rung or not.
const VISIT: Duration = Duration::from_millis(500);
/// So many are taken in with one transaction.
const AT_ONCE: usize = 200;
/// The chain's last hash is at the end of a recording.
const CHAIN: u64 = 32;

/// A recording as it is taken in.
struct New {
    summary: Summary,
    ended: Timestamp,
    chain: Vec<u8>,
}

impl Inner {
    /// Finds what is here and not in the books, what the books say is gone and is not, and what they
    /// say is here and is gone.
    pub(super) async fn compare(&self) -> Result<(), ArchiveError> {
        let recordings = self.recordings.clone();
        let here = apart(move || recordings.on_disk()).await??;
        let (unknown, leftover, missing) = self
            .store
            .read(move |books| {
                let (mut unknown, mut leftover) = (Vec::new(), Vec::new());
                for id in &here {
                    match rows::is_local(books, *id)? {
                        None => unknown.push(*id),
                        Some(false) => leftover.push(*id),
                        Some(true) => {}
                    }
                }
                let here: HashSet<SessionId> = here.into_iter().collect();
                let mut missing = rows::local(books)?;
                missing.retain(|id| !here.contains(id));
                Ok::<_, ArchiveError>((unknown, leftover, missing))
            })
            .await?;
        if !missing.is_empty() {
            tracing::error!(
                recordings = missing.len(),
                "recordings that should be in data_dir are not: those that were uploaded are read from the object store"
            );
            let note = move |books: &rusqlite::Transaction<'_>| {
                missing.iter().try_for_each(|id| rows::leave(books, *id).map(drop))
            };
            self.store.write(note).await?;
        }
        let recordings = self.recordings.clone();
        apart(move || recordings.remove(&leftover)).await??;
        lock(&self.unbooked).extend(unknown);
        Ok(())
    }

    /// Takes in what ends.
    pub(super) async fn keep_books(&self) {
        loop {
            let mut ids = std::mem::take(&mut *lock(&self.unbooked));
            ids.extend(self.recordings.take_finished());
            let mut later = Vec::new();
            for some in ids.chunks(AT_ONCE) {
                match self.take_in(some.to_vec()).await {
                    Ok(alive) => later.extend(alive),
                    Err(error) => {
                        tracing::error!(%error, "recordings cannot be taken into the archive's books");
                        later.extend_from_slice(some);
                    }
                }
            }
            lock(&self.unbooked).extend(later);
            tokio::select! {
                () = self.recordings.finishes() => {}
                () = tokio::time::sleep(VISIT) => {}
            }
        }
    }

    /// Takes these in and says which of them have to wait.
    async fn take_in(&self, ids: Vec<SessionId>) -> Result<Vec<SessionId>, ArchiveError> {
        let (recordings, now) = (self.recordings.clone(), self.clock.now());
        let (new, later) = apart(move || {
            let (mut new, mut later) = (Vec::new(), Vec::new());
            for id in ids {
                let path = recordings.own_path(id);
                match recordings.look(id) {
                    // Its last words are on the disk, and it is still leaving.
                    Ok(summary) if summary.state == SessionState::Live => later.push(id),
                    Ok(summary) => {
                        let ended = summary.ending.as_ref().map_or(now, |ending| ending.at);
                        let failed = |source| RecordingsError::Io { path: path.clone(), source };
                        let chain = last(&path).map_err(failed)?;
                        new.push(New { summary, ended, chain });
                    }
                    Err(RecordingsError::NoSuch(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok((new, later))
        })
        .await??;
        if !new.is_empty() {
            let note = move |books: &rusqlite::Transaction<'_>| {
                new.iter().try_for_each(|new| {
                    let New { summary, ended, chain } = new;
                    rows::register(books, summary, *ended, chain)
                })
            };
            self.store.write(note).await?;
            self.changes();
            self.waiting.notify_one();
        }
        Ok(later)
    }
}

/// The last bytes of a file: of a recording, its chain's last hash.
fn last(path: &std::path::Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(CHAIN)))?;
    let mut bytes = Vec::new();
    file.take(CHAIN).read_to_end(&mut bytes)?;
    Ok(bytes)
}
