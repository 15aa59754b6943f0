//! A file's content as it goes by: its digest, also when its pieces come in another order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ring::digest::{Context, SHA256};

/// What pieces that came early may hold in one channel, with what each of them costs beside its bytes.
pub(super) const EARLY: usize = 4 << 20;
const PIECE: usize = 128;

/// Why there is no digest of what was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undigested {
    /// It went on from somewhere behind the start.
    #[error("it was not moved from the file's start")]
    NotFromStart,
    /// Something between its start and its end is missing.
    #[error("a part of it was left out")]
    Gap,
    /// A part of it was moved more than once.
    #[error("a part of it was moved more than once")]
    Repeated,
    /// Its pieces came too far from their order.
    #[error("its pieces came too far out of order")]
    Scattered,
    /// It was added to what was there.
    #[error("it was added to what the file held")]
    Appended,
    /// The target did not take all of it, or did not say so.
    #[error("the target did not confirm all of it")]
    Unconfirmed,
    /// The file was made longer or shorter than what was written.
    #[error("the file was given another length")]
    Resized,
    /// The target filled it from another file.
    #[error("the target copied a part of it by itself")]
    Copied,
}

/// What pieces that came early may still hold, all files of a channel together.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Room {
    pub(super) const fn new() -> Self {
        Self(EARLY)
    }

    /// What is held.
    pub(super) const fn used(&self) -> usize {
        EARLY - self.0
    }

    fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// One direction of one file.
pub(super) struct Course {
    hash: Context,
    /// How much was hashed: everything before it has gone by.
    at: u64,
    early: BTreeMap<u64, Box<[u8]>>,
    lost: Option<Undigested>,
}

impl Course {
    pub(super) fn new() -> Self {
        Self { hash: Context::new(&SHA256), at: 0, early: BTreeMap::new(), lost: None }
    }

    /// How much went by without a gap, from the start. `None`: it is not known.
    pub(super) const fn whole(&self) -> Option<u64> {
        if self.lost.is_none() { Some(self.at) } else { None }
    }

    /// There will be no digest.
    pub(super) fn lose(&mut self, why: Undigested, room: &mut Room) {
        self.lost.get_or_insert(why);
        for (_, piece) in std::mem::take(&mut self.early) {
            room.0 += piece.len() + PIECE;
        }
    }

    /// A piece goes by.
    pub(super) fn take(&mut self, offset: u64, data: &[u8], room: &mut Room) {
        if self.lost.is_some() || data.is_empty() {
            return;
        }
        let end = offset.checked_add(data.len() as u64);
        match end {
            Some(end) if offset == self.at => {
                self.hash.update(data);
                self.at = end;
                self.follow(room);
            }
            Some(_) if offset > self.at => {
                let why = match self.early.entry(offset) {
                    Entry::Occupied(_) => Some(Undigested::Repeated),
                    Entry::Vacant(place) if room.take(data.len() + PIECE) => {
                        place.insert(data.into());
                        None
                    }
                    Entry::Vacant(_) if self.at == 0 => Some(Undigested::NotFromStart),
                    Entry::Vacant(_) => Some(Undigested::Scattered),
                };
                if let Some(why) = why {
                    self.lose(why, room);
                }
            }
            Some(_) | None => self.lose(Undigested::Repeated, room),
        }
    }

    /// What came early and is next now.
    fn follow(&mut self, room: &mut Room) {
        while let Some(entry) = self.early.first_entry() {
            if *entry.key() > self.at {
                return;
            }
            if *entry.key() < self.at {
                self.lose(Undigested::Repeated, room);
                return;
            }
            let piece = entry.remove();
            room.0 += piece.len() + PIECE;
            self.hash.update(&piece);
            self.at += piece.len() as u64;
        }
    }

    /// There is no more.
    pub(super) fn finish(mut self, room: &mut Room) -> Result<[u8; 32], Undigested> {
        if !self.early.is_empty() {
            let why = if self.at == 0 { Undigested::NotFromStart } else { Undigested::Gap };
            self.lose(why, room);
        }
        if let Some(why) = self.lost {
            return Err(why);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(self.hash.finish().as_ref());
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(data: &[u8]) -> [u8; 32] {
        ring::digest::digest(&SHA256, data).as_ref().try_into().unwrap()
    }

    fn told(pieces: &[(u64, &[u8])]) -> Result<[u8; 32], Undigested> {
        let (mut course, mut room) = (Course::new(), Room::new());
        for (offset, piece) in pieces {
            course.take(*offset, piece, &mut room);
        }
        let digest = course.finish(&mut room);
        assert_eq!(room.used(), 0);
        digest
    }

    #[test]
    fn pieces_are_put_in_order() {
        assert_eq!(told(&[]), Ok(sha256(b"")));
        assert_eq!(told(&[(0, b"ab"), (2, b"cd")]), Ok(sha256(b"abcd")));
        assert_eq!(told(&[(4, b"e"), (2, b"cd"), (0, b"ab")]), Ok(sha256(b"abcde")));
        assert_eq!(told(&[(0, b""), (7, b""), (0, b"ab")]), Ok(sha256(b"ab")));
    }

    #[test]
    fn what_has_no_order_has_no_digest_and_says_why() {
        for (pieces, why) in [
            (&[(2, &b"cd"[..])][..], Undigested::NotFromStart),
            (&[(0, b"ab"), (3, b"d")], Undigested::Gap),
            (&[(0, b"ab"), (1, b"b")], Undigested::Repeated),
            (&[(2, b"ab"), (2, b"ab"), (0, b"ab")], Undigested::Repeated),
            (&[(1, b"b"), (0, b"ab")], Undigested::Repeated),
            (&[(u64::MAX, b"ab")], Undigested::Repeated),
        ] {
            assert_eq!(told(pieces), Err(why), "{pieces:?}");
        }
    }

    #[test]
    fn what_comes_early_is_bounded() {
        let (mut course, mut other, mut room) = (Course::new(), Course::new(), Room::new());
        other.take(0, b"a", &mut room);
        for at in 0..100_000 {
            course.take(1 + at * 2, b"x", &mut room);
            other.take(3 + at * 2, b"x", &mut room);
            assert!(room.used() <= EARLY);
        }
        assert_eq!(course.finish(&mut room), Err(Undigested::NotFromStart));
        assert_eq!(other.finish(&mut room), Err(Undigested::Scattered));
        assert_eq!(room.used(), 0);
    }
}
