//! The format as a whole: what is written reads back, and what was touched is found.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly too"
)]

mod story;

mod mutation;
mod page;
mod render;
mod round_trip;
