//! Snapshots: the whole content of a work tree under a ref, and the check that nothing is destroyed without one.

use super::GitRepository;
use super::capture::Captured;
use super::command::{failure, parse_oid};
use super::registry::{Mark, Place};
use coordinate_engine::port::{CommitSpec, RepositoryError, Snapshot};
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;
use std::path::Path;

/// Before the HEAD commit that a snapshot was taken on, in its message.
pub(super) const HEAD: &str = "Head: ";
/// Before the name of the snapshot that a snapshot comes after, in its message.
pub(super) const EARLIER: &str = "Earlier: ";
/// How often a snapshot is tried that others of the same tree overtook. Each time that it has to try again another one has
/// been kept, so that this is never many but where much is kept at once.
const TRIES: u32 = 64;

/// What a ref stands for: a snapshot, or a commit of an agent.
#[derive(Debug)]
struct Tip {
    commit: Oid,
    tree: String,
    parents: Vec<String>,
}

/// Where a snapshot goes, and what it says of itself.
struct Label<'a> {
    reference: &'a str,
    message: &'a str,
    at: UtcMillis,
}

impl GitRepository {
    /// Each snapshot has the one before it among its parents, so that a ref holds every moment that it ever stood for.
    /// Where nothing has changed since, none is made; a clean tree is kept by its HEAD commit itself.
    pub(super) fn keep_tree(
        &self,
        path: &Path,
        reference: &str,
        message: &str,
        at: UtcMillis,
    ) -> Result<Snapshot, RepositoryError> {
        let place = self.place_of(path)?;
        // What is kept already is read while git looks at the files, which takes much longer.
        let (captured, earlier) = std::thread::scope(|scope| {
            let earlier = scope.spawn(|| self.tip_of(reference));
            (self.capture(&place.work_tree, &place.git_dir), earlier.join())
        });
        let (captured, earlier) = (captured?, earlier.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        let aside = self.tip_aside(&place, &captured)?;
        let commit = self.keep_captured(&captured, aside.as_ref(), earlier, &Label { reference, message, at })?;
        // From here on the tree is judged by this snapshot, not by the check that was made before a kill. What a cut-off
        // reset or removal left of the files has not pushed out the good snapshot: it comes after it.
        Mark::ALL.iter().try_for_each(|mark| mark.clear(&place))?;
        let head = captured.head.unwrap_or_else(|| commit.clone());
        Ok(Snapshot { head, tree: captured.tree, clean: captured.clean, commit })
    }

    /// Two carriers may keep one tree at the same moment, by the clock and before a stop: the ref moves only from where
    /// it was found, so that neither pushes the other's snapshot out.
    fn keep_captured(
        &self,
        captured: &Captured,
        aside: Option<&Oid>,
        mut earlier: Option<Tip>,
        label: &Label<'_>,
    ) -> Result<Oid, RepositoryError> {
        let mut tries = 1;
        loop {
            if let Some(tip) = &earlier
                && self.says_all(tip, captured, aside)?
            {
                return Ok(tip.commit.clone());
            }
            let earlier_commit = earlier.map(|tip| tip.commit);
            let commit = self.snapshot_commit(captured, aside, earlier_commit.as_ref(), label)?;
            match self.update_ref(label.reference, &commit, earlier_commit.as_ref()) {
                Err(RepositoryError::RefMoved { .. }) if tries < TRIES => tries += 1,
                outcome => return outcome.map(|()| commit),
            }
            earlier = self.tip_of(label.reference)?;
        }
    }

    fn snapshot_commit(
        &self,
        captured: &Captured,
        aside: Option<&Oid>,
        earlier: Option<&Oid>,
        label: &Label<'_>,
    ) -> Result<Oid, RepositoryError> {
        let Label { message, at, .. } = *label;
        let head: Vec<Oid> = captured.head.iter().cloned().collect();
        let mut parents = head.clone();
        parents.extend(aside.cloned());
        for tree in &captured.extras {
            let message = format!("beside the files of: {message}");
            parents.push(self.make_commit(&CommitSpec { tree: tree.clone(), parents: head.clone(), message, at })?);
        }
        let earlier = earlier.filter(|earlier| !parents.contains(earlier)).cloned();
        if let (true, [head], None) = (captured.clean, parents.as_slice(), &earlier) {
            return Ok(head.clone());
        }
        let told =
            captured.head.iter().map(|head| (HEAD, head)).chain(earlier.iter().map(|earlier| (EARLIER, earlier)));
        let told: String = told.map(|(key, commit)| format!("{key}{commit}\n")).collect();
        let message = format!("{}\n\n{told}", message.trim_end());
        parents.extend(earlier);
        self.make_commit(&CommitSpec { tree: captured.tree.clone(), parents, message, at })
    }

    /// The commit that a ref stands for, if it is there.
    fn tip_of(&self, reference: &str) -> Result<Option<Tip>, RepositoryError> {
        let call =
            self.call("read a snapshot").args(["for-each-ref", "--format=%(refname) %(objectname) %(tree) %(parent)"]);
        let text = call.args(["--", reference]).text()?;
        // It lists what lies below that name too.
        let line = text.lines().find_map(|line| line.strip_prefix(reference)?.strip_prefix(' '));
        let Some((commit, rest)) = line.and_then(|line| line.split_once(' ')) else { return Ok(None) };
        let commit = parse_oid("read a snapshot", commit.as_bytes())?;
        let mut names = rest.split(' ').filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Some(Tip { commit, tree: names.next().unwrap_or_default(), parents: names.collect() }))
    }

    /// Whether a snapshot says all that there is to be kept now, on top of the same HEAD.
    fn says_all(&self, tip: &Tip, captured: &Captured, aside: Option<&Oid>) -> Result<bool, RepositoryError> {
        let Some(head) = &captured.head else { return Ok(false) };
        if tip.commit == *head {
            return Ok(captured.clean && aside.is_none());
        }
        let is_beside = |aside: &Oid| tip.parents.iter().any(|parent| parent == aside.as_str());
        let same = tip.parents.first().is_some_and(|parent| parent == head.as_str());
        if !same || tip.tree != captured.tree.as_str() || !aside.is_none_or(is_beside) {
            return Ok(false);
        }
        Ok(captured.extras.is_empty() || self.holds(&tip.commit, captured)?)
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
