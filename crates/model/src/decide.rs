//! What is made of an input: events, and an answer. Pure, total and deterministic.
//!
//! An input's own events come from [`decide`]. What follows by itself (leases, transitions, the end) comes from
//! [`settle()`], asked again after each of its answers was applied, until it has nothing to say. [`advance`] is that
//! loop; its events are appended in one transaction, so that a step's completion and the next one's lease are one
//! commit.

mod attempt;
mod budget;
mod by_hand;
mod client;
mod judge;
mod merge;
mod overlap;
mod permission;
mod quota;
mod replan;
mod said;
mod session;
mod settle;

pub use budget::{due as budget_due, parked};
pub use permission::due as question_due;
pub use settle::settle;

use crate::event::{Created, Event};
use crate::failure::Failure;
use crate::input::{Answer, Context, Input};
use crate::run::{Corruption, Position, Run, Waiting};

/// Events and the answer to an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// To be appended, in order; empty unless the answer is `Accepted`.
    pub events: Vec<Event>,
    /// The answer.
    pub answer: Answer,
}

impl Decision {
    fn accepted(events: Vec<Event>) -> Self {
        Self { events, answer: Answer::Accepted }
    }

    fn refused(answer: Answer) -> Self {
        Self { events: Vec::new(), answer }
    }

    fn not_waiting(reason: impl Into<String>) -> Self {
        Self::refused(Answer::NotWaiting { reason: reason.into() })
    }
}

/// The first event of a run.
#[must_use]
pub fn create(created: Created) -> Event {
    Event::RunCreated(Box::new(created))
}

/// What an input means in this state.
#[must_use]
pub fn decide(run: &Run, input: &Input, context: Context) -> Decision {
    if let Some(outcome) = run.outcome {
        return Decision::not_waiting(format!("the run has ended: {}", outcome.name()));
    }
    match input {
        Input::Drive { epoch, pid } => drive(run, *epoch, *pid, context),
        Input::Entered { state, result } => entered(run, state, result),
        Input::Started { of, pid, tree, session } => attempt::started(run, of, *pid, tree, session.as_deref()),
        Input::NotStarted { of, failure } => attempt::not_started(run, of, failure, context),
        Input::Observed { of, offset, observations } => attempt::observed(run, of, *offset, observations),
        Input::Overlapping { one, two, paths } => overlap::seen(run, (one, two), paths),
        Input::Told { of, upto } => attempt::told(run, of, *upto),
        Input::Steer { step, text, by } => said::steer(run, step.as_ref(), text, by),
        Input::Ended { of, ending, snapshot, tail } => {
            attempt::ended(run, of, ending, snapshot.as_ref(), tail, context)
        }
        Input::Verified { of, result } => attempt::verified(run, of, result, context),
        Input::Performed { of, result } => attempt::performed(run, of, result, context),
        Input::Moved { of } => merge::moved(run, of),
        Input::Delivered { of, blocked } => attempt::delivered(run, of, blocked.as_ref()),
        Input::BaseMoved { of, commit, blocked } => merge::delivery_overtaken(run, of, commit, blocked),
        Input::MoveFailed { of, failure } => attempt::move_failed(run, of, failure),
        Input::Due { step, due } => timer_due(run, step, *due),
        Input::Answer { step, answer, by, comment } => {
            permission::answer_gate(run, step, (*answer, by, comment), context.now)
        }
        Input::Permit { step, attempt, request, answer, by, comment, always } => {
            let said = permission::Permit { answer: *answer, by, comment, always: always.as_ref() };
            permission::permit(run, (step, *attempt, request), &said, context.now)
        }
        Input::QuestionsDue => permission::came_due(run, context.now),
        Input::LimitOver { due } => quota::over(run, *due),
        Input::Replan { phase, kind, reason, forced } => replan::asked(run, (*phase, *kind), reason, *forced),
        Input::Budget { budgets, by } => budget::change(run, budgets, by),
        Input::BudgetDue => budget::came_due(run, context.now),
        Input::SpentElsewhere { elsewhere } => budget::look(run, elsewhere),
        Input::Retry { step, by } => by_hand::retry(run, step, by),
        Input::Skip { step, by, reason } => by_hand::skip(run, step, by, reason),
        Input::Pause { by } => pause(run, by),
        Input::Resume { by } => resume(run, by),
        Input::Cancel { by, reason } => cancel(run, by, reason),
        Input::Closed { kept, artifacts } => closed(run, kept, artifacts),
    }
}

