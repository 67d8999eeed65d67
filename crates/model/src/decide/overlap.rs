//! Phases that are seen to change the same files while they work: the later one makes way, once.

use super::Decision;
use crate::definition::StepKind;
use crate::event::Event;
use crate::forecast::Overlapping;
use crate::input::{Answer, Of};
use crate::run::{Attempt, Run, Step, StepState};

/// Two attempts are seen to change the same files.
pub(super) fn seen(run: &Run, (one, two): (&Of, &Of), paths: &[String]) -> Decision {
    let policy = run.created.options.forecast.map_or(Overlapping::Off, |settings| settings.overlap);
    let (Some(one), Some(two)) = (at_work(run, one), at_work(run, two)) else {
        return Decision::not_waiting("one of them is not at work any more");
    };
    let (earlier, later) = if one.1.token <= two.1.token { (one.0, two.0) } else { (two.0, one.0) };
    let (Some(before), Some(after)) = (earlier.phase, later.phase) else {
        return Decision::not_waiting("only phases make way for one another");
    };
    if policy == Overlapping::Off || before == after || paths.is_empty() {
        return Decision::not_waiting("nobody wants to know");
    }
    if run.overlaps.iter().any(|known| known.is_of(before, after)) {
        return Decision::refused(Answer::AlreadyDone);
    }
    Decision::accepted(vec![Event::OverlapSeen {
        earlier: earlier.id.clone(),
        later: later.id.clone(),
        paths: paths.to_vec(),
        pauses: policy == Overlapping::Pause,
    }])
}

/// An agent at a phase's own work that is not about to be stopped. A repair has its own two sides, and is left alone.
fn at_work<'a>(run: &'a Run, of: &Of) -> Option<(&'a Step, &'a Attempt)> {
    let step = run.step(&of.step)?;
    let attempt = step.attempt().filter(|attempt| attempt.number == of.attempt && attempt.token == of.token)?;
    let own = step.kind == StepKind::Agent && step.replan.is_none() && step.repair.is_none();
    let free = run.writes(step).is_none() && step.state == StepState::Running && !attempt.stopping;
    (own && free).then_some((step, attempt))
}

/// Attempts that make way are told to stop; what they have is kept first, like before every stop.
pub(super) fn stops(run: &Run) -> Vec<Event> {
    let told = |step: &Step| {
        let attempt = step.attempt().filter(|attempt| step.state == StepState::Running && !attempt.stopping)?;
        run.makes_way(step)?;
        Some(Event::StopRequested { step: step.id.clone(), attempt: attempt.number })
    };
    if run.overlaps.is_empty() { Vec::new() } else { run.live().filter_map(told).collect() }
}
