//! Making and removing the work trees that attempts work in.

use super::GitRepository;
use super::command::{failure, file_failure};
use super::exclusive::Exclusive;
use super::registry::{MAKING, Mark, Place, remove_folder, settled, settled_if_possible};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::path::Path;

impl GitRepository {
    /// Guards against a kill at any point: until the tree is complete it carries git's lock with our reason, and a
    /// tree that carries it is thrown away and made again.
    pub(super) fn make_tree(&self, path: &Path, branch: &str, start: &Oid) -> Result<(), RepositoryError> {
        let action = format!("make the work tree `{}`", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| file_failure("make the folder", parent, &error))?;
        }
        let path = settled(path)?;
        let _turn = self.trees_turn()?;
        // Twice: a git that was killed leaves half a tree, which the second try throws away.
        self.make_once(&path, branch, start, &action).or_else(|_| self.make_once(&path, branch, start, &action))
    }

    fn make_once(&self, path: &Path, branch: &str, start: &Oid, action: &str) -> Result<(), RepositoryError> {
        self.clear_unplaced()?;
        if let Some(place) = self.registered(path)?
            && self.is_complete(&place, branch, action)?
        {
            return place.restore_link();
        }
        ensure_free(path, action)?;
        let reference = format!("refs/heads/{branch}");
        if self.ref_value(&reference)?.is_none() {
            self.update_ref(&reference, start, None)?;
        }
        let call = self.call(action).args(["worktree", "add", "-q", "--no-checkout", "--lock", "--reason", MAKING]);
        call.arg("--").arg(path).arg(branch).run()?;
        self.fill(path, branch, action)
    }

    /// Checks the files out and notes that the tree is complete.
    fn fill(&self, path: &Path, branch: &str, action: &str) -> Result<(), RepositoryError> {
        let mut place = self.registered(path)?.ok_or_else(|| failure(action, "git did not register it; try again"))?;
        let call = self.call_in(action, &place.work_tree, &place.git_dir);
        call.args(["reset", "-q", "--hard", "HEAD"]).run()?;
        place.complete(branch)
    }

    /// Whether a registered tree is good as it is; if not, what remains of it is cleared away where that is safe.
    fn is_complete(&self, place: &Place, branch: &str, action: &str) -> Result<bool, RepositoryError> {
        if place.is_making() {
            return place.discard().map(|()| false);
        }
        let Some(own) = &place.branch else {
            let cause =
                "the work tree there is not ours: this program did not make it; move it with `git worktree move`";
            return Err(failure(action, cause));
        };
        if Mark::Removing.is_on(place) {
            return self.finish_removal(place).map(|()| false);
        }
        if place.work_tree.symlink_metadata().is_err() {
            // Somebody deleted the folder. Its commits are on the branch, from which it is made again.
            return remove_folder(&place.git_dir).map(|()| false);
        }
        if own != branch {
            return Err(failure(
                action,
                format!("the tree there is for the branch `{own}`; remove it or choose another place"),
            ));
        }
        place.release().map(|()| true)
    }

    pub(super) fn discard_tree(&self, path: &Path, snapshot_ref: &str) -> Result<(), RepositoryError> {
        let action = format!("remove the work tree `{}`", path.display());
        // Where even the folder around it is gone, git's entry is found under the path as it was written.
        let path = settled_if_possible(path).unwrap_or_else(|| path.to_owned());
        let Some(place) = self.registered(&path)? else { return ensure_gone(&path, &action) };
        if place.is_making() {
            let _turn = self.trees_turn()?;
            return place.discard();
        }
        if place.branch.is_none() {
            return Err(failure(&action, "this program did not make it; remove it with `git worktree remove`"));
        }
        if place.work_tree.symlink_metadata().is_err() {
            return remove_folder(&place.git_dir);
        }
        if !Mark::Removing.is_on(&place) {
            self.ensure_removable(&place, snapshot_ref)?;
            Mark::Removing.set(&place)?;
        }
        self.finish_removal(&place)
    }

    fn ensure_removable(&self, place: &Place, snapshot_ref: &str) -> Result<(), RepositoryError> {
        place.restore_link()?;
        let captured = self.capture(&place.work_tree, &place.git_dir)?;
        let snapshot = self.ref_value(snapshot_ref)?;
        self.ensure_content_kept(place, &captured, snapshot.as_ref(), None)?;
        // The commits of a branch stay with the branch; those of a detached HEAD go with the tree.
        let detached = captured.head.filter(|_| captured.branch.is_none());
        let kept_by: Vec<&Oid> = snapshot.iter().collect();
        self.ensure_commits_kept(place, detached.as_slice(), &kept_by, None)
    }

    /// Removes a tree whose content is kept. Git deletes the files first and its entry last, so a kill in between
    /// leaves an entry with our mark, from which this goes on.
    fn finish_removal(&self, place: &Place) -> Result<(), RepositoryError> {
        // Twice: the second try goes on where a git was that somebody killed.
        self.remove_once(place).or_else(|_| self.remove_once(place))
    }

    fn remove_once(&self, place: &Place) -> Result<(), RepositoryError> {
        if place.work_tree.symlink_metadata().is_err() {
            return remove_folder(&place.git_dir);
        }
        let action = format!("remove the work tree `{}`", place.work_tree.display());
        if place.work_tree.is_dir() {
            place.restore_link()?;
        }
        // Twice: also where somebody locked it.
        let call = self.call(&action).args(["worktree", "remove", "--force", "--force", "--"]);
        call.arg(&place.work_tree).run().map(drop)
    }

    /// One maker of trees at a time: concurrent ones would take each other's half-made entries for remains.
    fn trees_turn(&self) -> Result<Exclusive, RepositoryError> {
        Exclusive::hold(&self.common_dir.join("coordinate-trees.lock"))
    }
}

/// Fails if there is anything at the path but an empty folder.
fn ensure_free(path: &Path, action: &str) -> Result<(), RepositoryError> {
    if path.symlink_metadata().is_err() || std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) {
        return Ok(());
    }
    Err(failure(action, "there is something else at that place; move it away, it is not deleted"))
}

/// For a path without a registered tree: gone is success, content of unknown origin is not touched.
fn ensure_gone(path: &Path, action: &str) -> Result<(), RepositoryError> {
    ensure_free(path, action)?;
    remove_folder(path)
}
