//! Carries a survey out on a work tree: one pass over the files, one look at the history.

use super::survey::{Closer, Measure, Ranked, Terms, look, measure, rank};
use super::tree::{self, Commit, Read};
use coordinate_model::topic;
use std::path::Path;

/// How many commits are told.
const COMMITS: usize = 8;

/// How many files a commit touches at most that may be about a few of them.
const SWEEPING: usize = 40;

/// What a survey found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) terms: Terms,
    /// All files that hold any term, the best first.
    pub(super) files: Vec<Ranked>,
    /// What each term is worth.
    pub(super) worth: Vec<f32>,
    pub(super) read: Read,
    /// Whether git said which files belong to the tree.
    pub(super) by_git: bool,
    /// The commits that bear on it, the most telling first.
    pub(super) commits: Vec<Commit>,
    /// How many commits were looked at.
    pub(super) looked_at: usize,
}

/// Searches a tree; `artifact` is where what comes of it will lie.
pub(super) fn search(tree: &Path, artifact: &Path, terms: Terms) -> Found {
    let specs = specs_below(tree, artifact);
    let files = tree::files(tree, |path| specs.as_deref().is_some_and(|specs| in_topic(path, specs)));
    let mut measures: Vec<Measure> = Vec::new();
    let read = tree::each(tree, &files.paths, |path, text| measures.push(measure(path, text, &terms)));
    let (files_found, worth) = rank(&measures, &terms);
    let history = if terms.is_empty() { Vec::new() } else { tree::history(tree) };
    let looked_at = history.len();
    let commits = bearing(history, &files_found, &terms, &worth);
    Found { terms, files: files_found, worth, read, by_git: files.by_git, commits, looked_at }
}

impl Found {
    /// A closer look at one file.
    pub(super) fn look(&self, tree: &Path, path: &str) -> Closer {
        let text = tree::one(tree, path).unwrap_or_default();
        look(path, &text, &self.terms, &self.worth)
    }
}

/// The folder of all topics, relative to the tree: reports repeat the words of every question.
fn specs_below(tree: &Path, artifact: &Path) -> Option<String> {
    let specs = artifact.ancestors().nth(3)?;
    if specs == tree { Some(String::new()) } else { tree::relative(tree, specs) }
}

/// Whether a path lies in a topic's folder.
fn in_topic(path: &str, specs: &str) -> bool {
    let below = if specs.is_empty() { Some(path) } else { path.strip_prefix(specs).and_then(|p| p.strip_prefix('/')) };
    below.and_then(|below| below.split_once('/')).is_some_and(|(folder, _)| topic::number(folder).is_some())
}

/// The commits whose subjects hold the terms, with a little for those that touched the best files.
fn bearing(history: Vec<Commit>, files: &[Ranked], terms: &Terms, worth: &[f32]) -> Vec<Commit> {
    let best: Vec<&str> = files.iter().take(5).map(|file| file.path.as_str()).collect();
    let most = worth.iter().copied().fold(0.0_f32, f32::max).max(f32::MIN_POSITIVE);
    let value = |commit: &Commit| {
        let mut held = vec![0.0_f32; worth.len()];
        terms.in_line(&commit.subject, |term, strength| held[term] = held[term].max(strength * worth[term]));
        let touched = commit.paths.iter().filter(|path| best.contains(&path.as_str())).count().min(2);
        // What touches everything is about nothing in it.
        let touched = if commit.paths.len() > SWEEPING { 0 } else { touched };
        held.iter().sum::<f32>() / most + 0.8 * touched as f32
    };
    let mut valued: Vec<(f32, Commit)> = history.into_iter().map(|commit| (value(&commit), commit)).collect();
    valued.retain(|(value, _)| *value >= 0.5);
    // Stable: of equal ones the newest stays first.
    valued.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut told: Vec<Commit> = Vec::new();
    for (_, commit) in valued {
        // A change that was carried over to another branch is told once.
        if told.len() < COMMITS && told.iter().all(|one| one.subject != commit.subject) {
            told.push(commit);
        }
    }
    told
}
