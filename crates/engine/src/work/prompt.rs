//! What an agent is told: its role, where it works and what for, the project's standards, the contract, and for a repair
//! what failed.
//!
//! The role's text itself stands in the prompt, and not its path: agents pass over links. The contract comes last,
//! because what stands last is kept to best.

mod contract;
mod failing;

pub(super) use contract::completion;

use super::attempt::session_to_go_on_with;
use super::inputs::read_first;
use super::{StepJob, sides};
use coordinate_model::definition::Writes;
use coordinate_model::role::Filling;
use coordinate_model::standards::LONGEST;
use std::fmt::Write;
use std::path::Path;

/// What an agent is told that goes on in its session: the rest is in there.
const INTERRUPTED: &str = "You were interrupted, and go on now. Your tree is as you left it: look first at what is done \
                           already, and do not repeat what acts outside of it without need. Then finish your task.";

pub(super) fn prompt(step: &StepJob, tree: &Path) -> String {
    let mut text = String::new();
    if session_to_go_on_with(step).is_some() {
        let _ = writeln!(text, "{INTERRUPTED}\n");
        if let Some(told) = step.made_way() {
            let _ = writeln!(text, "{told}\n");
        }
        // What was said while nobody worked is not in the session; the rest bears being said twice.
        steering(step, &mut text);
        contract::contract(step, tree, &mut text);
        return text;
    }
    role(step, tree, &mut text);
    task(step, tree, &mut text);
    standards(step, &mut text);
    steering(step, &mut text);
    contract::contract(step, tree, &mut text);
    text
}

fn role(step: &StepJob, tree: &Path, text: &mut String) {
    let created = &step.job.created;
    let topic = artifacts_root(step, tree).join(&created.paths.topic);
    let (project, topic) = (tree.to_string_lossy(), topic.to_string_lossy());
    let filling = Filling { project: &project, topic: &topic, request: &created.request };
    let told = created.role(&step.role).filled(&filling);
    let _ = writeln!(text, "# Your role: {}\n", step.role);
    if !told.is_empty() {
        let _ = writeln!(text, "{told}\n");
    }
}

/// Where what was left so far is to be read: who leaves a file has it in its tree; who changes the tree must not find it
/// there, for all that is in it is merged.
fn artifacts_root<'a>(step: &'a StepJob, tree: &'a Path) -> &'a Path {
    if step.order.is_some() { tree } else { Path::new(&step.job.created.paths.project) }
}

/// Where it works, what for, and what it builds on.
fn task(step: &StepJob, tree: &Path, text: &mut String) {
    let created = &step.job.created;
    let _ = writeln!(text, "# Your task\n\nRequest: {}\n", created.request.trim());
    let own = if step.attempt.base.is_some() { "a git work tree of your own" } else { "the project itself" };
    let _ = writeln!(text, "Work in `{}` only: it is {own}.", tree.display());
    let root = artifacts_root(step, tree);
    let _ = writeln!(text, "The artifacts of this work lie in `{}`.", root.join(&created.paths.topic).display());
    read_first(step, root, text);
    let _ = writeln!(text, "End every process that you start before you finish.\n");
    // Who judges sees the requirement and the tree: what others said of the work would lead the eye.
    let judges = step.order.as_ref().is_some_and(|order| order.writes == Writes::Verdict);
    if let Some(told) = step.made_way() {
        let _ = writeln!(text, "## Work that is kept\n\n{told}\n");
    }
    if let Some(failure) = failing::failing(step).filter(|_| !judges) {
        let _ = writeln!(text, "## What fails\n\n{failure}");
    }
    if let Some(sides) = sides::told(step).filter(|_| !judges) {
        let _ = writeln!(text, "## Both sides\n\n{sides}");
    }
    if let Some(phase) = step.phase() {
        let _ = writeln!(text, "## Phase {}: {}\n\n{}\n", phase.number, phase.name, phase.body.trim());
    }
}

/// What people said while others worked on this, the newest last.
fn steering(step: &StepJob, text: &mut String) {
    if step.steering.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "# What was said since\n\nWhere it differs from the task, it counts; what is later counts more.\n"
    );
    for said in &step.steering {
        let _ = writeln!(text, "- {}", said.trim().replace('\n', "\n  "));
    }
    let _ = writeln!(text);
}

fn standards(step: &StepJob, text: &mut String) {
    let told = step.job.created.standards.text(contract::of(step), LONGEST);
    if !told.is_empty() {
        let _ = writeln!(text, "# The project's standards\n\n{}\n", told.trim_end());
    }
}
