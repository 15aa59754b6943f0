//! Reading back what is no longer here: fetched once, checked, kept for a while in a folder of copies.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::TryStreamExt;
use model::SessionId;

use super::rows::Entry;
use super::told::{self, HOUSE};
use super::{Archive, ArchiveError, Inner, apart, rows};
use crate::audit::Event;
use crate::recordings::RecordingsError;

/// Copies that nobody read for so long go.
const UNREAD: Duration = Duration::from_secs(3600);
/// More than this is not kept, as far as it was not read in the last minute.
const MUCH: u64 = 1 << 30;
const MINUTE: Duration = Duration::from_secs(60);
/// An object may be longer than it was by this: what follows is not fetched.
const MORE: u64 = 64 << 10;

/// A recording's file, open for reading.
pub struct Opened {
    /// The file.
    pub file: File,
    /// It is not what was uploaded. Whoever checks it will see what is wrong with it.
    pub differs: bool,
}

impl Archive {
    /// Sees to it that a session's recording can be read where `Recordings::path` says.
    ///
    /// # Errors
    /// It cannot be fetched, or what was fetched is not what was uploaded.
    pub async fn at_hand(&self, id: SessionId) -> Result<(), ArchiveError> {
        match self.fetch(id).await? {
            Some(opened) if opened.differs => Err(ArchiveError::Damaged(format!(
                "the recording of session {id} in the object store is not what was uploaded: `sluice verify {id}` says what is wrong with it"
            ))),
            _ => Ok(()),
        }
    }

    /// Opens a session's recording, wherever it is, as it is: for whoever checks it himself.
    ///
    /// # Errors
    /// There is none, or it cannot be fetched or opened.
    pub async fn open_recording(&self, id: SessionId) -> Result<Opened, ArchiveError> {
        if let Some(opened) = self.fetch(id).await? {
            return Ok(opened);
        }
        let path = self.0.recordings.path(id);
        let file = apart(move || open(&path)).await??;
        Ok(Opened { file, differs: false })
    }

    /// Fetches a recording that is not here; nothing when it is. Goes on when nobody waits any more, so
    /// that a long one is there the next time.
    async fn fetch(&self, id: SessionId) -> Result<Option<Opened>, ArchiveError> {
        if self.0.is_here(id).await? {
            return Ok(None);
        }
        let inner = std::sync::Arc::clone(&self.0);
        let fetching = tokio::spawn(async move { inner.bring(id).await });
        fetching.await.map_err(|_| ArchiveError::Closing)?.map(Some)
    }
}

