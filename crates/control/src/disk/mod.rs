//! How much room is left on the disk, and what is kept back of it.
//!
//! ```text
//!   free ──► enough ──► low: no new session ──► out: no new command, the reserve is given back
//! ```
//!
//! A session refused is better than one that stops in the middle, so new ones are refused while
//! there is still room for those alive to end. When even that is used up, commands are refused and
//! the reserve, a file that holds nothing, is given back: to the store, so that an administrator can
//! still act, and to the last words of the sessions. It is taken again before commands go on.

mod reserve;
#[cfg(test)]
mod tests;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use model::ports::RecordError;
use serde::Serialize;

use reserve::Reserve;

/// How much room there must be. `0` turns a bound off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes that must be free for a session to begin.
    pub low_water: u64,
    /// Bytes that are kept back in a file.
    pub reserve: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { low_water: 256 << 20, reserve: 16 << 20 }
    }
}

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// Everything.
    Enough,
    /// The sessions there are.
    Low,
    /// Nothing but ending them.
    Out,
}

/// The disks under a house's data.
pub struct Disk {
    folders: Vec<PathBuf>,
    bounds: Bounds,
    state: Mutex<State>,
}

struct State {
    room: Room,
    reserve: Reserve,
    found: Vec<Found>,
}

/// How much is free under one folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The folder.
    pub folder: PathBuf,
    /// Bytes that this process could still write.
    pub free: u64,
    /// Bytes in all.
    pub size: u64,
}

/// What is known of the disks, for whoever wants to see it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What there is room for.
    pub room: Room,
    /// Bytes that must be free for a session to begin.
    pub low_water: u64,
    /// Bytes that are kept back at the moment; none while they are given back.
    pub reserve: u64,
    /// The disks.
    pub disks: Vec<Found>,
}

impl Disk {
    /// Watches the disks under `data_dir` and `data_dir/recordings`, which may be others. Makes the folders.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn open(data_dir: &Path, bounds: Bounds) -> io::Result<Self> {
        let folders = vec![data_dir.to_owned(), data_dir.join("recordings")];
        for folder in &folders {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let reserve = Reserve::found(data_dir.join("reserve"), bounds.reserve);
        let state = State { room: Room::Enough, reserve, found: Vec::new() };
        let disk = Self { folders, bounds, state: Mutex::new(state) };
        disk.look(None);
        Ok(disk)
    }

    /// Looks how much is free and says what there is room for. `failed` is how the last attempt to
    /// write ended: a quota is not seen in what is free.
    pub fn look(&self, failed: Option<&io::Error>) -> Room {
        let found: Vec<Found> = self.folders.iter().map(|folder| measure(folder)).collect();
        let free = found.iter().map(|found| found.free).min().unwrap_or_default();
        let full = failed.is_some_and(|error| {
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        });
        let mut state = self.lock();
        state.found = found;
        let was = state.room;
        state.room = self.bounds.room(free, full, &mut state.reserve);
        let room = state.room;
        drop(state);
        say(was, room, free);
        room
    }

    /// Whether a session may begin.
    ///
    /// # Errors
    /// There is not enough room for one more, and how much there is.
    pub fn admits(&self) -> Result<(), RecordError> {
        let state = self.lock();
        match state.room {
            Room::Enough => Ok(()),
            Room::Low | Room::Out => Err(refusal(&state.found, self.bounds)),
        }
    }

    /// Whether a command may be sent.
    ///
    /// # Errors
    /// There is no room left for what it would make the recording say.
    pub fn goes_on(&self) -> Result<(), RecordError> {
        let state = self.lock();
        match state.room {
            Room::Enough | Room::Low => Ok(()),
            Room::Out => Err(refusal(&state.found, self.bounds)),
        }
    }

    /// What is known of the disks.
    #[must_use]
    pub fn report(&self) -> Report {
        let state = self.lock();
        Report {
            room: state.room,
            low_water: self.bounds.low_water,
            reserve: state.reserve.kept(),
            disks: state.found.clone(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bounds {
    /// How little may be free before commands are refused.
    const fn last(self) -> u64 {
        self.reserve / 4
    }

    /// What there is room for with so much free. Gives the reserve back when there is none, and takes
    /// it again when there is.
    fn room(self, free: u64, full: bool, reserve: &mut Reserve) -> Room {
        // Without a reserve a disk with nothing free is still one that takes nothing.
        if full || free < self.last().max(1) {
            reserve.give_back();
            return Room::Out;
        }
        let mut free = free;
        if reserve.kept() < self.reserve {
            // Far enough from the edge, or it would be given back at once.
            if free < self.reserve + 2 * self.last() || !reserve.keep() {
                reserve.give_back();
                return Room::Out;
            }
            free -= self.reserve;
        }
        if free < self.low_water { Room::Low } else { Room::Enough }
    }
}

fn refusal(found: &[Found], bounds: Bounds) -> RecordError {
    let Some(least) = found.iter().min_by_key(|found| found.free) else {
        return RecordError("the disk is full".into());
    };
    RecordError(format!(
        "{} are left on the disk of {}, and sessions begin above {} (evidence.low_water)",
        mebibytes(least.free),
        least.folder.display(),
        mebibytes(bounds.low_water.max(bounds.reserve)),
    ))
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A disk that does not say how much is free is taken for full.
fn measure(folder: &Path) -> Found {
    let (free, size) = match rustix::fs::statvfs(folder) {
        Ok(found) => {
            let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            (bytes(found.f_bavail), bytes(found.f_blocks))
        }
        Err(error) => {
            tracing::error!(folder = %folder.display(), %error, "how much is free cannot be told");
            (0, 0)
        }
    };
    metrics::gauge!("sluice_disk_free_bytes", "folder" => folder.display().to_string())
        .set(free as f64);
    Found { folder: folder.to_owned(), free, size }
}

fn say(was: Room, is: Room, free: u64) {
    if was == is {
        return;
    }
    match is {
        Room::Enough => tracing::info!(free, "there is room on the disk again"),
        Room::Low => tracing::error!(free, "the disk is nearly full: no new sessions"),
        Room::Out => {
            tracing::error!(free, "the disk is full: no commands, the reserve is given back")
        }
    }
}
