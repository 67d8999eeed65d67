//! What a person does to single steps: tries one again at once, or leaves one out.

use super::Decision;
use crate::definition::StepKind;
use crate::event::Event;
use crate::ids::StepId;
use crate::input::Answer;
use crate::run::{Run, Step, StepState, Waiting};

/// A step of the state that the run is in, that is nobody else's to decide on.
fn open<'a>(run: &'a Run, id: &StepId) -> Result<&'a Step, String> {
    if let Some(closing) = &run.closing {
        return Err(format!("the run is about to end: {}", closing.outcome.name()));
    }
    if run.cancelled.is_some() {
        return Err("the run is about to end: cancelled".to_owned());
    }
    let step = run.step(id).ok_or_else(|| format!("there is no step `{id}`"))?;
    if step.replan.is_some() {
        return Err(format!("`{id}` changes the plan: what comes of it is decided by its question and its checks"));
    }
    if !run.is_of_now(step) {
        return Err(format!("`{id}` is of `{}`, which the run has left", step.of_state));
    }
    Ok(step)
}

pub(super) fn retry(run: &Run, id: &StepId, by: &str) -> Decision {
    let step = match open(run, id) {
        Ok(step) => step,
        Err(reason) => return Decision::not_waiting(reason),
    };
    let waits = matches!(step.waiting, Some(Waiting::Until { .. }));
    match step.state {
        StepState::Waiting if waits => {
            Decision::accepted(vec![Event::StepRetried { step: id.clone(), by: by.to_owned() }])
        }
        StepState::Failed if !step.superseded => {
            Decision::accepted(vec![Event::StepRetried { step: id.clone(), by: by.to_owned() }])
        }
        StepState::Failed => Decision::not_waiting(format!("a repair has taken the place of `{id}`")),
        StepState::Waiting => {
            Decision::not_waiting(format!("`{id}` is a question: answer it with `approve` or `reject`"))
        }
        StepState::Blocked
        | StepState::Ready
        | StepState::Leased
        | StepState::Running
        | StepState::Verifying
        | StepState::Succeeded
        | StepState::Cancelled
        | StepState::Skipped => {
            Decision::not_waiting(format!("`{id}` is {}: there is nothing to try again", step.state.name()))
        }
    }
}

pub(super) fn skip(run: &Run, id: &StepId, by: &str, reason: &str) -> Decision {
    let step = match open(run, id) {
        Ok(step) => step,
        Err(why) => return Decision::not_waiting(why),
    };
    if step.state == StepState::Skipped || step.phase.is_some_and(|number| run.is_phase_done(number)) {
        return Decision::refused(Answer::AlreadyDone);
    }
    match refusal(run, step) {
        Some(why) => Decision::not_waiting(why),
        None => {
            let (step, by, reason) = (id.clone(), by.to_owned(), reason.to_owned());
            Decision::accepted(vec![Event::StepSkipped { step, by, reason }])
        }
    }
}

/// Why a step can not be left out.
fn refusal(run: &Run, step: &Step) -> Option<String> {
    let id = &step.id;
    if step.kind == StepKind::Gate {
        return Some(format!("`{id}` is a question: answer it with `approve` or `reject`"));
    }
    if step.phase.is_none() && (step.kind == StepKind::Merge || run.action(step).is_some()) {
        return Some(format!("`{id}` is what the run itself does at its end: it can not be left out"));
    }
    let worked_on = step.state.is_live() || step.phase.is_some_and(|number| run.is_worked_on(number));
    if worked_on {
        return Some(format!("somebody works on `{id}`: stop the run first with `coordinate pause`"));
    }
    match step.state {
        StepState::Succeeded | StepState::Cancelled if step.phase.is_none() => {
            Some(format!("`{id}` is {}: there is nothing to leave out", step.state.name()))
        }
        StepState::Blocked
        | StepState::Ready
        | StepState::Leased
        | StepState::Running
        | StepState::Verifying
        | StepState::Succeeded
        | StepState::Failed
        | StepState::Waiting
        | StepState::Cancelled
        | StepState::Skipped => None,
    }
}
