//! What follows by itself from a state: leases, stops, transitions, the end.

use crate::definition::{StateName, StepKind};
use crate::event::{AgentChoice, Event, Outcome};
use crate::ids::{Oid, Token};
use crate::obligation::outstanding;
use crate::run::{Lane, Run, Step, StepState};

/// The next events that follow from the state alone; none when it is settled.
#[must_use]
pub fn settle(run: &Run) -> Vec<Event> {
    if run.outcome.is_some() || run.closing.is_some() {
        return Vec::new();
    }
    if run.is_held() {
        return hold(run);
    }
    let answers = [super::permission::answers, super::permission::overdue].into_iter().map(|what| what(run));
    if let Some(events) = answers.into_iter().find(|events| !events.is_empty()) {
        return events;
    }
    let told = super::budget::follows(run);
    if !told.is_empty() {
        return told;
    }
    if run.transition.is_some() {
        return Vec::new();
    }
    let first = [super::replan::on_entry, super::replan::make_way].into_iter().map(|what| what(run));
    if let Some(events) = first.into_iter().find(|events| !events.is_empty()) {
        return events;
    }
    let back = super::merge::back_into_the_queue(run);
    if !back.is_empty() {
        return back;
    }
    let stops = super::overlap::stops(run);
    if !stops.is_empty() {
        return stops;
    }
    let mut leases = next_leases(run);
    if !leases.is_empty() {
        let known: Vec<Event> = leases.iter().flat_map(|lease| super::judge::as_before(run, lease)).collect();
        leases.extend(known);
        return leases;
    }
    if run.is_still() && !is_parked(run) { leave_state(run).into_iter().collect() } else { Vec::new() }
}

/// Whether what could begin waits for the end of a limit of use, or for more of a budget. After the first failure of a
/// state that stops there, nothing could.
fn is_parked(run: &Run) -> bool {
    let held_back = || run.held_back().next().is_some();
    super::budget::parked(run).is_some() || !is_stopped_by_failure(run) && held_back()
}

/// Under a pause or a cancel, what runs is told to stop; a cancelled run closes when all is quiet.
fn hold(run: &Run) -> Vec<Event> {
    let running = run.live().filter(|step| step.kind == StepKind::Agent && step.state == StepState::Running);
    let untold = running.filter_map(|step| step.attempt().filter(|attempt| !attempt.stopping).map(|it| (step, it)));
    let stops: Vec<Event> =
        untold.map(|(step, attempt)| Event::StopRequested { step: step.id.clone(), attempt: attempt.number }).collect();
    if !stops.is_empty() {
        return stops;
    }
    match &run.cancelled {
        Some((by, reason)) if outstanding(run).next().is_none() => {
            let words = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let message = format!("cancelled by {by}{words}");
            vec![Event::RunClosing { outcome: Outcome::Cancelled, message }]
        }
        Some(_) | None => Vec::new(),
    }
}

fn next_leases(run: &Run) -> Vec<Event> {
    if is_stopped_by_failure(run) {
        return Vec::new();
    }
    let next = Lane::ALL.into_iter().filter(|lane| has_room(run, *lane)).find_map(|lane| next_in(run, lane));
    let Some(step) = next else { return Vec::new() };
    match step.kind {
        StepKind::Gate => vec![open_gate(run, step)],
        StepKind::Merge => batch(run, step),
        StepKind::Agent | StepKind::Command | StepKind::Check | StepKind::SubRun => vec![lease(run, step)],
    }
}

/// A merge, and what waits behind it in the queue, as many as are merged together.
fn batch(run: &Run, first: &Step) -> Vec<Event> {
    let alone = run.created.definition.policy.max_parallel == 1 || !run.is_queued(first);
    let most = if alone { 1 } else { run.created.options.merge.batch.max(1) as usize };
    let others = run.ready_in(Lane::Merge).filter(|step| step.id != first.id && run.may_begin(step));
    let others = others.take_while(|step| run.is_queued(step)).take(most - 1);
    let ride = |(place, step): (u64, &Step)| match lease(run, step) {
        Event::AttemptLeased { step, attempt, base, agent, session, reserved, .. } => {
            let (token, rides) = (Token(run.next_token().0.saturating_add(place)), Some(first.id.clone()));
            Event::AttemptLeased { step, attempt, token, base, agent, session, reserved, rides }
        }
        other => other,
    };
    std::iter::once(lease(run, first)).chain((1..).zip(others).map(ride)).collect()
}

/// Whether a failure keeps everything else from beginning.
pub(super) fn is_stopped_by_failure(run: &Run) -> bool {
    run.created.definition.policy.fail_fast && run.tally(StepState::Failed) > 0
}

fn has_room(run: &Run, lane: Lane) -> bool {
    // A workflow that works one after another does nothing beside an agent: not even another phase's check or merge.
    if run.created.definition.policy.max_parallel == 1 && run.live().next().is_some() {
        return lane == Lane::Gate;
    }
    let room = match lane {
        Lane::Work | Lane::Check => run.created.options.max_parallel as usize,
        Lane::Merge => 1,
        Lane::Gate => usize::MAX,
    };
    run.live_in(lane) < room
}

