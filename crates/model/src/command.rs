use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Access, Classes};

/// One thing asked of a target.
#[derive(Clone, Debug)]
pub struct Command {
    /// Counts a session's commands from 1.
    pub number: u64,
    /// The text as the client sent it.
    pub text: Bytes,
    /// What the client bound to the text's placeholders, decoded for a human.
    pub parameters: Arc<[Parameter]>,
    /// What the text does.
    pub understood: Arc<Understood>,
    /// Whether it only readies the command or runs it.
    pub phase: Phase,
    /// Whether it runs inside a transaction the client opened earlier.
    pub in_transaction: bool,
}

/// A command may be readied first and run later, each decided on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The target reads it and executes nothing: a refusal holds, a hold waits until it is run.
    Prepare,
    /// The target executes it.
    Run,
}

/// One bound parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parameter {
    /// The absence of a value.
    Null,
    /// Its text form.
    Text(String),
    /// A binary value of a type that is not decoded here, in hexadecimal.
    Binary(String),
    /// A value over the recorder's cap: its first bytes and how long it was.
    Cut {
        /// The first bytes, as text where they are text.
        start: String,
        /// The whole value's length in bytes.
        length: u64,
    },
}

/// What a command's text does, as the protocol's own grammar reads it. Immutable and shared by all
/// commands that mean the same.
#[derive(Debug, Eq)]
pub struct Understood {
    hash: u64,
    accesses: Arc<[Access]>,
    facts: Arc<Facts>,
}

/// What policies see of a command beside its accesses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Facts {
    /// It changes or removes rows without a condition, or with one that is always true.
    pub unbounded: bool,
    /// Data classes its result may carry.
    pub returns: Classes,
    /// Data classes that its conditions, joins, groups and orders look at.
    #[serde(default)]
    pub filters: Classes,
    /// The programs that it runs, by the last part of their names.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub programs: BTreeSet<Box<str>>,
    /// The words that the programs are given, each by itself.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub argv: BTreeSet<Box<str>>,
    /// The files and folders that are named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub paths: BTreeSet<Box<str>>,
    /// Why it was not understood, for the person who reads the refusal. Such a command has an
    /// `unknown` access.
    pub not_understood: Option<String>,
}

impl Understood {
    /// A command that does exactly this. Accesses are sorted and made unique; an empty list needs no
    /// more than `connect` (transaction control, reading the session's own state).
    #[must_use]
    pub fn new(mut accesses: Vec<Access>, facts: Facts) -> Self {
        accesses.sort_unstable();
        accesses.dedup();
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((&accesses, &facts));
        Self { hash, accesses: accesses.into(), facts: Arc::new(facts) }
    }

    /// A command that was not understood, and why.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Self {
        let access = Access::new(crate::Action::Unknown, crate::Object::resource());
        Self::new(vec![access], Facts { not_understood: Some(why.into()), ..Facts::default() })
    }

    /// What it does, in order and without repetition.
    #[must_use]
    pub fn accesses(&self) -> &[Access] {
        &self.accesses
    }

    /// The same, shared.
    #[must_use]
    pub fn shared_accesses(&self) -> Arc<[Access]> {
        Arc::clone(&self.accesses)
    }

    /// What else policies see.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The same, shared.
    #[must_use]
    pub fn shared_facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts)
    }
}

/// Two commands mean the same when they do the same and the same facts hold.
impl PartialEq for Understood {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || (self.hash == other.hash
                && self.accesses == other.accesses
                && self.facts == other.facts)
    }
}

impl Hash for Understood {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
