//! What a program showed on its user's terminal, played on another's.
//!
//! ```text
//!   Event ─► Player ─┬─► Lines: all that a replay shows as text
//!                    └─► Output of a terminal ─► Filter ─► what only paints
//! ```
//!
//! A terminal obeys what it is shown: it answers, renames itself, fills the clipboard, opens links, and
//! hands keys to programs in another form. Of what was recorded only that comes through which paints:
//! text, moves of the cursor, colours, erasing, scrolling, inserting and deleting, and modes of these.
//! What it refuses to do: let anything through because it is not known.

mod filter;
mod player;
mod sequence;

pub use filter::Filter;
pub use player::{Piece, Player};

/// Leaves a terminal as a program should have left it: its own screen, letters, colours and margins, with
/// the cursor to be seen.
pub const RESTORE: &str =
    "\x1b(B\x1b[m\x1b[?5l\x1b[?6l\x1b[?7h\x1b[4l\x1b7\x1b[r\x1b8\x1b[?1049l\x1b[?25h";
