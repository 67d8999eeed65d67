//! What is uncommitted in a work tree: `git status --porcelain=v2 -z`, read without loss.

use super::GitRepository;
use super::command::failure;
use super::index::Blob;
use super::paths::RepoPath;
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::path::Path;

/// How far status looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Tracked files only; submodules are left out.
    Tracked,
    /// Tracked and untracked files, and into submodules.
    Everything,
    /// The same, but only HEAD of submodules is looked at: for those that git itself can not read.
    WithoutSubmodules,
}

impl Depth {
    fn options(self) -> [&'static str; 2] {
        match self {
            Self::Tracked => ["--untracked-files=no", "--ignore-submodules=all"],
            Self::Everything => ["--untracked-files=all", "--ignore-submodules=none"],
            Self::WithoutSubmodules => ["--untracked-files=all", "--ignore-submodules=dirty"],
        }
    }
}

/// The state of one work tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// The commit; `None` on a branch without commits.
    pub(super) head: Option<Oid>,
    /// Short name of the branch; `None` when detached.
    pub(super) branch: Option<String>,
    /// All that is not as in HEAD.
    pub(super) changes: Vec<Change>,
}

/// One path that is not as in HEAD.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A tracked path.
    Tracked(Tracked),
    /// A path with the stages of a merge: base, ours, theirs.
    Unmerged {
        /// The path.
        path: RepoPath,
        /// What each stage has.
        stages: [Option<Blob>; 3],
    },
    /// A file that is neither tracked nor ignored; with `/` at the end, a repository that was made here.
    Untracked(RepoPath),
}

impl Change {
    pub(super) fn path(&self) -> &RepoPath {
        match self {
            Self::Tracked(Tracked { path, .. }) | Self::Unmerged { path, .. } | Self::Untracked(path) => path,
        }
    }
}

/// A tracked path that is not as in HEAD.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tracked {
    pub(super) path: RepoPath,
    /// Whether the index differs from HEAD.
    pub(super) staged: bool,
    /// How the file differs from the index.
    pub(super) unstaged: Unstaged,
    /// What the index has.
    pub(super) index: Option<Blob>,
    /// Whether it is a submodule, and then whether its commit changed.
    pub(super) submodule: Option<bool>,
}

/// How a file differs from the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unstaged {
    Same,
    Changed,
    Missing,
}

const ACTION: &str = "read the status of a work tree";

impl GitRepository {
    pub(super) fn status(&self, work_tree: &Path, git_dir: &Path, depth: Depth) -> Result<Status, RepositoryError> {
        let call = self.call_in(ACTION, work_tree, git_dir);
        let call = call.args(["status", "--porcelain=v2", "-z", "--branch", "--no-renames"]).args(depth.options());
        Status::parse(&call.run()?.out)
    }
}

impl GitRepository {
    /// What a tree has changed since a commit: by its own commits, and beyond them.
    pub(super) fn list_tree_changes(&self, path: &Path, since: &Oid) -> Result<Vec<String>, RepositoryError> {
        let place = self.place_of(path)?;
        let status = self.status(&place.work_tree, &place.git_dir, Depth::WithoutSubmodules)?;
        let mut changed = match status.head.filter(|head| head != since) {
            Some(head) => self.list_changed(since, &head)?,
            None => Vec::new(),
        };
        for change in &status.changes {
            changed.push(change.path().clone().into_text(ACTION)?);
        }
        changed.sort();
        changed.dedup();
        Ok(changed)
    }
}

impl Status {
    fn parse(out: &[u8]) -> Result<Self, RepositoryError> {
        let mut status = Self { head: None, branch: None, changes: Vec::new() };
        for field in super::paths::fields(out) {
            status.take(field).ok_or_else(|| {
                failure(ACTION, format!("git's line `{}` could not be read", String::from_utf8_lossy(field)))
            })?;
        }
        Ok(status)
    }

    fn take(&mut self, field: &[u8]) -> Option<()> {
        match field.split_at_checked(2)? {
            (b"# ", header) => self.take_header(std::str::from_utf8(header).ok()?),
            (b"? ", path) => self.changes.push(Change::Untracked(RepoPath::new(path))),
            (b"1 ", rest) => self.changes.push(Change::Tracked(parse_tracked(rest)?)),
            (b"u ", rest) => self.changes.push(parse_unmerged(rest)?),
            _ => return None,
        }
        Some(())
    }

