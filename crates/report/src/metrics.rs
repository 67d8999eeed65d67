//! What a run cost and what it gave, in figures.

use crate::spend;
use crate::states::{StateTime, times};
use crate::text::span;
use coordinate_model::definition::{Action, ForEach, Scope, StateName, StepKind, StepTemplate, Writes};
use coordinate_model::event::Outcome;
use coordinate_model::ids::{RunId, StepId};
use coordinate_model::price::Prices;
use coordinate_model::run::{Run, Step, StepState};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The figures of a run. What no client tells is `None`, but for money where list prices are known: then it says so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// The run.
    pub run: RunId,
    /// Its request, the first line.
    pub request: String,
    /// Its workflow.
    pub workflow: String,
    /// Its scope.
    pub scope: Scope,
    /// How it ended; `None` while it is open.
    pub outcome: Option<Outcome>,
    /// From its first event to its newest, in milliseconds.
    pub duration_ms: u64,
    /// The time in each state.
    pub states: Vec<StateTime>,
    /// The work of each step that was begun.
    pub steps: Vec<StepTime>,
    /// Tries beyond the first.
    pub retries: u64,
    /// Repairs of phases by an agent.
    pub repairs: u64,
    /// How often failing tests were debugged after all was merged.
    pub debug_rounds: u32,
    /// Changes of the plan while the run was under way.
    pub replans: usize,
    /// Tokens, where the client tells them.
    pub tokens: Option<u64>,
    /// Money in US dollars, where the client tells it or its model has a list price.
    pub usd: Option<f64>,
    /// Whether that is an estimate by list prices.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub usd_estimated: bool,
    /// How much of the work agents did.
    pub delegation: Share,
    /// Files created, of those that were asked for.
    pub artifacts: Share,
    /// What working in parallel saved; `None` where nothing could be done in parallel.
    pub saving: Option<Saving>,
}

/// The work of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepTime {
    /// The step.
    pub step: StepId,
    /// Its state.
    pub state: StateName,
    /// Where it stands.
    pub result: StepState,
    /// How often it was tried.
    pub attempts: usize,
    /// The time of all tries, in milliseconds.
    pub duration_ms: u64,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The part.
    pub part: usize,
    /// The whole.
    pub of: usize,
}

/// What was measured of working in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Saving {
    /// From the first beginning to the last end, in milliseconds.
    pub took_ms: u64,
    /// The sum of the times, in milliseconds: as long as it would have taken one after another.
    pub sum_ms: u64,
    /// What was saved of that, in percent.
    pub percent: u64,
}

/// The figures of a run as it stands, with those of the runs below it: their steps are its work too.
#[must_use]
pub fn of(run: &Run, below: &[Run], prices: &Prices) -> Metrics {
    let steps = || std::iter::once(run).chain(below).flat_map(|run| &run.steps);
    let work = || steps().filter(|step| step.kind != StepKind::SubRun);
    let begun = work().filter(|step| !step.attempts.is_empty());
    let done: Vec<&Step> = work().filter(|step| step.state == StepState::Succeeded).collect();
    let by_agents = done.iter().filter(|step| step.kind == StepKind::Agent).count();
    let used = spend::of(run, below);
    let paid = spend::paid(run, below, prices);
    let parallel = saving(steps().filter(|step| step.phase.is_some()));
    Metrics {
        run: run.id().clone(),
        request: run.created.request.trim().lines().next().unwrap_or_default().to_owned(),
        workflow: run.created.definition.name.clone(),
        scope: run.scope(),
        outcome: run.outcome,
        duration_ms: run.ended.unwrap_or(run.updated).since(run.started),
        states: times(run),
        steps: std::iter::once(run).chain(below).flat_map(times_of).collect(),
        retries: begun.map(|step| step.attempts.len() as u64 - 1).sum(),
        repairs: repairs(run),
        debug_rounds: run.debug_rounds(),
        replans: run.replans.len(),
        tokens: used.map(|usage| usage.tokens()),
        usd: paid.map(|money| spend::usd(money.micro_usd)),
        usd_estimated: paid.is_some_and(|money| money.estimated),
        delegation: Share { part: by_agents, of: done.len() },
        artifacts: Share { part: created(run), of: asked(run) },
        saving: parallel.or_else(|| saving(steps().filter(|step| step.topic.is_some()))),
    }
}

/// Rounds of repair in all phases. A phase whose text was changed counts its own rounds anew, so the steps tell.
fn repairs(run: &Run) -> u64 {
    let groups = run.steps.iter().filter(|step| step.repair.is_some());
    let groups = groups.filter_map(|step| step.id.as_str().rsplit_once('/')).map(|(group, _)| group);
    groups.collect::<BTreeSet<_>>().len() as u64
}

fn times_of(run: &Run) -> impl Iterator<Item = StepTime> {
    let begun = run.steps.iter().filter(|step| !step.attempts.is_empty());
    begun.map(|step| step_time(run, step))
}

/// The steps of a run below are named after the step whose work they are.
fn step_time(run: &Run, step: &Step) -> StepTime {
    let above = run.created.parent.as_ref().map(|parent| StepId::new(format!("{}: {}", parent.step, step.id)));
    StepTime {
        step: above.unwrap_or_else(|| step.id.clone()),
        state: step.of_state.clone(),
        result: step.state,
        attempts: step.attempts.len(),
        duration_ms: step.attempts.iter().filter_map(|attempt| Some(attempt.ended?.since(attempt.leased))).sum(),
    }
}

