//! Figures that people and scripts record of a project, in a SQLite file of its own: what was measured once can not be
//! computed again from a journal.

use coordinate_model::time::UtcMillis;
use rusqlite::{Connection, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The schema version that this program writes, and the newest that it reads.
const KNOWN: u32 = 1;

/// Longest wait for the write lock.
const LIMIT: Duration = Duration::from_secs(30);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS figures (
        figure INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        name TEXT NOT NULL,
        run TEXT,
        body TEXT NOT NULL
    ) STRICT;
    PRAGMA user_version = 1;
";

/// Why figures could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FiguresError {
    /// A newer release made the file.
    #[error(
        "the figures in `{place}` have schema version {found}, this program knows {known}; install a newer `coordinate`"
    )]
    TooNew {
        /// The file.
        place: String,
        /// Its version.
        found: u32,
        /// The newest known one.
        known: u32,
    },
    /// Anything that the medium itself reports.
    #[error("failed to {action} the figures in `{place}`: {cause}")]
    Medium {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file.
        place: String,
        /// The medium's own message.
        cause: String,
    },
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// When it was recorded.
    pub at: UtcMillis,
    /// Its name.
    pub name: String,
    /// The run that it is of, if it is of one.
    pub run: Option<String>,
    /// Its value, as JSON.
    pub body: String,
}

/// The figures of a project.
#[derive(Debug)]
pub struct Figures {
    path: PathBuf,
    connection: Connection,
}

impl Figures {
    /// Opens the figures at `path`, made if they are missing; the folder must exist.
    ///
    /// # Errors
    /// `TooNew` if a newer release made the file, `Medium` if it can not be read or made.
    pub fn open(path: &Path) -> Result<Self, FiguresError> {
        let fail = |error| medium("open", path, &error);
        let mut connection = Connection::open(path).map_err(fail)?;
        connection.busy_timeout(LIMIT).map_err(fail)?;
        connection.execute_batch("PRAGMA synchronous=FULL").map_err(fail)?;
        let version = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0));
        let mut found: u32 = version(&connection).map_err(fail)?;
        if found == 0 {
            // Two that make it at once both find it missing; the second finds it made inside its own transaction.
            let made = || {
                let open = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                open.execute_batch(SCHEMA)?;
                open.commit()
            };
            let mut made = made;
            made().map_err(fail)?;
            found = version(&connection).map_err(fail)?;
        }
        if found > KNOWN {
            return Err(FiguresError::TooNew { place: path.display().to_string(), found, known: KNOWN });
        }
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Records a figure, durably.
    ///
    /// # Errors
    /// When the file can not be written.
    pub fn add(&mut self, figure: &Figure) -> Result<(), FiguresError> {
        let add = "INSERT INTO figures (at, name, run, body) VALUES (?1, ?2, ?3, ?4)";
        let added = self.connection.execute(add, params![figure.at.0, figure.name, figure.run, figure.body]);
        added.map(drop).map_err(|error| medium("write", &self.path, &error))
    }

    /// All figures, in the order in which they were recorded.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn all(&self) -> Result<Vec<Figure>, FiguresError> {
        let read = || {
            let mut rows = self.connection.prepare("SELECT at, name, run, body FROM figures ORDER BY figure")?;
            let figures = rows.query_map([], |row| {
                Ok(Figure { at: UtcMillis(row.get(0)?), name: row.get(1)?, run: row.get(2)?, body: row.get(3)? })
            })?;
            figures.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| medium("read", &self.path, &error))
    }
}

fn medium(action: &'static str, path: &Path, error: &rusqlite::Error) -> FiguresError {
    FiguresError::Medium { action, place: path.display().to_string(), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str, at: i64) -> Figure {
        Figure { at: UtcMillis(at), name: name.to_owned(), run: None, body: "{\"ms\":3}".to_owned() }
    }

    #[test]
    fn what_was_recorded_is_there_for_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.db");
        let of_run = Figure { run: Some("run_1".to_owned()), ..figure("bench", 2) };
        Figures::open(&path).unwrap().add(&figure("bench", 1)).unwrap();
        Figures::open(&path).unwrap().add(&of_run).unwrap();
        assert_eq!(Figures::open(&path).unwrap().all().unwrap(), [figure("bench", 1), of_run]);
    }

    #[test]
    fn several_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.db");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for at in 0..5 {
                        Figures::open(path).unwrap().add(&figure(&format!("w{writer}"), at)).unwrap();
                    }
                });
            }
        });
        assert_eq!(Figures::open(&path).unwrap().all().unwrap().len(), 20);
    }

    #[test]
    fn a_newer_file_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.db");
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
        let error = Figures::open(&path).unwrap_err().to_string();
        assert!(error.ends_with("schema version 9, this program knows 1; install a newer `coordinate`"), "{error}");
    }
}
