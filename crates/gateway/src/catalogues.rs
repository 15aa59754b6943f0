//! What is known of each database behind a resource, read once and shared by its sessions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::Resource;
use policy::Grant;
use tracing::warn;
use wire::postgres::catalogue::{self, BadCatalogue};
use wire::postgres::library::Library;

use crate::dial::Dialer;
use crate::side::{self, QueryError, Row};

/// Databases whose catalogue is kept; more than a house has.
const MOST: usize = 256;

/// The libraries, by resource and database.
#[derive(Default)]
pub(crate) struct Catalogues(Mutex<HashMap<(String, String), Shelf>>);

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

    fn loader(&self, resource: &Arc<Resource>, database: &str) -> Arc<Loader> {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (resource.name.clone(), database.to_owned());
        if let Some(shelf) =
            shelves.get(&name).filter(|shelf| Arc::ptr_eq(&shelf.resource, resource))
        {
            return Arc::clone(&shelf.loader);
        }
        if shelves.len() >= MOST {
            shelves.clear();
        }
        let loader = Arc::new(Loader {
            library: Arc::new(Library::new(resource.data.clone())),
            database: database.to_owned(),
            begun: AtomicU64::new(0),
            loaded: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
        });
        let shelf = Shelf { resource: Arc::clone(resource), loader: Arc::clone(&loader) };
        shelves.insert(name, shelf);
        loader
    }
}

impl Loader {
    /// The library.
    pub(crate) const fn library(&self) -> &Arc<Library> {
        &self.library
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
        self.library.refreshing();
        let answer = side::query(dialer, grant, &self.database, &self.library.query()).await;
        let rows = answer.inspect_err(|_| self.library.mark_stale(true))?;
        self.library.update(rows.iter().map(texts))?;
        self.loaded.store(true, Ordering::SeqCst);
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
