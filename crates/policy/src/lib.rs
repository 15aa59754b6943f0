//! Who may open, run and reveal: Cedar policies, asked about people, machines and agents alike.
//!
//! ```text
//!   *.cedar ──► PolicySet::load ──► PolicySet            every mistake with its place, or the whole set
//!                                      │
//!   Identity, Resource, Circumstances ─┴─ authorize ──► Grant      (connect; the only way to one)
//!                                                         │
//!                                              slice ◄────┘
//!                                                │
//!   Command ─────────────────────────────────── decide ──► Allow(Terms) │ Deny(Reason) │ Hold(Ask, Terms)
//! ```
//!
//! What holds:
//!
//! * Nothing is allowed that no policy permits; a `forbid` always wins; every access of a command must
//!   be permitted, wherever its object may stand.
//! * A policy that speaks of something that is not there (an attribute, an action, an annotation)
//!   is refused when it is loaded, with file, line and column. It is never silently false.
//! * A forbid that cannot be evaluated forbids.
//! * A policy that is only tried out (`@shadow("true")`) never changes what is decided, whatever it says and
//!   whatever is wrong with it.
//! * No approval reveals data, and a permit reveals only when its scope names `reveal`.
//!
//! What it refuses to do: it reads no file, no clock and no socket; it understands no SQL (it is
//! handed accesses); it asks no human (it says that one must be asked, and which); it masks nothing
//! (it says what may be seen in clear). It knows no second policy language.

mod annotation;
mod bench;
mod cache;
mod explain;
mod grant;
mod load;
mod request;
mod rule;
mod schema;
mod set;
mod shadow;
mod slice;
mod target;
mod uid;
mod verdict;

pub use explain::{Explained, Explanation, Would};
pub use grant::{Circumstances, Grant, no_such_door};
pub use load::LoadError;
pub use schema::schema_text;
pub use set::PolicySet;
pub use slice::Slice;
