//! wire: bytes ↔ commands, one folder per protocol. Sans-IO.

pub mod postgres;
