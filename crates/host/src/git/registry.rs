//! The linked work trees that a repository knows, as git keeps them: one folder each under `worktrees/`, with HEAD, the
//! index, and `gitdir`, the place of the tree's `.git` file. Beside these lie our own small marks, which make every
//! step of making, resetting and removing a tree repeatable after a kill.

use super::GitRepository;
use super::command::{failure, file_failure};
use crate::atomic;
use coordinate_engine::port::RepositoryError;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The lock reason of a tree that is being made. Git writes it before anything else, so a tree with it has never been
/// handed to anyone: all that is in it came from git.
pub(super) const MAKING: &str = "coordinate is making this tree";
/// Git's own file for a lock's reason.
const LOCKED: &str = "locked";
/// Holds the branch of a tree that is complete. Only trees with it are ours to reset or remove.
const BRANCH: &str = "coordinate-branch";
/// Present while a tree whose content was found to be kept is being removed.
const REMOVING: &str = "coordinate-removing";
/// Present while a tree whose content was found to be kept is being reset.
const RESETTING: &str = "coordinate-resetting";

/// A work tree, linked or main.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its folder.
    pub(super) work_tree: PathBuf,
    /// Its own git folder.
    pub(super) git_dir: PathBuf,
    /// The short name of the branch that it was made for; `None` for trees of the user.
    pub(super) branch: Option<String>,
}

/// Which of our marks is meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    /// The tree is being removed.
    Removing,
    /// The tree is being reset.
    Resetting,
}

impl Mark {
    pub(super) const ALL: [Self; 2] = [Self::Removing, Self::Resetting];

    fn file(self, place: &Place) -> PathBuf {
        place.git_dir.join(match self {
            Self::Removing => REMOVING,
            Self::Resetting => RESETTING,
        })
    }

    pub(super) fn is_on(self, place: &Place) -> bool {
        self.file(place).exists()
    }

    pub(super) fn set(self, place: &Place) -> Result<(), RepositoryError> {
        write(&self.file(place), b"")
    }

    pub(super) fn clear(self, place: &Place) -> Result<(), RepositoryError> {
        remove_file(&self.file(place))
    }
}

impl GitRepository {
    /// The registered tree at `path`, or the user's checkout.
    pub(super) fn place_of(&self, path: &Path) -> Result<Place, RepositoryError> {
        let path = settled(path)?;
        if path == self.top_level {
            return Ok(Place { work_tree: path, git_dir: self.checkout_dir.clone(), branch: None });
        }
        let found = self.registered(&path)?;
        found.filter(|place| place.work_tree.is_dir()).ok_or_else(|| {
            let action = format!("use the work tree `{}`", path.display());
            failure(&action, "the repository has no work tree there; `git worktree list` shows those it has")
        })
    }

    /// The registered tree at a settled path, whether or not its folder exists.
    pub(super) fn registered(&self, path: &Path) -> Result<Option<Place>, RepositoryError> {
        for git_dir in self.admin_folders()? {
            let Ok(link) = std::fs::read(git_dir.join("gitdir")) else { continue };
            let link = git_dir.join(OsStr::from_bytes(link.trim_ascii_end()));
            let Some(work_tree) = link.parent() else { continue };
            if work_tree == path || settled_if_possible(work_tree).is_some_and(|work_tree| work_tree == path) {
                let branch = std::fs::read_to_string(git_dir.join(BRANCH)).ok();
                return Ok(Some(Place { work_tree: path.to_owned(), git_dir, branch }));
            }
        }
        Ok(None)
    }

    /// Deletes what a kill left of trees that git had begun to make and had not yet given a place.
    pub(super) fn clear_unplaced(&self) -> Result<(), RepositoryError> {
        for git_dir in self.admin_folders()? {
            if is_making(&git_dir) && !git_dir.join("gitdir").exists() {
                remove_folder(&git_dir)?;
            }
        }
        Ok(())
    }

