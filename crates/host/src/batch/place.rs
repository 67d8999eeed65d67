//! Where a batch may write: inside the root, and never through a link that leads out of it.

use super::BatchError;
use std::path::{Component, Path, PathBuf};

/// What is at a path. A symbolic link is never followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    File,
    Folder,
    /// A symbolic link, a device, a socket.
    Other,
}

pub(super) fn kind(path: &Path) -> Kind {
    match std::fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => Kind::Folder,
        Ok(data) if data.is_file() => Kind::File,
        Ok(_) => Kind::Other,
        Err(_) => Kind::Nothing,
    }
}

/// A path of the root, which is canonical, as one of the file system.
pub(super) fn resolve(root: &Path, path: &str) -> Result<PathBuf, BatchError> {
    let refused = |why| Err(BatchError::Refused { path: path.to_owned(), why });
    let parts = Path::new(path).components();
    if path.is_empty() || parts.clone().any(|part| !matches!(part, Component::Normal(_))) {
        return refused("leads out of the project");
    }
    let place = root.join(path);
    // The nearest folder above that is there says where the path really leads.
    let above = place.ancestors().skip(1).find_map(|folder| folder.canonicalize().ok());
    if above.is_some_and(|folder| folder.starts_with(root)) {
        return Ok(place);
    }
    refused("leads out of the project through a symbolic link")
}
