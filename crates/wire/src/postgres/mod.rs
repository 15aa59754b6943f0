//! PostgreSQL's protocol, versions 3.0 and 3.2.
//!
//! In the order of a connection's life: [`startup`] and [`greet`] speak to the client as a server
//! does, [`login`] and [`scram`] to the target as a client does, [`session`] stands between both.
//! [`frame`] and [`error`] are the messages; [`catalogue`] and [`library`] what is known of a database;
//! [`types`] its values.
//!
//! Source: PostgreSQL documentation, "Frontend/Backend Protocol".

pub mod catalogue;
pub mod error;
pub mod frame;
pub mod greet;
pub mod library;
pub mod login;
pub mod scram;
pub mod session;
pub mod startup;
pub mod types;

/// What a resource's `protocol:` calls it.
pub const NAME: &str = "postgres";
