//! An environment that takes nothing from the user's: own home, own XDG folders, no git configuration, no colour.

use crate::processes::{ProcessEntry, kill_processes_with_env, processes_with_env};
use crate::wait::wait_until;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

/// How long the last processes of a test may take to go after they were told to.
const LEAVING: Duration = Duration::from_secs(10);

/// Folders made in the environment's root, and the variable that names each.
const FOLDERS: [(&str, &str); 7] = [
    ("HOME", "home"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_RUNTIME_DIR", "run"),
    ("TMPDIR", "tmp"),
];

/// Variables with the same value in every test.
const FIXED: [(&str, &str); 12] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_AUTHOR_NAME", "Ada Author"),
    ("GIT_AUTHOR_EMAIL", "ada@example.org"),
    ("GIT_COMMITTER_NAME", "Ada Author"),
    ("GIT_COMMITTER_EMAIL", "ada@example.org"),
    ("LC_ALL", "C.UTF-8"),
    ("TZ", "UTC"),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    ("COLUMNS", "120"),
];

/// The date of a repository's first commit, so that its name is the same in every test.
const FIRST_COMMIT_DATE: &str = "2026-01-01T00:00:00Z";

/// Makes a new hermetic environment.
///
/// # Panics
/// When its folders cannot be made.
#[must_use]
pub fn hermetic() -> Hermetic {
    let root = tempfile::Builder::new().prefix("coordinate-").tempdir().expect("a temporary folder can be made");
    for (_, folder) in FOLDERS {
        fs::create_dir(root.path().join(folder)).expect("a folder can be made in a new folder");
    }
    // Programs refuse a runtime folder that others can read.
    fs::set_permissions(root.path().join("run"), fs::Permissions::from_mode(0o700)).expect("own folder, own mode");
    Hermetic { root }
}

/// A temporary folder with an environment of its own. Dropping it kills every process that was started in it and
/// removes the folder.
#[derive(Debug)]
pub struct Hermetic {
    root: TempDir,
}

/// One execution of the scripted agent, as it counted itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The value of `COORDINATE_ATTEMPT`, or `-` if there was none.
    pub attempt: String,
    /// The agent's process id.
    pub pid: u32,
}

/// How a program ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Hermetic {
    /// The folder that holds everything of this environment. Its name is short enough for sockets below it.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The environment as pairs: what [`command`](Self::command) sets and nothing else.
    #[must_use]
    pub fn env(&self) -> Vec<(String, std::ffi::OsString)> {
        let folders = FOLDERS.map(|(name, folder)| (name.to_owned(), self.root().join(folder).into_os_string()));
        let fixed = FIXED.map(|(name, value)| (name.to_owned(), value.into()));
        folders.into_iter().chain(fixed).chain(tool_variables()).collect()
    }

    /// A command that sees this environment only, and starts in its root.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env()).current_dir(self.root());
        // The agent's own count lies outside every repository, so that no reset or clean-up touches it.
        command.env("SCRIPTED_AGENT_COUNTER", self.counter());
        command
    }

    /// Runs a program to its end in `folder`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn run(&self, program: impl AsRef<OsStr>, folder: &Path, arguments: &[&str]) -> Outcome {
        let mut command = self.command(program);
        let output = command.current_dir(folder).args(arguments).stdin(std::process::Stdio::null()).output();
        output.unwrap_or_else(|cause| panic!("failed to start {command:?}: {cause}")).into()
    }

    /// Runs git in `folder` and gives back its output without the last line end.
    ///
    /// # Panics
    /// When git fails; with all that it wrote.
    #[track_caller]
    pub fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let outcome = self.run("git", folder, arguments);
        assert_eq!(outcome.code, Some(0), "git {arguments:?} in {}: {outcome:#?}", folder.display());
        outcome.stdout.trim_end_matches('\n').to_owned()
    }

    /// Makes a git repository `name` with these files, all in a first commit on `main`, and gives back its folder.
    ///
    /// # Panics
    /// When git or the file system refuses.
    #[track_caller]
    pub fn repository(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.root().join(name);
        fs::create_dir_all(&folder).expect("the repository's folder can be made");
        self.git(&folder, &["init", "--quiet", "--initial-branch=main"]);
        for (path, text) in files {
            write_file(&folder.join(path), text);
        }
        self.git(&folder, &["add", "--all"]);
        self.first_commit(&folder);
        folder
    }

    fn first_commit(&self, folder: &Path) {
        let status = self
            .command("git")
            .current_dir(folder)
            .env("GIT_AUTHOR_DATE", FIRST_COMMIT_DATE)
            .env("GIT_COMMITTER_DATE", FIRST_COMMIT_DATE)
            .args(["commit", "--quiet", "--allow-empty", "--message", "first"])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "the first commit failed in {}", folder.display());
    }

    /// Writes a script for the scripted agent outside every repository and gives back its path, to be named by
    /// `SCRIPTED_AGENT_SCRIPT`.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[track_caller]
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.root().join("scripts").join(name);
        write_file(&path, text);
        path
    }

    /// Where the scripted agent counts its executions.
    #[must_use]
    pub fn counter(&self) -> PathBuf {
        self.root().join("executions")
    }

    /// Every execution of the scripted agent in this environment, oldest first.
    ///
    /// # Panics
    /// When a line of the counter is damaged: two writers would then have mixed their lines.
    #[track_caller]
    #[must_use]
    pub fn executions(&self) -> Vec<Execution> {
        fs::read_to_string(self.counter()).unwrap_or_default().lines().map(parse_execution).collect()
    }

    /// Every living process that was started in this environment, whatever its parent, group or session.
    #[must_use]
    pub fn leftovers(&self) -> Vec<ProcessEntry> {
        processes_with_env(&self.mark())
    }

    /// Ends the test if a process of this environment is still there after it had time to leave.
    ///
    /// # Panics
    /// When one is, with its command line.
    #[track_caller]
    pub fn assert_no_leftovers(&self) {
        if !wait_until(LEAVING, || self.leftovers().is_empty()) {
            panic!("processes are left over: {:#?}", self.leftovers());
        }
    }

    /// The environment entry that all processes of this environment share and no other process has.
    fn mark(&self) -> String {
        format!("HOME={}", self.home().display())
    }
}

