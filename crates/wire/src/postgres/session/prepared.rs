//! Statements and portals the client has on the server, by the names it gave them.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::Terms;
use rustc_hash::FxHashMap;

use super::plan::Described;
use crate::postgres::library::{Exposure, Reading};

/// More names than this are refused: each costs memory here as well as on the server.
const MOST_NAMES: usize = 65_536;

/// A statement the server has prepared, or is about to.
pub(super) struct Prepared {
    /// The text it came in: the statement itself, or the SQL PREPARE that `sql_name` stands in.
    pub(super) text: Bytes,
    pub(super) sql_name: Option<String>,
    /// Parameter types the client declared, 0 where it left one open.
    pub(super) types: Vec<u32>,
    meaning: Mutex<Meaning>,
}

struct Meaning {
    reading: Arc<Reading>,
    epoch: (u64, u64),
    described: Option<((u64, u64), Arc<Described>)>,
    server_types: Option<Arc<[u32]>>,
}

impl Prepared {
    pub(super) fn new(
        text: Bytes,
        types: Vec<u32>,
        reading: Arc<Reading>,
        epoch: (u64, u64),
    ) -> Self {
        let meaning = Meaning { reading, epoch, described: None, server_types: None };
        Self { text, sql_name: None, types, meaning: Mutex::new(meaning) }
    }

    /// One that a SQL PREPARE prepares.
    pub(super) fn by_sql(
        text: &[u8],
        name: &str,
        reading: Arc<Reading>,
        epoch: (u64, u64),
    ) -> Self {
        let mut prepared = Self::new(Bytes::copy_from_slice(text), Vec::new(), reading, epoch);
        prepared.sql_name = Some(name.to_owned());
        prepared
    }

    /// What it means, or `None` when names may mean something else since it was read.
    pub(super) fn reading(&self, epoch: (u64, u64)) -> Option<Arc<Reading>> {
        let meaning = self.meaning();
        (meaning.epoch == epoch).then(|| Arc::clone(&meaning.reading))
    }

    /// What it meant when it was last read.
    pub(super) fn last_reading(&self) -> Arc<Reading> {
        Arc::clone(&self.meaning().reading)
    }

    pub(super) fn read_again(&self, reading: &Arc<Reading>, epoch: (u64, u64)) {
        let mut meaning = self.meaning();
        meaning.reading = Arc::clone(reading);
        meaning.epoch = epoch;
    }

    /// Its result's columns, if the server described them since names last changed.
    pub(super) fn described(&self, epoch: (u64, u64)) -> Option<Arc<Described>> {
        let meaning = self.meaning();
        let (at, described) = meaning.described.as_ref()?;
        (*at == epoch).then(|| Arc::clone(described))
    }

    pub(super) fn describe(&self, described: Arc<Described>, epoch: (u64, u64)) {
        self.meaning().described = Some((epoch, described));
    }

    /// The type of a parameter, 0 when it is not known.
    pub(super) fn type_of(&self, parameter: usize) -> u32 {
        match self.types.get(parameter) {
            Some(&declared) if declared != 0 => declared,
            _ => {
                let meaning = self.meaning();
                let types = meaning.server_types.as_deref().unwrap_or_default();
                types.get(parameter).copied().unwrap_or(0)
            }
        }
    }

    pub(super) fn server_types(&self, types: Arc<[u32]>) {
        self.meaning().server_types = Some(types);
    }

