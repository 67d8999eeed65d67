//! Reading rows: the same queries serve readers and open transactions.

use coordinate_engine::port::{Holder, Lease, RunHeader, StoredRecord};
use coordinate_model::ids::{RunId, Token};
use coordinate_model::time::UtcMillis;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

pub(super) fn last_sequence(connection: &Connection, run: &RunId) -> rusqlite::Result<u64> {
    let mut query = connection.prepare_cached(
        "SELECT sequence FROM events WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1)
         ORDER BY sequence DESC LIMIT 1",
    )?;
    let last = query.query_row([run.as_str()], |row| unsigned(row, 0)).optional()?;
    Ok(last.unwrap_or(0))
}

pub(super) fn records(
    connection: &Connection,
    run: &RunId,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<StoredRecord>> {
    let mut query = connection.prepare_cached(
        "SELECT sequence, at, format, body FROM events
         WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1) AND sequence > ?2
         ORDER BY sequence LIMIT ?3",
    )?;
    // Beyond the largest integer of SQLite there are no sequences, and no more rows than that either.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    query.query_map(params![run.as_str(), after, limit], record)?.collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok(StoredRecord { sequence: unsigned(row, 0)?, at: UtcMillis(row.get(1)?), format: row.get(2)?, body: row.get(3)? })
}

pub(super) fn lease(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<Lease>> {
    let mut query = connection.prepare_cached(
        "SELECT epoch, boot_id, pid, start_time FROM leases JOIN runs USING (run_key) WHERE run = ?1",
    )?;
    query.query_row([run.as_str()], |row| Ok(Lease { epoch: Token(bits(row, 0)?), holder: holder(row)? })).optional()
}

fn holder(row: &Row<'_>) -> rusqlite::Result<Option<Holder>> {
    let Some(boot_id) = row.get(1)? else { return Ok(None) };
    Ok(Some(Holder { boot_id, pid: row.get(2)?, start_time: bits(row, 3)? }))
}

const HEADER: &str = "SELECT run, request, scope, workflow, state, outcome, started, updated, parent
    FROM headers JOIN runs USING (run_key)";

pub(super) fn headers(connection: &Connection) -> rusqlite::Result<Vec<RunHeader>> {
    let mut query = connection.prepare_cached(&format!("{HEADER} ORDER BY started DESC, run DESC"))?;
    query.query_map([], header_row)?.collect()
}

pub(super) fn header(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<RunHeader>> {
    let mut query = connection.prepare_cached(&format!("{HEADER} WHERE run = ?1"))?;
    query.query_row([run.as_str()], header_row).optional()
}

fn header_row(row: &Row<'_>) -> rusqlite::Result<RunHeader> {
    Ok(RunHeader {
        run: run_id(row)?,
        request: row.get(1)?,
        scope: row.get(2)?,
        workflow: row.get(3)?,
        state: row.get(4)?,
        outcome: row.get(5)?,
        started: UtcMillis(row.get(6)?),
        updated: UtcMillis(row.get(7)?),
        parent: row.get::<_, Option<String>>(8)?.map(parsed).transpose()?,
    })
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
