//! Paths inside a repository as the bytes that git has for them, and git's NUL-separated lists of them.

use super::command::failure;
use coordinate_engine::port::RepositoryError;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A path inside a repository, `/`-separated, in git's own bytes: no loss where it is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RepoPath(Vec<u8>);

impl RepoPath {
    pub(super) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The place of this path below a folder.
    pub(super) fn under(&self, folder: &Path) -> PathBuf {
        folder.join(OsStr::from_bytes(&self.0))
    }

    /// This path below another one.
    pub(super) fn join(&self, below: &RepoPath) -> Self {
        let folder = self.0.strip_suffix(b"/").unwrap_or(&self.0);
        Self([folder, b"/", below.bytes()].concat())
    }

    /// Its folders from the top down, without itself.
    pub(super) fn ancestors(&self) -> impl Iterator<Item = RepoPath> + '_ {
        let slashes = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.map(|(at, _)| Self(self.0.iter().take(at).copied().collect()))
    }

    /// For people: bytes that are no UTF-8 are replaced.
    pub(super) fn display(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The path as text, or an error that names it.
    pub(super) fn into_text(self, action: &str) -> Result<String, RepositoryError> {
        String::from_utf8(self.0).map_err(|error| {
            let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
            failure(action, format!("the path `{shown}` is not UTF-8; rename it and try again"))
        })
    }
}

/// The fields of a NUL-separated output.
pub(super) fn fields(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split(|byte| *byte == 0).filter(|field| !field.is_empty())
}

/// The paths of a NUL-separated output.
pub(super) fn paths(output: &[u8]) -> Vec<RepoPath> {
    fields(output).map(RepoPath::new).collect()
}

/// The NUL-terminated list that git reads with `-z --stdin`.
pub(super) fn list<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.bytes());
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_path_come_from_the_top_down() {
        let folders: Vec<String> = RepoPath::new("a/b/c").ancestors().map(|path| path.display()).collect();
        assert_eq!(folders, ["a", "a/b"]);
        assert_eq!(RepoPath::new("a").ancestors().count(), 0);
    }

    #[test]
    fn a_path_that_is_not_utf8_is_kept_and_named() {
        let path = RepoPath::new(b"caf\xe9".to_vec());
        assert_eq!(path.under(Path::new("/r")).as_os_str().as_bytes(), b"/r/caf\xe9");
        let error = path.into_text("list paths").unwrap_err().to_string();
        assert!(error.contains("is not UTF-8"), "{error}");
    }
}
