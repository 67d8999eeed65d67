//! The port's promises, kept by both implementations.

use coordinate_store::{MemoryStorage, SqliteStorage, conformance};

#[test]
fn memory_keeps_every_promise() {
    conformance::check_all(MemoryStorage::new);
}

#[test]
fn sqlite_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    let mut number = 0;
    conformance::check_all(|| {
        number += 1;
        SqliteStorage::open(&folder.path().join(format!("journal-{number}.db"))).unwrap()
    });
}

#[test]
fn sqlite_keeps_what_was_written_after_it_is_opened_again() {
    use coordinate_engine::port::{Storage, StoredSnapshot};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let run = conformance::run(1);
    let snapshot = StoredSnapshot { fold_version: 1, sequence: 1, body: b"{}".to_vec() };
    let first = SqliteStorage::open(&path).unwrap();
    conformance::append_next(&first, &run).unwrap();
    first.put_snapshot(&run, &snapshot).unwrap();
    drop(first);
    let second = SqliteStorage::open(&path).unwrap();
    assert_eq!(second.records(&run, 0, 10).unwrap(), [conformance::record(1)]);
    assert_eq!(second.snapshot(&run).unwrap(), Some(snapshot));
}
