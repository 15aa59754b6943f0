//! One file that everything is brought to the disk with: what many sessions wrote in one sync.
//!
//! An entry ([`evidence::journal`]) says what belongs where in which session's file. Sessions' own files are written too,
//! and synced when the journal is begun anew; after a crash, entries put back what of them was lost.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Instant;

use evidence::journal;
pub(super) use evidence::journal::Entry;
use model::SessionId;

use super::tape::Piece;

pub(super) struct Journal {
    file: File,
    /// How much of it is whole entries, on the disk.
    length: u64,
    /// Something of a round that failed may stand behind them.
    torn: bool,
    /// Entries of the round at hand.
    round: Vec<u8>,
}

impl Journal {
    /// Begins it anew: what was in it must have been put back.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.sync_all()?;
        Ok(Self { file, length: 0, torn: false, round: Vec::new() })
    }

    /// Adds to the round at hand.
    pub(super) fn add(&mut self, piece: &Piece<'_>) {
        journal::put(piece.session, piece.at, piece.bytes, &mut self.round);
    }

    /// Notes that a recording was removed. Whatever came before of it is in this journal or in one that is
    /// begun anew before this one is.
    pub(super) fn remove(&mut self, session: SessionId) {
        journal::put_removed(session, &mut self.round);
    }

    /// Brings the round to the disk. When it cannot be, nothing of it counts and it is given up.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.round.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let synced = self.put();
        metrics::counter!("sluice_evidence_syncs_total").increment(1);
        metrics::histogram!("sluice_evidence_sync_seconds").record(begun.elapsed().as_secs_f64());
        let length = self.round.len() as u64;
        self.round.clear();
        self.round.shrink_to(1 << 20);
        self.torn = synced.is_err();
        synced?;
        self.length += length;
        Ok(())
    }

    fn put(&self) -> io::Result<()> {
        if self.torn {
            // An entry of a round that was given up must never stand behind one that counts.
            self.file.set_len(self.length)?;
        }
        self.file.write_all_at(&self.round, self.length)?;
        self.file.sync_data()
    }

    /// How long it is.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}

/// The whole entries of a journal, in order. What breaks off or does not add up ends it: it was
/// being written when the machine stopped, and nobody was told that it was kept.
///
/// # Errors
/// The disk cannot be read: what comes then is not known, and the journal must stay.
pub(super) fn entries(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Entry>>> {
    let mut file = match File::open(path) {
        Ok(file) => Some(io::BufReader::with_capacity(1 << 20, file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(std::iter::from_fn(move || Entry::read(file.as_mut()?).transpose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    fn session(number: u64) -> SessionId {
        SessionId::new(Timestamp::from_secs(number), u128::from(number))
    }

    fn read(path: &Path) -> Vec<(SessionId, u64, Vec<u8>)> {
        let entries = entries(path).unwrap().map(Result::unwrap);
        entries.map(|entry| (entry.session, entry.at, entry.bytes)).collect()
    }

    #[test]
    fn whole_rounds_read_back_and_a_torn_one_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        assert!(read(&path).is_empty());
        let mut journal = Journal::create(&path).unwrap();
        for (number, at, bytes) in [(1, 0, &b"one"[..]), (2, 700, b""), (1, 3, b"two")] {
            journal.add(&Piece { session: session(number), at, bytes });
        }
        journal.sync().unwrap();
        let kept = vec![
            (session(1), 0, b"one".to_vec()),
            (session(2), 700, Vec::new()),
            (session(1), 3, b"two".to_vec()),
        ];
        assert_eq!(read(&path), kept);
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(whole.len() as u64, journal.length());
        let ends = [journal::HEADER + 3, 2 * journal::HEADER + 3, 3 * journal::HEADER + 6];
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let there = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(read(&path), kept[..there], "cut at {cut}");
        }
        for index in 0..whole.len() {
            let mut edited = whole.clone();
            edited[index] ^= 0x80;
            std::fs::write(&path, &edited).unwrap();
            let there = ends.iter().filter(|end| **end <= index).count();
            assert_eq!(read(&path), kept[..there], "edited at {index}");
        }
    }

    #[test]
    fn a_journal_that_is_begun_anew_holds_what_came_since() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::create(&path).unwrap();
        journal.add(&Piece { session: session(1), at: 0, bytes: &[7; 5000] });
        journal.sync().unwrap();
        let mut journal = Journal::create(&path).unwrap();
        journal.add(&Piece { session: session(1), at: 5000, bytes: b"after" });
        journal.sync().unwrap();
        assert_eq!(read(&path), vec![(session(1), 5000, b"after".to_vec())]);
    }
}
