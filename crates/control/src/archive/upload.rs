//! Uploading: what waits, oldest first; parts that arrived are not sent again; read back, then believed.

use std::time::Duration;

use futures::{StreamExt, stream};
use metrics::counter;
use rand::RngExt;

use super::bucket::{Put, Refused};
use super::rows::Entry;
use super::{ArchiveError, Away, Inner, apart, parts, rows};
use crate::store::StoreError;

/// So many recordings are uploaded at once. Each has a part in memory.
const AT_ONCE: usize = 4;
/// So many are looked up at once.
const BATCH: u32 = 64;
/// How long after a failure it is tried again, first and at most; doubled in between.
const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(30);
/// How often the store is asked for nothing when nothing waits.
const IDLE: Duration = Duration::from_secs(10);
/// How often what could not be uploaded as it is is tried all the same.
const AGAIN: Duration = Duration::from_secs(3600);
/// After so many failures in one batch the store is believed to be away.
const TRIES: usize = 3;
/// What is asked for to see whether the store can be asked.
const PROBE: &str = "probe";

/// Why a recording is not uploaded.
enum Trouble {
    /// The store is away, or says no: nothing can be uploaded now.
    Store(Refused),
    /// This one cannot be, as it is.
    This(String),
    /// It begins anew.
    Anew,
    /// Ours.
    House(ArchiveError),
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        Self::Store(refused)
    }
}

