//! Forks: a run of its own that has the past of another one, up to an event, and a future of its own.
//!
//! The past is the other run's own events, with the facts rewritten that name the run: its id, its trees, the places of
//! files that were still to be written. What was at work at the event did not run in the fork, so its attempts end there
//! as interrupted ones, without counting; they begin anew. Nothing of the other run is changed.
//!
//! Rejected: a first event that only refers to the other journal. Two journals would have to be folded as one for ever,
//! and neither could be removed without the other.

mod point;

pub use point::{Point, Refusal, Written, before, point};

use crate::decide::advance;
use crate::definition::StepKind;
use crate::event::{AgentChoice, AttemptEnding, Created, Event, ForkedFrom, GateAnswer};
use crate::failure::{Failure, FailureClass, FailureKind};
use crate::ids::{Oid, RunId, StepId};
use crate::input::{Context, Input};
use crate::run::{Corruption, Position, Run, Step, StepState};
use crate::time::UtcMillis;
use std::collections::BTreeMap;

/// What is chosen for a fork.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its id.
    pub run: RunId,
    /// The folder of its work trees.
    pub trees: String,
    /// Places of its own, for what the other run had not written by then.
    pub places: Places,
    /// What is different from then on.
    pub changes: Changes,
    /// Answers to gates that are open then.
    pub answers: Vec<(StepId, GateAnswer)>,
    /// Who answers.
    pub by: String,
}

/// Places of files that are still to be written, relative to the project.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The reports, by the position of their topic.
    pub reports: BTreeMap<usize, String>,
    /// The overview.
    pub overview: Option<String>,
    /// The plan.
    pub plan: Option<String>,
    /// The debug report.
    pub debug: Option<String>,
    /// The summary.
    pub summary: Option<String>,
}

/// What is different in a fork.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Another agent.
    pub agent: Option<AgentChoice>,
    /// Other agents for single roles.
    pub role_agents: BTreeMap<String, AgentChoice>,
    /// How many agents may work at once.
    pub max_parallel: Option<u32>,
    /// The command that tests a tree; empty: none does.
    pub test_command: Option<String>,
}

/// Which places a fork needs of its own: those of files that the other run had not written by then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// Topics of research, by their positions.
    pub reports: Vec<usize>,
    /// The overview.
    pub overview: bool,
    /// The plan.
    pub plan: bool,
    /// The debug report.
    pub debug: bool,
}

/// A fork, as it is to be written.
#[derive(Debug, Clone)]
pub struct Forked {
    /// Its whole journal.
    pub events: Vec<(UtcMillis, Event)>,
    /// What that folds to.
    pub run: Run,
    /// The steps whose attempts were at work, and begin anew.
    pub interrupted: Vec<StepId>,
}

impl Open {
    /// What a run had not written yet.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let paths = &run.created.paths;
        let written = |path: &String| run.artifacts.iter().any(|artifact| artifact.path == *path);
        let open = |path: &Option<String>| path.as_ref().is_some_and(|path| !written(path));
        let stem = paths.debug.as_ref().map(|path| path.trim_end_matches(".md").to_owned());
        let debugged = |stem: &String| run.artifacts.iter().any(|artifact| artifact.path.starts_with(stem.as_str()));
        Self {
            reports: (0..)
                .zip(&run.created.topics)
                .filter(|(_, topic)| !written(&topic.report))
                .map(|(at, _)| at)
                .collect(),
            overview: open(&paths.overview),
            // A plan that was given, or is revised in place, has its place.
            plan: open(&paths.plan) && run.plan().is_none() && run.created.revises.is_none(),
            debug: open(&paths.debug) && !stem.as_ref().is_some_and(debugged),
        }
    }
}

/// Makes the journal of a fork at a [`Point`] of these events.
///
/// # Errors
/// [`Corruption`] when the rewritten events do not fit together: a fault of this program.
pub fn fork(journal: &[Written], point: &Point, order: &Order, context: Context) -> Result<Forked, Corruption> {
    let past = journal.iter().take_while(|(position, _)| position.sequence <= point.at);
    let created = created(journal, point, order);
    let rewritten = past.map(|(position, event)| (position.at, rewrite(event, &point.run, &created)));
    let mut making = Making::begin(rewritten)?;
    let at = making.run.updated;
    let interruptions: Vec<(StepId, Event)> = point.run.live().filter_map(|step| interruption(step, at)).collect();
    let mut interrupted = Vec::new();
    for (step, event) in interruptions {
        making.add(at, event)?;
        interrupted.push(step);
    }
    for (step, answer) in &order.answers {
        let input = Input::Answer { step: step.clone(), answer: *answer, by: order.by.clone(), comment: String::new() };
        making.send(&input, context)?;
    }
    Ok(Forked { events: making.events, run: making.run, interrupted })
}

/// A journal in the making, folded as it grows.
struct Making {
    events: Vec<(UtcMillis, Event)>,
    run: Run,
}

