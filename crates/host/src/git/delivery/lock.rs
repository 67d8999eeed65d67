//! The lock on the checkout's index, in git's own protocol but with content that names the delivery.

use super::blocked;
use crate::atomic;
use crate::git::command::file_failure;
use crate::git::registry::remove_file;
use coordinate_engine::port::{Delivery, DeliveryState, RepositoryError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const MAGIC: &str = "coordinate delivery";

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LockState {
    /// Nobody.
    Free,
    /// This very delivery: a kill cut it off.
    Ours,
    /// A git command, or the delivery of another run that was cut off.
    Others,
}

/// `index.lock` of the checkout.
#[derive(Debug)]
pub(super) struct IndexLock {
    file: PathBuf,
    content: Vec<u8>,
}

impl IndexLock {
    pub(super) fn new(git_dir: &Path, delivery: &Delivery) -> Self {
        let Delivery { branch, old, new, .. } = delivery;
        Self { file: git_dir.join("index.lock"), content: format!("{MAGIC}\n{branch}\n{old}\n{new}\n").into_bytes() }
    }

    pub(super) fn state(&self) -> Result<LockState, RepositoryError> {
        match std::fs::read(&self.file) {
            Ok(content) if content == self.content => Ok(LockState::Ours),
            Ok(_) => Ok(LockState::Others),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(LockState::Free),
            Err(error) => Err(file_failure("read the lock", &self.file, &error)),
        }
    }

    /// Takes the lock; `false` when somebody was faster. The file appears with its whole content at once: a kill can not
    /// leave an empty lock that nobody knows the owner of.
    pub(super) fn take(&self) -> Result<bool, RepositoryError> {
        atomic::create(&self.file, &self.content).map_err(|error| file_failure("take the lock", &self.file, &error))
    }

    /// Lets the lock go if it is this delivery's.
    pub(super) fn release(&self) -> Result<(), RepositoryError> {
        if self.state()? == LockState::Ours { remove_file(&self.file) } else { Ok(()) }
    }

    /// The answer while others hold it.
    pub(super) fn blocked(&self) -> DeliveryState {
        let file = self.file.display();
        let holder = std::fs::read_to_string(&self.file).unwrap_or_default();
        let reason = match holder.strip_prefix(MAGIC).and_then(|rest| rest.trim().lines().next()) {
            Some(branch) => format!(
                "another run's delivery to `{branch}` was cut off; resume that run, or delete `{file}` to give it up"
            ),
            None => format!(
                "`{file}` exists: a git command runs or was killed; wait for it, or delete the file if no git runs"
            ),
        };
        blocked(reason, Vec::new())
    }
}
