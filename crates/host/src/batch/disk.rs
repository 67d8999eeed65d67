//! What a batch does to the disk, so that a test can cut it off at each step.

use crate::atomic::{parent, sync_folder, write_as};
use std::io;
use std::path::Path;

/// The changes that a batch makes. Each is durable when it returns, and done or not done at whatever moment it is cut
/// off; [`discard`](Self::discard) alone may be cut off halfway.
pub trait Disk {
    /// Writes a file, replacing one that is there, with these bits of permission.
    ///
    /// # Errors
    /// Any error of the file system.
    fn write(&self, path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Any error of the file system.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Moves a file or a folder.
    ///
    /// # Errors
    /// Any error of the file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder.
    ///
    /// # Errors
    /// Any error of the file system.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// Any error of the file system.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all that it holds.
    ///
    /// # Errors
    /// Any error of the file system.
    fn discard(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn write(&self, path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
        write_as(path, bytes, mode)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)?;
        sync_folder(parent(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)?;
        // The new name first: a power cut between the two leaves two names rather than none.
        sync_folder(parent(to))?;
        sync_folder(parent(from))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir(path)?;
        sync_folder(parent(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)?;
        sync_folder(parent(path))
    }

    fn discard(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => sync_folder(parent(path)),
        }
    }
}
