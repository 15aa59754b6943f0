//! Results whose columns were settled before: what is described alike is masked alike.

use std::sync::Arc;

use model::Column;

use super::plan::{Described, Plan};
use super::running::Running;
use super::view::View;
use crate::postgres::library::Reading;

/// A session goes through few different statements at a time.
const KEPT: usize = 8;
/// A description longer than this is not kept.
const LONG: usize = 4 << 10;

/// The last few results of a session, each with all that its masks depend on.
#[derive(Default)]
pub(super) struct Recent {
    results: Vec<Known>,
    /// The next one to be replaced.
    oldest: usize,
}

struct Known {
    described: Arc<Described>,
    formats: Option<Arc<[i16]>>,
    reading: Arc<Reading>,
    statement: usize,
    view: Arc<View>,
    /// The reading of the catalogue.
    version: u64,
    settled: Settled,
}

/// What is done to a result's columns, and what its recording says of them.
#[derive(Clone)]
pub(super) struct Settled {
    /// `None`: they pass.
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) columns: Arc<[Column]>,
}

/// A result that is about to begin.
pub(super) struct Beginning<'a> {
    pub(super) described: &'a Arc<Described>,
    pub(super) formats: Option<&'a Arc<[i16]>>,
    pub(super) running: &'a Running,
    pub(super) version: u64,
}

impl Recent {
    /// A description with this body, if its tables were looked up in this reading of the catalogue.
    pub(super) fn described(&self, body: &[u8], version: u64) -> Option<&Arc<Described>> {
        let known = |known: &&Known| known.version == version && *known.described.body == *body;
        self.results.iter().find(known).map(|known| &known.described)
    }

    pub(super) fn settled(&self, result: &Beginning<'_>) -> Option<&Settled> {
        self.results
            .iter()
            .find(|known| known.is(result) && known.is_current())
            .map(|known| &known.settled)
    }

    pub(super) fn keep(&mut self, result: &Beginning<'_>, settled: Settled) {
        if result.described.body.len() > LONG {
            return;
        }
        let known = Known {
            described: Arc::clone(result.described),
            formats: result.formats.cloned(),
            reading: Arc::clone(&result.running.reading),
            statement: result.running.statement,
            view: Arc::clone(&result.running.view),
            version: result.version,
            settled,
        };
        match self.results.get_mut(self.oldest) {
            Some(place) => *place = known,
            None => self.results.push(known),
        }
        self.oldest = (self.oldest + 1) % KEPT;
    }
}

impl Known {
    /// The values that went by meanwhile say nothing new of its columns.
    fn is_current(&self) -> bool {
        self.settled.plan.as_ref().is_none_or(|plan| plan.watch().is_current())
    }

    fn is(&self, result: &Beginning<'_>) -> bool {
        Arc::ptr_eq(&self.described, result.described)
            && Arc::ptr_eq(&self.reading, &result.running.reading)
            && Arc::ptr_eq(&self.view, &result.running.view)
            && self.statement == result.running.statement
            && self.version == result.version
            && self.formats.as_deref() == result.formats.map(|formats| &**formats)
    }
}
