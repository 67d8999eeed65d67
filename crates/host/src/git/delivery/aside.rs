//! Where the new index and the new files of a delivery wait: on the checkout's own disk, so that a rename brings them in.

use crate::git::command::file_failure;
use coordinate_engine::port::RepositoryError;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the last writes of a killed delivery are waited out.
const STRAGGLERS: Duration = Duration::from_secs(5);

/// The waiting place.
///
/// A git that a killed delivery had started goes on for a moment and writes what it was told to. So each process has a
/// folder of its own below it: what a straggler writes never mixes with what is about to be put in place.
#[derive(Debug)]
pub(super) struct Aside {
    /// In the git folder, where the index is.
    folder: PathBuf,
    /// In the checkout, for its files, where the git folder is on another disk.
    beside: Option<PathBuf>,
    /// This process's part of both.
    own: String,
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
        Ok(Self { folder: git_dir.join("coordinate-delivery"), beside, own: std::process::id().to_string() })
    }

    /// The new index.
    pub(super) fn index(&self) -> PathBuf {
        self.folder.join(&self.own).join("index")
    }

    /// The folder of the new files.
    pub(super) fn files(&self) -> PathBuf {
        self.beside.as_ref().unwrap_or(&self.folder).join(&self.own).join("files")
    }

    /// Makes it, without what a killed delivery left there: half-written files, and git's locks on them.
    pub(super) fn make_anew(&self) -> Result<(), RepositoryError> {
        self.clear()?;
        let make = || -> io::Result<()> {
            std::fs::create_dir_all(self.folder.join(&self.own))?;
            std::fs::create_dir_all(self.files())?;
            // What waits in the checkout is no untracked work of the user's.
            self.beside.as_ref().map_or(Ok(()), |beside| std::fs::write(beside.join(".gitignore"), "*\n"))
        };
        make().map_err(|error| file_failure("make the folder", &self.folder, &error))
    }

    /// Deletes it, with what others have left there.
    pub(super) fn clear(&self) -> Result<(), RepositoryError> {
        remove_at_last(&self.folder)?;
        self.beside.as_deref().map_or(Ok(()), remove_at_last)
    }
}

/// Deletes a folder into which a straggler may still write, so that it fills again while it is emptied.
fn remove_at_last(path: &Path) -> Result<(), RepositoryError> {
    let deadline = Instant::now() + STRAGGLERS;
    loop {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(file_failure("delete", path, &error)),
            Ok(()) | Err(_) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_straggler_writes_is_waited_out() {
        let top = tempfile::tempdir().unwrap();
        let aside = Aside::of(top.path(), top.path()).unwrap();
        aside.make_anew().unwrap();
        // Another process's part, into which it writes until it has written all.
        let other = top.path().join("coordinate-delivery/straggler/files");
        let straggler = std::thread::spawn(move || {
            for number in 0..2_000 {
                // Its folders may go between any two calls: then it makes them again with the next file, as git does.
                let made = std::fs::create_dir_all(&other);
                let _ = made.and_then(|()| std::fs::write(other.join(number.to_string()), "x"));
            }
        });
        while !straggler.is_finished() {
            aside.clear().unwrap();
        }
        straggler.join().unwrap();
        aside.clear().unwrap();
        assert!(!top.path().join("coordinate-delivery").exists());
    }
}
