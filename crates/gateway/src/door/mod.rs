//! The doors: one for each transport a native client comes in by.

mod admit;
mod greet;
mod postgres;
mod visit;
mod words;

pub(crate) use postgres::{Door, Listener};
pub use postgres::{STEPS, Step};
pub(crate) use visit::Arrived;
