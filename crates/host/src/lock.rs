//! A lock on a file that belongs to one process for the rest of its life, and that others can look at.

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// A lock that this process holds until it ends, however it ends.
///
/// A record lock (`fcntl`), not `flock`: whether somebody holds it can be asked *without taking it*, and the answer
/// names the holder. With `flock` a probe must take the lock for a moment, and a shim that starts in that moment
/// would wrongly find its folder taken. The price: such a lock belongs to the process, so two threads of one
/// process do not exclude each other, and closing any other descriptor of the file gives it up. It fits a process
/// that takes one lock, once, and never opens the file again.
#[derive(Debug)]
pub struct ProcessLock {
    _file: File,
}

impl ProcessLock {
    /// Takes the lock on the file at `path`, which is created if missing; `None` when another process has it.
    ///
    /// # Errors
    /// Any error of the file system.
    pub fn try_hold(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The id of the other process that holds the lock on `path`; `None` when nobody does or the file is missing.
/// Takes nothing and never blocks.
///
/// # Errors
/// Any error of the file system; also when the holder cannot be seen from here (it lives in another container).
pub fn holder(path: &Path) -> io::Result<Option<u32>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(lock) = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock))? else { return Ok(None) };
    let visible = lock.pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok());
    visible.map(Some).ok_or_else(|| {
        let path = path.display();
        io::Error::other(format!("`{path}` is locked by a process of another container; ask again from there"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_holds_a_missing_or_a_free_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert_eq!(holder(&path).unwrap(), None);
        File::create(&path).unwrap();
        assert_eq!(holder(&path).unwrap(), None);
    }

    #[test]
    fn a_lock_can_be_taken_again_once_it_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = ProcessLock::try_hold(&path).unwrap().unwrap();
        drop(first);
        assert!(ProcessLock::try_hold(&path).unwrap().is_some());
    }
}