    fn admin_folders(&self) -> Result<Vec<PathBuf>, RepositoryError> {
        let folder = self.common_dir.join("worktrees");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(file_failure("list the work trees in", &folder, &error)),
        };
        Ok(entries.flatten().map(|entry| entry.path()).collect())
    }
}

impl Place {
    /// Whether it is half-made: nobody but git has been in it.
    pub(super) fn is_making(&self) -> bool {
        self.branch.is_none() && is_making(&self.git_dir)
    }

    /// Notes that the tree is complete, and lets git's lock on it go.
    pub(super) fn complete(&mut self, branch: &str) -> Result<(), RepositoryError> {
        write(&self.git_dir.join(BRANCH), branch.as_bytes())?;
        self.branch = Some(branch.to_owned());
        self.release()
    }

    /// Lets git's lock go if it is ours: a kill may have come between the note and this.
    pub(super) fn release(&self) -> Result<(), RepositoryError> {
        if is_making(&self.git_dir) { remove_file(&self.git_dir.join(LOCKED)) } else { Ok(()) }
    }

    /// Deletes a tree that holds nothing but git's own files.
    pub(super) fn discard(&self) -> Result<(), RepositoryError> {
        remove_folder(&self.work_tree)?;
        remove_folder(&self.git_dir)
    }

    /// Writes the tree's `.git` file anew if it is missing or wrong; refuses where a repository stands in its place.
    pub(super) fn restore_link(&self) -> Result<(), RepositoryError> {
        self.lead_to(&self.git_dir)
    }

    /// Lets the tree's `.git` file lead to a git folder.
    pub(super) fn lead_to(&self, git_dir: &Path) -> Result<(), RepositoryError> {
        let link = self.work_tree.join(".git");
        if link.symlink_metadata().is_ok_and(|data| data.is_dir()) {
            let action = format!("use the work tree `{}`", self.work_tree.display());
            return Err(failure(&action, "its `.git` was replaced by a repository of its own; move that folder away"));
        }
        if self.leads_to(git_dir) { Ok(()) } else { write(&link, &link_to(git_dir)) }
    }

    /// Whether the tree's `.git` file leads to this git folder.
    pub(super) fn leads_to(&self, git_dir: &Path) -> bool {
        std::fs::read(self.work_tree.join(".git")).is_ok_and(|found| found == link_to(git_dir))
    }
}

/// What a `.git` file says that leads to this git folder.
fn link_to(git_dir: &Path) -> Vec<u8> {
    [b"gitdir: ", git_dir.as_os_str().as_bytes(), b"\n"].concat()
}

/// Whether git's folder of a work tree is that of one that this program made, or is making.
pub(super) fn is_own(git_dir: &Path) -> bool {
    is_making(git_dir) || git_dir.join(BRANCH).exists()
}

fn is_making(git_dir: &Path) -> bool {
    std::fs::read(git_dir.join(LOCKED)).is_ok_and(|reason| reason.trim_ascii_end() == MAKING.as_bytes())
}

/// The path without links and dots; its last part need not exist.
pub(super) fn settled(path: &Path) -> Result<PathBuf, RepositoryError> {
    settled_if_possible(path).ok_or_else(|| {
        let error = std::io::Error::other("its parent folder can not be opened");
        file_failure("find the folder", path, &error)
    })
}

pub(super) fn settled_if_possible(path: &Path) -> Option<PathBuf> {
    if let Ok(found) = path.canonicalize() {
        return Some(found);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(parent.canonicalize().ok()?.join(path.file_name()?))
}

fn write(path: &Path, content: &[u8]) -> Result<(), RepositoryError> {
    atomic::write(path, content).map_err(|error| file_failure("write", path, &error))
}

pub(super) fn remove_file(path: &Path) -> Result<(), RepositoryError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file_failure("delete", path, &error)),
        _ => Ok(()),
    }
}

pub(super) fn remove_folder(path: &Path) -> Result<(), RepositoryError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file_failure("delete", path, &error)),
        _ => Ok(()),
    }
}
