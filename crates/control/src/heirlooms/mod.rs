//! What columns inherited: data of a class that a statement put there, kept before it is sent.
//!
//! ```text
//!   gateway ── keep ──► one transaction: rows, their audit entry ──► fsync ──► Heritage ──► sent
//!   start ────────────► every row ──► one Heritage for each database, shared by its sessions
//!   administrator ────► forget: the row goes, with its audit entry ──► Heritage
//! ```

mod rows;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::ports::{self, Bequest, BoxFuture, Unavailable};
use model::{Heritage, Inherited};

pub use rows::Entry;

use crate::Clock;
use crate::audit::{self, Act, Event};
use crate::store::{Store, StoreError};

/// Columns that one database can have inherit. A house that has more names tables anew all the time,
/// and had better have rules for them.
const MOST: usize = 65_536;

/// Columns that an audit entry names; the rest is a number.
const TOLD: usize = 100;

/// A database of a resource.
type Database = (String, String);

/// Remembers what columns inherited.
#[derive(Clone)]
pub struct Heirlooms(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    clock: Clock,
    known: Mutex<HashMap<Database, Arc<Heritage>>>,
}

impl Heirlooms {
    /// Reads what is kept.
    ///
    /// # Errors
    /// The store failed.
    pub async fn open(store: Arc<Store>, clock: Clock) -> Result<Self, StoreError> {
        let mut known: HashMap<Database, Vec<Inherited>> = HashMap::new();
        for entry in store.read(|connection| rows::list(connection, None)).await? {
            let database = (entry.resource, entry.database);
            known.entry(database).or_default().push(entry.inherited);
        }
        let known = known.into_iter().map(|(of, all)| (of, Arc::new(Heritage::new(all))));
        let known = Mutex::new(known.collect());
        Ok(Self(Arc::new(Inner { store, clock, known })))
    }

    /// Everything that is kept, or that of one resource, in the order of its names.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, resource: Option<String>) -> Result<Vec<Entry>, StoreError> {
        self.0.store.read(move |connection| rows::list(connection, resource.as_deref())).await
    }

    /// Forgets one: from here on its column shows as if nothing had been put there, in sessions that
    /// are open too. `false`: there is none of this number.
    ///
    /// # Errors
    /// The store failed; nothing is forgotten.
    pub async fn forget(&self, id: u64, by: String) -> Result<bool, StoreError> {
        let at = self.0.clock.now();
        let gone = self.0.store.write(move |transaction| {
            let Some(entry) = rows::remove(transaction, id)? else { return Ok(None) };
            let event = Event::DataForgotten {
                session: entry.session.clone(),
                database: entry.database.clone(),
                column: rows::shown(&entry.inherited),
            };
            audit::append(transaction, &Act::new(at, by, &entry.resource, event))?;
            Ok::<_, StoreError>(Some(entry))
        });
        let Some(entry) = gone.await? else { return Ok(false) };
        self.0.heritage(&entry.resource, &entry.database).forget([&entry.inherited]);
        Ok(true)
    }
}

impl ports::Heirlooms for Heirlooms {
    fn of(&self, resource: &str, database: &str) -> Arc<Heritage> {
        self.0.heritage(resource, database)
    }

    fn keep(&self, bequest: Bequest) -> BoxFuture<'static, Result<(), Unavailable>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.keep(bequest).await })
    }
}

impl Inner {
    fn heritage(&self, resource: &str, database: &str) -> Arc<Heritage> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of = (resource.to_owned(), database.to_owned());
        Arc::clone(known.entry(of).or_default())
    }

    async fn keep(&self, bequest: Bequest) -> Result<(), Unavailable> {
        let heritage = self.heritage(&bequest.resource, &bequest.database);
        let now = heritage.now();
        let mut new = bequest.inherited.clone();
        new.retain(|one| !now.holds(one));
        if new.is_empty() {
            return Ok(());
        }
        if now.len() + new.len() > MOST {
            return Err(Unavailable(format!(
                "{MOST} columns of this database have inherited already: an administrator can \
                 forget those that are gone"
            )));
        }
        let at = self.clock.now();
        let kept = new.clone();
        let written = self.store.write(move |transaction| {
            for one in &new {
                rows::insert(transaction, &bequest, one, at)?;
            }
            let event = Event::DataInherited {
                session: bequest.session.to_string(),
                database: bequest.database,
                columns: new.iter().take(TOLD).map(rows::shown).collect(),
                more: u64::try_from(new.len().saturating_sub(TOLD)).unwrap_or(u64::MAX),
            };
            let act = Act::new(at, bequest.subject, bequest.resource, event);
            audit::append(transaction, &act)
        });
        written.await.map_err(|error| Unavailable(error.to_string()))?;
        heritage.add(kept);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
