//! Recordings that are also elsewhere: which are here and whole, what goes, what comes back.

use std::fs::{self, File};
use std::path::PathBuf;

use model::SessionId;
use model::ports::RecordError;

use super::error::RecordingsError;
use super::{Recordings, Summary, found, index, private_folder};

impl Recordings {
    /// The sessions whose recording is in the folder, alive or over.
    pub(crate) fn on_disk(&self) -> Result<Vec<SessionId>, RecordingsError> {
        let folder = &self.0.folder;
        let failed = |source| RecordingsError::io(folder, source);
        let mut ids = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            ids.extend(index::session_of(&entry.map_err(failed)?.path()));
        }
        Ok(ids)
    }

    /// Sessions whose recording is on the disk to its end, since the last call. The first call begins
    /// the gathering.
    pub(crate) fn take_finished(&self) -> Vec<SessionId> {
        self.0.rounds.take_finished()
    }

    /// Resolves when there may be one to take.
    pub(crate) async fn finishes(&self) {
        self.0.rounds.finishes().await;
    }

    /// One session as its file says it, without waiting for what is being written.
    pub(crate) fn look(&self, id: SessionId) -> Result<Summary, RecordingsError> {
        let shared = &self.0;
        shared.index.get(&shared.folder, &shared.live, &shared.ring.keys(), id)
    }

    /// Whether its session goes on.
    pub(crate) fn is_alive(&self, id: SessionId) -> bool {
        self.0.live.is_alive(id)
    }

    /// How long the recordings of all sessions that are alive are together.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.0.live.bytes()
    }

    /// Lets no session and no command through, for this reason; or does again.
    pub(crate) fn refuse(&self, why: Option<String>) {
        self.0.rounds.refuse(why);
    }

    /// The file of a session's own recording, not of a copy.
    pub(crate) fn own_path(&self, id: SessionId) -> PathBuf {
        self.0.path(id)
    }

    /// Where a copy of it stands when it was fetched.
    pub(crate) fn copy_path(&self, id: SessionId) -> PathBuf {
        self.0.copy(id)
    }

    /// Where copies stand that were fetched, and only these.
    pub(crate) fn fetched(&self) -> Result<PathBuf, RecordingsError> {
        let folder = self.0.fetched();
        private_folder(&folder)?;
        Ok(folder)
    }

    /// Removes the copies that were fetched of these.
    pub(crate) fn forget_fetched(&self, ids: &[SessionId]) -> Result<(), RecordingsError> {
        ids.iter().try_for_each(|id| found::unlink(&self.0.copy(*id)))
    }

    /// Nothing is found of these any more: their recordings are deleted, wherever they were.
    pub(crate) fn forget(&self, ids: &[SessionId]) {
        ids.iter().for_each(|id| self.0.finder.forget(*id));
    }

    /// Removes recordings of sessions that are over. The journal is told first, so that a start after a
    /// crash does not put back what it still holds of them.
    pub(crate) fn remove(&self, ids: &[SessionId]) -> Result<(), RecordingsError> {
        let shared = &self.0;
        let here: Vec<_> = ids.iter().copied().filter(|id| shared.path(*id).exists()).collect();
        if here.is_empty() {
            return Ok(());
        }
        let failed = |source| RecordingsError::io(&shared.folder, source);
        let noted = shared.rounds.note_removal(&here);
        noted.map_err(|RecordError(why)| failed(std::io::Error::other(why)))?;
        for id in here {
            found::unlink(&shared.path(id))?;
            shared.index.forget(id);
        }
        File::open(&shared.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}
