//! A plan out of a request's own enumeration. What the request does not say is not made up.

mod depends;
mod enumeration;

use super::markdown::{code, fenced, points, title};
use super::order::Wanted;
use coordinate_model::plan::{Source, parse};
use enumeration::{Enumeration, Item};
use std::fmt::Write;
use std::path::Path;
use thiserror::Error;

/// The longest name of a phase, in characters.
const LONGEST_NAME: usize = 72;

/// Why a request gives no plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum PlanRefusal {
    /// There is nothing that could become phases.
    #[error("it enumerates no steps, and the offline agent invents none")]
    NoEnumeration,
    /// The steps wait for one another.
    #[error("its steps wait for one another: {0}")]
    Cycle(String),
    /// The plan would not pass the check of plans.
    #[error("its steps make no plan: {0}")]
    Unsound(String),
}

/// One phase: an item with the phases that it waits for, from 1.
struct Phase<'a> {
    item: &'a Item,
    after: Vec<usize>,
}

/// The plan of a request.
pub(super) fn plan(wanted: &Wanted) -> Result<String, PlanRefusal> {
    let enumeration = enumeration::read(&wanted.request).ok_or(PlanRefusal::NoEnumeration)?;
    let text = text(wanted, &enumeration, &phases(&enumeration)?);
    let parsed = parse(&[Source::new("plan.md", text.as_str())]);
    match parsed.diagnostics.iter().find(|one| one.is_error()) {
        Some(error) => Err(PlanRefusal::Unsound(error.message.clone())),
        None => Ok(text),
    }
}

/// The items in an order in which each comes after what it waits for, else in the request's own.
fn phases(enumeration: &Enumeration) -> Result<Vec<Phase<'_>>, PlanRefusal> {
    let after = depends::of(enumeration);
    let mut order: Vec<usize> = Vec::new();
    while order.len() < after.len() {
        let ready = |item: &usize| !order.contains(item) && after[*item].iter().all(|other| order.contains(other));
        let Some(next) = (0..after.len()).find(ready) else { return Err(cycle(&after, &order)) };
        order.push(next);
    }
    let number = |item: usize| order.iter().position(|one| *one == item).map_or(0, |at| at + 1);
    let phase = |item: &usize| {
        let mut waits: Vec<usize> = after[*item].iter().map(|other| number(*other)).collect();
        waits.sort_unstable();
        Phase { item: &enumeration.items[*item], after: waits }
    };
    Ok(order.iter().map(phase).collect())
}

fn cycle(after: &[Vec<usize>], order: &[usize]) -> PlanRefusal {
    let stuck = (0..after.len()).filter(|item| !order.contains(item)).map(|item| (item + 1).to_string());
    PlanRefusal::Cycle(stuck.collect::<Vec<_>>().join(" → "))
}

fn text(wanted: &Wanted, enumeration: &Enumeration, phases: &[Phase]) -> String {
    let topic = wanted.topic();
    let name = if enumeration.intro.is_empty() { topic.as_str() } else { enumeration.intro.as_str() };
    let mut out = format!("# {}\n\n## Metadata\n\n", title(if wanted.subject.is_empty() { name } else { &topic }));
    let _ = write!(out, "- **Date**: {}\n- **Agent**: offline (built in)\n- **Topic**: {topic}\n", wanted.date);
    let _ = write!(out, "\n## Overview\n\n{}\n", overview(enumeration, phases.len()));
    for (at, phase) in phases.iter().enumerate() {
        write_phase(&mut out, at + 1, phase);
    }
    let _ = write!(out, "\n## References\n\nReferences: {}\n", references(wanted));
    out
}

fn overview(enumeration: &Enumeration, phases: usize) -> String {
    let own =
        format!("The {phases} phases are the request's own steps, in its words; the offline agent added nothing.");
    if enumeration.intro.is_empty() { own } else { format!("{}\n\n{own}", enumeration.intro) }
}

fn write_phase(out: &mut String, number: usize, phase: &Phase) {
    let after: Vec<String> = phase.after.iter().map(ToString::to_string).collect();
    let item = phase.item;
    let _ = write!(out, "\n### Phase {number}: {}\n\n", phase_name(&item.text));
    let _ = write!(out, "**Objective**: {}\n**Dependencies**: [{}]\n\n", item.text, after.join(", "));
    let tasks = if item.parts.is_empty() { std::slice::from_ref(&item.text) } else { &item.parts };
    out.push_str(&points(tasks.iter().map(|task| format!("[ ] {task}")), ""));
    for block in &item.blocks {
        let _ = write!(out, "\n{}", fenced(&block.info, &block.text));
    }
}

/// A phase's name: the item's first clause, without what is no part of a name.
fn phase_name(text: &str) -> String {
    let sentence = text.split_once(". ").map_or(text, |(first, _)| first);
    let short: String = sentence.chars().take(LONGEST_NAME).collect();
    let cut = short.len() < sentence.len();
    let whole = if cut { short.rsplit_once(' ').map_or(short.as_str(), |(whole, _)| whole) } else { short.as_str() };
    // An odd backtick is left where a name was cut in two.
    let whole = if whole.matches('`').count() % 2 == 1 { whole.replace('`', "") } else { whole.to_owned() };
    title(whole.trim_end_matches(|c: char| c.is_whitespace() || ".,;:".contains(c)))
}

/// Links to the reports that the plan builds on, relative to the plan.
fn references(wanted: &Wanted) -> String {
    let links: Vec<String> = wanted.inputs.iter().map(|input| link(&wanted.path, input)).collect();
    if links.is_empty() { "none".to_owned() } else { links.join(", ") }
}

fn link(from: &Path, to: &Path) -> String {
    let name = to.file_stem().map_or_else(|| to.display().to_string(), |stem| stem.to_string_lossy().into_owned());
    match relative(from, to) {
        Some(path) => format!("[{name}]({path})"),
        None => code(&to.display().to_string()),
    }
}

/// The way from one file to another through the nearest folder that holds both.
fn relative(from: &Path, to: &Path) -> Option<String> {
    let (climbed, shared) = from.parent()?.ancestors().enumerate().find(|(_, folder)| to.starts_with(folder))?;
    let below = to.strip_prefix(shared).ok()?.to_str()?;
    Some(format!("{}{below}", "../".repeat(climbed)))
}
