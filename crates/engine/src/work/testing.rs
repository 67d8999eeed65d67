//! Commands that are run on a tree: tests, checks, set-up. They run under a shim too, bound to the driver's life.

use super::attempt::TAIL;
use super::{Job, lock};
use crate::port::{AttemptProgram, AttemptStatus, AttemptsError, Ending, Launch, Limits, StopHow, TranscriptLine};
use coordinate_model::detect::test_command;
use coordinate_model::event::{Verdict, is_kill};
use coordinate_model::failure::{FailingTests, Failure, FailureClass, FailureKind, GO_ON};
use coordinate_model::ids::{Oid, Token};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// The tree in which merged work is tested.
pub(super) const TEST_TREE: &str = "test";

/// How often a command is run that is killed from outside.
const TRIES: u32 = 3;

/// What a command printed.
struct Output {
    tail: Vec<String>,
    failing: FailingTests,
}

/// What a command on a tree gave.
pub(super) enum Outcome {
    /// A result.
    Ran(Verdict),
    /// The carrier was cancelled meanwhile: no result.
    Cancelled,
}

impl Job {
    /// The command that tests a commit; `None` when it has no tests that we know how to run.
    pub(super) fn test_command(&self, commit: &Oid) -> Result<Option<String>, Failure> {
        if let Some(command) = self.named_test_command() {
            return Ok(Some(command).filter(|command| !command.trim().is_empty()));
        }
        let repository = self.repository()?;
        let mut failure = None;
        let found = test_command(&mut |path| match repository.read_file(commit, path) {
            Ok(bytes) => bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => {
                failure = Some(Failure::system(error.to_string()));
                None
            }
        });
        failure.map_or(Ok(found), Err)
    }

    /// The test command that somebody named: in the configuration, else in the project's standards. Empty: no tests.
    pub(super) fn named_test_command(&self) -> Option<String> {
        let standards = || self.created.standards.test.as_ref().map(|named| named.command.clone());
        self.created.options.test_command.clone().or_else(standards)
    }

    /// Tests a commit in the run's own test tree, unless a verdict on its tree is known.
    pub(super) fn test_commit(&self, command: &str, commit: &Oid, folder: &Path) -> Result<Outcome, Failure> {
        let tree = self.repository()?.tree_of(commit).map_err(|error| Failure::system(error.to_string()))?;
        if let Some(verdict) = self.found_verdict(command, &tree) {
            return Ok(Outcome::Ran(verdict));
        }
        self.end_earlier(folder)?;
        let path = self.prepare_tree(TEST_TREE, commit, "test.before")?;
        // Each tree has a set-up of its own, and a folder is used once.
        set_up(self, &folder.join(format!("set-up-{}", tree.short())), &path)?;
        self.run_on_tree(command, &tree, &path, &folder.join(format!("test-{}", tree.short())))
    }

    /// Runs a shell command in a tree and judges by its exit code alone.
    pub(super) fn run_on_tree(
        &self,
        command: &str,
        tree: &Oid,
        path: &Path,
        folder: &Path,
    ) -> Result<Outcome, Failure> {
        // As it is now: tools that are exchanged meanwhile make it another one.
        let environment = self.environment(command);
        let began = self.tools.clock.now();
        let (ending, output) = self.run_to_its_end(command, path, folder)?;
        if self.is_cancelled() || ending == Ending::Stopped {
            return Ok(Outcome::Cancelled);
        }
        let passed = ending == Ending::Exited { code: 0 };
        let verdict = Verdict {
            command: command.to_owned(),
            tree: tree.clone(),
            passed,
            duration_ms: self.tools.clock.now().since(began),
            failing: if passed { Vec::new() } else { output.failing.groups() },
            tail: with_reason(&ending, output.tail),
            environment,
            before: None,
        };
        self.keep_verdict(&verdict);
        Ok(Outcome::Ran(verdict))
    }

    /// Runs a shell command that ends with this driver. One that somebody killed has said nothing about the tree, so
    /// it is run again, but not for ever: what kills it may be the lack of memory.
    fn run_to_its_end(&self, command: &str, cwd: &Path, folder: &Path) -> Result<(Ending, Output), Failure> {
        let mut tries = 1;
        loop {
            let (ending, output) = self.run_bound(command, cwd, &numbered(folder, self.epoch, tries))?;
            let killed = ending == Ending::Lost || matches!(ending, Ending::Signaled { signal } if is_kill(signal));
            if !killed || self.is_cancelled() {
                return Ok((ending, output));
            }
            if tries == TRIES {
                return Err(killed_too_often(command, output.tail));
            }
            tries += 1;
        }
    }

