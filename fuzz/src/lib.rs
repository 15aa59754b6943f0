//! What hostile bytes must never do to us, each as a function that asserts it.
//!
//! `make fuzz` runs them under libFuzzer; `cargo test` replays the corpora on a stable toolchain, as
//! `make test` does. A target is its function here, a line in [`TARGETS`], three lines in
//! `fuzz_targets/` and seeds in `corpus/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken assertion is what a fuzzer looks for"
)]

mod copy;
mod evidence;
mod frames;
mod greet;
mod login;
mod mask;
mod policy;
mod results;
mod session;
mod sql;
mod stage;

pub use copy::copy_out;
pub use evidence::{evidence_changed, evidence_read};
pub use frames::frames;
pub use greet::greet;
pub use login::login;
pub use mask::{mask_text, mask_value};
pub use policy::policy_load;
pub use results::results;
pub use session::session;
pub use sql::{sql_read, sql_shape};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("copy_out", copy_out),
    ("evidence_changed", evidence_changed),
    ("evidence_read", evidence_read),
    ("frames", frames),
    ("greet", greet),
    ("login", login),
    ("mask_text", mask_text),
    ("mask_value", mask_value),
    ("policy_load", policy_load),
    ("results", results),
    ("session", session),
    ("sql_read", sql_read),
    ("sql_shape", sql_shape),
];
