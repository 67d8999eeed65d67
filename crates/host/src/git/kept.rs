//! What is kept of work trees, for people: the moments of each ref, how much they changed, and ways to get them back.

mod bring;
mod moments;
#[cfg(test)]
mod tests;

pub use bring::Brought;

use super::GitRepository;
use super::command::failure;
use super::paths::{RepoPath, fields};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;

/// One moment of a tree, kept on a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTree {
    /// The ref without its prefix, with `~N` for the Nth moment before the newest one.
    pub name: String,
    /// The commit that keeps it.
    pub commit: Oid,
    /// Its files.
    pub tree: Oid,
    /// HEAD of the tree when it was kept; the commit itself where there was nothing more than that.
    pub head: Oid,
    /// When it was kept, to the second.
    pub at: UtcMillis,
    /// Why: the first line of its message.
    pub why: String,
}

/// How much lies between two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Files that are not the same.
    pub files: u64,
    /// Lines that only the second tree has.
    pub added: u64,
    /// Lines that only the first tree has.
    pub removed: u64,
}

/// One file that is not the same in two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// Lines that were added and removed; `None` for a file that is no text.
    pub lines: Option<(u64, u64)>,
}

impl GitRepository {
    /// How much each second tree or commit differs from the first one.
    ///
    /// # Errors
    /// When git fails, or one of them is not there.
    pub fn extents(&self, pairs: &[(Oid, Oid)]) -> Result<Vec<Extent>, RepositoryError> {
        const ACTION: &str = "compare kept trees";
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let of_trees = pairs.iter().flat_map(|(from, to)| [format!("{from}^{{tree}}"), format!("{to}^{{tree}}")]);
        let trees = self.call(ACTION).arg("rev-parse").args(of_trees).text()?;
        let trees: Vec<&str> = trees.lines().collect();
        let wanted: String = trees.chunks(2).map(|pair| pair.join(" ") + "\n").collect();
        let call = self.call(ACTION).args(["diff-tree", "--stdin", "-r", "--no-renames", "--shortstat"]);
        let out = call.args(["--no-ext-diff", "--no-textconv"]).input(wanted.into_bytes()).text()?;
        let mut extents: Vec<Extent> = Vec::with_capacity(pairs.len());
        for line in out.lines() {
            match (line.strip_prefix(' '), extents.last_mut()) {
                (Some(figures), Some(last)) => *last = extent(figures),
                (None, _) => extents.push(Extent::default()),
                (Some(_), None) => {}
            }
        }
        if extents.len() == pairs.len() { Ok(extents) } else { Err(failure(ACTION, "git's answer could not be read")) }
    }

    /// What git shows of the difference between two trees or commits: whole, or a line for each file. No program of the
    /// user's configuration is run for it, and no pager.
    ///
    /// # Errors
    /// When git fails.
    pub fn difference(&self, from: &Oid, to: &Oid, paths: &[String], stat: bool) -> Result<Vec<u8>, RepositoryError> {
        let how = if stat { "--stat" } else { "--patch" };
        self.compare(from, to, &[how], paths)
    }

    /// The files that differ between two trees or commits, sorted.
    ///
    /// # Errors
    /// When git fails.
    pub fn changed_files(&self, from: &Oid, to: &Oid, paths: &[String]) -> Result<Vec<ChangedFile>, RepositoryError> {
        let out = self.compare(from, to, &["--numstat", "-z", "--no-renames"], paths)?;
        Ok(fields(&out).filter_map(changed_file).collect())
    }

    fn compare(&self, from: &Oid, to: &Oid, how: &[&str], paths: &[String]) -> Result<Vec<u8>, RepositoryError> {
        let call = self.call("compare trees").env("GIT_LITERAL_PATHSPECS", "1");
        let call = call.args(["--no-pager", "diff", "--no-color", "--no-ext-diff", "--no-textconv"]).args(how);
        Ok(call.args([from.as_str(), to.as_str(), "--"]).args(paths).run()?.out)
    }
}

/// Reads `3 files changed, 12 insertions(+), 1 deletion(-)`.
fn extent(figures: &str) -> Extent {
    let mut extent = Extent::default();
    for part in figures.split(", ") {
        let Some((number, what)) = part.split_once(' ') else { continue };
        let number = number.parse().unwrap_or(0);
        if what.starts_with("file") {
            extent.files = number;
        } else if what.starts_with("insertion") {
            extent.added = number;
        } else {
            extent.removed = number;
        }
    }
    extent
}

/// Reads `<added> TAB <removed> TAB <path>`; a file that is no text has `-` for both.
fn changed_file(field: &[u8]) -> Option<ChangedFile> {
    let mut parts = field.splitn(3, |byte| *byte == b'\t');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
    let lines = number().zip(number());
    Some(ChangedFile { path: RepoPath::new(parts.next()?).display(), lines })
}
