//! Journals in a SQLite file.

mod connection;
mod group;
mod marks;
mod place;
mod rows;
mod schema;
mod snapshots;
mod sum;
#[cfg(test)]
mod tests;
mod transaction;

use crate::fair_queue::{FairQueue, deadline_after};
use crate::turnstile::{Refusal, Turnstile};
use coordinate_engine::port::{Lease, RunHeader, Storage, StorageError, StoredRecord, StoredSnapshot, Transaction};
use coordinate_model::ids::RunId;
use group::Writer;
use marks::Marks;
use place::Place;
use rows::RowsError;
use rusqlite::Connection;
use snapshots::Snapshots;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The journals of one project in one SQLite file, shared by any number of threads and processes.
///
/// Beside the file lie its write-ahead log (`-wal`, `-shm`), two empty lock files (`.queue`, `.turn`), a folder of
/// cached folds (`.snapshots`), which may be deleted at any time, and one that says how far each run had come (`.marks`).
#[derive(Debug)]
pub struct SqliteStorage {
    place: Place,
    threads: FairQueue,
    turnstile: Turnstile,
    writer: Mutex<Writer>,
    reader: Mutex<Connection>,
    snapshots: Snapshots,
    marks: Marks,
}

impl SqliteStorage {
    /// How long a write waits for its turn before it gives up with [`StorageError::Busy`].
    pub const DEFAULT_LIMIT: Duration = Duration::from_secs(30);

    /// Opens the journal at `path`, made if it is missing; the folder must exist.
    ///
    /// # Errors
    /// `TooNew` if a newer release made the file, `Medium` if it is no journal or can not be opened.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        Self::open_with_limit(path, Self::DEFAULT_LIMIT)
    }

    /// Like [`open`](Self::open), with a waiting limit of one's own.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and `Busy` if the file was being made by another process all that time.
    pub fn open_with_limit(path: &Path, limit: Duration) -> Result<Self, StorageError> {
        let place = Place::new(path, limit);
        let reader = connection::open_reader(&place)?;
        let turnstile = Turnstile::beside(path);
        if !schema::is_current(&reader, &place)? {
            migrate(&place, &turnstile)?;
        }
        let (snapshots, marks) = (Snapshots::beside(&place), Marks::beside(&place));
        let (threads, writer) = (FairQueue::default(), Mutex::default());
        Ok(Self { place, threads, turnstile, writer, reader: Mutex::new(reader), snapshots, marks })
    }

    /// After the commit, so that a mark is never ahead of what is durable.
    fn note(&self, run: &RunId, appended: u64) {
        if appended > 0 {
            self.marks.put(run, appended);
        }
    }

    /// A panic in a caller's part is caught before it gets here, and SQLite keeps its connections whole.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, RowsError>) -> Result<T, StorageError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        query(&reader).map_err(|error| self.place.unread(error))
    }
}

fn migrate(place: &Place, turnstile: &Turnstile) -> Result<(), StorageError> {
    let since = Instant::now();
    // Switching a file to its write-ahead log does not wait for others that do the same; the turnstile does.
    let _passage = turnstile.pass(deadline_after(place.limit())).map_err(|refusal| match refusal {
        Refusal::TooLate => place.busy(since),
        Refusal::Failed(error) => place.medium("wait for", error),
    })?;
    schema::migrate(&mut connection::open_writer(place)?, place)
}

impl Storage for SqliteStorage {
    fn transaction(
        &self,
        run: &RunId,
        body: &mut dyn FnMut(&mut dyn Transaction) -> Result<bool, StorageError>,
    ) -> Result<(), StorageError> {
        let since = Instant::now();
        let deadline = deadline_after(self.place.limit());
        let turn = self.threads.enter(deadline).ok_or_else(|| self.place.busy(since))?;
        let (fate, part) = self.writer().take_part(&self.place, &self.turnstile, since, deadline, run, body)?;
        // Nobody waits behind this thread, so it is the one that commits for the group.
        if let Err(turn) = turn.hand_over() {
            self.writer().finish();
            drop(turn);
        }
        let committed = fate.wait(&self.place);
        match part {
            Ok(own) => committed.and(own).map(|appended| self.note(run, appended)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn records(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<StoredRecord>, StorageError> {
        // Read before the journal is: what another process commits meanwhile is not missing.
        let mark = self.marks.get(run);
        let records = self.read(|reader| rows::records(reader, run, after, limit))?;
        if records.len() < limit {
            let newest = records.last().map_or(after, |record| record.sequence);
            self.marks.check(&self.place, run, mark, newest)?;
        }
        Ok(records)
    }

    fn headers(&self) -> Result<Vec<RunHeader>, StorageError> {
        self.read(rows::headers)
    }

    fn header(&self, run: &RunId) -> Result<Option<RunHeader>, StorageError> {
        self.read(|reader| rows::header(reader, run))
    }

    fn lease(&self, run: &RunId) -> Result<Option<Lease>, StorageError> {
        self.read(|reader| rows::lease(reader, run))
    }

    fn snapshot(&self, run: &RunId) -> Result<Option<StoredSnapshot>, StorageError> {
        self.snapshots.get(&self.place, run)
    }

    fn put_snapshot(&self, run: &RunId, snapshot: &StoredSnapshot) -> Result<(), StorageError> {
        self.snapshots.put(&self.place, run, snapshot)
    }

    fn change_counter(&self) -> Result<u64, StorageError> {
        // Counts the commits of other connections, and this one never commits: so it counts them all.
        let version: i64 = self.read(|reader| Ok(reader.query_row("PRAGMA data_version", [], |row| row.get(0))?))?;
        Ok(version.cast_unsigned())
    }
}

impl Drop for SqliteStorage {
    fn drop(&mut self) {
        if let Some(writer) = self.writer().connection() {
            connection::prepare_to_close(&self.place, writer);
        }
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        connection::prepare_to_close(&self.place, &reader);
    }
}
