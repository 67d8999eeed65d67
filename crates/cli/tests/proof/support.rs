//! A project in an environment of its own, its drivers, and what must hold when a run has ended.

use coordinate_testkit::processes::kill;
use coordinate_testkit::{Hermetic, Outcome, ProcessEntry, hermetic, processes_with_env};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Far beyond what any run of these tests takes, also on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Where the phases append a line when they begin and when they end, outside every repository.
const MARKS: &str = "PROOF_MARKS";

/// How many moments are tried.
pub(crate) fn count(small: u64) -> u64 {
    std::env::var("COORDINATE_PROOF_COUNT").ok().and_then(|text| text.parse().ok()).unwrap_or(small)
}

/// Numbers that look random and are the same for the same seed (`splitmix64`).
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one moment; `salt` keeps the tests apart.
    pub(crate) fn of(salt: u64, moment: u64) -> Self {
        let seed = std::env::var("COORDINATE_PROOF_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0_u64);
        Self(seed.wrapping_mul(0x1000_0000_01b3).wrapping_add(salt << 32).wrapping_add(moment))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    /// A moment before `end`.
    pub(crate) fn moment(&mut self, end: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(end.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// A repository with a plan, and its environment.
pub(crate) struct Project {
    pub(crate) env: Hermetic,
    pub(crate) root: PathBuf,
    /// What every command's environment has besides.
    pub(crate) variables: Vec<(&'static str, OsString)>,
    run_arguments: Vec<String>,
}

/// One execution of a phase's block, or its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) what: String,
    pub(crate) phase: u64,
}

impl Project {
    /// A repository with these files; `arguments` follow the word `run`.
    #[track_caller]
    pub(crate) fn new(files: &[(&str, &str)], arguments: &[&str]) -> Self {
        let env = hermetic();
        let root = env.repository("project", files);
        let run_arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        Self { env, root, variables: Vec::new(), run_arguments }
    }

    /// Other arguments of `run`: some name files of the environment, which has to be there first.
    pub(crate) fn run_with(&mut self, arguments: &[&str]) {
        self.run_arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    }

    /// The program in this project.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.env.command(env!("CARGO_BIN_EXE_coordinate"));
        command.current_dir(&self.root).env(MARKS, self.env.root().join("marks")).args(arguments);
        // A client that a test has written lies beside its other scripts.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.env.root().join("scripts").display()));
        command.envs(self.variables.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    #[track_caller]
    pub(crate) fn call(&self, arguments: &[&str]) -> Outcome {
        self.command(arguments).output().expect("the program can be started").into()
    }

    /// What the program prints as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let outcome = self.call(arguments);
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:#?}");
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {outcome:#?}"))
    }

    /// A driver of a new run, with more arguments than usual.
    #[track_caller]
    pub(crate) fn start(&self, more: &[&str]) -> Driver {
        let own = self.run_arguments.iter().map(String::as_str);
        let words: Vec<&str> = ["run"].into_iter().chain(own).chain(more.iter().copied()).chain(["--json"]).collect();
        Driver::spawn(&mut self.command(&words))
    }

    /// A driver of the only run; of a new one where the last was killed before it had made it.
    #[track_caller]
    pub(crate) fn drive(&self) -> Driver {
        match self.run() {
            Some(run) => Driver::spawn(&mut self.command(&["resume", &run, "--yes", "--json"])),
            None => self.start(&[]),
        }
    }

    /// Drives the run, and kills its drivers, and with `everything` also its attempts, at `wanted` random moments; to
    /// its good end. `killed` is told after each. Returns how often an attempt may have been begun again.
    #[track_caller]
    pub(crate) fn survive(
        &self,
        random: &mut Random,
        (wanted, everything): (u64, bool),
        time: Duration,
        mut killed: impl FnMut(&Self),
    ) -> usize {
        let mut kills = 0;
        let end = loop {
            let mut driver = self.drive();
            let patience = random.moment(time);
            if kills == wanted || !driver.lives_for(patience) {
                break driver.end();
            }
            driver.kill();
            if everything {
                self.kill_attempts(random.below(2) == 0);
            }
            killed(self);
            kills += 1;
            println!("killed after {patience:?}");
        };
        end.assert_succeeded();
        if everything { usize::try_from(kills).unwrap_or(usize::MAX) } else { 0 }
    }

    /// What the program prints as JSON, whatever its environment would do to it.
    #[track_caller]
    pub(crate) fn json_quietly(&self, arguments: &[&str]) -> Value {
        let mut command = self.command(arguments);
        command.env_remove("LD_PRELOAD").env_remove("POINTS_WHO");
        let outcome: Outcome = command.output().expect("the program can be started").into();
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:#?}"))
    }

    /// Like [`Self::run`], likewise.
    #[track_caller]
    pub(crate) fn run_quietly(&self) -> Option<String> {
        let runs = self.json_quietly(&["ps", "--json"]);
        let runs = runs.as_array().expect("`ps` prints an array");
        let top: Vec<&Value> = runs.iter().filter(|run| run["parent"].is_null()).collect();
        assert!(top.len() < 2, "a second run came: {runs:#?}");
        top.first().map(|run| text(run, "run").to_owned())
    }

    /// The only run's id, once there is one.
    #[track_caller]
    pub(crate) fn run(&self) -> Option<String> {
        let runs = self.json(&["ps", "--json"]);
        let runs = runs.as_array().expect("`ps` prints an array");
        let runs: Vec<&Value> = runs.iter().filter(|run| run["parent"].is_null()).collect();
        assert!(runs.len() < 2, "a second run came: {runs:#?}");
        runs.first().map(|run| text(run, "run").to_owned())
    }

    /// All marks so far, in order.
    #[track_caller]
    pub(crate) fn marks(&self) -> Vec<Mark> {
        let marks = fs::read_to_string(self.env.root().join("marks")).unwrap_or_default();
        let mark = |line: &str| {
            let mut words = line.split(' ');
            let what = words.next().expect("a mark has a word").to_owned();
            Mark { what, phase: words.next().and_then(|word| word.parse().ok()).expect("a mark names its phase") }
        };
        marks.lines().map(mark).collect()
    }

    /// How often each phase began, or ended.
    #[track_caller]
    pub(crate) fn counts(&self, what: &str) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for mark in self.marks().into_iter().filter(|mark| mark.what == what) {
            *counts.entry(mark.phase).or_default() += 1;
        }
        counts
    }

    /// The phases whose agent's step has succeeded, as the journal has it.
    #[track_caller]
    pub(crate) fn finished(&self) -> BTreeSet<u64> {
        let Some(run) = self.run() else { return BTreeSet::new() };
        let shown = self.json(&["show", &run, "--json"]);
        let steps = shown["steps"].as_array().expect("a run has steps");
        let done = |step: &&Value| step["kind"] == "agent" && step["state"] == "succeeded";
        steps.iter().filter(done).filter_map(|step| step["phase"].as_u64()).collect()
    }

    /// Every living process of an attempt or its shim, oldest first.
    pub(crate) fn attempts(&self) -> Vec<ProcessEntry> {
        let carriers: BTreeSet<u32> =
            processes_with_env("COORDINATE_ATTEMPT=").into_iter().map(|process| process.pid).collect();
        let mut own = self.env.leftovers();
        own.retain(|process| carriers.contains(&process.pid) || process.command.contains(" attempt-shim "));
        own.sort_by_key(|process| process.pid);
        own
    }

    /// Kills all attempts with their shims, until there are none.
    pub(crate) fn kill_attempts(&self, youngest_first: bool) {
        loop {
            let mut found = self.attempts();
            if found.is_empty() {
                return;
            }
            if youngest_first {
                found.reverse();
            }
            found.iter().for_each(|process| kill(process.pid));
        }
    }

    /// The tree of the user's branch.
    #[track_caller]
    pub(crate) fn tree(&self) -> String {
        self.env.git(&self.root, &["rev-parse", "HEAD^{tree}"])
    }

    /// The subjects of the commits that complete phases, oldest first.
    #[track_caller]
    pub(crate) fn completions(&self, revision: &str) -> Vec<String> {
        let subjects = self.env.git(&self.root, &["log", "--reverse", "--format=%s", revision]);
        subjects.lines().filter(|subject| subject.starts_with("feat(")).map(str::to_owned).collect()
    }

    /// Nothing of the run is left but its result: no process, work tree, branch, lock or file in the checkout.
    #[track_caller]
    pub(crate) fn assert_clean(&self, topics: &str) {
        self.assert_nothing_left();
        let git = |arguments: &[&str]| self.env.git(&self.root, arguments);
        let status = git(&["status", "--porcelain", "--untracked-files=all"]);
        let own = |line: &str| line.starts_with(&format!("?? {topics}/"));
        assert!(status.lines().all(own), "the checkout is not clean:\n{status}");
        assert_eq!(git(&["for-each-ref", "--format=%(refname)", "refs/heads"]), "refs/heads/main");
    }

    /// No process, work tree or lock of the run is left.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        self.env.assert_no_leftovers();
        let git = |arguments: &[&str]| self.env.git(&self.root, arguments);
        assert_eq!(git(&["worktree", "list"]).lines().count(), 1, "{}", git(&["worktree", "list"]));
        for name in ["index.lock", "coordinate-delivery", "HEAD.lock", "config.lock"] {
            assert!(!self.root.join(".git").join(name).exists(), "`.git/{name}` is left over");
        }
        assert_eq!(files_below(&self.root.join(".git/worktrees")), [] as [PathBuf; 0]);
        assert_eq!(files_below(&self.env.root().join("state/coordinate")), [] as [PathBuf; 0]);
        for run in self.json(&["ps", "--json"]).as_array().expect("an array") {
            assert_eq!(run["driver"], Value::Null, "a lease is left over: {run}");
        }
    }
}

/// A process that drives a run; what it prints is read at once.
pub(crate) struct Driver {
    child: Child,
    lines: Receiver<String>,
    pub(crate) events: Vec<Value>,
}

/// How a driver ended.
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
}

impl Driver {
    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        let out = child.stdout.take().expect("it is a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, events: Vec::new() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads events until one fits or the program ends; says whether one did.
    #[track_caller]
    pub(crate) fn read_until(&mut self, mut fits: impl FnMut(&Value) -> bool) -> bool {
        loop {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => {
                    let event = parse(&line);
                    let found = fits(&event);
                    self.events.push(event);
                    if found {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("nothing came any more after {:#?}", self.events.last()),
            }
        }
    }

    /// Lets it run for this long; says whether it was still running then.
    #[track_caller]
    pub(crate) fn lives_for(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.events.push(parse(&line)),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Kills it and gives back what it had printed.
    pub(crate) fn kill(mut self) -> Vec<Value> {
        kill(self.child.id());
        let _signal = self.child.wait();
        // A line that the kill cut off is no event.
        self.events.extend(self.lines.iter().filter_map(|line| serde_json::from_str(&line).ok()));
        self.events
    }

    /// Waits for its end. A line that is cut off is an end of its own.
    #[track_caller]
    pub(crate) fn end(mut self) -> End {
        self.read_until(|_| false);
        self.ended()
    }

    /// Waits for its end, which may come in the middle of a line.
    #[track_caller]
    pub(crate) fn end_anyhow(mut self) -> End {
        let deadline = Instant::now() + LONG;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.events.extend(serde_json::from_str::<Value>(&line)),
                Err(RecvTimeoutError::Disconnected) => return self.ended(),
                Err(RecvTimeoutError::Timeout) => {
                    kill(self.child.id());
                    panic!("it came to no end after {:#?}", self.events.last());
                }
            }
        }
    }

    #[track_caller]
    fn ended(self) -> End {
        let output = self.child.wait_with_output().expect("a child can be waited for");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        End { code: output.status.code(), events: self.events, stderr }
    }
}

impl End {
    #[track_caller]
    pub(crate) fn assert_succeeded(&self) {
        let last = self.last();
        let outcome = (self.code, text(last, "event"), text(last, "outcome"));
        assert_eq!(outcome, (Some(0), "run_ended", "succeeded"), "{last:#}\n{}", self.stderr);
    }

    #[track_caller]
    pub(crate) fn last(&self) -> &Value {
        self.events.last().unwrap_or_else(|| panic!("it printed nothing: {:?} {}", self.code, self.stderr))
    }
}

#[track_caller]
fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}: {line}"))
}

/// A text of a JSON object.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {value:#}"))
}

/// All files below a folder; none when it is not there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
