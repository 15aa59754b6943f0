//! All names a client has given on the server.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::prepared::{Portal, Prepared};
use super::shelf::{Change, Segment, Shelf};
use crate::postgres::library::{Exposure, Results};

/// More names than this are refused: each costs memory here as well as on the server.
const MOST_NAMES: usize = 65_536;

/// A name that came or went, until the server has answered.
#[derive(Debug)]
pub(super) enum Renaming {
    Statement(Change),
    Portal(Change),
}

/// A session holds too many names.
pub(super) struct TooMany;

/// Prepared statements, portals and cursors.
#[derive(Default)]
pub(super) struct Store {
    statements: Shelf<Prepared>,
    portals: Shelf<Portal>,
    /// What a declared cursor may bring to light.
    cursors: FxHashMap<String, Cursor>,
}

/// What a declared cursor may bring to light.
pub(super) struct Cursor {
    pub(super) exposure: Exposure,
    /// In which columns, when only one of this name was ever declared.
    pub(super) columns: Option<Arc<Results>>,
}

impl Store {
    pub(super) fn statement(&self, name: &[u8]) -> Option<&Arc<Prepared>> {
        self.statements.get(name)
    }

    pub(super) fn portal(&self, name: &[u8]) -> Option<&Arc<Portal>> {
        self.portals.get(name)
    }

    /// Whether what a statement's name stands for depends on an answer that is owed.
    pub(super) fn doubts_statement(&self, name: &[u8], now: Segment) -> bool {
        self.statements.is_in_doubt(name, now)
    }

    /// The same of a portal's.
    pub(super) fn doubts_portal(&self, name: &[u8], now: Segment) -> bool {
        self.portals.is_in_doubt(name, now)
    }

    pub(super) fn put_statement(
        &mut self,
        name: &[u8],
        prepared: Arc<Prepared>,
        now: Segment,
    ) -> Result<Renaming, TooMany> {
        if self.statements.len() >= MOST_NAMES && !self.statements.contains(name) {
            return Err(TooMany);
        }
        Ok(Renaming::Statement(self.statements.put(name, Some(prepared), now)))
    }

    pub(super) fn put_portal(
        &mut self,
        name: &[u8],
        portal: Arc<Portal>,
        now: Segment,
    ) -> Result<Renaming, TooMany> {
        if self.portals.len() >= MOST_NAMES && !self.portals.contains(name) {
            return Err(TooMany);
        }
        Ok(Renaming::Portal(self.portals.put(name, Some(portal), now)))
    }

    pub(super) fn drop_statement(&mut self, name: &[u8], now: Segment) -> Option<Renaming> {
        let known = self.statements.contains(name);
        known.then(|| Renaming::Statement(self.statements.put(name, None, now)))
    }

    pub(super) fn drop_portal(&mut self, name: &[u8], now: Segment) -> Option<Renaming> {
        let known = self.portals.contains(name);
        known.then(|| Renaming::Portal(self.portals.put(name, None, now)))
    }

    /// Every named statement goes; the unnamed one is not among those DEALLOCATE ALL drops.
    pub(super) fn drop_all_statements(&mut self, now: Segment) -> Vec<Renaming> {
        self.statements.drop_named(now).into_iter().map(Renaming::Statement).collect()
    }

    /// The server did it.
    pub(super) fn keep(&mut self, renaming: &Renaming) {
        match renaming {
            Renaming::Statement(change) => self.statements.keep(change),
            Renaming::Portal(change) => self.portals.keep(change),
        }
    }

    /// The server did not do it.
    pub(super) fn take_back(&mut self, renaming: &Renaming) {
        match renaming {
            Renaming::Statement(change) => self.statements.take_back(change),
            Renaming::Portal(change) => self.portals.take_back(change),
        }
    }

    /// The server may or may not have done it.
    pub(super) fn forget(&mut self, renaming: &Renaming) {
        match renaming {
            Renaming::Statement(change) => self.statements.forget(change),
            Renaming::Portal(change) => self.portals.forget(change),
        }
    }

    /// A transaction ended: its portals are gone. Cursors declared to outlive it may still be there.
    pub(super) fn transaction_ended(&mut self) {
        self.portals.clear();
    }

    /// A cursor of this name may bring this to light; an earlier one of the same name may still be there.
    pub(super) fn declare(
        &mut self,
        cursor: &str,
        exposure: &Exposure,
        columns: Option<&Arc<Results>>,
    ) -> Result<(), TooMany> {
        if self.cursors.len() >= MOST_NAMES {
            return Err(TooMany);
        }
        match self.cursors.get_mut(cursor) {
            Some(before) => {
                before.exposure.join(exposure);
                // The same text again has the same columns.
                if before.columns.as_ref().map(Arc::as_ptr) != columns.map(Arc::as_ptr) {
                    before.columns = None;
                }
            }
            None => {
                let declared = Cursor { exposure: exposure.clone(), columns: columns.cloned() };
                self.cursors.insert(cursor.to_owned(), declared);
            }
        }
        Ok(())
    }

    pub(super) fn cursor(&self, name: &str) -> Option<&Cursor> {
        self.cursors.get(name)
    }
}
