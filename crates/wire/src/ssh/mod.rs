//! SSH.

#![allow(dead_code, missing_docs)]
pub mod auth;
pub(crate) mod codec;
pub mod connection;
pub mod files;
pub(crate) mod numbers;
pub mod transport;
