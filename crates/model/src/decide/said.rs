//! What people who steer say to agents.

use super::Decision;
use crate::definition::StepKind;
use crate::event::Event;
use crate::ids::StepId;
use crate::run::{Run, Step, StepState};
use crate::said::{Said, Saying};

pub(super) fn steer(run: &Run, step: Option<&StepId>, text: &str, by: &str) -> Decision {
    if let Some(closing) = &run.closing {
        return Decision::not_waiting(format!("the run is about to end: {}", closing.outcome.name()));
    }
    if text.trim().is_empty() {
        return Decision::not_waiting("there are no words to tell");
    }
    let whom = match step {
        Some(id) => named(run, id).map(|step| vec![step]),
        None => whoever(run),
    };
    let said = Said { by: by.to_owned(), what: Saying::Steer { text: text.to_owned() } };
    match whom {
        Ok(steps) => Decision::accepted(steps.into_iter().map(|step| added(step, None, said.clone())).collect()),
        Err(reason) => Decision::not_waiting(reason),
    }
}

pub(super) fn added(step: &Step, attempt: Option<u32>, said: Said) -> Event {
    Event::MessageAdded { step: step.id.clone(), attempt, said }
}

fn named<'a>(run: &'a Run, id: &StepId) -> Result<&'a Step, String> {
    let step = run.step(id).ok_or_else(|| format!("there is no step `{id}`"))?;
    match (step.kind, is_open(step)) {
        (StepKind::Agent, true) => Ok(step),
        (StepKind::Agent, false) => Err(format!("nobody works on `{id}` any more: it is {}", step.state.name())),
        (StepKind::Command | StepKind::Check | StepKind::Gate | StepKind::Merge | StepKind::SubRun, _) => {
            Err(format!("`{id}` has no agent: it is a step of kind `{}`", step.kind.name()))
        }
    }
}

/// Every agent at work; where none is, the first that is to work.
fn whoever(run: &Run) -> Result<Vec<&Step>, String> {
    let is_agent = |step: &&Step| step.kind == StepKind::Agent;
    let live: Vec<&Step> = run.live().filter(is_agent).collect();
    if !live.is_empty() {
        return Ok(live);
    }
    let mut open: Vec<&Step> = run.steps.iter().filter(is_agent).filter(|step| is_open(step)).collect();
    // What waits for nothing begins first, whatever stands before it.
    open.sort_by_key(|step| step.state == StepState::Blocked);
    match open.first() {
        Some(next) => Ok(vec![next]),
        None => Err("no agent of this run is at work, and none is known to begin".to_owned()),
    }
}

fn is_open(step: &Step) -> bool {
    !step.state.is_over()
}
