//! Hides sensitive values: what a data class is, how one is found in bytes, and what stands in its
//! place.
//!
//! ```text
//!                 class known by provenance
//!   value ──┬──► mask_value(operator, type, format) ───────────► Replaced │ Null
//!           │
//!           └──► Detectors ─► candidates ─► checksum, ranges, ──► Kept │ Replaced │ Null
//!                class by     one pass       context
//!                content      over the bytes
//! ```
//!
//! * [`catalogue()`]: the classes known by name, what finds them, and what masks them by default
//! * [`Operator`], made of a [`Masking`] and [`MaskKeys`]; [`Treatments`]: which one masks what
//! * [`mask_value`], [`mask_cell`]: a whole value is masked and stays valid for its type, in text and
//!   in PostgreSQL's binary format; [`mask_json_paths`]: of a JSON document what stands at some paths
//! * [`Document`]: JSON documents that come in pieces, by [`DocumentRules`]
//! * [`detokenise`]: what a token stood for
//! * [`Ballot`]: what a column holds, by the votes of its values and what is known of it
//! * [`Detectors`]: findings inside text, JSON, arrays, records and bytes-as-text; [`Running`]: in text that comes in
//!   pieces; [`Terminal`]: on a terminal's screen
//!
//! What this crate refuses to do: it decides nothing (who may see a class is `policy`'s business),
//! it reads no regular expression that could take more than linear time, it takes no more than linear time whatever a value holds, and it
//! lets nothing of a value through that it could not read as the type it was said to have: such a
//! value becomes NULL. It does no IO and keeps no state between values (but [`Running`], [`Terminal`] and [`Document`], between the pieces of one); masked values of one key are
//! the same every time.

mod catalogue;
mod custom;
mod detect;
mod document;
mod fold;
mod gather;
mod hexed;
mod operator;
mod running;
mod scan;
mod terminal;
mod value;
mod vote;

pub use catalogue::{
    ClassInfo, Treatments, UnknownClass, called_here, catalogue, default_operator, operator_for,
};
pub use custom::DefinitionError;
pub use detect::{DetectorError, Detectors, Finding};
pub use document::{Document, DocumentRules, NotJson};
pub use model::{ClassDefinition, Classes, DataClass, Masked, Masking, ValueFormat};
pub use operator::{FormatKey, HashKey, MaskKeys, Operator, TokenKey, class_of_token, detokenise};
pub use running::Running;
pub use terminal::Terminal;
pub use value::{Cell, JsonPath, UnknownPath, ValueType, mask_cell, mask_json_paths, mask_value};
pub use vote::{Ballot, Hints, Proposal, propose};
