//! Runs below a run: which topics are led together, and how the run that researches them begins.
//!
//! Who leads is no agent: the run below is driven by the same rules as every run, and all that it hands up is the
//! metadata of the reports that it has checked. So leading costs nothing, forgets nothing, and survives every kill.

use crate::budget::{Budgets, Limits, Measure};
use crate::context::is_too_much;
use crate::definition::{Definition, ForEach, Scope, ScopePath, StateDefinition, StateName, StepTemplate, When};
use crate::event::{Artifact, Created, Options, Parent};
use crate::ledger::lines;
use crate::run::{Run, Step, StepState};
use serde::Serialize;
use std::collections::BTreeMap;

/// From so many topics on they are researched by runs of their own.
pub const SUPERVISED_FROM: usize = 4;
/// The most topics that are led together.
pub const LARGEST_TRACK: usize = 4;
/// The state in which a run below waits for its driver.
const BEGINNING: &str = "initialize";
/// The state in which it ends.
const END: &str = "complete";

/// Which topics are led together, by their positions: few enough for each to be overlooked, and about equally many.
/// None where they are so few, and their reports so short for the model's window (in tokens), that nobody needs to lead.
#[must_use]
pub fn tracks(topics: usize, window: u64) -> Vec<Vec<u32>> {
    if topics < SUPERVISED_FROM && !is_too_much(&[], topics, window) {
        return Vec::new();
    }
    let mut positions = 0..u32::try_from(topics).unwrap_or(u32::MAX);
    let of_track = |size: usize| positions.by_ref().take(size).collect();
    shares(topics, topics.div_ceil(LARGEST_TRACK)).into_iter().map(of_track).collect()
}

/// A number in so many parts that differ by one at most, the larger ones first.
fn shares(number: usize, parts: usize) -> Vec<usize> {
    (0..parts).map(|part| number / parts + usize::from(part < number % parts)).collect()
}

/// The first event of the run that is a step's work; `None` if the step's work is none.
///
/// It follows from the run and the step alone, its id too: to begin it twice is to begin it once.
#[must_use]
pub fn below(run: &Created, step: &Step) -> Option<Created> {
    let positions = run.tracks.get(step.track? as usize)?;
    let topics: Vec<_> = positions.iter().filter_map(|&at| run.topics.get(at as usize).cloned()).collect();
    let definition = definition(run, &step.of_state)?;
    let id = run.run.below(&step.id);
    let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let roles = definition.roles().into_iter().filter_map(|name| Some((name.to_owned(), run.roles.get(name)?.clone())));
    let mut paths = run.paths.clone();
    paths.trees = beside(&run.paths.trees, run.run.as_str(), id.as_str());
    paths.plan = None;
    paths.debug = None;
    paths.overview = None;
    Some(Created {
        request: run.request.clone(),
        scope: Scope::ResearchOnly,
        reasons: vec![format!("it is `{}` of {}: {}", step.id, run.run, names.join("; "))],
        fix: false,
        tracks: Vec::new(),
        parent: Some(Parent { run: run.run.clone(), step: step.id.clone() }),
        forked: None,
        revises: None,
        roles: roles.collect(),
        standards: run.standards.clone(),
        plan: None,
        plan_hash: None,
        learned: Vec::new(),
        done: Vec::new(),
        options: options(run, step),
        base: run.base.clone(),
        program: run.program.clone(),
        run: id,
        topics,
        definition,
        paths,
    })
}

/// A folder of trees of its own, beside that of the run above.
fn beside(trees: &str, above: &str, own: &str) -> String {
    trees.strip_suffix(above).map_or_else(|| format!("{trees}-{own}"), |folder| format!("{folder}{own}"))
}

/// Its part of what may be done at once, so that all runs below together keep to what the run may do.
fn options(run: &Created, step: &Step) -> Options {
    let track = step.track.unwrap_or_default() as usize;
    let room = run.options.max_research.map_or(run.options.max_parallel, |most| most.min(run.options.max_parallel));
    let share = shares(room as usize, run.tracks.len()).get(track).copied().unwrap_or(1).max(1);
    Options {
        max_parallel: u32::try_from(share).unwrap_or(u32::MAX),
        max_research: None,
        replan: None,
        budget: budget(run, step).map(Box::new),
        ..run.options.clone()
    }
}

/// What it may spend: what the run above has set aside for this attempt of its step.
fn budget(run: &Created, step: &Step) -> Option<Budgets> {
    let attempt = step.attempt()?;
    let limits = attempt.reserved?;
    let above = run.options.budget.as_deref().cloned().unwrap_or_default();
    let (day, roles) = (Limits::default(), BTreeMap::new());
    Some(Budgets { run: limits, day, roles, given: attempt.number, ..above })
}

