//! The log as it is written, read from outside, and found to be changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evidence::PublicKey;
use evidence::audit::{Broken, Export, Line};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use super::file;
use crate::store::tests::{act, store_with_acts};
use crate::store::{Store, StoreError};

const ENTRIES: u64 = 12;

fn key(folder: &Path) -> PublicKey {
    PublicKey::from_pem(&fs::read_to_string(folder.join("keys/signing.pub")).unwrap()).unwrap()
}

/// Half of the entries one by one, half of them in one transaction; the store is closed.
async fn a_log() -> (tempfile::TempDir, PathBuf) {
    let (dir, store) = store_with_acts(ENTRIES / 2).await;
    let many = |tx: &rusqlite::Transaction<'_>| {
        (ENTRIES / 2 + 1..=ENTRIES).try_for_each(|number| super::append(tx, &act(number)))
    };
    store.write::<_, StoreError>(many).await.unwrap();
    drop(store);
    let path = dir.path().join("sluice.db");
    (dir, path)
}

fn checked(path: &Path, key: &PublicKey) -> Result<u64, StoreError> {
    file::check(path, key, |_| {}).map(|extent| {
        assert_eq!(extent.signed, extent.to, "nothing is ever unsigned");
        extent.to
    })
}

/// The store at `from`, copied and then changed by whoever can write the file.
fn changed(from: &Path, folder: &Path, change: impl FnOnce(&Connection)) -> PathBuf {
    let path = folder.join("changed.db");
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.join(format!("changed.db{end}")));
    }
    fs::copy(from, &path).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "delete").unwrap();
    let triggers: Vec<String> = connection
        .prepare("select name from sqlite_master where type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        connection.execute_batch(&format!("drop trigger {trigger}")).unwrap();
    }
    change(&connection);
    path
}

/// A value that is another one, of the same type.
fn other(cell: &Cell, byte: usize) -> Cell {
    match cell {
        Cell::Null => Cell::Integer(1),
        Cell::Integer(number) => Cell::Integer(number ^ (1 << (byte % 40))),
        Cell::Real(number) => Cell::Real(number + 1.0),
        Cell::Text(text) => {
            let mut chars: Vec<char> = text.chars().collect();
            if chars.is_empty() {
                return Cell::Text("x".into());
            }
            let place = byte % chars.len();
            chars[place] = if chars[place] == 'x' { 'y' } else { 'x' };
            Cell::Text(chars.into_iter().collect())
        }
        Cell::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let place = byte % bytes.len();
            bytes[place] ^= 1 << (byte % 8);
            Cell::Blob(bytes)
        }
    }
}

#[tokio::test]
async fn a_thousand_changes_of_rows_and_checkpoints_are_all_found() {
    let (dir, path) = a_log().await;
    let key = key(dir.path());
    assert_eq!(checked(&path, &key).unwrap(), ENTRIES);
    let folder = dir.path().join("changes");
    fs::create_dir(&folder).unwrap();
    let columns = [
        ("audit", "seq", &["seq", "at", "actor", "action", "object", "detail", "hash"][..]),
        ("audit_checkpoints", "number", &["number", "seq", "key", "signature"][..]),
    ];
    let mut tried = 0;
    for (table, id, columns) in columns {
        let rows: i64 = {
            let connection = Connection::open(&path).unwrap();
            let count = format!("select count(*) from {table}");
            connection.query_row(&count, [], |row| row.get(0)).unwrap()
        };
        // Many changes in one copy, each undone before the next: what is tried is the checking.
        let copy = changed(&path, &folder, |_| {});
        let connection = Connection::open(&copy).unwrap();
        for row in 1..=rows {
            for column in columns {
                for byte in 0..12 {
                    let get = format!("select {column} from {table} where {id} = ?");
                    let cell: Cell = connection.query_row(&get, [row], |row| row.get(0)).unwrap();
                    connection.execute_batch("savepoint one").unwrap();
                    let set = format!("update or ignore {table} set {column} = ? where {id} = ?");
                    let value = other(&cell, byte * 7 + 1);
                    let done = connection.execute(&set, (value, row)).unwrap();
                    if done == 1 {
                        let found = super::log::check(&connection, &key, drop);
                        assert!(found.is_err(), "{table}.{column} of {row}, byte {byte}");
                        tried += 1;
                    }
                    connection.execute_batch("rollback to one; release one").unwrap();
                }
            }
            for statement in [
                format!("delete from {table} where {id} = {row}"),
                format!("delete from {table} where {id} <= {row}"),
                format!("delete from {table} where {id} >= {row}"),
            ] {
                connection.execute_batch("savepoint one").unwrap();
                connection.execute_batch(&statement).unwrap();
                assert!(super::log::check(&connection, &key, drop).is_err(), "{statement}");
                connection.execute_batch("rollback to one; release one").unwrap();
                tried += 1;
            }
        }
        assert!(super::log::check(&connection, &key, drop).is_ok(), "nothing is left of them");
    }
    assert!(tried > 1000, "{tried}");
}

