//! What is known of each database behind a resource, read once and shared by its sessions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use model::Resource;
use model::ports::Heirlooms;
use policy::Grant;
use tracing::warn;
use wire::postgres::catalogue::{self, BadCatalogue};
use wire::postgres::library::{Library, MaskKeys};

use crate::dial::Dialer;
use crate::side::{self, QueryError, Row};

/// Databases whose catalogue is kept; more than a house has.
const MOST: usize = 256;

/// A reading is fresh for so many seconds.
const FRESH: u64 = 60;
/// And so many where a function or a procedure ran, which may have defined something.
const SUSPECT: u64 = 2;
/// After so many it is not believed before it was repeated.
const OLD: u64 = 600;

/// The libraries, by resource and database.
pub(crate) struct Catalogues {
    heirlooms: Arc<dyn Heirlooms>,
    shelves: Mutex<HashMap<(String, String), Shelf>>,
    /// The keys of masks that need one.
    masks: Option<MaskKeys>,
}

/// One library, and the resource it was made for: another address or other rules make another.
struct Shelf {
    resource: Arc<Resource>,
    loader: Arc<Loader>,
}

/// Reads one database's catalogue, one reading at a time.
pub(crate) struct Loader {
    library: Arc<Library>,
    database: String,
    /// Readings begun. Whoever waited while one began and ended needs no other.
    begun: AtomicU64,
    /// One reading at least succeeded.
    loaded: AtomicBool,
    made: Instant,
    /// The age at which the last reading ended.
    read_at: AtomicU64,
    freshening: AtomicBool,
    turn: tokio::sync::Mutex<()>,
}

/// A target's catalogue could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Rows(#[from] BadCatalogue),
}

impl Catalogues {
    /// None yet; what their columns inherit is remembered there.
    pub(crate) fn new(heirlooms: Arc<dyn Heirlooms>) -> Self {
        Self { heirlooms, shelves: Mutex::default(), masks: None }
    }

    /// With the keys of masks that need one.
    pub(crate) fn with_masks(self, masks: MaskKeys) -> Self {
        Self { masks: Some(masks), ..self }
    }

    /// The library of a grant's database, read if it was not yet.
    pub(crate) async fn open(
        &self,
        dialer: &Dialer,
        grant: &Grant,
        database: &str,
    ) -> Result<Arc<Loader>, Unread> {
        let loader = self.loader(grant.resource(), database);
        if !loader.loaded.load(Ordering::SeqCst) {
            loader.read(dialer, grant).await?;
        }
        Ok(loader)
    }

    /// The keys of a resource's masks.
    pub(crate) fn keys(&self, resource: &Resource) -> Option<MaskKeys> {
        self.masks.as_ref().map(|masks| masks.of_resource(&resource.name))
    }

    fn loader(&self, resource: &Arc<Resource>, database: &str) -> Arc<Loader> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (resource.name.clone(), database.to_owned());
        if let Some(shelf) =
            shelves.get(&name).filter(|shelf| Arc::ptr_eq(&shelf.resource, resource))
        {
            return Arc::clone(&shelf.loader);
        }
        if shelves.len() >= MOST {
            shelves.clear();
        }
        let library = Library::new(resource.data.clone()).strict(resource.strict_masking);
        let library = library.inheriting(self.heirlooms.of(&resource.name, database));
        let loader = Arc::new(Loader {
            library: Arc::new(match self.keys(resource) {
                Some(keys) => library.with_keys(&keys),
                None => library,
            }),
            database: database.to_owned(),
            begun: AtomicU64::new(0),
            loaded: AtomicBool::new(false),
            made: Instant::now(),
            read_at: AtomicU64::new(0),
            freshening: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
        });
        let shelf = Shelf { resource: Arc::clone(resource), loader: Arc::clone(&loader) };
        shelves.insert(name, shelf);
        loader
    }
}

impl Loader {
    /// Which database it reads.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// The library.
    pub(crate) const fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Has the catalogue read again where the last reading is no longer fresh: what changes past the
    /// gateway is known a minute later. Sessions go on meanwhile, unless nobody looked for so long
    /// that the next command had better wait.
    pub(crate) fn freshen(self: &Arc<Self>, dialer: &Arc<Dialer>, grant: &Arc<Grant>) {
        let unread = self.age().saturating_sub(self.read_at.load(Ordering::Relaxed));
        if unread < if self.library.is_suspect() { SUSPECT } else { FRESH } {
            return;
        }
        if unread >= OLD {
            self.library.mark_stale(true);
            self.read_at.store(self.age(), Ordering::SeqCst);
            return;
        }
        if self.freshening.swap(true, Ordering::SeqCst) {
            return;
        }
        let (this, dialer, grant) = (Arc::clone(self), Arc::clone(dialer), Arc::clone(grant));
        tokio::spawn(async move {
            this.refresh(&dialer, &grant).await;
            // A target that does not answer is asked again as late as one that did.
            this.read_at.store(this.age(), Ordering::SeqCst);
            this.freshening.store(false, Ordering::SeqCst);
        });
    }

    /// Seconds since it was made.
    fn age(&self) -> u64 {
        self.made.elapsed().as_secs()
    }

    /// Reads the catalogue again; what was known stays where that fails, and stays stale.
    pub(crate) async fn refresh(&self, dialer: &Dialer, grant: &Grant) {
        if let Err(error) = self.read(dialer, grant).await {
            let resource = &grant.resource().name;
            warn!(resource, database = self.database, %error, "the target's catalogue could not be read again");
        }
    }

    async fn read(&self, dialer: &Dialer, grant: &Grant) -> Result<(), Unread> {
        let asked = self.begun.load(Ordering::SeqCst);
        let _turn = self.turn.lock().await;
        if self.begun.load(Ordering::SeqCst) > asked && !self.library.is_stale() {
            return Ok(());
        }
        self.begun.fetch_add(1, Ordering::SeqCst);
        let since = self.library.begin_reading();
        // What cannot be read again is not believed any longer.
        let disbelieve = || self.library.mark_stale(true);
        let answer = side::query(dialer, grant, &self.database, &self.library.query()).await;
        let rows = answer.inspect_err(|_| disbelieve())?;
        self.library.update(since, rows.iter().map(texts)).inspect_err(|_| disbelieve())?;
        self.loaded.store(true, Ordering::SeqCst);
        self.read_at.store(self.age(), Ordering::SeqCst);
        Ok(())
    }
}

/// The first six columns as texts; what is no text is not there.
fn texts(row: &Row) -> catalogue::Row<'_> {
    let mut texts = [None; 6];
    for (text, value) in texts.iter_mut().zip(row) {
        *text = value.as_ref().and_then(|value: &Bytes| str::from_utf8(value).ok());
    }
    texts
}
