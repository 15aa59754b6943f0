//! A recording on this machine: where it comes from, and how it is shown.
//!
//! ```text
//!   /sessions/{id}/recording ─┐                     ┌─► screen: as its user saw it
//!   a file ───────────────────┴─► Recording ─► part ─┼─► JSON lines
//!   its key ──────────────────────────▲     └► pace └─► export
//! ```
//!
//! What is fetched stays sealed on this machine's disk, in a file without a name.

mod opener;
mod pace;
mod part;
mod screen;
mod source;

pub(crate) use opener::Opener;
pub(crate) use pace::{Pace, Speed};
pub(crate) use part::Part;
pub(crate) use screen::Screen;
pub(crate) use source::{Recording, Told, fetch, verify};