#[tokio::test]
async fn what_is_put_in_swapped_or_of_another_kind_is_found() {
    let (dir, path) = a_log().await;
    let (key, folder) = (key(dir.path()), dir.path().join("changes"));
    fs::create_dir(&folder).unwrap();
    for statement in [
        "update audit set seq = 100 where seq = 3; update audit set seq = 3 where seq = 4; update audit set seq = 4 where seq = 100",
        "insert into audit select 13, at, actor, action, object, detail, hash from audit where seq = 12",
        "update audit set detail = ' ' || detail where seq = 2",
        "update audit set detail = replace(detail, ':', ': ') where seq = 2",
        "update audit set hash = x'' where seq = 5",
        "update audit set at = -1 where seq = 5",
        "update audit_checkpoints set signature = x'00' where number = 1",
        "update audit_checkpoints set signature = (select signature from audit_checkpoints where number = 2) where number = 1",
        "insert into audit_checkpoints select 8, 13, key, signature from audit_checkpoints where number = 7",
        "delete from audit_checkpoints where number = 7; delete from audit where seq > 6; delete from audit_checkpoints where number = 6",
    ] {
        let path = changed(&path, &folder, |connection| {
            connection.execute_batch(statement).unwrap();
        });
        assert!(matches!(checked(&path, &key), Err(StoreError::Audit(_))), "{statement}");
    }
    // What no look at the log alone can see: that it was cut back to where it was signed before.
    let path = changed(&path, &folder, |connection| {
        connection
            .execute_batch(
                "delete from audit where seq > 6; delete from audit_checkpoints where number > 6",
            )
            .unwrap();
    });
    assert_eq!(checked(&path, &key).unwrap(), 6);
}

#[tokio::test]
async fn another_gateways_log_is_not_this_ones() {
    let (_dir, path) = a_log().await;
    let (other, _) = a_log().await;
    let found = checked(&path, &key(other.path()));
    assert!(matches!(found, Err(StoreError::Audit(Broken::Signature(1)))), "{found:?}");
}

#[tokio::test]
async fn a_log_is_read_from_outside_while_it_is_written_and_nothing_is_written_beside_it() {
    let (dir, store) = store_with_acts(3).await;
    let store = Arc::new(store);
    let (path, key) = (dir.path().join("sluice.db"), key(dir.path()));
    let listed = |folder: &Path| {
        let mut all: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().len()))
            .collect();
        all.sort();
        all
    };
    let before = listed(dir.path());
    assert_eq!(checked(&path, &key).unwrap(), 3);
    assert_eq!(listed(dir.path()), before, "a gateway that runs");
    let writing = Arc::clone(&store);
    let written = tokio::spawn(async move {
        for number in 4..=200 {
            writing.record(act(number)).await.unwrap();
        }
    });
    while !written.is_finished() {
        let (path, key) = (path.clone(), key);
        let seen = tokio::task::spawn_blocking(move || checked(&path, &key)).await.unwrap();
        assert!((3..=200).contains(&seen.unwrap()));
        tokio::task::yield_now().await;
    }
    written.await.unwrap();
    // Killed: the write-ahead log is there, and nobody who holds it.
    let killed = tempfile::tempdir().unwrap();
    for name in ["sluice.db", "sluice.db-wal"] {
        fs::copy(dir.path().join(name), killed.path().join(name)).unwrap();
    }
    let before = listed(killed.path());
    assert_eq!(checked(&killed.path().join("sluice.db"), &key).unwrap(), 200);
    assert_eq!(listed(killed.path()), before);
    drop(store);
    let before = listed(dir.path());
    assert_eq!(checked(&path, &key).unwrap(), 200);
    assert_eq!(listed(dir.path()), before, "a gateway that was stopped");
}

