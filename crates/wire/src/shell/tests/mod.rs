//! What the room promises, seen from outside of it.

mod hostile;
mod oracle;
mod readings;
mod transfers;
