//! What an HTTP request means (RFC 9110), whichever version of the protocol carried it.
//!
//! ```text
//!   request-target ─► target.rs ─► the path that is decided, and the one spelling of it that is sent
//!                                  the query's parameters, as an application reads them
//!   fields ─────────► fields.rs ─► which host it is for; what goes on, and what is the connection's or the gateway's own
//!   body ───────────► graphql.rs, rpc.rs ─► which operation or procedure of a service it asks for
//! ```

pub mod fields;
pub mod graphql;
pub mod rpc;
pub mod target;
