//! `cargo xtask bench`: ours against the limit of the disk and against ninja, in one run, in pairs.
//!
//! Absolute figures do not travel: what counts are ratios of one run on one file system, and counts of syncs. The raw
//! sync is measured before and after; when it moved by more than a quarter, the run says that it is not to be used.

mod short;
mod snapshots;

use crate::shell::{TaskError, cargo, output, run, works};
use crate::workspace::Workspace;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Pairs of runs for each ratio.
const PAIRS: usize = 5;

/// How large each workload is.
struct Sizes {
    steps: usize,
    spawns: usize,
    phases: usize,
}

/// Figures that a workload printed.
type Figures = BTreeMap<String, String>;

/// Programs and folders of one run.
struct Bench {
    workload: PathBuf,
    coordinate: PathBuf,
    folder: PathBuf,
    next: u32,
}

/// Measures everything and prints a table. `--full` takes 100,000 phases instead of 10,000.
pub(crate) fn run_all(workspace: &Workspace, options: &[&str]) -> Result<(), TaskError> {
    let phases = match options {
        [] => 10_000,
        ["--full"] => 100_000,
        other => return Err(TaskError::usage(format!("bench takes `--full` only, not `{}`", other.join(" ")))),
    };
    let sizes = Sizes { steps: 1_000, spawns: 500, phases };
    run(&mut cargo(&["build", "--release", "--quiet", "-p", "coordinate-bench"]))?;
    // The program as it is handed out.
    run(&mut cargo(&["dist"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.root.join("target"), PathBuf::from);
    let release = target.join("release");
    let folder = target.join("bench");
    let mut bench =
        Bench { workload: release.join("coordinate-bench"), coordinate: release.join("coordinate"), folder, next: 0 };
    let before = bench.raw_sync(sizes.steps)?;
    println!("| row | what | min | median | max |\n|---|---|---|---|---|");
    bench.syncs(sizes.steps)?;
    bench.steps(sizes.steps)?;
    if works(Command::new("ninja").arg("--version")) {
        bench.spawns(sizes.spawns, "chain")?;
        bench.spawns(sizes.spawns, "wide")?;
        bench.null_resume(sizes.phases)?;
    } else {
        println!("| 6, 7 | not measured: ninja is not installed (Debian package `ninja-build`) | | | |");
    }
    short::rows(&mut bench)?;
    snapshots::rows(&mut bench)?;
    bench.context()?;
    let after = bench.raw_sync(sizes.steps)?;
    println!("\nraw append + sync: {before:.0} µs before, {after:.0} µs after");
    if (after - before).abs() > before / 4.0 {
        println!("the disk's own speed moved by more than a quarter meanwhile: do not use this run");
    }
    Ok(())
}

impl Bench {
    /// A new empty folder.
    fn fresh(&mut self) -> Result<PathBuf, TaskError> {
        self.next += 1;
        let folder = self.folder.join(self.next.to_string());
        let cleared = if folder.exists() { std::fs::remove_dir_all(&folder) } else { Ok(()) };
        cleared
            .and_then(|()| std::fs::create_dir_all(&folder))
            .map_err(|cause| TaskError::failed(format!("failed to make `{}`: {cause}", folder.display())))?;
        Ok(folder)
    }

    /// Runs a workload in a new folder.
    fn workload(&mut self, words: &[&str]) -> Result<(Figures, PathBuf), TaskError> {
        let folder = self.fresh()?;
        let mut command = Command::new(&self.workload);
        command.arg(words.first().copied().unwrap_or_default()).arg(&folder).args(words.iter().skip(1));
        Ok((figures(&output(&mut command)?), folder))
    }

    fn raw_sync(&mut self, count: usize) -> Result<f64, TaskError> {
        let (figures, _) = self.workload(&["append", &count.to_string()])?;
        number(&figures, "p50_us")
    }

    /// Row 1: syncs of a run of steps, one after another, less those of a run of one step.
    fn syncs(&mut self, count: usize) -> Result<(), TaskError> {
        if !works(Command::new("strace").arg("--version")) {
            println!("| 1 | not measured: strace is not installed | | | |");
            return Ok(());
        }
        let many = self.count_syncs(count)?;
        let one = self.count_syncs(1)?;
        let each = (many - one) / (count as f64 - 1.0);
        println!("| 1 | syncs per durable step, {count} one after another | | {each:.3} | |");
        Ok(())
    }

    fn count_syncs(&mut self, count: usize) -> Result<f64, TaskError> {
        let folder = self.fresh()?;
        let report = folder.join("strace.txt");
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o"]).arg(&report);
        command.arg(&self.workload).arg("steps").arg(&folder).arg(count.to_string());
        output(&mut command)?;
        let text = std::fs::read_to_string(&report).unwrap_or_default();
        Ok(text.lines().filter(|line| line.contains("sync(") && !line.contains("resumed")).count() as f64)
    }

    /// Rows 2 and 3: durable steps against the raw append and sync.
    fn steps(&mut self, count: usize) -> Result<(), TaskError> {
        let (mut rates, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let (ours, _) = self.workload(&["steps", &count.to_string()])?;
            let (raw, _) = self.workload(&["append", &count.to_string()])?;
            rates.push(count as f64 / number(&ours, "seconds")?);
            ratios.push(number(&ours, "p50_us")? / number(&raw, "p50_us")?);
        }
        row("2", &format!("durable steps a second, 1 × {count}"), rates, 0);
        row("3", "p50 of a durable step ÷ raw append + sync", ratios, 2);
        Ok(())
    }

    /// Row 6: a journaled step that starts a program which does nothing, against ninja.
    fn spawns(&mut self, count: usize, shape: &str) -> Result<(), TaskError> {
        let build = ninja_file(count, shape == "chain", "true");
        let mut ratios = Vec::new();
        for _ in 0..PAIRS {
            let (ours, _) = self.workload(&["spawn", &count.to_string(), shape])?;
            let folder = self.ninja_folder(&build)?;
            let theirs = timed(&mut ninja(&folder))?;
            ratios.push(number(&ours, "seconds")? / theirs);
        }
        row("6", &format!("step that spawns, journaled ÷ ninja -j2, {shape}, {count}"), ratios, 2);
        Ok(())
    }

    /// Row 7: resuming a run that has ended, against a build with nothing to do.
    fn null_resume(&mut self, count: usize) -> Result<(), TaskError> {
        let (figures, project) = self.workload(&["phases", &count.to_string()])?;
        let run = figures.get("run").cloned().unwrap_or_default();
        let folder = self.ninja_folder(&ninja_file(count, false, "touch $out"))?;
        output(&mut ninja(&folder))?;
        let (mut ours, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let mut resume = Command::new(&self.coordinate);
            resume.arg("--project").arg(&project).args(["resume", &run]);
            let took = timed(&mut resume)?;
            ratios.push(took / timed(&mut ninja(&folder))?);
            ours.push(took * 1000.0);
        }
        row("7", &format!("null resume of {count} finished phases, ms"), ours, 1);
        row("7", "null resume ÷ ninja's null build", ratios, 3);
        Ok(())
    }

    /// Row 18: what a planner is handed of realistic reports.
    fn context(&mut self) -> Result<(), TaskError> {
        for count in [4, 8, 12] {
            let (figures, _) = self.workload(&["context", &count.to_string()])?;
            let (produced, handed) = (number(&figures, "produced")?, number(&figures, "handed")?);
            let what = format!("context handed to the planner ÷ {count} reports ({handed:.0} of {produced:.0} tokens)");
            row("18", &what, vec![handed / produced], 3);
        }
        Ok(())
    }

    fn ninja_folder(&mut self, build: &str) -> Result<PathBuf, TaskError> {
        let folder = self.fresh()?;
        std::fs::write(folder.join("build.ninja"), build)
            .map_err(|cause| TaskError::failed(format!("failed to write build.ninja: {cause}")))?;
        Ok(folder)
    }
}

fn ninja(folder: &Path) -> Command {
    let mut command = Command::new("ninja");
    command.current_dir(folder).args(["-j2", "--quiet"]);
    command
}

fn ninja_file(count: usize, chain: bool, command: &str) -> String {
    let mut text = format!("rule r\n  command = {command}\n");
    for at in 0..count {
        let after = if chain && at > 0 { format!(" o{}", at - 1) } else { String::new() };
        text.push_str(&format!("build o{at}: r{after}\n"));
    }
    text
}

/// Seconds of a whole process.
fn timed(command: &mut Command) -> Result<f64, TaskError> {
    let began = Instant::now();
    output(command)?;
    Ok(began.elapsed().as_secs_f64())
}

fn figures(text: &str) -> Figures {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn number(figures: &Figures, name: &str) -> Result<f64, TaskError> {
    let value = figures.get(name).and_then(|value| value.parse().ok());
    value.ok_or_else(|| TaskError::failed(format!("the workload printed no `{name}`")))
}

fn row(number: &str, what: &str, mut values: Vec<f64>, digits: usize) {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    let (least, middle, most) = (at(0), at(values.len() / 2), at(values.len().saturating_sub(1)));
    println!("| {number} | {what} | {least:.digits$} | {middle:.digits$} | {most:.digits$} |");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_makes_each_target_need_the_one_before() {
        assert_eq!(ninja_file(2, true, "true"), "rule r\n  command = true\nbuild o0: r\nbuild o1: r o0\n");
        assert_eq!(ninja_file(2, false, "true"), "rule r\n  command = true\nbuild o0: r\nbuild o1: r\n");
    }

    #[test]
    fn figures_are_read_by_name() {
        let figures = figures("run run_x\nseconds 0.5\nnoise\n");
        assert!((number(&figures, "seconds").unwrap() - 0.5).abs() < f64::EPSILON);
        assert!(number(&figures, "p50_us").is_err());
    }
}
