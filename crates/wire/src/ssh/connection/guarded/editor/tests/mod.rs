//! What a person sees is checked on a small terminal after everything they do.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod completing;
mod decoding;
mod drawing;
mod editing;
mod person;
mod random;
mod remembering;
mod terminal;
