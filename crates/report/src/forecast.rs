//! What a request is going to take, by what the steps of this project's earlier runs took.
//!
//! Nothing is guessed: a kind of step that no earlier run had is named, and is missing in the sums.

use crate::diagram::way;
use crate::spend;
use crate::text::span;
use coordinate_model::budget::Usual;
use coordinate_model::definition::{ForEach, StepKind, StepTemplate};
use coordinate_model::event::Outcome;
use coordinate_model::ledger::{Priced, cost};
use coordinate_model::price::Prices;
use coordinate_model::run::{Run, Step, StepState};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Low, expected and high: a quarter, a half, and nine of ten of what was seen were at most this.
const QUANTILES: [usize; 3] = [25, 50, 90];

/// Earlier runs.
#[derive(Debug, Clone, Default)]
pub struct Past {
    runs: usize,
    steps: BTreeMap<String, Vec<Took>>,
    attempts: BTreeMap<String, Vec<Usual>>,
    phases: Vec<u64>,
    tokens: u64,
    beside: u64,
}

/// What one step took, with all its tries.
#[derive(Debug, Clone, Copy)]
struct Took {
    /// `None` where the client tells none.
    tokens: Option<u64>,
    /// `None` where nobody knows the price.
    micro_usd: Option<u64>,
    millis: u64,
}

impl Past {
    /// Takes a run in, and those below it. Only one that went well says what things take.
    pub fn add(&mut self, run: &Run, below: &[Run], prices: &Prices) {
        if run.outcome != Some(Outcome::Succeeded) {
            return;
        }
        self.runs += 1;
        let merged = run.phases.values().filter(|phase| !phase.steps.is_empty()).count() as u64;
        self.phases.extend(Some(merged).filter(|phases| *phases > 0));
        for run in std::iter::once(run).chain(below) {
            run.steps.iter().for_each(|step| self.add_step(run, step, prices));
        }
    }

    fn add_step(&mut self, run: &Run, step: &Step, prices: &Prices) {
        if step.attempts.is_empty() || matches!(step.kind, StepKind::SubRun | StepKind::Gate) {
            return;
        }
        let told = step.attempts.iter().filter(|attempt| attempt.usage.is_some());
        let costs: Vec<_> = told.map(|attempt| cost(run, step, attempt, prices)).collect();
        let usage = |one: &coordinate_model::ledger::Cost| Usual { tokens: one.tokens, micro_usd: one.micro_usd };
        self.attempts.entry(run.role(step).to_owned()).or_default().extend(costs.iter().map(usage));
        let tokens = costs.iter().fold(0_u64, |sum, one| sum.saturating_add(one.tokens));
        let micro = costs.iter().fold(0_u64, |sum, one| sum.saturating_add(one.micro_usd));
        let priced = !costs.is_empty() && costs.iter().all(|one| one.priced != Priced::Unknown);
        self.tokens = self.tokens.saturating_add(tokens);
        if is_beside(step) {
            self.beside = self.beside.saturating_add(tokens);
            return;
        }
        let took = Took {
            tokens: (!costs.is_empty()).then_some(tokens),
            micro_usd: priced.then_some(micro),
            millis: step.attempts.iter().filter_map(|attempt| Some(attempt.ended?.since(attempt.leased))).sum(),
        };
        if step.state == StepState::Succeeded {
            self.steps.entry(key(run.role(step), step.kind)).or_default().push(took);
        }
    }

    /// What three of four attempts of each role used at most.
    #[must_use]
    pub fn usual(&self) -> BTreeMap<String, Usual> {
        let of = |seen: &Vec<Usual>| Usual {
            tokens: quantile(seen.iter().map(|one| one.tokens), 75).unwrap_or_default(),
            micro_usd: quantile(seen.iter().map(|one| one.micro_usd), 75).unwrap_or_default(),
        };
        let known = self.attempts.iter().filter(|(_, seen)| !seen.is_empty());
        known.map(|(role, seen)| (role.clone(), of(seen))).collect()
    }
}

/// Work that no plan foresees: repairs, changes of the plan, debugging of groups of failing tests.
fn is_beside(step: &Step) -> bool {
    step.repair.is_some() || step.replan.is_some() || step.group.is_some()
}

/// Steps of agents are alike by their role, all others by their kind.
fn key(role: &str, kind: StepKind) -> String {
    if kind == StepKind::Agent { role.to_owned() } else { format!("({})", kind.name()) }
}