/// The step that begins next in a lane. While as many topics are researched as may be, what is no research goes first. A
/// run of its own researches one topic at least.
fn next_in(run: &Run, lane: Lane) -> Option<&Step> {
    let researches = |step: &Step| step.topic.is_some() || step.track.is_some();
    let researched = || run.live().filter(|step| researches(step)).count();
    let full = run.created.options.max_research.is_some_and(|most| researched() >= most as usize);
    let may = |step: &&Step| run.may_begin(step) && run.is_within_limits(step) && super::budget::allows(run, step);
    let apart = |step: &&Step| !run.waits_for_another(step);
    let can = || run.ready_in(lane).filter(|step| !full || !researches(step)).filter(may).filter(apart);
    // What is only likely to meet something at work lets others go first, and begins where there are none.
    can().find(|step| run.foreseen(step).is_none()).or_else(|| can().next())
}

fn lease(run: &Run, step: &Step) -> Event {
    let from_repair = run.repair_of(step).map(|(base, _)| base.clone());
    let judged = run.judged_work(step).map(|work| work.commit.clone());
    let session = super::session::to_go_on_with(run, step);
    // Its tree stands where it was begun, whatever was merged meanwhile; only what made way is brought onto that.
    let last = session.as_ref().and_then(|_| step.attempt()).filter(|_| run.made_way(step).is_none());
    let taken_up = last.and_then(|attempt| attempt.base.clone());
    Event::AttemptLeased {
        step: step.id.clone(),
        attempt: u32::try_from(step.attempts.len()).unwrap_or(u32::MAX).saturating_add(1),
        token: run.next_token(),
        base: judged.or(taken_up).or(from_repair).or_else(|| start_of(run, step)),
        session,
        agent: other_agent(run, step),
        reserved: super::budget::reservation(run, step),
        rides: None,
    }
}

/// The agent that a limit of use leaves for the step, where that is not the one of its role.
fn other_agent(run: &Run, step: &Step) -> Option<Box<AgentChoice>> {
    let own = run.created.agent_of(run.role(step));
    let player = run.player_now(step).filter(|_| step.kind == StepKind::Agent);
    player.filter(|player| *player != own).map(|player| Box::new(player.clone()))
}

/// The commit that a step starts from. An artifact can be made before there is an integration branch, also outside git.
fn start_of(run: &Run, step: &Step) -> Option<Oid> {
    let users = || run.writes(step).and(run.created.base.commit.clone());
    run.integration.clone().or_else(users)
}

fn open_gate(run: &Run, step: &Step) -> Event {
    let again = run.replan_of(step).map(|replan| {
        let (phase, times, why) = (replan.phase, replan.number - 1, &replan.reason);
        match times {
            0 => format!("change the plan for phase {phase}? ({why})"),
            1 => format!("the plan was changed once for phase {phase}; change it once more? ({why})"),
            _ => format!("the plan was changed {times} times for phase {phase}; change it once more? ({why})"),
        }
    });
    let repair = run.repair_of(step).map(|(_, failure)| format!("let an agent repair it? ({})", failure.message));
    let question = again.or(repair).or_else(|| run.template(step).and_then(|template| template.question.clone()));
    let question = question.unwrap_or_else(|| "go on?".to_owned());
    Event::GateOpened { step: step.id.clone(), question, closes: super::permission::gate_closes(run, step) }
}

/// Nothing of this state can go on: where to now?
fn leave_state(run: &Run) -> Option<Event> {
    let definition = &run.created.definition;
    if run.state == definition.complete {
        return Some(Event::RunClosing { outcome: Outcome::Succeeded, message: "all done".to_owned() });
    }
    if run.tally(StepState::Failed) > 0 || run.tally(StepState::Blocked) > 0 || run.tally(StepState::Ready) > 0 {
        return Some(after_failure(run));
    }
    match definition.next_state(run.scope(), run.created.plan.is_some(), &run.state) {
        Some(next) => Some(intend(run, next)),
        None => Some(fail(format!("state `{}` leads nowhere for scope {}", run.state, run.scope()))),
    }
}

fn intend(run: &Run, to: &StateName) -> Event {
    Event::TransitionIntended { from: run.state.clone(), to: to.clone() }
}

/// The command that does by hand what the run left undone.
const DEBUG: &str = "coordinate run \"fix the failing tests\"";

/// A failure leads to the state that debugs, if that is wanted, while rounds are left and an agent can repair what failed; else to the end.
fn after_failure(run: &Run) -> Event {
    let next = run.created.definition.state(&run.state).and_then(|state| state.on_failure.as_ref());
    let rounds = run.created.definition.policy.debug_rounds;
    let hopeless = run.failures().any(|(_, failure)| !failure.class.handling().repairable);
    match next {
        Some(_) if hopeless => fail(failures(run)),
        Some(next) if !run.created.options.auto_create_debug => fail(format!(
            "{}\n  `auto_create_debug` is off, so `{next}` was not entered; debug it with `{DEBUG}`",
            failures(run)
        )),
        Some(next) if run.mender().repairs && run.visit(next) < rounds => intend(run, next),
        Some(next) if run.mender().repairs => fail(format!("{}; `{next}` was tried {rounds} times", failures(run))),
        Some(_) | None => fail(failures(run)),
    }
}

fn fail(message: String) -> Event {
    Event::RunClosing { outcome: Outcome::Failed, message }
}

fn failures(run: &Run) -> String {
    let texts: Vec<String> = run
        .failures()
        .map(|(step, failure)| match step.phase {
            Some(number) => format!("phase {number}: {}", failure.message),
            None => format!("{}: {}", step.id, failure.message),
        })
        .collect();
    if texts.is_empty() { format!("state `{}` could not be finished", run.state) } else { texts.join("; ") }
}
