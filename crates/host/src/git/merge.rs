//! Three-way merges in the object store, by `git merge-tree`: no work tree, no index, nothing to clean up after a kill.

use super::GitRepository;
use super::command::{failure, parse_oid};
use super::paths::RepoPath;
use coordinate_engine::port::{MergeOutcome, RepositoryError};
use coordinate_model::ids::Oid;
use std::collections::BTreeSet;

const ACTION: &str = "merge";

impl GitRepository {
    pub(super) fn merge_commits(&self, ours: &Oid, theirs: &Oid) -> Result<MergeOutcome, RepositoryError> {
        let call = self.call(ACTION).args(["merge-tree", "--write-tree", "-z", "--name-only", "--messages"]);
        let reply = call.args([ours.as_str(), theirs.as_str()]).accept(1).run()?;
        let report = Report::parse(&reply.out).ok_or_else(|| failure(ACTION, "git's answer could not be read"))?;
        let tree = parse_oid(ACTION, report.tree)?;
        if reply.code == 0 {
            return Ok(MergeOutcome::Clean(tree));
        }
        Ok(MergeOutcome::Conflicts { paths: report.conflicts.into_iter().collect(), messages: report.messages, tree })
    }
}

/// The output of `merge-tree -z --name-only --messages`: the tree, the paths in conflict, an empty field, then for
/// each message the number of its paths, the paths, its type, its text.
struct Report<'a> {
    tree: &'a [u8],
    conflicts: BTreeSet<String>,
    messages: String,
}

impl<'a> Report<'a> {
    fn parse(out: &'a [u8]) -> Option<Self> {
        let mut fields = out.split(|byte| *byte == 0);
        let tree = fields.next()?.trim_ascii();
        let mut conflicts: BTreeSet<String> =
            fields.by_ref().take_while(|field| !field.is_empty()).map(|path| RepoPath::new(path).display()).collect();
        let mut messages = String::new();
        while let Some(count) = fields.next().and_then(|field| std::str::from_utf8(field).ok()?.parse::<usize>().ok()) {
            let paths: Vec<&[u8]> = fields.by_ref().take(count).collect();
            let kind = fields.next()?;
            messages.push_str(&String::from_utf8_lossy(fields.next()?));
            // A file moved out of the way of a folder is in conflict under its old name too.
            if kind.starts_with(b"CONFLICT") {
                conflicts.extend(paths.into_iter().map(|path| RepoPath::new(path).display()));
            }
        }
        Some(Self { tree, conflicts, messages })
    }
}