    fn meaning(&self) -> std::sync::MutexGuard<'_, Meaning> {
        self.meaning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A statement with its parameters bound.
pub(super) struct Portal {
    /// `None`: the client named a statement that did not pass through here.
    pub(super) prepared: Option<Arc<Prepared>>,
    /// The Bind message's body, parameters and all.
    pub(super) bind: Bytes,
    /// Result formats as Bind gave them: none, one for all, or one for each column.
    pub(super) formats: Arc<[i16]>,
    /// It was decided, begun and not finished: going on with it is no new command.
    pub(super) begun: Mutex<Option<Begun>>,
    pub(super) suspended: AtomicBool,
}

/// A portal's first Execute.
#[derive(Clone)]
pub(super) struct Begun {
    pub(super) number: u64,
    pub(super) terms: Terms,
    pub(super) reading: Arc<Reading>,
}

/// A name that came or went, so that an error of the server's can take it back.
pub(super) enum Undo {
    Statement(Bytes, Option<Arc<Prepared>>),
    Portal(Bytes, Option<Arc<Portal>>),
}

/// All names of a session.
#[derive(Default)]
pub(super) struct Store {
    statements: FxHashMap<Bytes, Arc<Prepared>>,
    portals: FxHashMap<Bytes, Arc<Portal>>,
    /// What a declared cursor may bring to light.
    cursors: FxHashMap<String, Exposure>,
}

/// A session holds too many names.
pub(super) struct TooMany;

impl Store {
    pub(super) fn statement(&self, name: &[u8]) -> Option<&Arc<Prepared>> {
        self.statements.get(name)
    }

    pub(super) fn portal(&self, name: &[u8]) -> Option<&Arc<Portal>> {
        self.portals.get(name)
    }

    pub(super) fn put_statement(
        &mut self,
        name: &Bytes,
        prepared: Arc<Prepared>,
    ) -> Result<Undo, TooMany> {
        if self.statements.len() >= MOST_NAMES && !self.statements.contains_key(name) {
            return Err(TooMany);
        }
        // The name is copied: it is a slice of a read buffer, which must not live as long.
        let name = Bytes::copy_from_slice(name);
        let before = self.statements.insert(name.clone(), prepared);
        Ok(Undo::Statement(name, before))
    }

    pub(super) fn put_portal(
        &mut self,
        name: &Bytes,
        portal: Arc<Portal>,
    ) -> Result<Undo, TooMany> {
        if self.portals.len() >= MOST_NAMES && !self.portals.contains_key(name) {
            return Err(TooMany);
        }
        let name = Bytes::copy_from_slice(name);
        let before = self.portals.insert(name.clone(), portal);
        Ok(Undo::Portal(name, before))
    }

    pub(super) fn drop_statement(&mut self, name: &[u8]) -> Option<Undo> {
        let (name, before) = self.statements.remove_entry(name)?;
        Some(Undo::Statement(name, Some(before)))
    }

    pub(super) fn drop_portal(&mut self, name: &[u8]) -> Option<Undo> {
        let (name, before) = self.portals.remove_entry(name)?;
        Some(Undo::Portal(name, Some(before)))
    }

    /// Every statement goes; the undo brings all of them back.
    pub(super) fn drop_all_statements(&mut self) -> Vec<Undo> {
        self.statements.drain().map(|(name, before)| Undo::Statement(name, Some(before))).collect()
    }

    pub(super) fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Statement(name, Some(before)) => drop(self.statements.insert(name, before)),
            Undo::Statement(name, None) => drop(self.statements.remove(&name)),
            Undo::Portal(name, Some(before)) => drop(self.portals.insert(name, before)),
            Undo::Portal(name, None) => drop(self.portals.remove(&name)),
        }
    }

    /// A transaction ended: its portals are gone. Cursors declared to outlive it may still be there.
    pub(super) fn transaction_ended(&mut self) {
        if !self.portals.is_empty() {
            self.portals.clear();
        }
    }

    /// A cursor of this name may bring this to light; an earlier one of the same name may still be there.
    pub(super) fn declare(&mut self, cursor: &str, exposure: &Exposure) -> Result<(), TooMany> {
        if self.cursors.len() >= MOST_NAMES {
            return Err(TooMany);
        }
        self.cursors.entry(cursor.to_owned()).or_default().join(exposure);
        Ok(())
    }

    pub(super) fn cursor(&self, name: &str) -> Option<&Exposure> {
        self.cursors.get(name)
    }
}
