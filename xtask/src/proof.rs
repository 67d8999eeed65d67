//! The proof that nothing is lost: the sweep of kills, the simulation, the fuzzer, and the page of what they found.
//!
//! The tests do the work. A task says how much of it, and with `--write` puts the counts into `docs/proof.json`, of which
//! `docs/proof.md` is made.

mod page;

use crate::shell::{TaskError, cargo, output, run};
use crate::workspace::Workspace;
pub(crate) use page::page;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::Command;

/// Where the counts are kept, in the repository.
const COUNTS: &str = "docs/proof.json";

/// What a task takes: names with a value, and `--write`.
struct Options {
    values: Vec<(String, String)>,
    write: bool,
}

impl Options {
    fn parse(task: &str, known: &[&str], words: &[&str]) -> Result<Self, TaskError> {
        let mut options = Self { values: Vec::new(), write: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match (*word, known.contains(word)) {
                ("--write", _) => options.write = true,
                (name, true) => {
                    let value = words.next().ok_or_else(|| TaskError::usage(format!("`{name}` wants a value")))?;
                    options.values.push((name.to_owned(), (*value).to_owned()));
                }
                (other, false) => {
                    let names = known.join("`, `");
                    return Err(TaskError::usage(format!("`{task}` knows no `{other}`, only `{names}` and `--write`")));
                }
            }
        }
        Ok(options)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Result<Option<u64>, TaskError> {
        let read = |text: &str| text.parse().map_err(|_| TaskError::usage(format!("`{name} {text}` is no number")));
        self.get(name).map(read).transpose()
    }
}

/// `cargo xtask crash-sweep`: a kill at every point of every scenario, or at some of them.
pub(crate) fn crash_sweep(workspace: &Workspace, words: &[&str]) -> Result<(), TaskError> {
    let options = Options::parse("crash-sweep", &["--scenario", "--stride", "--jobs"], words)?;
    let stride = options.number("--stride")?.unwrap_or(1);
    let counts = folder(workspace)?.join("sweep.json");
    let mut command = test("coordinate-cli", &["--test", "proof"], "points::a_kill_at_any_point");
    command.env("COORDINATE_SWEEP", stride.to_string()).env("COORDINATE_SWEEP_TO", &counts);
    command.env("COORDINATE_SWEEP_SCENARIO", options.get("--scenario").unwrap_or_default());
    if let Some(jobs) = options.number("--jobs")? {
        command.env("COORDINATE_SWEEP_JOBS", jobs.to_string());
    }
    run(&mut command)?;
    if !options.write {
        return Ok(());
    }
    let found = read(&counts)?;
    let rows = found["rows"].as_array().cloned().unwrap_or_default();
    let made = made(workspace)?;
    write(workspace, |all| {
        let scenarios = entry(all, "sweep");
        for row in &rows {
            let Some(name) = row["scenario"].as_str() else { continue };
            let of_now = json!({"made": made, "stride": stride, "kinds": {}});
            let known = scenarios.entry(name).or_insert_with(|| of_now.clone());
            if known["made"] != made {
                *known = of_now;
            }
            let kind = row["kind"].as_str().unwrap_or_default();
            known["kinds"][kind] = json!([row["points"], row["kills"], row["lost"], row["repeated"]]);
        }
    })
}

/// `cargo xtask simulate`: the real driver in worlds of many seeds.
pub(crate) fn simulate(workspace: &Workspace, words: &[&str]) -> Result<(), TaskError> {
    let options = Options::parse("simulate", &["--seeds", "--seed"], words)?;
    let seeds = options.number("--seeds")?.unwrap_or(10_000);
    let counts = folder(workspace)?.join("simulation.json");
    let mut command = test("coordinate-engine", &["--test", "driver"], "simulation::seeds_of_worlds");
    command.env("COORDINATE_SIMULATE_SEEDS", seeds.to_string()).env("COORDINATE_SIMULATE_TO", &counts);
    if let Some(seed) = options.number("--seed")? {
        return run(command.env("COORDINATE_SIMULATE_SEED", seed.to_string()));
    }
    run(&mut command)?;
    if !options.write {
        return Ok(());
    }
    let (found, made) = (read(&counts)?, made(workspace)?);
    write(workspace, |all| {
        all.insert("simulation".to_owned(), json!({"made": made, "seeds": found["seeds"], "turns": found["turns"]}));
    })
}

/// The tests of each target of the fuzzer, by package.
const TARGETS: [(&str, &[&str]); 3] = [
    ("coordinate-model", &["--test", "fuzz"]),
    ("coordinate-agents", &["--test", "fuzz"]),
    ("coordinate-cli", &["--bin", "coordinate"]),
];

/// `cargo xtask fuzz`: random changes of real texts into everything that reads what others wrote.
pub(crate) fn fuzz(workspace: &Workspace, words: &[&str]) -> Result<(), TaskError> {
    let options = Options::parse("fuzz", &["--seconds", "--seed", "--target"], words)?;
    let counts = folder(workspace)?.join("fuzz");
    let _none = std::fs::remove_dir_all(&counts);
    std::fs::create_dir_all(&counts).map_err(|cause| TaskError::failed(cause.to_string()))?;
    let filter = format!("fuzz_{}", options.get("--target").unwrap_or_default());
    for (package, which) in TARGETS {
        let mut command = test(package, which, &filter);
        command.env("COORDINATE_FUZZ_TO", &counts);
        for (option, variable) in [("--seconds", "COORDINATE_FUZZ_SECONDS"), ("--seed", "COORDINATE_FUZZ_SEED")] {
            if let Some(number) = options.number(option)? {
                command.env(variable, number.to_string());
            }
        }
        run(&mut command)?;
    }
    if !options.write {
        return Ok(());
    }
    let (tried, made) = (tried(&counts), made(workspace)?);
    write(workspace, |all| {
        all.insert("fuzz".to_owned(), json!({"made": made, "targets": tried}));
    })
}

/// Each target that left its counts, with them.
fn tried(folder: &std::path::Path) -> Value {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut all = Map::new();
    for path in entries {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        all.insert(name, json!(numbers));
    }
    Value::Object(all)
}

/// One test by the beginning of its name, with its output, and without the runner's limits of time.
fn test(package: &str, which: &[&str], name: &str) -> Command {
    let mut command = cargo(&["test", "--quiet", "-p", package]);
    command.args(which).args([name, "--", "--nocapture"]);
    command
}

fn folder(workspace: &Workspace) -> Result<PathBuf, TaskError> {
    let folder = workspace.target.join("proof");
    std::fs::create_dir_all(&folder).map_err(|cause| TaskError::failed(cause.to_string()))?;
    Ok(folder)
}

fn read(path: &std::path::Path) -> Result<Value, TaskError> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).map_err(|cause| TaskError::failed(format!("`{}`: {cause}", path.display())))
}

