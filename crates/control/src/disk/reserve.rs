use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// A file that holds room and nothing else.
pub(super) struct Reserve {
    path: PathBuf,
    wanted: u64,
    kept: u64,
}

impl Reserve {
    /// The reserve of this path as it is.
    pub(super) fn found(path: PathBuf, wanted: u64) -> Self {
        let kept = std::fs::metadata(&path).map_or(0, |about| about.len());
        let mut reserve = Self { path, wanted, kept };
        if reserve.kept != wanted {
            // Of another size, or made in part.
            reserve.give_back();
        }
        reserve
    }

    /// How much is kept back.
    pub(super) const fn kept(&self) -> u64 {
        self.kept
    }

    /// Takes the room; `false` when it is not to be had.
    pub(super) fn keep(&mut self) -> bool {
        match self.take() {
            Ok(()) => {
                self.kept = self.wanted;
                true
            }
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "no room can be kept back");
                self.give_back();
                false
            }
        }
    }

    /// Gives the room back.
    pub(super) fn give_back(&mut self) {
        self.kept = 0;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(path = %self.path.display(), %error, "the reserve cannot be given back");
            }
            _ => {}
        }
    }

    fn take(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, self.wanted) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write(file, self.wanted),
            Err(error) => Err(error.into()),
        }
    }
}

/// For file systems that promise no room: it is used.
fn write(mut file: File, mut left: u64) -> io::Result<()> {
    let zeros = [0; 64 << 10];
    while left > 0 {
        let length = left.min(zeros.len() as u64);
        file.write_all(zeros.get(..length as usize).unwrap_or_default())?;
        left -= length;
    }
    file.sync_data()
}
