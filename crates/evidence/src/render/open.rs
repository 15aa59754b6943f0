use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Column, Timestamp};

/// So many commands may be under way at once; the oldest is forgotten first. More than any
/// pipeline, and an end to what a hostile recording can make us remember.
const MOST: usize = 1 << 17;

/// Commands that were begun and not ended.
#[derive(Debug, Default)]
pub(crate) struct Open(BTreeMap<u64, Command>);

#[derive(Debug, Default)]
pub(crate) struct Command {
    pub(crate) begun: Option<Timestamp>,
    pub(crate) columns: Arc<[Column]>,
}

impl Open {
    pub(crate) fn begin(&mut self, number: u64, at: Timestamp) {
        self.entry(number).begun = Some(at);
    }

    pub(crate) fn begun(&self, number: u64) -> Option<Timestamp> {
        self.0.get(&number).and_then(|command| command.begun)
    }

    pub(crate) fn columns(&mut self, number: u64, columns: &Arc<[Column]>) {
        self.entry(number).columns = Arc::clone(columns);
    }

    pub(crate) fn columns_of(&self, number: u64) -> Arc<[Column]> {
        self.0.get(&number).map(|command| Arc::clone(&command.columns)).unwrap_or_default()
    }

    pub(crate) fn end(&mut self, number: u64) -> Command {
        self.0.remove(&number).unwrap_or_default()
    }

    fn entry(&mut self, number: u64) -> &mut Command {
        if self.0.len() >= MOST && !self.0.contains_key(&number) {
            self.0.pop_first();
        }
        self.0.entry(number).or_default()
    }
}
