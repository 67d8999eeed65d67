//! The user's git repository through the `git` program: objects, refs, work trees, snapshots, and the one move of the
//! user's branch.
//!
//! What is kept and what is not: a snapshot holds HEAD, the index where it differs from the files, every tracked and
//! every untracked file, the files of repositories that were made inside the tree, and those of changed submodules.
//! It does **not** hold ignored files (they are build output by the project's own word), nor the history of a
//! repository that was made inside a tree.

mod blind;
mod capture;
mod command;
mod delivery;
mod discovery;
mod exclusive;
mod history;
mod index;
mod kept;
mod locks;
mod merge;
mod objects;
mod paths;
mod refs;
mod registry;
mod remote;
mod replica;
mod reset;
mod snapshot;
mod status;
mod trees;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use command::GitProgram;
pub use kept::{Brought, ChangedFile, Extent, KeptTree};

use command::Call;
use coordinate_engine::port::{
    CommitSpec, Delivery, DeliveryState, Head, MergeOutcome, Repository, RepositoryError, Shown, Snapshot,
};
use coordinate_model::forecast::Past;
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;
use std::path::{Path, PathBuf};

/// One git repository and the user's checkout of it.
///
/// Cheap to clone. Safe to use from several threads and processes at once.
#[derive(Debug, Clone)]
pub struct GitRepository {
    git: GitProgram,
    /// Top level of the user's checkout.
    top_level: PathBuf,
    /// The checkout's own git folder: its HEAD and index.
    checkout_dir: PathBuf,
    /// The git folder that all work trees share.
    common_dir: PathBuf,
    /// Who makes commits. Resolved once, so that repeating a commit gives the same object.
    identity: objects::Identity,
}

impl GitRepository {
    /// Opens the repository that `path` lies in: also a subfolder or a linked work tree, from which the main work tree
    /// is found. Of a bare repository with linked work trees, the linked one that `path` lies in is the checkout.
    ///
    /// # Errors
    /// When there is no repository, it has no work tree, or git is missing or older than 2.38; the message has the
    /// remedy.
    pub fn open(path: &Path) -> Result<Self, RepositoryError> {
        Self::open_with(path, GitProgram::default())
    }

    /// The same with a chosen git program and environment.
    ///
    /// # Errors
    /// As for [`GitRepository::open`].
    pub fn open_with(path: &Path, git: GitProgram) -> Result<Self, RepositoryError> {
        let found = discovery::discover(&git, path)?;
        let identity = objects::Identity::configured(&git, &found.top_level)?;
        Ok(Self {
            git,
            top_level: found.top_level,
            checkout_dir: found.checkout_dir,
            common_dir: found.common_dir,
            identity,
        })
    }

    /// The top level of the user's checkout.
    #[must_use]
    pub fn top_level(&self) -> &Path {
        &self.top_level
    }

    /// The git folder that all work trees of the repository share.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.common_dir
    }

    /// A call on the repository as a whole, with the user's checkout as work tree.
    fn call(&self, action: &str) -> Call {
        self.call_in(action, &self.top_level, &self.checkout_dir)
    }

    /// A call on one work tree. Its git folder is always named: a tree whose `.git` is gone must never make git go up
    /// and find another repository.
    fn call_in(&self, action: &str, work_tree: &Path, git_dir: &Path) -> Call {
        self.git.call(action, work_tree).env("GIT_DIR", git_dir).env("GIT_WORK_TREE", work_tree)
    }
}

impl Repository for GitRepository {
    fn head(&self) -> Result<Head, RepositoryError> {
        self.read_head()
    }

    fn resolve(&self, revision: &str) -> Result<Option<Oid>, RepositoryError> {
        self.find_object(&format!("{revision}^{{commit}}"))
    }

    fn tree_of(&self, commit: &Oid) -> Result<Oid, RepositoryError> {
        self.find_tree(commit)
    }

    fn is_ancestor(&self, ancestor: &Oid, commit: &Oid) -> Result<bool, RepositoryError> {
        self.has_ancestor(ancestor, commit)
    }

    fn history(&self, commit: &Oid, most: usize) -> Result<Vec<Past>, RepositoryError> {
        self.read_history(commit, most)
    }

    fn tree_changes(&self, path: &Path, commit: &Oid) -> Result<Vec<String>, RepositoryError> {
        self.list_tree_changes(path, commit)
    }

    fn changed_paths(&self, from: &Oid, to: &Oid) -> Result<Vec<String>, RepositoryError> {
        self.list_changed(from, to)
    }

    fn read_file(&self, tree: &Oid, path: &str) -> Result<Option<Vec<u8>>, RepositoryError> {
        self.read_blob(tree, path)
    }

    fn blob_of(&self, tree: &Oid, path: &str) -> Result<Option<Oid>, RepositoryError> {
        self.find_blob(tree, path)
    }

    fn has_folder(&self, tree: &Oid, path: &str) -> Result<bool, RepositoryError> {
        self.is_folder(tree, path)
    }

    fn write_files(&self, tree: &Oid, files: &[(String, Vec<u8>)]) -> Result<Oid, RepositoryError> {
        self.write_blobs(tree, files)
    }

    fn is_ignored(&self, path: &str) -> Result<bool, RepositoryError> {
        self.check_ignored(path)
    }

    fn commit(&self, spec: &CommitSpec) -> Result<Oid, RepositoryError> {
        self.make_commit(spec)
    }

    fn merge(&self, ours: &Oid, theirs: &Oid) -> Result<MergeOutcome, RepositoryError> {
        self.merge_commits(ours, theirs)
    }

    fn move_ref(&self, reference: &str, new: &Oid, old: Option<&Oid>) -> Result<(), RepositoryError> {
        self.update_ref(reference, new, old)
    }

    fn delete_ref(&self, reference: &str) -> Result<(), RepositoryError> {
        self.remove_ref(reference)
    }

    fn refs(&self, prefix: &str) -> Result<Vec<(String, Oid)>, RepositoryError> {
        self.list_refs(prefix)
    }

    fn add_tree(&self, path: &Path, branch: &str, start: &Oid) -> Result<(), RepositoryError> {
        self.make_tree(path, branch, start)
    }

    fn reset_tree(&self, path: &Path, commit: &Oid, snapshot_ref: &str) -> Result<(), RepositoryError> {
        self.bring_tree_to(path, commit, snapshot_ref)
    }

    fn clear_tree(&self, path: &Path) -> Result<(), RepositoryError> {
        self.remove_untracked(path)
    }

    fn snapshot(
        &self,
        path: &Path,
        reference: &str,
        message: &str,
        at: UtcMillis,
    ) -> Result<Snapshot, RepositoryError> {
        self.keep_tree(path, reference, message, at)
    }

    fn hide_history(&self, path: &Path, shown: &Shown) -> Result<(), RepositoryError> {
        self.show_alone(path, shown)
    }

    fn remove_tree(&self, path: &Path, snapshot_ref: &str) -> Result<(), RepositoryError> {
        self.discard_tree(path, snapshot_ref)
    }

    fn delivery_state(&self, delivery: &Delivery) -> Result<DeliveryState, RepositoryError> {
        self.judge_delivery(delivery)
    }

    fn deliver(&self, delivery: &Delivery) -> Result<DeliveryState, RepositoryError> {
        self.carry_out_delivery(delivery)
    }
}
