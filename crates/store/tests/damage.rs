//! Files that a disk has damaged: cut off, or with a bit turned, on each page. What is read then is what was written, or
//! an error; never something else.

#![expect(clippy::unwrap_used, reason = "set-up outside the test functions fails by panicking too")]

use coordinate_engine::port::{Holder, Lease, RunHeader, Storage, StorageError, StoredRecord};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::time::UtcMillis;
use coordinate_store::{SqliteStorage, conformance};
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: usize = 4096;

/// More records than fit on a few pages, some of them longer than a page.
const RECORDS: u64 = 120;

fn body(sequence: u64) -> Vec<u8> {
    let long = if sequence.is_multiple_of(17) { 6_000 } else { 200 };
    format!("{{\"event\":\"step\",\"n\":{sequence},\"text\":\"{}\"}}", "word ".repeat(long / 5)).into_bytes()
}

fn header(run: &RunId) -> RunHeader {
    RunHeader {
        run: run.clone(),
        request: "implement the plan".to_owned(),
        scope: "full-implementation".to_owned(),
        workflow: "coordinate".to_owned(),
        state: "implement".to_owned(),
        outcome: None,
        parent: None,
        started: UtcMillis(1_700_000_000_000),
        updated: UtcMillis(1_700_000_000_500),
    }
}

fn lease() -> Lease {
    Lease { epoch: Token(3), holder: Some(Holder { boot_id: "boot".to_owned(), pid: 4711, start_time: 99 }) }
}

/// Writes two runs in many commits; the end of the second is in the write-ahead log alone.
fn write(path: &Path) -> SqliteStorage {
    let storage = SqliteStorage::open(path).unwrap();
    for sequence in 1..=RECORDS {
        for number in [1, 2] {
            let run = conformance::run(number);
            let record = StoredRecord { body: body(sequence), ..conformance::record(sequence) };
            let commit = storage.transaction(&run, &mut |transaction| {
                transaction.append(sequence - 1, std::slice::from_ref(&record))?;
                transaction.put_lease(&lease())?;
                transaction.put_header(&header(&run))?;
                Ok(true)
            });
            commit.unwrap();
        }
    }
    storage
}

/// All that a journal says, or the first error.
fn read(path: &Path) -> Result<String, StorageError> {
    let storage = SqliteStorage::open(path)?;
    let mut said = format!("{:?}", storage.headers()?);
    for run in [1, 2].map(conformance::run) {
        said.push_str(&format!("{:?}{:?}", storage.lease(&run)?, storage.header(&run)?));
        for after in [0, RECORDS / 2] {
            said.push_str(&format!("{:?}", storage.records(&run, after, usize::MAX)?));
        }
        storage.transaction(&run, &mut |transaction| {
            said.push_str(&format!("{:?}{:?}", transaction.last_sequence()?, transaction.lease()?));
            said.push_str(&format!("{:?}", transaction.tail(0)?));
            Ok(false)
        })?;
    }
    Ok(said)
}

/// A folder with a journal whose log was left long, or is folded into the file.
struct Journal {
    folder: tempfile::TempDir,
    files: Vec<(PathBuf, Vec<u8>)>,
    said: String,
}

impl Journal {
    fn new(folded: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let storage = write(&path);
        let said = read(&path).unwrap();
        if folded {
            let connection = rusqlite::Connection::open(&path).unwrap();
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            connection.query_row(checkpoint, [], |row| row.get::<_, i64>(0)).unwrap();
        }
        // As a killed process leaves them: the last one to close the file would fold its log into it.
        let files = ["journal.db", "journal.db-wal", "journal.db-shm"].map(|name| folder.path().join(name));
        let files = files.into_iter().filter_map(|file| Some((file.clone(), fs::read(file).ok()?))).collect();
        drop(storage);
        Self { folder, files, said }
    }

    /// The journal as it was, but for one file. Says whether the damage was seen; what is not seen must change nothing.
    #[track_caller]
    fn damaged(&self, name: &str, what: &str, damage: impl FnOnce(&mut Vec<u8>)) -> bool {
        let (_, bytes) = self.files.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        let mut bytes = bytes.clone();
        damage(&mut bytes);
        for (path, whole) in &self.files {
            fs::write(path, if path.ends_with(name) { &bytes } else { whole }).unwrap();
        }
        match read(&self.folder.path().join("journal.db")) {
            Ok(said) => {
                assert!(said == self.said, "{what} of `{name}`: something else is read, and nothing said");
                false
            }
            Err(StorageError::Medium { .. } | StorageError::TooNew { .. }) => true,
            Err(error) => panic!("{what} of `{name}`: {error}"),
        }
    }

    fn length(&self, name: &str) -> usize {
        self.files.iter().find(|(path, _)| path.ends_with(name)).map_or(0, |(_, bytes)| bytes.len())
    }

    /// Turns bits at many places of each page; returns how many were seen, of how many.
    #[track_caller]
    fn turned(&self, name: &str, step: usize) -> (usize, usize) {
        let places: Vec<usize> = (0..self.length(name)).step_by(step).collect();
        let seen = places.iter().filter(|place| {
            let bit = 1_u8 << (*place / step % 8);
            self.damaged(name, &format!("bit {bit} at {place}"), |bytes| bytes[**place] ^= bit)
        });
        (seen.count(), places.len())
    }

    #[track_caller]
    fn cut(&self, name: &str, step: usize) -> (usize, usize) {
        let places: Vec<usize> = (0..self.length(name)).step_by(step).collect();
        let seen = places
            .iter()
            .filter(|place| self.damaged(name, &format!("cut at {place}"), |bytes| bytes.truncate(**place)));
        (seen.count(), places.len())
    }
}

/// Shows N1.
#[test]
fn a_bit_that_turns_on_any_page_of_the_file_is_seen_or_harmless() {
    let (seen, of) = Journal::new(true).turned("journal.db", PAGE / 8 - 3);
    println!("file: {seen} of {of} turned bits were seen, the others were in unused bytes");
    assert!(seen * 2 > of, "{seen} of {of} is too little to be true");
}

/// Shows N1.
#[test]
fn a_file_that_is_cut_off_at_any_page_is_refused() {
    let (seen, of) = Journal::new(true).cut("journal.db", PAGE / 2);
    // Cut to nothing it is an empty file, and what is gone is seen by the marks.
    assert_eq!(seen, of);
}

/// The log has checksums of its own, and what follows a damaged page of it is gone: the marks know that it was there.
///
/// Shows N1.
#[test]
fn a_write_ahead_log_that_is_damaged_is_seen_or_harmless() {
    let journal = Journal::new(false);
    let (seen, of) = journal.turned("journal.db-wal", 9 * PAGE + 391);
    println!("log: {seen} of {of} turned bits were seen");
    assert!(seen * 2 > of, "{seen} of {of} is too little to be true");
    let (seen, of) = journal.cut("journal.db-wal", 9 * PAGE + 17);
    assert_eq!(seen, of);
}

/// The index of the log is made anew from the log.
#[test]
fn an_index_of_the_log_that_is_damaged_is_harmless() {
    let journal = Journal::new(false);
    journal.turned("journal.db-shm", 509);
    journal.cut("journal.db-shm", 4_001);
}
