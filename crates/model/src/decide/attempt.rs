//! Inputs that speak of an attempt: each is checked against the attempt that it names before anything follows.

use super::{Decision, client, judge, merge, quota, replan, session};
use crate::definition::{Action, StepKind};
use crate::event::{AttemptEnding, Event, Observation, Verdict};
use crate::failure::{Failure, FailureClass, FailureKind, recognise};
use crate::ids::{Oid, StepId};
use crate::input::{Answer, Context, Left, LeftPlan, Of, Performed};
use crate::obligation::{Effect, ObligationKey};
use crate::replan::Proposal;
use crate::retry::pause;
use crate::run::{Attempt, Run, Step, StepState};

/// Supervisors that were lost are replaced without counting, but not for ever.
const LOST_LIMIT: usize = 20;

/// How often an artifact that its contract refuses goes back to its agent.
const SEND_BACKS: u32 = 2;

/// The open attempt that an input speaks of, or the answer to a late, repeated or foreign one.
fn open<'a>(run: &'a Run, of: &Of) -> Result<(&'a Step, &'a Attempt), Answer> {
    let Some(step) = run.step(&of.step) else {
        return Err(Answer::NotWaiting { reason: format!("there is no step `{}`", of.step) });
    };
    let Some(attempt) = step.attempts.iter().find(|attempt| attempt.number == of.attempt) else {
        return Err(Answer::NotWaiting { reason: format!("`{}` has no attempt {}", of.step, of.attempt) });
    };
    if attempt.token != of.token {
        return Err(Answer::Fenced);
    }
    if attempt.ended.is_some() || !step.state.is_live() {
        return Err(Answer::AlreadyDone);
    }
    Ok((step, attempt))
}

/// Decides on an open attempt only.
fn on_open(run: &Run, of: &Of, then: impl FnOnce(&Step, &Attempt) -> Decision) -> Decision {
    match open(run, of) {
        Ok((step, attempt)) => then(step, attempt),
        Err(answer) => Decision::refused(answer),
    }
}

/// Decides on an open attempt in one of these states only.
fn in_state(run: &Run, of: &Of, states: &[StepState], then: impl FnOnce(&Step, &Attempt) -> Decision) -> Decision {
    on_open(run, of, |step, attempt| {
        if states.contains(&step.state) { then(step, attempt) } else { Decision::refused(Answer::AlreadyDone) }
    })
}

pub(super) fn started(run: &Run, of: &Of, pid: u32, tree: &str, session: Option<&str>) -> Decision {
    in_state(run, of, &[StepState::Leased], |step, _| {
        if step.kind != StepKind::Agent {
            return Decision::not_waiting(format!("`{}` has no process of its own", of.step));
        }
        Decision::accepted(vec![Event::AttemptStarted {
            step: of.step.clone(),
            attempt: of.attempt,
            pid,
            tree: tree.to_owned(),
            session: session.map(str::to_owned),
        }])
    })
}

pub(super) fn not_started(run: &Run, of: &Of, failure: &Failure, context: Context) -> Decision {
    in_state(run, of, &[StepState::Leased], |step, _| Decision::accepted(failed(run, step, of, failure, context)))
}

pub(super) fn observed(run: &Run, of: &Of, offset: u64, observations: &[Observation]) -> Decision {
    on_open(run, of, |_, attempt| {
        // An adopted transcript is read from the last journaled offset; what is before it was taken in already.
        if offset <= attempt.offset {
            return Decision::refused(Answer::AlreadyDone);
        }
        Decision::accepted(vec![Event::AgentObserved {
            step: of.step.clone(),
            attempt: of.attempt,
            offset,
            observations: observations.to_vec(),
        }])
    })
}

pub(super) fn told(run: &Run, of: &Of, upto: u32) -> Decision {
    in_state(run, of, &[StepState::Running], |step, attempt| {
        if !step.said.iter().take(upto as usize).any(|message| message.is_due(attempt.number)) {
            return Decision::refused(Answer::AlreadyDone);
        }
        Decision::accepted(vec![Event::MessageTold { step: of.step.clone(), attempt: of.attempt, upto }])
    })
}

