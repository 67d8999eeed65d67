//! Whether a delivery can be done: decided from what is there, changing nothing.

use super::changes::{Changes, PathChange};
use super::lock::{IndexLock, LockState};
use super::standing::{Fingerprint, Standing, files_below};
use super::{ACTION, blocked};
use crate::git::GitRepository;
use crate::git::command::file_failure;
use crate::git::index::{Blob, Entry, ScratchIndex};
use crate::git::paths::RepoPath;
use crate::git::registry::settled_if_possible;
use crate::git::status::{Change, Depth, Status};
use coordinate_engine::port::{Delivery, DeliveryState, RepositoryError};
use coordinate_model::ids::Oid;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Files of the git folder that say that an operation was begun and not ended.
const OPERATIONS: &[(&str, &str)] = &[
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("sequencer", "sequence of picks"),
    ("BISECT_LOG", "bisect"),
];

/// What is to be done.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing: it is done.
    Done,
    /// Nothing can be done.
    Blocked(DeliveryState),
    /// The branch is checked out nowhere: moving it is all.
    MoveBranch,
    /// The checkout moves with it.
    Checkout(Plan),
}

/// What a delivery does to the checkout.
#[derive(Debug)]
pub(super) struct Plan {
    /// All paths that differ between the old and the new commit.
    pub(super) changes: Changes,
    /// Those whose file is not yet as it will be, with the file that was seen there.
    pub(super) pending: BTreeMap<RepoPath, Option<Fingerprint>>,
}

impl GitRepository {
    pub(super) fn judge(&self, delivery: &Delivery, lock: &LockState) -> Result<Verdict, RepositoryError> {
        let Delivery { branch, old, new, .. } = delivery;
        let Some(current) = self.ref_value(branch)? else {
            return Ok(Verdict::Blocked(blocked(
                format!("the branch `{branch}` is gone; create it again"),
                Vec::new(),
            )));
        };
        let arrived = current == *new || (current != *old && self.has_ancestor(new, &current)?);
        if !arrived && current != *old {
            let (found, expected) = (current.short(), old.short());
            let reason = format!("`{branch}` has moved to {found}, expected {expected}; merge the result by hand");
            return Ok(Verdict::Blocked(blocked(reason, Vec::new())));
        }
        let here = self.read_head()?.branch;
        if here.as_ref() == Some(branch) {
            // The user has committed on top: the delivery was complete.
            return if arrived && current != *new {
                Ok(Verdict::Done)
            } else {
                self.judge_checkout(delivery, arrived, lock)
            };
        }
        if arrived {
            return Ok(Verdict::Done);
        }
        if here.is_none() {
            let reason = format!("HEAD is detached; go to the branch with `git switch {}`", short(branch));
            return Ok(Verdict::Blocked(blocked(reason, Vec::new())));
        }
        Ok(self.checked_out_elsewhere(branch)?.map_or(Verdict::MoveBranch, Verdict::Blocked))
    }

    /// The branch is the one of the checkout, at the old commit or, if `arrived`, at the new one.
    fn judge_checkout(&self, delivery: &Delivery, arrived: bool, lock: &LockState) -> Result<Verdict, RepositoryError> {
        let changes = self.changes_between(&delivery.old, &delivery.new)?;
        let status = self.status(&self.top_level, &self.checkout_dir, Depth::Tracked)?;
        let indexed = Indexed::new(&changes, &status, arrived);
        // The index is written last. Once it is at the new commit all is done, whatever the user did since. One that is
        // neither old nor new is the user's work on top, unless our lock says that we have not come to it yet.
        let untouched = *lock == LockState::Ours || indexed.is_wholly_old();
        if arrived && (indexed.is_wholly_new() || !untouched) {
            return Ok(Verdict::Done);
        }
        if let Some(state) = self.obstacle(delivery, lock)? {
            return Ok(Verdict::Blocked(state));
        }
        let uncommitted = indexed.uncommitted(&taken_in(delivery));
        if !uncommitted.is_empty() {
            let reason = "tracked files have uncommitted changes; commit or stash them";
            return Ok(Verdict::Blocked(blocked(reason, shown(uncommitted))));
        }
        let mut files = Files { repository: self, delivery, changes: &changes, pending: BTreeMap::new() };
        let third = files.sort_out()?;
        // All files were in place before the branch moved: what differs since is the user's work on top of the result.
        let on_top = arrived && *lock == LockState::Ours;
        if !third.is_empty() && !on_top {
            let reason = "files with other content stand where the result goes; commit, stash or move them";
            return Ok(Verdict::Blocked(blocked(reason, shown(third))));
        }
        let pending = files.pending;
        Ok(Verdict::Checkout(Plan { changes, pending }))
    }

