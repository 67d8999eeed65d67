//! Getting kept files back: into a folder of their own, into the checkout where that destroys nothing, or as a branch.

use super::KeptTree;
use crate::git::GitRepository;
use crate::git::command::{failure, file_failure, parse_oid};
use crate::git::index::{Entry, ScratchIndex};
use crate::git::paths::{RepoPath, fields, list};
use crate::git::registry::remove_folder;
use crate::git::status::{Change, Depth};
use coordinate_engine::port::{CommitSpec, RepositoryError};
use coordinate_model::ids::Oid;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const ACTION: &str = "bring back files";

/// What became of files that were to come back into the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// They are there; these were written, the others were as they should be.
    Back(Vec<String>),
    /// Nothing was done: at these paths stands what git has nowhere else.
    Blocked(Vec<String>),
}

impl GitRepository {
    /// Writes the files of a kept tree, or those at `paths` of it, into a folder that is not there yet; how many.
    ///
    /// They are written beside it, and the folder gets its name when all are there.
    ///
    /// # Errors
    /// When something is at the folder's place, a path names nothing, or the system refuses.
    pub fn write_kept(&self, kept: &KeptTree, paths: &[String], folder: &Path) -> Result<usize, RepositoryError> {
        if folder.symlink_metadata().is_ok() {
            return Err(failure(ACTION, format!("`{}` is there already; name another folder", folder.display())));
        }
        let entries = self.entries_at(kept, paths)?;
        let parent = folder.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(parent).map_err(|error| file_failure("make the folder", parent, &error))?;
        let stage = Stage::beside(folder)?;
        self.write_entries(&entries, &stage.folder)?;
        stage.becomes(folder)?;
        Ok(entries.len())
    }

    /// Writes files of a kept tree into the checkout: all of them, or none where one stands in the way.
    ///
    /// What is as HEAD has it may be replaced. What was edited, is untracked or ignored stays, and blocks. `space` is a
    /// folder on the checkout's file system for what is on its way.
    ///
    /// # Errors
    /// When a path names nothing, or the system refuses.
    pub fn bring_back(&self, kept: &KeptTree, paths: &[String], space: &Path) -> Result<Brought, RepositoryError> {
        let entries = self.entries_at(kept, paths)?;
        let index = ScratchIndex::empty(self, &self.top_level, &self.checkout_dir);
        index.put(ACTION, &entries)?;
        index.refresh(ACTION)?;
        let differing: BTreeSet<RepoPath> = index.differing(ACTION)?.into_iter().collect();
        let entries: Vec<Entry> = entries.into_iter().filter(|entry| differing.contains(&entry.path)).collect();
        let blocked = self.blocking(&entries)?;
        if !blocked.is_empty() {
            return Ok(Brought::Blocked(blocked));
        }
        let stage = Stage::beside(&space.join("files"))?;
        self.write_entries(&entries, &stage.folder)?;
        for entry in &entries {
            self.put_in_place(&entry.path, &stage.folder)?;
        }
        Ok(Brought::Back(entries.iter().map(|entry| entry.path.display()).collect()))
    }

    /// Makes a branch whose one new commit has the files of a kept tree, on top of what HEAD of that tree was.
    ///
    /// # Errors
    /// When there is such a branch, its name is none, or git fails.
    pub fn branch_from(&self, kept: &KeptTree, branch: &str) -> Result<Oid, RepositoryError> {
        let action = format!("make the branch `{branch}`");
        self.call(&action).args(["check-ref-format", "--branch", branch]).run()?;
        let reference = format!("refs/heads/{branch}");
        if self.ref_value(&reference)?.is_some() {
            return Err(failure(&action, "there is a branch of this name; choose another"));
        }
        let commit = if kept.head == kept.commit {
            kept.commit.clone()
        } else {
            let message = format!("{}\n", kept.why);
            let parents = vec![kept.head.clone()];
            self.make_commit(&CommitSpec { tree: kept.tree.clone(), parents, message, at: kept.at })?
        };
        self.update_ref(&reference, &commit, None).map(|()| commit)
    }

