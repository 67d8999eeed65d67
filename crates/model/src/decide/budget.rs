//! What a budget lets begin, when it is told of, and what is ended where it is spent.

use super::Decision;
use crate::budget::{Bound, Budgets, Elsewhere, LimitName, Limits, Measure, Mode, Purse};
use crate::definition::StepKind;
use crate::event::Event;
use crate::input::Answer;
use crate::ledger::{Line, expected, lines, role, spends};
use crate::run::{Lane, Run, Step, StepState};
use crate::said::{Said, Saying};
use crate::time::UtcMillis;

/// Limits that are near or reached and of which nothing was told yet.
pub(super) fn follows(run: &Run) -> Vec<Event> {
    let Some(purse) = run.purse.as_deref() else { return Vec::new() };
    lines(run).into_iter().flat_map(|line| told(run, purse, line)).collect()
}

fn told(run: &Run, purse: &Purse, line: Line) -> Vec<Event> {
    if purse.has_reached(&line.limit) {
        return Vec::new();
    }
    let (spent, most) = (line.spent, line.most);
    // To have begun all attempts that may be begun is no harm until somebody wants one more.
    let wanted = || line.limit.measure != Measure::Attempts || ready(run).any(|step| applies(run, step, &line.limit));
    if line.is_spent() && wanted() {
        return reach(run, line.limit, spent, most);
    }
    let near = line.is_near(purse.budgets.warn_percent) && !line.is_spent() && !purse.warned.contains(&line.limit);
    near.then_some(Event::BudgetWarned { limit: line.limit, spent, most }).into_iter().collect()
}

/// A limit is spent. Who works under it and can hear it is told to come to an end, while the time of grace runs.
fn reach(run: &Run, limit: LimitName, spent: u64, most: u64) -> Vec<Event> {
    let hears = |step: &&Step| run.agent(step).hears && applies(run, step, &limit);
    let tell = |(step, purse): (&Step, &Purse)| {
        let attempt = step.attempt().map(|attempt| attempt.number);
        let said =
            Said { by: BUDGET.to_owned(), what: Saying::Steer { text: last_words(&limit, purse.budgets.grace_ms) } };
        Event::MessageAdded { step: step.id.clone(), attempt, said }
    };
    let last = enforced(run).filter(|_| limit.measure != Measure::Attempts);
    let told: Vec<Event> = at_work(run).filter(hears).filter_map(|step| Some((step, last?))).map(tell).collect();
    std::iter::once(Event::BudgetReached { limit, spent, most }).chain(told).collect()
}

/// Who tells agents that a limit is spent.
const BUDGET: &str = "the budget";

fn last_words(limit: &LimitName, grace_ms: u64) -> String {
    format!(
        "The budget is spent ({limit}). You have {} seconds: begin nothing new, commit what you have, and say in a few \
         lines what is done and what is left.",
        grace_ms / 1000
    )
}

/// Agents whose processes run and were not told to stop.
fn at_work(run: &Run) -> impl Iterator<Item = &Step> {
    let running = run.live().filter(|step| step.kind == StepKind::Agent && step.state == StepState::Running);
    running.filter(|step| step.attempt().is_some_and(|attempt| !attempt.stopping))
}

/// Steps that could begin, and would spend.
fn ready(run: &Run) -> impl Iterator<Item = &Step> {
    run.ready_in(Lane::Work).filter(|step| spends(step))
}

fn applies(run: &Run, step: &Step, limit: &LimitName) -> bool {
    match &limit.bound {
        Bound::Run | Bound::Day => true,
        Bound::Role(name) => role(run, step) == name,
    }
}

/// The purse of a run whose limits are kept, and not only told of.
fn enforced(run: &Run) -> Option<&Purse> {
    run.purse.as_deref().filter(|purse| purse.budgets.mode == Mode::Enforce)
}

/// Whether the budget lets a step begin.
pub(super) fn allows(run: &Run, step: &Step) -> bool {
    let Some(purse) = enforced(run).filter(|_| spends(step)) else { return true };
    let need = expected(run, &purse.budgets, role(run, step));
    lines(run).iter().filter(|line| applies(run, step, &line.limit)).all(|line| {
        let need = match line.limit.measure {
            Measure::Tokens => need.tokens,
            Measure::Money => need.micro_usd,
            Measure::Time | Measure::Attempts => 0,
        };
        !purse.has_reached(&line.limit) && line.has_room(need)
    })
}

/// What is set aside for a step's next attempt. A run below gets its share of what is left, and keeps to it by itself.
pub(super) fn reservation(run: &Run, step: &Step) -> Option<Limits> {
    let purse = run.purse.as_deref().filter(|_| spends(step))?;
    if step.kind == StepKind::SubRun {
        return Some(if enforced(run).is_some() { share(run, step) } else { Limits::default() });
    }
    let need = expected(run, &purse.budgets, run.role(step));
    Some(Limits { tokens: Some(need.tokens), micro_usd: Some(need.micro_usd), ..Limits::default() })
}

