//! The summary of a run, as Markdown.

use crate::limits;
use crate::line::{delivery, failure};
use crate::metrics::{saving, worked};
use crate::states::times;
use crate::text::{day, span};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::definition::StepKind;
use coordinate_model::event::Outcome;
use coordinate_model::links::relative;
use coordinate_model::run::{Run, Step};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The summary of a run as it stands now.
#[must_use]
pub fn markdown(run: &Run) -> String {
    let mut text = String::new();
    let outcome = run.closing.as_ref().map_or(Outcome::Succeeded, |closing| closing.outcome);
    let title = run.plan().map_or(run.created.request.as_str(), |plan| plan.title.as_str());
    let _ = writeln!(text, "# Summary: {}\n", title.trim());
    let _ = writeln!(text, "## Metadata\n");
    let _ = writeln!(text, "- **Date**: {}", day(run.updated));
    let _ = writeln!(text, "- **Run**: {}", run.id());
    let _ = writeln!(text, "- **Outcome**: {}", outcome.name());
    let _ = writeln!(text, "- **Agent**: {}", limits::agents(run));
    let _ = writeln!(text, "- **Duration**: {}", span(run.updated.since(run.started)));
    if let Some(plan) = &run.created.paths.plan {
        let link = relative(&run.created.paths.summary, plan);
        let _ = writeln!(text, "- **Plan**: [{plan}]({link})");
    }
    links(run, &mut text);
    if let Some(sentence) = delivery(run) {
        let _ = writeln!(text, "- **Result**: {sentence}");
    }
    states(run, &mut text);
    phases(run, &mut text);
    tests(run, &mut text);
    failures(run, &mut text);
    notes(run, &mut text);
    text
}

/// The files that the run has left besides the plan, by kind.
fn links(run: &Run, text: &mut String) {
    for (kind, name) in [
        (ArtifactKind::Overview, "Overview"),
        (ArtifactKind::Report, "Reports"),
        (ArtifactKind::Debug, "Debug Reports"),
        (ArtifactKind::Output, "Outputs"),
    ] {
        let paths: BTreeSet<&String> = run
            .artifacts
            .iter()
            .filter(|artifact| artifact.kind == kind.name())
            .map(|artifact| &artifact.path)
            .collect();
        let link = |path: &&String| format!("[{path}]({})", relative(&run.created.paths.summary, path));
        if !paths.is_empty() {
            let links: Vec<String> = paths.iter().map(link).collect();
            let _ = writeln!(text, "- **{name}**: {}", links.join(", "));
        }
    }
}

fn phases(run: &Run, text: &mut String) {
    let Some(plan) = run.plan() else { return };
    let _ = writeln!(text, "\n## Phases\n\n| phase | name | result | commit | time |\n|---|---|---|---|---|");
    for phase in &plan.phases {
        let state = run.phases.get(&phase.number);
        let steps: Vec<&Step> =
            state.iter().flat_map(|state| &state.steps).filter_map(|&at| run.steps.get(at as usize)).collect();
        let merged = state.is_some_and(|state| state.merged);
        let result = match (merged, steps.is_empty(), state.map_or(0, |state| state.repairs)) {
            (true, true, _) => "done before".to_owned(),
            (true, false, 0) => "merged".to_owned(),
            (true, false, 1) => "merged after a repair".to_owned(),
            (true, false, repairs) => format!("merged after {repairs} repairs"),
            (false, _, _) if state.is_some_and(|state| state.skipped) => "left out".to_owned(),
            (false, _, _) => "not merged".to_owned(),
        };
        let merge = steps.iter().rev().find(|step| step.kind == StepKind::Merge && step.movement.is_some());
        let commit = merge
            .filter(|_| merged)
            .and_then(|step| step.movement.as_ref())
            .map_or_else(String::new, |movement| format!("`{}`", movement.new.short()));
        let name = phase.name.replace('|', "\\|");
        let _ = writeln!(text, "| {} | {name} | {result} | {commit} | {} |", phase.number, span(worked(&steps)));
    }
    let _ = writeln!(text, "\n{}", saved(run));
}

/// The measured saving by working in parallel, against the sum of the phases' times.
fn saved(run: &Run) -> String {
    let Some(saving) = saving(run.steps.iter().filter(|step| step.phase.is_some())) else {
        return "No phase was worked on.".to_owned();
    };
    let (took, sum) = (span(saving.took_ms), span(saving.sum_ms));
    format!("The phases took {took} in all, {sum} if done one after another: {} % saved.", saving.percent)
}

fn states(run: &Run, text: &mut String) {
    let _ = writeln!(text, "\n## States\n\n| state | time |\n|---|---|");
    for time in times(run) {
        let visit = if time.visit > 1 { format!(" (visit {})", time.visit) } else { String::new() };
        let _ = writeln!(text, "| {}{visit} | {} |", time.state, span(time.duration_ms));
    }
}

fn tests(run: &Run, text: &mut String) {
    let _ = writeln!(text, "\n## Tests\n");
    match run.verdicts.last() {
        None => {
            let _ = writeln!(text, "No test command was found or configured: nothing was tested.");
        }
        Some(verdict) => {
            let result = if verdict.passed { "passes" } else { "fails" };
            let _ = writeln!(
                text,
                "`{}` {result} on tree `{}` ({}); {} test runs in all.",
                verdict.command,
                verdict.tree.short(),
                span(verdict.duration_ms),
                run.verdicts.len()
            );
        }
    }
}

fn failures(run: &Run, text: &mut String) {
    let failed: Vec<String> = run.failures().map(|(step, why)| failure(run, step, why)).collect();
    let message = run.closing.as_ref().filter(|closing| closing.outcome != Outcome::Succeeded);
    if let Some(closing) = message {
        let _ = writeln!(text, "\n## What went wrong\n\n{}", closing.message);
    }
    for text_of_failure in failed {
        let _ = writeln!(text, "\n```text\n{text_of_failure}\n```");
    }
}

fn notes(run: &Run, text: &mut String) {
    if run.warnings.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Notes\n");
    for warning in &run.warnings {
        let _ = writeln!(text, "- {warning}");
    }
}
