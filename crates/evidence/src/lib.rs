//! Evidence: the format of a session's recording, how it is written, read, checked and shown.
//!
//! ```text
//!   model::Event ─► Frames ─► Sealer ─► bytes ─┬─► Reader ───► Frame ─┬► render ─► lines of text, JSON lines
//!                               ▲              │     ▲                ├► screen ─► a terminal as it was seen
//!                               │              │     │                └► export ─► asciicast, a page
//!     signing key, session key ─┘              │     └─ session key ◄─ Keyring ◄─ master key
//!                                              └─► Verifier ─► Report
//!                                                     ▲
//!                                                     └─ public key
//!   Frame, an audit entry ─► happening ─► JSON, OCSF: what other systems are told
//! ```
//!
//! A recording is a preamble and then blocks. A block holds frames, compressed and sealed under the
//! session's key, and ends in a BLAKE3 hash over itself and the hash before it; at least once a
//! second, while there is something to vouch for, a block holds an Ed25519 signature over that
//! chain. The chain and the signatures are over what is sealed: whoever checks them needs the public
//! key alone, and learns nothing. `docs/evidence-format.md` describes every byte.
//!
//! What this crate refuses to do:
//!
//! * open a file, read a clock or draw a random number: bytes, times and key seeds are arguments;
//! * believe a length: nothing is reserved that is not there, and no block is larger than
//!   [`MAX_BLOCK`];
//! * guess: a chain that does not hold ends the reading, with the byte where it broke;
//! * show raw what was recorded: control characters and terminal escapes are written out, or, where a terminal
//!   is played on another, left out but for those that only paint.

pub mod audit;
mod checkpoint;
mod counts;
mod event;
pub mod export;
mod frames;
pub mod happening;
pub mod journal;
mod key;
mod keyring;
mod layout;
pub mod ocsf;
mod pack;
mod reader;
mod recover;
pub mod render;
pub mod screen;
mod seal;
mod sealer;
mod stream;
mod verify;
pub mod words;
mod writer;

pub use checkpoint::{Checkpoint, End};
pub use counts::Counts;
pub use frames::{Batch, FULL, Frames, WriteError};
pub use key::{KeyError, KeyId, PublicKey, SigningKey};
pub use keyring::{Keyring, KeyringError, KeyringKey, MasterKey, NoMasterKey};
pub use layout::{EXTENSION, MAX_BLOCK, MAX_FRAME, PREAMBLE_LENGTH, Preamble, Slot};
pub use reader::{Damage, Fault, Frame, Item, Mark, Reader, block_events, block_length, closing};
pub use recover::{Found, Recovery};
pub use seal::SessionKey;
pub use sealer::{Keys, Packer, Sealer};
pub use stream::{Delivered, Stream};
pub use verify::{Extent, Report, State, Verifier, verify};
pub use writer::Writer;