impl Making {
    fn begin(mut past: impl Iterator<Item = (UtcMillis, Event)>) -> Result<Self, Corruption> {
        let Some((at, first)) = past.next() else {
            return Err(Corruption { sequence: 0, event: "run_created", reason: "is missing".to_owned() });
        };
        let run = Run::begin(Position { sequence: 1, at }, &first)?;
        let mut making = Self { events: vec![(at, first)], run };
        for (at, event) in past {
            making.add(at, event)?;
        }
        Ok(making)
    }

    fn add(&mut self, at: UtcMillis, event: Event) -> Result<(), Corruption> {
        self.run.apply(Position { sequence: self.run.sequence + 1, at }, &event)?;
        self.events.push((at, event));
        Ok(())
    }

    fn send(&mut self, input: &Input, context: Context) -> Result<(), Corruption> {
        let decision = advance(&mut self.run, input, context)?;
        self.events.extend(decision.events.into_iter().map(|event| (context.now, event)));
        Ok(())
    }
}

fn created(journal: &[Written], point: &Point, order: &Order) -> Created {
    let past = &point.run;
    let mut created = (*past.created).clone();
    created.run.clone_from(&order.run);
    created.paths.trees.clone_from(&order.trees);
    created.forked = Some(ForkedFrom {
        run: past.id().clone(),
        at: point.at,
        tokens: past.next_token(),
        first: first_commit(journal).filter(|_| past.integration.is_none()),
    });
    place(&mut created, &order.places);
    change(&mut created, &order.changes);
    created
}

/// The first commit of a run, wherever in its journal.
fn first_commit(journal: &[Written]) -> Option<Oid> {
    journal.iter().find_map(|(_, event)| {
        let Event::TransitionCompleted { facts, .. } = event else { return None };
        facts.integration.clone()
    })
}

fn place(created: &mut Created, places: &Places) {
    for (at, report) in &places.reports {
        if let Some(topic) = created.topics.get_mut(*at) {
            topic.report.clone_from(report);
        }
    }
    let paths = &mut created.paths;
    paths.overview = places.overview.clone().or(paths.overview.take());
    paths.plan = places.plan.clone().or(paths.plan.take());
    paths.debug = places.debug.clone().or(paths.debug.take());
    if let Some(summary) = &places.summary {
        paths.summary.clone_from(summary);
    }
}

fn change(created: &mut Created, changes: &Changes) {
    let options = &mut created.options;
    if let Some(agent) = &changes.agent {
        options.agent.clone_from(agent);
    }
    options.role_agents.extend(changes.role_agents.clone());
    options.max_parallel = changes.max_parallel.unwrap_or(options.max_parallel);
    options.test_command = changes.test_command.clone().or(options.test_command.take());
}

/// An event of the past as the fork has it.
fn rewrite(event: &Event, past: &Run, created: &Created) -> Event {
    let (old, new) = (past.created.run.as_str(), created.run.as_str());
    match event.clone() {
        Event::RunCreated(_) => Event::RunCreated(Box::new(created.clone())),
        Event::AttemptLeased { step, attempt, token, base, agent, session, reserved, rides } => {
            let agent = agent.or_else(|| played_by(past.step(&step)?, past, created));
            Event::AttemptLeased { step, attempt, token, base, agent, session, reserved, rides }
        }
        Event::AttemptStarted { step, attempt, pid, tree, session } => {
            let below = tree.strip_prefix(&past.created.paths.trees);
            let tree = below.map_or_else(|| tree.clone(), |below| format!("{}{below}", created.paths.trees));
            Event::AttemptStarted { step, attempt, pid, tree, session }
        }
        // The result waits on the fork's own branch, which is at the same commit.
        Event::DeliveryDeferred { step, attempt, reason, command } => {
            Event::DeliveryDeferred { step, attempt, reason, command: command.replace(old, new) }
        }
        other => other,
    }
}

/// Who has played a step's role, where another agent plays it from now on: what is done was done by the former.
fn played_by(step: &Step, past: &Run, created: &Created) -> Option<Box<AgentChoice>> {
    let role = past.role(step);
    let (was, is) = (past.created.agent_of(role), created.agent_of(role));
    (step.kind == StepKind::Agent && was != is).then(|| Box::new(was.clone()))
}

/// The end of an attempt that was at work, if it has a process or a run of its own. Whatever else was begun is begun again
/// by whoever drives, as after a crash.
fn interruption(step: &Step, at: UtcMillis) -> Option<(StepId, Event)> {
    let attempt = step.attempt()?.number;
    let id = step.id.clone();
    let is_agent = step.kind == StepKind::Agent;
    let has_process = is_agent || step.kind == StepKind::SubRun;
    let event = if has_process && matches!(step.state, StepState::Leased | StepState::Running) {
        let ending = AttemptEnding::Stopped;
        Event::AttemptEnded { step: id.clone(), attempt, ending, snapshot: None, limit: None }
    } else if is_agent && step.state == StepState::Verifying {
        // Its tree is another run's, so that it can not be looked at any more.
        let failure = Failure::new(FailureClass::Transient, FailureKind::Lost, "the fork began before it was verified");
        Event::RetryScheduled { step: id.clone(), attempt, due: at, counted: false, failure }
    } else {
        return None;
    };
    Some((id, event))
}
