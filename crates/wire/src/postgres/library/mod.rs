//! What all sessions of one database share: its catalogue, and statements already read.

mod cache;
mod reading;
mod results;
mod votes;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use mask::{Detectors, Treatments};
use model::{Classes, DataClass, DataRule, Derived, Heritage};

use super::catalogue::{self, BadCatalogue, Catalogue, Row};
use crate::content::Content;
use cache::Cache;
pub(crate) use reading::{Exposure, Reading};
pub(crate) use results::{Kept, Results};
pub(crate) use votes::{Count, Poll, Votes};

pub use mask::MaskKeys;

/// Texts up to this size are kept with their reading.
const CACHED_TEXT: usize = 64 << 10;

/// What is known of one database behind one resource. Shared by its sessions; cheap to ask.
pub struct Library {
    rules: Vec<DataRule>,
    ruled: Classes,
    heritage: Arc<Heritage>,
    telling: Classes,
    content: Content,
    limits: sql::Limits,
    strict: bool,
    state: ArcSwap<State>,
    changes: Changes,
    /// The changes that the catalogue at hand knows of.
    known: Changes,
    /// Code ran since that may have changed something.
    suspect: AtomicBool,
    votes: Votes,
    cache: Cache,
    hasher: RandomState,
}

/// Counts what was defined or dropped.
#[derive(Default)]
struct Changes {
    any: AtomicU64,
    functions: AtomicU64,
}

/// When a reading of the catalogue was begun: it knows of every change before this.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    any: u64,
    functions: u64,
}

/// A reading of the catalogue. The first there is, before any, is empty and has the number 0.
#[derive(Default)]
struct State {
    catalogue: Arc<Catalogue>,
    version: u64,
    /// Which version of what columns inherited it knows.
    inherited: u64,
}

impl Library {
    /// A database whose catalogue was not read yet.
    #[must_use]
    pub fn new(rules: Vec<DataRule>) -> Self {
        Self {
            ruled: catalogue::ruled_classes(&rules),
            heritage: Arc::default(),
            content: Content::new(&rules, None),
            telling: rules.iter().filter_map(telling).cloned().collect(),
            votes: Votes::new(&rules),
            rules,
            limits: sql::Limits::default(),
            strict: false,
            state: ArcSwap::default(),
            changes: Changes { any: AtomicU64::new(1), functions: AtomicU64::new(1) },
            known: Changes::default(),
            suspect: AtomicBool::new(false),
            cache: Cache::default(),
            hasher: RandomState::new(),
        }
    }

    /// With the keys of those operators that need one. Without, they redact.
    #[must_use]
    pub fn with_keys(mut self, keys: &MaskKeys) -> Self {
        self.content = Content::new(&self.rules, Some(keys));
        self
    }

    /// With what its columns inherited by statements that put data there.
    #[must_use]
    pub fn inheriting(mut self, heritage: Arc<Heritage>) -> Self {
        self.ruled.extend(heritage.now().iter().map(|one| one.class.clone()));
        self.heritage = heritage;
        self
    }

    /// What its columns inherited.
    pub(super) const fn heritage(&self) -> &Arc<Heritage> {
        &self.heritage
    }

    /// Takes over what columns inherited since the catalogue was read. Costs a comparison when there is
    /// nothing new.
    pub(super) fn learn_inherited(&self) {
        if self.state.load().inherited == self.heritage.version() {
            return;
        }
        let inheritance = self.heritage.now();
        self.state.rcu(|state| {
            if state.inherited >= inheritance.version() {
                return Arc::clone(state);
            }
            Arc::new(State {
                catalogue: Arc::new(state.catalogue.inheriting(&inheritance)),
                version: state.version + 1,
                inherited: inheritance.version(),
            })
        });
        // What views and code make of it, the target tells.
        self.mark_stale(false);
    }

    /// How classes are masked.
    pub(super) fn treatments(&self) -> Arc<Treatments> {
        self.content.treatments()
    }

