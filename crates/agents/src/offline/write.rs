//! Writes an artifact: whole or not at all, and never outside the tree.

use std::io::Write;
use std::path::{Component, Path, PathBuf};
use thiserror::Error;

/// Why an artifact was not written.
#[derive(Debug, Error)]
pub(super) enum WriteError {
    /// The path leads out of the tree, by itself or through a link.
    #[error("`{}` lies outside the tree `{}`", path.display(), tree.display())]
    Outside { path: PathBuf, tree: PathBuf },
    /// The file system refused.
    #[error("failed to write `{}`: {source}", path.display())]
    Refused { path: PathBuf, source: std::io::Error },
}

/// Writes a file below `tree`; its folder is made when the first file comes into it.
///
/// A reader sees the old file or the new one: a kill in the middle leaves at most a file that nobody looks at.
pub(super) fn write(tree: &Path, path: &Path, text: &str) -> Result<(), WriteError> {
    let outside = || WriteError::Outside { path: path.to_owned(), tree: tree.to_owned() };
    let (folder, name) = path.parent().zip(path.file_name()).filter(|_| is_below(tree, path)).ok_or_else(outside)?;
    let refused = |source| WriteError::Refused { path: path.to_owned(), source };
    let own = tree.canonicalize().map_err(refused)?;
    // Looked at before anything is made: a link on the way must not grow folders elsewhere.
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(tree);
    if !there.canonicalize().map_err(refused)?.starts_with(&own) {
        return Err(outside());
    }
    std::fs::create_dir_all(folder).map_err(refused)?;
    let draft = folder.join(format!(".{}.{}.draft", name.to_string_lossy(), std::process::id()));
    let written = draft_to(&draft, text).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|source| {
        let _ = std::fs::remove_file(&draft);
        refused(source)
    })
}

fn draft_to(draft: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::create(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn is_below(tree: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(tree).ok();
    below.is_some_and(|below| below.components().all(|part| matches!(part, Component::Normal(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_made_and_no_draft_is_left() {
        let tree = tempfile::tempdir().unwrap();
        let path = tree.path().join("specs/001_x/reports/001_x.md");
        write(tree.path(), &path, "one").unwrap();
        write(tree.path(), &path, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_outside_the_tree() {
        let (tree, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(other.path(), tree.path().join("link")).unwrap();
        let outside = [tree.path().join("../x.md"), other.path().join("x.md"), tree.path().join("link/new/x.md")];
        for path in outside {
            let error = write(tree.path(), &path, "x").unwrap_err();
            assert!(matches!(error, WriteError::Outside { .. }), "{error}");
        }
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 0);
    }
}
