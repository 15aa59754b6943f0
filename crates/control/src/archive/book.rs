//! Taking recordings into the books: those that end, and at the start those that are there.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use model::{SessionId, Timestamp};

use super::{ArchiveError, Inner, apart, lock, retain, rows};
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
        let (unknown, leftover, returned, missing) = self
            .store
            .read(move |books| {
                let (mut unknown, mut leftover) = (Vec::new(), Vec::new());
                let mut returned = Vec::new();
                for id in &here {
                    match rows::copy_of(books, *id)? {
                        None => unknown.push(*id),
                        Some((_, true)) => leftover.push(*id),
                        Some((false, false)) => returned.push(*id),
                        Some((true, false)) => {}
                    }
                }
                let here: HashSet<SessionId> = here.into_iter().collect();
                let mut missing = rows::local(books)?;
                missing.retain(|id| !here.contains(id));
                Ok::<_, ArchiveError>((unknown, leftover, returned, missing))
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
        if !returned.is_empty() {
            // Left behind by a crash, or put back by somebody whose objects are lost: that is seen when
            // it is about to leave.
            let note = move |books: &rusqlite::Transaction<'_>| {
                returned.iter().try_for_each(|id| rows::returned(books, *id))
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
            let ids = std::mem::take(&mut *lock(&self.unbooked));
            let just = self.recordings.take_finished();
            let chunks = ids.chunks(AT_ONCE).map(|ids| (ids, false));
            let mut later = Vec::new();
            for (some, just) in chunks.chain(just.chunks(AT_ONCE).map(|ids| (ids, true))) {
                match self.take_in(some.to_vec(), just).await {
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

    /// Takes these in, which ended only `just` now or were found, and says which of them have to wait.
    async fn take_in(
        &self,
        ids: Vec<SessionId>,
        just: bool,
    ) -> Result<Vec<SessionId>, ArchiveError> {
        let (recordings, now) = (self.recordings.clone(), self.clock.now());
        let (new, later) = apart(move || {
            let (mut new, mut later) = (Vec::new(), Vec::new());
            for id in ids {
                let path = recordings.own_path(id);
                let failed = |source| RecordingsError::Io { path: path.clone(), source };
                let read = recordings
                    .look(id)
                    .and_then(|summary| Ok((summary, last(&path).map_err(failed)?)));
                match read {
                    // Its last words are on the disk, and it is still leaving.
                    Ok((summary, _)) if summary.state == SessionState::Live => later.push(id),
                    Ok((summary, chain)) => {
                        let ended = summary.ending.as_ref().map_or(now, |ending| ending.at);
                        new.push(New { summary, ended, chain });
                    }
                    Err(RecordingsError::NoSuch(_)) => {}
                    // One that the disk does not give keeps no other out of the books.
                    Err(error) => {
                        tracing::error!(session = %id, %error, "a recording cannot be taken into the archive's books");
                        later.push(id);
                    }
                }
            }
            (new, later)
        })
        .await?;
        if !new.is_empty() {
            let note = move |books: &rusqlite::Transaction<'_>| {
                // A clock that is set back must not make what ends now years old once it is right again.
                let least = if just { retain::reckoned(books)? } else { None };
                new.iter().try_for_each(|new| {
                    let New { summary, ended, chain } = new;
                    let ended = least.map_or(*ended, |least| least.max(*ended));
                    rows::register(books, summary, ended, chain)
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
