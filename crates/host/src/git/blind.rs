//! A work tree for whoever must not see how its content came about: git there shows two commits without words, and no ref.
//!
//! The tree itself stays one of ours, with its own git folder, so that it is kept, reset and removed like every other.
//! Only its `.git` file leads elsewhere: to a repository that has the objects of two trees and nothing else. A commit
//! without words in the shared repository would not have been enough, since every work tree shows all of its refs; and
//! borrowed objects would still have had the words in them.

use super::GitRepository;
use super::command::failure;
use super::objects::Identity;
use super::registry::{Place, remove_folder};
use coordinate_engine::port::{CommitSpec, RepositoryError, Shown};
use coordinate_model::ids::Oid;
use std::path::Path;

/// The folder of that repository, in the tree's own git folder: it goes when the tree goes.
const FOLDER: &str = "coordinate-shown";
/// Its one branch.
const BRANCH: &str = "refs/heads/main";

impl GitRepository {
    /// The link is written last: a tree that has it is complete, and what was done there since stays.
    pub(super) fn show_alone(&self, path: &Path, shown: &Shown) -> Result<(), RepositoryError> {
        let action = format!("hide the history of the work tree `{}`", path.display());
        let place = self.place_of(path)?;
        if place.branch.is_none() {
            return Err(failure(&action, "this program did not make it; its history is for you to hide"));
        }
        let folder = place.git_dir.join(FOLDER);
        if place.leads_to(&folder) {
            return Ok(());
        }
        remove_folder(&folder)?;
        self.make_shown(&action, &place, &folder, shown)?;
        place.lead_to(&folder)
    }

    fn make_shown(&self, action: &str, place: &Place, folder: &Path, shown: &Shown) -> Result<(), RepositoryError> {
        let format = self.call(action).args(["rev-parse", "--show-object-format"]).text()?;
        let call = self.git.call(action, &self.top_level).args(["init", "-q", "--bare", "--template="]);
        call.arg(format!("--object-format={format}")).arg("--").arg(folder).run()?;
        self.same_ignored(folder).map_err(|error| failure(action, error.to_string()))?;
        let made = Self {
            git: self.git.clone(),
            top_level: place.work_tree.clone(),
            checkout_dir: folder.to_owned(),
            common_dir: folder.to_owned(),
            identity: Identity::own(),
        };
        made.call(action).args(["config", "core.bare", "false"]).run()?;
        made.call(action).args(["symbolic-ref", "HEAD", BRANCH]).run()?;
        let before = shown.before.as_ref().map(|before| self.find_tree(before)).transpose()?;
        let now = self.find_tree(&shown.now)?;
        self.copy_trees(action, folder, before.iter().chain([&now]))?;
        let commit = |tree: Oid, parents: Vec<Oid>, message: &str| {
            made.make_commit(&CommitSpec { tree, parents, message: message.to_owned(), at: shown.at })
        };
        let before = before.map(|before| commit(before, Vec::new(), "before\n")).transpose()?;
        let now = commit(now, before.into_iter().collect(), "now\n")?;
        made.update_ref(BRANCH, &now, None)?;
        // Its index; the files are there.
        made.call(action).args(["reset", "-q", "--mixed"]).run().map(drop)
    }

    /// Copies all that some trees hold, and no commit.
    fn copy_trees<'a>(
        &self,
        action: &str,
        folder: &Path,
        trees: impl Iterator<Item = &'a Oid>,
    ) -> Result<(), RepositoryError> {
        let wanted: String = trees.map(|tree| format!("{tree}\n")).collect();
        // As they lie here: what is small for a while is not worth the time that making it smaller takes.
        let call = self.call(action).args(["pack-objects", "-q", "--revs", "--window=0"]);
        call.arg(folder.join("objects/pack/pack")).input(wanted.into_bytes()).run().map(drop)
    }
}
