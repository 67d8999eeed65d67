//! Snapshots: the whole content of a work tree under a ref, and the check that nothing is destroyed without one.

use super::GitRepository;
use super::capture::Captured;
use super::command::failure;
use super::registry::{Mark, Place};
use coordinate_engine::port::{CommitSpec, RepositoryError, Snapshot};
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;
use std::path::Path;

impl GitRepository {
    pub(super) fn keep_tree(
        &self,
        path: &Path,
        reference: &str,
        message: &str,
        at: UtcMillis,
    ) -> Result<Snapshot, RepositoryError> {
        let place = self.place_of(path)?;
        let captured = self.capture(&place.work_tree, &place.git_dir)?;
        let head: Vec<Oid> = captured.head.iter().cloned().collect();
        let mut parents = head.clone();
        parents.extend(self.tip_aside(&place, &captured)?);
        for tree in captured.extras {
            let message = format!("beside the files of: {message}");
            parents.push(self.make_commit(&CommitSpec { tree, parents: head.clone(), message, at })?);
        }
        if Mark::ALL.iter().any(|mark| mark.is_on(&place)) {
            // A kill cut off a reset or a removal: what is left of the files must not push out the good snapshot.
            parents.extend(self.ref_value(reference)?);
        }
        let spec = CommitSpec { tree: captured.tree.clone(), parents, message: message.to_owned(), at };
        let commit = self.make_commit(&spec)?;
        self.set_ref(reference, &commit)?;
        // From here on the tree is judged by this snapshot, not by the check that was made before the kill.
        Mark::ALL.iter().try_for_each(|mark| mark.clear(&place))?;
        let head = captured.head.unwrap_or_else(|| commit.clone());
        Ok(Snapshot { head, tree: captured.tree, clean: captured.clean, commit })
    }

    /// The tip of the tree's own branch where HEAD was taken elsewhere: a reset would lose its commits.
    fn tip_aside(&self, place: &Place, captured: &Captured) -> Result<Option<Oid>, RepositoryError> {
        let Some(branch) = place.branch.as_ref().filter(|branch| Some(*branch) != captured.branch.as_ref()) else {
            return Ok(None);
        };
        let tip = self.ref_value(&format!("refs/heads/{branch}"))?;
        Ok(tip.filter(|tip| Some(tip) != captured.head.as_ref()))
    }

    /// Fails unless the content of a tree is in its HEAD commit, in `commit`, or in the snapshot.
    pub(super) fn ensure_content_kept(
        &self,
        place: &Place,
        captured: &Captured,
        snapshot: Option<&Oid>,
        commit: Option<&Oid>,
    ) -> Result<(), RepositoryError> {
        if captured.clean {
            return Ok(());
        }
        if let Some(commit) = commit
            && captured.extras.is_empty()
            && self.find_tree(commit)? == captured.tree
        {
            return Ok(());
        }
        if let Some(snapshot) = snapshot
            && self.holds(snapshot, captured)?
        {
            return Ok(());
        }
        Err(not_kept(place, "its present content is not in the snapshot"))
    }

    /// Fails unless every commit of `tips` stays reachable once `moved` (a full branch name) and the tree's HEAD no
    /// longer hold it.
    pub(super) fn ensure_commits_kept(
        &self,
        place: &Place,
        tips: &[Oid],
        kept_by: &[&Oid],
        moved: Option<&str>,
    ) -> Result<(), RepositoryError> {
        'tips: for tip in tips {
            for keeper in kept_by {
                if self.has_ancestor(tip, keeper)? {
                    continue 'tips;
                }
            }
            let call = self.call("look for the branches of a commit");
            let names = call.args(["for-each-ref", "--format=%(refname)", "--contains", tip.as_str()]).text()?;
            if !names.lines().any(|name| Some(name) != moved) {
                return Err(not_kept(place, &format!("its commit {} is on no branch and in no snapshot", tip.short())));
            }
        }
        Ok(())
    }

    /// Whether a snapshot has the files and all that was kept beside them.
    fn holds(&self, snapshot: &Oid, captured: &Captured) -> Result<bool, RepositoryError> {
        let call = self.call("read a snapshot").args(["rev-list", "--no-walk=unsorted", "--no-commit-header"]);
        let text = call.args(["--format=%T", snapshot.as_str(), &format!("{snapshot}^@")]).text()?;
        let mut trees = text.lines();
        let files = trees.next();
        let beside: Vec<&str> = trees.collect();
        let extras_kept = captured.extras.iter().all(|extra| beside.contains(&extra.as_str()));
        Ok(files == Some(captured.tree.as_str()) && extras_kept)
    }
}

fn not_kept(place: &Place, reason: &str) -> RepositoryError {
    let action = format!("change the work tree `{}`", place.work_tree.display());
    failure(&action, format!("{reason}; take a snapshot of it first, so that nothing is lost"))
}
