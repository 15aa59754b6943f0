//! The audit log's format: entries in a hash chain, checkpoints that sign it, what it says of recordings.
//!
//! ```text
//!   entry ─► seal (BLAKE3 over the hash before it) ─► chain ─► checkpoint (Ed25519 over the chain's head)
//!   a log's rows, or the lines of an export ─► Chain ─► holds, or breaks at an entry
//!   its entries ─► Census ─► Standing of every recording that is there, or should be
//! ```
//!
//! `docs/audit-format.md` describes it so that another program can check a log. Nothing here reads a
//! file: rows and lines are arguments.

mod census;
mod chain;
mod checkpoint;
mod entry;
mod line;

pub use census::{Census, Standing};
pub use chain::{Broken, Chain, Extent};
pub use checkpoint::Checkpoint;
pub use entry::{Entry, Seal, canonical};
pub use line::{Begins, Export, Line, LineError};

/// The hash before the first entry.
pub const GENESIS: [u8; 32] = [0; 32];
