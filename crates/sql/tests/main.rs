//! One binary for all tests that look at the crate from outside.

mod hostile;
mod readings;
mod scope;
mod shapes;
