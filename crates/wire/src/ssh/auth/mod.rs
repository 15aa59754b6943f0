//! Authentication (RFC 4252): who comes in, and how this gateway comes in at a target.
//!
//! * [`Greet`]: the server's side. It hands out what a client shows and is told whether that is good.
//! * [`Login`]: the client's side, which holds the target's credential for as long as that takes.

mod greet;
mod login;
mod shown;

pub use self::greet::{Greet, Greeting, Prompt, Question};
pub use self::login::{Credential, Login, LoginStep, Refused};
pub use self::shown::{Shown, UsedKey};

/// The service that this is, and the one that follows.
const USERAUTH: &str = "ssh-userauth";
const CONNECTION: &str = "ssh-connection";

#[cfg(test)]
mod tests;
