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

mod audit;
mod catalogue;
mod copy;
mod custom;
mod document;
mod evidence;
mod files;
mod frames;
mod graphql;
mod greet;
mod journal;
mod keyring;
mod kubernetes;
mod lineage;
mod lines;
mod login;
mod mask;
mod pieces;
mod policy;
mod results;
mod screen;
mod session;
mod sql;
mod ssh;
mod stage;
mod stream;
mod target;
mod token;
mod typed;
mod words;

pub use audit::audit_export;
pub use catalogue::catalogue_texts;
pub use copy::{copy_binary, copy_out};
pub use custom::class_definition;
pub use document::json_paths;
pub use evidence::{evidence_changed, evidence_read};
pub use files::ssh_files;
pub use frames::frames;
pub use graphql::graphql_document;
pub use greet::greet;
pub use journal::evidence_journal;
pub use keyring::evidence_keyring;
pub use kubernetes::kubernetes_request;
pub use lineage::sql_lineage;
pub use lines::evidence_lines;
pub use login::login;
pub use mask::{mask_text, mask_value};
pub use pieces::{mask_pieces, mask_terminal};
pub use policy::policy_load;
pub use results::results;
pub use screen::terminal_filter;
pub use session::session;
pub use sql::{sql_read, sql_shape};
pub use ssh::{shell_line, ssh_greet, ssh_session, ssh_tunnel};
pub use stream::mask_document;
pub use target::http_target;
pub use token::mask_token;
pub use words::search_words;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("audit_export", audit_export),
    ("catalogue_texts", catalogue_texts),
    ("class_definition", class_definition),
    ("copy_binary", copy_binary),
    ("copy_out", copy_out),
    ("evidence_changed", evidence_changed),
    ("evidence_journal", evidence_journal),
    ("evidence_keyring", evidence_keyring),
    ("evidence_lines", evidence_lines),
    ("evidence_read", evidence_read),
    ("frames", frames),
    ("greet", greet),
    ("graphql_document", graphql_document),
    ("http_target", http_target),
    ("json_paths", json_paths),
    ("kubernetes_request", kubernetes_request),
    ("login", login),
    ("mask_document", mask_document),
    ("mask_pieces", mask_pieces),
    ("mask_terminal", mask_terminal),
    ("mask_text", mask_text),
    ("mask_token", mask_token),
    ("mask_value", mask_value),
    ("policy_load", policy_load),
    ("results", results),
    ("search_words", search_words),
    ("session", session),
    ("shell_line", shell_line),
    ("sql_lineage", sql_lineage),
    ("sql_read", sql_read),
    ("sql_shape", sql_shape),
    ("ssh_files", ssh_files),
    ("ssh_greet", ssh_greet),
    ("ssh_session", ssh_session),
    ("ssh_tunnel", ssh_tunnel),
    ("terminal_filter", terminal_filter),
];
