//! One process at a time, by a lock on a file that the system lets go when its holder dies.

use super::command::file_failure;
use coordinate_engine::port::RepositoryError;
use std::fs::{File, OpenOptions};
use std::path::Path;

/// Holds the lock on a file until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Exclusive {
    _file: File,
}

impl Exclusive {
    /// Waits for the lock. The file is never deleted: two processes could then hold two files of one name.
    pub(super) fn hold(path: &Path) -> Result<Self, RepositoryError> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = open.map_err(|error| file_failure("open the lock", path, &error))?;
        file.lock().map_err(|error| file_failure("lock", path, &error))?;
        Ok(Self { _file: file })
    }
}