pub(super) fn ended(
    run: &Run,
    of: &Of,
    ending: &AttemptEnding,
    snapshot: Option<&Oid>,
    tail: &[String],
    context: Context,
) -> Decision {
    in_state(run, of, &[StepState::Leased, StepState::Running], |step, attempt| {
        if step.kind != StepKind::Agent {
            return Decision::not_waiting(format!("`{}` has no process of its own", of.step));
        }
        // A tree that we told to end, ended by us, however its program put it.
        let ending = if attempt.stopping { &AttemptEnding::Stopped } else { ending };
        let mut events = vec![Event::AttemptEnded {
            step: of.step.clone(),
            attempt: of.attempt,
            ending: ending.clone(),
            snapshot: snapshot.cloned(),
            limit: quota::of_tail(run, attempt, ending, tail, context),
        }];
        if let Some(failure) = ending_failure(ending, run, (step, attempt), tail) {
            let adopted = run.driver.map(|(epoch, _)| epoch) != attempt.driver;
            // Whatever killed the driver has killed the attempt too: no more its failure than a lost supervisor is.
            let interrupted = *ending == AttemptEnding::Lost || adopted && ending.killed_by().is_some();
            if let Some(event) = quota::met(run, (step, attempt), of, &failure, tail, context) {
                events.push(event);
            } else if interrupted || session::is_refused(attempt, ending) {
                events.push(lost(step, of, failure, context));
            } else {
                events.extend(failed_and_told(run, step, of, &failure, context));
            }
        }
        Decision::accepted(events)
    })
}

/// A supervisor that was killed is nobody's failure: the step is tried again at once, within reason.
fn lost(step: &Step, of: &Of, failure: Failure, context: Context) -> Event {
    let is_loss = |ending: &AttemptEnding| *ending == AttemptEnding::Lost || ending.killed_by().is_some();
    let losses = step.attempts.iter().filter(|attempt| attempt.ending.as_ref().is_some_and(is_loss)).count();
    if losses >= LOST_LIMIT {
        return Event::StepFailed { step: of.step.clone(), attempt: of.attempt, failure };
    }
    Event::RetryScheduled { step: of.step.clone(), attempt: of.attempt, due: context.now, counted: false, failure }
}