/// Decides, applies, and settles until nothing follows any more.
///
/// # Errors
/// [`Corruption`] if a decided event can not be applied: a fault of this program. The run is then not to be used.
pub fn advance(run: &mut Run, input: &Input, context: Context) -> Result<Decision, Corruption> {
    let Decision { mut events, answer } = decide(run, input, context);
    let mut pending = events.clone();
    loop {
        for event in &pending {
            let position = Position { sequence: run.sequence + 1, at: context.now };
            run.apply(position, event)?;
        }
        if answer != Answer::Accepted {
            return Ok(Decision { events, answer });
        }
        pending = settle(run);
        if pending.is_empty() {
            return Ok(Decision { events, answer });
        }
        events.extend(pending.iter().cloned());
    }
}

/// A new driver is somebody's will that the run goes on, also where it does not do so by itself after a limit.
fn drive(run: &Run, epoch: crate::ids::Token, pid: u32, context: Context) -> Decision {
    if run.driver == Some((epoch, pid)) {
        return Decision::accepted(Vec::new());
    }
    let took = std::iter::once(Event::DriverTook { epoch, pid });
    let over = if run.closing.is_some() { Vec::new() } else { quota::ended(run, context.now) };
    Decision::accepted(took.chain(over).collect())
}

fn entered(
    run: &Run,
    state: &crate::definition::StateName,
    result: &Result<crate::event::EntryFacts, Failure>,
) -> Decision {
    if let Some(closing) = &run.closing {
        return Decision::not_waiting(format!("the run is about to end: {}", closing.outcome.name()));
    }
    if run.transition.as_ref() != Some(state) {
        return if run.visit(state) > 0 {
            Decision::refused(Answer::AlreadyDone)
        } else {
            Decision::not_waiting(format!("no transition to `{state}` is intended"))
        };
    }
    match result {
        Ok(facts) => Decision::accepted(vec![Event::TransitionCompleted {
            from: run.state.clone(),
            to: state.clone(),
            facts: facts.clone(),
        }]),
        Err(failure) => Decision::accepted(vec![Event::RunClosing {
            outcome: crate::event::Outcome::Failed,
            message: describe(&format!("state `{state}` can not be entered"), failure),
        }]),
    }
}

/// A failure as the text of a run's end.
fn describe(what: &str, failure: &Failure) -> String {
    let mut text = format!("{what}: {}", failure.message);
    for line in &failure.remedy {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}

fn timer_due(run: &Run, id: &crate::ids::StepId, due: crate::time::UtcMillis) -> Decision {
    let waiting = run.step(id).and_then(|step| step.waiting.as_ref());
    match waiting {
        Some(Waiting::Until { due: armed, .. }) if *armed == due => {
            Decision::accepted(vec![Event::RetryDue { step: id.clone() }])
        }
        Some(Waiting::Until { .. } | Waiting::Answer { .. }) | None => Decision::refused(Answer::AlreadyDone),
    }
}

fn pause(run: &Run, by: &str) -> Decision {
    if run.paused.is_some() {
        return Decision::refused(Answer::AlreadyDone);
    }
    Decision::accepted(vec![Event::PauseRequested { by: by.to_owned() }])
}

fn resume(run: &Run, by: &str) -> Decision {
    if run.paused.is_none() {
        return Decision::refused(Answer::AlreadyDone);
    }
    Decision::accepted(vec![Event::Resumed { by: by.to_owned() }])
}

fn cancel(run: &Run, by: &str, reason: &str) -> Decision {
    if run.cancelled.is_some() || run.closing.is_some() {
        return Decision::refused(Answer::AlreadyDone);
    }
    Decision::accepted(vec![Event::CancelRequested { by: by.to_owned(), reason: reason.to_owned() }])
}

fn closed(run: &Run, kept: &[String], artifacts: &[crate::event::Artifact]) -> Decision {
    match &run.closing {
        Some(closing) => Decision::accepted(vec![Event::RunEnded {
            outcome: closing.outcome,
            kept: kept.to_vec(),
            artifacts: artifacts.to_vec(),
        }]),
        None => Decision::not_waiting("the run is not closing"),
    }
}
