//! Reading rows: the same queries serve readers and open transactions.

use super::sum;
use coordinate_engine::port::{Holder, Lease, RunHeader, StoredRecord};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::time::UtcMillis;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Why rows could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowsError {
    /// SQLite says so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// What is there is not what was written.
    #[error("{what} is damaged; keep a copy of the file, then restore it from a backup")]
    Damaged {
        /// Which row.
        what: String,
    },
}

type Result<T> = std::result::Result<T, RowsError>;

/// Holds a row to its checksum. One that an older release wrote has none.
fn whole(sum: Option<i64>, expected: impl FnOnce() -> i64, what: impl FnOnce() -> String) -> Result<()> {
    if sum.is_none_or(|sum| sum == expected()) { Ok(()) } else { Err(RowsError::Damaged { what: what() }) }
}

pub(super) fn last_sequence(connection: &Connection, run: &RunId) -> Result<u64> {
    let mut query = connection.prepare_cached(
        "SELECT sequence FROM events WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1)
         ORDER BY sequence DESC LIMIT 1",
    )?;
    let last = query.query_row([run.as_str()], |row| unsigned(row, 0)).optional()?;
    Ok(last.unwrap_or(0))
}

/// The records after a sequence, each as it was written, and none of them missing.
pub(super) fn records(connection: &Connection, run: &RunId, after: u64, limit: usize) -> Result<Vec<StoredRecord>> {
    let mut query = connection.prepare_cached(
        "SELECT sequence, at, format, body, sum FROM events
         WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1) AND sequence > ?2
         ORDER BY sequence LIMIT ?3",
    )?;
    // Beyond the largest integer of SQLite there are no sequences, and no more rows than that either.
    let (first, most) = (i64::try_from(after).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
    let mut rows = query.query(params![run.as_str(), first, most])?;
    let mut records: Vec<StoredRecord> = Vec::new();
    while let Some(row) = rows.next()? {
        let record = record(row)?;
        let expected = records.last().map_or(after, |last| last.sequence) + 1;
        if record.sequence != expected {
            return Err(RowsError::Damaged {
                what: format!("the journal of `{run}`, in which event {expected} is missing,"),
            });
        }
        let what = || format!("event {} of `{run}`", record.sequence);
        whole(row.get(4)?, || sum::of_record(run, &record), what)?;
        records.push(record);
    }
    Ok(records)
}

fn record(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok(StoredRecord { sequence: unsigned(row, 0)?, at: UtcMillis(row.get(1)?), format: row.get(2)?, body: row.get(3)? })
}

pub(super) fn lease(connection: &Connection, run: &RunId) -> Result<Option<Lease>> {
    let mut query = connection.prepare_cached(
        "SELECT epoch, boot_id, pid, start_time, sum FROM leases JOIN runs USING (run_key) WHERE run = ?1",
    )?;
    let found = query.query_row([run.as_str()], |row| {
        Ok((Lease { epoch: Token(bits(row, 0)?), holder: holder(row)? }, row.get::<_, Option<i64>>(4)?))
    });
    let Some((lease, sum)) = found.optional()? else { return Ok(None) };
    whole(sum, || sum::of_lease(run, &lease), || format!("the lease of `{run}`"))?;
    Ok(Some(lease))
}

fn holder(row: &Row<'_>) -> rusqlite::Result<Option<Holder>> {
    let Some(boot_id) = row.get(1)? else { return Ok(None) };
    Ok(Some(Holder { boot_id, pid: row.get(2)?, start_time: bits(row, 3)? }))
}

const HEADER: &str = "SELECT run, request, scope, workflow, state, outcome, started, updated, parent, headers.sum
    FROM headers JOIN runs USING (run_key)";

pub(super) fn headers(connection: &Connection) -> Result<Vec<RunHeader>> {
    let mut query = connection.prepare_cached(&format!("{HEADER} ORDER BY started DESC, run DESC"))?;
    let found = query.query_map([], header_row)?.collect::<rusqlite::Result<Vec<_>>>()?;
    found.into_iter().map(whole_header).collect()
}

pub(super) fn header(connection: &Connection, run: &RunId) -> Result<Option<RunHeader>> {
    let mut query = connection.prepare_cached(&format!("{HEADER} WHERE run = ?1"))?;
    query.query_row([run.as_str()], header_row).optional()?.map(whole_header).transpose()
}

fn whole_header((header, sum): (RunHeader, Option<i64>)) -> Result<RunHeader> {
    whole(sum, || sum::of_header(&header), || format!("the listing row of `{}`", header.run))?;
    Ok(header)
}

fn header_row(row: &Row<'_>) -> rusqlite::Result<(RunHeader, Option<i64>)> {
    let header = RunHeader {
        run: run_id(row)?,
        request: row.get(1)?,
        scope: row.get(2)?,
        workflow: row.get(3)?,
        state: row.get(4)?,
        outcome: row.get(5)?,
        started: UtcMillis(row.get(6)?),
        updated: UtcMillis(row.get(7)?),
        parent: row.get::<_, Option<String>>(8)?.map(parsed).transpose()?,
    };
    Ok((header, row.get(9)?))
}

fn run_id(row: &Row<'_>) -> rusqlite::Result<RunId> {
    parsed(row.get(0)?)
}

fn parsed(text: String) -> rusqlite::Result<RunId> {
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

/// A count. SQLite's integers are signed, so a negative one is damage.
fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A number of which all 64 bits count and the order does not matter to the database.
fn bits(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}
