//! Kubernetes: what a request to the API server asks, read as the API server reads it.
//!
//! ```text
//!   method, path, query ─► request::resolve ─► Asked::Resource ─► access::deed   exec, scale, get, …
//!                                │                  └► stream::Run, stream::ports   command, ports
//!                                └► Asked::Path                                     /healthz, …
//!
//!   POST, PUT   body ─► json::parse ─► object::written ─► Facts   images, risks, roles, subjects, …
//!   PATCH       body ─► json::parse ─► patch::read ─────► Patch   the same of what is written, and where
//! ```
//!
//! Pure: no socket, no clock, and no decision. What cannot be read in one way only is [`Unknown`],
//! which nobody may run. The rules are those of `k8s.io/apiserver` and `k8s.io/apimachinery`; each
//! file names its own.

pub mod access;
mod head;
pub mod object;
pub mod patch;
mod pointer;
pub mod query;
pub mod request;
mod risk;
mod selector;
pub mod stream;
mod unknown;
mod walk;

#[cfg(test)]
mod tests;

pub use access::Deed;
pub use object::{Facts, Head, Risk, RoleRef, Subject};
pub use patch::{Moved, Patch, PatchKind};
pub use query::Query;
pub use request::{Asked, NonResource, Prefix, ResourceRequest, Verb};
pub use stream::Run;
pub use unknown::Unknown;
