//! Carries a delivery out, in steps that may each be the last before a kill.

use super::aside::Aside;
use super::changes::PathChange;
use super::judge::Plan;
use super::standing::{Standing, remove_empty_folders};
use super::{ACTION, blocked};
use crate::git::GitRepository;
use crate::git::command::file_failure;
use crate::git::index::{Entry, ScratchIndex, copy_with_time};
use crate::git::paths::{RepoPath, list};
use coordinate_engine::port::{Delivery, DeliveryState, RepositoryError};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;

/// A step that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The index is locked.
    Locked,
    /// The new index and all new files lie aside.
    Staged,
    /// One old file is gone.
    Removed,
    /// One new file is in place.
    Placed,
    /// The branch is moved.
    BranchMoved,
    /// The new index is in place.
    IndexInstalled,
}

impl GitRepository {
    pub(super) fn perform(
        &self,
        delivery: &Delivery,
        plan: &Plan,
        observe: &mut dyn FnMut(Step),
    ) -> Result<DeliveryState, RepositoryError> {
        let aside = Aside::of(&self.top_level, &self.checkout_dir)?;
        aside.make_anew()?;
        let outcome = self.perform_aside(delivery, plan, &aside, observe);
        aside.clear()?;
        outcome
    }

    fn perform_aside(
        &self,
        delivery: &Delivery,
        plan: &Plan,
        aside: &Aside,
        observe: &mut dyn FnMut(Step),
    ) -> Result<DeliveryState, RepositoryError> {
        self.stage(delivery, plan, aside)?;
        observe(Step::Staged);
        let removed = self.remove_old(plan, observe)?;
        let touched = if removed.is_some() { removed } else { self.place_new(plan, aside, observe)? };
        if let Some(touched) = touched {
            self.take_back(delivery)?;
            return Ok(touched);
        }
        self.update_ref(&delivery.branch, &delivery.new, Some(&delivery.old))?;
        observe(Step::BranchMoved);
        self.install_index(aside)?;
        observe(Step::IndexInstalled);
        Ok(DeliveryState::Done)
    }

    /// Makes the new index and writes the new files aside, with filters, modes and links as git makes them.
    pub(super) fn stage(&self, delivery: &Delivery, plan: &Plan, aside: &Aside) -> Result<(), RepositoryError> {
        let own = self.checkout_dir.join("index");
        copy_with_time(&own, &aside.index()).map_err(|error| file_failure("copy the index", &own, &error))?;
        let index = ScratchIndex::at(self, &self.top_level, &self.checkout_dir, aside.index());
        let index = index.with_attributes(&delivery.new);
        let entry =
            |(path, change): (&RepoPath, &PathChange)| Entry { content: change.new.clone(), path: path.clone() };
        index.put(ACTION, &plan.changes.iter().map(entry).collect::<Vec<Entry>>())?;
        let written = plan.written();
        if !written.is_empty() {
            let mut prefix = OsString::from("--prefix=");
            prefix.push(aside.files());
            prefix.push("/");
            let call = index.call(ACTION).args(["checkout-index", "-f", "-z", "--stdin"]).arg(prefix);
            call.input(list(written.iter().copied())).run()?;
        }
        for path in written {
            let file = path.under(&aside.files());
            sync(&file).map_err(|error| file_failure("write", &file, &error))?;
        }
        Ok(())
    }

    pub(super) fn remove_old(
        &self,
        plan: &Plan,
        observe: &mut dyn FnMut(Step),
    ) -> Result<Option<DeliveryState>, RepositoryError> {
        for (path, change) in plan.changes.iter().filter(|(path, _)| plan.pending.contains_key(path)) {
            if change.new_file().is_some() {
                continue;
            }
            if let Some(touched) = self.touched(plan, path)? {
                return Ok(Some(touched));
            }
            let place = path.under(&self.top_level);
            let removed = match change.old_file() {
                Some(_) => remove_if_there(&place),
                // A submodule's folder goes only if it is empty; else it stays as untracked files, as git leaves it.
                None => std::fs::remove_dir(&place).or(Ok(())),
            };
            removed.map_err(|error| file_failure("delete", &place, &error))?;
            remove_empty_parents(&place, &self.top_level);
            if change.new.is_some() {
                // A submodule comes: git makes its folder and leaves it empty.
                std::fs::create_dir_all(&place).map_err(|error| file_failure("make the folder", &place, &error))?;
            }
            observe(Step::Removed);
        }
        Ok(None)
    }

    pub(super) fn place_new(
        &self,
        plan: &Plan,
        aside: &Aside,
        observe: &mut dyn FnMut(Step),
    ) -> Result<Option<DeliveryState>, RepositoryError> {
        for path in plan.written() {
            if let Some(touched) = self.touched(plan, path)? {
                return Ok(Some(touched));
            }
            let place = path.under(&self.top_level);
            let put = || -> io::Result<()> {
                if let Some(parent) = place.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                if place.symlink_metadata().is_ok_and(|data| data.is_dir()) {
                    remove_empty_folders(&place)?;
                }
                std::fs::rename(path.under(&aside.files()), &place)
            };
            put().map_err(|error| file_failure("write", &place, &error))?;
            observe(Step::Placed);
        }
        Ok(None)
    }

    /// Whether the user touched a file after it was judged: that content is nowhere else, so this ends here.
    fn touched(&self, plan: &Plan, path: &RepoPath) -> Result<Option<DeliveryState>, RepositoryError> {
        let standing = Standing::at(&self.top_level, path);
        let standing = standing.map_err(|error| file_failure("look at", &path.under(&self.top_level), &error))?;
        let now = match standing {
            Standing::File(seen) => Some(seen),
            Standing::Nothing | Standing::Behind(_) | Standing::Folder => None,
        };
        if plan.pending.get(path) == Some(&now) {
            return Ok(None);
        }
        let reason = "a file was changed while the result was being delivered; commit, stash or move it";
        Ok(Some(blocked(reason, vec![path.display()])))
    }

    fn install_index(&self, aside: &Aside) -> Result<(), RepositoryError> {
        ScratchIndex::at(self, &self.top_level, &self.checkout_dir, aside.index()).refresh(ACTION)?;
        let own = self.checkout_dir.join("index");
        std::fs::rename(aside.index(), &own).map_err(|error| file_failure("write", &own, &error))
    }
}

impl Plan {
    /// The files that are to be written. Attributes come first: a git before 2.41 judges the others by those on disk.
    fn written(&self) -> Vec<&RepoPath> {
        let changes = self.changes.iter().filter(|(path, _)| self.pending.contains_key(path));
        let mut paths: Vec<&RepoPath> =
            changes.filter(|(_, change)| change.new_file().is_some()).map(|(path, _)| path).collect();
        paths.sort_by_key(|path| !path.bytes().ends_with(b".gitattributes"));
        paths
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Deletes the folders that a deleted file leaves empty, as git does, up to the top of the checkout.
fn remove_empty_parents(path: &Path, top: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != top) {
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// Brings a file's content to the disk before it takes the place of another: after a loss of power a name must not
/// lead to an empty file.
fn sync(file: &Path) -> io::Result<()> {
    if file.symlink_metadata()?.is_file() { File::open(file)?.sync_all() } else { Ok(()) }
}
