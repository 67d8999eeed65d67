//! A repository in a temporary folder, cut off from the settings of the machine and its user.

use super::{GitProgram, GitRepository};
use coordinate_engine::port::{Repository, RepositoryError};
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A moment for commits.
pub(super) const AT: UtcMillis = UtcMillis(1_700_000_000_123);

pub(super) struct Sandbox {
    _folder: TempDir,
    root: PathBuf,
}

impl Sandbox {
    /// An empty repository on `main`, without a configured identity.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("repo")).unwrap();
        let sandbox = Self { _folder: folder, root };
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox
    }

    /// A repository with one commit of these files.
    pub(super) fn with_commit(files: &[(&str, &str)]) -> Self {
        let sandbox = Self::new();
        sandbox.commit(files);
        sandbox
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn top(&self) -> PathBuf {
        self.root.join("repo")
    }

    pub(super) fn program(&self) -> GitProgram {
        let program = GitProgram::default().with_env("HOME", self.root.join("home"));
        program.with_env("GIT_CONFIG_GLOBAL", "/dev/null").with_env("GIT_CONFIG_SYSTEM", "/dev/null")
    }

    pub(super) fn open_at(&self, path: &Path) -> Result<GitRepository, RepositoryError> {
        GitRepository::open_with(path, self.program())
    }

    pub(super) fn open(&self) -> GitRepository {
        self.open_at(&self.top()).unwrap()
    }

    /// Writes files into the checkout and commits all that is there; returns the commit.
    pub(super) fn commit(&self, files: &[(&str, &str)]) -> Oid {
        for (path, content) in files {
            self.write(path, content);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "a commit"]);
        self.oid("HEAD")
    }

    pub(super) fn oid(&self, revision: &str) -> Oid {
        self.git(&["rev-parse", "--verify", revision]).parse().unwrap()
    }

    /// Runs git in the checkout as its user would, and returns what it printed, trimmed.
    #[track_caller]
    pub(super) fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.top(), args)
    }

    /// Runs git in a folder; fails if git does.
    #[track_caller]
    pub(super) fn git_in(&self, folder: &Path, args: &[&str]) -> String {
        let output = self.try_git(folder, args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "git {args:?}: {out}{err}");
        out.trim().to_owned()
    }

    pub(super) fn try_git(&self, folder: &Path, args: &[&str]) -> std::process::Output {
        let mut command = Command::new("git");
        command.current_dir(folder).args(["-c", "protocol.file.allow=always"]).args(args);
        command.env("HOME", self.root.join("home")).env("LC_ALL", "C");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "A User").env(format!("GIT_{role}_EMAIL"), "user@example.org");
            command.env(format!("GIT_{role}_DATE"), "@1600000000 +0000");
        }
        command.output().unwrap()
    }

    pub(super) fn write(&self, path: &str, content: &str) {
        write_in(&self.top(), path, content);
    }

    pub(super) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.top().join(path)).unwrap()
    }

    /// An executable shell script outside the checkout.
    pub(super) fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.root.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A tree of ours at `<root>/trees/<name>` on the branch `side/<name>`, from HEAD.
    pub(super) fn tree(&self, repository: &GitRepository, name: &str) -> PathBuf {
        let path = self.root.join("trees").join(name);
        repository.add_tree(&path, &format!("side/{name}"), &self.oid("HEAD")).unwrap();
        path
    }

    /// What a commit or tree holds: `mode path` lines.
    pub(super) fn listing(&self, tree: &str) -> Vec<String> {
        let out = self.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", tree]);
        out.lines().map(str::to_owned).collect()
    }
}

/// Writes a file below a folder, making folders as needed.
pub(super) fn write_in(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Every file below a folder with its content, without git's own; links as `-> target`.
pub(super) fn files_in(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in next.read_dir().unwrap() {
            let entry = entry.unwrap();
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if entry.file_name() == ".git" {
                continue;
            }
            if kind.is_dir() {
                waiting.push(path);
                continue;
            }
            let content = if kind.is_symlink() {
                format!("-> {}", path.read_link().unwrap().display())
            } else {
                String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()
            };
            files.push((path.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), content));
        }
    }
    files.sort();
    files
}
