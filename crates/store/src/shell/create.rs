//! Making the file.

use super::{KNOWN, ShellError, ShellState};
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// `closed` is set when a workflow ends and something of it is kept. A variable's `value` is NULL for a list, whose
/// elements are rows of their own: to append one costs the same whatever the list's length.
const SCHEMA: &str = "
    CREATE TABLE workflows (
        workflow INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        directory BLOB NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        closed INTEGER
    ) STRICT;
    CREATE TABLE variables (
        workflow INTEGER NOT NULL,
        name TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        value BLOB,
        PRIMARY KEY (workflow, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE items (
        workflow INTEGER NOT NULL,
        name TEXT NOT NULL,
        position INTEGER NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (workflow, name, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE checkpoints (
        workflow INTEGER NOT NULL,
        name TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        kept INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (workflow, name)
    ) STRICT;
";

/// Bytes of a page. Values are short, and every opener reads the whole log, page by page.
pub(super) const PAGE: u32 = 1024;

impl ShellState {
    /// Opens the state at `path`, made if it is missing; the folder must exist.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_or_create(path: &Path) -> Result<Self, ShellError> {
        if let Some(state) = Self::open(path)? {
            return Ok(state);
        }
        create(path)?;
        Self::open(path)?.ok_or_else(|| {
            let gone = std::io::Error::new(ErrorKind::NotFound, "it was removed as soon as it was made");
            ShellError::file("open", path, &gone)
        })
    }
}

/// The file is made whole under another name and then linked to its own: nobody ever sees half of it, and of several
/// processes that make it at once one is first and the others use that one.
fn create(path: &Path) -> Result<(), ShellError> {
    let fail = |error: std::io::Error| ShellError::file("make", path, &error);
    let draft = draft(path);
    // A draft of this name can only be of a process that was killed and had our id.
    let _ = std::fs::remove_file(&draft);
    // Values may be secrets: only their owner may read them. The log takes its mode from the file.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(fail)?;
    let linked = fill(&draft).map_err(|error| ShellError::medium("make", path, &error)).and_then(|()| {
        File::open(&draft).and_then(|file| file.sync_all()).map_err(fail)?;
        match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome.map_err(fail),
        }
    });
    // One that stays behind is only untidy.
    let _ = std::fs::remove_file(&draft);
    linked?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
}

fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{:?}", std::process::id(), std::thread::current().id()));
    PathBuf::from(name)
}

/// The mode is kept in the file, so no later opener asks for it. Closing the only connection removes the log.
fn fill(draft: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "user_version", KNOWN)?;
    connection.close().map_err(|(_, error)| error)
}
