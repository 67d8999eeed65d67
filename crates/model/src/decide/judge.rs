//! What follows from a verifier's judgement.

use super::merge::{Bent, mend};
use crate::event::Event;
use crate::input::Of;
use crate::judgement::Judgement;
use crate::run::{Run, Step};

/// A new judgement: the phase goes on to its merge, or to repair, as after a check that fails.
pub(super) fn judged(run: &Run, step: &Step, of: &Of, judgement: &Judgement, warnings: &[String]) -> Vec<Event> {
    let told =
        Event::PhaseJudged { step: of.step.clone(), attempt: of.attempt, judgement: Box::new(judgement.clone()) };
    std::iter::once(told).chain(follows(run, step, of.attempt, judgement, warnings)).collect()
}

/// A tree is not judged twice for one requirement: where a repair has changed nothing, what was found before stands. Only
/// for a step that was never tried: who tries one again by hand wants to hear another word.
pub(super) fn as_before(run: &Run, leased: &Event) -> Vec<Event> {
    let Event::AttemptLeased { step, attempt, .. } = leased else { return Vec::new() };
    let step = run.step(step).filter(|step| step.attempts.is_empty());
    let Some((step, known)) = step.and_then(|step| Some((step, run.known_judgement(step)?))) else {
        return Vec::new();
    };
    follows(run, step, *attempt, known, &[])
}

fn follows(run: &Run, step: &Step, attempt: u32, judgement: &Judgement, warnings: &[String]) -> Vec<Event> {
    let id = step.id.clone();
    let Some(number) = step.phase.filter(|_| !judgement.passed) else {
        // The verifier's own tree is nobody's work.
        let (work, artifacts, warnings) = (None, Vec::new(), warnings.to_vec());
        return vec![Event::StepSucceeded { step: id, attempt, work, artifacts, warnings }];
    };
    let failure = judgement.failure(number);
    let mut events = vec![Event::StepFailed { step: id, attempt, failure: failure.clone() }];
    events.extend(mend(run, step, &events, &failure, &Bent::default()));
    events
}