/// The failure that a process's end means by itself; `None` when what it left is to be checked, or it was stopped.
fn ending_failure(
    ending: &AttemptEnding,
    run: &Run,
    (step, attempt): (&Step, &Attempt),
    tail: &[String],
) -> Option<Failure> {
    use FailureClass::{Permanent, Transient};
    let limits = run.created.options.limits;
    let fail = |class, kind, message: String| Failure::new(class, kind, message).context(tail.iter().cloned());
    let failure = match ending {
        AttemptEnding::Stopped => return None,
        AttemptEnding::Exited { code } => {
            let said = client::failure(run.agent(step), attempt, *code, &step.id, tail);
            return said.or_else(|| (*code != 0).then(|| exit_failure(ending, *code, &step.id, tail)));
        }
        AttemptEnding::Signaled { signal } => {
            if let Some(signal) = ending.killed_by() {
                return Some(killed(signal, tail));
            }
            fail(Permanent, FailureKind::Crash, format!("the agent was ended by signal {signal}"))
                .expected_found("exit code 0", format!("signal {signal}"))
                .remedy(format!("read what it printed with `coordinate logs --step {}`", step.id))
                .remedy("its uncommitted work, if it left any, is kept on the snapshot ref")
        }
        AttemptEnding::IdleLimit if attempt.is_done(ending) => return None,
        AttemptEnding::IdleLimit => {
            let (choice, seconds) = (run.agent(step), limits.idle_ms / 1000);
            let said = client::last_word(choice, attempt, &step.id, tail);
            let said = said.or_else(|| client::silent_after(choice, attempt, &step.id, tail, seconds));
            if said.is_some() {
                return said;
            }
            fail(Transient, FailureKind::IdleTimeout, format!("the agent was silent for {} s", limits.idle_ms / 1000))
                .expected_found("some output", "none")
                .remedy("raise the limit with `-c agent.idle_seconds=N` if it needs longer silence")
        }
        AttemptEnding::Stalled => {
            fail(Transient, FailureKind::IdleTimeout, format!("the agent did nothing for {} s", limits.stall_ms / 1000))
                .expected_found("a message, a call of a tool or a change of its tree", "other output only")
                .remedy("raise the limit with `-c agent.stall_seconds=N` if its tools take longer")
        }
        AttemptEnding::HardLimit => {
            fail(Permanent, FailureKind::HardTimeout, "the agent took longer than its hard limit".to_owned())
                .expected_found(format!("an end within {} s", limits.hard_ms.unwrap_or_default() / 1000), "none")
                .remedy("raise the limit with `-c agent.hard_seconds=N`, or split the phase")
        }
        AttemptEnding::OutputLimit => fail(
            FailureClass::AgentMisbehaved,
            FailureKind::OutputLimit,
            format!("the agent wrote more than {} bytes of output", limits.output_bytes),
        )
        .expected_found(format!("at most {} bytes", limits.output_bytes), "more")
        .remedy("raise the limit with `-c agent.output_bytes=N` if that is right"),
        AttemptEnding::NotStarted { reason } => {
            fail(Permanent, FailureKind::NotStarted, format!("the agent could not be started: {reason}"))
                .expected_found("a process", "none")
                .remedy("look at `coordinate doctor`, or choose another agent with `--agent`")
        }
        AttemptEnding::Lost => fail(Transient, FailureKind::Lost, "the attempt's supervisor was killed".to_owned())
            .expected_found("a supervisor that lives as long as its attempt", "none")
            .remedy("its tree is kept on the snapshot ref; the step is tried again"),
    };
    Some(failure)
}

/// Whether an artifact is there but not as its contract says, and its agent can use being told so.
fn is_sent_back(run: &Run, step: &Step, failure: &Failure) -> bool {
    failure.kind.is_of_text() && run.writes(step).is_some() && run.agent(step).repairs
}

/// Somebody else ended it: by a signal, or so it says by its exit code.
fn killed(signal: i32, tail: &[String]) -> Failure {
    let message = format!("the agent was killed by signal {signal}");
    Failure::new(FailureClass::Transient, FailureKind::Crash, message)
        .context(tail.iter().cloned())
        .expected_found("an end of its own", format!("signal {signal} from outside"))
        .remedy("look whether the machine runs out of memory (`dmesg`)")
        .remedy("its uncommitted work is kept on the snapshot ref; the step is tried again")
}

/// The class of an exit is told by the end of the output, if it tells one: a full disk or a busy service is not the
/// phase's fault.
fn exit_failure(ending: &AttemptEnding, code: i32, step: &StepId, tail: &[String]) -> Failure {
    let told = recognise(tail);
    if let (None, Some(signal)) = (&told, ending.killed_by()) {
        return killed(signal, tail);
    }
    let class = told.as_ref().map_or(FailureClass::Permanent, |told| told.class);
    let found = told.as_ref().map_or_else(String::new, |told| format!(", with `{}`", told.line));
    let failure = Failure::new(class, FailureKind::ExitCode, format!("the agent ended with exit code {code}"))
        .context(tail.iter().cloned())
        .expected_found("exit code 0", format!("exit code {code}{found}"))
        .remedy(format!("read what it printed with `coordinate logs --step {step}`"));
    match class {
        FailureClass::Transient => {
            failure.remedy("it is tried again; if it does not pass, look at what the line names")
        }
        FailureClass::Quota => {
            let reset = told.and_then(|told| told.reset).map_or_else(String::new, |reset| format!(" ({reset})"));
            failure.remedy(format!(
                "the step waits until the limit has ended{reset}; `agent.fallback` names agents that go on meanwhile"
            ))
        }
        FailureClass::Fatal => failure.remedy("mend what the line names (`df -h`, `ls -l`), then run the plan again"),
        FailureClass::Permanent | FailureClass::Cancelled | FailureClass::AgentMisbehaved => {
            failure.remedy("mend the phase, then run the plan again")
        }
    }
}

