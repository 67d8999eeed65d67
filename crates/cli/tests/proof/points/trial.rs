//! One scenario once: undisturbed, or with something that happens at one point, and on to its end.

use super::scenario::{Ending, Scenario};
use crate::support::{Driver, End, Project, files_below, text};
use coordinate_testkit::points::{Deed, Point, Points, Who};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What happens, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) at: u64,
    pub(super) deed: Deed,
    pub(super) who: Who,
    /// What the run has started dies too.
    pub(super) everything: bool,
}

/// What an undisturbed run gives.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) points: Vec<Point>,
    pub(super) kinds: BTreeSet<String>,
    essence: String,
}

/// What came of a disturbed one.
#[derive(Debug, Default)]
pub(super) struct Survived {
    /// The point at which it happened; `None` if the run never came there.
    pub(super) kind: Option<String>,
    pub(super) lost: Vec<String>,
    pub(super) repeated: Vec<String>,
}

impl Survived {
    pub(super) fn faults(&self) -> impl Iterator<Item = &String> {
        self.lost.iter().chain(&self.repeated)
    }
}

/// How often a driver is started again before that counts as never ending.
const MOST_DRIVERS: usize = 12;

/// The undisturbed run of a scenario with the points of one kind of process, made once.
pub(super) fn reference(scenario: &Scenario, who: Who) -> Arc<Reference> {
    static KNOWN: Mutex<BTreeMap<(&'static str, Who), Arc<Reference>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("no set-up failed");
    let made = known.entry((scenario.name, who)).or_insert_with(|| {
        let mut trial = Trial::new(scenario, who, None);
        trial.go();
        trial.watch(false);
        let kinds = trial.kinds();
        Arc::new(Reference { points: trial.points.list(), kinds, essence: trial.essence() })
    });
    Arc::clone(made)
}

/// A run that something happens to. What it breaks is in the result; nothing here panics for it.
pub(super) fn survive(scenario: &Scenario, reference: &Reference, fault: Fault) -> Survived {
    let mut survived = Survived::default();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let mut trial = Trial::new(scenario, fault.who, Some(fault));
        trial.go();
        trial.watch(false);
        let point = trial.points.find(fault.at);
        point.iter().for_each(|point| println!("{}: {fault:?} at a {} of `{}`", scenario.name, point.kind, point.what));
        survived.kind = point.map(|point| point.kind);
        let (expected, found) = (trial.compared(&reference.essence), trial.compared(&trial.essence()));
        if found != expected {
            survived.lost.push(difference(&expected, &found));
        }
        survived.repeated = trial.repeated();
    }));
    if let Err(panic) = caught {
        let message = panic.downcast_ref::<String>().cloned();
        survived.lost.push(message.unwrap_or_else(|| "it panicked".to_owned()));
        survived.kind.get_or_insert_with(|| "unknown".to_owned());
    }
    survived
}

struct Trial<'a> {
    scenario: &'a Scenario,
    project: Project,
    points: Points,
    who: Who,
    fault: Option<Fault>,
    /// Something happened before there was a run: the next one is another, and numbers of files are never given twice.
    unborn: bool,
    /// The same for a fork.
    renumbered: bool,
    /// Steps of agents that had succeeded when something happened, with how often each had begun by then.
    finished: BTreeMap<String, usize>,
}

impl<'a> Trial<'a> {
    fn new(scenario: &'a Scenario, who: Who, fault: Option<Fault>) -> Self {
        let project = (scenario.project)();
        let points = Points::new(project.env.root());
        let mut trial =
            Self { scenario, project, points, who, fault, unborn: false, renumbered: false, finished: BTreeMap::new() };
        trial.watch(true);
        trial
    }

    /// Whether what is started from now on counts its points, and has something happen to it.
    fn watch(&mut self, on: bool) {
        let deed = self.fault.map(|fault| (fault.at, fault.deed));
        self.project.variables = if on { self.points.variables(self.who, deed) } else { Vec::new() };
    }

    /// Drives the run, with what people do between, to its end.
    fn go(&mut self) {
        for _ in 0..MOST_DRIVERS {
            let end = self.drive();
            // The last line of a run that stands still says so, in the form of an end.
            let ends = |event: &Value| {
                let outcomes = ["succeeded", "failed", "cancelled"];
                event["event"] == "run_ended" && outcomes.iter().any(|outcome| event["outcome"] == *outcome)
            };
            let told = end.events.iter().any(ends);
            match end.code {
                Some(_) if told => {
                    self.go_back_in();
                    if self.open_run().is_none() {
                        return;
                    }
                }
                Some(3..=5) => self.answer(&end),
                // A death, or a disk that failed: nothing more happens after that.
                _ => self.happened(&end),
            }
        }
        panic!("`{}` came to no end with {:?}", self.scenario.name, self.fault);
    }