/// Files that were created, each once.
fn created(run: &Run) -> usize {
    run.artifacts.iter().map(|artifact| artifact.path.as_str()).collect::<BTreeSet<_>>().len()
}

/// Files that the way of the run's scope asks for, and those that were needed besides it.
fn asked(run: &Run) -> usize {
    let way = crate::diagram::way(run);
    let states = way.iter().filter_map(|name| run.created.definition.state(name));
    let templates = states.flat_map(|state| &state.steps).filter(|template| run.created.applies(template));
    let on_the_way: usize = templates.map(|template| files_of(run, template)).sum();
    let beside = run.steps.iter().filter(|step| !way.contains(&step.of_state) && step.state != StepState::Skipped);
    let beside = beside.filter(|step| run.writes(step).is_some());
    on_the_way + beside.count()
}

fn files_of(run: &Run, template: &StepTemplate) -> usize {
    match (template.writes, template.action) {
        (None, None) if template.kind == StepKind::SubRun => run.created.topics.len(),
        (Some(Writes::Report), _) => run.created.topics.len(),
        // What is asked of each failing test, and of each change of a plan, is known only when there is one.
        (Some(_), _) if matches!(template.for_each, Some(ForEach::FailingTests | ForEach::Replans)) => 0,
        (Some(Writes::Overview | Writes::Plan | Writes::Revision | Writes::Debug | Writes::Output), _)
        | (None, Some(Action::Summary)) => 1,
        (Some(Writes::Replan | Writes::Verdict), _)
        | (None, Some(Action::Deliver | Action::Link | Action::PullRequest | Action::Replan) | None) => 0,
    }
}

/// The measured saving of the steps that are chosen: the time of their newest tries against the time that passed.
#[must_use]
pub fn saving<'a>(steps: impl Iterator<Item = &'a Step>) -> Option<Saving> {
    let steps: Vec<&Step> = steps.collect();
    let sum_ms = worked(&steps);
    let begin = steps.iter().filter_map(|step| step.attempts.first().map(|attempt| attempt.leased)).min()?;
    let end = steps.iter().filter_map(|step| step.attempt().and_then(|attempt| attempt.ended)).max()?;
    let took_ms = end.since(begin);
    let percent = sum_ms.saturating_sub(took_ms).saturating_mul(100).checked_div(sum_ms).unwrap_or(0);
    Some(Saving { took_ms, sum_ms, percent })
}

/// Time in which the steps' newest attempts were at work, in milliseconds.
#[must_use]
pub fn worked(steps: &[&Step]) -> u64 {
    let attempts = steps.iter().filter_map(|step| step.attempt());
    attempts.filter_map(|attempt| Some(attempt.ended?.since(attempt.leased))).sum()
}

impl Share {
    /// The part in percent; `None` of nothing.
    #[must_use]
    pub fn percent(self) -> Option<usize> {
        self.part.saturating_mul(100).checked_div(self.of)
    }
}

/// What is said where a client tells no spend.
pub const NOT_TOLD: &str = "n/a (the client does not tell)";

/// The figures for people.
#[must_use]
pub fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    let outcome = metrics.outcome.map_or("open", Outcome::name);
    let _ = writeln!(text, "run         {} ({}, {}, {outcome})", metrics.run, metrics.workflow, metrics.scope);
    let _ = writeln!(text, "duration    {}", span(metrics.duration_ms));
    for state in &metrics.states {
        let visit = if state.visit > 1 { format!("#{}", state.visit) } else { String::new() };
        let _ = writeln!(text, "  {:<14} {}", format!("{}{visit}", state.state), span(state.duration_ms));
    }
    for step in &metrics.steps {
        let tries = if step.attempts > 1 { format!(", {} attempts", step.attempts) } else { String::new() };
        let _ =
            writeln!(text, "  {:<34} {}{tries} ({})", step.step.as_str(), span(step.duration_ms), step.result.name());
    }
    let _ = writeln!(text, "retries     {}", metrics.retries);
    let _ = writeln!(text, "repairs     {}", metrics.repairs);
    let _ = writeln!(text, "debugging   {}", metrics.debug_rounds);
    let _ = writeln!(text, "replans     {}", metrics.replans);
    let _ = writeln!(
        text,
        "tokens      {}",
        metrics.tokens.map_or_else(|| NOT_TOLD.to_owned(), |tokens| tokens.to_string())
    );
    let about = if metrics.usd_estimated { "about " } else { "" };
    let money = metrics.usd.map(|usd| format!("{about}{}", spend::money_of(usd)));
    let _ = writeln!(text, "money       {}", money.unwrap_or_else(|| NOT_TOLD.to_owned()));
    let percent = |share: Share| share.percent().map_or_else(String::new, |percent| format!(" ({percent} %)"));
    let Share { part, of } = metrics.delegation;
    let _ = writeln!(text, "delegation  {part} of {of} steps by agents{}", percent(metrics.delegation));
    let Share { part, of } = metrics.artifacts;
    let _ = writeln!(text, "artifacts   {part} of {of} asked for{}", percent(metrics.artifacts));
    let saved = metrics.saving.map_or_else(
        || "nothing was done in parallel".to_owned(),
        |saving| {
            let (took, sum) = (span(saving.took_ms), span(saving.sum_ms));
            format!("{took} in all, {sum} one after another: {} % saved", saving.percent)
        },
    );
    let _ = writeln!(text, "parallel    {saved}");
    text
}