    /// With `strict_masking` or without: whether a statement is refused whose result cannot be masked
    /// for sure.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    pub(super) const fn is_strict(&self) -> bool {
        self.strict
    }

    /// The statement that reads the catalogue; its rows go to [`Self::update`].
    #[must_use]
    pub fn query(&self) -> String {
        catalogue::query(self.has_data_classes())
    }

    /// Says that the reading which [`Self::update`] will take begins now: what changes from here on
    /// it does not know.
    pub fn begin_reading(&self) -> Since {
        self.suspect.store(false, Ordering::SeqCst);
        Since {
            any: self.changes.any.load(Ordering::SeqCst),
            functions: self.changes.functions.load(Ordering::SeqCst),
        }
    }

    /// Takes a new reading of the catalogue over. Until then, and where it cannot be taken, what changed
    /// keeps the earlier one stale.
    ///
    /// # Errors
    /// A row is not of the expected form; the earlier reading stays.
    pub fn update<'a>(
        &self,
        since: Since,
        rows: impl IntoIterator<Item = Row<'a>>,
    ) -> Result<(), BadCatalogue> {
        let earlier = self.catalogue();
        let inheritance = self.heritage.now();
        let inherited = inheritance.version();
        let newer = Catalogue::read(rows, &self.rules, &inheritance, Some(&earlier))?;
        let newer = Arc::new(newer);
        self.state.rcu(|state| {
            // What was read of texts holds as long as nothing has changed.
            if newer == state.catalogue && state.version > 0 {
                let catalogue = Arc::clone(&state.catalogue);
                return Arc::new(State { catalogue, version: state.version, inherited });
            }
            let catalogue = Arc::clone(&newer);
            Arc::new(State { catalogue, version: state.version + 1, inherited })
        });
        self.known.any.fetch_max(since.any, Ordering::SeqCst);
        self.known.functions.fetch_max(since.functions, Ordering::SeqCst);
        // Something may have been inherited while the rows were on their way.
        self.learn_inherited();
        Ok(())
    }

    /// Something was defined or dropped.
    pub fn mark_stale(&self, functions: bool) {
        self.changes.any.fetch_add(1, Ordering::SeqCst);
        if functions {
            self.changes.functions.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Code ran that may have defined or dropped something, and seldom does: a reading soon is enough.
    pub(super) fn suspect(&self) {
        self.suspect.store(true, Ordering::Relaxed);
    }

    /// Whether the catalogue should be read again soon.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }

    /// Whether the catalogue should be read again before names are resolved by it.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.changes.any.load(Ordering::SeqCst) != self.known.any.load(Ordering::SeqCst)
    }

    pub(super) fn functions_stale(&self) -> bool {
        self.changes.functions.load(Ordering::SeqCst) != self.known.functions.load(Ordering::SeqCst)
    }

    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.state.load().catalogue)
    }

    /// Which reading of the catalogue is at hand.
    pub(super) fn version(&self) -> u64 {
        self.state.load().version
    }

    pub(super) fn snapshot(&self) -> (Arc<Catalogue>, u64) {
        let state = self.state.load();
        (Arc::clone(&state.catalogue), state.version)
    }

    /// Whether anything of this resource is ever masked.
    pub(super) fn has_data_classes(&self) -> bool {
        !self.rules.is_empty() || !self.ruled.is_empty()
    }

    /// The classes that rules give to columns, and those that columns inherited.
    pub(super) const fn ruled(&self) -> &Classes {
        &self.ruled
    }

    /// The classes of which facts may show.
    pub(super) const fn telling(&self) -> &Classes {
        &self.telling
    }

    /// What columns without a class seem to hold.
    pub(super) const fn votes(&self) -> &Votes {
        &self.votes
    }

    /// The classes that are looked for in values.
    pub(super) const fn detected(&self) -> &Classes {
        self.content.detected()
    }

    /// The detectors for an identity that may see `reveal` in clear.
    pub(super) fn detectors(&self, reveal: &Classes) -> Detectors {
        self.content.detectors(reveal)
    }

    /// Reads a text within a scope, or finds it read.
    ///
    /// `doubt` says why the text cannot be read at all just now (the server may read it otherwise).
    pub(super) fn read(&self, text: &[u8], scope: &Scope<'_>) -> Arc<Reading> {
        if text.len() > CACHED_TEXT {
            return Arc::new(Reading::of(text, scope, self));
        }
        let scope_key = self.scope_key(scope);
        let mut shape = Vec::with_capacity(text.len());
        let has_shape = sql::shape(text, &mut shape);
        if has_shape {
            let key = self.text_key(scope_key, &shape);
            if let Some(known) = self.cache.get(key, scope_key, &shape) {
                return known;
            }
        }
        let exact = self.text_key(scope_key, text);
        if let Some(known) = self.cache.get(exact, scope_key, text) {
            return known;
        }
        let reading = Arc::new(Reading::of(text, scope, self));
        if has_shape && !reading.constants_matter {
            let key = self.text_key(scope_key, &shape);
            self.cache.put(key, scope_key, shape, Arc::clone(&reading));
        } else {
            self.cache.put(exact, scope_key, text.to_vec(), Arc::clone(&reading));
        }
        reading
    }

    fn scope_key(&self, scope: &Scope<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        std::hash::Hash::hash(&scope.path, &mut hasher);
        hasher.write_u64(scope.version);
        let doubts = [scope.relations_known, scope.functions_known, scope.renamed];
        hasher.write(&doubts.map(u8::from));
        hasher.finish()
    }

    fn text_key(&self, scope_key: u64, text: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(scope_key);
        hasher.write(text);
        hasher.finish()
    }
}

/// The class of which this rule says that facts about it may show.
fn telling(rule: &DataRule) -> Option<&DataClass> {
    match rule {
        DataRule::Class { class, derived: Derived::Clear, .. } => Some(class),
        DataRule::Class { derived: Derived::Mask, .. }
        | DataRule::Column { .. }
        | DataRule::Json { .. }
        | DataRule::Detect(_)
        | DataRule::Define(_) => None,
    }
}

/// What names mean to a session at one moment.
pub(super) struct Scope<'a> {
    /// The search path in force, when it is known.
    pub(super) path: Option<&'a [String]>,
    /// The catalogue, and which reading of it.
    pub(super) catalogue: &'a Catalogue,
    pub(super) version: u64,
    /// Whether the catalogue can be believed about relations, and about functions.
    pub(super) relations_known: bool,
    pub(super) functions_known: bool,
    /// The running transaction may have given a name to something else.
    pub(super) renamed: bool,
}

impl sql::Scope for Scope<'_> {
    fn search_path(&self) -> Option<&[String]> {
        self.path
    }

    fn has_relation(&self, schema: &str, name: &str) -> Option<bool> {
        self.relations_known.then(|| self.catalogue.has_relation(schema, name))
    }

    fn columns(&self, relation: &sql::RelationName) -> Option<Vec<&str>> {
        if !self.relations_known {
            return None;
        }
        self.catalogue.column_names(&relation.schema, &relation.name)
    }

    fn body(&self, schema: Option<&str>, name: &str) -> Option<sql::Lineage> {
        if self.functions_known { self.catalogue.body(schema, name) } else { None }
    }

    fn function(&self, schema: Option<&str>, name: &str) -> sql::FunctionFacts {
        if self.functions_known {
            self.catalogue.function(schema, name)
        } else {
            sql::FunctionFacts::NotKnown
        }
    }
}
