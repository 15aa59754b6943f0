//! Shows a recording to people: as a terminal would have shown it, or as JSON lines.
//!
//! ```text
//!   Event ─┬─► Terminal ─► Lines: prompt and text, parameters, decisions, tables, what programs said
//!          └─► JsonLines ─► one object a line ─► read_line ─► Event again
//! ```
//!
//! Nothing recorded reaches a terminal raw: what would steer it is written out.

mod binary;
mod escape;
mod json;
mod lines;
mod numeric;
mod open;
mod program;
mod rows;
mod sizes;
mod speech;
mod table;
mod terminal;
mod value;

pub use escape::{acts, escape, escape_bytes};
pub use json::{JsonLines, harmless};
pub use lines::read_line;
pub(crate) use open::Open;
pub(crate) use program::{binary, digits, failed, moved, name_of, outcome, size};
pub use rows::{Row, Rows};
pub use sizes::Sizes;
pub(crate) use speech::{Said, Speech, What};
pub(crate) use terminal::tried_out;
pub use terminal::{Line, LineKind, Terminal};
pub(crate) use value::is_number;
pub use value::value;
