//! What the history shows of the files that phases are going to change.

use super::files::files;
use crate::ids::PhaseNumber;
use crate::plan::{Phase, Plan};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many of the newest commits are looked at.
pub const COMMITS: usize = 300;

/// How many of the newest commits of a file tell what changes with it.
const LAST: usize = 10;

/// Fewer commits of a file tell nothing.
const FEWEST: usize = 2;

/// A commit with more files was no work on one thing: an import, a new format.
const WIDEST: usize = 50;

/// The most files that are learned of one phase.
const MOST: usize = 64;

/// One commit of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The first line of its message.
    pub subject: String,
    /// The paths that it changed.
    pub paths: Vec<String>,
}

/// What the history shows of one phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// The phase.
    pub phase: PhaseNumber,
    /// Paths that it does not name itself, sorted.
    pub paths: Vec<String>,
}

/// What the newest commits (newest first) show of each phase: files that changed together with one that it names in at
/// least half of that one's last commits; and what a phase of the same name has changed in an earlier run.
#[must_use]
pub fn learn(plan: &Plan, history: &[Past]) -> Vec<Learned> {
    let narrow: Vec<&Past> = history.iter().take(COMMITS).filter(|past| past.paths.len() <= WIDEST).collect();
    let mut of_path: BTreeMap<&str, Vec<&Past>> = BTreeMap::new();
    for past in &narrow {
        for path in &past.paths {
            let known = of_path.entry(path).or_default();
            if known.len() < LAST {
                known.push(past);
            }
        }
    }
    plan.phases.iter().filter_map(|phase| of_phase(plan, phase, &of_path, &narrow)).collect()
}

fn of_phase(plan: &Plan, phase: &Phase, of_path: &BTreeMap<&str, Vec<&Past>>, history: &[&Past]) -> Option<Learned> {
    if phase.files_none {
        return None;
    }
    let named = files(plan, phase);
    let beside = named.keys().flat_map(|path| companions(path, of_path.get(path.as_str())));
    let before = history.iter().filter(|past| completes(&past.subject, phase)).flat_map(|past| &past.paths);
    let found: BTreeSet<&String> = beside.chain(before).collect();
    let new = |path: &&String| !named.contains_key(*path) && !plan.files.contains(path);
    let paths: Vec<String> = found.into_iter().filter(new).take(MOST).cloned().collect();
    (!paths.is_empty()).then_some(Learned { phase: phase.number, paths })
}

/// What changed with a path in at least half of its last commits.
fn companions<'h>(path: &str, commits: Option<&Vec<&'h Past>>) -> Vec<&'h String> {
    let Some(commits) = commits.filter(|commits| commits.len() >= FEWEST) else { return Vec::new() };
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    for other in commits.iter().flat_map(|past| &past.paths).filter(|other| *other != path) {
        *times.entry(other).or_default() += 1;
    }
    times
        .into_iter()
        .filter(|(_, times)| *times >= FEWEST && times * 2 >= commits.len())
        .map(|(path, _)| path)
        .collect()
}

/// Whether a commit's subject says that it completes a phase of this name, as those of a run's merges do.
fn completes(subject: &str, phase: &Phase) -> bool {
    let told = subject.split_once(": complete phase ").and_then(|(_, told)| told.split_once(" - "));
    told.is_some_and(|(_, name)| !name.is_empty() && name == phase.name)
}
