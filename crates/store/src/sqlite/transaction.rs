//! What a caller may do while it has the write lock.

use super::place::Place;
use super::rows;
use super::sum;
use coordinate_engine::port::{Lease, RunHeader, StorageError, StoredRecord, Transaction};
use coordinate_model::ids::RunId;
use rusqlite::{Connection, OptionalExtension, params};

/// One caller's part of an open SQLite transaction.
pub(super) struct SqliteTransaction<'open> {
    connection: &'open Connection,
    place: &'open Place,
    run: &'open RunId,
    /// Looked up or made by the first write.
    run_key: Option<i64>,
    /// Set by a write that failed half-way. Such a part is never committed, whatever the caller says, or half
    /// of its records would be.
    broken: bool,
    /// The newest sequence that this part appended; 0 if it appended nothing.
    appended: u64,
}

impl<'open> SqliteTransaction<'open> {
    pub(super) fn new(connection: &'open Connection, place: &'open Place, run: &'open RunId) -> Self {
        Self { connection, place, run, run_key: None, broken: false, appended: 0 }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    fn run_key(&mut self) -> rusqlite::Result<i64> {
        if let Some(key) = self.run_key {
            return Ok(key);
        }
        let mut find = self.connection.prepare_cached("SELECT run_key FROM runs WHERE run = ?1")?;
        let found = find.query_row([self.run.as_str()], |row| row.get(0)).optional()?;
        let key = match found {
            Some(key) => key,
            None => {
                self.connection.prepare_cached("INSERT INTO runs (run) VALUES (?1)")?.insert([self.run.as_str()])?
            }
        };
        self.run_key = Some(key);
        Ok(key)
    }

    fn write(
        &mut self,
        action: &'static str,
        body: impl FnOnce(&Connection, i64) -> rusqlite::Result<()>,
    ) -> Result<(), StorageError> {
        let result = self.run_key().and_then(|key| body(self.connection, key));
        self.broken |= result.is_err();
        result.map_err(self.place.failed(action))
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn last_sequence(&mut self) -> Result<u64, StorageError> {
        rows::last_sequence(self.connection, self.run).map_err(|error| self.place.unread(error))
    }

    fn tail(&mut self, after: u64) -> Result<Vec<StoredRecord>, StorageError> {
        rows::records(self.connection, self.run, after, usize::MAX).map_err(|error| self.place.unread(error))
    }

    fn append(&mut self, expected_last: u64, records: &[StoredRecord]) -> Result<(), StorageError> {
        let found = self.last_sequence()?;
        crate::check_order(self.run, expected_last, found, records)?;
        let run = self.run;
        self.write("append to", |connection, key| insert(connection, (key, run), records))?;
        self.appended = records.last().map_or(self.appended, |record| record.sequence);
        Ok(())
    }

    fn lease(&mut self) -> Result<Option<Lease>, StorageError> {
        rows::lease(self.connection, self.run).map_err(|error| self.place.unread(error))
    }

    fn put_lease(&mut self, lease: &Lease) -> Result<(), StorageError> {
        let run = self.run;
        self.write("write a lease to", |connection, key| put_lease(connection, (key, run), lease))
    }

    fn put_header(&mut self, header: &RunHeader) -> Result<(), StorageError> {
        self.write("write a listing row to", |connection, key| put_header(connection, key, header))
    }
}

fn insert(connection: &Connection, (key, run): (i64, &RunId), records: &[StoredRecord]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (run_key, sequence, at, format, body, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for record in records {
        let sequence =
            i64::try_from(record.sequence).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        let sum = sum::of_record(run, record);
        insert.execute(params![key, sequence, record.at.0, record.format, record.body, sum])?;
    }
    Ok(())
}

fn put_lease(connection: &Connection, (key, run): (i64, &RunId), lease: &Lease) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO leases (run_key, epoch, boot_id, pid, start_time, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (run_key) DO UPDATE SET epoch = ?2, boot_id = ?3, pid = ?4, start_time = ?5, sum = ?6",
    )?;
    let holder = lease.holder.as_ref();
    put.execute(params![
        key,
        lease.epoch.0.cast_signed(),
        holder.map(|holder| holder.boot_id.as_str()),
        holder.map(|holder| holder.pid),
        holder.map(|holder| holder.start_time.cast_signed()),
        sum::of_lease(run, lease),
    ])?;
    Ok(())
}

fn put_header(connection: &Connection, key: i64, header: &RunHeader) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO headers (run_key, started, updated, scope, workflow, state, outcome, request, parent, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (run_key) DO UPDATE SET started = ?2, updated = ?3, scope = ?4, workflow = ?5, state = ?6,
         outcome = ?7, request = ?8, parent = ?9, sum = ?10",
    )?;
    put.execute(params![
        key,
        header.started.0,
        header.updated.0,
        header.scope,
        header.workflow,
        header.state,
        header.outcome,
        header.request,
        header.parent.as_ref().map(RunId::as_str),
        sum::of_header(header),
    ])?;
    Ok(())
}
