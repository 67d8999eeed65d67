//! What an agent is told: its role, where it works, what to do, the contract, and for a repair what failed.

use super::StepJob;
use std::fmt::Write;
use std::path::Path;

pub(super) fn prompt(step: &StepJob, tree: &Path) -> String {
    let mut text = String::new();
    let created = &step.job.created;
    let _ = writeln!(text, "# Your role: {}\n", step.role);
    let _ = writeln!(text, "Request: {}\n", created.request.trim());
    let _ = writeln!(text, "Work in `{}` only: it is a git work tree of your own.", tree.display());
    let _ = writeln!(text, "Leave your changes there; what you do not commit is committed for you.");
    if let Some(plan) = &created.paths.plan {
        let _ = writeln!(text, "Do not edit the plan `{plan}`: it is ticked for you.");
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
