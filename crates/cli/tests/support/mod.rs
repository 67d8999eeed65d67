//! A repository, the program in it, and what can be asked of both.

pub(crate) mod author;
pub(crate) mod eight;
pub(crate) mod plan;
pub(crate) mod process;
pub(crate) mod redact;
pub(crate) mod terminal;

use coordinate_testkit::{Hermetic, Outcome, hermetic, scripted_agent};
pub(crate) use plan::Plan;
pub(crate) use process::Started;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_coordinate");

/// A repository of a user, in an environment of its own.
pub(crate) struct World {
    pub(crate) env: Hermetic,
    pub(crate) repo: PathBuf,
}

impl World {
    /// A repository with these committed files.
    #[track_caller]
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let env = hermetic();
        let repo = env.repository("repo", files);
        Self { env, repo }
    }

    /// A repository with this plan, committed as `PLAN.md`.
    #[track_caller]
    pub(crate) fn with_plan(plan: &Plan) -> Self {
        Self::new(&[("PLAN.md", &plan.text()), ("README.md", "# A project\n")])
    }

    /// A command of the program in the repository.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.env.command(PROGRAM);
        command.current_dir(&self.repo).args(arguments).stdin(std::process::Stdio::null());
        command
    }

    /// Runs the program to its end.
    #[track_caller]
    pub(crate) fn coordinate(&self, arguments: &[&str]) -> Outcome {
        self.command(arguments).output().expect("the program can be started").into()
    }

    /// Runs `run` with the scripted agent, whose script stands in the plan's phases.
    #[track_caller]
    pub(crate) fn run_scripted(&self, arguments: &[&str]) -> Outcome {
        self.coordinate(&scripted(arguments).iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs the committed plan with the offline agent.
    #[track_caller]
    pub(crate) fn run_offline(&self, arguments: &[&str]) -> Outcome {
        self.coordinate(&[&["run", "PLAN.md", "--agent", "offline"], arguments].concat())
    }

    /// Starts the program and lets it run.
    #[track_caller]
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        Started::new(&mut self.command(arguments))
    }

    /// Starts `run` with the scripted agent and lets it run.
    #[track_caller]
    pub(crate) fn start_scripted(&self, arguments: &[&str]) -> Started {
        self.start(&scripted(arguments).iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The JSON that a command prints; it must succeed.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let outcome = self.coordinate(arguments);
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:#?}");
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {outcome:#?}"))
    }

    /// The newest run, folded.
    #[track_caller]
    pub(crate) fn show(&self) -> Value {
        self.json(&["show", "--json"])
    }

    /// Git in the repository.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.env.git(&self.repo, arguments)
    }

    /// The subjects of a branch's commits, newest first.
    #[track_caller]
    pub(crate) fn subjects(&self, branch: &str) -> Vec<String> {
        self.git(&["log", "--format=%s", branch]).lines().map(str::to_owned).collect()
    }

    /// All refs below a prefix.
    #[track_caller]
    pub(crate) fn refs(&self, prefix: &str) -> Vec<String> {
        self.git(&["for-each-ref", "--format=%(refname)", prefix]).lines().map(str::to_owned).collect()
    }

    /// A file of the checkout.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the checkout.
    #[track_caller]
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.repo.join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Says of these paths of the checkout that each is younger than the one before it.
    pub(crate) fn age(&self, oldest_first: &[&str]) {
        let now = std::time::SystemTime::now();
        for (at, path) in oldest_first.iter().rev().enumerate() {
            let then = now - std::time::Duration::from_secs(60 * u64::try_from(at).expect("a list is short"));
            let opened = std::fs::File::open(self.repo.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            opened.set_modified(then).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }

    /// Whether the checkout has this path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.repo.join(path).exists()
    }

    /// Files of this environment that are there; none if the folder is not.
    pub(crate) fn entries(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// After a delivered run nothing of it is left but the commits and the summary.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        assert_eq!(self.refs("refs/heads"), ["refs/heads/main"]);
        assert_eq!(self.refs("refs/coordinate"), Vec::<String>::new());
        self.assert_no_trees();
    }

    /// No work tree, no process.
    #[track_caller]
    pub(crate) fn assert_no_trees(&self) {
        let trees = self.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(trees.lines().filter(|line| line.starts_with("worktree ")).count(), 1, "{trees}");
        let projects = self.env.root().join("state/coordinate");
        for project in Self::entries(&projects) {
            assert_eq!(Self::entries(&projects.join(&project)), Vec::<String>::new(), "trees of {project}");
        }
        self.env.assert_no_leftovers();
    }
}

/// `run PLAN.md` with the scripted agent and these arguments more.
pub(crate) fn scripted(arguments: &[&str]) -> Vec<String> {
    let agent = format!("'{}'", scripted_agent().display());
    let first = ["run", "PLAN.md", "--agent", "command", "--agent-command", &agent];
    first.iter().chain(arguments).map(|argument| (*argument).to_owned()).collect()
}

/// Every line of a stream as JSON.
#[track_caller]
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The step of a folded run.
#[track_caller]
pub(crate) fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    let steps = run["steps"].as_array().expect("a run has steps");
    steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step {id}: {run:#}"))
}
