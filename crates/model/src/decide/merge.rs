//! What becomes of candidates: they go in, are looked at more closely, or go to repair.

use super::attempt::{defer, failed, on_move, succeeded};
use super::{Decision, replan};
use crate::definition::StepKind;
use crate::event::{AttemptEnding, Event, RefMove, Verdict};
use crate::failure::{Failure, FailureClass, FailureKind};
use crate::ids::{Oid, PhaseNumber};
use crate::input::{Context, Of};
use crate::merge::{Conflict, Joined, Link, Next, Probe, Repairing, next, standings};
use crate::obligation::Effect;
use crate::run::{Run, Step};

/// How often the user's branch may move while its commits are taken in: then the result waits.
const BASE_MOVES: usize = 5;

/// What the carrier of a batch reports.
pub(super) struct Chain<'a> {
    pub(super) base: &'a Probe,
    pub(super) links: &'a [Link],
    pub(super) verdict: Option<&'a Verdict>,
}

/// Where a repair begins, beyond the phase's own work.
#[derive(Default)]
pub(super) struct Bent<'a> {
    /// The commit to work on.
    base: Option<&'a Oid>,
    /// The two sides, where they do not merge.
    conflict: Option<&'a Conflict>,
}

/// The candidates of a batch, and perhaps one more result. Those that conflict leave it; the others go in, or are tested
/// on, or, where the guilty one is found, go in up to it.
pub(super) fn chained(run: &Run, leader: &Step, chain: &Chain<'_>, context: Context) -> Decision {
    let batch = run.batch(&leader.id);
    if !chain.links.iter().map(|link| &link.step).eq(batch.iter().map(|step| &step.id)) {
        return Decision::not_waiting(format!("`{}` carries another batch", leader.id));
    }
    let members: Vec<(&Step, &Link)> = batch.into_iter().zip(chain.links).collect();
    let clean: Vec<(&Step, &Probe)> =
        members.iter().filter_map(|(step, link)| Some((*step, link.joined.as_ref().ok()?))).collect();
    let mut events: Vec<Event> =
        chain.verdict.and_then(|verdict| record(run, leader, verdict, &clean)).into_iter().collect();
    for (step, link) in &members {
        if let Err(apart) = &link.joined {
            let bent = Bent { base: Some(&apart.conflict.marked), conflict: Some(&apart.conflict) };
            events.extend(given_up(run, step, &apart.failure, &bent, context));
        }
    }
    let probes: Vec<&Probe> = clean.iter().map(|(_, probe)| *probe).collect();
    match next(&standings(chain.base, &probes, |command, tree| passed(run, chain.verdict, command, tree))) {
        Next::Test(_) => {}
        Next::Take => events.extend(going_in(chain.base, &clean)),
        Next::Guilty(at) => {
            let (good, rest) = clean.split_at(at.saturating_sub(1));
            events.extend(going_in(chain.base, good));
            if let Some((step, probe)) = rest.first() {
                let verdict =
                    probe.command.as_deref().and_then(|command| of_tree(run, chain.verdict, command, &probe.tree));
                let failure = test_failure(verdict, step);
                let bent = Bent { base: Some(&probe.commit), conflict: None };
                events.extend(given_up(run, step, &failure, &bent, context));
            }
        }
    }
    Decision::accepted(events)
}

/// A verdict that was taken from the journal is not written into it again.
fn record(run: &Run, leader: &Step, verdict: &Verdict, clean: &[(&Step, &Probe)]) -> Option<Event> {
    if run.verdict(&verdict.command, &verdict.tree) == Some(verdict) {
        return None;
    }
    let upto = clean.iter().position(|(_, probe)| probe.tree == verdict.tree).map_or(0, |at| at + 1);
    let of = clean.iter().take(upto).map(|(step, _)| step.id.clone()).collect();
    Some(Event::VerdictRecorded { step: leader.id.clone(), verdict: verdict.clone(), of })
}

