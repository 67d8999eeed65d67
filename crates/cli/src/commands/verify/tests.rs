//! `verify tests`: the test command in a clean tree of the commit that HEAD is at, under a shim that ends with us.

use super::super::{note, print, print_json};
use crate::args::VerifyTests;
use crate::config::Config;
use crate::context::{Project, make_state_folder};
use crate::failure::{CommandError, Exit};
use crate::wiring::{SystemClock, program};
use coordinate_engine::port::{
    AttemptProgram, AttemptStatus, Attempts, AttemptsError, Clock, Ending, Files, Launch, Limits, Repository, StopHow,
};
use coordinate_host::attempts::ShimAttempts;
use coordinate_host::files::SystemFiles;
use coordinate_host::git::GitRepository;
use coordinate_host::lock::{ProcessLock, holder};
use coordinate_model::detect::test_command;
use coordinate_model::ids::{Oid, Token};
use coordinate_report::text::span;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many of the last lines are shown when the tests fail.
const TAIL: usize = 40;

/// The clean tree's branch, without `refs/heads/`.
const BRANCH: &str = "coordinate/verify";
/// Keeps what the tests left in the tree while it is removed; nobody's work, so it goes with the tree.
const SNAPSHOT: &str = "refs/coordinate/verify";
/// There is one driver only, and nothing of an earlier one is ever obeyed here.
const TOKEN: Token = Token(1);

/// What a command came to.
struct Ran {
    ending: Ending,
    duration_ms: u64,
    lines: Vec<String>,
}

impl Ran {
    fn passed(&self) -> bool {
        self.ending == Ending::Exited { code: 0 }
    }

    fn result(&self) -> String {
        match &self.ending {
            Ending::Exited { code: 0 } => "passes".to_owned(),
            Ending::Exited { code } => format!("fails with exit code {code}"),
            Ending::Signaled { signal } => format!("was ended by signal {signal}"),
            Ending::Stopped => "was stopped".to_owned(),
            Ending::IdleLimit | Ending::HardLimit => "took longer than `test.limit_seconds`".to_owned(),
            Ending::OutputLimit => "wrote more than `agent.output_bytes`".to_owned(),
            Ending::NotStarted { reason } => format!("could not be started: {reason}"),
            Ending::Lost => "was lost: its supervisor was killed".to_owned(),
        }
    }
}

pub(crate) fn tests(project: &Project, options: &VerifyTests) -> Result<Exit, CommandError> {
    let config = project.config()?;
    let commit = match &project.repository {
        Some(repository) => repository.head()?.commit.map(|commit| (Arc::clone(repository), commit)),
        None => None,
    };
    let command = command(project, config, options, commit.as_ref())?;
    make_state_folder(&project.state())?;
    let lock = project.state().join("verify.lock");
    let Some(_alone) = ProcessLock::try_hold(&lock).map_err(CommandError::internal)? else {
        let who = holder(&lock).ok().flatten().map_or_else(String::new, |pid| format!(" (process {pid})"));
        return Err(
            CommandError::usage(format!("another `verify tests` is at work here{who}")).hint("wait until it has ended")
        );
    };
    let runner = Runner::new(project, config, if options.verbose { usize::MAX } else { TAIL })?;
    let (ran, place) = match &commit {
        Some((repository, commit)) => {
            (in_clean_tree(project, config, &runner, repository, commit, &command)?, format!("`{}`", commit.short()))
        }
        None => {
            note("there is no commit to check out: testing the files as they are");
            (runner.run(&command, &project.root)?, "the files as they are".to_owned())
        }
    };
    Ok(show(&command, &place, commit.as_ref().map(|(_, commit)| commit), &ran, options))
}

