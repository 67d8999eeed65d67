//! The whole present content of a work tree as objects, made without touching its index or files.

use super::GitRepository;
use super::index::{Blob, Entry, ScratchIndex};
use super::paths::{RepoPath, fields, paths};
use super::status::{Change, Depth, Status, Unstaged};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::collections::BTreeSet;
use std::path::Path;

const ACTION: &str = "take in the content of a work tree";
/// Where the index's extra tree has the stages of an unfinished merge, as `<folder>/<stage>/<path>`.
const STAGES_FOLDER: &[u8] = b".coordinate-unmerged";

/// The content of a work tree at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Captured {
    /// HEAD; `None` on a branch without commits.
    pub(super) head: Option<Oid>,
    /// Short name of the branch that HEAD is on.
    pub(super) branch: Option<String>,
    /// The files: tracked, and untracked that are not ignored, with those of repositories made inside.
    pub(super) tree: Oid,
    /// What `tree` can not hold: the index where it differs from both HEAD and the files, and the files of changed
    /// submodules and of embedded repositories that the index has as a mere commit name.
    pub(super) extras: Vec<Oid>,
    /// Whether HEAD holds all of it.
    pub(super) clean: bool,
}

impl GitRepository {
    pub(super) fn capture(&self, work_tree: &Path, git_dir: &Path) -> Result<Captured, RepositoryError> {
        // Both read the index, and neither writes it: at the same time they take as long as the first alone.
        let (everything, listing) = std::thread::scope(|scope| {
            let listing = scope.spawn(|| self.list_special(work_tree, git_dir));
            (self.status(work_tree, git_dir, Depth::Everything), listing.join())
        });
        let listing = listing.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        // A submodule that is damaged makes git give up on the whole status. Its files are then kept unasked.
        let damaged = everything.is_err();
        let status = everything.or_else(|_| self.status(work_tree, git_dir, Depth::WithoutSubmodules))?;
        let mut capture = Capture { repository: self, work_tree, git_dir, status, listing, damaged };
        let changes = std::mem::take(&mut capture.status.changes);
        capture.status.changes = changes.into_iter().filter(|change| !capture.is_link_to_checkout(change)).collect();
        capture.run()
    }

    /// The index's entries that status is silent about.
    fn list_special(&self, work_tree: &Path, git_dir: &Path) -> Result<Listing, RepositoryError> {
        let reply = self.call_in(ACTION, work_tree, git_dir).args(["ls-files", "-z", "-s", "-v"]).run()?;
        Ok(Listing::parse(&reply.out))
    }
}

/// Entries of an index that need a second look.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listing {
    /// Submodules and embedded repositories.
    gitlinks: Vec<RepoPath>,
    /// Files whose changes git was told not to see (`assume-unchanged`, `skip-worktree`).
    hidden: Vec<RepoPath>,
}

impl Listing {
    /// Reads lines of `<tag> SP <mode> SP <oid> SP <stage> TAB <path>`.
    fn parse(out: &[u8]) -> Self {
        let mut listing = Self::default();
        for line in fields(out) {
            let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
            let path = || RepoPath::new(line.get(tab + 1..).unwrap_or_default());
            if line.get(2..).is_some_and(|rest| rest.starts_with(b"160000 ")) {
                listing.gitlinks.push(path());
            } else if line.first().is_some_and(|tag| tag.is_ascii_lowercase() || *tag == b'S') {
                listing.hidden.push(path());
            }
        }
        listing
    }
}

struct Capture<'a> {
    repository: &'a GitRepository,
    work_tree: &'a Path,
    git_dir: &'a Path,
    status: Status,
    listing: Listing,
    damaged: bool,
}

