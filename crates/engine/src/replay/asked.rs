//! The inputs that no carrier reports: what people said, what the clock said, and what the world outside answered. They
//! are read back from the events that came of them.

use coordinate_model::definition::StepKind;
use coordinate_model::event::{AttemptEnding, Event, GateAnswer};
use coordinate_model::ids::{StepId, Token};
use coordinate_model::input::{Input, Of, Performed};
use coordinate_model::obligation::{Detail, outstanding};
use coordinate_model::run::Run;
use coordinate_model::said::{Said, Saying};
use coordinate_model::time::UtcMillis;

/// What may have been said for this event; each is only taken if it leads to it. `after` is the event after it.
pub(super) fn of(run: &Run, event: &Event, after: Option<&Event>) -> Vec<Input> {
    let mut inputs: Vec<Input> =
        of_people(event, after).into_iter().chain(of_trees(run, event)).chain(of_world(run, event)).collect();
    inputs.extend(due(run).into_iter().map(|(input, _)| input));
    inputs.extend([Input::QuestionsDue, Input::BudgetDue]);
    inputs
}

/// What waits for the clock, with its time.
pub(super) fn due(run: &Run) -> Vec<(Input, UtcMillis)> {
    let timer = |step: Option<&StepId>, due: UtcMillis| match step {
        Some(step) => Input::Due { step: step.clone(), due },
        None => Input::LimitOver { due },
    };
    let timers = outstanding(run).filter_map(|one| {
        let Detail::Until { due } = one.detail else { return None };
        Some((timer(one.key.step.as_ref(), due), due))
    });
    timers.collect()
}

/// The answer to a gate.
pub(super) fn of_gate(event: &Event) -> Option<Input> {
    let Event::GateAnswered { step, answer, by, comment } = event else { return None };
    Some(Input::Answer { step: step.clone(), answer: *answer, by: by.clone(), comment: comment.clone() })
}

fn of_people(event: &Event, after: Option<&Event>) -> Option<Input> {
    let said = match event.clone() {
        Event::DriverTook { epoch, pid } => Input::Drive { epoch, pid },
        Event::MessageAdded { step, attempt, said } => said_to(step, attempt, said, after),
        Event::StepRetried { step, by } => Input::Retry { step, by },
        Event::StepSkipped { step, by, reason } => Input::Skip { step, by, reason },
        Event::ReplanAdded { phase, kind, reason, .. } => Input::Replan { phase, kind, reason, forced: true },
        Event::BudgetChanged { budgets, by } => Input::Budget { budgets, by },
        Event::SpentElsewhere { elsewhere } => Input::SpentElsewhere { elsewhere },
        Event::PauseRequested { by } => Input::Pause { by },
        Event::Resumed { by } => Input::Resume { by },
        Event::CancelRequested { by, reason } => Input::Cancel { by, reason },
        other => return of_gate(&other),
    };
    Some(said)
}

fn said_to(step: StepId, attempt: Option<u32>, Said { by, what }: Said, after: Option<&Event>) -> Input {
    match what {
        Saying::Steer { text } => Input::Steer { step: Some(step), text, by },
        Saying::Permission { request, allowed, comment } => {
            let always = match after {
                Some(Event::RuleAdded { rule, .. }) => Some(rule.clone()),
                Some(_) | None => None,
            };
            let answer = if allowed { GateAnswer::Approved } else { GateAnswer::Rejected };
            Input::Permit { step, attempt: attempt.unwrap_or_default(), request, answer, by, comment, always }
        }
    }
}

/// What was seen in the trees of agents at work, which are not at work now.
fn of_trees(run: &Run, event: &Event) -> Option<Input> {
    let Event::OverlapSeen { earlier, later, paths, .. } = event else { return None };
    let of = |step: &StepId| {
        let attempt = run.step(step)?.attempt()?;
        Some(Of { step: step.clone(), attempt: attempt.number, token: attempt.token })
    };
    Some(Input::Overlapping { one: of(earlier)?, two: of(later)?, paths: paths.clone() })
}

/// What the world outside answered: where requests are opened, the user's checkout as it was then, runs below.
fn of_world(run: &Run, event: &Event) -> Vec<Input> {
    let Some(of) = open(run, event) else { return Vec::new() };
    match event.clone() {
        Event::DeliveryDeferred { reason, command, .. } => {
            let blocked = Some((reason.clone(), command.clone()));
            let result = Performed::Undeliverable { reason, command };
            vec![Input::Performed { of: of.clone(), result }, Input::Delivered { of, blocked }]
        }
        Event::PullRequestOpened { request, .. } => {
            vec![Input::Performed { of, result: Performed::Requested { request } }]
        }
        Event::BaseMoved { commit, .. } => {
            let blocked = (String::new(), String::new());
            let result = Performed::BaseMoved { commit: commit.clone(), blocked: blocked.clone() };
            vec![Input::Performed { of: of.clone(), result }, Input::BaseMoved { of, commit, blocked }]
        }
        // Its watch looked at a clock that does not pass now.
        Event::AttemptEnded { ending: ending @ AttemptEnding::Stalled, snapshot, .. } => {
            vec![Input::Ended { of, ending, snapshot, tail: Vec::new() }]
        }
        other if run.step(&of.step).is_some_and(|step| step.kind == StepKind::SubRun) => {
            of_below(of, other).into_iter().collect()
        }
        _other => Vec::new(),
    }
}

/// What a run below reported.
fn of_below(of: Of, event: Event) -> Option<Input> {
    let done = |artifacts, warnings| Performed::Done { artifacts, warnings, verdicts: Vec::new() };
    let result = match event {
        Event::AgentObserved { offset, observations, .. } => return Some(Input::Observed { of, offset, observations }),
        Event::StepSucceeded { artifacts, warnings, .. } => done(artifacts, warnings),
        Event::AttemptEnded { .. } => Performed::Parked,
        Event::StepFailed { failure, .. } | Event::RetryScheduled { failure, .. } => {
            Performed::Failed { failure, verdicts: Vec::new() }
        }
        _other => return None,
    };
    Some(Input::Performed { of, result })
}

/// What a carrier must have reported that does not report it now: an end that came while nobody had begun yet, or the move
/// of a branch that has moved by itself since.
pub(super) fn as_recorded(run: &Run, event: &Event) -> Option<Input> {
    let of = open(run, event)?;
    match event.clone() {
        Event::AttemptEnded { ending, snapshot, .. } => Some(Input::Ended { of, ending, snapshot, tail: Vec::new() }),
        Event::DeliveryIntended { branch, movement, .. } => {
            Some(Input::Performed { of, result: Performed::Deliverable { branch, movement } })
        }
        Event::Delivered { .. } => Some(Input::Delivered { of, blocked: None }),
        _other => None,
    }
}

/// The open attempt that an event is about.
fn open(run: &Run, event: &Event) -> Option<Of> {
    let step = run.step(&step(event)?)?;
    let attempt = step.attempt()?;
    let (number, token): (u32, Token) = (attempt.number, attempt.token);
    Some(Of { step: step.id.clone(), attempt: number, token })
}

/// The step that an event is about.
pub(super) fn step(event: &Event) -> Option<StepId> {
    let value = serde_json::to_value(event).ok()?;
    value.get("step")?.as_str().map(StepId::new)
}