    /// Ends the commands that an earlier, killed driver has left in the folders below `folder`: they would disturb the
    /// tree that is about to be used again. They end with their driver, but not at once, and not by themselves when
    /// their shim was killed too.
    pub(super) fn end_earlier(&self, folder: &Path) -> Result<(), Failure> {
        let system = |error: AttemptsError| Failure::system(error.to_string());
        for file in self.tools.files.walk(folder) {
            let Some(earlier) = file.strip_suffix("/launch.json").map(|name| folder.join(name)) else { continue };
            let status = self.tools.attempts.status(&earlier).map_err(system)?;
            if matches!(status, AttemptStatus::NeverStarted | AttemptStatus::Ended(_)) {
                continue;
            }
            self.tools.attempts.stop(&earlier, self.epoch, StopHow::Now).map_err(system)?;
            self.tools.attempts.follow(&earlier, 0, &mut |_| true).map_err(system)?;
        }
        Ok(())
    }

    /// Runs a shell command in a folder that was never used, and waits for it.
    fn run_bound(&self, command: &str, cwd: &Path, folder: &Path) -> Result<(Ending, Output), Failure> {
        let launch = Launch {
            key: folder.to_string_lossy().into_owned(),
            token: self.epoch,
            folder: folder.to_owned(),
            program: AttemptProgram {
                argv: vec!["sh".to_owned(), "-c".to_owned(), command.to_owned()],
                cwd: cwd.to_owned(),
                env: Vec::new(),
                stdin: None,
            },
            limits: Limits {
                idle_ms: None,
                hard_ms: Some(self.created.options.test_limit_ms),
                output_bytes: self.created.options.limits.output_bytes,
                grace_ms: self.created.options.limits.grace_ms,
            },
            bound: true,
        };
        let system = |error: AttemptsError| Failure::system(error.to_string());
        match self.tools.attempts.launch(&launch) {
            // The folder is this command's alone: who has taken it was our shim, and was killed before it could say so.
            Ok(_) | Err(AttemptsError::AlreadyRunning { .. }) => {}
            Err(error) => return Err(system(error)),
        }
        self.register(folder);
        let mut tail = VecDeque::new();
        let mut failing = FailingTests::default();
        let mut on_line = |line: TranscriptLine| {
            failing.read(&line.text);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line.text);
            true
        };
        let ending = self.tools.attempts.follow(folder, 0, &mut on_line).map_err(system)?;
        self.unregister(folder);
        Ok((ending.unwrap_or(Ending::Lost), Output { tail: tail.into_iter().collect(), failing }))
    }

    /// A cancel that came before the registration is seen here, one that comes after it finds the folder.
    fn register(&self, folder: &Path) {
        lock(&self.bound).entry(self.key.clone()).or_default().push(folder.to_owned());
        if self.is_cancelled() {
            let _ = self.tools.attempts.stop(folder, self.epoch, StopHow::Ask);
        }
    }

    fn unregister(&self, folder: &Path) {
        let mut bound = lock(&self.bound);
        if let Some(folders) = bound.get_mut(&self.key) {
            folders.retain(|other: &PathBuf| other != folder);
        }
    }
}

/// A folder is used once: earlier drivers, and earlier tries, have theirs.
fn numbered(folder: &Path, epoch: Token, tries: u32) -> PathBuf {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    folder.with_file_name(format!("{name}-{epoch}.{tries}"))
}

fn killed_too_often(command: &str, tail: Vec<String>) -> Failure {
    Failure::new(FailureClass::Transient, FailureKind::Lost, format!("`{command}` was killed {TRIES} times"))
        .expected_found("an end of its own", "a kill from outside")
        .context(tail)
        .remedy(format!("look whether the machine runs out of memory (`dmesg`), then {GO_ON}"))
}

fn with_reason(ending: &Ending, mut tail: Vec<String>) -> Vec<String> {
    let reason = match ending {
        Ending::Exited { .. } => return tail,
        Ending::Signaled { signal } => format!("(ended by signal {signal})"),
        Ending::Stopped => "(stopped)".to_owned(),
        Ending::IdleLimit | Ending::HardLimit => "(took longer than its limit)".to_owned(),
        Ending::OutputLimit => "(wrote more than its limit)".to_owned(),
        Ending::NotStarted { reason } => format!("(could not be started: {reason})"),
        Ending::Lost => "(lost)".to_owned(),
    };
    tail.push(reason);
    tail
}

/// Prepares a fresh tree with the project's own set-up commands.
pub(super) fn set_up(job: &Job, folder: &Path, tree: &Path) -> Result<(), Failure> {
    for (at, command) in job.created.options.tree_setup.iter().enumerate() {
        let place = folder.join(format!("setup-{at}"));
        let (ending, output) = job.run_to_its_end(command, tree, &place)?;
        if ending != (Ending::Exited { code: 0 }) {
            return Err(Failure::new(
                FailureClass::Permanent,
                FailureKind::UnmetNeeds,
                format!("the tree's set-up command `{command}` failed"),
            )
            .expected_found("exit code 0", format!("{ending:?}"))
            .context(output.tail)
            .remedy("mend `[worktree] setup` in `.coordinate/config.toml`"));
        }
    }
    Ok(())
}
