//! How what is carried is told to an agent, and how much room it may take.

use super::carried::{Depth, Item};
use crate::artifact::{Metadata, SUMMARY_WORDS};
use std::fmt::Write;

/// From so many reports on the target holds.
pub const TARGET_FROM: usize = 4;
/// The target: so much less is carried than was produced, in parts of a thousand.
pub const TARGET_PER_MILLE: u64 = 956;
/// What may be told of four artifacts, in parts of ten thousand of their texts.
const SHARE: u64 = 440;
/// What may always be told of each, in tokens: a name, a title and the first words, however short the texts are.
const LEAST: u64 = 60;
/// The fewest words that a summary is cut to, and the steps in which it is.
const FEWEST_WORDS: usize = 10;
const LESS_WORDS: usize = 5;

/// An artifact as an agent is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The words: one point of a Markdown list, the first of a folder with the folder before it.
    pub text: String,
    /// Their tokens, those of a text that is handed whole included.
    pub tokens: u64,
}

/// Tells what is carried, one point for each item. Summaries get shorter when there are four and more, details are
/// added as long as there is room: so that the share of what was produced falls while reports grow in number.
#[must_use]
pub fn tell(items: &[Item], root: &str, count: &dyn Fn(&str) -> u64) -> Vec<Told> {
    let known = || items.iter().filter_map(|item| item.artifact.metadata.as_deref());
    let room = room(items.len(), known().map(|metadata| metadata.tokens).sum());
    let mut points = shortened(items, root, room, count);
    detailed(items, &mut points, room, count);
    let whole = |item: &Item| match item.depth {
        Depth::Full => item.artifact.metadata.as_ref().map_or(0, |metadata| metadata.tokens),
        Depth::Path | Depth::Summary | Depth::Details => 0,
    };
    let told = items.iter().zip(points);
    told.map(|(item, text)| Told { tokens: count(&text) + whole(item), text }).collect()
}

/// How many tokens may be told of texts: a share of them that falls with the root of their number.
fn room(items: usize, produced: u64) -> u64 {
    let least = (items as u64).saturating_mul(LEAST);
    let items = items.max(TARGET_FROM) as u64;
    // The root of 4/n, as parts of a hundred.
    let falling = (TARGET_FROM as u64 * 10_000 / items).isqrt();
    (produced.saturating_mul(SHARE * falling) / 1_000_000).max(least)
}

/// All points with summaries as long as there is room for; below four they are never cut.
fn shortened(items: &[Item], root: &str, room: u64, count: &dyn Fn(&str) -> u64) -> Vec<String> {
    let with = |words: usize| -> Vec<String> { (0..items.len()).map(|at| point(items, at, root, words)).collect() };
    let fits = |points: &Vec<String>| points.iter().map(|text| count(text)).sum::<u64>() <= room;
    if items.len() < TARGET_FROM {
        return with(SUMMARY_WORDS);
    }
    let lengths = (FEWEST_WORDS..=SUMMARY_WORDS).rev().step_by(LESS_WORDS);
    lengths.map(with).find(fits).unwrap_or_else(|| with(FEWEST_WORDS))
}

fn point(items: &[Item], at: usize, root: &str, words: usize) -> String {
    let Some(item) = items.get(at) else { return String::new() };
    let mut text = place(items, at, root);
    let told = item.artifact.metadata.as_deref().filter(|_| item.depth > Depth::Path);
    if let Some(metadata) = told {
        let _ = write!(text, ": {}", metadata.title);
        let summary = metadata.shorter(words);
        if !summary.is_empty() {
            let _ = write!(text, "\n  {summary}");
        }
    }
    text.push('\n');
    text
}

/// Where it is: an absolute path, or of several that lie together the folder once, and then their names. A path into a
/// work tree takes as many tokens as a summary.
fn place(items: &[Item], at: usize, root: &str) -> String {
    let parts = |at: usize| items.get(at).and_then(|item| item.artifact.path.rsplit_once('/'));
    let path = items.get(at).map_or("", |item| item.artifact.path.as_str());
    let Some((folder, name)) = parts(at) else { return format!("- `{}`", absolute(root, path)) };
    let with = |other: Option<usize>| other.and_then(parts).is_some_and(|(other, _)| other == folder);
    match (with(at.checked_sub(1)), with(at.checked_add(1))) {
        (true, _) => format!("- `{name}`"),
        (false, true) => format!("In `{}`:\n- `{name}`", absolute(root, folder)),
        (false, false) => format!("- `{}`", absolute(root, path)),
    }
}

fn absolute(root: &str, path: &str) -> String {
    if root.is_empty() { path.to_owned() } else { format!("{}/{path}", root.trim_end_matches('/')) }
}

/// Adds recommendations and then files, one of each artifact after the other, while there is room.
fn detailed(items: &[Item], points: &mut [String], room: u64, count: &dyn Fn(&str) -> u64) {
    let mut used: u64 = points.iter().map(|text| count(text)).sum();
    for (of, intro) in [(recommended as Part, "recommends: "), (named as Part, "names: ")] {
        let mut added = vec![0; items.len()];
        for round in 0.. {
            let mut more = false;
            for ((item, point), added) in items.iter().zip(points.iter_mut()).zip(&mut added) {
                let Some(part) = detail(item, of, round) else { continue };
                let lead = if *added == 0 { format!("  {intro}") } else { "; ".to_owned() };
                let text = format!("{lead}{part}");
                let tokens = count(&text);
                if used + tokens > room {
                    continue;
                }
                if *added > 0 {
                    point.truncate(point.trim_end().len());
                }
                *added += 1;
                used += tokens;
                more = true;
                let _ = writeln!(point, "{text}");
            }
            if !more {
                break;
            }
        }
    }
}

/// The lines of one kind of detail.
type Part = fn(&Metadata) -> &[String];

fn recommended(metadata: &Metadata) -> &[String] {
    &metadata.recommendations
}

fn named(metadata: &Metadata) -> &[String] {
    &metadata.paths
}

fn detail(item: &Item, part: Part, round: usize) -> Option<&str> {
    let metadata = item.artifact.metadata.as_deref().filter(|_| item.depth == Depth::Details)?;
    part(metadata).get(round).map(|line| line.trim_end_matches(['.', ';']))
}

/// How much less was carried than produced, in parts of a thousand; nothing less where more was carried.
#[must_use]
pub fn less_per_mille(carried: u64, produced: u64) -> u64 {
    produced.saturating_sub(carried).saturating_mul(1000).checked_div(produced).unwrap_or(0)
}

/// Whether the target is reached; `None` where it does not hold yet, below four reports.
#[must_use]
pub fn is_reached(items: usize, carried: u64, produced: u64) -> Option<bool> {
    (items >= TARGET_FROM).then(|| less_per_mille(carried, produced) >= TARGET_PER_MILLE)
}
