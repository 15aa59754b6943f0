//! The doors: one for each transport a native client comes in by. All lead the same way.

mod entry;
pub(crate) mod postgres;
pub(crate) mod ssh;
mod way;

pub(crate) use way::{Arrived, Way, visit};
pub use way::{STEPS, Step};
