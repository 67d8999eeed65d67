//! What an agent is told: its role, where it works and what for, the project's standards, the contract, and for a repair
//! what failed.
//!
//! The role's text itself stands in the prompt, and not its path: agents pass over links. The contract comes last,
//! because what stands last is kept to best.

mod contract;
mod failing;

pub(super) use contract::completion;

use super::StepJob;
use super::inputs::read_first;
use coordinate_model::role::Filling;
use coordinate_model::standards::LONGEST;
use std::fmt::Write;
use std::path::Path;

pub(super) fn prompt(step: &StepJob, tree: &Path) -> String {
    let mut text = String::new();
    role(step, tree, &mut text);
    task(step, tree, &mut text);
    standards(step, &mut text);
    contract::contract(step, tree, &mut text);
    text
}

fn role(step: &StepJob, tree: &Path, text: &mut String) {
    let created = &step.job.created;
    let topic = tree.join(&created.paths.topic);
    let (project, topic) = (tree.to_string_lossy(), topic.to_string_lossy());
    let filling = Filling { project: &project, topic: &topic, request: &created.request };
    let told = created.role(&step.role).filled(&filling);
    let _ = writeln!(text, "# Your role: {}\n", step.role);
    if !told.is_empty() {
        let _ = writeln!(text, "{told}\n");
    }
}

/// Where it works, what for, and what it builds on.
fn task(step: &StepJob, tree: &Path, text: &mut String) {
    let created = &step.job.created;
    let _ = writeln!(text, "# Your task\n\nRequest: {}\n", created.request.trim());
    let own = if step.attempt.base.is_some() { "a git work tree of your own" } else { "the project itself" };
    let _ = writeln!(text, "Work in `{}` only: it is {own}.", tree.display());
    let _ = writeln!(text, "The artifacts of this work lie in `{}`.", tree.join(&created.paths.topic).display());
    match &step.order {
        Some(_) => read_first(step, tree, text),
        None => read_first(step, Path::new(&created.paths.project), text),
    }
    let _ = writeln!(text, "End every process that you start before you finish.\n");
    if let Some(failure) = failing::failing(step) {
        let _ = writeln!(text, "## What fails\n\n{failure}");
    }
    if let Some(phase) = step.phase() {
        let _ = writeln!(text, "## Phase {}: {}\n\n{}\n", phase.number, phase.name, phase.body.trim());
    }
}

fn standards(step: &StepJob, text: &mut String) {
    let told = step.job.created.standards.text(contract::of(step), LONGEST);
    if !told.is_empty() {
        let _ = writeln!(text, "# The project's standards\n\n{}\n", told.trim_end());
    }
}
