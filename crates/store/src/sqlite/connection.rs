//! Connections to a journal, and how they are closed.

use super::place::Place;
use coordinate_engine::port::StorageError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Pages of the write-ahead log after which a commit copies them into the main file.
///
/// A checkpoint costs about three syncs, so at one or two pages a commit it adds under 0.3 % to the count.
const CHECKPOINT_PAGES: u32 = 4000;

/// Bytes of the write-ahead log up to which the last one out leaves it as it is.
///
/// Leaving it spares a short command two syncs; the next to open it pays for reading it once.
const LOG_LEFT_BEHIND: u64 = 128 * 4120;

/// A connection that writes. `synchronous=FULL` syncs the log in every commit, which is what "durable" means.
pub(super) fn open_writer(place: &Place) -> Result<Connection, StorageError> {
    open(place, &format!("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}"))
}

/// A connection that never writes: a slip here can not change a journal, and `data_version` on it counts the
/// commits of this process too.
pub(super) fn open_reader(place: &Place) -> Result<Connection, StorageError> {
    open(place, "PRAGMA query_only=ON")
}

fn open(place: &Place, pragmas: &str) -> Result<Connection, StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let configure = || {
        let connection = Connection::open_with_flags(place.path(), flags)?;
        connection.busy_timeout(place.limit())?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        connection.execute_batch(pragmas)?;
        Ok(connection)
    };
    configure().map_err(place.failed("open"))
}

/// Lets `connection` fold a long write-ahead log into the main file when it turns out to be the last one open.
///
/// Without this a log left long by a killed driver would be read again by every short command after it.
pub(super) fn prepare_to_close(place: &Place, connection: &Connection) {
    let log = std::fs::metadata(place.sibling("-wal")).map_or(0, |metadata| metadata.len());
    if log > LOG_LEFT_BEHIND {
        // A close that does not checkpoint is only slower for the next one: nothing to report.
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
    }
}
