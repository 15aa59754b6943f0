//! One binary for all tests that look at the crate from outside.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail loudly too")]

mod hostile;
mod readings;
mod scope;
mod shapes;
