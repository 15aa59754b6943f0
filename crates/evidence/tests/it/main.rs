//! The format as a whole: what is written reads back, and what was touched is found.

mod story;

mod mutation;
mod round_trip;
