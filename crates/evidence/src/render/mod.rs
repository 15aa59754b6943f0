//! Shows a recording to people: as a terminal would have shown it, or as JSON lines.
//!
//! ```text
//!   Event ─┬─► Terminal ─► Lines: prompt and text, parameters, decisions, tables, tags
//!          └─► JsonLines ─► one object a line
//! ```
//!
//! Nothing recorded reaches a terminal raw: what would steer it is written out.

mod binary;
mod escape;
mod json;
mod numeric;
mod open;
mod rows;
mod table;
mod terminal;
mod value;

pub use escape::{escape, escape_bytes};
pub use json::JsonLines;
pub use rows::{Row, Rows};
pub use terminal::{Line, LineKind, Terminal};
pub use value::value;
