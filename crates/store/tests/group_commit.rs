//! How many commits writes cost, counted in the write-ahead log: each commit is one sync.

#![expect(clippy::unwrap_used, reason = "set-up outside the test functions fails by panicking too")]

use coordinate_engine::port::{Storage, StorageError, Transaction};
use coordinate_store::{SqliteStorage, conformance};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

struct Journal {
    _folder: tempfile::TempDir,
    log: PathBuf,
    storage: SqliteStorage,
}

fn journal() -> Journal {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let storage = SqliteStorage::open(&path).unwrap();
    Journal { log: folder.path().join("journal.db-wal"), _folder: folder, storage }
}

/// Frames that end a commit: those that name the size of the database after it.
/// (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>)
fn commits(log: &Path) -> usize {
    const FRAME: usize = 24 + 4096;
    let bytes = fs::read(log).unwrap();
    bytes[32..].chunks_exact(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn a_lone_writer_makes_one_commit_an_append() {
    let journal = journal();
    let before = commits(&journal.log);
    for _ in 0..50 {
        conformance::append_next(&journal.storage, &conformance::run(1)).unwrap();
    }
    assert_eq!(commits(&journal.log) - before, 50);
}

#[test]
fn a_part_that_is_rolled_back_makes_no_commit() {
    let journal = journal();
    let before = commits(&journal.log);
    let body =
        &mut |transaction: &mut dyn Transaction| transaction.append(0, &[conformance::record(1)]).map(|()| false);
    journal.storage.transaction(&conformance::run(1), body).unwrap();
    assert_eq!(commits(&journal.log) - before, 0);
}

/// Takes as long as a disk would to sync, so that the others queue up on a file system without one too.
fn slow_append(transaction: &mut dyn Transaction) -> Result<bool, StorageError> {
    let last = transaction.last_sequence()?;
    transaction.append(last, &[conformance::record(last + 1)])?;
    thread::sleep(Duration::from_micros(200));
    Ok(true)
}

#[test]
fn sixteen_writers_share_commits() {
    const THREADS: u32 = 16;
    const EACH: usize = 50;
    let journal = journal();
    let before = commits(&journal.log);
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (start, storage) = (&start, &journal.storage);
            scope.spawn(move || {
                start.wait();
                for _ in 0..EACH {
                    storage.transaction(&conformance::run(number), &mut slow_append).unwrap();
                }
            });
        }
    });
    let (appends, commits) = (THREADS as usize * EACH, commits(&journal.log) - before);
    assert!(commits * 4 <= appends, "{commits} commits for {appends} appends");
}
