//! What can only be arranged from inside: who is in a group, and a disk that is full.

use super::*;
use crate::conformance::{append_next, record, run};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn journal() -> (tempfile::TempDir, SqliteStorage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("journal.db")).unwrap();
    (folder, storage)
}

fn stored(storage: &SqliteStorage, number: u32) -> usize {
    storage.records(&run(number), 0, usize::MAX).unwrap().len()
}

/// Keeps a first part open until all of `parts` wait behind it, so that all land in one group; its result.
fn in_one_group(storage: &SqliteStorage, parts: &[&(dyn Fn() + Sync)]) -> Result<(), StorageError> {
    let opened = Barrier::new(2);
    let go = AtomicBool::new(false);
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            storage.transaction(&run(99), &mut |transaction| {
                opened.wait();
                while !go.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                transaction.append(0, &[record(1)]).map(|()| true)
            })
        });
        opened.wait();
        for (before, part) in parts.iter().enumerate() {
            scope.spawn(part);
            // Each is in the line before the next one starts, so the order of the group is that of `parts`.
            while storage.threads.waiting() <= before {
                thread::yield_now();
            }
        }
        go.store(true, Ordering::Release);
        first.join().unwrap()
    })
}

#[test]
fn a_failing_part_takes_nobody_of_its_group_with_it() {
    let (_folder, storage) = journal();
    let good = || assert!(append_next(&storage, &run(1)).unwrap() > 0);
    let refused = || {
        let result = storage.transaction(&run(2), &mut |transaction| {
            transaction.append(0, &[record(1)])?;
            transaction.append(7, &[record(8)]).map(|()| true)
        });
        assert!(matches!(result, Err(StorageError::OutOfOrder { expected: 7, found: 1, .. })), "got {result:?}");
    };
    let panics = || {
        let result = catch_unwind(AssertUnwindSafe(|| {
            storage.transaction(&run(3), &mut |transaction| {
                transaction.append(0, &[record(1)])?;
                resume_unwind(Box::new("raised by the test"))
            })
        }));
        assert!(result.is_err(), "the panic was swallowed");
    };
    in_one_group(&storage, &[&good, &refused, &good, &panics, &good]).unwrap();
    let counts = [99, 1, 2, 3].map(|number| stored(&storage, number));
    assert_eq!(counts, [1, 3, 0, 0]);
}

#[test]
fn a_part_sees_what_its_group_wrote_before_and_readers_do_not() {
    let (_folder, storage) = journal();
    let sees = || {
        let result = storage.transaction(&run(99), &mut |transaction| {
            assert_eq!(transaction.last_sequence()?, 1, "the first part of the group came before");
            assert_eq!(stored(&storage, 99), 0, "a reader saw what is not committed");
            transaction.append(1, &[record(2)]).map(|()| true)
        });
        result.unwrap();
    };
    in_one_group(&storage, &[&sees]).unwrap();
    assert_eq!(stored(&storage, 99), 2);
}

/// Makes the writing connection believe that the disk has no room for more than `pages` further pages.
fn limit_growth(storage: &SqliteStorage, pages: u32) {
    append_next(storage, &run(50)).unwrap();
    let writer = storage.writer();
    let connection = writer.connection().unwrap();
    let used: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    connection.pragma_update(None, "max_page_count", used + pages).unwrap();
}

fn huge(sequence: u64) -> StoredRecord {
    StoredRecord { body: vec![b'x'; 200_000], ..record(sequence) }
}

#[track_caller]
fn check_full(result: Result<(), StorageError>) {
    let Err(error) = result else { panic!("a full disk took the record") };
    let message = error.to_string();
    assert!(message.contains("database or disk is full; free some space, then resume"), "{message}");
}

#[test]
fn a_full_disk_is_named_and_leaves_the_journal_usable() {
    let (_folder, storage) = journal();
    limit_growth(&storage, 2);
    let write = |records: &[StoredRecord]| {
        storage.transaction(&run(1), &mut |transaction| transaction.append(0, records).map(|()| true))
    };
    check_full(write(&[record(1), huge(2)]));
    assert_eq!(stored(&storage, 1), 0, "half of an append was kept");
    write(&[record(1)]).unwrap();
    assert_eq!(stored(&storage, 1), 1);
}

#[test]
fn a_write_that_failed_is_not_committed_though_its_caller_says_so() {
    let (_folder, storage) = journal();
    limit_growth(&storage, 2);
    let result = storage.transaction(&run(1), &mut |transaction| {
        check_full(transaction.append(0, &[record(1), huge(2)]));
        Ok(true)
    });
    assert!(matches!(result, Err(StorageError::Medium { .. })), "got {result:?}");
    assert_eq!(stored(&storage, 1), 0);
}

#[test]
fn half_an_append_is_not_committed_though_its_caller_says_so() {
    let (_folder, storage) = journal();
    append_next(&storage, &run(50)).unwrap();
    let refuse_second = "CREATE TEMP TRIGGER refuse_second BEFORE INSERT ON events WHEN NEW.sequence = 2
        BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
    storage.writer().connection().unwrap().execute_batch(refuse_second).unwrap();
    let result = storage.transaction(&run(1), &mut |transaction| {
        let appended = transaction.append(0, &[record(1), record(2)]);
        assert!(appended.unwrap_err().to_string().contains("refused by the test"));
        Ok(true)
    });
    assert!(matches!(result, Err(StorageError::Medium { .. })), "got {result:?}");
    assert_eq!(stored(&storage, 1), 0);
}

/// SQLite gives up the whole transaction when the disk is full, so the group falls together.
#[test]
fn a_full_disk_never_acknowledges_what_is_lost() {
    let (_folder, storage) = journal();
    limit_growth(&storage, 2);
    let full = || {
        let append = &mut |transaction: &mut dyn Transaction| transaction.append(0, &[huge(1)]).map(|()| true);
        check_full(storage.transaction(&run(2), append));
    };
    let after = || assert_eq!(append_next(&storage, &run(3)).unwrap(), 1);
    check_full(in_one_group(&storage, &[&full, &after]));
    assert_eq!([99, 2, 3].map(|number| stored(&storage, number)), [0, 0, 1]);
}

/// No test can pull the plug, so the setting that survives it is looked at instead.
#[test]
fn every_commit_waits_for_the_disk() {
    let (_folder, storage) = journal();
    append_next(&storage, &run(1)).unwrap();
    let writer = storage.writer();
    let setting = |name| writer.connection().unwrap().pragma_query_value(None, name, |row| row.get::<_, String>(0));
    assert_eq!(setting("journal_mode").unwrap(), "wal");
    let synchronous = writer.connection().unwrap().pragma_query_value(None, "synchronous", |row| row.get(0));
    assert_eq!(synchronous, Ok(2), "2 is FULL");
}
