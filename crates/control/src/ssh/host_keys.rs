//! What targets are known by, where their resource pins no key: the first key that is seen is remembered.

use std::sync::Arc;

use model::ports::{self, BoxFuture, HostKeyRefused};
use model::{Resource, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use ssh_key::PublicKey;

use crate::Clock;
use crate::audit::{self, Act, Event, micros};
use crate::clock::{rfc3339, rfc3339_option};
use crate::store::{Store, StoreError};

/// A resource's setting: a key that was seen first opens nothing before an administrator has confirmed it.
const MUST_BE_CONFIRMED: (&str, &str) = ("host_keys", "confirmed");

/// Remembers them in the store.
#[derive(Clone)]
pub struct HostKeys {
    store: Arc<Store>,
    clock: Clock,
}

/// One that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownHost {
    /// The resource whose target showed it.
    pub id: String,
    /// `SHA256:…`
    pub fingerprint: String,
    /// As `known_hosts` writes it behind the host.
    pub key: String,
    /// When it was seen first.
    #[serde(serialize_with = "rfc3339")]
    pub first_seen: Timestamp,
    /// When an administrator confirmed it.
    #[serde(serialize_with = "rfc3339_option")]
    pub confirmed: Option<Timestamp>,
    /// Which administrator.
    pub confirmed_by: Option<String>,
}

impl HostKeys {
    /// Those of this store.
    #[must_use]
    pub const fn new(store: Arc<Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// All of them, by resource.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self) -> Result<Vec<KnownHost>, StoreError> {
        self.store.read(rows).await
    }

    /// An administrator says that it is the right one: the fingerprint is what they compared. `false`: the resource's
    /// target has shown no such key.
    ///
    /// # Errors
    /// The store failed.
    pub async fn confirm(
        &self,
        resource: String,
        fingerprint: String,
        by: String,
    ) -> Result<bool, StoreError> {
        let at = self.clock.now();
        let confirmed = self.store.write(move |transaction| {
            let changed = transaction.execute(
                "update host_keys set confirmed = ?, confirmed_by = ?
                 where resource = ? and fingerprint = ? and confirmed is null",
                params![micros(at), by, resource, fingerprint],
            )?;
            if changed == 0 {
                return Ok(row(transaction, &resource)?
                    .is_some_and(|known| known.fingerprint == fingerprint));
            }
            let event = Event::HostKeyConfirmed { fingerprint };
            audit::append(transaction, &Act::new(at, by, resource, event))?;
            Ok::<_, StoreError>(true)
        });
        confirmed.await
    }

    /// Forgets what a resource's target showed: the next key is the first one again. `false`: there is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn forget(&self, resource: String, by: String) -> Result<bool, StoreError> {
        let at = self.clock.now();
        let forgotten = self.store.write(move |transaction| {
            let Some(known) = row(transaction, &resource)? else { return Ok(false) };
            transaction.execute("delete from host_keys where resource = ?", params![resource])?;
            let event = Event::HostKeyForgotten { fingerprint: known.fingerprint };
            audit::append(transaction, &Act::new(at, by, resource, event))?;
            Ok::<_, StoreError>(true)
        });
        forgotten.await
    }
}

impl ports::HostKeys for HostKeys {
    fn shown(
        &self,
        resource: &Resource,
        key: &[u8],
    ) -> BoxFuture<'static, Result<(), HostKeyRefused>> {
        let (setting, confirmed) = MUST_BE_CONFIRMED;
        let strict = resource.settings.get(setting).is_some_and(|value| value.trim() == confirmed);
        let (name, at, store) = (resource.name.clone(), self.clock.now(), Arc::clone(&self.store));
        let key = PublicKey::from_bytes(key);
        Box::pin(async move {
            let unavailable = |why: String| HostKeyRefused::Unavailable(why);
            let key = key.map_err(|error| unavailable(error.to_string()))?;
            let shown = super::fingerprint(key.key_data());
            let text = key.to_openssh().map_err(|error| unavailable(error.to_string()))?;
            let seen = shown.clone();
            // What is known is only read; of two that see one first, the first one's key holds.
            let known = store
                .read({
                    let name = name.clone();
                    move |connection| row(connection, &name)
                })
                .await
                .map_err(|error| unavailable(error.to_string()))?;
            let known = match known {
                Some(known) => known,
                None => store
                    .write(move |transaction| remember(transaction, &name, &text, &seen, at))
                    .await
                    .map_err(|error: StoreError| unavailable(error.to_string()))?,
            };
            if known.fingerprint != shown {
                return Err(HostKeyRefused::Changed { shown, known: known.fingerprint });
            }
            if strict && known.confirmed.is_none() {
                return Err(HostKeyRefused::Unconfirmed(shown));
            }
            Ok(())
        })
    }
}

/// Keeps a key unless there is one already, and answers the one that is kept.
fn remember(
    transaction: &Transaction<'_>,
    resource: &str,
    key: &str,
    fingerprint: &str,
    at: Timestamp,
) -> Result<KnownHost, StoreError> {
    let added = transaction.execute(
        "insert into host_keys (resource, key, fingerprint, first_seen) values (?, ?, ?, ?)
         on conflict (resource) do nothing",
        params![resource, key, fingerprint, micros(at)],
    )?;
    if added > 0 {
        let event = Event::HostKeySeen { fingerprint: fingerprint.to_owned() };
        audit::append(transaction, &Act::by_itself(at, resource, event))?;
    }
    row(transaction, resource)?.ok_or_else(|| StoreError::Corrupt("a host key".into()))
}

const COLUMNS: &str = "resource, key, fingerprint, first_seen, confirmed, confirmed_by";

fn rows(connection: &Connection) -> Result<Vec<KnownHost>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("select {COLUMNS} from host_keys order by resource"))?;
    let rows = statement.query_map([], known)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn row(connection: &Connection, resource: &str) -> Result<Option<KnownHost>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("select {COLUMNS} from host_keys where resource = ?"))?;
    Ok(statement.query_row([resource], known).optional()?)
}

fn known(row: &Row<'_>) -> rusqlite::Result<KnownHost> {
    let moment = |value: Option<u64>| value.map(Timestamp::from_micros);
    Ok(KnownHost {
        id: row.get("resource")?,
        key: row.get("key")?,
        fingerprint: row.get("fingerprint")?,
        first_seen: Timestamp::from_micros(row.get("first_seen")?),
        confirmed: moment(row.get("confirmed")?),
        confirmed_by: row.get("confirmed_by")?,
    })
}
