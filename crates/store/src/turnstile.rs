//! Processes waiting for the write lock of one journal, served about in the order of arrival.
//!
//! SQLite's busy handler sleeps and retries: under load the luckiest wins and the unlucky wait for seconds.
//! One `flock` alone is no cure: a process that unlocks and locks again at once is back before the kernel has
//! woken the one that slept. So there are two: whoever wants the **stage** first takes the **gate**, and keeps
//! it until the stage is his. One that leaves the stage and wants it again finds the gate taken and must
//! queue there, in the kernel's order, behind all that came before.
//!
//! The order is not strict: the kernel wakes a waiter rather than giving it the lock, and until it runs another
//! may pass. A writer sleeps while the disk syncs, which lets the waiter run; where a sync is free (tmpfs) one
//! process can write for a whole time slice of the scheduler before the next gets its turn.
//!
//! This is about fairness only. If the lock files are deleted or a file system ignores them, SQLite's own lock
//! still keeps writers apart. A process that dies loses its locks with its descriptors: nothing to clean up.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// Why the stage was not reached.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The deadline passed.
    TooLate,
    /// The lock files could not be opened or locked.
    Failed(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

#[derive(Debug, Clone)]
struct Doors {
    gate: Arc<File>,
    stage: Arc<File>,
}

/// The two lock files of one journal, as one process sees them.
#[derive(Debug)]
pub(crate) struct Turnstile {
    gate: PathBuf,
    stage: PathBuf,
    /// Kept open between passages. `None` before the first, and after a wait that was given up: its thread may
    /// still get the lock on the old description, which must then be closed by it and not be in use by us.
    doors: Mutex<Option<Doors>>,
}

/// The stage is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Passage {
    _stage: Locked,
}

#[derive(Debug)]
struct Locked(Arc<File>);

impl Drop for Locked {
    /// Unlocks by name rather than by closing: a child caught between fork and exec shares the description.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl Turnstile {
    /// The turnstile beside a journal. Nothing is opened before the first passage.
    pub(crate) fn beside(journal: &Path) -> Self {
        Self { gate: sibling(journal, "queue"), stage: sibling(journal, "turn"), doors: Mutex::new(None) }
    }

    /// Waits for the stage until `deadline`. Only one thread of a process may be in here at a time.
    pub(crate) fn pass(&self, deadline: Instant) -> Result<Passage, Refusal> {
        let doors = self.doors()?;
        let result = doors.pass(deadline);
        if result.is_err() {
            *self.doors.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        result
    }

    fn doors(&self) -> io::Result<Doors> {
        let mut kept = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(doors) = kept.as_ref() {
            return Ok(doors.clone());
        }
        let doors = Doors { gate: open(&self.gate)?, stage: open(&self.stage)? };
        Ok(kept.insert(doors).clone())
    }
}

impl Doors {
    fn pass(&self, deadline: Instant) -> Result<Passage, Refusal> {
        let _gate = lock(&self.gate, deadline)?;
        let stage = lock(&self.stage, deadline)?;
        Ok(Passage { _stage: stage })
    }
}

fn sibling(journal: &Path, suffix: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn open(path: &Path) -> io::Result<Arc<File>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    file.map(Arc::new).map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display())))
}

/// Locks `file`, waiting in the kernel's queue.
///
/// `flock` knows no deadline, a signal to interrupt it would need unsafe code, and trying again and again is
/// the unfairness that this file is against. So a thread waits in our stead, and only when there is a wait.
fn lock(file: &Arc<File>, deadline: Instant) -> Result<Locked, Refusal> {
    match file.try_lock() {
        Ok(()) => Ok(Locked(Arc::clone(file))),
        Err(TryLockError::WouldBlock) => lock_in_thread(file, deadline),
        Err(TryLockError::Error(error)) => Err(Refusal::Failed(error)),
    }
}

fn lock_in_thread(file: &Arc<File>, deadline: Instant) -> Result<Locked, Refusal> {
    let (report, reported) = mpsc::channel();
    let waiting = Arc::clone(file);
    thread::Builder::new().name("journal-queue".to_owned()).spawn(move || {
        let result = waiting.lock();
        // Closed before the report: after a wait that was given up, the last owner to let go unlocks the file.
        drop(waiting);
        let _ = report.send(result);
    })?;
    match reported.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(())) => Ok(Locked(Arc::clone(file))),
        Ok(Err(error)) => Err(Refusal::Failed(error)),
        Err(RecvTimeoutError::Timeout) => Err(Refusal::TooLate),
        Err(RecvTimeoutError::Disconnected) => Err(Refusal::Failed(io::Error::other("the waiting thread died"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair_queue::deadline_after;
    use std::time::Duration;

    #[test]
    fn a_wait_that_was_given_up_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let (holder, waiter) = (Turnstile::beside(&journal), Turnstile::beside(&journal));
        let passage = holder.pass(deadline_after(Duration::from_secs(5))).unwrap();
        let late = waiter.pass(deadline_after(Duration::from_millis(20)));
        assert!(matches!(late, Err(Refusal::TooLate)), "got {late:?}");
        drop(passage);
        // The thread of the given-up wait gets the lock now, and must let go of it for both of these.
        drop(waiter.pass(deadline_after(Duration::from_secs(5))).unwrap());
        drop(holder.pass(deadline_after(Duration::from_secs(5))).unwrap());
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::beside(&folder.path().join("missing/journal.db"));
        let refusal = turnstile.pass(deadline_after(Duration::from_secs(1)));
        let Err(Refusal::Failed(error)) = refusal else { panic!("got {refusal:?}") };
        assert!(error.to_string().contains("missing/journal.db.queue"), "got {error}");
    }
}