impl Inner {
    /// Whether a copy is here; one that was fetched is then kept for longer.
    async fn is_here(&self, id: SessionId) -> Result<bool, ArchiveError> {
        if self.recordings.is_alive(id) {
            return Ok(true);
        }
        let (own, path) = (self.recordings.own_path(id), self.recordings.copy_path(id));
        apart(move || {
            if own.exists() {
                return Ok(true);
            }
            match OpenOptions::new().append(true).open(&path) {
                Ok(file) => {
                    // The time is when it was last read. Failing that it goes a little earlier.
                    let _ = file.set_modified(SystemTime::now());
                    Ok(true)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(source) => Err(RecordingsError::Io { path, source }.into()),
            }
        })
        .await?
    }

    async fn bring(&self, id: SessionId) -> Result<Opened, ArchiveError> {
        let no_such = || ArchiveError::Recordings(RecordingsError::NoSuch(id));
        let found = self.store.read(move |books| rows::entry(books, id)).await?;
        let entry = found.filter(|entry| entry.uploaded.is_some()).ok_or_else(no_such)?;
        let _place = self.fetches.acquire().await.map_err(|_| ArchiveError::Closing)?;
        if self.is_here(id).await? {
            let path = self.recordings.path(id);
            return Ok(Opened { file: apart(move || open(&path)).await??, differs: false });
        }
        let (draft, digest, length) = self.download(&entry).await?;
        let same = length == entry.bytes && Some(digest) == entry.digest;
        let whole = self.recordings.copy_path(id);
        let file = apart(move || {
            let failed = |source| RecordingsError::Io { path: draft.clone(), source };
            let file = File::open(&draft).map_err(failed)?;
            // What differs is handed out once and kept nowhere.
            let placed = if same { fs::rename(&draft, &whole) } else { fs::remove_file(&draft) };
            placed.map_err(failed)?;
            Ok::<_, RecordingsError>(file)
        })
        .await??;
        let now = self.clock.now();
        let event = if same {
            Event::RecordingFetched { bytes: length }
        } else {
            tracing::error!(session = %id, object = entry.object, "a recording in the object store is not what was uploaded");
            metrics::counter!("sluice_archive_differing_total").increment(1);
            let expected = entry.digest.map(|digest| digest.to_hex().to_string());
            let found = digest.to_hex().to_string();
            Event::RecordingDiffers { bytes: length, blake3: found, uploaded: expected }
        };
        self.store.write(move |books| told::tell(books, now, HOUSE, id, event)).await?;
        Ok(Opened { file, differs: !same })
    }

    /// Fetches an object into a file of its own.
    async fn download(&self, entry: &Entry) -> Result<(PathBuf, blake3::Hash, u64), ArchiveError> {
        let Some(away) = &self.away else {
            return Err(ArchiveError::Unavailable("none is configured any more".into()));
        };
        let object = away.bucket.url(&entry.object);
        let unavailable = |refused: super::bucket::Refused| {
            self.fails("fetching", &refused);
            ArchiveError::Unavailable(refused.to_string())
        };
        let Some(mut bytes) = away.bucket.read(&entry.object).await.map_err(unavailable)? else {
            tracing::error!(session = %entry.id, object, "a recording is gone from the object store");
            return Err(ArchiveError::Damaged(format!("the recording is gone from {object}")));
        };
        let draft = self.recordings.fetched()?.join(format!(
            "{}.{:016x}.{DRAFT}",
            entry.id,
            rand::random::<u64>()
        ));
        let draft = Draft(Some(draft));
        let failed = |source| RecordingsError::Io { path: draft.path().to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(draft.path());
        let mut file = file.map_err(failed)?;
        let (mut length, mut hasher) = (0, blake3::Hasher::new());
        while let Some(chunk) = bytes.try_next().await.map_err(unavailable)? {
            length += chunk.len() as u64;
            hasher.update(&chunk);
            file = apart(move || file.write_all(&chunk).map(|()| file)).await?.map_err(failed)?;
            if length > entry.bytes + MORE {
                break;
            }
        }
        self.works();
        Ok((draft.keep(), hasher.finalize(), length))
    }

    /// What an earlier process fetched is not trusted.
    pub(super) async fn fetched_anew(&self) -> Result<(), ArchiveError> {
        let recordings = self.recordings.clone();
        let removed = apart(move || {
            copies(&recordings.fetched()?)?.iter().try_for_each(|copy| remove(&copy.path))
        });
        Ok(removed.await??)
    }

    /// Lets go of copies that nobody reads, and of the longest unread where there are too many.
    pub(super) async fn forget_copies(&self) -> Result<(), ArchiveError> {
        let recordings = self.recordings.clone();
        let forgotten = apart(move || {
            let mut copies = copies(&recordings.fetched()?)?;
            copies.sort_unstable_by_key(|copy| std::cmp::Reverse(copy.unread));
            let mut total: u64 = copies.iter().map(|copy| copy.bytes).sum();
            for copy in copies {
                if copy.unread >= UNREAD || (total > MUCH && copy.unread >= MINUTE) {
                    remove(&copy.path)?;
                    total = total.saturating_sub(copy.bytes);
                }
            }
            Ok::<_, RecordingsError>(())
        });
        Ok(forgotten.await??)
    }
}

/// How a file ends that is still being fetched.
const DRAFT: &str = "draft";

/// A file that goes unless it is kept.
struct Draft(Option<PathBuf>);

impl Draft {
    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    fn keep(mut self) -> PathBuf {
        self.0.take().unwrap_or_default()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It goes with the others that nobody reads, if not now.
            let _ = fs::remove_file(path);
        }
    }
}

struct Copy {
    path: PathBuf,
    bytes: u64,
    unread: Duration,
}

fn copies(folder: &Path) -> Result<Vec<Copy>, RecordingsError> {
    let failed = |source| RecordingsError::Io { path: folder.to_owned(), source };
    let mut copies = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Another may have just taken it away.
        let Ok(about) = entry.metadata() else { continue };
        let unread = about.modified().ok().and_then(|time| time.elapsed().ok());
        let unread = unread.unwrap_or_default();
        copies.push(Copy { path: entry.path(), bytes: about.len(), unread });
    }
    Ok(copies)
}

fn open(path: &Path) -> Result<File, RecordingsError> {
    File::open(path).map_err(|source| RecordingsError::Io { path: path.to_owned(), source })
}

fn remove(path: &Path) -> Result<(), RecordingsError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(RecordingsError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
