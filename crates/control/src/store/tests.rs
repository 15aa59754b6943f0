use std::os::unix::fs::PermissionsExt;

use model::Timestamp;

use super::*;
use crate::audit::{self, Act, Event, Query};

pub(crate) fn act(number: u64) -> Act {
    let why = Some(format!("number {number}"));
    let (at, object) = (Timestamp::from_secs(number), format!("approval-{number}"));
    Act::new(at, "ana@example.com", object, Event::ApprovalWithdrawn { why })
}

pub(crate) async fn store_with_acts(count: u64) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for number in 1..=count {
        store.write(move |tx| audit::append(tx, &act(number))).await.unwrap();
    }
    (dir, store)
}

#[tokio::test]
async fn files_of_the_store_are_for_its_owner_alone() {
    let (dir, _store) = store_with_acts(1).await;
    let names = ["sluice.db", "sluice.db-wal", "sluice.db-shm", "sluice.db.lock"];
    for name in names {
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_second_gateway_cannot_open_the_same_store() {
    let (dir, store) = store_with_acts(0).await;
    assert!(matches!(Store::open(dir.path()), Err(StoreError::InUse(_))));
    drop(store);
    Store::open(dir.path()).unwrap();
}

#[tokio::test]
async fn a_store_of_a_later_version_is_left_alone() {
    let (dir, store) = store_with_acts(0).await;
    drop(store);
    let connection = Connection::open(dir.path().join("sluice.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn a_transaction_that_the_disk_undid_is_trouble_until_one_goes_through() {
    let (_dir, store) = store_with_acts(1).await;
    let undone = store.write(|tx| {
        // As SQLite does by itself when the disk fails under a statement.
        tx.execute_batch("rollback")?;
        Err::<(), StoreError>(StoreError::Corrupt("its disk".into()))
    });
    assert!(undone.await.is_err());
    assert!(store.health().trouble().is_some());
    let refused = store.write(|_| Err::<(), StoreError>(StoreError::Corrupt("our own".into())));
    assert!(refused.await.is_err());
    store.record(act(2)).await.unwrap();
    assert!(store.health().trouble().is_none());
}

#[tokio::test]
async fn what_is_acknowledged_is_on_the_disk() {
    let (_dir, store) = store_with_acts(0).await;
    let asked = store.write(|tx| {
        let mode: String = tx.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let level: i64 = tx.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        Ok::<_, StoreError>((mode, level))
    });
    assert_eq!(asked.await.unwrap(), ("wal".to_owned(), 2));
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let (dir, store) = store_with_acts(3).await;
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    let query = Query { limit: 10, ..Query::default() };
    let acts = store.audit(query).await.unwrap();
    assert_eq!(acts.iter().map(|act| act.seq).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(store.verify_audit().await.unwrap().to, 3);
}

#[tokio::test]
async fn what_is_told_in_a_destructor_is_written_before_the_store_closes() {
    let (dir, store) = store_with_acts(0).await;
    for number in 1..=100 {
        store.write_later("a test", move |tx| audit::append(tx, &act(number)));
    }
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.verify_audit().await.unwrap().to, 100);
}

#[tokio::test]
async fn work_that_fails_or_panics_leaves_nothing_behind_and_the_store_goes_on() {
    let (_dir, store) = store_with_acts(1).await;
    let failed: Result<(), StoreError> = store
        .write(|tx| {
            audit::append(tx, &act(2))?;
            Err(StoreError::Corrupt("on purpose".into()))
        })
        .await;
    assert!(failed.is_err());
    let panicked: Result<(), StoreError> = store
        .write(|tx| {
            audit::append(tx, &act(2))?;
            panic!("on purpose")
        })
        .await;
    assert!(matches!(panicked, Err(StoreError::Closed)));
    store.write(|tx| audit::append(tx, &act(2))).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().to, 2);
}

#[tokio::test]
async fn the_audit_log_can_only_grow() {
    let (_dir, store) = store_with_acts(2).await;
    for statement in [
        "update audit set actor = 'eve'",
        "delete from audit",
        "update audit_checkpoints set seq = 7",
        "delete from audit_checkpoints",
    ] {
        let refused: Result<(), StoreError> =
            store.write(move |tx| Ok(tx.execute(statement, []).map(drop)?)).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"), "{statement}");
    }
}
