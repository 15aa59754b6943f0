//! JSON documents that come in pieces, masked as they go by.
//!
//! ```text
//!   piece ─► walk: RFC 8259, byte by byte of what is structure ─┬─► a value that rules name ─► its operator, at its end
//!                │                                              ├─► a string, name or number ─► detectors
//!                └─ where no name and no value is cut           └─► all else ─► out, as it came, in spans
//! ```
//!
//! What is held does not grow with the document: a token that is cut, or a value whose operator has to see it, up to
//! 1 MiB; where the reading stands, up to a depth of 512.

mod error;
mod nest;
mod number;
mod ruled;
mod rules;
mod text;
mod token;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::DataClass;

pub use error::NotJson;
use nest::Nest;
use ruled::Ruled;
pub use rules::DocumentRules;
use text::Inside;
use walk::{Piece, State};

/// A token, or a value whose operator has to see it, is held up to so many bytes.
const MOST: usize = 1 << 20;

/// Masks JSON documents that come in pieces: one, none, or several divided by white space. How they are cut into pieces
/// changes nothing about what comes out, and what is not masked comes out byte for byte.
///
/// * What rules name is masked as a whole, as [`mask_json_paths`](crate::mask_json_paths) does it: an object or an array
///   too, without being held. Of more than 1 MiB, what an operator would have to see (a text's last letters, a hash)
///   becomes `"[masked]"`. A name that stands twice is masked twice.
/// * What detectors find is masked inside strings, names of members and numbers, of which a masked one becomes a string.
///   A string of more than 1 MiB is not searched and becomes `"[masked]"`; a name of more is refused.
/// * What is no JSON is refused: a mark of byte order, UTF-16 and strings that are no UTF-8 too, and what is nested deeper
///   than 512. Of what stands behind, nothing comes out.
pub struct Document {
    rules: Arc<DocumentRules>,
    state: State,
    nest: Nest,
    /// Of the string that is being read.
    inside: Inside,
    way: Way,
    ruled: Option<Ruled>,
    /// The rules that meet at the value that is being masked.
    met: Vec<usize>,
    held: Vec<u8>,
    /// What stood in front of this piece, or of the token that is held.
    before: Vec<u8>,
    /// What stood in front of the next token, when the name there is written in escapes.
    told: Vec<u8>,
    masked: Vec<u8>,
    /// So many bytes came before this piece.
    read: u64,
    /// Where the token began that is held.
    began: u64,
    counts: BTreeMap<DataClass, u64>,
    unread: u64,
    failed: Option<NotJson>,
}

/// What becomes of the bytes that are being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// They go on.
    On,
    /// They are held.
    Held,
    /// They are left out.
    Out,
}

impl Document {
    /// In front of everything.
    #[must_use]
    pub fn new(rules: Arc<DocumentRules>) -> Self {
        Self {
            rules,
            state: State::Between { divided: true },
            nest: Nest::default(),
            inside: Inside::default(),
            way: Way::On,
            ruled: None,
            met: Vec::new(),
            held: Vec::new(),
            before: Vec::new(),
            told: Vec::new(),
            masked: Vec::new(),
            read: 0,
            began: 0,
            counts: BTreeMap::new(),
            unread: 0,
            failed: None,
        }
    }

    /// Takes the next piece, and appends to `out` what may go on.
    ///
    /// # Errors
    /// What came so far does not begin with JSON documents. What stands in front of the fault was appended; nothing will be
    /// from now on.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), NotJson> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let mut piece = Piece::new(piece, out);
        let done = self.walk(&mut piece).and_then(|()| self.pause(&mut piece));
        self.kept(done)
    }

    /// Nothing more comes: appends what was held.
    ///
    /// # Errors
    /// The last document is not whole, or one before was none.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), NotJson> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let done = self.close(&mut Piece::new(&[], out));
        self.kept(done)
    }

    /// Which classes were masked, and how often.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<DataClass, u64> {
        &self.counts
    }

    /// How many values were too long to be searched, and were masked altogether.
    #[must_use]
    pub const fn unread(&self) -> u64 {
        self.unread
    }

    /// How many bytes are held back.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held.len()
    }

    fn kept(&mut self, done: Result<(), NotJson>) -> Result<(), NotJson> {
        if let Err(failed) = done {
            self.failed = Some(failed);
            self.held = Vec::new();
        }
        done
    }
}
