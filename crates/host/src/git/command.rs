//! Runs the git program: never through a shell, without hooks, prompts, signatures or variables of the caller's own
//! git environment. The one place where a collision of locks is waited out.

use super::locks::{self, Lock};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// Settings that win over every configuration file, so that the result does not depend on the user's taste: no hooks,
/// no signatures, no background work, and nothing that turns a harmless file into a failure.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsmonitor=false",
    "core.safecrlf=false",
    "core.splitIndex=false",
    // What is kept must outlive a power cut: by itself git makes objects durable, and not the names of them.
    "core.fsync=committed,loose-object,reference",
    "i18n.commitEncoding=UTF-8",
    "submodule.recurse=false",
    "branch.autoSetupMerge=false",
    "worktree.useRelativePaths=false",
    "merge.renames=true",
    "merge.directoryRenames=conflict",
];

/// Variables that point git at another repository or change what it does. A hook or an alias that started us has
/// them set.
const STRIPPED: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_AUTHOR_DATE",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_MERGE_VERBOSITY",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_WORK_TREE",
    "LANGUAGE",
];

/// How often a command is tried that met another process's lock.
const TRIES: u32 = 12;
/// How many locks that killed processes left are taken away for one command.
const DEAD_LOCKS: u32 = 4;
/// For some locks git waits too, so that a try takes a second.
const PATIENCE: Duration = Duration::from_secs(6);
/// The first wait; it doubles up to `LONGEST_WAIT`, about 4 s in all.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(600);

/// Which git program is run, and variables that it gets on top of the inherited ones.
#[derive(Debug, Clone)]
pub struct GitProgram {
    program: OsString,
    env: Vec<(OsString, OsString)>,
}

impl Default for GitProgram {
    fn default() -> Self {
        Self { program: "git".into(), env: Vec::new() }
    }
}

impl GitProgram {
    /// A git program at a place of its own.
    #[must_use]
    pub fn at(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), env: Vec::new() }
    }

    /// The same with one more variable, for example `GIT_CONFIG_GLOBAL` where a test must not see the user's settings.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// A call that starts in `folder`. `action` is what is being done, as a verb phrase for the error.
    pub(super) fn call(&self, action: &str, folder: &Path) -> Call {
        let mut command = Command::new(&self.program);
        for name in STRIPPED {
            command.env_remove(name);
        }
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        for (name, value) in &self.env {
            command.env(name, value);
        }
        command.current_dir(folder);
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        Call { command, action: action.to_owned(), input: None, accepted: 0 }
    }
}

/// One run of git.
#[derive(Debug)]
pub(super) struct Call {
    command: Command,
    action: String,
    input: Option<Vec<u8>>,
    accepted: i32,
}

/// How an accepted run of git ended.
#[derive(Debug)]
pub(super) struct Reply {
    /// The exit code.
    pub(super) code: i32,
    /// Whether a signal ended it, so that it has no code of its own.
    killed: bool,
    /// Standard output.
    pub(super) out: Vec<u8>,
    /// Standard error.
    pub(super) err: String,
}

impl Reply {
    /// Whether it failed by what will be over in a moment. Every call is one that can be repeated.
    fn is_passing(&self) -> bool {
        self.killed || is_passing(&self.err)
    }
}

impl Call {
    /// Adds an argument.
    pub(super) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub(super) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Uses another index file than the tree's own.
    pub(super) fn index(self, index: &Path) -> Self {
        self.env("GIT_INDEX_FILE", index)
    }

    /// Gives it bytes on standard input; otherwise it has the null device.
    pub(super) fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// Takes exit codes from 0 to `code` as an answer, not as a failure.
    pub(super) fn accept(mut self, code: i32) -> Self {
        self.accepted = code;
        self
    }

    /// Runs it, waiting out what other git processes are in the middle of. A git that somebody kills is run again.
    pub(super) fn run(mut self) -> Result<Reply, RepositoryError> {
        for _ in 1..DEAD_LOCKS {
            let (reply, lock) = self.patiently()?;
            if !lock.is_some_and(|lock| lock.take_away()) {
                return self.judge(reply);
            }
        }
        let (reply, _) = self.patiently()?;
        self.judge(reply)
    }

