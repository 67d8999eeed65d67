//! Files that are either wholly there or not at all, also after a power cut.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes `content` to `path` so that a reader, and a machine that loses power, sees the old file or the new one.
///
/// The content goes to a temporary file beside the target, is synced, renamed over the target, and then the folder
/// is synced: without the last step the rename itself could be forgotten.
///
/// # Errors
/// Any error of the file system. The target is then untouched and the temporary file removed.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    write_as(path, content, None)
}

/// As [`write`](fn@write), with these bits of permission. A file that is replaced else gets those of a new one.
///
/// # Errors
/// As [`write`](fn@write).
pub fn write_as(path: &Path, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    let folder = parent(path);
    let (temporary, file) = create_beside(path)?;
    let outcome = fill(file, content, mode).and_then(|()| std::fs::rename(&temporary, path));
    if outcome.is_err() {
        // The first error is the one to report; a temporary file that stays behind is only untidy.
        let _ = std::fs::remove_file(&temporary);
    }
    outcome?;
    sync_folder(folder)
}

/// Makes `path` with this content, unless it is there; whether it was made. Of several that try at once one succeeds,
/// and nobody ever sees the file without its content.
///
/// # Errors
/// Any error of the file system; a file that is there already is none.
pub fn create(path: &Path, content: &[u8]) -> io::Result<bool> {
    let (temporary, file) = create_beside(path)?;
    // A link, and no rename: that would replace what another process has made in the meantime.
    let outcome = fill(file, content, None).and_then(|()| std::fs::hard_link(&temporary, path));
    let _ = std::fs::remove_file(&temporary);
    match outcome {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        outcome => outcome.and_then(|()| sync_folder(parent(path))).map(|()| true),
    }
}

/// Creates a folder that only its owner may enter, and every missing folder above it, durably.
///
/// # Errors
/// Any error of the file system; a folder that exists already is none.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    create_private_folder(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome.and_then(|()| sync_folder(above)),
    }
}

fn fill(mut file: File, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    file.write_all(content)?;
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.sync_all()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ if path.is_absolute() => path,
        _ => Path::new("."),
    }
}

/// A new file in the target's folder: a rename is atomic within one file system only.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(
            ErrorKind::InvalidInput,
            format!("`{}` names no file; give a path with a file name", path.display()),
        )
    })?;
    loop {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
        let temporary = parent(path).join(temporary);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            // Left behind by a killed process that had our id: the next number is free.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            outcome => return outcome.map(|file| (temporary, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_a_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["status.json"]);
    }

    #[test]
    fn of_several_that_create_a_file_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claim.json");
        let made: Vec<String> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8).map(|number| number.to_string()).collect();
            let path = &path;
            let tries = tries
                .into_iter()
                .map(|text| scope.spawn(move || create(path, text.as_bytes()).unwrap().then_some(text)));
            let tries: Vec<_> = tries.collect();
            tries.into_iter().filter_map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(made, [std::fs::read_to_string(&path).unwrap()]);
        assert_eq!(names(folder.path()), ["claim.json"]);
    }

    #[test]
    fn a_failed_write_leaves_the_target_and_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir_all(path.join("inside")).unwrap();
        write(&path, b"new").unwrap_err();
        assert_eq!(names(folder.path()), ["taken"]);
        assert!(path.join("inside").is_dir());
    }

    #[test]
    fn creates_all_folders_privately() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        create_private_folder(&path).unwrap();
        create_private_folder(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"file").unwrap();
        create_private_folder(&path).unwrap_err();
        create_private_folder(&path.join("b")).unwrap_err();
    }
}
