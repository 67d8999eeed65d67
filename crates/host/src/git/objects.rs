//! Objects: revisions, trees, files in trees, commits.

use super::GitRepository;
use super::command::{GitProgram, failure, parse_oid};
use super::index::{Entry, ScratchIndex};
use super::paths::{RepoPath, fields, paths};
use coordinate_engine::port::{CommitSpec, Head, RepositoryError};
use coordinate_model::ids::Oid;
use std::path::Path;

/// Who makes commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    name: String,
    email: String,
}

impl Identity {
    /// The user's configured identity, or the program's own where none is set.
    pub(super) fn configured(git: &GitProgram, top_level: &Path) -> Result<Self, RepositoryError> {
        let call = git.call("read the user's identity", top_level);
        let reply = call.args(["config", "-z", "--get-regexp", r"^user\.(name|email)$"]).accept(1).run()?;
        let value = |key: &str| {
            let of_key = fields(&reply.out).filter_map(|field| field.strip_prefix(format!("{key}\n").as_bytes()));
            of_key.last().map(|value| String::from_utf8_lossy(value).into_owned()).filter(|value| is_usable(value))
        };
        Ok(match (value("user.name"), value("user.email")) {
            (Some(name), Some(email)) => Self { name, email },
            _ => Self::own(),
        })
    }

    /// Who made a commit.
    pub(super) fn of(repository: &GitRepository, commit: &Oid) -> Result<Self, RepositoryError> {
        let call = repository.call("read who made a commit").args(["show", "-s", "--format=%cn%n%ce", commit.as_str()]);
        let text = call.text()?;
        let mut lines = text.lines().map(str::to_owned);
        Ok(Self { name: lines.next().unwrap_or_default(), email: lines.next().unwrap_or_default() })
    }

    /// The program's own.
    pub(super) fn own() -> Self {
        Self { name: "coordinate".to_owned(), email: "coordinate@localhost".to_owned() }
    }
}

/// Whether git takes it as a name: it strips punctuation and blanks from the ends and refuses what is then empty.
fn is_usable(value: &str) -> bool {
    value.chars().any(char::is_alphanumeric)
}

impl GitRepository {
    pub(super) fn read_head(&self) -> Result<Head, RepositoryError> {
        let branch = self.call("read HEAD").args(["symbolic-ref", "-q", "HEAD"]).accept(1).text()?;
        let commit = self.find_object("HEAD^{commit}")?;
        Ok(Head { branch: Some(branch).filter(|name| !name.is_empty()), commit })
    }

    /// The object that an expression names; `None` if there is none or the expression makes no sense.
    pub(super) fn find_object(&self, expression: &str) -> Result<Option<Oid>, RepositoryError> {
        let action = format!("resolve `{expression}`");
        let call = self.call(&action).args(["rev-parse", "-q", "--verify", "--end-of-options", expression]);
        let reply = call.accept(1).run()?;
        if reply.code == 1 { Ok(None) } else { parse_oid(&action, reply.out.trim_ascii()).map(Some) }
    }

    pub(super) fn find_tree(&self, commit: &Oid) -> Result<Oid, RepositoryError> {
        let found = self.find_object(&format!("{commit}^{{tree}}"))?;
        found.ok_or_else(|| failure(&format!("read the tree of `{commit}`"), "the repository has no such commit"))
    }

    pub(super) fn has_ancestor(&self, ancestor: &Oid, commit: &Oid) -> Result<bool, RepositoryError> {
        let call = self.call("compare commits").args(["merge-base", "--is-ancestor", ancestor.as_str()]);
        Ok(call.arg(commit.as_str()).accept(1).run()?.code == 0)
    }

    pub(super) fn list_changed(&self, from: &Oid, to: &Oid) -> Result<Vec<String>, RepositoryError> {
        const ACTION: &str = "list changed paths";
        let call = self.call(ACTION).args(["diff-tree", "-r", "-z", "--name-only", "--no-renames"]);
        let reply = call.args([from.as_str(), to.as_str()]).run()?;
        let mut texts: Vec<String> =
            paths(&reply.out).into_iter().map(|path| path.into_text(ACTION)).collect::<Result<_, _>>()?;
        texts.sort();
        Ok(texts)
    }

    pub(super) fn read_blob(&self, tree: &Oid, path: &str) -> Result<Option<Vec<u8>>, RepositoryError> {
        let answer = self.ask_for_file("--batch", tree, path)?;
        Ok(parse_blob_header(&answer)
            .and_then(|header| answer.get(header.end..header.end + header.size)?.to_vec().into()))
    }

    pub(super) fn find_blob(&self, tree: &Oid, path: &str) -> Result<Option<Oid>, RepositoryError> {
        let answer = self.ask_for_file("--batch-check", tree, path)?;
        Ok(parse_blob_header(&answer).map(|header| header.oid))
    }

