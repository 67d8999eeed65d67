//! Which project a block belongs to, found without git: to start it costs more than all the rest of a call.

use crate::context::{Project, variable};
use crate::failure::CommandError;
use std::path::{Path, PathBuf};

/// Where a block runs and where its state lies.
pub(super) struct Place {
    /// The project's root: the same that every other command finds.
    pub(super) root: PathBuf,
    /// The folder that the block runs in.
    pub(super) here: PathBuf,
}

impl Place {
    pub(super) fn find(flag: Option<&Path>) -> Result<Self, CommandError> {
        let here = std::env::current_dir().map_err(CommandError::internal)?;
        let named = flag.map(Path::to_owned).or_else(|| variable("COORDINATE_PROJECT_DIR"));
        let root = match named.or_else(|| variable("CLAUDE_PROJECT_DIR")) {
            Some(folder) => folder
                .canonicalize()
                .map_err(|error| CommandError::usage(format!("the project `{}`: {error}", folder.display())))?,
            None => match top_level(&here) {
                Top::Folder(top) => top,
                Top::Outside => outside_git(&here),
                Top::AskGit => Project::find(None, &[])?.root,
            },
        };
        Ok(Self { root, here })
    }

    /// The folder of journals and shell state.
    pub(super) fn folder(&self) -> PathBuf {
        self.root.join(".coordinate/state")
    }

    /// The file with the state.
    pub(super) fn database(&self) -> PathBuf {
        self.folder().join("shell.db")
    }
}

/// What the folders above a place say.
#[derive(Debug, PartialEq, Eq)]
enum Top {
    /// The top level of the main work tree.
    Folder(PathBuf),
    /// There is no repository.
    Outside,
    /// An unusual repository, for git itself to judge.
    AskGit,
}

fn top_level(here: &Path) -> Top {
    for folder in here.ancestors() {
        let git = folder.join(".git");
        let Ok(metadata) = git.metadata() else { continue };
        if metadata.is_file() {
            return linked(folder, &git).unwrap_or(Top::AskGit);
        }
        // An empty `.git` is no repository to git either.
        if git.join("HEAD").is_file() {
            return Top::Folder(folder.to_owned());
        }
    }
    Top::Outside
}

/// A `.git` file names the tree's own git folder. With a `commondir` in that, it is a linked tree of the repository
/// there; without one, a submodule, which is a project of its own.
fn linked(folder: &Path, git: &Path) -> Option<Top> {
    let text = std::fs::read_to_string(git).ok()?;
    let own = folder.join(text.strip_prefix("gitdir:")?.trim());
    let Ok(common) = std::fs::read_to_string(own.join("commondir")) else {
        return own.join("HEAD").is_file().then(|| Top::Folder(folder.to_owned()));
    };
    let common = own.join(common.trim()).canonicalize().ok()?;
    // A bare repository has no main work tree, and `core.worktree` may put it anywhere.
    let config = std::fs::read_to_string(common.join("config")).ok()?.to_ascii_lowercase();
    let unusual = config.lines().map(str::trim).any(|line| line.starts_with("worktree") || is_bare(line));
    if unusual || !common.ends_with(".git") {
        return None;
    }
    Some(Top::Folder(common.parent()?.to_owned()))
}

fn is_bare(line: &str) -> bool {
    line.strip_prefix("bare").is_some_and(|rest| !rest.trim_start_matches([' ', '\t', '=']).starts_with("false"))
}

/// Outside git the project is the nearest folder above that has state, else this one.
fn outside_git(here: &Path) -> PathBuf {
    let above = here.ancestors().find(|folder| folder.join(".coordinate/state").is_dir());
    above.unwrap_or(here).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_host::git::GitRepository;
    use coordinate_testkit::hermetic;

    /// The light way and git itself must agree, or a block would not find what a run left for it.
    #[track_caller]
    fn check(place: &Path) {
        let expected = GitRepository::open(place).unwrap();
        let found = match top_level(&place.canonicalize().unwrap()) {
            Top::Folder(folder) => folder,
            Top::AskGit => return,
            Top::Outside => panic!("no repository around {}", place.display()),
        };
        assert_eq!(found, expected.top_level(), "from {}", place.display());
    }

    #[test]
    fn the_light_way_finds_what_git_finds() {
        let world = hermetic();
        let top = world.repository("project", &[("sub/dir/file", "1\n")]);
        world.git(&top, &["worktree", "add", "-q", "../trees/run/p1"]);
        std::fs::create_dir_all(top.join("sub/.git")).unwrap();
        for place in ["project", "project/sub/dir", "trees/run/p1", "trees/run/p1/sub/dir"] {
            check(&world.root().join(place));
            assert_ne!(top_level(&world.root().join(place)), Top::AskGit, "{place} should need no git");
        }
        world.git(&top, &["clone", "-q", "--bare", ".", "../hub/.git"]);
        world.git(&world.root().join("hub"), &["worktree", "add", "-q", "tree", "main"]);
        check(&world.root().join("hub/tree"));
    }

    #[test]
    fn outside_git_the_nearest_state_above_counts() {
        let world = hermetic();
        let deep = world.root().join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(outside_git(&deep), deep);
        std::fs::create_dir_all(world.root().join("a/.coordinate/state")).unwrap();
        assert_eq!(outside_git(&deep), world.root().join("a"));
    }
}
