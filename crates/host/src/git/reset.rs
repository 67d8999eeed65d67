//! Bringing a work tree back to a commit for the next attempt.

use super::GitRepository;
use super::command::failure;
use super::registry::{Mark, Place, remove_file, remove_folder};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::path::Path;

/// What operations that were cut off leave in a tree's git folder. Locks are among them: a reset comes after the whole
/// process tree of the attempt was ended, so nobody holds them.
const REMAINS: &[&str] = &[
    "index.lock",
    "HEAD.lock",
    "MERGE_HEAD",
    "MERGE_MODE",
    "MERGE_MSG",
    "MERGE_RR",
    "AUTO_MERGE",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "SQUASH_MSG",
    "BISECT_LOG",
    "BISECT_START",
    "BISECT_TERMS",
    "BISECT_NAMES",
    "BISECT_ANCESTORS_OK",
    "BISECT_EXPECTED_REV",
];

/// The same for folders.
const REMAINING_FOLDERS: &[&str] = &["rebase-merge", "rebase-apply", "sequencer"];

impl GitRepository {
    /// Guards against destroying work, and against a kill halfway: then the content is a mixture that no snapshot has,
    /// and the mark that was set after the check says that it may be finished.
    pub(super) fn bring_tree_to(&self, path: &Path, commit: &Oid, snapshot_ref: &str) -> Result<(), RepositoryError> {
        let action = format!("reset the work tree `{}`", path.display());
        let place = self.place_of(path)?;
        let Some(branch) = place.branch.clone() else {
            return Err(failure(&action, "this program did not make it; its content is for you to change"));
        };
        let reference = format!("refs/heads/{branch}");
        place.restore_link()?;
        if !Mark::Resetting.is_on(&place) {
            self.ensure_resettable(&place, &reference, commit, snapshot_ref)?;
            Mark::Resetting.set(&place)?;
        }
        clear_remains(&place)?;
        self.reset_files(&action, &place, &reference, commit)?;
        Mark::Resetting.clear(&place)
    }

    /// Tracked files stay as they are, and so does the user's own checkout.
    pub(super) fn remove_untracked(&self, path: &Path) -> Result<(), RepositoryError> {
        let action = format!("clear the work tree `{}`", path.display());
        let place = self.place_of(path)?;
        if place.branch.is_none() {
            return Err(failure(&action, "this program did not make it; its content is for you to change"));
        }
        let call = self.call_in(&action, &place.work_tree, &place.git_dir);
        call.args(["clean", "-q", "-ffdx"]).run().map(drop)
    }

    fn ensure_resettable(
        &self,
        place: &Place,
        reference: &str,
        commit: &Oid,
        snapshot_ref: &str,
    ) -> Result<(), RepositoryError> {
        let captured = self.capture(&place.work_tree, &place.git_dir)?;
        let snapshot = self.ref_value(snapshot_ref)?;
        self.ensure_content_kept(place, &captured, snapshot.as_ref(), Some(commit))?;
        let detached = captured.head.filter(|_| captured.branch.is_none());
        let tips: Vec<Oid> = detached.into_iter().chain(self.ref_value(reference)?).collect();
        let kept_by: Vec<&Oid> = [commit].into_iter().chain(&snapshot).collect();
        self.ensure_commits_kept(place, &tips, &kept_by, Some(reference))
    }

    fn reset_files(&self, action: &str, place: &Place, reference: &str, commit: &Oid) -> Result<(), RepositoryError> {
        let call = || self.call_in(action, &place.work_tree, &place.git_dir);
        // Untracked files go first, by the ignore rules that the snapshot was taken under: after the reset other rules
        // may hold, and files that were ignored, hence not kept, would be taken for untracked.
        call().args(["clean", "-q", "-ffd"]).run()?;
        // The branch may be checked out nowhere now: the attempt may have moved HEAD to another one, which stays.
        call().args(["symbolic-ref", "HEAD", reference]).run()?;
        call().args(["reset", "-q", "--hard", commit.as_str()]).run().map(drop)
    }
}

fn clear_remains(place: &Place) -> Result<(), RepositoryError> {
    for name in REMAINS {
        remove_file(&place.git_dir.join(name))?;
    }
    for name in REMAINING_FOLDERS {
        remove_folder(&place.git_dir.join(name))?;
    }
    Ok(())
}
