//! Where a run can be forked: at every event but those that are one with the next, and those that end it.

use crate::event::{Event, Outcome};
use crate::ids::{RunId, StepId};
use crate::run::{Corruption, Position, Run};

/// An event with its place.
pub type Written = (Position, Event);

/// An event at which a run is forked, and the run as it was then.
#[derive(Debug, Clone)]
pub struct Point {
    /// The last event of the past.
    pub at: u64,
    /// The run after it.
    pub run: Run,
}

/// Why a run can not be forked at an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such event.
    #[error("`{run}` has no event {at}, its newest is {last}")]
    NoEvent {
        /// The run.
        run: RunId,
        /// The event.
        at: u64,
        /// The newest.
        last: u64,
    },
    /// A step that was never begun is no moment.
    #[error("`{step}` was never begun in `{run}`")]
    NotBegun {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// It is the work of a step of another run.
    #[error("`{run}` is a part of `{above}`; fork that one")]
    Part {
        /// The run.
        run: RunId,
        /// The run above.
        above: RunId,
    },
    /// Its end was decided by then.
    #[error("at event {at} the end of `{run}` was decided: it {}; event {before} is the last before that", .outcome.name())]
    Ending {
        /// The run.
        run: RunId,
        /// The event.
        at: u64,
        /// The outcome.
        outcome: Outcome,
        /// The last event that can be forked at.
        before: u64,
    },
    /// The events do not fit together.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
}

/// The point of a fork at an event, or just after it, where the event is one with those that follow.
///
/// # Errors
/// [`Refusal`].
pub fn point(journal: &[Written], at: u64) -> Result<Point, Refusal> {
    let mut run = begun(journal)?;
    if let Some(parent) = &run.created.parent {
        return Err(Refusal::Part { run: run.id().clone(), above: parent.run.clone() });
    }
    let last = journal.last().map_or(0, |(position, _)| position.sequence);
    if at == 0 || at > last {
        return Err(Refusal::NoEvent { run: run.id().clone(), at, last });
    }
    let whole = whole(journal, at);
    let mut before = 1;
    for (position, event) in journal.iter().skip(1).take_while(|(position, _)| position.sequence <= whole) {
        run.apply(*position, event)?;
        match outcome(&run) {
            Some(outcome) => return Err(Refusal::Ending { run: run.id().clone(), at: whole, outcome, before }),
            None => before = position.sequence,
        }
    }
    Ok(Point { at: whole, run })
}

/// The last event before a step was first begun.
///
/// # Errors
/// [`Refusal::NotBegun`].
pub fn before(journal: &[Written], step: &StepId) -> Result<u64, Refusal> {
    let begins = |event: &Event| matches!(event, Event::AttemptLeased { step: of, .. } | Event::GateOpened { step: of, .. } if of == step);
    match journal.iter().find(|(_, event)| begins(event)) {
        Some((position, _)) => Ok(position.sequence.saturating_sub(1)),
        None => Err(Refusal::NotBegun { run: begun(journal)?.id().clone(), step: step.clone() }),
    }
}

fn begun(journal: &[Written]) -> Result<Run, Corruption> {
    match journal.first() {
        Some((position, event)) => Run::begin(*position, event),
        None => Err(Corruption { sequence: 0, event: "run_created", reason: "is missing".to_owned() }),
    }
}

/// How a run ends that can not be turned any more.
fn outcome(run: &Run) -> Option<Outcome> {
    run.closing.as_ref().map(|closing| closing.outcome).or(run.cancelled.as_ref().map(|_| Outcome::Cancelled))
}

/// The event, or the last of those that are one decision with it: between the two there never was a run that anybody
/// saw, and half of a decision may be a run that can not go on.
fn whole(journal: &[Written], at: u64) -> u64 {
    let pairs = journal.windows(2).skip_while(|pair| pair[0].0.sequence < at);
    let one = pairs.take_while(|pair| pair[0].0.at == pair[1].0.at && is_one(&pair[0].1, &pair[1].1));
    one.last().map_or(at, |pair| pair[1].0.sequence)
}

/// Whether an event is only ever written together with the one before it. Several phases may be judged by one decision.
fn is_one(before: &Event, event: &Event) -> bool {
    use Event as E;
    let is_tested = matches!(before, E::VerdictRecorded { .. });
    let is_seen = matches!(before, E::PhaseJudged { .. });
    let is_left = is_seen || matches!(before, E::PlanAdopted { .. } | E::ReplanProposed { .. });
    let is_brought = matches!(
        before,
        E::Merged { .. } | E::Delivered { .. } | E::DeliveryDeferred { .. } | E::PullRequestOpened { .. }
    );
    let is_mended = matches!(before, E::RepairAdded { .. } | E::BaseRepairAdded { .. });
    let is_failed = matches!(before, E::StepFailed { .. });
    let is_over = matches!(before, E::AttemptEnded { .. }) || is_tested || is_mended || is_failed || is_seen;
    let is_judged = is_failed || matches!(before, E::StepSucceeded { .. } | E::ReplanEvaluated { .. });
    let goes_in = matches!(event, E::MergeIntended { .. });
    let fails = matches!(event, E::RetryScheduled { .. } | E::StepFailed { .. } | E::LimitMet { .. });
    let mends = matches!(
        event,
        E::RepairAdded { .. }
            | E::BaseRepairAdded { .. }
            | E::ReplanEvaluated { .. }
            | E::ReplanAdded { .. }
            | E::ReplanDropped { .. }
            | E::Replanned { .. }
    );
    matches!(event, E::StepSucceeded { .. }) && (is_tested || is_left || is_brought)
        || matches!(event, E::Merged { .. }) && matches!(before, E::StepSucceeded { .. })
        || matches!(event, E::VerdictRecorded { .. }) && is_tested
        || goes_in && (is_tested || is_mended || is_failed)
        || fails && is_over
        || mends && is_judged
}