/// What is left, divided by the runs below that have still to begin.
fn share(run: &Run, step: &Step) -> Limits {
    let open = run.steps.iter().filter(|step| step.kind == StepKind::SubRun && step.state == StepState::Ready);
    let parts = (open.count() as u64).max(1);
    let lines = lines(run);
    let least = |measure: Measure, divided: bool| {
        let of = lines.iter().filter(|line| line.limit.measure == measure && applies(run, step, &line.limit));
        let part = |left: u64| if divided { left.div_ceil(parts) } else { left };
        of.map(|line| part(line.left())).min()
    };
    Limits {
        tokens: least(Measure::Tokens, true),
        micro_usd: least(Measure::Money, true),
        wall_ms: least(Measure::Time, false),
        attempts: least(Measure::Attempts, true),
    }
}

/// The limit for which a run that is at rest does not go on: somebody must raise it.
#[must_use]
pub fn parked(run: &Run) -> Option<Line> {
    let rests = run.live().next().is_none() && run.transition.is_none() && run.closing.is_none();
    let purse = enforced(run).filter(|_| rests && run.outcome.is_none() && !run.is_held())?;
    if super::settle::is_stopped_by_failure(run) {
        return None;
    }
    let refused: Vec<&Step> = ready(run).filter(|step| !allows(run, step)).collect();
    let stands_for = |line: &Line| {
        let reached = line.is_spent() || purse.has_reached(&line.limit);
        reached && refused.iter().any(|step| applies(run, step, &line.limit))
    };
    lines(run).into_iter().find(stands_for)
}

/// When the budget is to be looked at again although nothing happens: the time of grace is over, or the time is spent.
#[must_use]
pub fn due(run: &Run) -> Option<UtcMillis> {
    let purse = run.purse.as_deref().filter(|_| !run.is_held() && run.closing.is_none() && run.outcome.is_none())?;
    let grace = out_of_budget(run).map(|(_, until)| until).min();
    let time = run_time();
    let worked = purse.budgets.run.wall_ms.filter(|_| !purse.has_reached(&time) && run.live().next().is_some());
    let spent = worked.map(|most| purse.clocked.plus(most.saturating_sub(purse.worked_ms)));
    grace.into_iter().chain(spent).min()
}

fn run_time() -> LimitName {
    LimitName { bound: Bound::Run, measure: Measure::Time }
}

/// Agents at work under a limit that is spent, and until when each may go on.
fn out_of_budget(run: &Run) -> impl Iterator<Item = (&Step, UtcMillis)> {
    let purse = enforced(run);
    at_work(run).filter_map(move |step| Some((step, grace_ends(run, purse?, step)?)))
}

/// Until when a step at work may go on; `None` while no limit that counts for it is spent.
fn grace_ends(run: &Run, purse: &Purse, step: &Step) -> Option<UtcMillis> {
    let counts = |limit: &LimitName| limit.measure != Measure::Attempts && applies(run, step, limit);
    let reached = purse.reached.iter().filter(|reached| counts(&reached.limit)).map(|reached| reached.at);
    reached.min().map(|at| at.plus(purse.budgets.grace_ms))
}

/// The clock came to where [`due`] pointed.
pub(super) fn came_due(run: &Run, now: UtcMillis) -> Decision {
    if due(run).is_none_or(|due| due > now) {
        return Decision::refused(Answer::AlreadyDone);
    }
    let stop = |(step, _): (&Step, UtcMillis)| {
        let attempt = step.attempt()?.number;
        Some(Event::StopRequested { step: step.id.clone(), attempt })
    };
    let over = out_of_budget(run).filter(|(_, until)| *until <= now);
    let stops = over.filter_map(stop);
    Decision::accepted(time_spent(run, now).unwrap_or_default().into_iter().chain(stops).collect())
}

fn time_spent(run: &Run, now: UtcMillis) -> Option<Vec<Event>> {
    let purse = run.purse.as_deref().filter(|purse| !purse.has_reached(&run_time()))?;
    let most = purse.budgets.run.wall_ms.filter(|_| run.live().next().is_some())?;
    let spent = purse.worked_ms.saturating_add(now.since(purse.clocked));
    (spent >= most).then(|| reach(run, run_time(), spent, most))
}

/// Somebody sets other limits.
pub(super) fn change(run: &Run, budgets: &Budgets, by: &str) -> Decision {
    if run.closing.is_some() || run.cancelled.is_some() {
        return Decision::not_waiting("the run is about to end");
    }
    if run.purse.as_deref().is_some_and(|purse| purse.budgets == *budgets) {
        return Decision::refused(Answer::AlreadyDone);
    }
    Decision::accepted(vec![Event::BudgetChanged { budgets: Box::new(budgets.clone()), by: by.to_owned() }])
}

/// Somebody looked what other runs have spent.
pub(super) fn look(run: &Run, elsewhere: &Elsewhere) -> Decision {
    match run.purse.as_deref() {
        None => Decision::not_waiting("the run has no budget"),
        Some(_) if run.closing.is_some() => Decision::not_waiting("the run is about to end"),
        Some(purse) if purse.elsewhere.as_ref() == Some(elsewhere) => Decision::refused(Answer::AlreadyDone),
        Some(_) => Decision::accepted(vec![Event::SpentElsewhere { elsewhere: elsewhere.clone() }]),
    }
}
