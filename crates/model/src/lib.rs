//! The nouns of the house, and the ports other rooms plug into.
//!
//! ```text
//!   Identity ─┐
//!             ├─► Grant (made in `policy`) ─► Session ─► Command ─► Decision ─► Masker ─► Event
//!   Resource ─┘
//! ```
//!
//! This crate does no IO, spawns nothing, reads no clock and no configuration file: time is an
//! argument, randomness is an argument, and what must wait is a [`ports::BoxFuture`] that some
//! other room drives. Everything above the ground floor speaks in these types, so that the gateway
//! and the control desk can meet without knowing each other.
//!
//! * who: [`Identity`]; what is behind the door: [`Resource`]
//! * one thing asked: [`Command`], reduced to [`Access`]es by the protocol that understands it
//! * what policy says: [`Decision`]; what the approver or the policy finally said: [`Ruling`]
//! * what is kept: [`Event`]
//! * a protocol, sans-IO: [`Conversation`]

mod access;
mod class;
mod command;
mod conversation;
mod decision;
mod drift;
mod event;
mod heritage;
mod id;
mod identity;
mod masker;
mod masking;
pub mod ports;
mod resource;
mod secret;
mod time;

pub use access::{Access, Action, Object, ObjectKind, Parent};
pub use class::{Classes, DataClass};
pub use command::{Command, Facts, Parameter, Phase, Understood};
pub use conversation::{Conversation, Peer, Step, Ticket, Violation};
pub use decision::{Ask, Decision, PolicyId, Reason, ReasonKind, Ruling, Shadow, Terms};
pub use drift::Drift;
pub use event::{
    Column, Ending, Event, Seen, SessionHead, Stream, StreamDigest, ValueFormat, Verdict,
};
pub use heritage::{Derivation, Heritage, Inheritance, Inherited, UnknownDerivation};
pub use id::{ApprovalId, IdError, SessionId, TokenId};
pub use identity::{Identity, IdentityKind};
pub use masker::{Masked, Masker};
pub use masking::{ClassDefinition, Derived, Masking, UnknownMasking};
pub use resource::{
    CredentialSource, DataRule, Evidence, Protocol, Resource, SecretSource, SshKeySource,
    UpstreamTls,
};
pub use secret::Secret;
pub use time::{NotATime, Timestamp};
