//! Which files answer a question best: BM25 over several fields (Robertson, Zaragoza: "The Probabilistic Relevance
//! Framework", 2009), where a term in a name counts as many in the text, and rare terms count most.

use super::kind::Kind;
use super::measure::{Counts, Measure};
use super::terms::Terms;
use std::collections::HashMap;

/// How many times a hit in each place counts as much as one in the text.
const IN_NAME: f32 = 14.0;
const IN_FOLDERS: f32 = 6.0;
const IN_HEAD: f32 = 3.0;
const IN_DEFINED: f32 = 4.0;
/// Above this many, more hits of a term say nothing new.
const MOST_DEFINED: f32 = 6.0;
/// What all hits in the text count at most.
const MOST_WRITTEN: f32 = 8.0;
/// How fast more hits of one term stop to count.
const SATURATION: f32 = 5.0;
/// How much a long text counts against its hits: 0 not at all, 1 in full.
const LENGTH: f32 = 0.4;
/// How many of the best files beside a file count for it, and how much.
const NEIGHBOURS: usize = 3;
const LEANING: f32 = 0.08;
/// What a file that the request names by its path gets on top.
const NAMED: f32 = 1000.0;

/// A file with what it is worth for the question.
#[derive(Debug, Clone)]
pub(in crate::offline) struct Ranked {
    pub(in crate::offline) path: String,
    pub(in crate::offline) kind: Kind,
    pub(in crate::offline) score: f32,
    /// The terms that it was found by, the most telling first, with where they stand.
    pub(in crate::offline) because: Vec<(usize, Counts)>,
    pub(in crate::offline) named: bool,
}

/// The files that hold any term, the best first; equal ones by path; and what each term is worth.
pub(in crate::offline) fn rank(measures: &[Measure], terms: &Terms) -> (Vec<Ranked>, Vec<f32>) {
    let rarity = rarities(measures, terms);
    let lengths: usize = measures.iter().map(|one| one.length).sum();
    let average = (lengths as f32 / measures.len().max(1) as f32).max(1.0);
    let mut ranked: Vec<Ranked> =
        measures.iter().filter_map(|measure| ranked(measure, terms, &rarity, average)).collect();
    lean_on_neighbours(&mut ranked);
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.path.cmp(&b.path)));
    (ranked, rarity)
}

/// A file counts a little more where the files beside it are about the question too: what is cut into several files
/// is spread over them, words and all.
fn lean_on_neighbours(ranked: &mut [Ranked]) {
    let mut folders: HashMap<String, Vec<f32>> = HashMap::new();
    for file in ranked.iter().filter(|file| file.kind == Kind::Source && !file.named) {
        folders.entry(folder(&file.path).to_owned()).or_default().push(file.score);
    }
    folders.values_mut().for_each(|scores| scores.sort_by(|a, b| b.total_cmp(a)));
    for file in ranked.iter_mut().filter(|file| file.kind == Kind::Source && !file.named) {
        let beside = folders.get(folder(&file.path)).map(Vec::as_slice).unwrap_or_default();
        let best: f32 = beside.iter().take(NEIGHBOURS).sum();
        let own = if beside.iter().take(NEIGHBOURS).any(|score| *score <= file.score) { file.score } else { 0.0 };
        file.score += LEANING * (best - own).max(0.0);
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What each term is worth: its weight times its inverse document frequency.
fn rarities(measures: &[Measure], terms: &Terms) -> Vec<f32> {
    let all = measures.len() as f32;
    let frequency = |term: usize| measures.iter().filter(|one| one.counts[term].any()).count() as f32;
    let rarity = |held: f32| (1.0 + (all - held + 0.5) / (held + 0.5)).ln();
    terms.all.iter().enumerate().map(|(number, term)| term.weight * rarity(frequency(number))).collect()
}

fn ranked(measure: &Measure, terms: &Terms, rarity: &[f32], average: f32) -> Option<Ranked> {
    let longer = 1.0 - LENGTH + LENGTH * measure.length as f32 / average;
    let mut parts: Vec<(usize, f32)> = Vec::new();
    for (term, counts) in measure.counts.iter().enumerate().filter(|(_, counts)| counts.any()) {
        let hits = hits(counts, longer);
        parts.push((term, rarity[term] * hits / (hits + SATURATION)));
    }
    if parts.is_empty() && !measure.named {
        return None;
    }
    parts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let sum: f32 = parts.iter().map(|(_, score)| score).sum();
    let named = if measure.named { NAMED } else { 0.0 };
    Some(Ranked {
        path: measure.path.clone(),
        kind: measure.kind,
        score: sum * measure.kind.weight(terms.wants_tests, terms.wants_docs) + named,
        because: parts.into_iter().map(|(term, _)| (term, measure.counts[term])).collect(),
        named: measure.named,
    })
}

/// All hits of a term in a file, each by its place.
fn hits(counts: &Counts, longer: f32) -> f32 {
    let path = IN_NAME * counts.name + IN_FOLDERS * counts.folders;
    let defined = IN_DEFINED * counts.defined.min(MOST_DEFINED);
    let written = (IN_HEAD * counts.head + counts.text) / longer;
    // However often a word is written, a name says more.
    path + defined / longer.sqrt() + MOST_WRITTEN * written / (written + MOST_WRITTEN)
}
