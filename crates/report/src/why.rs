//! What a run waits for, in one line.

use crate::budget;
use crate::limits;
use crate::line::name;
use crate::text::moment;
use coordinate_model::decide::parked;
use coordinate_model::permission::short_id;
use coordinate_model::run::{Lane, Run, StepState, Waiting};

/// One line: what the run waits for, or how it ended. `driven` tells whether a living process drives it.
#[must_use]
pub fn why(run: &Run, driven: Option<u32>) -> String {
    if let Some(outcome) = run.outcome {
        let message = run.closing.as_ref().map(|closing| closing.message.clone()).unwrap_or_default();
        return format!("it has ended: {} ({})", outcome.name(), message.lines().next().unwrap_or_default());
    }
    if let (Some(line), None) = (parked(run), driven) {
        return budget::parked(run.id(), &line);
    }
    let waits = waits(run);
    let id = run.id();
    if let (Some(by), None) = (&run.paused, driven) {
        return format!("it was paused by {by}; go on with `coordinate resume {id}`");
    }
    match driven {
        Some(pid) => format!("{waits} (driven by process {pid})"),
        None if waits.starts_with("for an answer") => waits,
        None => format!("nobody drives it: `coordinate resume {id}`; then it waits {waits}"),
    }
}

fn waits(run: &Run) -> String {
    if let Some(by) = &run.paused {
        return format!("for what runs to stop; it was paused by {by}");
    }
    let live: Vec<String> = run
        .live()
        .map(|step| {
            if step.track.is_some() {
                return format!("{} in {}", name(run, step), run.id().below(&step.id));
            }
            let asked = step.questions.iter().filter(|question| question.is_open()).map(|question| {
                let id = short_id(run.id(), &step.id, Some((question.attempt, &question.request.id)));
                format!("your leave for {}: {} (`coordinate approve {id}`)", name(run, step), question.request.words())
            });
            let asked: Vec<String> = asked.collect();
            if !asked.is_empty() {
                return asked.join("; ");
            }
            let doing = step.attempt().and_then(|attempt| attempt.doing.clone());
            let state =
                if step.state == StepState::Running { String::new() } else { format!(" ({})", step.state.name()) };
            let what = format!("{} {}{state}", name(run, step), step.kind.name());
            doing.map_or(what.clone(), |doing| format!("{what}: {doing}"))
        })
        .collect();
    if !live.is_empty() {
        let apart: String = kept_apart(run).map(|text| format!("; {text}")).collect();
        return format!("for {}{apart}", live.join("; "));
    }
    let waiting = run.waiting().filter_map(|step| step.waiting.as_ref().map(|waiting| (step, waiting)));
    let texts: Vec<String> = waiting
        .map(|(step, waiting)| match waiting {
            Waiting::Until { due, why } => format!("for {} to try `{}` again ({why})", moment(*due), step.id),
            Waiting::Answer { question, .. } => {
                format!("for an answer to `{}`: {question} (`coordinate approve {} {}`)", step.id, run.id(), step.id)
            }
        })
        .collect();
    let texts: Vec<String> = texts.into_iter().chain(limits::parked(run)).chain(kept_apart(run)).collect();
    if texts.is_empty() { format!("for its next step in state `{}`", run.state) } else { texts.join("; ") }
}

/// The phases that could begin, and wait for others that change the same files.
fn kept_apart(run: &Run) -> impl Iterator<Item = String> + '_ {
    let ready = run.ready_in(Lane::Work).filter(|step| run.waits_for_another(step));
    ready.filter_map(|step| {
        let (phase, met) = (step.phase?, run.foreseen(step)?);
        let paths: Vec<String> = met.paths.iter().take(3).map(|path| format!("`{path}`")).collect();
        Some(format!("phase {phase} waits for phase {}: both change {}", met.phase, paths.join(", ")))
    })
}
