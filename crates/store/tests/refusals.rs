//! What is said when the file is not what it should be, or the lock does not come.

#![expect(clippy::unwrap_used, reason = "set-up outside the test functions fails by panicking too")]

use coordinate_engine::port::{Storage, StorageError};
use coordinate_store::{SqliteStorage, conformance};
use rusqlite::Connection;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[track_caller]
fn check_open(path: &Path, expected: &str) {
    let message = SqliteStorage::open(path).unwrap_err().to_string();
    assert_eq!(message.replace(&path.display().to_string(), "PATH"), expected);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let garbage = "not a database, but long enough to have a header ".repeat(100);
    fs::write(&path, &garbage).unwrap();
    check_open(
        &path,
        "failed to open the journal at `PATH`: file is not a database; move the file away, and a new journal is \
         started in its place",
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
}

#[test]
fn a_database_of_another_program_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE foreign_table (x)").unwrap();
    check_open(
        &path,
        "failed to open the journal at `PATH`: the file is a database of another program; move it away or choose \
         another place",
    );
}

#[test]
fn a_newer_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(SqliteStorage::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    check_open(
        &path,
        "the journal at `PATH` has schema version 99, this program knows 3; install a newer `coordinate`",
    );
}

#[test]
fn a_folder_that_is_missing_or_is_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [folder.path().join("missing/journal.db"), file.join("journal.db")] {
        check_open(
            &path,
            "failed to open the journal at `PATH`: unable to open database file: PATH; check that its folder exists \
             and may be written to",
        );
    }
}

#[test]
fn a_folder_in_place_of_a_lock_file_stops_writes_and_not_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(SqliteStorage::open(&path).unwrap());
    fs::remove_file(folder.path().join("journal.db.queue")).unwrap();
    fs::create_dir(folder.path().join("journal.db.queue")).unwrap();
    let storage = SqliteStorage::open(&path).unwrap();
    let error = conformance::append_next(&storage, &conformance::run(1)).unwrap_err();
    assert!(matches!(&error, StorageError::Medium { cause, .. } if cause.contains("journal.db.queue")), "{error}");
    assert_eq!(storage.headers().unwrap(), []);
}

/// Runs `check` while a writer of `storage` keeps its transaction open.
fn while_locked(storage: &SqliteStorage, check: impl FnOnce()) {
    let (opened, is_open) = mpsc::channel();
    let (close, may_close) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            storage.transaction(&conformance::run(1), &mut |_| {
                opened.send(()).unwrap();
                // Also ends when the sender is dropped by a failing check.
                let _ = may_close.recv();
                Ok(false)
            })
        });
        is_open.recv().unwrap();
        check();
        drop(close);
    });
}

#[track_caller]
fn check_busy(storage: &SqliteStorage) {
    let error = conformance::append_next(storage, &conformance::run(2)).unwrap_err();
    assert!(matches!(&error, StorageError::Busy { waited_ms, .. } if *waited_ms >= 50), "{error}");
}

#[test]
fn a_wait_ends_at_the_limit_within_a_process_and_between_two() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let open = || SqliteStorage::open_with_limit(&path, Duration::from_millis(50)).unwrap();
    let (first, second) = (open(), open());
    while_locked(&first, || {
        check_busy(&first);
        check_busy(&second);
    });
    conformance::append_next(&first, &conformance::run(2)).unwrap();
    conformance::append_next(&second, &conformance::run(2)).unwrap();
}

#[test]
fn any_limit_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open_with_limit(&folder.path().join("journal.db"), Duration::MAX).unwrap();
    conformance::append_next(&storage, &conformance::run(1)).unwrap();
}

#[test]
fn a_foreign_program_at_the_database_is_waited_for_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let storage = SqliteStorage::open_with_limit(&path, Duration::from_millis(50)).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    check_busy(&storage);
    foreign.execute_batch("ROLLBACK").unwrap();
    conformance::append_next(&storage, &conformance::run(2)).unwrap();
}

#[test]
fn a_call_within_a_call_is_busy_and_not_a_deadlock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let storage = SqliteStorage::open_with_limit(&path, Duration::from_millis(50)).unwrap();
    let outer = storage.transaction(&conformance::run(1), &mut |transaction| {
        check_busy(&storage);
        transaction.append(0, &[conformance::record(1)]).map(|()| true)
    });
    outer.unwrap();
}