    /// What keeps the checkout as a whole from being moved.
    fn obstacle(&self, delivery: &Delivery, lock: &LockState) -> Result<Option<DeliveryState>, RepositoryError> {
        if let Some((_, name)) = OPERATIONS.iter().find(|(file, _)| self.checkout_dir.join(file).exists()) {
            let reason = format!("a {name} is in progress; finish or abort it");
            return Ok(Some(blocked(reason, Vec::new())));
        }
        if *lock == LockState::Others {
            return Ok(Some(IndexLock::new(&self.checkout_dir, delivery).blocked()));
        }
        let sparse = self.call(ACTION).args(["config", "--type=bool", "--get", "core.sparseCheckout"]).accept(1);
        if sparse.text()? == "true" {
            let reason = "the checkout is sparse; take the result with `git merge`, which knows what to leave out";
            return Ok(Some(blocked(reason, Vec::new())));
        }
        self.checked_out_elsewhere(&delivery.branch)
    }

    fn checked_out_elsewhere(&self, branch: &str) -> Result<Option<DeliveryState>, RepositoryError> {
        let reply = self.call(ACTION).args(["worktree", "list", "--porcelain", "-z"]).run()?;
        let wanted = format!("branch {branch}").into_bytes();
        let mut place = None;
        for line in reply.out.split(|byte| *byte == 0) {
            if let Some(path) = line.strip_prefix(b"worktree ") {
                place = Some(Path::new(OsStr::from_bytes(path)));
            }
            let Some(found) = place.filter(|found| line == wanted && !self.is_checkout(found)) else { continue };
            let (name, found) = (short(branch), found.display());
            let reason = format!("`{name}` is checked out in `{found}`; switch that work tree to another branch");
            return Ok(Some(blocked(reason, Vec::new())));
        }
        Ok(None)
    }

    /// Whether a listed tree is the user's checkout. For a submodule git lists the git folder in place of the tree.
    fn is_checkout(&self, listed: &Path) -> bool {
        let settled = settled_if_possible(listed);
        settled.is_some_and(|place| place == self.top_level || place == self.checkout_dir)
    }

    /// Which of these entries the files at their paths are equal to, filters and modes considered, with the attributes
    /// that hold in `attributes`: those on disk may be half-way between two commits.
    pub(super) fn equal_files(
        &self,
        entries: &[Entry],
        attributes: &Oid,
    ) -> Result<BTreeSet<RepoPath>, RepositoryError> {
        if entries.is_empty() {
            return Ok(BTreeSet::new());
        }
        let index = ScratchIndex::empty(self, &self.top_level, &self.checkout_dir).with_attributes(attributes);
        index.put(ACTION, entries)?;
        index.refresh(ACTION)?;
        let differing: BTreeSet<RepoPath> = index.differing(ACTION)?.into_iter().collect();
        Ok(entries.iter().map(|entry| entry.path.clone()).filter(|path| !differing.contains(path)).collect())
    }
}

fn short(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}

fn shown(paths: BTreeSet<RepoPath>) -> Vec<String> {
    paths.iter().map(RepoPath::display).collect()
}

pub(super) fn taken_in(delivery: &Delivery) -> BTreeMap<RepoPath, &Oid> {
    delivery.taken_in.iter().map(|(path, oid)| (RepoPath::new(path.as_bytes()), oid)).collect()
}

/// What the real index says of the changed paths, and of all others that are not as in HEAD.
struct Indexed<'a> {
    changes: &'a Changes,
    /// `None`: no entry. Paths that are missing here are unmerged.
    entries: BTreeMap<&'a RepoPath, Option<Blob>>,
    others: BTreeSet<RepoPath>,
}

impl<'a> Indexed<'a> {
    /// `arrived`: HEAD, which status compares with, is the new commit.
    fn new(changes: &'a Changes, status: &Status, arrived: bool) -> Self {
        let in_head = |change: &PathChange| if arrived { change.new.clone() } else { change.old.clone() };
        let mut entries: BTreeMap<&RepoPath, Option<Blob>> =
            changes.iter().map(|(path, change)| (path, in_head(change))).collect();
        let mut others = BTreeSet::new();
        for change in &status.changes {
            match (changes.get_key_value(change.path()), change) {
                (None, _) => drop(others.insert(change.path().clone())),
                (Some((path, _)), Change::Tracked(tracked)) => drop(entries.insert(path, tracked.index.clone())),
                (Some((path, _)), _) => drop(entries.remove(path)),
            }
        }
        Self { changes, entries, others }
    }

    fn is_wholly_old(&self) -> bool {
        self.changes.iter().all(|(path, change)| self.entries.get(path) == Some(&change.old))
    }

    fn is_wholly_new(&self) -> bool {
        self.changes.iter().all(|(path, change)| self.entries.get(path) == Some(&change.new))
    }

    /// The paths that hold something of the user's, which a move would lose or mix up.
    fn uncommitted(&self, taken_in: &BTreeMap<RepoPath, &Oid>) -> BTreeSet<RepoPath> {
        let mut paths = self.others.clone();
        for (path, change) in self.changes {
            let entry = self.entries.get(path);
            let is_taken_in = |blob: &Blob| taken_in.get(path) == Some(&&blob.oid);
            let known = entry == Some(&change.old)
                || entry == Some(&change.new)
                || entry.and_then(Option::as_ref).is_some_and(is_taken_in);
            if !known {
                paths.insert(path.clone());
            }
        }
        paths
    }
}

