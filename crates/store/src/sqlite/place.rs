//! Which journal is spoken of, and how what SQLite reports becomes an error that names it and the remedy.

use super::rows::RowsError;
use crate::fair_queue::LONGEST_LIMIT;
use coordinate_engine::port::StorageError;
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A journal's path and the longest that anything waits for it.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    limit: Duration,
}

impl Place {
    pub(super) fn new(path: &Path, limit: Duration) -> Self {
        Self { path: path.to_owned(), limit: limit.min(LONGEST_LIMIT) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// The journal's path with something appended to its name.
    pub(super) fn sibling(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    }

    /// The error for a wait that began at `since` and was given up.
    pub(super) fn busy(&self, since: Instant) -> StorageError {
        let waited_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        StorageError::Busy { place: self.text(), waited_ms }
    }

    /// The error for a file that a newer release made.
    pub(super) fn too_new(&self, found: u32, known: u32) -> StorageError {
        StorageError::TooNew { place: self.text(), found, known }
    }

    /// The error for anything else, in the words of whoever reported it.
    pub(super) fn medium(&self, action: &'static str, cause: impl ToString) -> StorageError {
        StorageError::Medium { action, place: self.text(), cause: cause.to_string() }
    }

    /// Turns what SQLite reported while it was asked to `action` into the port's error.
    pub(super) fn failed(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> StorageError {
        move |error| match error.sqlite_error_code() {
            // SQLite's own busy handler has waited for the whole limit before it says so.
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                let waited_ms = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
                StorageError::Busy { place: self.text(), waited_ms }
            }
            code => self.medium(action, cause(&error, code)),
        }
    }

    /// Turns what went wrong in reading into the port's error.
    pub(super) fn unread(&self, error: RowsError) -> StorageError {
        match error {
            RowsError::Sqlite(error) => self.failed("read")(error),
            damaged @ RowsError::Damaged { .. } => self.medium("read", damaged),
        }
    }

    fn text(&self) -> String {
        self.path.display().to_string()
    }
}

/// SQLite's message, and what the user can do about it.
pub(super) fn cause(error: &rusqlite::Error, code: Option<ErrorCode>) -> String {
    match code.and_then(remedy) {
        Some(remedy) => format!("{error}; {remedy}"),
        None => error.to_string(),
    }
}

fn remedy(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::NotADatabase => Some("move the file away, and a new journal is started in its place"),
        ErrorCode::DatabaseCorrupt => Some("keep a copy of the file, then restore it from a backup"),
        ErrorCode::DiskFull => Some("free some space, then resume"),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
            Some("check that its folder exists and may be written to")
        }
        _ => None,
    }
}
