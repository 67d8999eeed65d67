//! Work trees: made, restored to a commit, kept under a ref, put away.

use super::keeper::Moment;
use super::{Job, StepJob};
use crate::port::{Repository, RepositoryError, Snapshot};
use coordinate_model::failure::Failure;
use coordinate_model::ids::Oid;
use std::path::{Path, PathBuf};

impl Job {
    /// A tree of this name that holds exactly `commit` and nothing else, for commands of ours. What they left in it among
    /// ignored files goes: it would be a part of what the next verdict is about, and of no tree's hash.
    pub(super) fn prepare_tree(&self, name: &str, commit: &Oid, keep_as: &str) -> Result<PathBuf, Failure> {
        let repository = self.repository()?;
        let path = self.reset_to(None, name, commit, keep_as)?;
        repository.clear_tree(&path).map_err(|error| Failure::system(error.to_string()))?;
        self.link(&path)?;
        Ok(path)
    }

    /// A tree of this name at `commit`, for an agent. What is in it is kept under `keep_as` first, where the snapshot
    /// `earlier` does not hold it all already; what git ignores stays, as an earlier attempt has built it.
    pub(super) fn prepare_tree_after(
        &self,
        earlier: Option<&str>,
        name: &str,
        commit: &Oid,
        keep_as: &str,
    ) -> Result<PathBuf, Failure> {
        let path = self.reset_to(earlier, name, commit, keep_as)?;
        self.link(&path)?;
        Ok(path)
    }

    /// Without links: they are no part of the tree.
    fn reset_to(&self, earlier: Option<&str>, name: &str, commit: &Oid, keep_as: &str) -> Result<PathBuf, Failure> {
        let repository = self.repository()?;
        let path = self.tree(name);
        let system = |error: RepositoryError| Failure::system(error.to_string());
        repository.add_tree(&path, &self.branch(name), commit).map_err(system)?;
        self.unlink(&path)?;
        if !self.is_reset(repository, &path, commit, earlier) {
            self.keep_and_reset(repository, &path, commit, keep_as).map_err(system)?;
        }
        Ok(path)
    }

    /// Whether the tree could be brought back under the snapshot of the attempt before: one that holds less is refused.
    fn is_reset(&self, repository: &dyn Repository, path: &Path, commit: &Oid, earlier: Option<&str>) -> bool {
        let earlier = earlier.map(|earlier| self.snapshot_ref(earlier));
        let kept = earlier.filter(|earlier| repository.resolve(earlier).is_ok_and(|kept| kept.is_some()));
        kept.is_some_and(|earlier| repository.reset_tree(path, commit, &earlier).is_ok())
    }

    fn keep_and_reset(
        &self,
        repository: &dyn Repository,
        path: &Path,
        commit: &Oid,
        keep_as: &str,
    ) -> Result<(), RepositoryError> {
        let reference = self.snapshot_ref(keep_as);
        let message = format!("{keep_as} as it was found\n");
        let snapshot = repository.snapshot(path, &reference, &message, self.tools.clock.now())?;
        if snapshot.head == *commit && is_nothing_more(&snapshot) {
            return repository.delete_ref(&reference);
        }
        repository.reset_tree(path, commit, &reference)
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

    /// Keeps a tree's whole content; `None` when there is nothing beyond `base` to keep, and never was.
    pub(super) fn keep_tree(
        &self,
        tree: &Path,
        keep_as: &str,
        moment: Moment,
        base: Option<&Oid>,
    ) -> Result<Option<Snapshot>, Failure> {
        let repository = self.repository()?;
        let reference = self.snapshot_ref(keep_as);
        let message = moment.message(keep_as);
        let system = |error: RepositoryError| Failure::system(error.to_string());
        let snapshot = repository.snapshot(tree, &reference, &message, self.tools.clock.now()).map_err(system)?;
        if base == Some(&snapshot.head) && is_nothing_more(&snapshot) {
            repository.delete_ref(&reference).map_err(system)?;
            return Ok(None);
        }
        Ok(Some(snapshot))
    }
}

/// Whether a snapshot is its tree's HEAD commit itself, with no moment before it that was another one.
fn is_nothing_more(snapshot: &Snapshot) -> bool {
    snapshot.clean && snapshot.commit == snapshot.head
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
