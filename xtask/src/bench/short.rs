//! Rows 10 and 11: commands that a shell block calls, as whole processes, against git's and jq's.

use super::{Bench, PAIRS, row};
use crate::shell::{TaskError, output, works};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::time::Instant;

/// Calls in a row of which one figure is made: a single one is too short to be timed.
const CALLS: usize = 40;

/// Processes at once, and how often.
const AT_ONCE: usize = 16;
const ROUNDS: usize = 40;

const REQUEST: &str = "research the auth module and the error handling and plan a refactor";

/// Both rows, in a repository with shell state.
pub(super) fn rows(bench: &mut Bench) -> Result<(), TaskError> {
    let project = bench.fresh()?;
    let git = |words: &[&str]| output(Command::new("git").current_dir(&project).args(words)).map(drop);
    git(&["init", "--quiet"])?;
    git(&["config", "bench.value", "some value"])?;
    let program = bench.coordinate.clone();
    let ours = |words: &[&str]| command(&program, &project, words);
    output(&mut ours(&["state", "init", "bench"]))?;
    output(&mut ours(&["state", "set", "VALUE", "some value"]))?;
    let reads: [(&str, &[&str]); 3] =
        [("state get", &["state", "get", "VALUE"]), ("paths", &["paths", REQUEST]), ("scope", &["scope", REQUEST])];
    let theirs = || {
        let mut command = Command::new("git");
        command.current_dir(&project).args(["config", "--get", "bench.value"]);
        command
    };
    for (name, words) in reads {
        let mut ratios = Vec::new();
        for _ in 0..PAIRS {
            ratios.push(in_a_row(|| ours(words))? / in_a_row(theirs)?);
        }
        row("10", &format!("`{name}` ÷ `git config --get`, whole processes"), ratios, 2);
    }
    let (middle, late) = at_once(&|| ours(&["state", "get", "VALUE"]))?;
    row("10", &format!("`state get`, {AT_ONCE} at once: p99 ÷ p50"), vec![late / middle], 1);
    checkpoints(&project, &ours)
}

/// Row 11: a durable checkpoint, against a temporary file through jq and a rename, without a sync and with one.
fn checkpoints(project: &Path, ours: &dyn Fn(&[&str]) -> Command) -> Result<(), TaskError> {
    if !works(Command::new("jq").arg("--version")) {
        println!("| 11 | not measured: jq is not installed (Debian package `jq`) | | | |");
        return Ok(());
    }
    let value = "{\"phase\":3,\"done\":[1,2],\"note\":\"some text\"}";
    let save = || ours(&["state", "checkpoint", "save", "bench", value]);
    let shell = |sync: &str| {
        let mut command = Command::new("sh");
        let script = format!("printf %s \"$1\" | jq . > c.tmp && {sync}mv c.tmp c.json");
        command.current_dir(project).args(["-c", &script, "sh", value]);
        command
    };
    for (name, sync) in [("without a sync", ""), ("with a sync", "sync c.tmp && ")] {
        let mut ratios = Vec::new();
        for _ in 0..PAIRS {
            ratios.push(in_a_row(save)? / in_a_row(|| shell(sync))?);
        }
        row("11", &format!("`checkpoint save` ÷ jq and rename, {name}"), ratios, 3);
    }
    Ok(())
}

fn command(program: &PathBuf, project: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project).args(words).env("COORDINATE_RUN", "bench");
    command
}

/// Seconds of calls one after another.
fn in_a_row(make: impl Fn() -> Command) -> Result<f64, TaskError> {
    let began = Instant::now();
    for _ in 0..CALLS {
        output(&mut make())?;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// The median and the 99th percentile of calls that begin together.
fn at_once(make: &(dyn Fn() -> Command + Sync)) -> Result<(f64, f64), TaskError> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let barrier = Barrier::new(AT_ONCE);
        let one = || {
            let mut command = make();
            barrier.wait();
            let began = Instant::now();
            output(&mut command).map(|_| began.elapsed().as_secs_f64())
        };
        let round: Vec<_> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(one)).collect();
            started.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for time in round {
            times.push(time.map_err(|_| TaskError::failed("a call could not be timed"))??);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    Ok((at(0.5), at(0.99)))
}
