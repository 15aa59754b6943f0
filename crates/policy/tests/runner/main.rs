//! Policies as their writers and the people they concern meet them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod deciding;
mod documented;
mod evidence;
mod house;
mod loading;
mod opening;
mod oracle;
mod shadow;
