//! The Americas, and the numbers of things that are bought and sold across them.

mod checks;
pub(super) mod latin;
pub(super) mod north;
pub(super) mod trade;
