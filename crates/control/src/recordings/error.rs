use std::io;
use std::path::{Path, PathBuf};

use evidence::{Damage, KeyError};
use model::SessionId;

/// Recordings cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingsError {
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key file holds something else.
    #[error("{}: {source}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// What was expected.
        source: KeyError,
    },
    /// The signing key is not private.
    #[error("{}: others can read it (mode {mode:03o}): make it private with `chmod 600`, and make a new key if others could log in here", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The two halves of the key do not belong together, or the private one is gone.
    #[error("{} is not the public half of {}: put the right file back, or move it away to export it anew", public.display(), private.display())]
    KeysDisagree {
        /// The private half.
        private: PathBuf,
        /// The public half.
        public: PathBuf,
    },
    /// The master key or the keyring it seals cannot be read.
    #[error("{}: {why}", path.display())]
    Keyring {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// No key of this house opens a recording.
    #[error("{}: no key of this gateway's keyring opens it", path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
    },
    /// Another process keeps its recordings there.
    #[error("{}: another gateway uses this folder: stop it, or give this one a `data_dir` of its own", path.display())]
    InUse {
        /// The file that is locked.
        path: PathBuf,
    },
    /// Too many follow sessions at once.
    #[error("{0} follow sessions already: try again when one has ended")]
    TooManyFollow(usize),
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSuch(SessionId),
    /// A recording cannot be read further.
    #[error("{}: {source}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: Damage,
    },
}

impl RecordingsError {
    pub(crate) fn at(path: &Path, source: io::Error) -> Self {
        Self::io(path, source)
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