/// Looks at the file of every changed path.
struct Files<'a> {
    repository: &'a GitRepository,
    delivery: &'a Delivery,
    changes: &'a Changes,
    pending: BTreeMap<RepoPath, Option<Fingerprint>>,
}

impl Files<'_> {
    /// Fills `pending`, and returns what has a third content.
    fn sort_out(&mut self) -> Result<BTreeSet<RepoPath>, RepositoryError> {
        let mut third = BTreeSet::new();
        let mut files = BTreeMap::new();
        let top = self.repository.top_level.as_path();
        let changes = self.changes;
        for (path, change) in changes {
            let fail = |error: std::io::Error| file_failure("look at", &path.under(top), &error);
            match Standing::at(top, path).map_err(fail)? {
                Standing::Nothing => self.nothing_at(path, change, &mut third),
                Standing::Behind(file) => self.behind(path, change, file, &mut third),
                Standing::Folder => self.folder_at(path, change, &mut third).map_err(fail)?,
                Standing::File(seen) => drop(files.insert(path, seen)),
            }
        }
        third.extend(self.compare(files)?);
        Ok(third)
    }

    fn nothing_at(&mut self, path: &RepoPath, change: &PathChange, third: &mut BTreeSet<RepoPath>) {
        if change.new.is_none() {
            return;
        }
        if change.old_file().is_some() && change.new_file().is_some() {
            // Files are replaced by one rename: a missing one was deleted by the user.
            third.insert(path.clone());
        } else {
            self.pending.insert(path.clone(), None);
        }
    }

    /// A file stands where a folder of the path would be. It may, if it goes away or has just come.
    fn behind(&mut self, path: &RepoPath, change: &PathChange, file: RepoPath, third: &mut BTreeSet<RepoPath>) {
        if !self.changes.contains_key(&file) {
            third.insert(file);
        } else if change.new.is_some() {
            self.pending.insert(path.clone(), None);
        }
    }

    fn folder_at(
        &mut self,
        path: &RepoPath,
        change: &PathChange,
        third: &mut BTreeSet<RepoPath>,
    ) -> std::io::Result<()> {
        if change.new_file().is_none() {
            let comes_below = |(other, change): (&RepoPath, &PathChange)| change.new.is_some() && is_below(other, path);
            if change.new.is_some() {
                // A submodule's folder is where it belongs.
            } else if change.old_file().is_none() {
                self.pending.insert(path.clone(), None);
            } else if !self.changes.iter().any(comes_below) {
                third.insert(path.clone());
            }
            return Ok(());
        }
        let goes = |file: &RepoPath| self.changes.get(file).is_some_and(|change| change.new.is_none());
        let stays = files_below(&self.repository.top_level, path)?.into_iter().filter(|file| !goes(file));
        let before = third.len();
        // A few names suffice to find the folder.
        third.extend(stays.take(20));
        if change.old_file().is_some() {
            third.insert(path.clone());
        } else if third.len() == before {
            self.pending.insert(path.clone(), None);
        }
        Ok(())
    }

    /// Compares files with what they may be: new, old, or taken in. Returns those that are none of these.
    fn compare(&mut self, mut files: BTreeMap<&RepoPath, Fingerprint>) -> Result<BTreeSet<RepoPath>, RepositoryError> {
        let Delivery { old, new, .. } = self.delivery;
        let changes = self.changes;
        let taken_in = taken_in(self.delivery);
        let candidates = |files: &BTreeMap<&RepoPath, Fingerprint>, blob: &dyn Fn(&RepoPath) -> Option<Blob>| {
            let entry = |path: &RepoPath| Some(Entry { content: Some(blob(path)?), path: path.clone() });
            files.keys().filter_map(|path| entry(path)).collect::<Vec<Entry>>()
        };
        let new_blob = |path: &RepoPath| changes.get(path).and_then(PathChange::new_file).cloned();
        let old_blob = |path: &RepoPath| changes.get(path).and_then(PathChange::old_file).cloned();
        let taken_blob =
            |path: &RepoPath| Some(Blob { mode: "100644".to_owned(), oid: Oid::clone(taken_in.get(path)?) });
        let arrived = self.repository.equal_files(&candidates(&files, &new_blob), new)?;
        files.retain(|path, _| !arrived.contains(*path));
        for (blob, attributes) in [(&old_blob as &dyn Fn(&RepoPath) -> Option<Blob>, old), (&taken_blob, old)] {
            let known = self.repository.equal_files(&candidates(&files, blob), attributes)?;
            for path in known {
                self.pending.extend(files.remove(&path).map(|seen| (path, Some(seen))));
            }
        }
        Ok(files.into_keys().cloned().collect())
    }
}

fn is_below(path: &RepoPath, folder: &RepoPath) -> bool {
    path.bytes().strip_prefix(folder.bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}
