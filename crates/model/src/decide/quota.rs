//! Limits of use: what a try that met one leads to, and when it is over.

use super::Decision;
use crate::client::UsageLimit;
use crate::definition::StepKind;
use crate::event::{AttemptEnding, Event};
use crate::failure::{Failure, FailureClass, recognise};
use crate::input::{Answer, Context, Of};
use crate::quota::reset;
use crate::run::{Attempt, Run, Step};
use crate::time::UtcMillis;

/// The longest pause where nobody tells when a limit ends, in milliseconds.
const LONGEST_GUESS: u64 = 3_600_000;

/// The pause after an end that has passed already: clocks differ, and services round.
const PASSED: u64 = 60_000;

/// The most that wake-ups are spread by, in milliseconds.
const MOST_SPREAD: u64 = 60_000;

/// A limit that is met again and again although its end was told is asked about less and less, from this pause on.
const FLOOR: u64 = 30_000;

/// How many of the last lines may tell when a limit ends.
const LOOKED_AT: usize = 10;

/// The event of a try that met a limit; `None` where its failure is another one.
pub(super) fn met(
    run: &Run,
    (step, attempt): (&Step, &Attempt),
    of: &Of,
    failure: &Failure,
    tail: &[String],
    context: Context,
) -> Option<Event> {
    if failure.class != FailureClass::Quota || step.kind != StepKind::Agent {
        return None;
    }
    let agent = run.agent(step).name.clone();
    let limit = told(run, attempt, tail, context);
    let until = until(run, step, &agent, limit.until, context);
    Some(Event::LimitMet { step: of.step.clone(), attempt: of.attempt, agent, limit, until, failure: failure.clone() })
}

/// The limit as the client told it: by a field of its own, else by its words.
fn told(run: &Run, attempt: &Attempt, tail: &[String], context: Context) -> UsageLimit {
    let limit = attempt.limit.clone().unwrap_or_default();
    let message = attempt.result.as_ref().map(|result| result.message.as_str());
    let end = tail.get(tail.len().saturating_sub(LOOKED_AT)..).unwrap_or_default();
    let mut words = message.into_iter().chain(end.iter().rev().map(String::as_str));
    let zone = run.created.options.quota.zone.as_deref();
    let until = limit.until.or_else(|| words.find_map(|text| reset(text, context.now, zone)));
    UsageLimit { until, ..limit }
}

/// When the agent is tried again. Steps that meet one limit wait together; others are spread, so that they do not all
/// come back at the same moment.
fn until(run: &Run, step: &Step, agent: &str, told: Option<UtcMillis>, context: Context) -> UtcMillis {
    let quota = &run.created.options.quota;
    let is_quota = |attempt: &&crate::run::Attempt| {
        attempt.failure.as_ref().is_some_and(|failure| failure.class == FailureClass::Quota)
    };
    // The newest attempt is the one that has just ended.
    let before = step.attempts.iter().rev().skip(1).take_while(is_quota).count();
    let doubled = |base: u64, times: usize| (0..times.min(16)).fold(base, |pause, _| pause.saturating_mul(2));
    let guessed = |base: u64| doubled(base, before).min(LONGEST_GUESS.max(base));
    let wait = match told {
        Some(at) if at > context.now => at.since(context.now),
        Some(_) => guessed(PASSED),
        None => guessed(quota.unknown_ms),
    };
    let floor = before.checked_sub(2).map_or(0, |times| doubled(FLOOR, times).min(LONGEST_GUESS));
    let wait = wait.max(floor);
    let alone = context.now.plus(wait);
    let spread = alone.plus(context.entropy % MOST_SPREAD.min(wait / 10).saturating_add(1));
    let known = run.limits.get(agent).map(|limit| limit.until).filter(|known| *known >= alone);
    let due = known.unwrap_or(spread);
    quota.quiet.as_ref().map_or(due, |quiet| quiet.after(due))
}

/// A program that ended well may have printed, as its last words, that it met a limit.
pub(super) fn of_tail(
    run: &Run,
    attempt: &Attempt,
    ending: &AttemptEnding,
    tail: &[String],
    context: Context,
) -> Option<UsageLimit> {
    let ended_well = *ending == AttemptEnding::Exited { code: 0 };
    let tells = ended_well && attempt.limit.is_none() && recognise(tail)?.class == FailureClass::Quota;
    tells.then(|| told(run, attempt, tail, context))
}

/// What was left does not count, and the agent had met a limit: then that is why, and no fault of the work.
pub(super) fn behind(run: &Run, (step, attempt): (&Step, &Attempt), failure: &Failure) -> Option<Failure> {
    let misbehaved = failure.class == FailureClass::AgentMisbehaved && attempt.limit.is_some();
    misbehaved.then(|| {
        let message = format!("`{}` met a limit of use: {}", run.agent(step).name, failure.message);
        Failure { class: FailureClass::Quota, message, ..failure.clone() }
    })
}

/// The limits that are over by now.
pub(super) fn ended(run: &Run, now: UtcMillis) -> Vec<Event> {
    let over = run.limits.iter().filter(|(_, limit)| limit.until <= now);
    over.map(|(agent, _)| Event::LimitEnded { agent: agent.clone() }).collect()
}

pub(super) fn over(run: &Run, due: UtcMillis) -> Decision {
    let events = ended(run, due);
    if events.is_empty() { Decision::refused(Answer::AlreadyDone) } else { Decision::accepted(events) }
}
