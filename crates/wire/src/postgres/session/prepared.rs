//! Statements the server has prepared, and those with their parameters bound.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::Terms;

use super::plan::Described;
use crate::postgres::library::Reading;

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

    /// Its result's columns as the server described them last.
    pub(super) fn last_described(&self) -> Option<Arc<Described>> {
        self.meaning().described.as_ref().map(|(_, described)| Arc::clone(described))
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
    /// How often code had run in the session that nobody read.
    pub(super) code_ran: u64,
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
