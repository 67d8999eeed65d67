//! Several processes at one journal, and processes that are killed there.

#![expect(clippy::unwrap_used, reason = "set-up outside the test functions fails by panicking too")]

use coordinate_engine::port::Storage;
use coordinate_store::{SqliteStorage, conformance};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

struct Journal {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn journal() -> Journal {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    Journal { _folder: folder, path }
}

fn probe(action: &str, path: &Path, run: u32, count: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_journal-probe"))
        .arg(action)
        .arg(path)
        .args([run.to_string(), count.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for the end and returns the numbers that the process said.
#[track_caller]
fn numbers(child: Child) -> Vec<u64> {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the process failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[track_caller]
fn succeeds(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the process failed: {}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn check_whole(storage: &SqliteStorage, run: u32) -> u64 {
    let records = storage.records(&conformance::run(run), 0, usize::MAX).unwrap();
    for (record, sequence) in records.iter().zip(1..) {
        assert_eq!(*record, conformance::record(sequence), "a gap or half a record");
    }
    records.len().try_into().unwrap()
}

#[test]
fn many_processes_lose_no_update() {
    let journal = journal();
    let writers: Vec<_> = (0..6).map(|_| probe("append", &journal.path, 1, 40)).collect();
    let mut said: Vec<u64> = writers.into_iter().flat_map(numbers).collect();
    said.sort_unstable();
    assert_eq!(said, (1..=240).collect::<Vec<_>>(), "each sequence is acknowledged to exactly one writer");
    assert_eq!(check_whole(&SqliteStorage::open(&journal.path).unwrap(), 1), 240);
}

#[test]
fn a_new_journal_may_be_made_by_many_at_once() {
    for _ in 0..10 {
        let journal = journal();
        let writers: Vec<_> = (0..12).map(|_| probe("append", &journal.path, 1, 1)).collect();
        let mut said: Vec<u64> = writers.into_iter().flat_map(numbers).collect();
        said.sort_unstable();
        assert_eq!(said, (1..=12).collect::<Vec<_>>());
    }
}

#[test]
fn short_readers_and_writers_meet_no_lock_error() {
    let journal = journal();
    let writers: Vec<_> = (1..=2).map(|run| probe("append", &journal.path, run, 300)).collect();
    let readers: Vec<_> = (0..20).map(|_| probe("reads", &journal.path, 1, 10)).collect();
    readers.into_iter().for_each(succeeds);
    writers.into_iter().for_each(succeeds);
    let storage = SqliteStorage::open(&journal.path).unwrap();
    assert_eq!((check_whole(&storage, 1), check_whole(&storage, 2)), (300, 300));
}

#[test]
fn no_process_starves() {
    let journal = journal();
    drop(SqliteStorage::open(&journal.path).unwrap());
    let writers: Vec<_> = (1..=8).map(|run| probe("waits", &journal.path, run, 200)).collect();
    let mut waits: Vec<u64> = writers.into_iter().flat_map(numbers).collect();
    waits.sort_unstable();
    let (median, longest) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    // Served in turn the longest is a few medians; with SQLite's own busy handler alone it was 2,600 of them.
    assert!(longest <= 100 * median, "one append waited {longest} us, half of them under {median} us");
}

/// Lets a writer say `acknowledged` sequences, kills it, and returns the last one that it said.
fn kill_after(path: &Path, acknowledged: usize) -> u64 {
    let mut writer = probe("append", path, 1, u32::MAX);
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    for _ in 0..acknowledged {
        lines.next().unwrap().unwrap();
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    // What was in the pipe when it died was acknowledged too. Its last line may be cut off.
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    rest.iter().rev().find_map(|line| line.parse().ok()).unwrap_or(0)
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let journal = journal();
    let mut before = 0;
    for round in 0..40 {
        let acknowledged = kill_after(&journal.path, 1 + round % 7);
        let storage = SqliteStorage::open(&journal.path).unwrap();
        let stored = check_whole(&storage, 1);
        assert!(stored >= acknowledged, "{acknowledged} was acknowledged, the journal ends at {stored}");
        assert!(stored > before, "nothing was appended in round {round}");
        before = conformance::append_next(&storage, &conformance::run(1)).unwrap();
        assert_eq!(before, stored + 1);
    }
}

#[test]
fn a_writer_killed_while_others_wait_does_not_hold_them_up() {
    let journal = journal();
    let others: Vec<_> = (0..3).map(|_| probe("append", &journal.path, 1, 60)).collect();
    for _ in 0..5 {
        kill_after(&journal.path, 3);
    }
    others.into_iter().for_each(succeeds);
    assert!(check_whole(&SqliteStorage::open(&journal.path).unwrap(), 1) >= 180);
}