impl Capture<'_> {
    fn run(self) -> Result<Captured, RepositoryError> {
        let head_tree = self.status.head.as_ref().map(|head| self.repository.find_tree(head)).transpose()?;
        let hidden: Vec<RepoPath> = self.listing.hidden.iter().filter(|path| self.is_file(path)).cloned().collect();
        let nothing_changed = self.status.changes.is_empty() && hidden.is_empty();
        let tree = match &head_tree {
            Some(tree) if nothing_changed => tree.clone(),
            _ => self.files_tree(&hidden, head_tree.as_ref())?,
        };
        let mut extras = Vec::new();
        let index = self.index_tree()?;
        extras.extend(index.filter(|index| *index != tree && Some(index) != head_tree.as_ref()));
        extras.extend(self.repositories_tree()?);
        let clean = Some(&tree) == head_tree.as_ref() && extras.is_empty();
        Ok(Captured { head: self.status.head, branch: self.status.branch, tree, extras, clean })
    }

    /// The tree of the files.
    fn files_tree(&self, hidden: &[RepoPath], head_tree: Option<&Oid>) -> Result<Oid, RepositoryError> {
        let mut removed: Vec<Entry> = hidden.iter().cloned().map(Entry::removal).collect();
        let mut added = hidden.to_vec();
        for change in &self.status.changes {
            match change {
                Change::Untracked(path) => added.extend(self.files_of(path)?),
                Change::Unmerged { path, .. } => {
                    removed.push(Entry::removal(path.clone()));
                    added.extend(Some(path.clone()).filter(|path| self.is_file(path)));
                }
                Change::Tracked(tracked) => match tracked.unstaged {
                    Unstaged::Missing => removed.push(Entry::removal(tracked.path.clone())),
                    // A submodule is taken in only where its commit changed; its files go into an extra tree.
                    Unstaged::Changed if tracked.submodule != Some(false) => added.push(tracked.path.clone()),
                    Unstaged::Changed | Unstaged::Same => {}
                },
            }
        }
        let index = ScratchIndex::copy(self.repository, self.work_tree, self.git_dir)?;
        index.put(ACTION, &removed)?;
        index.add_files(ACTION, &added)?;
        let tree = index.write_tree(ACTION)?;
        let untracked = self.still_there(head_tree, &tree)?;
        if untracked.is_empty() {
            return Ok(tree);
        }
        index.add_files(ACTION, &untracked)?;
        index.write_tree(ACTION)
    }

    /// Files of HEAD that were taken out of the index, yet lie there and are ignored: status does not tell them.
    fn still_there(&self, head_tree: Option<&Oid>, tree: &Oid) -> Result<Vec<RepoPath>, RepositoryError> {
        let head_tree = head_tree.filter(|head_tree| self.is_staged() && *head_tree != tree);
        let Some(head_tree) = head_tree else { return Ok(Vec::new()) };
        let call = self.repository.call_in(ACTION, self.work_tree, self.git_dir);
        let call = call.args(["diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=D"]);
        let gone = paths(&call.args([head_tree.as_str(), tree.as_str()]).run()?.out);
        Ok(gone.into_iter().filter(|path| self.is_file(path)).collect())
    }

    /// Whether the index may differ from HEAD.
    fn is_staged(&self) -> bool {
        self.status.changes.iter().any(|change| match change {
            Change::Tracked(tracked) => tracked.staged,
            Change::Unmerged { .. } => true,
            Change::Untracked(_) => false,
        })
    }

    /// The tree of the index where it may differ from HEAD.
    fn index_tree(&self) -> Result<Option<Oid>, RepositoryError> {
        if !self.is_staged() {
            return Ok(None);
        }
        let index = ScratchIndex::copy(self.repository, self.work_tree, self.git_dir)?;
        index.put(ACTION, &self.unmerged_as_files())?;
        index.write_tree(ACTION).map(Some)
    }

    /// Git can not write an index with stages as a tree, so they become files of a folder of their own.
    fn unmerged_as_files(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for change in &self.status.changes {
            let Change::Unmerged { path, stages } = change else { continue };
            entries.push(Entry::removal(path.clone()));
            let numbered = (1..).zip(stages).filter_map(|(number, blob)| Some((number, blob.as_ref()?)));
            entries.extend(numbered.map(|(number, Blob { mode, oid }): (u8, &Blob)| {
                let folder = RepoPath::new([STAGES_FOLDER, format!("/{number}").as_bytes()].concat());
                Entry::new(mode, oid.clone(), folder.join(path))
            }));
        }
        entries
    }

    /// The files of repositories that the index has as a commit name and that would otherwise be lost: those with
    /// their own history inside the tree, and submodules with changes.
    fn repositories_tree(&self) -> Result<Option<Oid>, RepositoryError> {
        let changed: BTreeSet<&RepoPath> = self.status.changes.iter().map(Change::path).collect();
        let mut files = Vec::new();
        for path in &self.listing.gitlinks {
            let Ok(link) = path.under(self.work_tree).join(".git").symlink_metadata() else { continue };
            if link.is_dir() || self.damaged || changed.contains(path) {
                files.extend(self.files_of(&path.join(&RepoPath::new("")))?);
            }
        }
        if files.is_empty() {
            return Ok(None);
        }
        let index = ScratchIndex::empty(self.repository, self.work_tree, self.git_dir);
        index.add_files(ACTION, &files)?;
        index.write_tree(ACTION).map(Some)
    }

    /// A file itself, or all files of a repository inside the tree (named with `/` at the end) that its own rules do
    /// not ignore. Git never looks into such a repository, so its folder is listed as if it were a work tree of ours.
    fn files_of(&self, path: &RepoPath) -> Result<Vec<RepoPath>, RepositoryError> {
        let mut files = Vec::new();
        let mut waiting = vec![path.clone()];
        while let Some(path) = waiting.pop() {
            if !path.bytes().ends_with(b"/") {
                files.push(path);
                continue;
            }
            let empty = ScratchIndex::empty(self.repository, &path.under(self.work_tree), self.git_dir);
            let reply = empty.call(ACTION).args(["ls-files", "-z", "--others", "--exclude-standard"]).run()?;
            waiting.extend(paths(&reply.out).iter().map(|below| path.join(below)));
        }
        Ok(files)
    }

    /// Whether it is an untracked link to what the user's checkout has under this name. Such links (`worktree.link`) are put
    /// into trees for each attempt: they are the user's files, and nobody's work.
    fn is_link_to_checkout(&self, change: &Change) -> bool {
        let Change::Untracked(path) = change else { return false };
        let below = path.under(Path::new(""));
        // A project may be a folder of the repository, while its links lie at the top of the tree.
        let is_own = |target: &Path| target.starts_with(&self.repository.top_level) && target.ends_with(&below);
        std::fs::read_link(path.under(self.work_tree)).is_ok_and(|target| is_own(&target))
    }

    /// Whether a file or link lies at the path itself, not behind a link.
    fn is_file(&self, path: &RepoPath) -> bool {
        let is_folder = |path: &RepoPath| path.under(self.work_tree).symlink_metadata().is_ok_and(|data| data.is_dir());
        let data = path.under(self.work_tree).symlink_metadata();
        path.ancestors().all(|folder| is_folder(&folder)) && data.is_ok_and(|data| !data.is_dir())
    }
}
