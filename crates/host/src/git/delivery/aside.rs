//! Where the new index and the new files of a delivery wait: on the checkout's own disk, so that a rename brings them in.

use crate::git::command::file_failure;
use crate::git::registry::remove_folder;
use coordinate_engine::port::RepositoryError;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The waiting place.
#[derive(Debug)]
pub(super) struct Aside {
    /// In the git folder, where the index is.
    folder: PathBuf,
    /// In the checkout, for its files, where the git folder is on another disk.
    beside: Option<PathBuf>,
}

impl Aside {
    /// The waiting place of a checkout, whether or not it exists.
    pub(super) fn of(top_level: &Path, git_dir: &Path) -> Result<Self, RepositoryError> {
        let device = |path: &Path| {
            let data = path.metadata().map_err(|error| file_failure("look at", path, &error))?;
            Ok(data.dev())
        };
        let near = device(top_level)? == device(git_dir)?;
        let beside = (!near).then(|| top_level.join(".coordinate-delivery"));
        Ok(Self { folder: git_dir.join("coordinate-delivery"), beside })
    }

    /// The new index.
    pub(super) fn index(&self) -> PathBuf {
        self.folder.join("index")
    }

    /// The folder of the new files.
    pub(super) fn files(&self) -> PathBuf {
        self.beside.as_ref().unwrap_or(&self.folder).join("files")
    }

    /// Makes it, without what a killed delivery left there: half-written files, and git's locks on them.
    pub(super) fn make_anew(&self) -> Result<(), RepositoryError> {
        self.clear()?;
        let make = || -> io::Result<()> {
            std::fs::create_dir_all(&self.folder)?;
            std::fs::create_dir_all(self.files())?;
            // What waits in the checkout is no untracked work of the user's.
            self.beside.as_ref().map_or(Ok(()), |beside| std::fs::write(beside.join(".gitignore"), "*\n"))
        };
        make().map_err(|error| file_failure("make the folder", &self.folder, &error))
    }

    /// Deletes it.
    pub(super) fn clear(&self) -> Result<(), RepositoryError> {
        remove_folder(&self.folder)?;
        self.beside.as_deref().map_or(Ok(()), remove_folder)
    }
}
