//! The format as a whole: what is written reads back, and what was touched is found.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail loudly too"
)]

mod story;

mod audit_page;
mod capture;
mod export;
mod mutation;
mod page;
mod render;
mod resume;
mod round_trip;
mod screen;
