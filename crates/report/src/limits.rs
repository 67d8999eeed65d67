//! Limits of use, agents that go on in place of others, and sessions that are taken up: what a person is told of them.

use crate::line::name;
use crate::text::moment;
use coordinate_model::client::UsageLimit;
use coordinate_model::event::AgentChoice;
use coordinate_model::ids::StepId;
use coordinate_model::run::{Attempt, Run, Step};
use coordinate_model::time::UtcMillis;
use std::collections::BTreeSet;

/// What follows a limit: another agent goes on at once, or the step waits.
#[must_use]
pub fn met(run: &Run, (id, number): (&StepId, u32), agent: &str, limit: &UsageLimit, until: UtcMillis) -> String {
    let step = run.step(id);
    let who = step.map_or_else(|| id.to_string(), |step| name(run, step));
    let window = if limit.window.is_empty() { String::new() } else { format!(" ({})", limit.window) };
    let next = step.and_then(|step| step.attempts.iter().find(|attempt| attempt.number == number + 1));
    let other = next.and_then(|attempt| attempt.agent.as_ref()).filter(|other| other.name != agent);
    let then = match other {
        Some(other) => format!("`{}` goes on", other.name),
        None if limit.until.is_none() => format!("nobody told its end, so it is tried again at {}", moment(until)),
        None => format!("it goes on at {}", moment(until)),
    };
    format!("{who}: `{agent}` has reached a limit of use{window}; {then}")
}

/// What the run waits for where limits hold back all that is left.
#[must_use]
pub fn parked(run: &Run) -> Option<String> {
    let until = run.parked_until()?;
    let agents: Vec<String> = run.limits.keys().map(|agent| format!("`{agent}`")).collect();
    let held: Vec<&Step> = run.held_back().collect();
    let steps: Vec<String> = held.iter().take(3).map(|step| name(run, step)).collect();
    let more = held.len().saturating_sub(steps.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (agents, steps) = (agents.join(", "), steps.join(", "));
    Some(format!("for {}, when a limit of use of {agents} ends: {steps}{more}", moment(until)))
}

/// How an attempt begins, where that is not the usual way.
#[must_use]
pub fn began(attempt: &Attempt) -> String {
    let with = attempt.agent.as_ref().map_or_else(String::new, |agent| format!(", with `{}`", agent.name));
    let session = if attempt.resumes.is_some() { ", in its session" } else { "" };
    format!("{with}{session}")
}

/// The agents that have worked in a run, with their models; the run's own first.
#[must_use]
pub fn agents(run: &Run) -> String {
    let own = &run.created.options.agent;
    let of = |step: &Step| {
        let played = run.created.agent_of(run.role(step));
        let worked = step.attempts.iter().map(|attempt| shown(attempt.agent.as_deref().unwrap_or(played)));
        worked.collect::<Vec<_>>()
    };
    let agents = run.steps.iter().filter(|step| step.kind == coordinate_model::definition::StepKind::Agent);
    let all: BTreeSet<String> = agents.flat_map(of).filter(|other| *other != shown(own)).collect();
    std::iter::once(shown(own)).chain(all).collect::<Vec<_>>().join(", ")
}

/// An agent as people name it: `codex`, `claude:opus`.
#[must_use]
pub fn shown(agent: &AgentChoice) -> String {
    agent.model.as_ref().map_or_else(|| agent.name.clone(), |model| format!("{}:{model}", agent.name))
}
