use model::Timestamp;
use serde::Serialize;

use super::{Checkpoint, GENESIS, Seal};
use crate::key::PublicKey;

/// Checks a log against a public key as its entries and checkpoints come in, in their order: a
/// checkpoint right after the last entry it covers.
pub struct Chain<'k> {
    key: &'k PublicKey,
    begins: u64,
    seq: u64,
    hash: [u8; 32],
    checkpoints: u64,
    signed: u64,
    until: Option<Timestamp>,
}

/// How far a log holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// The first entry that was looked at; 1 unless it is a part of a log.
    pub from: u64,
    /// The last entry that holds.
    pub to: u64,
    /// The last entry that is signed.
    pub signed: u64,
    /// How many checkpoints were looked at.
    pub checkpoints: u64,
    /// When the last entry was made.
    pub until: Option<Timestamp>,
}

/// Where a log breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is missing or comes twice.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    Gap {
        /// What should have come.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The hash is not that of the entry and what comes before it.
    #[error("the chain breaks at entry {0}: it, or what comes before it, was changed")]
    Changed(u64),
    /// An entry cannot be read as one.
    #[error("entry {0} cannot be read: it was changed")]
    Unreadable(u64),
    /// A checkpoint is missing, comes twice, or stands where it does not belong.
    #[error("checkpoint {expected} is missing or out of its place, behind entry {seq}")]
    Checkpoints {
        /// What should have come.
        expected: u64,
        /// The last entry before.
        seq: u64,
    },
    /// A signature is not the key's over this log.
    #[error("checkpoint {0} is not signed by this key over these entries")]
    Signature(u64),
    /// Entries follow the last signature: the gateway signs whatever it adds.
    #[error("entries {from} to {to} are not signed: a checkpoint was removed, or they were added")]
    Unsigned {
        /// The first of them.
        from: u64,
        /// The last.
        to: u64,
    },
}

impl<'k> Chain<'k> {
    /// From a log's first entry.
    #[must_use]
    pub const fn new(key: &'k PublicKey) -> Self {
        Self::from(key, 0, GENESIS, 0)
    }

    /// From the middle of a log: what stands before is taken on trust until a signature covers it.
    #[must_use]
    pub const fn from(key: &'k PublicKey, seq: u64, hash: [u8; 32], checkpoints: u64) -> Self {
        Self { key, begins: seq, seq, hash, checkpoints, signed: seq, until: None }
    }

    /// The next entry, and the hash that stands beside it.
    ///
    /// # Errors
    /// It is not what comes next.
    pub fn entry(&mut self, entry: &Seal<'_>, stored: &[u8]) -> Result<(), Broken> {
        // Nothing follows the last number there is: an entry behind it would pass for a signed one.
        let expected = self.seq.saturating_add(1);
        if entry.seq != expected || expected == self.seq {
            return Err(Broken::Gap { expected, found: entry.seq });
        }
        let hash = entry.after(&self.hash);
        if stored != hash {
            return Err(Broken::Changed(expected));
        }
        (self.seq, self.hash, self.until) = (expected, hash, Some(entry.at));
        Ok(())
    }

    /// The next checkpoint.
    ///
    /// # Errors
    /// It is not what comes next, or not signed by the key over what came.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Broken> {
        let expected = self.checkpoints.saturating_add(1);
        let in_place = checkpoint.number == expected
            && checkpoint.seq == self.seq
            && checkpoint.seq > self.signed;
        if !in_place {
            return Err(Broken::Checkpoints { expected, seq: self.seq });
        }
        if !checkpoint.verifies(self.key, &self.hash) {
            return Err(Broken::Signature(expected));
        }
        (self.checkpoints, self.signed) = (expected, self.seq);
        Ok(())
    }

    /// The number and the hash of the last entry that held.
    #[must_use]
    pub const fn head(&self) -> (u64, [u8; 32]) {
        (self.seq, self.hash)
    }

    /// How far it holds until now.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        Extent {
            from: self.begins.saturating_add(1),
            to: self.seq,
            signed: self.signed,
            checkpoints: self.checkpoints,
            until: self.until,
        }
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// Something came that no signature covers.
    pub const fn finish(&self) -> Result<(), Broken> {
        if self.signed < self.seq {
            return Err(Broken::Unsigned { from: self.signed + 1, to: self.seq });
        }
        Ok(())
    }
}