    pub(super) fn is_folder(&self, tree: &Oid, path: &str) -> Result<bool, RepositoryError> {
        let answer = self.ask_for_file("--batch-check=%(objecttype)", tree, path)?;
        Ok(answer.trim_ascii() == b"tree")
    }

    fn ask_for_file(&self, how: &str, tree: &Oid, path: &str) -> Result<Vec<u8>, RepositoryError> {
        let action = format!("read `{path}` of `{}`", tree.short());
        // Git takes `./` and `../` in such an expression as relative to the folder that it runs in.
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(failure(&action, "the path must be relative and plain, without `.` or `..`"));
        }
        let request = format!("{tree}:{path}\0").into_bytes();
        Ok(self.call(&action).args(["cat-file", how, "-z"]).input(request).run()?.out)
    }

    pub(super) fn write_blobs(&self, tree: &Oid, files: &[(String, Vec<u8>)]) -> Result<Oid, RepositoryError> {
        const ACTION: &str = "write files into a tree";
        let modes = self.modes_of(tree, files)?;
        let mut entries = Vec::with_capacity(files.len());
        for (path, content) in files {
            let path = RepoPath::new(path.as_bytes());
            let mode = modes.iter().find(|(known, _)| *known == path).map_or("100644", |(_, mode)| mode.as_str());
            if !mode.starts_with('1') || mode == "160000" {
                let shown = path.display();
                return Err(failure(ACTION, format!("`{shown}` is a folder or a submodule; choose another path")));
            }
            let call = self.call(ACTION).args(["hash-object", "-w", "--stdin"]);
            entries.push(Entry::new(mode, call.input(content.clone()).oid()?, path));
        }
        let index = ScratchIndex::from_tree(self, &self.top_level, &self.checkout_dir, tree)?;
        index.put(ACTION, &entries)?;
        index.write_tree(ACTION)
    }

    fn modes_of(&self, tree: &Oid, files: &[(String, Vec<u8>)]) -> Result<Vec<(RepoPath, String)>, RepositoryError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let call = self.call("read the modes of files").env("GIT_LITERAL_PATHSPECS", "1");
        let call = call.args(["ls-tree", "-z", "--full-tree", tree.as_str(), "--"]);
        let reply = call.args(files.iter().map(|(path, _)| path)).run()?;
        Ok(fields(&reply.out).filter_map(parse_tree_line).collect())
    }

    pub(super) fn check_ignored(&self, path: &str) -> Result<bool, RepositoryError> {
        let action = format!("ask whether `{path}` is ignored");
        // The leading `./` keeps a `:` at the start of a name from being read as pathspec magic.
        let input = format!("./{path}\0").into_bytes();
        let call = self.call(&action).args(["check-ignore", "-q", "-z", "--stdin"]);
        Ok(call.input(input).accept(1).run()?.code == 0)
    }

    pub(super) fn make_commit(&self, spec: &CommitSpec) -> Result<Oid, RepositoryError> {
        let mut call = self.call("make a commit").args(["commit-tree", spec.tree.as_str()]);
        for parent in &spec.parents {
            call = call.args(["-p", parent.as_str()]);
        }
        // Git knows no dates before 1970.
        let date = format!("@{} +0000", spec.at.0.div_euclid(1000).max(0));
        let call = call.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        let call = call.env("GIT_AUTHOR_NAME", &self.identity.name).env("GIT_AUTHOR_EMAIL", &self.identity.email);
        let call = call.env("GIT_COMMITTER_NAME", &self.identity.name);
        let call = call.env("GIT_COMMITTER_EMAIL", &self.identity.email);
        call.input(spec.message.clone().into_bytes()).oid()
    }
}

/// The first line of an answer of `cat-file`.
struct BlobHeader {
    oid: Oid,
    size: usize,
    /// Where the content begins.
    end: usize,
}

/// Reads `<oid> blob <size>\n`. A missing object's answer begins with the expression that was asked for, whose `:` no
/// object name has.
fn parse_blob_header(answer: &[u8]) -> Option<BlobHeader> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let header = std::str::from_utf8(answer.get(..end)?).ok()?;
    let (oid, kind) = header.split_once(' ')?;
    Some(BlobHeader { oid: oid.parse().ok()?, size: kind.strip_prefix("blob ")?.parse().ok()?, end: end + 1 })
}

/// Reads `<mode> SP <type> SP <oid> TAB <path>`.
fn parse_tree_line(line: &[u8]) -> Option<(RepoPath, String)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let mode = line.iter().take_while(|byte| **byte != b' ').map(|byte| char::from(*byte)).collect();
    Some((RepoPath::new(line.get(tab + 1..)?), mode))
}
