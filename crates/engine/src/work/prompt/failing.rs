//! What failed before: told to whoever mends it.

use super::super::StepJob;

/// Why the artifact of the attempt before this one was sent back.
pub(super) fn refused(step: &StepJob) -> Option<String> {
    let (_, failure) = step.sent_back()?;
    let mut lines = vec![failure.message.clone()];
    lines.extend(failure.context.iter().map(|line| format!("- {line}")));
    Some(lines.join("\n"))
}

/// For a repair: the failure, with the end of its output.
pub(super) fn failing(step: &StepJob) -> Option<String> {
    let verdict = || step.job.verdicts.iter().rev().find(|verdict| !verdict.passed);
    if let Some(failure) = &step.repair {
        return Some(told(&failure.message, &failure.context));
    }
    let verdict = step.phase().is_none().then(verdict).flatten()?;
    Some(told(&format!("`{}` fails:", verdict.command), &verdict.tail))
}

fn told(what: &str, output: &[String]) -> String {
    format!("{what}\n\n```\n{}\n```\n\nFind the cause and mend it.\n", output.join("\n"))
}
