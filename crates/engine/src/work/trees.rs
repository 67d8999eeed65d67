//! Work trees: made, restored to a commit, kept under a ref, put away.

use super::{Job, StepJob};
use crate::port::Snapshot;
use coordinate_model::failure::Failure;
use coordinate_model::ids::Oid;
use std::path::{Path, PathBuf};

impl Job {
    /// A tree of this name that holds exactly `commit`. What another attempt left in it is kept under a ref first.
    pub(super) fn prepare_tree(&self, name: &str, commit: &Oid, keep_as: &str) -> Result<PathBuf, Failure> {
        let repository = self.repository()?;
        let path = self.tree(name);
        let system = |error: crate::port::RepositoryError| Failure::system(error.to_string());
        repository.add_tree(&path, &self.branch(name), commit).map_err(system)?;
        self.unlink(&path)?;
        let reference = self.snapshot_ref(keep_as);
        let message = format!("{name} before it was restored\n");
        let snapshot = repository.snapshot(&path, &reference, &message, self.tools.clock.now()).map_err(system)?;
        if snapshot.clean && snapshot.head == *commit {
            repository.delete_ref(&reference).map_err(system)?;
        } else {
            repository.reset_tree(&path, commit, &reference).map_err(system)?;
        }
        self.link(&path)?;
        Ok(path)
    }

    pub(super) fn link(&self, tree: &Path) -> Result<(), Failure> {
        for link in &self.created.options.tree_links {
            let target = self.in_project(link);
            self.tools.files.link(&target, &tree.join(link)).map_err(|error| Failure::system(error.to_string()))?;
        }
        Ok(())
    }

    /// Takes the links out of a tree that nobody works in any more: they are the user's files, and no work.
    pub(super) fn unlink(&self, tree: &Path) -> Result<(), Failure> {
        for link in &self.created.options.tree_links {
            let target = self.in_project(link);
            self.tools.files.unlink(&target, &tree.join(link)).map_err(|error| Failure::system(error.to_string()))?;
        }
        Ok(())
    }

    /// Keeps a tree's whole content; `None` when there is nothing beyond `base` to keep.
    pub(super) fn keep_tree(
        &self,
        tree: &Path,
        keep_as: &str,
        base: Option<&Oid>,
    ) -> Result<Option<Snapshot>, Failure> {
        let repository = self.repository()?;
        let reference = self.snapshot_ref(keep_as);
        let message = format!("what {keep_as} left\n");
        let system = |error: crate::port::RepositoryError| Failure::system(error.to_string());
        let snapshot = repository.snapshot(tree, &reference, &message, self.tools.clock.now()).map_err(system)?;
        if snapshot.clean && base == Some(&snapshot.head) {
            repository.delete_ref(&reference).map_err(system)?;
            return Ok(None);
        }
        Ok(Some(snapshot))
    }
}

impl StepJob {
    /// The tree of an interrupted attempt, as it was left: only the links are put back, which were taken out at its end.
    pub(super) fn take_up(&self) -> Result<PathBuf, Failure> {
        let tree = self.place_of_work();
        if self.attempt.base.is_some() {
            self.job.link(&tree)?;
        }
        Ok(tree)
    }
}
