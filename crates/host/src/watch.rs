//! Waiting until something in a folder changes.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// The longest sleep where the kernel does not tell of changes: the system's number of watches is limited.
const UNWATCHED: Duration = Duration::from_millis(200);

/// Watches the files of one folder.
#[derive(Debug)]
pub struct FolderWatch(Option<OwnedFd>);

impl FolderWatch {
    /// Watches from now on: what changes after this is not missed, however late [`wait`](Self::wait) is called.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let watch = || {
            let changes = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            let wanted = WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::MOVED_TO;
            inotify::add_watch(&changes, folder, wanted)?;
            Ok::<_, Errno>(changes)
        };
        Self(watch().ok())
    }

    /// Returns when a file was made, written or moved in since the last call, at the latest after `longest`; without
    /// reason too, now and then.
    ///
    /// # Errors
    /// When the system can not wait.
    pub fn wait(&self, longest: Duration) -> io::Result<()> {
        let Some(changes) = &self.0 else {
            std::thread::sleep(longest.min(UNWATCHED));
            return Ok(());
        };
        // A span too long for the kernel is none: nobody waits for its end.
        let timeout = Timespec::try_from(longest).ok();
        match poll(&mut [PollFd::new(changes, PollFlags::IN)], timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => forget(changes),
            Err(error) => Err(error.into()),
        }
    }
}

/// Empties the queue of changes; what they were does not matter, the files are read.
pub(crate) fn forget(changes: &OwnedFd) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match rustix::io::read(changes, &mut buffer) {
            Ok(0) | Err(Errno::AGAIN) => return Ok(()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_change_before_the_call_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        let watch = FolderWatch::of(folder.path());
        let begun = Instant::now();
        std::fs::write(folder.path().join("a"), "a").unwrap();
        watch.wait(LONG).unwrap();
        crate::atomic::create(&folder.path().join("b"), b"b").unwrap();
        watch.wait(LONG).unwrap();
        assert!(begun.elapsed() < LONG);
    }

    #[test]
    fn without_a_change_or_a_watch_it_returns_in_time() {
        let folder = tempfile::tempdir().unwrap();
        FolderWatch::of(folder.path()).wait(Duration::from_millis(1)).unwrap();
        FolderWatch::of(&folder.path().join("missing")).wait(LONG).unwrap();
    }
}
