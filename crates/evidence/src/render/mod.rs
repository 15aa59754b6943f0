//! Shows a recording to people: as a terminal would have shown it, or as JSON lines.

mod escape;

pub use escape::{escape, escape_bytes};