    /// The files of a kept tree at these paths, folders with all that is below; all files where no path is named.
    fn entries_at(&self, kept: &KeptTree, paths: &[String]) -> Result<Vec<Entry>, RepositoryError> {
        let mut entries: Vec<Entry> = Vec::new();
        if paths.is_empty() {
            return self.list_tree(&kept.tree, &[]);
        }
        for path in paths {
            let found = self.list_tree(&kept.tree, &[path])?;
            if found.is_empty() {
                return Err(failure(ACTION, format!("`{}` has no file at `{path}`", kept.name)));
            }
            entries.extend(found);
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        entries.dedup();
        Ok(entries)
    }

    fn list_tree(&self, tree: &Oid, paths: &[&str]) -> Result<Vec<Entry>, RepositoryError> {
        let call = self.call(ACTION).env("GIT_LITERAL_PATHSPECS", "1");
        let call = call.args(["ls-tree", "-r", "-z", "--full-tree", tree.as_str(), "--"]);
        let out = call.args(paths.iter().map(|path| path.trim_end_matches('/'))).run()?.out;
        let entries = fields(&out).map(entry).collect::<Result<Vec<Option<Entry>>, _>>()?;
        Ok(entries.into_iter().flatten().collect())
    }

    /// The paths where something stands that HEAD does not hold.
    fn blocking(&self, entries: &[Entry]) -> Result<Vec<String>, RepositoryError> {
        let status = self.status(&self.top_level, &self.checkout_dir, Depth::Everything)?;
        let changed: BTreeSet<&RepoPath> = status.changes.iter().map(Change::path).collect();
        let committed: BTreeSet<RepoPath> = match &status.head {
            Some(head) => self.list_tree(head, &[])?.into_iter().map(|entry| entry.path).collect(),
            None => BTreeSet::new(),
        };
        let blocks = |path: &RepoPath| match path.under(&self.top_level).symlink_metadata() {
            // Where a folder is missing or is none, so is the file: what stands in its place blocks.
            Err(_) => !self.has_room(path),
            Ok(data) => !self.has_room(path) || data.is_dir() || changed.contains(path) || !committed.contains(path),
        };
        Ok(entries.iter().map(|entry| &entry.path).filter(|path| blocks(path)).map(RepoPath::display).collect())
    }

    /// Whether every folder of a path is a folder, and no link out of the checkout, or can be made.
    fn has_room(&self, path: &RepoPath) -> bool {
        path.ancestors().all(|folder| match folder.under(&self.top_level).symlink_metadata() {
            Ok(data) => data.is_dir(),
            Err(error) => error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::NotADirectory,
        })
    }

    fn write_entries(&self, entries: &[Entry], folder: &Path) -> Result<(), RepositoryError> {
        let index = ScratchIndex::empty(self, &self.top_level, &self.checkout_dir);
        index.put(ACTION, entries)?;
        let mut prefix = std::ffi::OsString::from("--prefix=");
        prefix.push(folder);
        prefix.push("/");
        let call = index.call(ACTION).args(["checkout-index", "-q", "-z", "--stdin"]).arg(prefix);
        call.input(list(entries.iter().map(|entry| &entry.path))).run().map(drop)
    }

    /// What appeared at a place since it was looked at is never replaced; what was there may be, for HEAD has it.
    fn put_in_place(&self, path: &RepoPath, stage: &Path) -> Result<(), RepositoryError> {
        let (from, to) = (path.under(stage), path.under(&self.top_level));
        let parent = to.parent().unwrap_or(&self.top_level);
        std::fs::create_dir_all(parent).map_err(|error| file_failure("make the folder", parent, &error))?;
        let moved = match to.symlink_metadata() {
            Ok(_) => std::fs::rename(&from, &to),
            Err(_) => std::fs::hard_link(&from, &to),
        };
        moved.map_err(|error| file_failure("write", &to, &error))
    }
}

/// Reads `<mode> SP <type> SP <oid> TAB <path>`; `None` for another repository, of which there are no files.
fn entry(line: &[u8]) -> Result<Option<Entry>, RepositoryError> {
    let unreadable = || failure(ACTION, "git's list of files could not be read");
    let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(unreadable)?;
    let (columns, path) = line.split_at(tab);
    let mut columns = columns.split(|byte| *byte == b' ');
    let mode = columns.next().and_then(|mode| std::str::from_utf8(mode).ok()).ok_or_else(unreadable)?;
    let oid = parse_oid(ACTION, columns.nth(1).unwrap_or_default())?;
    let path = RepoPath::new(path.get(1..).unwrap_or_default());
    Ok((mode != "160000").then(|| Entry::new(mode, oid, path)))
}

/// A folder that files are written into before they get their place; what is left of it goes when it is dropped.
struct Stage {
    folder: PathBuf,
}

impl Stage {
    fn beside(folder: &Path) -> Result<Self, RepositoryError> {
        let mut name = std::ffi::OsString::from(".");
        name.push(folder.file_name().unwrap_or_default());
        name.push(format!(".{}.tmp", std::process::id()));
        let stage = folder.with_file_name(name);
        // A killed process that had our id may have left one.
        remove_folder(&stage)?;
        std::fs::create_dir_all(&stage).map_err(|error| file_failure("make the folder", &stage, &error))?;
        Ok(Self { folder: stage })
    }

    /// A folder that is there by now is not replaced, unless it is empty.
    fn becomes(&self, folder: &Path) -> Result<(), RepositoryError> {
        std::fs::rename(&self.folder, folder).map_err(|error| file_failure("make the folder", folder, &error))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
