//! What the audit log is told, in one place.

use model::{SessionId, Timestamp};
use rusqlite::Transaction;

use crate::audit::{self, Act, Event};
use crate::store::StoreError;

pub(super) use crate::audit::ITSELF as HOUSE;

/// Appends to the audit log, in the transaction of the very thing it tells of.
pub(super) fn tell(
    transaction: &Transaction<'_>,
    at: Timestamp,
    actor: &str,
    session: SessionId,
    event: Event,
) -> Result<(), StoreError> {
    audit::append(transaction, &Act::new(at, actor, session, event))
}
