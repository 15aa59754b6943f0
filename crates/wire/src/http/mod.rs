//! What an HTTP request means (RFC 9110), whichever version of the protocol carried it.
//!
//! ```text
//!   request-target ─► target.rs ─► the path that is decided, and the one spelling of it that is sent
//!                                  the query's parameters, as an application reads them
//! ```

pub mod target;
