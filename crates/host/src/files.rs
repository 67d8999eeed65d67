//! Files of the project and of work trees, as the engine's port wants them.

use crate::atomic;
use coordinate_engine::port::{Files, FilesError, PathKind};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

fn failed(action: &'static str, path: &Path, error: &std::io::Error) -> FilesError {
    FilesError { action, path: path.display().to_string(), cause: error.to_string() }
}

impl Files for SystemFiles {
    fn kind(&self, path: &Path) -> PathKind {
        match std::fs::metadata(path) {
            Ok(data) if data.is_dir() => PathKind::Folder,
            Ok(data) => PathKind::File(data.len()),
            Err(_) => PathKind::Nothing,
        }
    }

    fn real(&self, path: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(path).ok()
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FilesError> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(failed("read", path, &error)),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed("make the folder of", path, &error))?;
        }
        atomic::write(path, bytes).map_err(|error| failed("write", path, &error))
    }

    fn newest(&self, folder: &Path, limit: usize) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<(SystemTime, String)> = entries
            .map(|entry| {
                let modified = entry.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                (modified, entry.file_name().to_string_lossy().into_owned())
            })
            .collect();
        names.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        names.into_iter().take(limit).map(|(_, name)| name).collect()
    }

    fn walk(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        walk_into(folder, "", &mut found);
        found.sort();
        found
    }

    fn link(&self, target: &Path, link: &Path) -> Result<(), FilesError> {
        if let Some(folder) = link.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed("make the folder of", link, &error))?;
        }
        match std::os::unix::fs::symlink(target, link) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("link", link, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn unlink(&self, target: &Path, link: &Path) -> Result<(), FilesError> {
        if std::fs::read_link(link).is_ok_and(|found| found == target) {
            std::fs::remove_file(link).map_err(|error| failed("remove the link", link, &error))?;
        }
        Ok(())
    }

    fn remove_empty(&self, folder: &Path) {
        // A folder that holds something stays: that is what `remove_dir` is for.
        let _ = std::fs::remove_dir(folder);
    }
}

fn walk_into(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk_into(&entry.path(), &format!("{name}/"), found),
            Ok(kind) if kind.is_file() => found.push(name),
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_gives_files_below_and_follows_no_links() {
        let folder = tempfile::tempdir().unwrap();
        let files = SystemFiles;
        files.write(&folder.path().join("a/b/c.md"), b"x").unwrap();
        files.write(&folder.path().join("d.md"), b"").unwrap();
        files.link(folder.path(), &folder.path().join("loop")).unwrap();
        files.link(Path::new("elsewhere"), &folder.path().join("loop")).unwrap();
        assert_eq!(files.walk(folder.path()), ["a/b/c.md", "d.md"]);
        assert_eq!(files.walk(&folder.path().join("nowhere")), Vec::<String>::new());
        assert_eq!(files.read(&folder.path().join("d.md/x")).unwrap(), None);
        assert_eq!(files.kind(&folder.path().join("a")), PathKind::Folder);
    }
}
