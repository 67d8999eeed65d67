//! The git repository that a run works on: trees, snapshots, merges, refs, and the one move of the user's branch.

use coordinate_model::forecast::Past;
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;
use std::path::{Path, PathBuf};

/// Where the user's checkout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The full name of the branch (`refs/heads/main`); `None` when detached.
    pub branch: Option<String>,
    /// The commit; `None` in a repository without commits.
    pub commit: Option<Oid>,
}

/// A commit to be made. The same specification always gives the same object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitSpec {
    /// The tree.
    pub tree: Oid,
    /// Parents, first parent first.
    pub parents: Vec<Oid>,
    /// The whole message.
    pub message: String,
    /// Author and committer date.
    pub at: UtcMillis,
}

/// A work tree's whole content (index, changes, untracked files that are not ignored) kept under a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The commit that keeps it; its parent is the tree's HEAD commit.
    pub commit: Oid,
    /// The content's tree.
    pub tree: Oid,
    /// HEAD of the work tree when it was taken.
    pub head: Oid,
    /// Whether there was nothing uncommitted.
    pub clean: bool,
}

/// What is seen of a work tree's history by whoever must not see how its content came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The commit whose tree is shown as the one before; `None`: there is none.
    pub before: Option<Oid>,
    /// The commit that the work tree is at.
    pub now: Oid,
    /// The date of what is shown.
    pub at: UtcMillis,
}

/// What a three-way merge gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeOutcome {
    /// It merged without conflicts to this tree.
    Clean(Oid),
    /// It did not. Nothing was changed anywhere.
    Conflicts {
        /// The paths in conflict, sorted, each once.
        paths: Vec<String>,
        /// Git's own messages.
        messages: String,
        /// The tree of the merge as far as it goes, with git's markers where it does not.
        tree: Oid,
    },
}

/// The one move of the user's branch and checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Full name of the branch.
    pub branch: String,
    /// Where it must be.
    pub old: Oid,
    /// Where it goes.
    pub new: Oid,
    /// Path and blob of untracked files that the run itself took into its first commit: replaced if unedited.
    pub taken_in: Vec<(String, Oid)>,
}

/// Whether a delivery can be (or was) done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// It can be done, or finished after a crash.
    Possible,
    /// It is done already, completely.
    Done,
    /// It can not be done now; the user's files and branch are as they were.
    Blocked {
        /// One sentence for the user.
        reason: String,
        /// The paths that are in the way, if that is the reason.
        paths: Vec<String>,
    },
}

/// Why git could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// A ref was not where it was expected, so it was not moved.
    #[error("`{reference}` is at {found}, expected {expected}")]
    RefMoved {
        /// The ref.
        reference: String,
        /// The expected place, or `nothing`.
        expected: String,
        /// The found place, or `nothing`.
        found: String,
    },
    /// Git failed.
    #[error("failed to {action}: {cause}")]
    Git {
        /// What was being done, as a verb phrase.
        action: String,
        /// Git's own message.
        cause: String,
    },
    /// The file system failed.
    #[error("failed to {action} `{path}`: {cause}")]
    File {
        /// What was being done, as a verb.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's message.
        cause: String,
    },
}

/// One git repository. Every operation is safe to repeat after a crash at any point in it.
pub trait Repository: Send + Sync {
    /// Where the user's checkout stands.
    fn head(&self) -> Result<Head, RepositoryError>;

    /// The commit that a revision names, if there is one.
    fn resolve(&self, revision: &str) -> Result<Option<Oid>, RepositoryError>;

    /// The tree of a commit.
    fn tree_of(&self, commit: &Oid) -> Result<Oid, RepositoryError>;

    /// Whether `ancestor` is `commit` or one of its ancestors.
    fn is_ancestor(&self, ancestor: &Oid, commit: &Oid) -> Result<bool, RepositoryError>;

    /// Paths that differ between two trees or commits, sorted.
    fn changed_paths(&self, from: &Oid, to: &Oid) -> Result<Vec<String>, RepositoryError>;

    /// The newest commits that a commit reaches, newest first, with what each changed; merges have changed nothing.
    fn history(&self, commit: &Oid, most: usize) -> Result<Vec<Past>, RepositoryError>;

