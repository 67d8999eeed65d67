//! State for shell blocks: variables and named checkpoints of workflows, in a SQLite file of its own.
//!
//! An agent runs each of its command blocks in a new process, so what one block exports is gone in the next. This is
//! where it is kept. The file is not the journal's: a block never waits behind a driver.
//!
//! Opening must be quick, because every block pays for it: no table is made or looked for, the schema's version is one
//! number in the file's head, and the last one out leaves a short log as it is.

mod aside;
mod create;
mod error;
mod read;
mod restore;
mod retain;
#[cfg(test)]
mod tests;
mod write;

pub use error::ShellError;
pub use read::CheckpointRow;
pub use restore::InTheWay;
pub use retain::{Expired, Runs};

use crate::turnstile::Turnstile;
use coordinate_model::shell::WorkflowId;
use coordinate_model::time::UtcMillis;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The schema version that this program writes.
const KNOWN: u32 = 1;

/// Longest wait for the write lock. A block that waits longer is better told.
const LIMIT: Duration = Duration::from_secs(30);

/// Bytes of the write-ahead log up to which the last one out leaves it: the next opener reads it once, which is
/// cheaper than the syncs of folding it into the file.
const LOG_LEFT_BEHIND: u64 = 64 * (create::PAGE as u64 + 24);

/// The state of a project's shell blocks.
#[derive(Debug)]
pub struct ShellState {
    path: PathBuf,
    turnstile: Turnstile,
    connection: Connection,
}

/// A workflow that has state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// Its id.
    pub id: WorkflowId,
    /// The folder where its first block ran.
    pub directory: PathBuf,
    /// When its state was made.
    pub created: UtcMillis,
    /// When it was last changed.
    pub updated: UtcMillis,
}

impl ShellState {
    /// Opens the state at `path`; `None` if there is none.
    ///
    /// # Errors
    /// `TooNew` if a newer release made the file, `Medium` if it is something else or can not be read.
    pub fn open(path: &Path) -> Result<Option<Self>, ShellError> {
        let fail = |error| ShellError::medium("open", path, &error);
        let connection = match connect(path) {
            Ok(connection) => connection,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
                if !path.exists() {
                    return Ok(None);
                }
                // It may have come between the two looks: another process's first block has just made it.
                connect(path).map_err(fail)?
            }
            Err(error) => return Err(fail(error)),
        };
        match connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fail)? {
            KNOWN => {}
            found if found > KNOWN => return Err(ShellError::TooNew { place: shown(path), found, known: KNOWN }),
            _ => return Err(ShellError::Foreign { place: shown(path) }),
        }
        Ok(Some(Self { path: path.to_owned(), turnstile: Turnstile::beside(path), connection }))
    }

    /// Where the state lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> ShellError {
        move |error| ShellError::medium(action, &self.path, &error)
    }
}

impl Drop for ShellState {
    fn drop(&mut self) {
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > LOG_LEFT_BEHIND) {
            // A close that does not fold the log is only slower for the next one: nothing to report.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LIMIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