/// The flag, the configuration, or what the tree's files say.
fn command(
    project: &Project,
    config: &Config,
    options: &VerifyTests,
    commit: Option<&(Arc<GitRepository>, Oid)>,
) -> Result<String, CommandError> {
    let none =
        || CommandError::usage("there is no test command").hint("name it with `--command`, or set `test.command`");
    if let Some(command) = options.command.as_deref().or_else(|| config.text("test.command")) {
        return if command.trim().is_empty() { Err(none()) } else { Ok(command.to_owned()) };
    }
    if let Some(test) = crate::standards::read(project).standards.test {
        return Ok(test.command);
    }
    let mut read = |path: &str| {
        let bytes = match commit {
            Some((repository, commit)) => repository.read_file(commit, path).ok().flatten(),
            None => std::fs::read(project.root.join(path)).ok(),
        };
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    test_command(&mut read).ok_or_else(none)
}

/// One tree for all calls: what a killed one has left is taken over and cleaned by the next.
fn in_clean_tree(
    project: &Project,
    config: &Config,
    runner: &Runner,
    repository: &GitRepository,
    commit: &Oid,
    command: &str,
) -> Result<Ran, CommandError> {
    let tree = project.trees(config).join("verify");
    let links = config.list("worktree.link");
    repository.add_tree(&tree, BRANCH, commit)?;
    let ran = prepare(repository, &tree, commit, &links, project).and_then(|()| {
        for command in config.list("worktree.setup") {
            let ran = runner.run(&command, &tree)?;
            if !ran.passed() {
                let tail = ran.lines.join("\n");
                return Err(CommandError::usage(format!("the set-up command `{command}` {}\n{tail}", ran.result()))
                    .hint("mend `[worktree] setup` in `.coordinate/config.toml`"));
            }
        }
        runner.run(command, &tree)
    });
    let removed = remove(repository, &tree, &links, project);
    let ran = ran?;
    removed?;
    Ok(ran)
}

fn failed(error: impl std::fmt::Display) -> CommandError {
    CommandError::internal(error)
}

fn prepare(
    repository: &GitRepository,
    tree: &Path,
    commit: &Oid,
    links: &[String],
    project: &Project,
) -> Result<(), CommandError> {
    unlink(tree, links, project)?;
    repository.snapshot(tree, SNAPSHOT, "before the tests\n", SystemClock.now())?;
    repository.reset_tree(tree, commit, SNAPSHOT)?;
    for link in links {
        SystemFiles.link(&project.root.join(link), &tree.join(link)).map_err(failed)?;
    }
    Ok(())
}

fn unlink(tree: &Path, links: &[String], project: &Project) -> Result<(), CommandError> {
    links.iter().try_for_each(|link| SystemFiles.unlink(&project.root.join(link), &tree.join(link))).map_err(failed)
}

fn remove(repository: &GitRepository, tree: &Path, links: &[String], project: &Project) -> Result<(), CommandError> {
    unlink(tree, links, project)?;
    repository.snapshot(tree, SNAPSHOT, "after the tests\n", SystemClock.now())?;
    repository.remove_tree(tree, SNAPSHOT)?;
    repository.delete_ref(&format!("refs/heads/{BRANCH}"))?;
    repository.delete_ref(SNAPSHOT)?;
    if let Some(trees) = tree.parent() {
        SystemFiles.remove_empty(trees);
    }
    Ok(())
}

/// Runs shell commands that end with this process, or when it is interrupted.
struct Runner {
    attempts: Arc<ShimAttempts>,
    root: PathBuf,
    limits: Limits,
    /// How many of the last lines are kept.
    keep: usize,
}

impl Runner {
    fn new(project: &Project, config: &Config, keep: usize) -> Result<Self, CommandError> {
        let limits = config.limits();
        let runner = Self {
            attempts: Arc::new(ShimAttempts::new(program()?)),
            root: project.state().join("verify"),
            limits: Limits {
                idle_ms: None,
                hard_ms: Some(config.number("test.limit_seconds").unwrap_or(1800).saturating_mul(1000)),
                output_bytes: limits.output_bytes,
                grace_ms: limits.grace_ms,
            },
            keep,
        };
        runner.end_earlier()?;
        runner.clean();
        Ok(runner)
    }

    /// A command that a killed call has left would disturb the tree that is about to be used again.
    fn end_earlier(&self) -> Result<(), CommandError> {
        for file in SystemFiles.walk(&self.root) {
            let Some(folder) = file.strip_suffix("/launch.json").map(|name| self.root.join(name)) else { continue };
            if matches!(self.attempts.status(&folder).map_err(failed)?, AttemptStatus::Alive(_) | AttemptStatus::Lost) {
                self.attempts.stop(&folder, TOKEN, StopHow::Now).map_err(failed)?;
                self.attempts.follow(&folder, 0, &mut |_| true).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn clean(&self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }

    fn run(&self, command: &str, cwd: &Path) -> Result<Ran, CommandError> {
        let folder = self.root.join(ulid::Ulid::new().to_string());
        let launch = Launch {
            key: folder.to_string_lossy().into_owned(),
            token: TOKEN,
            folder: folder.clone(),
            program: AttemptProgram {
                argv: vec!["sh".to_owned(), "-c".to_owned(), command.to_owned()],
                cwd: cwd.to_owned(),
                env: Vec::new(),
                stdin: None,
            },
            limits: self.limits.clone(),
            bound: true,
        };
        let began = SystemClock.now();
        self.attempts.launch(&launch).map_err(failed)?;
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(CommandError::internal)?;
        let (handle, attempts, of) = (signals.handle(), Arc::clone(&self.attempts), folder.clone());
        let listening = std::thread::spawn(move || signals.forever().for_each(|_| interrupt(&attempts, &of)));
        let mut lines = VecDeque::new();
        let ending: Result<Option<Ending>, AttemptsError> = self.attempts.follow(&folder, 0, &mut |line| {
            if lines.len() == self.keep {
                lines.pop_front();
            }
            lines.push_back(line.text);
            true
        });
        handle.close();
        let _ = listening.join();
        let ending = ending.map_err(failed)?.unwrap_or(Ending::Lost);
        Ok(Ran { ending, duration_ms: SystemClock.now().since(began), lines: lines.into() })
    }
}

/// Nothing in the commands' folders is of use once they have ended.
impl Drop for Runner {
    fn drop(&mut self) {
        self.clean();
    }
}

fn interrupt(attempts: &ShimAttempts, folder: &Path) {
    note("stopping the tests");
    let _ = attempts.stop(folder, TOKEN, StopHow::Ask);
}

fn show(command: &str, place: &str, commit: Option<&Oid>, ran: &Ran, options: &VerifyTests) -> Exit {
    let result = ran.result();
    if options.json {
        print_json(&json!({
            "ok": ran.passed(),
            "command": command,
            "commit": commit.map(Oid::as_str),
            "result": result,
            "duration_ms": ran.duration_ms,
            "tail": ran.lines,
        }));
    } else {
        let mark = if ran.passed() { "✓" } else { "✗" };
        print(&format!("{mark} `{command}` {result} on {place} ({})", span(ran.duration_ms)));
        if options.verbose || !ran.passed() {
            ran.lines.iter().for_each(|line| print(&format!("  | {line}")));
        }
    }
    match ran.ending {
        Ending::Exited { code: 0 } => Exit::Done,
        Ending::Stopped => Exit::Stopped,
        Ending::Exited { .. }
        | Ending::Signaled { .. }
        | Ending::IdleLimit
        | Ending::HardLimit
        | Ending::OutputLimit
        | Ending::NotStarted { .. }
        | Ending::Lost => Exit::Failed,
    }
}