/// A failed try: tried again, or failed for good and perhaps repaired by an agent.
pub(super) fn failed(run: &Run, step: &Step, of: &Of, failure: &Failure, context: Context) -> Vec<Event> {
    let retry = run.template(step).map(|template| template.retry).unwrap_or_default();
    let tries = step.counted + 1;
    let sent_back = is_sent_back(run, step, failure) && tries <= SEND_BACKS;
    if sent_back || failure.class.handling().retried && tries < retry.tries {
        // An artifact goes back at once; nothing has to calm down first.
        let pause = if sent_back { 0 } else { pause(retry, tries, context.entropy) };
        return vec![Event::RetryScheduled {
            step: of.step.clone(),
            attempt: of.attempt,
            due: context.now.plus(pause),
            counted: true,
            failure: failure.clone(),
        }];
    }
    vec![Event::StepFailed { step: of.step.clone(), attempt: of.attempt, failure: failure.clone() }]
}

/// A failed try of an agent, which may have said that the plan does not fit.
fn failed_and_told(run: &Run, step: &Step, of: &Of, failure: &Failure, context: Context) -> Vec<Event> {
    let mut events = failed(run, step, of, failure, context);
    if events.iter().any(|event| matches!(event, Event::StepFailed { .. })) {
        events.extend(replan::after_drift(run, step, false));
    }
    events
}

pub(super) fn verified(run: &Run, of: &Of, result: &Result<Left, Failure>, context: Context) -> Decision {
    in_state(run, of, &[StepState::Verifying], |step, attempt| match result {
        Ok(Left { judgement: Some(judgement), warnings, .. }) => {
            Decision::accepted(judge::judged(run, step, of, judgement, warnings))
        }
        Ok(left) => {
            let adopt = |left: &LeftPlan| Event::PlanAdopted {
                step: of.step.clone(),
                plan: left.plan.clone(),
                hash: left.hash.clone(),
                diff: left.diff.clone(),
                learned: left.learned.clone(),
            };
            let propose =
                |proposal: &Proposal| Event::ReplanProposed { step: of.step.clone(), proposal: proposal.clone() };
            let mut events: Vec<Event> = left.plan.iter().map(adopt).chain(left.proposal.iter().map(propose)).collect();
            events.push(Event::StepSucceeded {
                step: of.step.clone(),
                attempt: of.attempt,
                work: left.work.clone(),
                artifacts: left.artifacts.clone(),
                warnings: left.warnings.clone(),
            });
            events.extend(replan::after_drift(run, step, true));
            Decision::accepted(events)
        }
        Err(failure) => {
            let failure = client::with_denials(attempt, failure);
            let met = quota::behind(run, (step, attempt), &failure);
            match met.and_then(|failure| quota::met(run, (step, attempt), of, &failure, &[], context)) {
                Some(event) => Decision::accepted(vec![event]),
                None => Decision::accepted(failed_and_told(run, step, of, &failure, context)),
            }
        }
    })
}