    /// The paths in which a work tree differs from a commit, committed or not, without ignored ones; sorted. Touches neither
    /// its index nor its files, so that it may be asked of a tree that somebody works in.
    fn tree_changes(&self, path: &Path, commit: &Oid) -> Result<Vec<String>, RepositoryError>;

    /// A file's bytes in a tree or commit; `None` if it is not there.
    fn read_file(&self, tree: &Oid, path: &str) -> Result<Option<Vec<u8>>, RepositoryError>;

    /// A file's blob in a tree or commit; `None` if it is not there.
    fn blob_of(&self, tree: &Oid, path: &str) -> Result<Option<Oid>, RepositoryError>;

    /// Whether a tree or commit has a folder of this name.
    fn has_folder(&self, tree: &Oid, path: &str) -> Result<bool, RepositoryError>;

    /// A new tree that is `tree` with these files written (mode 100644 if new, kept otherwise).
    fn write_files(&self, tree: &Oid, files: &[(String, Vec<u8>)]) -> Result<Oid, RepositoryError>;

    /// Whether git ignores this path of the checkout.
    fn is_ignored(&self, path: &str) -> Result<bool, RepositoryError>;

    /// Makes a commit object; runs no hook, asks for no signature, needs no configured identity.
    fn commit(&self, spec: &CommitSpec) -> Result<Oid, RepositoryError>;

    /// Three-way merge of two commits, in the object store only.
    fn merge(&self, ours: &Oid, theirs: &Oid) -> Result<MergeOutcome, RepositoryError>;

    /// Moves a ref from `old` to `new`; `old = None`: it must not exist. Already at `new` is success.
    fn move_ref(&self, reference: &str, new: &Oid, old: Option<&Oid>) -> Result<(), RepositoryError>;

    /// Deletes a ref, if it is there.
    fn delete_ref(&self, reference: &str) -> Result<(), RepositoryError>;

    /// All refs under a prefix, with their objects.
    fn refs(&self, prefix: &str) -> Result<Vec<(String, Oid)>, RepositoryError>;

    /// Makes a work tree at `path` with `branch` (a short name) checked out, the branch created at `start` if new.
    ///
    /// Repeating it after a crash at any point in it ends with the same tree. An existing good tree is left alone.
    fn add_tree(&self, path: &Path, branch: &str, start: &Oid) -> Result<(), RepositoryError>;

    /// Brings a work tree and its branch to `commit`; removes untracked files, keeps ignored ones.
    ///
    /// Refuses with `Git` unless `snapshot_ref` (or the commit itself) holds the tree's present content: nothing
    /// uncommitted is ever destroyed.
    fn reset_tree(&self, path: &Path, commit: &Oid, snapshot_ref: &str) -> Result<(), RepositoryError>;

    /// Removes everything from a work tree that its commit does not have, ignored files too. Only for trees in which nobody
    /// works: what is removed is kept nowhere.
    fn clear_tree(&self, path: &Path) -> Result<(), RepositoryError>;

    /// Keeps the whole content of a work tree under `reference`, without touching its index or files.
    fn snapshot(&self, path: &Path, reference: &str, message: &str, at: UtcMillis)
    -> Result<Snapshot, RepositoryError>;

    /// Lets git, where it is asked in a work tree, show nothing but these trees as commits without words: no other commit, no
    /// other ref. The tree is kept, reset and removed as before. Making, resetting or removing it brings its history back;
    /// where it is hidden already, what was done there since stays, so that it may be asked again after a crash.
    fn hide_history(&self, path: &Path, shown: &Shown) -> Result<(), RepositoryError>;

    /// Removes a work tree. Refuses unless `snapshot_ref` (or its own HEAD commit) holds its present content.
    /// A tree that is gone already is success.
    fn remove_tree(&self, path: &Path, snapshot_ref: &str) -> Result<(), RepositoryError>;

    /// Whether a delivery can be done, without changing anything.
    fn delivery_state(&self, delivery: &Delivery) -> Result<DeliveryState, RepositoryError>;

    /// Moves the user's branch and checkout, path by path; finishes one that a crash interrupted.
    /// Returns `Blocked` with everything as it was found, or `Done`.
    fn deliver(&self, delivery: &Delivery) -> Result<DeliveryState, RepositoryError>;
}