fn of_tree<'a>(run: &'a Run, newest: Option<&'a Verdict>, command: &str, tree: &Oid) -> Option<&'a Verdict> {
    let newest = newest.filter(|verdict| verdict.command == command && verdict.tree == *tree);
    newest.or_else(|| run.verdict(command, tree))
}

fn passed(run: &Run, newest: Option<&Verdict>, command: &str, tree: &Oid) -> Option<bool> {
    of_tree(run, newest, command, tree).map(|verdict| verdict.passed)
}

/// One move of the branch to the last of these; nothing where there is none.
fn going_in(base: &Probe, clean: &[(&Step, &Probe)]) -> Option<Event> {
    let ((last, tip), before) = clean.split_last()?;
    let joined = |(step, probe): &(&Step, &Probe)| {
        Some(Joined { step: step.id.clone(), attempt: step.attempt()?.number, commit: probe.commit.clone() })
    };
    let after = before.iter().filter_map(joined).collect();
    let movement = RefMove { old: base.commit.clone(), new: tip.commit.clone() };
    Some(intended(&of(last)?, &movement, after))
}

pub(super) fn intended(of: &Of, movement: &RefMove, after: Vec<Joined>) -> Event {
    Event::MergeIntended { step: of.step.clone(), attempt: of.attempt, movement: movement.clone(), after }
}

fn of(step: &Step) -> Option<Of> {
    let attempt = step.attempt()?;
    Some(Of { step: step.id.clone(), attempt: attempt.number, token: attempt.token })
}

/// A merge that does not go in: the step fails, and goes to repair where that is wanted.
fn given_up(run: &Run, step: &Step, failure: &Failure, bent: &Bent<'_>, context: Context) -> Vec<Event> {
    let Some(of) = of(step) else { return Vec::new() };
    let mut events = failed(run, step, &of, failure, context);
    events.extend(mend(run, step, &events, failure, bent));
    events
}

fn test_failure(verdict: Option<&Verdict>, step: &Step) -> Failure {
    let command = verdict.map_or("the tests", |verdict| verdict.command.as_str());
    let place = match (step.phase, step.base) {
        (Some(number), _) => format!(" after phase {number} was merged"),
        (None, Some(_)) => " after your branch's new commits were merged".to_owned(),
        (None, None) => String::new(),
    };
    Failure::new(FailureClass::Permanent, FailureKind::TestFailure, format!("`{command}` fails{place}"))
        .expected_found("tests that pass, as before the merge", "tests that fail")
        .context(verdict.iter().flat_map(|verdict| verdict.tail.iter().cloned()))
        .diagnosed(verdict.map(|verdict| verdict.tail.as_slice()).unwrap_or_default())
        .remedy("mend the phase in the plan and run it again, or choose an agent that can repair (`--agent`)")
}

/// What a phase left and what fails goes to an agent: to mend it, or, when tests fail again and again, to change the plan.
pub(super) fn mend(run: &Run, step: &Step, events: &[Event], failure: &Failure, bent: &Bent<'_>) -> Vec<Event> {
    let for_good = events.iter().any(|event| matches!(event, Event::StepFailed { .. }));
    let shown = matches!(failure.kind, FailureKind::TestFailure | FailureKind::RequirementUnmet);
    let tests = failure.class.handling().repairable && shown;
    if !for_good || !tests && bent.conflict.is_none() || step.replan.is_some() {
        return Vec::new();
    }
    let wanted = step.kind != StepKind::Merge || run.created.options.merge.repair != Repairing::Off;
    match (step.phase, step.base) {
        (Some(number), _) => {
            let mut follows = if tests { replan::after_test_failure(run, number, failure) } else { Vec::new() };
            if !follows.iter().any(|event| matches!(event, Event::ReplanAdded { .. })) && wanted {
                follows.extend(repair(run, (step, number), failure, bent));
            }
            follows
        }
        (None, Some(number)) if wanted => repair_of_base(run, number, failure, bent).into_iter().collect(),
        (None, Some(_) | None) => Vec::new(),
    }
}

