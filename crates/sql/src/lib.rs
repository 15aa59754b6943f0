//! Text → what a statement does: its verbs and objects, what it reads, what it does to the session.
//!
//! ```text
//!            Scope (search path, catalogue)
//!              │
//!   text ─► the server's own grammar ─► tree ─► walk: every node kind named ─► Statement
//!     │                                   │                                      accesses, reads, outputs,
//!     └─► shape ─► key of a cache         └─► anything else: Unreadable          effect, unbounded, opaque …
//! ```
//!
//! It refuses to guess. What the grammar rejects, what is longer or deeper than the [`Limits`], what
//! is not UTF-8 or holds a NUL, and every node kind that is not named in the walk ends in
//! [`Unreadable`]; a function that is not on the list of harmless ones is an access of its own; a
//! name whose schema is not known is named in every schema it may stand in.
//!
//! It runs nothing, asks no server, opens no file and keeps no state: what the session knows about
//! names is handed in as a [`Scope`]. It does not rewrite SQL and does not follow views or function
//! bodies: what it cannot follow makes the statement `opaque`.
//!
//! Dialects live inside: [`postgres`] is the only one so far, and what is re-exported here is its.

mod copy;
mod limits;
mod lineage;
mod output;
pub mod postgres;
mod scope;
mod statement;

pub use copy::{CopyFormat, CopyOut, CopySource, CsvFormat, TextFormat};
pub use limits::{Limits, Unreadable};
pub use lineage::{Flow, Lineage, Reach, Source, Stored};
pub use output::{Output, Outputs};
pub use postgres::{read, shape};
pub use scope::{FunctionFacts, NoCatalogue, Scope};
pub use statement::{Effect, RelationName, Renamed, Statement};