pub(super) fn performed(run: &Run, of: &Of, result: &Performed, context: Context) -> Decision {
    in_state(run, of, &[StepState::Leased], |step, attempt| {
        if step.kind == StepKind::Agent {
            return Decision::not_waiting(format!("`{}` is done by a process", of.step));
        }
        if let Some(leader) = &attempt.rides {
            return Decision::not_waiting(format!("`{}` goes in with `{leader}`", of.step));
        }
        // A verdict that was taken from the journal is not written into it again.
        let record = |verdict: &Verdict| {
            let known = run.verdict(&verdict.command, &verdict.tree) == Some(verdict);
            let event = || Event::VerdictRecorded { step: of.step.clone(), verdict: verdict.clone(), of: Vec::new() };
            (!known).then(event)
        };
        let mut events = Vec::new();
        match result {
            Performed::Done { artifacts, warnings, verdicts } => {
                events.extend(verdicts.iter().filter_map(record));
                events.push(Event::StepSucceeded {
                    step: of.step.clone(),
                    attempt: of.attempt,
                    work: None,
                    artifacts: artifacts.clone(),
                    warnings: warnings.clone(),
                });
            }
            Performed::Failed { failure, verdicts } => {
                events.extend(verdicts.iter().filter_map(record));
                events.extend(failed(run, step, of, failure, context));
                events.extend(merge::mend(run, step, &events, failure, &merge::Bent::default()));
            }
            Performed::Merged { movement } => events.push(merge::intended(of, movement, Vec::new())),
            Performed::Chained { base, links, verdict } => {
                return merge::chained(run, step, &merge::Chain { base, links, verdict: verdict.as_ref() }, context);
            }
            Performed::BaseMoved { commit, blocked } => events.extend(merge::base_moved(run, of, commit, blocked)),
            Performed::Deliverable { branch, movement } => events.push(Event::DeliveryIntended {
                step: of.step.clone(),
                attempt: of.attempt,
                branch: branch.clone(),
                movement: movement.clone(),
            }),
            Performed::Requested { request } if run.action(step) == Some(Action::Deliver) => {
                let (step, attempt) = (of.step.clone(), of.attempt);
                events.push(Event::PullRequestOpened { step, attempt, request: request.clone() });
                let reason = format!("a pull request is open: {}", request.url);
                events.extend(defer(of, &reason, &format!("gh pr merge {}", request.url)));
            }
            Performed::Requested { request } => {
                let (step, attempt) = (of.step.clone(), of.attempt);
                events.push(Event::PullRequestOpened { step, attempt, request: request.clone() });
                events.push(succeeded(of));
            }
            Performed::Parked => events.push(Event::AttemptEnded {
                step: of.step.clone(),
                attempt: of.attempt,
                ending: AttemptEnding::Stopped,
                snapshot: None,
                limit: None,
            }),
            Performed::Undeliverable { reason, command } => events.extend(defer(of, reason, command)),
        }
        Decision::accepted(events)
    })
}

/// Decides on an open attempt whose intended move of a ref is outstanding: an agent at work is `Running` too.
pub(super) fn on_move(run: &Run, of: &Of, effects: &[Effect], then: impl FnOnce(&Step) -> Decision) -> Decision {
    in_state(run, of, &[StepState::Running], |step, _| {
        let key = |effect: &Effect| ObligationKey { effect: *effect, step: Some(of.step.clone()), attempt: of.attempt };
        if effects.iter().any(|effect| run.obligations.contains_key(&key(effect))) {
            return then(step);
        }
        Decision::not_waiting(format!("`{}` intends no such move", of.step))
    })
}

pub(super) fn succeeded(of: &Of) -> Event {
    Event::StepSucceeded {
        step: of.step.clone(),
        attempt: of.attempt,
        work: None,
        artifacts: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(super) fn defer(of: &Of, reason: &str, command: &str) -> [Event; 2] {
    let deferred = Event::DeliveryDeferred {
        step: of.step.clone(),
        attempt: of.attempt,
        reason: reason.to_owned(),
        command: command.to_owned(),
    };
    [deferred, succeeded(of)]
}

pub(super) fn delivered(run: &Run, of: &Of, blocked: Option<&(String, String)>) -> Decision {
    on_move(run, of, &[Effect::Deliver], |_| match blocked {
        Some((reason, command)) => Decision::accepted(defer(of, reason, command).to_vec()),
        None => {
            let done = Event::Delivered { step: of.step.clone(), attempt: of.attempt };
            Decision::accepted(vec![done, succeeded(of)])
        }
    })
}

pub(super) fn move_failed(run: &Run, of: &Of, failure: &Failure) -> Decision {
    on_move(run, of, &[Effect::Move, Effect::Deliver], |_| {
        Decision::accepted(vec![Event::StepFailed {
            step: of.step.clone(),
            attempt: of.attempt,
            failure: failure.clone(),
        }])
    })
}