/// A failed phase goes to an agent for repair, if there is one and rounds are left.
fn repair(run: &Run, (step, number): (&Step, PhaseNumber), failure: &Failure, bent: &Bent<'_>) -> Option<Event> {
    let phase = run.phases.get(&number)?;
    // Each phase that came in meanwhile may be in the way anew, which is no fault of the last repair.
    let merged = run.phases.values().filter(|phase| phase.merged).count();
    let more = bent.conflict.map_or(0, |_| u32::try_from(merged).unwrap_or(u32::MAX));
    let rounds = run.created.definition.policy.debug_rounds.saturating_add(more);
    let of_phase = |at: u32| run.steps.get(at as usize).filter(|step| step.replan.is_none());
    let newest = || phase.steps.iter().rev().find_map(|&at| of_phase(at)?.work.as_ref());
    let base = bent.base.cloned().or_else(|| newest().map(|work| work.commit.clone()))?;
    (run.mender().repairs && phase.repairs < rounds).then(|| Event::RepairAdded {
        phase: number,
        round: phase.repairs + 1,
        base,
        failure: failure.clone(),
        conflict: bent.conflict.cloned().map(Box::new),
        asks: step.kind == StepKind::Merge && run.created.options.merge.repair == Repairing::Gate,
    })
}

/// The same for what the user's branch has got.
fn repair_of_base(run: &Run, number: u32, failure: &Failure, bent: &Bent<'_>) -> Option<Event> {
    let base = run.bases.get((number as usize).checked_sub(1)?)?;
    let allowed = run.mender().repairs && base.repairs < run.created.definition.policy.debug_rounds;
    let event = |commit: &Oid| Event::BaseRepairAdded {
        number,
        round: base.repairs + 1,
        base: commit.clone(),
        failure: failure.clone(),
        conflict: bent.conflict.cloned().map(Box::new),
        asks: run.created.options.merge.repair == Repairing::Gate,
    };
    bent.base.filter(|_| allowed).map(event)
}

pub(super) fn moved(run: &Run, of: &Of) -> Decision {
    on_move(run, of, &[Effect::Move], |step| {
        let mut events = Vec::new();
        for merge in run.going_in() {
            let (Some(movement), Some(own)) = (&merge.movement, self::of(merge)) else { continue };
            let commit = movement.new.clone();
            events.push(Event::Merged { step: own.step.clone(), attempt: own.attempt, commit });
            events.push(succeeded(&own));
        }
        let changed = run.replan_of(step).filter(|replan| replan.proposal.is_some());
        events.extend(changed.map(|replan| Event::Replanned { phase: replan.phase, number: replan.number }));
        Decision::accepted(events)
    })
}

/// Merges whose batch came to an end without them wait again.
pub(super) fn back_into_the_queue(run: &Run) -> Vec<Event> {
    let stopped = |step: &Step| {
        let attempt = step.attempt()?.number;
        Some(Event::AttemptEnded {
            step: step.id.clone(),
            attempt,
            ending: AttemptEnding::Stopped,
            snapshot: None,
            limit: None,
        })
    };
    run.left_behind().filter_map(stopped).collect()
}

/// The user's branch has moved: what it got is taken in first, while that has an end.
pub(super) fn base_moved(run: &Run, of: &Of, commit: &Oid, (reason, command): &(String, String)) -> Vec<Event> {
    if run.bases.len() >= BASE_MOVES {
        return defer(of, reason, command).to_vec();
    }
    let number = u32::try_from(run.bases.len()).unwrap_or(u32::MAX).saturating_add(1);
    vec![Event::BaseMoved { step: of.step.clone(), attempt: of.attempt, number, commit: commit.clone() }]
}

/// It has moved while it was to be moved.
pub(super) fn delivery_overtaken(run: &Run, of: &Of, commit: &Oid, blocked: &(String, String)) -> Decision {
    on_move(run, of, &[Effect::Deliver], |_| Decision::accepted(base_moved(run, of, commit, blocked)))
}