    /// Tries until nobody is in its way; the lock is the one that it met first and still does.
    fn patiently(&mut self) -> Result<(Reply, Option<Lock>), RepositoryError> {
        let (mut wait, mut tries, mut begun, mut met) = (FIRST_WAIT, 1, None, None);
        loop {
            let reply = self.once()?;
            if self.is_accepted(&reply) || !reply.is_passing() {
                return Ok((reply, None));
            }
            let named = Lock::named_in(&reply.err);
            met = met.or_else(|| named.clone());
            let same = named.filter(|lock| met.as_ref() == Some(lock));
            let waited = begun.get_or_insert_with(Instant::now).elapsed();
            if tries == TRIES || waited > PATIENCE || same.as_ref().is_some_and(locks::is_known) {
                same.iter().for_each(locks::remember);
                return Ok((reply, same));
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
            tries += 1;
        }
    }

    /// Runs it and takes its output as one object name.
    pub(super) fn oid(self) -> Result<Oid, RepositoryError> {
        let action = self.action.clone();
        let reply = self.run()?;
        parse_oid(&action, reply.out.trim_ascii())
    }

    /// Runs it and takes its output as text without the line end. Fails where it is not UTF-8.
    pub(super) fn text(self) -> Result<String, RepositoryError> {
        let action = self.action.clone();
        let bytes = self.run()?.out;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        String::from_utf8(line.to_vec())
            .map_err(|_| failure(&action, "git's answer is not UTF-8; rename what it names"))
    }

    /// Runs it and takes its output as one path, whatever bytes that has.
    pub(super) fn path(self) -> Result<PathBuf, RepositoryError> {
        let bytes = self.run()?.out;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        Ok(PathBuf::from(OsStr::from_bytes(line)))
    }

    fn is_accepted(&self, reply: &Reply) -> bool {
        (0..=self.accepted).contains(&reply.code)
    }

    fn judge(&self, reply: Reply) -> Result<Reply, RepositoryError> {
        if self.is_accepted(&reply) {
            return Ok(reply);
        }
        let told = reply.err.trim();
        if let Some(lock) = Lock::named_in(told) {
            return Err(failure(&self.action, lock.told()));
        }
        let cause = if told.is_empty() { format!("git ended with code {}", reply.code) } else { told.to_owned() };
        Err(failure(&self.action, cause))
    }

    fn once(&mut self) -> Result<Reply, RepositoryError> {
        let began = SystemTime::now();
        let output = self.spawn_and_wait().map_err(|error| not_run(&self.action, &error))?;
        if output.status.code().is_none() {
            locks::died(began);
        }
        Ok(Reply {
            // A git that a signal ended has no code; 128 and above is what git itself uses for "died".
            code: output.status.code().unwrap_or(128),
            killed: output.status.code().is_none(),
            out: output.stdout,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn spawn_and_wait(&mut self) -> std::io::Result<Output> {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn()?;
        let pipe = child.stdin.take();
        let input = self.input.as_deref().unwrap_or_default();
        // The input is written beside the reading of the output: git may fill its output pipe before it has read all.
        std::thread::scope(|scope| {
            if let Some(mut pipe) = pipe {
                // A git that ends early closes the pipe; its exit code then says what was wrong.
                scope.spawn(move || drop(pipe.write_all(input)));
            }
            child.wait_with_output()
        })
    }
}

/// A failure of git, or of what it was asked.
pub(super) fn failure(action: &str, cause: impl Into<String>) -> RepositoryError {
    RepositoryError::Git { action: action.to_owned(), cause: cause.into() }
}

/// A failure of the file system.
pub(super) fn file_failure(action: &'static str, path: &Path, error: &std::io::Error) -> RepositoryError {
    RepositoryError::File { action, path: path.to_owned(), cause: error.to_string() }
}

/// Reads an object name from git's output.
pub(super) fn parse_oid(action: &str, bytes: &[u8]) -> Result<Oid, RepositoryError> {
    let text = String::from_utf8_lossy(bytes);
    text.parse().map_err(|error| failure(action, format!("git answered without an object name: {error}")))
}

fn not_run(action: &str, error: &std::io::Error) -> RepositoryError {
    let remedy = if error.kind() == std::io::ErrorKind::NotFound {
        "; install git 2.38 or newer, put it on PATH, and check that the folder still exists"
    } else {
        ""
    };
    failure(action, format!("the program `git` could not be run: {error}{remedy}"))
}

/// Whether git gave up only because another process held one of its lock files at that moment.
///
/// A ref that is not where it was expected is reported as `cannot lock ref` too, but never with `File exists`.
fn is_lock_collision(err: &str) -> bool {
    err.contains("File exists") && (err.contains(".lock'") || err.contains("could not lock config file"))
}

/// Whether git met another process in the middle of its work, which will be over in a moment.
fn is_passing(err: &str) -> bool {
    is_lock_collision(err) || is_tree_in_the_making(err)
}

/// Git reads the administrative files of every work tree. One that another process is just making has them already, but
/// still empty: `failed to read …/worktrees/NAME/commondir: Success`.
fn is_tree_in_the_making(err: &str) -> bool {
    err.contains("failed to read") && err.contains("/worktrees/") && err.contains(": Success")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_in_the_making_passes() {
        assert!(is_passing("fatal: failed to read /r/.git/worktrees/test5/commondir: Success\n"));
        assert!(!is_passing("fatal: failed to read /r/.git/worktrees/test5/commondir: Permission denied\n"));
        assert!(!is_passing("fatal: failed to read object 12: Success\n"));
    }

    #[test]
    fn only_lock_files_of_others_count_as_collisions() {
        assert!(is_lock_collision("fatal: Unable to create '/r/.git/index.lock': File exists.\n"));
        assert!(is_lock_collision("error: could not lock config file .git/config: File exists"));
        assert!(!is_lock_collision("fatal: cannot lock ref 'refs/x': is at 12 but expected 34"));
        assert!(!is_lock_collision("fatal: '/tmp/x' already exists"));
    }

    #[test]
    fn a_missing_program_is_named_with_the_remedy() {
        let error = GitProgram::at("/nonexistent/git").call("look", Path::new("/")).run().unwrap_err();
        assert!(error.to_string().contains("install git"), "{error}");
    }

    #[test]
    fn input_larger_than_a_pipe_does_not_block() {
        let input = vec![b'x'; 1 << 20];
        let reply = GitProgram::at("cat").call("copy", Path::new("/"));
        // `cat` refuses git's settings: it must end with its own complaint, not hang on the unread input.
        let error = reply.input(input).run().unwrap_err();
        assert!(error.to_string().contains("failed to copy"), "{error}");
    }
}