    /// A driver of the run that is open, else of the one that has ended, or of a new one where the last was killed before
    /// it had made it.
    fn drive(&self) -> End {
        let driver = match self.open_run().or_else(|| self.tops().pop().map(|run| text(&run, "run").to_owned())) {
            Some(run) => Driver::spawn(&mut self.project.command(&["resume", &run, "--yes", "--json"])),
            None => self.project.start(&[]),
        };
        driver.end_anyhow()
    }

    /// The runs that nobody is above, newest first. What fails may be the look for them, so that is not watched.
    fn tops(&self) -> Vec<Value> {
        let runs = self.project.json_quietly(&["ps", "--json"]);
        let runs = runs.as_array().expect("`ps` prints an array");
        runs.iter().filter(|run| run["parent"].is_null()).cloned().collect()
    }

    /// The oldest of them that has not ended.
    fn open_run(&self) -> Option<String> {
        let open = |run: &&Value| run["outcome"].is_null();
        self.tops().iter().rev().find(open).map(|run| text(run, "run").to_owned())
    }

    fn happened(&mut self, end: &End) {
        let Some(fault) = self.fault else { panic!("it ended by itself: {:?} {}", end.code, end.stderr) };
        let dies = fault.deed.kills() && fault.who == Who::Driver;
        assert!(dies == end.code.is_none(), "{fault:?}: {:?} {}", end.code, end.stderr);
        // A program that a disk or a git stops says so, and what to do; it does not panic.
        let told = dies || end.stderr.lines().any(|line| line.starts_with("error: "));
        assert!(told && !end.stderr.contains("panicked"), "{fault:?}: {:?} {}", end.code, end.stderr);
        self.watch(false);
        self.unborn = self.tops().is_empty();
        if fault.everything {
            self.project.kill_attempts(fault.at % 2 == 0);
        }
        self.remove_named_locks(&end.stderr);
        self.note_finished();
    }

    /// What a git that was killed leaves locked in the user's repository is for people to remove, where they are told to.
    fn remove_named_locks(&self, said: &str) {
        for path in said.split(['`', '\'']).filter(|word| word.ends_with(".lock")) {
            assert!(said.contains("delete the file"), "nobody says what to do: {said}");
            let _gone = fs::remove_file(path);
        }
    }

    /// The run stands still: people do what the scenario says.
    fn answer(&mut self, end: &End) {
        let words = (self.scenario.people)(&self.project, end.code.unwrap_or(0));
        assert!(!words.is_empty(), "it stands still: {:?} {}", end.code, end.stderr);
        for command in words {
            let line: Vec<&str> = command.iter().map(String::as_str).collect();
            let outcome = self.project.call(&line);
            // A command may be what was killed: then somebody types it again.
            if outcome.code.is_none() {
                self.watch(false);
                let again = self.project.call(&line);
                assert!(again.code.is_some(), "{line:?}: {again:#?}");
            }
        }
    }

    /// A run has ended: people look at what is there, and do what they miss of it.
    fn go_back_in(&mut self) {
        for _ in 0..MOST_DRIVERS {
            let Some(command) = (self.scenario.later)(&self.project) else { return };
            let line: Vec<&str> = command.iter().map(String::as_str).collect();
            let outcome = self.project.call(&line);
            if outcome.code.is_none() {
                self.watch(false);
                self.renumbered = true;
                self.note_finished();
            }
            assert!(matches!(outcome.code, Some(0) | None), "{line:?}: {outcome:#?}");
        }
        panic!("people of `{}` come to no end with {:?}", self.scenario.name, self.fault);
    }

    fn note_finished(&mut self) {
        let begun = self.begun();
        for step in self.succeeded() {
            self.finished.insert(step.clone(), begun.get(&step).copied().unwrap_or(0));
        }
    }

    fn repeated(&self) -> Vec<String> {
        let begun = self.begun();
        let more = |(step, before): (&String, &usize)| {
            let now = begun.get(step).copied().unwrap_or(0);
            (now != *before)
                .then(|| format!("`{step}` had begun {before} times when it was done, and then {now} times"))
        };
        self.finished.iter().filter_map(more).chain(self.begun_when_done()).collect()
    }

    /// Steps of agents that the journal lets begin after they had succeeded.
    fn begun_when_done(&self) -> Vec<String> {
        let mut found = Vec::new();
        for run in self.runs() {
            let mut done = BTreeSet::new();
            for event in self.events(text(&run, "run")) {
                let Some(step) = event["step"].as_str().filter(|step| step.ends_with("/agent")) else { continue };
                if event["event"] == "step_succeeded" {
                    done.insert(step.to_owned());
                } else if event["event"] == "attempt_leased" && done.contains(step) {
                    found.push(format!("`{step}` was done, and was leased again"));
                }
            }
        }
        found
    }

    /// How often each step of an agent has begun: the agents count it themselves.
    fn begun(&self) -> BTreeMap<String, usize> {
        let marks = fs::read_to_string(self.project.env.root().join("marks")).unwrap_or_default();
        let mut counts = BTreeMap::new();
        for step in marks.lines().filter_map(|line| line.strip_prefix("START ")) {
            *counts.entry(step.to_owned()).or_default() += 1;
        }
        counts
    }

