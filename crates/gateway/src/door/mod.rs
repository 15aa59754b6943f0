//! The doors: one for each transport a native client comes in by.

mod greet;
mod postgres;
mod visit;

pub(crate) use postgres::{Door, Listener};
pub use postgres::{STEPS, Step};
pub(crate) use visit::Arrived;
