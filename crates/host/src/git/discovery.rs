//! Finds the user's checkout and the shared git folder from any folder in it, and checks git's version.

use super::command::{GitProgram, failure, file_failure};
use coordinate_engine::port::RepositoryError;
use std::path::{Path, PathBuf};

/// `merge-tree --write-tree` came with this version.
const OLDEST: (u32, u32) = (2, 38);

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Top level of the checkout.
    pub(super) top_level: PathBuf,
    /// The checkout's own git folder.
    pub(super) checkout_dir: PathBuf,
    /// The git folder shared by all work trees.
    pub(super) common_dir: PathBuf,
}

const ACTION: &str = "open the git repository";

/// Finds the repository around `path`.
pub(super) fn discover(git: &GitProgram, path: &Path) -> Result<Found, RepositoryError> {
    check_version(git)?;
    let path = path.canonicalize().map_err(|error| file_failure("open the folder", path, &error))?;
    let git_dir = folder_of(git, &path, "--git-dir")?;
    let common_dir = folder_of(git, &path, "--git-common-dir")?;
    if git_dir != common_dir
        && let Some(top_level) = main_top_level(git, &common_dir)?
    {
        return Ok(Found { top_level, checkout_dir: common_dir.clone(), common_dir });
    }
    let top_level = own_top_level(git, &path)?;
    Ok(Found { top_level, checkout_dir: git_dir, common_dir })
}

fn check_version(git: &GitProgram) -> Result<(), RepositoryError> {
    let told = git.call(ACTION, Path::new("/")).arg("version").text()?;
    match parse_version(&told) {
        Some(version) if version >= OLDEST => Ok(()),
        _ => Err(failure(ACTION, format!("`{told}` is too old; install git {}.{} or newer", OLDEST.0, OLDEST.1))),
    }
}

fn parse_version(told: &str) -> Option<(u32, u32)> {
    let mut numbers = told.strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn folder_of(git: &GitProgram, path: &Path, which: &str) -> Result<PathBuf, RepositoryError> {
    let call = git.call(ACTION, path).args(["rev-parse", "--path-format=absolute", which]);
    let folder = call.path().map_err(|error| explain(path, &error))?;
    folder.canonicalize().map_err(|error| file_failure("open the folder", &folder, &error))
}

fn own_top_level(git: &GitProgram, path: &Path) -> Result<PathBuf, RepositoryError> {
    let call = git.call(ACTION, path).args(["rev-parse", "--path-format=absolute", "--show-toplevel"]);
    let folder = call.path().map_err(|error| explain(path, &error))?;
    folder.canonicalize().map_err(|error| file_failure("open the folder", &folder, &error))
}

/// The main work tree of a shared git folder; `None` when it is bare or its place is not known.
fn main_top_level(git: &GitProgram, common_dir: &Path) -> Result<Option<PathBuf>, RepositoryError> {
    let bare = config(git, common_dir, "--type=bool", "core.bare")?;
    if bare.as_deref() == Some(Path::new("true")) {
        return Ok(None);
    }
    // Submodules and `--separate-git-dir` say where their work tree is; else it is the folder around `.git`.
    let named = config(git, common_dir, "--no-type", "core.worktree")?.map(|place| common_dir.join(place));
    let around = common_dir.parent().filter(|_| common_dir.ends_with(".git")).map(Path::to_owned);
    Ok(named.or(around).and_then(|place| place.canonicalize().ok()))
}

fn config(git: &GitProgram, dir: &Path, kind: &str, key: &str) -> Result<Option<PathBuf>, RepositoryError> {
    let call = git.call(ACTION, dir).env("GIT_DIR", dir).args(["config", kind, "--get", key]).accept(1);
    Ok(Some(call.path()?).filter(|value| !value.as_os_str().is_empty()))
}

/// Adds the remedy to git's own words.
fn explain(path: &Path, error: &RepositoryError) -> RepositoryError {
    let RepositoryError::Git { cause, .. } = error else {
        return failure(ACTION, error.to_string());
    };
    let shown = path.display();
    let remedy = if cause.contains("not a git repository") {
        format!("`{shown}` is in no git repository; run `git init` and commit once, or go to your project's folder")
    } else if cause.contains("must be run in a work tree") {
        format!("`{shown}` is a bare repository, which has no files to work on; go to a clone or a work tree of it")
    } else {
        cause.clone()
    };
    failure(ACTION, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Sandbox;
    use crate::git::{GitProgram, GitRepository};

    #[test]
    fn versions_with_suffixes_are_read() {
        assert_eq!(parse_version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(parse_version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(parse_version("hub 1"), None);
    }

    #[test]
    fn an_old_git_is_refused_with_the_remedy() {
        let sandbox = Sandbox::new();
        let old = sandbox.script("old-git", "echo git version 2.30.2");
        let error = GitRepository::open_with(&sandbox.top(), GitProgram::at(old)).unwrap_err().to_string();
        assert!(error.contains("install git 2.38"), "{error}");
    }

    #[test]
    fn the_main_work_tree_is_found_from_a_subfolder_and_from_a_linked_tree() {
        let sandbox = Sandbox::with_commit(&[("sub/dir/file", "1\n")]);
        sandbox.git(&["worktree", "add", "-q", "../linked"]);
        for place in [sandbox.top().join("sub/dir"), sandbox.root().join("linked/sub")] {
            let repository = sandbox.open_at(&place).unwrap();
            assert_eq!(repository.top_level(), sandbox.top());
            assert_eq!(repository.git_dir(), sandbox.top().join(".git"));
        }
    }

    #[test]
    fn inherited_git_variables_lead_nowhere_else() {
        let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
        let call = sandbox.program().call("look", &sandbox.top()).args(["rev-parse", "--show-toplevel"]);
        assert_eq!(call.path().unwrap(), sandbox.top());
    }

    #[test]
    fn no_repository_and_a_bare_one_are_refused_with_the_remedy() {
        let sandbox = Sandbox::new();
        let outside = sandbox.root().join("outside");
        std::fs::create_dir(&outside).unwrap();
        let error = sandbox.open_at(&outside).unwrap_err().to_string();
        assert!(error.contains("git init"), "{error}");
        sandbox.git(&["init", "-q", "--bare", "../bare.git"]);
        let error = sandbox.open_at(&sandbox.root().join("bare.git")).unwrap_err().to_string();
        assert!(error.contains("bare repository"), "{error}");
    }

    #[test]
    fn a_linked_tree_of_a_bare_repository_is_the_checkout() {
        let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
        sandbox.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
        sandbox.git(&["-C", "../bare.git", "worktree", "add", "-q", "../linked", "main"]);
        let repository = sandbox.open_at(&sandbox.root().join("linked")).unwrap();
        assert_eq!(repository.top_level(), sandbox.root().join("linked"));
        assert_eq!(repository.git_dir(), sandbox.root().join("bare.git"));
    }

    #[test]
    fn the_work_tree_of_a_submodule_is_found_from_its_linked_tree() {
        let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
        sandbox.git(&["init", "-q", "--separate-git-dir", "../apart", "../other"]);
        sandbox.git(&["-C", "../other", "commit", "-q", "--allow-empty", "-m", "first"]);
        sandbox.git(&["-C", "../other", "config", "core.worktree", "../other"]);
        sandbox.git(&["-C", "../other", "worktree", "add", "-q", "../linked"]);
        let repository = sandbox.open_at(&sandbox.root().join("linked")).unwrap();
        assert_eq!(repository.top_level(), sandbox.root().join("other"));
    }
}
