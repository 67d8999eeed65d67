//! Files of the project and of work trees.

use std::path::{Path, PathBuf};

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} `{path}`: {cause}")]
pub struct FilesError {
    /// What was being done, as a verb.
    pub action: &'static str,
    /// The path.
    pub path: String,
    /// The system's message.
    pub cause: String,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// Nothing.
    Nothing,
    /// A file of this many bytes.
    File(u64),
    /// A folder.
    Folder,
}

/// The file system, as far as a run touches it by itself.
pub trait Files: Send + Sync {
    /// What stands at a path.
    fn kind(&self, path: &Path) -> PathKind;

    /// The path with every link on it followed; `None` if nothing is there. What an agent wrote through a link that
    /// leads out of the project must not pass for work inside it.
    fn real(&self, path: &Path) -> Option<PathBuf>;

    /// A file's bytes; `None` if it is not there.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FilesError>;

    /// Writes a whole file, durably, so that a reader or a crash never sees half of it. Makes its folder.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), FilesError>;

    /// The names in a folder, newest first, at most `limit`; empty if it is not there.
    fn newest(&self, folder: &Path, limit: usize) -> Vec<String>;

    /// The files below a folder, as paths relative to it, sorted; empty if it is not there. Links are not followed.
    fn walk(&self, folder: &Path) -> Vec<String>;

    /// Makes a link at `link` to `target`, unless something stands there already.
    fn link(&self, target: &Path, link: &Path) -> Result<(), FilesError>;

    /// Removes the link at `link` if it is one to `target`; anything else stays.
    fn unlink(&self, target: &Path, link: &Path) -> Result<(), FilesError>;

    /// Removes a folder if it is empty.
    fn remove_empty(&self, folder: &Path);
}
