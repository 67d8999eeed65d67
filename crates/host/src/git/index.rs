//! Scratch index files: content is hashed and compared in them, so that the real index is never touched.

use super::GitRepository;
use super::command::{Call, file_failure};
use super::paths::{RepoPath, list, paths};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::fs::{File, FileTimes};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How the names of scratch indexes begin.
pub(super) const PREFIX: &str = "coordinate-index-";
/// A scratch index that a killed process left is deleted after this time; no operation takes nearly as long.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// What an index says of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Mode and object; `None`: the path is to be removed.
    pub(super) content: Option<Blob>,
    pub(super) path: RepoPath,
}

/// A mode, as git writes it, and an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) mode: String,
    pub(super) oid: Oid,
}

impl Blob {
    /// A commit of another repository: a submodule or an embedded repository.
    pub(super) fn is_gitlink(&self) -> bool {
        self.mode == "160000"
    }
}

impl Entry {
    pub(super) fn new(mode: &str, oid: Oid, path: RepoPath) -> Self {
        Self { content: Some(Blob { mode: mode.to_owned(), oid }), path }
    }

    pub(super) fn removal(path: RepoPath) -> Self {
        Self { content: None, path }
    }

    /// A line of `update-index -z --index-info`; `None` for a removal.
    fn line(&self) -> Option<Vec<u8>> {
        let blob = self.content.as_ref()?;
        Some([format!("{} {}\t", blob.mode, blob.oid).as_bytes(), self.path.bytes(), b"\0"].concat())
    }
}

/// An index file beside the tree's own one, deleted when dropped unless its place was chosen by the caller.
#[derive(Debug)]
pub(super) struct ScratchIndex<'a> {
    repository: &'a GitRepository,
    work_tree: PathBuf,
    git_dir: PathBuf,
    file: PathBuf,
    attributes: Option<Oid>,
    kept: bool,
}

impl<'a> ScratchIndex<'a> {
    /// An index without entries, for a work tree and its git folder.
    pub(super) fn empty(repository: &'a GitRepository, work_tree: &Path, git_dir: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        sweep(git_dir);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = git_dir.join(format!("{PREFIX}{}-{number}", std::process::id()));
        // A killed process of the same id may have left one.
        remove_with_lock(&file);
        let mut index = Self::at(repository, work_tree, git_dir, file);
        index.kept = false;
        index
    }

    /// The index at a place of the caller's choice; it is kept.
    pub(super) fn at(repository: &'a GitRepository, work_tree: &Path, git_dir: &Path, file: PathBuf) -> Self {
        let (work_tree, git_dir) = (work_tree.to_owned(), git_dir.to_owned());
        Self { repository, work_tree, git_dir, file, attributes: None, kept: true }
    }

    /// Takes attributes from a commit in place of the files on disk (git 2.41 and newer; older ones look at the disk).
    pub(super) fn with_attributes(mut self, commit: &Oid) -> Self {
        self.attributes = Some(commit.clone());
        self
    }

    /// A copy of the tree's own index.
    pub(super) fn copy(
        repository: &'a GitRepository,
        work_tree: &Path,
        git_dir: &Path,
    ) -> Result<Self, RepositoryError> {
        let index = Self::empty(repository, work_tree, git_dir);
        let own = git_dir.join("index");
        copy_with_time(&own, &index.file).map_err(|error| file_failure("copy the index", &own, &error))?;
        Ok(index)
    }

    /// An index that holds a tree or commit.
    pub(super) fn from_tree(
        repository: &'a GitRepository,
        work_tree: &Path,
        git_dir: &Path,
        tree: &Oid,
    ) -> Result<Self, RepositoryError> {
        let index = Self::empty(repository, work_tree, git_dir);
        index.call("read a tree").args(["read-tree", tree.as_str()]).run()?;
        Ok(index)
    }

