//! A repository of its own that has another one's objects: what is done in it touches nothing of the user's.

use super::GitRepository;
use super::command::failure;
use super::objects::Identity;
use super::snapshot::HEAD;
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::path::Path;

impl GitRepository {
    /// A repository at `path`, which must not be there yet, with this commit checked out, on a branch of this full name or
    /// on none. It reads the objects of this one and writes its own; it knows no remote. Commits in it are made in the name
    /// of whoever has made the commit `like`, so that the same facts give the same objects.
    ///
    /// # Errors
    /// When git fails, or the folder is there already.
    pub fn replica(
        &self,
        path: &Path,
        branch: Option<&str>,
        commit: &Oid,
        like: Option<&Oid>,
    ) -> Result<Self, RepositoryError> {
        let action = format!("make the repository `{}`", path.display());
        // Without the variables that name this repository's folders: the clone has its own.
        let call = self.git.call(&action, &self.top_level).args([
            "clone",
            "-q",
            "--shared",
            "--no-checkout",
            "--no-tags",
            "--",
        ]);
        call.arg(&self.common_dir).arg(path).run()?;
        self.same_ignored(&path.join(".git")).map_err(|error| failure(&action, error.to_string()))?;
        let identity = like.map_or_else(|| Ok(self.identity.clone()), |like| Identity::of(self, like))?;
        let made = Self { identity, ..Self::open_with(path, self.git.clone())? };
        made.call(&action).args(["remote", "remove", "origin"]).run()?;
        match branch {
            Some(branch) => {
                made.update_ref(branch, commit, made.ref_value(branch)?.as_ref())?;
                made.call(&action).args(["symbolic-ref", "HEAD", branch]).run()?;
            }
            None => drop(made.call(&action).args(["update-ref", "--no-deref", "HEAD", commit.as_str()]).run()?),
        }
        made.call(&action).args(["reset", "-q", "--hard", commit.as_str()]).run()?;
        Ok(made)
    }

    /// What this repository alone ignores is ignored there too: it decides what is kept of a tree.
    pub(super) fn same_ignored(&self, git_dir: &Path) -> std::io::Result<()> {
        let own = self.common_dir.join("info/exclude");
        let target = git_dir.join("info/exclude");
        if !own.exists() {
            return Ok(());
        }
        target.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::copy(own, target).map(drop)
    }

    /// Brings a work tree, with its own branch, to what a snapshot keeps: the commits that were there, and beyond them the
    /// files, uncommitted. For trees of replicas, whose content nobody made by hand. What git ignores stays, and so do the
    /// paths `linked`, which are no work.
    ///
    /// # Errors
    /// When git fails, or the snapshot is gone.
    pub fn replay_tree(&self, path: &Path, snapshot: &Oid, linked: &[String]) -> Result<(), RepositoryError> {
        let action = format!("bring the work tree `{}` to its recording", path.display());
        let place = self.place_of(path)?;
        let call = || self.call_in(&action, &place.work_tree, &place.git_dir);
        if self.find_object(&format!("{snapshot}^{{commit}}"))?.is_none() {
            return Err(failure(&action, format!("`{snapshot}` is not in the repository any more")));
        }
        // A clean tree was kept by its HEAD commit itself.
        let message = call().args(["show", "-s", "--format=%B", snapshot.as_str()]).text()?;
        let told = message.lines().find_map(|line| line.strip_prefix(HEAD)?.parse().ok());
        let head: Oid = told.unwrap_or_else(|| snapshot.clone());
        call().args(["reset", "-q", "--hard", head.as_str()]).run()?;
        // An attempt that goes on in its tree may have taken away what an earlier one has left uncommitted.
        let links = linked.iter().map(|link| format!("--exclude=/{link}"));
        call().args(["clean", "-q", "-f", "-d"]).args(links).run()?;
        call().args(["read-tree", "-u", "--reset", snapshot.as_str()]).run()?;
        call().args(["reset", "-q", "--mixed", head.as_str()]).run().map(drop)
    }
}
