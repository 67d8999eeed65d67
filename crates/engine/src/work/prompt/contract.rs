//! The contract of a step: what to leave and where, and the line to end with.

use super::super::StepJob;
use super::super::artifact::Order;
use super::failing;
use coordinate_model::artifact::{ArtifactKind, contract as contract_of_kind};
use coordinate_model::definition::Writes;
use coordinate_model::role::{Completion, RoleContract};
use std::fmt::Write;
use std::path::Path;

/// What kind of work a step is. Its template says so, and not its role: own roles need not say it.
pub(super) fn of(step: &StepJob) -> RoleContract {
    let Some(order) = &step.order else { return RoleContract::Changes };
    match order.writes.kind() {
        ArtifactKind::Report => RoleContract::Report,
        ArtifactKind::Overview => RoleContract::Overview,
        ArtifactKind::Plan => RoleContract::Plan,
        ArtifactKind::Debug => RoleContract::Debug,
        ArtifactKind::Summary => RoleContract::Summary,
        ArtifactKind::Output => RoleContract::Output,
    }
}

pub(super) fn contract(step: &StepJob, tree: &Path, text: &mut String) {
    let _ = writeln!(text, "# What to leave\n");
    match &step.order {
        Some(order) => artifact(step, order, tree, text),
        None => changes(step, tree, text),
    }
}

/// Changes to the tree: who commits them, how they are judged.
fn changes(step: &StepJob, tree: &Path, text: &mut String) {
    let created = &step.job.created;
    let _ = writeln!(text, "Leave your changes in `{}`; what you do not commit is committed for you.", tree.display());
    if let Some(plan) = &created.paths.plan {
        let _ = writeln!(text, "Do not edit the plan `{plan}`: it is ticked for you.");
    }
    if let Some(command) = tests(step) {
        let _ = writeln!(text, "When you have finished, `{command}` is run on what is merged; run it yourself before.");
    }
    if let Some(command) = &created.options.check_command {
        let _ = writeln!(text, "Your tree is checked with `{command}`, which must end with 0.");
    }
    if let Some(lint) = &created.standards.lint {
        let _ = writeln!(text, "Leave nothing for the linter to say: `{}`.", lint.command);
    }
    let (passed, failed) = (Completion::TestsPassed.name(), Completion::TestsFailed.name());
    let _ = writeln!(text, "If you ran tests, say how they ended with a line `{passed}: N` or `{failed}: N`.");
    if let Some(line) = completion(step) {
        let drift = Completion::ScopeDrift.name();
        let _ = writeln!(text, "If the plan lacks something that this phase needs, say so with a line `{drift}: WHY`.");
        let _ = writeln!(text, "End with this line: `{line}`");
    }
}

/// The line that an agent which changes something ends with. A repair is judged by what failed, and needs none.
pub(in super::super) fn completion(step: &StepJob) -> Option<String> {
    let number = step.step.phase.filter(|_| step.step.repair.is_none())?;
    Some(format!("{}: {number}", Completion::Phase.name()))
}

fn tests(step: &StepJob) -> Option<String> {
    step.job.test_command(step.attempt.base.as_ref()?).ok().flatten()
}

/// The one file that counts, what it must hold, and the line to end with.
fn artifact(step: &StepJob, order: &Order, tree: &Path, text: &mut String) {
    let (kind, place) = (order.writes.kind(), tree.join(&order.place));
    let _ = writeln!(text, "Change nothing but the one file below: nothing else is taken.\n");
    let _ = writeln!(text, "Subject: {}\n", order.subject.trim());
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
    match step
        .job
        .created
        .role(&step.role)
        .schema()
        .filter(|_| matches!(order.writes, Writes::Output | Writes::Verdict))
    {
        Some(_) => {
            text.push_str("The file is one JSON value that keeps the JSON Schema above, and nothing around it.\n")
        }
        None => drop(writeln!(text, "{}", sections(kind))),
    }
    if let Some(failure) = failing::refused(step) {
        let _ = writeln!(text, "\n## What was wrong with your last text\n\n{failure}\n");
    }
    let _ = writeln!(text, "End with this line: `{}: {}`", order.writes.completion(), place.display());
}

/// What the contract of a kind asks for, in words.
fn sections(kind: ArtifactKind) -> String {
    let Some(contract) = contract_of_kind(kind) else { return plan(kind) };
    let mut text = "Give it a title (`# …`) and these sections, none of them empty:\n".to_owned();
    if !contract.metadata.is_empty() {
        let fields: Vec<String> = contract.metadata.iter().map(|field| format!("- **{field}**: …")).collect();
        let _ = writeln!(text, "- `## Metadata`, with the lines {}", fields.join(", "));
    }
    for section in contract.sections {
        let links = if section.links { ", with a link to each file that it speaks of" } else { "" };
        let _ = writeln!(text, "- `## {}`{links}", section.name);
    }
    let _ = write!(text, "Links to files must resolve from the folder of the file that you write.");
    text
}

fn plan(kind: ArtifactKind) -> String {
    if kind != ArtifactKind::Plan {
        return "Leave no empty file.".to_owned();
    }
    "Each phase is a heading `### Phase N: Name` with the fields `**Dependencies**: [numbers of earlier phases]` and\n\
     `**Files**: paths that it makes or changes`, and tasks `- [ ] …` that say what to do and how it is verified.\n\
     Numbers are unique, and no phase depends on itself or on a later one in a circle. Phases without a path between\n\
     them are done at the same time, so let them change different files. `coordinate plan check FILE` checks it."
        .to_owned()
}