/// The budget of a run below that was begun by an earlier attempt of its step: what it has spent, and what the attempt
/// under way gives it. `None` where it has that already.
#[must_use]
pub fn raised(run: &Created, step: &Step, below: &Run) -> Option<Budgets> {
    let given = budget(run, step)?;
    let known = below.purse.as_deref();
    if known.is_some_and(|purse| purse.budgets.given >= given.given) {
        return None;
    }
    let lines = lines(below);
    let spent = |measure| lines.iter().find(|line| line.limit.measure == measure).map_or(0, |line| line.spent);
    let more = |measure: Measure| given.run.of(measure).map(|more| more.saturating_add(spent(measure)));
    let limits = Limits {
        tokens: more(Measure::Tokens),
        micro_usd: more(Measure::Money),
        wall_ms: more(Measure::Time),
        attempts: more(Measure::Attempts),
    };
    Some(Budgets { run: limits, ..given })
}

/// Of the run's workflow the steps on topics of this state, and nothing else.
fn definition(run: &Created, state: &StateName) -> Option<Definition> {
    let above = run.definition.state(state)?;
    // What counts is decided above, but for what says that nobody leads.
    let alone = |step: &StepTemplate| {
        let when = step.when.clone().map(|when| When { supervised: None, ..when });
        StepTemplate { when, ..step.clone() }
    };
    let on_topics = above.steps.iter().filter(|step| step.for_each == Some(ForEach::Topics)).map(alone);
    let on_topics: Vec<StepTemplate> = on_topics.filter(|step| run.applies(step)).collect();
    let ids: Vec<String> = on_topics.iter().map(|step| step.id.clone()).collect();
    let steps = on_topics.into_iter().map(|step| StepTemplate {
        needs: step.needs.iter().filter(|need| ids.contains(need)).cloned().collect(),
        when: None,
        ..step
    });
    let named = |name: &str| StateName(name.to_owned());
    let working = StateDefinition {
        to: vec![named(END)],
        on_success: Some(named(END)),
        on_failure: None,
        needs: above.needs.clone(),
        carry: above.carry,
        steps: steps.collect(),
    };
    let beginning = StateDefinition { to: vec![state.clone()], ..StateDefinition::default() };
    let way = ScopePath { first: state.clone(), first_with_plan: None, last: state.clone() };
    Some(Definition {
        format: run.definition.format,
        name: format!("{}/{state}", run.definition.name),
        description: format!("the steps on topics of `{}`", run.definition.name),
        initial: named(BEGINNING),
        complete: named(END),
        policy: run.definition.policy.clone(),
        scope: BTreeMap::from([(Scope::ResearchOnly, way)]),
        state: BTreeMap::from([
            (named(BEGINNING), beginning),
            (state.clone(), working),
            (named(END), StateDefinition::default()),
        ]),
    })
}

/// What the runs below a state have handed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aggregation {
    /// Who led: the state, with the word that says so.
    pub supervisor_id: String,
    /// What came of it.
    pub aggregated_metadata: Handed,
}

/// The metadata of what was left, instead of the texts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Handed {
    /// The reports, relative to the project.
    pub reports_created: Vec<String>,
    /// Their titles.
    pub summary: String,
    /// Tokens of what is carried of them.
    pub context_tokens: u64,
}

/// What was handed up to a state so far; `None` if nothing was.
#[must_use]
pub fn aggregation(run: &Run, state: &StateName) -> Option<Aggregation> {
    let done = |step: &&Step| step.of_state == *state && step.state == StepState::Succeeded;
    let led = run.steps.iter().filter(done).flat_map(|step| run.topics_of(step));
    let places: Vec<&str> = led.map(|topic| topic.report.as_str()).collect();
    let mut reports: Vec<&Artifact> =
        run.artifacts.iter().filter(|artifact| places.contains(&artifact.path.as_str())).collect();
    if reports.is_empty() {
        return None;
    }
    reports.sort_by(|one, other| one.path.cmp(&other.path));
    let known = || reports.iter().filter_map(|artifact| artifact.metadata.as_deref());
    let titles: Vec<&str> = known().map(|metadata| metadata.title.as_str()).collect();
    Some(Aggregation {
        supervisor_id: format!("{state}_supervisor"),
        aggregated_metadata: Handed {
            reports_created: reports.iter().map(|artifact| artifact.path.clone()).collect(),
            summary: titles.join("; "),
            context_tokens: known().map(|metadata| metadata.carried).sum(),
        },
    })
}