#[tokio::test]
async fn an_export_is_checked_with_the_public_key_alone_and_any_changed_byte_shows() {
    let (dir, store) = store_with_acts(3).await;
    let key = key(dir.path());
    let mut text = format!("{}\n", store.audit_begins(0).await.unwrap());
    for line in store.audit_lines(0, 100).await.unwrap() {
        text.push_str(&format!("{line}\n"));
    }
    let check = |bytes: &[u8]| {
        let mut export = Export::new(&key);
        let mut entries = 0;
        export.feed(bytes, |_| entries += 1)?;
        export.finish().map(|()| entries)
    };
    assert_eq!(check(text.as_bytes()), Ok(3));
    for place in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        for flip in [1, 0x20, 0x80] {
            bytes[place] ^= flip;
            assert!(check(&bytes).is_err(), "byte {place} ^ {flip}");
            bytes[place] ^= flip;
        }
        // A whole log that ends with a signature is one; anything else is not.
        let whole = text.as_bytes()[..place].ends_with(b"\n")
            && text[..place].lines().last().is_some_and(|line| line.starts_with("{\"checkpoint\""));
        let begun = text[..place].lines().count() == 1 && text[..place].ends_with('\n');
        assert_eq!(check(&text.as_bytes()[..place]).is_ok(), whole || begun, "cut at {place}");
    }
    let begins = store.audit_begins(2).await.unwrap();
    let mut part = format!("{begins}\n");
    for line in store.audit_lines(2, 100).await.unwrap() {
        part.push_str(&format!("{line}\n"));
    }
    assert_eq!(check(part.as_bytes()), Ok(1), "{part}");
    assert!(matches!(begins, Line::Begins(begins) if begins.checkpoints == 2));
    assert!(store.audit_begins(4).await.is_err());
}

#[tokio::test]
async fn followers_see_an_entry_when_it_is_on_the_disk_and_read_on_from_there() {
    let (_dir, store) = store_with_acts(0).await;
    let mut newest = store.audit_newest();
    let mut seen = 0;
    for number in 1..=5 {
        store.record(act(number)).await.unwrap();
        newest.wait_for(|newest| *newest == number).await.unwrap();
        let entries = store.audit_after(seen, 10).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [number]);
        seen = number;
    }
    let all = store.audit_after(1, 2).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn what_was_let_through_while_the_log_could_not_be_written_is_told_when_it_can_be() {
    let (_dir, store) = store_with_acts(1).await;
    store.health().failed("no space");
    assert_eq!(store.health().trouble().as_deref(), Some("no space"));
    store.health().let_in("no space");
    store.health().let_in("no space");
    store.health().lost("no space");
    store.record(act(2)).await.unwrap();
    assert!(store.health().trouble().is_none());
    let entries = store.audit_after(1, 10).await.unwrap();
    assert_eq!(entries[0].action, "approval.withdraw");
    assert_eq!(entries[1].action, "audit.gap");
    assert_eq!(entries[1].detail["sign_ins"], 2);
    assert_eq!(entries[1].detail["lost"], 1);
    store.record(act(3)).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().to, 4, "it is told once");
    let _: Store = store;
}