impl Drop for Hermetic {
    /// Kills what a failed test left behind: its folder goes with it, and a process without its files helps nobody.
    fn drop(&mut self) {
        kill_processes_with_env(&self.mark());
    }
}

/// The scripted agent's program.
///
/// # Panics
/// When it was not built: `cargo build -p coordinate-testkit --bins` does.
#[track_caller]
#[must_use]
pub fn scripted_agent() -> PathBuf {
    beside("scripted-agent")
}

/// The scripted agent that speaks the Agent Client Protocol.
///
/// # Panics
/// When it was not built: `cargo build -p coordinate-testkit --bins` does.
#[track_caller]
#[must_use]
pub fn scripted_acp_agent() -> PathBuf {
    beside("scripted-acp-agent")
}

/// A program of this crate, beside the test program in cargo's target folder.
#[track_caller]
pub(crate) fn beside(program: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test program knows its own path");
    let found = test.ancestors().skip(1).take(3).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("no `{program}` beside {}: build it with `cargo build -p coordinate-testkit --bins`", test.display())
    })
}

/// What programs need to be found at all. `cargo` and `rustc` are rustup's proxies on many machines and look below
/// the user's real home, unless told where.
fn tool_variables() -> Vec<(String, std::ffi::OsString)> {
    let path = std::env::var_os("PATH").map(|value| ("PATH".to_owned(), without_clients(&value)));
    let toolchains = [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")].into_iter().filter_map(|(name, folder)| {
        let below_home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(folder).into_os_string());
        let value = std::env::var_os(name).or_else(below_home)?;
        Path::new(&value).is_dir().then(|| (name.to_owned(), value))
    });
    path.into_iter().chain(toolchains).collect()
}

/// A search path without the folders in which real clients lie: a test that starts one means its own.
fn without_clients(path: &std::ffi::OsStr) -> std::ffi::OsString {
    let clients = ["claude", "codex", "gemini", "opencode"];
    let free = |folder: &PathBuf| !clients.iter().any(|client| folder.join(client).exists());
    let folders: Vec<PathBuf> = std::env::split_paths(path).filter(free).collect();
    std::env::join_paths(folders).expect("folders of a search path make one")
}

#[track_caller]
fn parse_execution(line: &str) -> Execution {
    let (attempt, pid) = line.rsplit_once(' ').expect("a counter line has two words");
    Execution { attempt: attempt.to_owned(), pid: pid.parse().expect("the second word is a process id") }
}

#[track_caller]
fn write_file(path: &Path, text: &str) {
    let folder = path.parent().expect("a file has a folder");
    fs::create_dir_all(folder).expect("the file's folder can be made");
    fs::write(path, text).expect("the file can be written");
}
