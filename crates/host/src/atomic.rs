//! Files that are either wholly there or not at all, also after a power cut.

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes `content` to `path` so that a reader, and a machine that loses power, sees the old file or the new one.
///
/// The content goes to a file without a name, is synced, gets a name beside the target, is renamed over the target, and
/// then the folder is synced: without the last step the rename itself could be forgotten. A kill leaves nothing but in the
/// moment between name and rename, and what it leaves then the next write of the same file takes away.
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
    let temporary = beside(path)?;
    loop {
        let Some(mut file) = unnamed(folder)? else {
            write_named(path, content, mode)?;
            break;
        };
        fill(&mut file, content, mode)?;
        if replace(&file, &temporary, path)? {
            break;
        }
    }
    sync_folder(folder)
}

/// Makes `path` with this content, unless it is there; whether it was made. Of several that try at once one succeeds,
/// and nobody ever sees the file without its content. A kill leaves the file or nothing.
///
/// # Errors
/// Any error of the file system; a file that is there already is none.
pub fn create(path: &Path, content: &[u8]) -> io::Result<bool> {
    beside(path)?;
    // A link, and no rename: that would replace what another process has made in the meantime.
    let outcome = match unnamed(parent(path))? {
        Some(mut file) => fill(&mut file, content, None).and_then(|()| name(&file, path)),
        None => create_named(path, content),
    };
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

fn fill(file: &mut File, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    file.write_all(content)?;
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.sync_all()
}

/// A new file in a folder that has no name yet, and is gone if it never gets one; `None` where the file system has no such
/// files.
fn unnamed(folder: &Path) -> io::Result<Option<File>> {
    let how = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    match rustix::fs::open(folder, how, Mode::from_raw_mode(0o666)) {
        Ok(file) => Ok(Some(File::from(file))),
        // The last two are what systems and file systems say that do not know the flag.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives a file without a name this one, where nothing has it.
fn name(file: &File, path: &Path) -> io::Result<()> {
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, own.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// Puts a file without a name in place of another one; `false` where another writer took its name away on the way.
///
/// All writers of one file use the same name on the way, so that what a killed one left is found. A writer that lives and
/// loses its name by that has to begin anew: a file that has had a name, and has none any more, never gets another.
fn replace(file: &File, temporary: &Path, path: &Path) -> io::Result<bool> {
    while let Err(error) = name(file, temporary) {
        if error.kind() != ErrorKind::AlreadyExists {
            return Err(error);
        }
        remove_if_there(temporary)?;
    }
    match std::fs::rename(temporary, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => {
            // The first error is the one to report; a temporary file that stays behind is only untidy.
            let _ = std::fs::remove_file(temporary);
            Err(error)
        }
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// As [`write_as`], by a file that has a name from the beginning.
fn write_named(path: &Path, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    let (temporary, mut file) = create_beside(path)?;
    let outcome = fill(&mut file, content, mode).and_then(|()| std::fs::rename(&temporary, path));
    if outcome.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    outcome
}

/// As [`create`], by a file that has a name from the beginning.
fn create_named(path: &Path, content: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = create_beside(path)?;
    let outcome = fill(&mut file, content, None).and_then(|()| std::fs::hard_link(&temporary, path));
    let _ = std::fs::remove_file(&temporary);
    outcome
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

/// The name that a file has on its way to this place: a rename is atomic within one file system only.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(
            ErrorKind::InvalidInput,
            format!("`{}` names no file; give a path with a file name", path.display()),
        )
    })?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(".coordinate.tmp");
    Ok(parent(path).join(temporary))
}

/// A new file beside the target, of a name that no other writer has.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let beside = beside(path)?;
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = beside.with_extension(format!("{}.{number}.tmp", std::process::id()));
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

    /// Each way to write that a file system may leave us.
    type Way = fn(&Path, &[u8]) -> io::Result<()>;

    const WAYS: [Way; 2] = [write, |path, content| write_named(path, content, None)];

    #[test]
    fn a_file_on_its_way_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        let mut file = unnamed(folder.path()).unwrap().expect("the tests' file system has files without a name");
        fill(&mut file, b"half of it", None).unwrap();
        assert_eq!(names(folder.path()), Vec::<String>::new(), "a kill here would leave this");
        name(&file, &path).unwrap();
        assert_eq!(name(&file, &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(names(folder.path()), ["status.json"]);
    }

    #[test]
    fn what_a_kill_left_between_name_and_rename_goes_with_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        std::fs::write(beside(&path).unwrap(), "of a killed one").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(names(folder.path()), ["status.json"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn of_several_that_replace_a_file_at_once_the_last_one_is_whole() {
        for way in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("status.json");
            let texts: Vec<String> = (0..8).map(|number| number.to_string().repeat(10_000)).collect();
            std::thread::scope(|scope| {
                for text in &texts {
                    let path = &path;
                    scope.spawn(move || (0..20).for_each(|_| way(path, text.as_bytes()).unwrap()));
                }
            });
            assert!(texts.contains(&std::fs::read_to_string(&path).unwrap()));
            assert_eq!(names(folder.path()), ["status.json"]);
        }
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