/// When this was found, and of which commit.
fn made(workspace: &Workspace) -> Result<Value, TaskError> {
    let git = |arguments: &[&str]| output(Command::new("git").args(arguments).current_dir(&workspace.root));
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let day = output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    Ok(json!({"commit": commit.trim(), "day": day.trim()}))
}

/// The counts of the repository; empty where there are none yet.
fn counts(workspace: &Workspace) -> Map<String, Value> {
    let text = workspace.read(COUNTS).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn entry<'a>(all: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let value = all.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            unreachable!("made above")
        }
    }
}

/// Changes the counts, and makes the page anew.
fn write(workspace: &Workspace, change: impl FnOnce(&mut Map<String, Value>)) -> Result<(), TaskError> {
    let mut all = counts(workspace);
    change(&mut all);
    let text = serde_json::to_string_pretty(&all).map_err(|cause| TaskError::failed(cause.to_string()))?;
    let put = |path: &str, text: String| {
        let written = std::fs::write(workspace.root.join(path), text);
        written.map_err(|cause| TaskError::failed(format!("failed to write `{path}`: {cause}")))
    };
    put(COUNTS, format!("{text}\n"))?;
    put("docs/proof.md", page(workspace)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_values_and_unknown_ones_are_refused() {
        let options = Options::parse("simulate", &["--seeds", "--seed"], &["--seeds", "70", "--write"]).expect("valid");
        assert_eq!((options.number("--seeds").expect("a number"), options.write), (Some(70), true));
        assert_eq!(options.number("--seed").expect("not there"), None);
        for bad in [vec!["--seeds"], vec!["--fast"]] {
            assert!(Options::parse("simulate", &["--seeds"], &bad).is_err(), "{bad:?}");
        }
        let options = Options::parse("simulate", &["--seeds"], &["--seeds", "many"]).expect("read later");
        assert!(options.number("--seeds").is_err());
    }
}
