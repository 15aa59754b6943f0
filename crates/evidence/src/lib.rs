//! Evidence: the format of a session's recording, how it is written, read, checked and shown.
//!
//! ```text
//!   model::Event ─► Writer ─► bytes ─┬─► Reader ───► Frame ─► render ─► a terminal, JSON lines
//!                     ▲              │
//!        signing key ─┘              └─► Verifier ─► Report
//!                                           ▲
//!                                           └─ public key
//! ```
//!
//! A recording is a preamble and then blocks. A block holds the frames of everything that was
//! written in one go and ends in a BLAKE3 hash over itself and the hash before it; at least once a
//! second, while there is something to vouch for, a block holds an Ed25519 signature over that
//! chain. `docs/evidence-format.md` describes every byte.
//!
//! What this crate refuses to do:
//!
//! * open a file, read a clock or draw a random number: bytes, times and key seeds are arguments;
//! * believe a length: nothing is reserved that is not there, and no block is larger than
//!   [`MAX_BLOCK`];
//! * guess: a chain that does not hold ends the reading, with the byte where it broke;
//! * show raw what was recorded: control characters and terminal escapes are written out.

mod checkpoint;
mod counts;
mod event;
mod key;
mod layout;
mod pack;
mod reader;
pub mod render;
mod verify;
mod writer;

pub use checkpoint::Checkpoint;
pub use counts::Counts;
pub use key::{KeyError, KeyId, PublicKey, SigningKey};
pub use layout::{EXTENSION, MAX_BLOCK, MAX_FRAME, PREAMBLE_LENGTH, Preamble};
pub use reader::{Damage, Fault, Frame, Item, Reader, closing};
pub use verify::{Extent, Report, State, Verifier, verify};
pub use writer::{WriteError, Writer};