/// So many percent of the numbers are at most this one.
fn quantile(numbers: impl Iterator<Item = u64>, percent: usize) -> Option<u64> {
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    let at = (numbers.len() * percent).div_ceil(100).saturating_sub(1);
    numbers.get(at).copied()
}

/// Low, expected, high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Range {
    /// A quarter of what was seen took at most this.
    pub low: u64,
    /// A half did.
    pub expected: u64,
    /// Nine of ten did.
    pub high: u64,
}

/// Steps of one kind that a request has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The role of their agents, or their kind.
    pub role: String,
    /// How many there are.
    pub steps: Range,
    /// How many such steps the history has.
    pub seen: usize,
}

/// What a request is going to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// From how many runs.
    pub runs: usize,
    /// The client that these runs worked with.
    pub agent: String,
    /// The request's steps.
    pub parts: Vec<Part>,
    /// Tokens; `None` where no client told them, or there is no history.
    pub tokens: Option<Range>,
    /// Millionths of a US dollar.
    pub micro_usd: Option<Range>,
    /// Milliseconds.
    pub time_ms: Option<Range>,
    /// Kinds of steps without a history: they are missing in the sums.
    pub missing: Vec<String>,
    /// Whether the number of phases is that of earlier runs: the plan is still to be written.
    pub phases_supposed: bool,
    /// How much of the tokens of earlier runs went into repairs, changes of the plan and debugging, in percent: it comes
    /// on top.
    pub beside_percent: u64,
}