    fn runs(&self) -> Vec<Value> {
        let runs = self.project.json(&["ps", "--json"]);
        let ids = runs.as_array().expect("`ps` prints an array").iter().map(|run| text(run, "run").to_owned());
        ids.map(|run| self.project.json(&["show", &run, "--json"])).collect()
    }

    fn succeeded(&self) -> Vec<String> {
        let mut found = Vec::new();
        for run in self.runs() {
            let steps = run["steps"].as_array().expect("a run has steps");
            let done = steps.iter().filter(|step| step["kind"] == "agent" && step["state"] == "succeeded");
            found.extend(done.map(|step| format!("{}/{}", text(&run, "run"), text(step, "id"))));
        }
        found
    }

    /// What must be the same whatever happened: how each run ended, its steps, the delivered tree, what lies beside it.
    fn essence(&self) -> String {
        let runs = self.runs();
        let mut lines: Vec<String> = runs.iter().map(essence).collect();
        lines.sort();
        let root = &self.project.root;
        let ids: Vec<&str> = runs.iter().map(|run| text(run, "run")).collect();
        let nameless = |said: String| ids.iter().fold(said, |said, id| said.replace(id, "RUN"));
        let git = |arguments: &[&str]| nameless(self.project.env.git(root, arguments));
        lines.push(git(&["for-each-ref", "--format=%(refname)", "refs/heads"]));
        lines.push(git(&["ls-tree", "-r", "HEAD"]));
        // A kill between writing a file and giving it its name leaves its temporary one: untidy, and nothing lost.
        let status = git(&["status", "--porcelain", "--untracked-files=all"]);
        lines.extend(status.lines().filter(|line| !line.ends_with(".tmp")).map(str::to_owned));
        // Phases that are at work at once are merged in the order in which they are done.
        let mut subjects: Vec<String> = git(&["log", "--format=%s", "HEAD"]).lines().map(str::to_owned).collect();
        subjects.sort();
        lines.append(&mut subjects);
        lines.extend(brought(&self.project));
        let told = || ids.iter().map(|run| self.project.call(&["logs", run]).stdout).collect::<String>();
        assert_eq!(ending(&runs), self.scenario.ending, "{lines:#?}\n{}", told());
        self.assert_whole();
        lines.join("\n")
    }

    /// What of an essence is to be the same: the names of files are not where the numbers of a killed beginning are gone.
    fn compared(&self, essence: &str) -> String {
        let is_new = |line: &&str| (self.unborn || self.renumbered) && line.starts_with("?? ");
        let is_file = |line: &&str| self.unborn && line.contains(" blob ");
        let lines = essence.lines().filter(|line| !is_new(line) && !is_file(line));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// No process, tree or lock of the run is left, and git finds nothing missing.
    fn assert_whole(&self) {
        self.project.assert_nothing_left();
        let outcome =
            self.project.env.run("git", &self.project.root, &["fsck", "--connectivity-only", "--no-dangling"]);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    }

    /// The kinds of all events in all journals.
    fn kinds(&self) -> BTreeSet<String> {
        let mut kinds = BTreeSet::new();
        for run in self.runs() {
            let events = self.events(text(&run, "run")).into_iter();
            kinds.extend(events.filter_map(|event| event["event"].as_str().map(str::to_owned)));
        }
        kinds
    }

    fn events(&self, run: &str) -> Vec<Value> {
        let logs = self.project.call(&["logs", run, "--json"]);
        logs.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// How the run that nobody is above has ended.
fn ending(runs: &[Value]) -> Ending {
    let run = runs.iter().find(|run| run["parent"].is_null()).expect("there is a run");
    match text(run, "outcome") {
        "succeeded" => Ending::Succeeded,
        "cancelled" => Ending::Cancelled,
        _ => Ending::Failed,
    }
}

fn essence(run: &Value) -> String {
    let steps = run["steps"].as_array().expect("a run has steps");
    let step = |step: &Value| format!("{}={}", text(step, "id"), text(step, "state"));
    let mut steps: Vec<String> = steps.iter().map(step).collect();
    steps.sort();
    format!("{} {} {} {}", run["outcome"], run["completed_states"], run["delivery"], steps.join(" "))
}

/// What was brought back beside the project, file by file.
fn brought(project: &Project) -> Vec<String> {
    let folder = project.env.root().join("brought");
    let mut files = files_below(&folder);
    files.sort();
    let named = |file: &PathBuf| file.strip_prefix(&folder).expect("it lies there").display().to_string();
    files.iter().map(|file| format!("{}: {:?}", named(file), fs::read_to_string(file))).collect()
}

/// The lines that only one of two texts has.
fn difference(expected: &str, found: &str) -> String {
    let only = |of: &str, other: &str, sign: char| {
        let other: BTreeSet<&str> = other.lines().collect();
        of.lines().filter(|line| !other.contains(line)).map(|line| format!("\n{sign} {line}")).collect::<String>()
    };
    format!("it ended otherwise:{}{}", only(expected, found, '-'), only(found, expected, '+'))
}
