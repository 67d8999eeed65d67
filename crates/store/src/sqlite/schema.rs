//! The tables, and how older files are brought to the newest shape.
//!
//! A change is a new entry at the end of [`MIGRATIONS`]; an entry that was released is never edited.

use super::place::Place;
use coordinate_engine::port::StorageError;
use rusqlite::{Connection, TransactionBehavior};

/// Runs get a small key, so that an event costs two bytes for its run and not thirty. Events are stored in the
/// order of their key, so an append touches the one page that the run's last event is on. `request` comes last
/// in its row because a long one spills to further pages, which stay untouched while the rest keeps its size.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE runs (
        run_key INTEGER PRIMARY KEY,
        run TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE events (
        run_key INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        at INTEGER NOT NULL,
        format INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (run_key, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE leases (
        run_key INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL,
        boot_id TEXT,
        pid INTEGER,
        start_time INTEGER
    ) STRICT;
    CREATE TABLE headers (
        run_key INTEGER PRIMARY KEY,
        started INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        scope TEXT NOT NULL,
        workflow TEXT NOT NULL,
        state TEXT NOT NULL,
        outcome TEXT,
        request TEXT NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE headers ADD COLUMN parent TEXT;
",
    // A checksum of each row. Rows of older releases have none.
    "
    ALTER TABLE events ADD COLUMN sum INTEGER;
    ALTER TABLE leases ADD COLUMN sum INTEGER;
    ALTER TABLE headers ADD COLUMN sum INTEGER;
",
];

/// The schema version that this program writes.
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Whether the file has the known shape; `false` if it is older or empty. A newer one is refused.
pub(super) fn is_current(connection: &Connection, place: &Place) -> Result<bool, StorageError> {
    let found = version(connection).map_err(place.failed("open"))?;
    if found > KNOWN {
        return Err(place.too_new(found, KNOWN));
    }
    Ok(found == KNOWN)
}

/// Applies the missing migrations, all in one transaction. The caller keeps other openers out meanwhile.
pub(super) fn migrate(connection: &mut Connection, place: &Place) -> Result<(), StorageError> {
    // Asked again: another process may have finished the work while this one waited for its turn.
    if is_current(connection, place)? {
        return Ok(());
    }
    refuse_foreign(connection, place)?;
    apply(connection).map_err(place.failed("prepare"))
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Guards a database of some other program, found at our path by mistake, against being written to.
fn refuse_foreign(connection: &Connection, place: &Place) -> Result<(), StorageError> {
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: u32 = connection.query_row(count, [], |row| row.get(0)).map_err(place.failed("open"))?;
    let ours = version(connection).map_err(place.failed("open"))? > 0;
    if tables > 0 && !ours {
        let cause = "the file is a database of another program; move it away or choose another place";
        return Err(place.medium("open", cause));
    }
    Ok(())
}

fn apply(connection: &mut Connection) -> rusqlite::Result<()> {
    // The mode is kept in the file, so no later opener needs to ask for it. It can not be set in a transaction.
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", KNOWN)?;
    transaction.commit()
}
