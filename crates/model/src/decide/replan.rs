//! When the plan is to change: looked at where a phase comes into sight, where its tests fail, where somebody says so.

use super::Decision;
use crate::event::Event;
use crate::failure::Failure;
use crate::ids::PhaseNumber;
use crate::input::Answer;
use crate::replan::{Evaluation, ReplanKind, Replanning, Standing, Trigger, drift};
use crate::run::{Run, Step, StepState};

/// Phases that nobody has looked at, and the changes that follow.
pub(super) fn on_entry(run: &Run) -> Vec<Event> {
    let Some(policy) = run.created.options.replan.filter(|_| run.can_replan()) else { return Vec::new() };
    let unseen =
        |number: &PhaseNumber| run.phases.get(number).is_some_and(|phase| !phase.evaluated && !phase.is_done());
    let phases = run.plan().into_iter().flat_map(|plan| &plan.phases).filter(|phase| unseen(&phase.number));
    let evaluations: Vec<Evaluation> = phases.flat_map(|phase| policy.evaluate(phase)).collect();
    if evaluations.is_empty() {
        return Vec::new();
    }
    let mut events = vec![Event::ReplanEvaluated { evaluations: evaluations.clone() }];
    let mut called = Vec::new();
    // Of a phase with too many tasks the number tells more than its points do.
    for fired in evaluations.iter().rev().filter(|evaluation| evaluation.fired) {
        let untouched = run.standing(fired.phase) == Standing::Untouched;
        if untouched && can_follow(run) && !called.contains(&fired.phase) {
            called.push(fired.phase);
            events.extend(add(run, policy, fired, kind_of(fired.trigger), fired.words()));
        }
    }
    events[1..].reverse();
    events
}

/// Whether the run's agent can change a plan: one that only runs what the plan says can not.
fn can_follow(run: &Run) -> bool {
    run.planner().repairs
}

fn kind_of(trigger: Trigger) -> ReplanKind {
    match trigger {
        Trigger::Complexity => ReplanKind::Expand,
        Trigger::Tasks | Trigger::TestFailures => ReplanKind::Split,
        Trigger::ScopeDrift => ReplanKind::Add,
        Trigger::Asked => ReplanKind::Update,
    }
}

fn add(run: &Run, policy: Replanning, why: &Evaluation, kind: ReplanKind, reason: String) -> Option<Event> {
    let phase = run.phases.get(&why.phase)?;
    Some(Event::ReplanAdded {
        phase: why.phase,
        number: phase.replans + 1,
        kind,
        trigger: why.trigger,
        reason,
        asks: phase.replans >= policy.limit && !policy.forced,
    })
}

/// Failing tests of a phase: what was looked at, and a change of the plan when they fail again and again.
pub(super) fn after_test_failure(run: &Run, number: PhaseNumber, failure: &Failure) -> Vec<Event> {
    let policy = run.created.options.replan.filter(|_| run.can_replan() && can_follow(run));
    let (Some(policy), Some(phase)) = (policy, run.phases.get(&number)) else { return Vec::new() };
    let evaluation = policy.after_failures(number, phase.repairs + 1);
    let change = evaluation.fired.then(|| add(run, policy, &evaluation, ReplanKind::Split, failure.message.clone()));
    let mut events = vec![Event::ReplanEvaluated { evaluations: vec![evaluation] }];
    events.extend(change.flatten());
    events
}

/// What an agent said about work that the plan does not know of.
pub(super) fn after_drift(run: &Run, step: &Step, succeeded: bool) -> Vec<Event> {
    let policy = run.created.options.replan.filter(|_| run.can_replan() && step.replan.is_none());
    let claims = step.attempt().map(|attempt| attempt.claims.as_slice()).unwrap_or_default();
    let (Some(policy), Some(phase), Some((kind, why))) = (policy, step.phase, drift(claims)) else { return Vec::new() };
    // A phase that is done can not be changed any more; what is missing is added. One that failed goes on only with
    // another text.
    let kind = match (succeeded, kind.holds()) {
        (true, true) => ReplanKind::Add,
        (false, false) => ReplanKind::Update,
        (true, false) | (false, true) => kind,
    };
    let evaluation = Evaluation { phase, trigger: Trigger::ScopeDrift, value: 1, threshold: 1, fired: true };
    let change = can_follow(run).then(|| add(run, policy, &evaluation, kind, why));
    let mut events = vec![Event::ReplanEvaluated { evaluations: vec![evaluation] }];
    events.extend(change.flatten());
    events
}

/// A person wants the plan to change.
pub(super) fn asked(run: &Run, (phase, kind): (PhaseNumber, ReplanKind), reason: &str, forced: bool) -> Decision {
    if let Err(why) = may_change(run, phase, kind) {
        return Decision::refused(Answer::NotWaiting { reason: why });
    }
    let policy = run.created.options.replan.unwrap_or_default();
    let policy = Replanning { forced: policy.forced || forced, ..policy };
    let evaluation = Evaluation { phase, trigger: Trigger::Asked, value: 1, threshold: 1, fired: true };
    let change = add(run, policy, &evaluation, kind, reason.to_owned());
    let mut events = vec![Event::ReplanEvaluated { evaluations: vec![evaluation] }];
    events.extend(change);
    Decision::accepted(events)
}

fn may_change(run: &Run, phase: PhaseNumber, kind: ReplanKind) -> Result<(), String> {
    if run.closing.is_some() || run.cancelled.is_some() {
        return Err("the run is about to end".to_owned());
    }
    if !run.can_replan() {
        return Err(format!("in state `{}` the plan can not be changed", run.state));
    }
    if !can_follow(run) {
        let agent = &run.planner().name;
        return Err(format!("the agent `{agent}` only runs what a plan says, and can not change it"));
    }
    let Some(of) = run.phases.get(&phase) else { return Err(format!("the plan has no phase {phase}")) };
    if of.is_done() && kind.holds() {
        return Err(format!("phase {phase} is finished; what is missing can be added (`--kind add`)"));
    }
    match run.replans.iter().find(|replan| replan.phase == phase && replan.state == crate::replan::ReplanState::Pending)
    {
        Some(open) => Err(format!("change {} of phase {phase} is not done yet", open.number)),
        None => Ok(()),
    }
}

/// What the change that is being worked on needs first: nobody at work on its phase. One whose phase is finished has
/// come too late.
pub(super) fn make_way(run: &Run) -> Vec<Event> {
    let Some(active) = run.active_replan().filter(|replan| replan.kind.holds()) else { return Vec::new() };
    if run.standing(active.phase) == Standing::Done {
        let (phase, number) = (active.phase, active.number);
        let reason = "it was finished meanwhile".to_owned();
        let busy = run.live().any(|step| step.phase == Some(phase) && step.replan == Some(number));
        return if busy { Vec::new() } else { vec![Event::ReplanDropped { phase, number, reason }] };
    }
    let at_work = run.live().filter(|step| step.phase == Some(active.phase) && step.replan.is_none());
    let running =
        at_work.filter(|step| step.state == StepState::Running && step.kind == crate::definition::StepKind::Agent);
    let untold = running.filter_map(|step| step.attempt().filter(|attempt| !attempt.stopping).map(|it| (step, it)));
    untold.map(|(step, attempt)| Event::StopRequested { step: step.id.clone(), attempt: attempt.number }).collect()
}