    /// A call that uses this index.
    pub(super) fn call(&self, action: &str) -> Call {
        let call = self.repository.call_in(action, &self.work_tree, &self.git_dir).index(&self.file);
        // Nobody else ever reads a scratch index: what a checksum of all of it guards against is not there.
        let call = if self.kept { call } else { call.args(["-c", "index.skipHash=true"]) };
        match &self.attributes {
            Some(commit) => call.env("GIT_ATTR_SOURCE", commit.as_str()),
            None => call,
        }
    }

    /// Sets entries without looking at files; what stands in their way (a file where a folder must be) is replaced.
    pub(super) fn put(&self, action: &str, entries: &[Entry]) -> Result<(), RepositoryError> {
        // Removals first: a folder that becomes a file must be gone before the file comes.
        let removed = entries.iter().filter(|entry| entry.content.is_none()).map(|entry| &entry.path);
        let removed = list(removed);
        if !removed.is_empty() {
            let call = self.call(action).args(["update-index", "--force-remove", "-z", "--stdin"]);
            call.input(removed).run()?;
        }
        let added: Vec<u8> = entries.iter().filter_map(Entry::line).flatten().collect();
        if !added.is_empty() {
            self.call(action).args(["update-index", "-z", "--index-info"]).input(added).run()?;
        }
        Ok(())
    }

    /// Takes in the files at these paths as they are now, also ignored ones and those of repositories inside.
    pub(super) fn add_files(&self, action: &str, files: &[RepoPath]) -> Result<(), RepositoryError> {
        if files.is_empty() {
            return Ok(());
        }
        let call = self.call(action).args(["update-index", "--add", "--remove", "--replace", "-z", "--stdin"]);
        call.input(list(files)).run().map(drop)
    }

    /// Writes its content as a tree.
    pub(super) fn write_tree(&self, action: &str) -> Result<Oid, RepositoryError> {
        self.call(action).arg("write-tree").oid()
    }

    /// Compares its entries with the files and notes the time stamps of those that are equal.
    pub(super) fn refresh(&self, action: &str) -> Result<(), RepositoryError> {
        // Code 1: some files differ, which is an answer.
        self.call(action).args(["update-index", "-q", "--refresh"]).accept(1).run().map(drop)
    }

    /// The paths whose file differs from the entry or is missing; to be called after `refresh`.
    pub(super) fn differing(&self, action: &str) -> Result<Vec<RepoPath>, RepositoryError> {
        let call =
            self.call(action).args(["diff-files", "-z", "--name-only", "--no-renames", "--ignore-submodules=all"]);
        Ok(paths(&call.run()?.out))
    }
}

impl Drop for ScratchIndex<'_> {
    fn drop(&mut self) {
        if !self.kept {
            remove_with_lock(&self.file);
        }
    }
}

fn remove_with_lock(file: &Path) {
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    for path in [file.as_os_str(), &lock] {
        // Missing is what is wanted; anything else is found by git when it writes the file.
        drop(std::fs::remove_file(path));
    }
}

/// Copies an index with its modification time: git takes an entry that is as old as the index for possibly changed,
/// and would miss a change within the same tick in a copy that looks younger.
pub(super) fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = match File::open(from) {
        Ok(file) => file,
        // No index is an empty one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let modified = source.metadata()?.modified()?;
    let mut target = File::create(to)?;
    io::copy(&mut source, &mut target)?;
    target.set_times(FileTimes::new().set_modified(modified))
}

/// Deletes what killed processes left. Best effort: leftovers cost space, nothing else.
fn sweep(git_dir: &Path) {
    let Ok(entries) = std::fs::read_dir(git_dir) else { return };
    let named = entries.flatten().filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    for entry in named {
        // The time of creation, not of modification: that is copied from the index.
        let Ok(data) = entry.metadata() else { continue };
        let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(data.ctime()).unwrap_or(0));
        if SystemTime::now().duration_since(changed).is_ok_and(|age| age > STALE) {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}
