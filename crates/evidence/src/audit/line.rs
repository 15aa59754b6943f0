//! An exported log: one JSON object a line, entries and the checkpoints that cover them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checkpoint::{hex, unhex};
use super::{Broken, Chain, Checkpoint, Entry, Extent, GENESIS, Seal, canonical};
use crate::key::{KeyId, PublicKey};

/// No line of an export is longer.
const LONGEST: usize = 8 << 20;
/// The version of the export that is written.
const VERSION: u64 = 1;

/// One line of an exported log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The first: where the log begins.
    Begins(Begins),
    /// An entry.
    Entry(Entry),
    /// A checkpoint over every entry before it.
    Checkpoint(Checkpoint),
}

/// Where an exported log begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begins {
    /// The last entry that is not in it; 0 for a whole log.
    pub after: u64,
    /// The chain's hash after that entry.
    pub hash: [u8; 32],
    /// How many checkpoints come before.
    pub checkpoints: u64,
}

/// A line of an export is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is nothing that an export holds.
    #[error("line {0} is not a line of an exported audit log")]
    NotOne(u64),
    /// The first line does not say where the log begins.
    #[error("line 1 does not say where the log begins: it is not an exported audit log")]
    NoBeginning,
    /// It is of a later version.
    #[error("the export is of a version that this program does not know")]
    Version,
    /// It is one, and the log breaks there.
    #[error("line {line}: {broken}")]
    Broken {
        /// Which.
        line: u64,
        /// How.
        broken: Broken,
    },
    /// It ends in the middle of a line.
    #[error("line {0} is there in part only: the file was cut")]
    Cut(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBegins {
    audit: u64,
    after: u64,
    hash: String,
    checkpoints: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCheckpoint {
    checkpoint: u64,
    entry: u64,
    key: String,
    signature: String,
}

impl Line {
    /// Reads a line, which must be as this program writes it to the byte: two readers must not see
    /// different things in it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let line = if text.starts_with("{\"id\":") {
            Self::Entry(serde_json::from_str(text).ok()?)
        } else if text.starts_with("{\"checkpoint\":") {
            let written: WrittenCheckpoint = serde_json::from_str(text).ok()?;
            Self::Checkpoint(Checkpoint {
                number: written.checkpoint,
                seq: written.entry,
                key: KeyId(unhex(&written.key)?),
                signature: unhex(&written.signature)?,
            })
        } else {
            let written: WrittenBegins = serde_json::from_str(text).ok()?;
            let WrittenBegins { after, checkpoints, .. } = written;
            let known = written.audit == VERSION;
            known.then_some(())?;
            Self::Begins(Begins { after, hash: unhex(&written.hash)?, checkpoints })
        };
        (line.to_string() == text).then_some(line)
    }
}

/// As it stands in an export, without the line's end.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| Value::from(text).to_string();
        match self {
            Self::Begins(begins) => write!(
                f,
                "{{\"audit\":{VERSION},\"after\":{},\"hash\":\"{}\",\"checkpoints\":{}}}",
                begins.after,
                hex(&begins.hash),
                begins.checkpoints
            ),
            Self::Entry(entry) => write!(
                f,
                "{{\"id\":{},\"at\":\"{}\",\"actor\":{},\"action\":{},\"object\":{},\"detail\":{},\"hash\":{}}}",
                entry.seq,
                entry.at,
                text(&entry.actor),
                text(&entry.action),
                text(&entry.object),
                canonical(&entry.detail),
                text(&entry.hash),
            ),
            Self::Checkpoint(one) => write!(
                f,
                "{{\"checkpoint\":{},\"entry\":{},\"key\":\"{}\",\"signature\":\"{}\"}}",
                one.number,
                one.seq,
                one.key,
                hex(&one.signature)
            ),
        }
    }
}

/// Checks an exported log as its lines come in.
pub struct Export<'k> {
    key: &'k PublicKey,
    chain: Option<Chain<'k>>,
    line: u64,
    rest: Vec<u8>,
    damage: Option<LineError>,
}

impl<'k> Export<'k> {
    /// Checks against `key`.
    #[must_use]
    pub const fn new(key: &'k PublicKey) -> Self {
        Self { key, chain: None, line: 0, rest: Vec::new(), damage: None }
    }

    /// Takes the next bytes and hands every entry that holds to `each`.
    ///
    /// # Errors
    /// The log breaks. It stays so.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&Entry)) -> Result<(), LineError> {
        if let Some(damage) = &self.damage {
            return Err(damage.clone());
        }
        let read = self.take(bytes, &mut each);
        if let Err(damage) = &read {
            self.damage = Some(damage.clone());
            self.rest = Vec::new();
        }
        read
    }

    fn take(&mut self, bytes: &[u8], each: &mut impl FnMut(&Entry)) -> Result<(), LineError> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if self.rest.last() == Some(&b'\n') {
                self.rest.pop();
                let line = std::mem::take(&mut self.rest);
                self.line += 1;
                self.read(&line, each)?;
            } else if self.rest.len() > LONGEST {
                return Err(LineError::NotOne(self.line + 1));
            }
        }
        Ok(())
    }

    fn read(&mut self, line: &[u8], each: &mut impl FnMut(&Entry)) -> Result<(), LineError> {
        let number = self.line;
        let text = std::str::from_utf8(line).map_err(|_| LineError::NotOne(number))?;
        let Some(chain) = &mut self.chain else {
            let Some(Line::Begins(begins)) = Line::read(text) else {
                return Err(if text.starts_with("{\"audit\":") && !is_first_version(text) {
                    LineError::Version
                } else {
                    LineError::NoBeginning
                });
            };
            let whole = begins.after == 0;
            if whole && (begins.hash != GENESIS || begins.checkpoints != 0) {
                return Err(LineError::NoBeginning);
            }
            let Begins { after, hash, checkpoints } = begins;
            self.chain = Some(Chain::from(self.key, after, hash, checkpoints));
            return Ok(());
        };
        let broken = |broken| LineError::Broken { line: number, broken };
        match Line::read(text) {
            Some(Line::Entry(entry)) => {
                let detail = canonical(&entry.detail);
                let hash = unhex::<32>(&entry.hash).ok_or(LineError::NotOne(number))?;
                let seal = Seal {
                    seq: entry.seq,
                    at: entry.at,
                    actor: &entry.actor,
                    action: &entry.action,
                    object: &entry.object,
                    detail: &detail,
                };
                chain.entry(&seal, &hash).map_err(broken)?;
                each(&entry);
                Ok(())
            }
            Some(Line::Checkpoint(checkpoint)) => chain.checkpoint(&checkpoint).map_err(broken),
            Some(Line::Begins(_)) | None => Err(LineError::NotOne(number)),
        }
    }

    /// How far it holds until now.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.chain.as_ref().map_or_else(Extent::default, Chain::extent)
    }

    /// The number and the hash of the last entry that held.
    #[must_use]
    pub fn head(&self) -> (u64, [u8; 32]) {
        self.chain.as_ref().map_or((0, GENESIS), Chain::head)
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// The log breaks, or its end is missing.
    pub fn finish(&self) -> Result<(), LineError> {
        if let Some(damage) = &self.damage {
            return Err(damage.clone());
        }
        if !self.rest.is_empty() {
            return Err(LineError::Cut(self.line + 1));
        }
        let Some(chain) = &self.chain else { return Err(LineError::NoBeginning) };
        chain.finish().map_err(|broken| LineError::Broken { line: self.line, broken })
    }
}

fn is_first_version(text: &str) -> bool {
    text.starts_with(&format!("{{\"audit\":{VERSION},"))
}