impl From<ArchiveError> for Trouble {
    fn from(error: ArchiveError) -> Self {
        Self::House(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::House(error.into())
    }
}

impl Inner {
    /// Uploads what waits, for as long as it is polled.
    pub(super) async fn upload(&self) {
        let Some(away) = &self.away else { return };
        self.probe(away).await;
        let mut failures = 0;
        let mut tried_again: Option<Duration> = None;
        loop {
            let uptime = self.clock.uptime();
            if tried_again.is_none_or(|last| uptime.saturating_sub(last) >= AGAIN) {
                tried_again = Some(uptime);
                if let Err(error) = self.store.write(rows::try_again).await {
                    tracing::error!(%error, "the archive's books cannot be written");
                }
            }
            match self.upload_some(away).await {
                Ok(true) => failures = 0,
                Ok(false) => {
                    failures = 0;
                    tokio::select! {
                        () = self.waiting.notified() => {}
                        () = tokio::time::sleep(IDLE) => self.probe(away).await,
                    }
                }
                Err(()) => {
                    tokio::time::sleep(pause(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// Asks the store for something that is not there, to see whether it can be asked.
    async fn probe(&self, away: &Away) {
        match away.bucket.read(&away.bucket.named(PROBE)).await {
            Ok(_) => self.works(),
            Err(refused) => self.fails("asking", &refused),
        }
    }

    /// Uploads a batch; `false` when nothing waits. An error was told of: none of it was uploaded. One
    /// that the store does not take keeps no other.
    async fn upload_some(&self, away: &Away) -> Result<bool, ()> {
        let waiting = self.store.read(|books| rows::waiting(books, BATCH)).await;
        let waiting = waiting.map_err(|error: StoreError| {
            tracing::error!(%error, "the archive's books cannot be read");
        })?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let mut uploads = stream::iter(waiting)
            .map(|entry| async move { (entry.id, self.upload_one(away, &entry).await) })
            .buffer_unordered(AT_ONCE);
        let (mut moved, mut failed) = (false, 0);
        while let Some((id, done)) = uploads.next().await {
            match done {
                Ok(()) => {
                    moved = true;
                    counter!("sluice_archive_uploads_total", "outcome" => "ok").increment(1);
                    self.works();
                }
                Err(Trouble::Anew) => failed += 1,
                Err(Trouble::This(why)) => {
                    moved = true;
                    counter!("sluice_archive_uploads_total", "outcome" => "refused").increment(1);
                    tracing::error!(session = %id, why, "a recording cannot be uploaded as it is");
                    self.works();
                    let now = self.clock.now();
                    let note = move |books: &rusqlite::Transaction<'_>| {
                        rows::troubled(books, id, &why, now)
                    };
                    self.store.write(note).await.map_err(|error: StoreError| {
                        tracing::error!(%error, "the archive's books cannot be written");
                    })?;
                }
                Err(Trouble::Store(refused)) => {
                    counter!("sluice_archive_uploads_total", "outcome" => "failed").increment(1);
                    self.fails("uploading", &refused);
                    failed += 1;
                }
                Err(Trouble::House(error)) => {
                    counter!("sluice_archive_uploads_total", "outcome" => "failed").increment(1);
                    tracing::error!(session = %id, %error, "a recording cannot be uploaded");
                    return Err(());
                }
            }
            self.changes();
            if failed == TRIES {
                break;
            }
        }
        if failed > 0 && !moved { Err(()) } else { Ok(true) }
    }

    async fn upload_one(&self, away: &Away, entry: &Entry) -> Result<(), Trouble> {
        let bucket = &away.bucket;
        let object = match entry.object.as_str() {
            "" => bucket.object(entry.id),
            known => known.to_owned(),
        };
        let path = self.recordings.own_path(entry.id);
        let this =
            |error: std::io::Error| Trouble::This(format!("its file cannot be read: {error}"));
        let file = path.clone();
        let (length, digest) = apart(move || parts::digest(&file)).await?.map_err(this)?;
        if length != entry.bytes {
            let said = entry.bytes;
            return Err(Trouble::This(format!("its file has {length} bytes, and had {said}")));
        }
        let put = if bucket.length(&object).await?.is_some() {
            // An answer that did not arrive, or somebody else's. What is there is read next.
            Put::Taken
        } else if length <= parts::PART {
            let bytes = apart(move || parts::read(&path, length, parts::PART, 0)).await?;
            bucket.put(&object, bytes.map_err(this)?).await?
        } else {
            self.in_parts(away, entry, &object, &digest).await?
        };
        // Whoever put it there: it is what it is to be, or it is not.
        match bucket.digest(&object, length).await? {
            Some(found) if found == (length, digest) => {}
            Some(_) if put == Put::Taken => {
                return Err(Trouble::This(format!(
                    "{} is there already and is another one: it is left as it is",
                    bucket.url(&object)
                )));
            }
            Some(_) => {
                return Err(Trouble::This(format!(
                    "{} was read back and is not what was sent",
                    bucket.url(&object)
                )));
            }
            None if put == Put::Taken => {
                tracing::warn!(session = %entry.id, "an object was there and is not: its upload begins anew");
                return Err(Trouble::Anew);
            }
            None => {
                return Err(Trouble::This(format!(
                    "{} was sent and is not there",
                    bucket.url(&object)
                )));
            }
        }
        let (entry, url, now) = (entry.clone(), bucket.url(&object), self.clock.now());
        self.store
            .write(move |books| rows::uploaded(books, &entry, &object, &digest, &url, now))
            .await?;
        Ok(())
    }

    /// Sends the parts that have not arrived yet, and has the store make one object of all.
    async fn in_parts(
        &self,
        away: &Away,
        entry: &Entry,
        object: &str,
        digest: &blake3::Hash,
    ) -> Result<Put, Trouble> {
        let (bucket, id, length) = (&away.bucket, entry.id, entry.bytes);
        let begun = entry.upload.clone().filter(|_| entry.digest.as_ref() == Some(digest));
        let (upload, part) = match begun {
            Some(begun) => begun,
            None => {
                if let Some((old, _)) = &entry.upload {
                    bucket.abort(object, old).await?;
                }
                let (upload, part) = (bucket.begin(object).await?, parts::part_of(length));
                let (object, digest, noted) = (object.to_owned(), *digest, upload.clone());
                self.store
                    .write(move |books| rows::begun(books, id, &object, &digest, (&noted, part)))
                    .await?;
                (upload, part)
            }
        };
        let mut arrived = self.store.read(move |books| rows::parts(books, id)).await?;
        for number in 0..parts::count(length, part) {
            if arrived.iter().any(|(known, _)| *known == number) {
                continue;
            }
            let path = self.recordings.own_path(id);
            let bytes = apart(move || parts::read(&path, length, part, number)).await?;
            let bytes = bytes
                .map_err(|error| Trouble::This(format!("its file cannot be read: {error}")))?;
            let name = match bucket.part(object, &upload, number, bytes).await {
                Ok(name) => name,
                Err(refused) if refused.is_gone() => return self.anew(entry).await,
                Err(refused) => return Err(refused.into()),
            };
            let noted = name.clone();
            self.store.write(move |books| rows::arrived(books, id, number, &noted)).await?;
            counter!("sluice_archive_parts_total").increment(1);
            self.works();
            arrived.push((number, name));
        }
        arrived.sort_unstable();
        let names = arrived.into_iter().map(|(_, name)| name).collect();
        match bucket.complete(object, &upload, names).await {
            Ok(Put::Taken) => {
                bucket.abort(object, &upload).await?;
                Ok(Put::Taken)
            }
            Ok(put) => Ok(put),
            Err(refused) if refused.is_gone() => self.anew(entry).await,
            Err(refused) => Err(refused.into()),
        }
    }

    /// The store knows nothing of the upload any more.
    async fn anew(&self, entry: &Entry) -> Result<Put, Trouble> {
        let id = entry.id;
        tracing::warn!(session = %id, "the object store gave up an upload in parts: it begins anew");
        self.store.write(move |books| rows::given_up(books, id)).await?;
        Err(Trouble::Anew)
    }
}

/// Longer after each failure in a row, and never the same for two gateways.
fn pause(failures: u32) -> Duration {
    let whole = FIRST.saturating_mul(1 << failures.min(10)).min(LAST);
    whole.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_stays_away_is_asked_less_and_less_but_never_given_up() {
        let mut before = Duration::ZERO;
        for failures in 0..40 {
            let pause = pause(failures);
            assert!(pause >= FIRST / 2 && pause <= LAST, "{failures}: {pause:?}");
            assert!(pause >= before / 2, "{failures}: {pause:?}");
            before = pause;
        }
        assert!(before >= LAST / 2);
    }
}
