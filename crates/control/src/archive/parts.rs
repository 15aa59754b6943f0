//! A recording's file, in the pieces it is uploaded in.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;

/// What is not longer is uploaded at once; also how long a part is. Stores take no shorter ones.
pub(super) const PART: u64 = 5 << 20;
/// Stores take 10,000 parts and no more.
const MOST: u64 = 9_000;

/// How long the parts of a recording of this length are: all the same but the last.
pub(super) fn part_of(length: u64) -> u64 {
    PART.max(length.div_ceil(MOST).next_multiple_of(1 << 20))
}

/// How many parts there are.
pub(super) fn count(length: u64, part: u64) -> usize {
    usize::try_from(length.div_ceil(part.max(1))).unwrap_or(usize::MAX)
}

/// One part, counted from 0.
pub(super) fn read(path: &Path, length: u64, part: u64, number: usize) -> io::Result<Bytes> {
    let start = part.saturating_mul(number as u64);
    let long = length.saturating_sub(start).min(part);
    let mut bytes = vec![0; usize::try_from(long).map_err(io::Error::other)?];
    File::open(path)?.read_exact_at(&mut bytes, start)?;
    Ok(bytes.into())
}

/// A file's length and its BLAKE3.
pub(super) fn digest(path: &Path) -> io::Result<(u64, blake3::Hash)> {
    let mut file = File::open(path)?;
    let (mut length, mut hasher) = (0, blake3::Hasher::new());
    let mut chunk = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok((length, hasher.finalize()));
        }
        length += read as u64;
        hasher.update(chunk.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_a_file_of_any_length_and_are_few_enough() {
        for length in [PART + 1, 100 << 20, 40 << 30, 50_000_000_000, 4 << 40] {
            let part = part_of(length);
            let count = count(length, part) as u64;
            assert!(part >= PART && count <= 10_000, "{length}");
            assert!(part * (count - 1) < length && part * count >= length, "{length}");
        }
    }

    #[test]
    fn the_parts_of_a_file_are_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let whole: Vec<u8> = (0..25_u8).cycle().take(1003).collect();
        std::fs::write(&path, &whole).unwrap();
        let mut found = Vec::new();
        for number in 0..count(1003, 100) {
            found.extend_from_slice(&read(&path, 1003, 100, number).unwrap());
        }
        assert_eq!(found, whole);
        assert_eq!(digest(&path).unwrap(), (1003, blake3::hash(&whole)));
        // A file that is shorter than it was is an error and not a shorter part.
        assert!(read(&path, 1200, 100, 11).is_err());
    }
}