    fn take_header(&mut self, header: &str) {
        if let Some(oid) = header.strip_prefix("branch.oid ") {
            self.head = oid.parse().ok();
        } else if let Some(name) = header.strip_prefix("branch.head ") {
            self.branch = Some(name.to_owned()).filter(|name| name != "(detached)");
        }
    }
}

/// Splits off `count` columns; what remains is the path, which may hold blanks.
fn columns(rest: &[u8], count: usize) -> Option<(Vec<&str>, RepoPath)> {
    let mut parts = rest.splitn(count + 1, |byte| *byte == b' ');
    let columns: Vec<&str> =
        parts.by_ref().take(count).map(|part| std::str::from_utf8(part).ok()).collect::<Option<_>>()?;
    Some((columns, RepoPath::new(parts.next()?)))
}

/// `<XY> <sub> <mH> <mI> <mW> <hH> <hI> <path>`
fn parse_tracked(rest: &[u8]) -> Option<Tracked> {
    let (columns, path) = columns(rest, 7)?;
    let [changes, submodule, _, mode, _, _, oid] = columns.as_slice() else { return None };
    let mut letters = changes.chars();
    let staged = letters.next()? != '.';
    let unstaged = match letters.next()? {
        '.' => Unstaged::Same,
        'D' => Unstaged::Missing,
        _ => Unstaged::Changed,
    };
    let submodule = submodule.strip_prefix('S').map(|state| state.starts_with('C'));
    Some(Tracked { path, staged, unstaged, index: blob(mode, oid), submodule })
}

/// `<XY> <sub> <m1> <m2> <m3> <mW> <h1> <h2> <h3> <path>`
fn parse_unmerged(rest: &[u8]) -> Option<Change> {
    let (columns, path) = columns(rest, 9)?;
    let [_, _, base_mode, our_mode, their_mode, _, base, ours, theirs] = columns.as_slice() else { return None };
    let stages = [blob(base_mode, base), blob(our_mode, ours), blob(their_mode, theirs)];
    Some(Change::Unmerged { path, stages })
}

/// An entry; mode 0 stands for none.
fn blob(mode: &str, oid: &str) -> Option<Blob> {
    let present = mode.bytes().any(|byte| byte != b'0');
    present.then(|| Some(Blob { mode: mode.to_owned(), oid: oid.parse().ok()? })).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "d00491fd7e5bb6fa28c517a0bb32b8b506539d4d";
    const NONE: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn every_kind_of_line_is_read() {
        let out = format!(
            "# branch.oid {OID}\0# branch.head (detached)\0\
             1 MD N... 100644 100755 000000 {NONE} {OID} a b\n\0\
             1 .M SCM. 160000 160000 160000 {OID} {OID} sub\0\
             u AA N... 000000 100644 100644 100644 {NONE} {OID} {OID} both\0\
             ? nested/\0"
        );
        let status = Status::parse(out.as_bytes()).unwrap();
        assert_eq!(status.head, Some(OID.parse().unwrap()));
        assert_eq!(status.branch, None);
        let [Change::Tracked(file), Change::Tracked(sub), Change::Unmerged { stages, .. }, Change::Untracked(nested)] =
            status.changes.as_slice()
        else {
            panic!("unexpected changes: {:?}", status.changes);
        };
        assert_eq!((file.path.display().as_str(), file.staged, file.unstaged), ("a b\n", true, Unstaged::Missing));
        assert_eq!(file.index, Some(Blob { mode: "100755".to_owned(), oid: OID.parse().unwrap() }));
        assert_eq!((sub.submodule, sub.unstaged), (Some(true), Unstaged::Changed));
        assert_eq!(stages.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(nested.display(), "nested/");
    }

    #[test]
    fn a_line_of_an_unknown_kind_is_an_error() {
        let error = Status::parse(b"9 what\0").unwrap_err().to_string();
        assert!(error.contains("`9 what`"), "{error}");
    }
}
