use std::sync::Arc;

use evidence::SigningKey;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::watch;

use super::StoreError;
use crate::Clock;
use crate::audit::{self, Health};

/// How every transaction ends: what it added to the audit log is signed, and those who follow the log
/// hear of it.
pub(super) struct Commits {
    key: Arc<SigningKey>,
    newest: watch::Sender<u64>,
    health: Health,
}

impl Commits {
    pub(super) fn new(key: Arc<SigningKey>, clock: Clock) -> Self {
        Self { key, newest: watch::Sender::new(0), health: Health::new(clock) }
    }

    pub(super) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    pub(super) const fn health(&self) -> &Health {
        &self.health
    }

    /// Committed when `work` answers `Ok`, undone when not.
    pub(super) fn in_transaction<T, E: From<StoreError>>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| self.failed(error.into()))?;
        let done = work(&transaction).inspect_err(|_| {
            // SQLite takes a transaction back by itself when the disk fails under it
            // (https://www.sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction").
            if transaction.is_autocommit() {
                self.health.failed("the disk failed under a transaction");
            }
        })?;
        let (seq, mark) = self.close(&transaction).map_err(|error| self.failed(error))?;
        transaction.commit().map_err(|error| self.failed(error.into()))?;
        if let Some(mark) = mark {
            self.health.mended(&mark);
        }
        self.newest.send_if_modified(|newest| std::mem::replace(newest, seq) != seq);
        Ok(done)
    }

    /// The last words of a transaction.
    fn close(
        &self,
        transaction: &Transaction<'_>,
    ) -> Result<(u64, Option<audit::Mark>), StoreError> {
        let gap = self.health.gap();
        if let Some((act, _)) = &gap {
            audit::append(transaction, act)?;
        }
        audit::log::sign(transaction, &self.key)?;
        Ok((audit::log::newest(transaction)?, gap.map(|(_, mark)| mark)))
    }

    /// Tells a disk that takes nothing from a mistake of ours.
    fn failed(&self, error: StoreError) -> StoreError {
        if let StoreError::Sqlite(rusqlite::Error::SqliteFailure(cause, _)) = &error {
            let disk = matches!(
                cause.code,
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::PermissionDenied
            );
            if disk {
                self.health.failed(&error.to_string());
            }
        }
        error
    }
}
