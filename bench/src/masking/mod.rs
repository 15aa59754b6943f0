//! What masking costs: finding by content, rows that go by, and statements that are traced.
//!
//! ```text
//!   cells.rs ──────► content.rs   the content net alone, on one core
//!   people, goods ─► stream.rs    rows from a server, through Sluice and past it
//!   statements.rs ─► tracing.rs   a session without sockets: the bytes of a statement in, its answer out
//! ```

mod cells;
mod content;
mod statements;
mod stream;
mod tracing;

pub(crate) use content::measure as content;
pub(crate) use stream::measure as stream;
pub(crate) use tracing::measure as tracing;
