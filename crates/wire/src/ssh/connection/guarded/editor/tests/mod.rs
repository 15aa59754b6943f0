//! What a person sees is checked on a small terminal after everything they do.

mod completing;
mod decoding;
mod drawing;
mod editing;
mod person;
mod random;
mod remembering;
mod terminal;
