//! The paths that a delivery changes.

use super::ACTION;
use crate::git::GitRepository;
use crate::git::command::failure;
use crate::git::index::Blob;
use crate::git::paths::{RepoPath, fields};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::collections::BTreeMap;

/// What a path has before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathChange {
    pub(super) old: Option<Blob>,
    pub(super) new: Option<Blob>,
}

impl PathChange {
    /// The file before; a submodule is none: its files are never touched.
    pub(super) fn old_file(&self) -> Option<&Blob> {
        self.old.as_ref().filter(|blob| !blob.is_gitlink())
    }

    /// The file after.
    pub(super) fn new_file(&self) -> Option<&Blob> {
        self.new.as_ref().filter(|blob| !blob.is_gitlink())
    }
}

/// All changed paths.
pub(super) type Changes = BTreeMap<RepoPath, PathChange>;

impl GitRepository {
    pub(super) fn changes_between(&self, old: &Oid, new: &Oid) -> Result<Changes, RepositoryError> {
        let call = self.call(ACTION).args(["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"]);
        let out = call.args([old.as_str(), new.as_str()]).run()?.out;
        let mut fields = fields(&out);
        let mut changes = Changes::new();
        while let (Some(header), Some(path)) = (fields.next(), fields.next()) {
            let change = parse(header).ok_or_else(|| {
                failure(ACTION, format!("git's line `{}` could not be read", String::from_utf8_lossy(header)))
            })?;
            changes.insert(RepoPath::new(path), change);
        }
        Ok(changes)
    }
}

/// Reads `:<old mode> <new mode> <old oid> <new oid> <letter>`.
fn parse(header: &[u8]) -> Option<PathChange> {
    let text = std::str::from_utf8(header).ok()?.strip_prefix(':')?;
    let mut columns = text.split(' ');
    let (old_mode, new_mode) = (columns.next()?, columns.next()?);
    let (old, new) = (columns.next()?, columns.next()?);
    Some(PathChange { old: blob(old_mode, old)?, new: blob(new_mode, new)? })
}

/// `None`: unreadable; `Some(None)`: no such path on this side.
fn blob(mode: &str, oid: &str) -> Option<Option<Blob>> {
    if mode == "000000" {
        return Some(None);
    }
    Some(Some(Blob { mode: mode.to_owned(), oid: oid.parse().ok()? }))
}
