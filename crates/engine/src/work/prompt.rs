//! What an agent is told: its role, where it works, what to do, the contract, and for a repair what failed.

use super::StepJob;
use super::artifact::Order;
use super::inputs::read_first;
use coordinate_model::artifact::{ArtifactKind, contract};
use coordinate_model::definition::Writes;
use std::fmt::Write;
use std::path::Path;

pub(super) fn prompt(step: &StepJob, tree: &Path) -> String {
    let mut text = String::new();
    let created = &step.job.created;
    let _ = writeln!(text, "# Your role: {}\n", step.role);
    let _ = writeln!(text, "Request: {}\n", created.request.trim());
    let own = if step.attempt.base.is_some() { "a git work tree of your own" } else { "the project itself" };
    let _ = writeln!(text, "Work in `{}` only: it is {own}.", tree.display());
    match &step.order {
        Some(order) => what_to_leave(step, order, tree, &mut text),
        None => {
            let _ = writeln!(text, "Leave your changes there; what you do not commit is committed for you.");
            if let Some(plan) = &created.paths.plan {
                let _ = writeln!(text, "Do not edit the plan `{plan}`: it is ticked for you.");
            }
            read_first(step, &step.named, Path::new(&created.paths.project), &mut text);
        }
    }
    let _ = writeln!(text, "End every process that you start before you finish.\n");
    if let Some(failure) = failing(step) {
        let _ = writeln!(text, "## What fails\n\n{failure}");
    }
    if let Some(phase) = step.phase() {
        let _ = writeln!(text, "## Phase {}: {}\n\n{}\n", phase.number, phase.name, phase.body.trim());
    }
    text
}

/// The one file that counts, what it must hold, and the line to end with.
fn what_to_leave(step: &StepJob, order: &Order, tree: &Path, text: &mut String) {
    let (kind, place) = (order.writes.kind(), tree.join(&order.place));
    let _ = writeln!(text, "Change nothing but the one file below: nothing else is taken.");
    read_first(step, &step.named, tree, text);
    let _ = writeln!(text, "\n## What to leave\n\nSubject: {}\n", order.subject.trim());
    if let Some(change) = &step.change {
        let _ = writeln!(text, "{}\n", change.task(step.job.plan()));
    }
    if let Some(focus) = &order.focus {
        let _ = writeln!(text, "Focus: {focus}\n");
    }
    if matches!(order.writes, Writes::Revision | Writes::Replan) {
        let _ = writeln!(text, "Revise the plan in place: `{}`. Finished tasks stay ticked.", place.display());
    } else {
        let _ = writeln!(text, "Write the {kind} to `{}`. Make its folder if it is not there.", place.display());
    }
    let _ = writeln!(text, "{}", contract_text(kind));
    let _ = writeln!(text, "End with this line: `{}: {}`", order.writes.completion(), place.display());
    if let Some(failure) = refused(step) {
        let _ = writeln!(text, "\n## What was wrong with your last text\n\n{failure}");
    }
}

/// Why the artifact of the attempt before this one was sent back.
fn refused(step: &StepJob) -> Option<String> {
    let (_, failure) = step.sent_back()?;
    let mut lines = vec![failure.message.clone()];
    lines.extend(failure.context.iter().map(|line| format!("- {line}")));
    Some(lines.join("\n"))
}

/// For a repair: the failure, with the end of its output.
fn failing(step: &StepJob) -> Option<String> {
    let verdict = || step.job.verdicts.iter().rev().find(|verdict| !verdict.passed);
    if let Some(failure) = &step.repair {
        return Some(format!(
            "{}\n\n```\n{}\n```\n\nFind the cause and mend it.\n",
            failure.message,
            failure.context.join("\n")
        ));
    }
    let verdict = step.phase().is_none().then(verdict).flatten()?;
    Some(format!(
        "`{}` fails:\n\n```\n{}\n```\n\nFind the cause and mend it.\n",
        verdict.command,
        verdict.tail.join("\n")
    ))
}
/// What the contract of a kind asks for, in words.
fn contract_text(kind: ArtifactKind) -> String {
    let Some(contract) = contract(kind) else { return plan_text(kind) };
    let mut text = "Give it a title (`# …`) and these sections, none of them empty:\n".to_owned();
    if !contract.metadata.is_empty() {
        let fields: Vec<String> = contract.metadata.iter().map(|field| format!("- **{field}**: …")).collect();
        let _ = writeln!(text, "- `## Metadata`, with the lines {}", fields.join(", "));
    }
    for section in contract.sections {
        let _ = writeln!(text, "- `## {}`", section.name);
    }
    let _ = write!(text, "Links to files must resolve from the folder of the file that you write.");
    text
}

fn plan_text(kind: ArtifactKind) -> String {
    if kind != ArtifactKind::Plan {
        return "Leave no empty file.".to_owned();
    }
    "Each phase is a heading `### Phase N: Name` with the fields `**Dependencies**: [numbers of earlier phases]` and\n\
     `**Files**: paths that it makes or changes`, and tasks `- [ ] …` that say what to do and how it is verified.\n\
     Numbers are unique, and no phase depends on itself or on a later one in a circle. Phases without a path between\n\
     them are done at the same time, so let them change different files. `coordinate plan check FILE` checks it."
        .to_owned()
}
