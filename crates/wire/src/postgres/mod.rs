//! PostgreSQL's protocol, version 3.

pub mod error;
pub mod frame;
pub mod greet;
pub mod startup;