/// What the steps of a run that begins like this one take, by earlier runs.
#[must_use]
pub fn forecast(run: &Run, past: &Past) -> Forecast {
    let planned = planned(run, past);
    let mut sums = [Sum::default(); 3];
    let mut missing = BTreeSet::new();
    for one in &planned {
        match past.steps.get(&one.key) {
            Some(seen) => {
                for ((sum, percent), steps) in sums.iter_mut().zip(QUANTILES).zip(one.steps) {
                    sum.add(seen, percent, steps, one.at_once);
                }
            }
            None if one.steps[2] > 0 => drop(missing.insert(one.key.clone())),
            None => {}
        }
    }
    let none = planned.iter().all(|one| missing.contains(&one.key) || one.steps[2] == 0);
    let range = |of: fn(&Sum) -> Option<u64>| {
        let [low, expected, high] = [of(&sums[0]), of(&sums[1]), of(&sums[2])];
        Some(Range { low: low?, expected: expected?, high: high? }).filter(|_| !none)
    };
    Forecast {
        runs: past.runs,
        agent: run.created.options.agent.name.clone(),
        tokens: range(|sum| sum.tokens),
        micro_usd: range(|sum| sum.micro_usd),
        time_ms: range(|sum| Some(sum.millis)),
        missing: missing.into_iter().collect(),
        phases_supposed: planned.iter().any(|one| one.supposed),
        beside_percent: past.beside.saturating_mul(100).checked_div(past.tokens).unwrap_or_default(),
        parts: parts(planned, past),
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    tokens: Option<u64>,
    micro_usd: Option<u64>,
    millis: u64,
}

impl Sum {
    fn add(&mut self, seen: &[Took], percent: usize, steps: u64, at_once: u64) {
        let times = |figure: Option<u64>| figure.map(|figure| figure.saturating_mul(steps));
        let plus = |sum: Option<u64>, more: Option<u64>| match (sum, more) {
            (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
            (known, None) | (None, known) => known,
        };
        self.tokens = plus(self.tokens, times(quantile(seen.iter().filter_map(|took| took.tokens), percent)));
        self.micro_usd = plus(self.micro_usd, times(quantile(seen.iter().filter_map(|took| took.micro_usd), percent)));
        let millis = quantile(seen.iter().map(|took| took.millis), percent).unwrap_or_default();
        self.millis = self.millis.saturating_add(millis.saturating_mul(steps.div_ceil(at_once.max(1))));
    }
}

/// Steps that a request has by its workflow.
struct Planned {
    key: String,
    steps: [u64; 3],
    at_once: u64,
    supposed: bool,
}

fn planned(run: &Run, past: &Past) -> Vec<Planned> {
    let states = way(run);
    let states = states.iter().filter_map(|name| run.created.definition.state(name));
    let templates = states.flat_map(|state| {
        state
            .steps
            .iter()
            .map(move |template| (template, led(&state.steps)))
            .filter(|(one, _)| run.created.applies(one))
    });
    templates.filter_map(|(template, led)| plan(run, past, template, led)).collect()
}

/// The step on topics that a run below carries out.
fn led(steps: &[StepTemplate]) -> Option<&StepTemplate> {
    steps.iter().find(|one| one.for_each == Some(ForEach::Topics) && one.kind == StepKind::Agent)
}

fn plan(run: &Run, past: &Past, template: &StepTemplate, led: Option<&StepTemplate>) -> Option<Planned> {
    let topics = run.created.topics.len() as u64;
    let (of, steps, supposed) = match (template.kind, template.for_each) {
        (StepKind::Gate, _) => return None,
        (StepKind::SubRun, _) => (led?, [topics; 3], false),
        (_, None) => (template, [1; 3], false),
        (_, Some(ForEach::Topics)) => (template, [topics; 3], false),
        (_, Some(ForEach::Phases)) => match run.plan() {
            Some(_) => (template, [run.phases.values().filter(|phase| !phase.merged).count() as u64; 3], false),
            None => (template, QUANTILES.map(|percent| phases(past, percent)), true),
        },
        // Whether there are any shows on the way.
        (_, Some(ForEach::FailingTests | ForEach::Replans | ForEach::Tracks)) => return None,
    };
    let most = u64::from(run.created.options.max_parallel);
    let at_once = if of.kind == StepKind::Merge { 1 } else { most };
    Some(Planned { key: key(of.role.as_deref().unwrap_or("agent"), of.kind), steps, at_once, supposed })
}

fn phases(past: &Past, percent: usize) -> u64 {
    quantile(past.phases.iter().copied(), percent).unwrap_or(1)
}

fn parts(planned: Vec<Planned>, past: &Past) -> Vec<Part> {
    let mut sums: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for one in planned.into_iter().filter(|one| !one.key.starts_with('(')) {
        let sum = sums.entry(one.key).or_default();
        sum.iter_mut().zip(one.steps).for_each(|(sum, steps)| *sum += steps);
    }
    let seen = |role: &String| past.steps.get(role).map_or(0, Vec::len);
    let part = |(role, [low, expected, high]): (String, [u64; 3])| Part {
        seen: seen(&role),
        steps: Range { low, expected, high },
        role,
    };
    sums.into_iter().map(part).collect()
}

/// The forecast for people.
#[must_use]
pub fn text(forecast: &Forecast) -> String {
    let mut text = String::new();
    for part in &forecast.parts {
        let Range { low, expected, high } = part.steps;
        let steps = if low == high { expected.to_string() } else { format!("{low} to {high}") };
        let _ = writeln!(text, "steps     {steps} × {} ({} in the history)", part.role, part.seen);
    }
    if forecast.tokens.is_none() && forecast.time_ms.is_none() {
        let _ = writeln!(
            text,
            "no history of such steps with the agent `{}` in this project: nothing can be said",
            forecast.agent
        );
        return text;
    }
    let _ = writeln!(text, "          {:>14} {:>14} {:>14}", "low", "expected", "high");
    let mut row = |name: &str, range: Option<Range>, shown: fn(u64) -> String| {
        let _ = match range {
            Some(Range { low, expected, high }) => {
                writeln!(text, "{name:<9} {:>14} {:>14} {:>14}", shown(low), shown(expected), shown(high))
            }
            None => writeln!(text, "{name:<9} {:>14}", "not told"),
        };
    };
    row("tokens", forecast.tokens, |tokens| tokens.to_string());
    row("money", forecast.micro_usd, spend::money);
    row("time", forecast.time_ms, span);
    let runs = if forecast.runs == 1 { "1 run".to_owned() } else { format!("{} runs", forecast.runs) };
    let few = if forecast.runs < 5 { " only" } else { "" };
    let _ = writeln!(text, "from {runs}{few} of the agent `{}` in this project", forecast.agent);
    if !forecast.missing.is_empty() {
        let _ = writeln!(text, "without a history, and missing in these sums: {}", forecast.missing.join(", "));
    }
    if forecast.phases_supposed {
        let _ = writeln!(text, "the plan is still to be written: the number of its phases is that of earlier runs");
    }
    let _ = writeln!(
        text,
        "repairs, changes of the plan and debugging come on top; they were {} % of the tokens so far",
        forecast.beside_percent
    );
    text
}
