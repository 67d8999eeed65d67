//! What stands at a path of the checkout, found without following links.

use crate::git::paths::RepoPath;
use std::collections::VecDeque;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Nothing,
    /// A file or link stands where a folder of the path would be; it is named.
    Behind(RepoPath),
    /// A folder.
    Folder,
    /// A file, a link, or something odd such as a pipe.
    File(Fingerprint),
}

/// Tells whether a file was touched since: whoever writes it changes at least the time of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    inode: u64,
    size: u64,
    mode: u32,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Fingerprint {
    fn of(data: &Metadata) -> Self {
        Self {
            inode: data.ino(),
            size: data.size(),
            mode: data.mode(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        }
    }
}

impl Standing {
    pub(super) fn at(top: &Path, path: &RepoPath) -> io::Result<Self> {
        for folder in path.ancestors() {
            match look(&folder.under(top))? {
                None => return Ok(Self::Nothing),
                Some(data) if data.is_dir() => {}
                Some(_) => return Ok(Self::Behind(folder)),
            }
        }
        Ok(match look(&path.under(top))? {
            None => Self::Nothing,
            Some(data) if data.is_dir() => Self::Folder,
            Some(data) => Self::File(Fingerprint::of(&data)),
        })
    }
}

fn look(path: &Path) -> io::Result<Option<Metadata>> {
    match path.symlink_metadata() {
        Ok(data) => Ok(Some(data)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// All that lies in a folder, at any depth, except folders.
pub(super) fn files_below(top: &Path, folder: &RepoPath) -> io::Result<Vec<RepoPath>> {
    let mut files = Vec::new();
    let mut waiting = VecDeque::from([folder.clone()]);
    while let Some(folder) = waiting.pop_front() {
        for entry in folder.under(top).read_dir()? {
            let entry = entry?;
            let path = folder.join(&RepoPath::new(entry.file_name().as_bytes()));
            if entry.file_type()?.is_dir() { waiting.push_back(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// Deletes a folder that has no files, at any depth. Fails where it has one, which then stays.
pub(super) fn remove_empty_folders(folder: &Path) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty_folders(&entry.path())?;
        }
    }
    std::fs::remove_dir(folder)
}
