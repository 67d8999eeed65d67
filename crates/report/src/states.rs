//! The end of a state: what was done in it, what it left, whether that is verified, and what comes next.

use crate::text::{moment, span};
use coordinate_model::definition::{StateName, StepKind};
use coordinate_model::event::{Event, Outcome};
use coordinate_model::ids::RunId;
use coordinate_model::run::{Run, Step, StepState, Visit};
use coordinate_model::time::UtcMillis;
use serde::Serialize;

/// The time that a run was in a state, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateTime {
    /// The state.
    pub state: StateName,
    /// Which visit of it, from 1.
    pub visit: u32,
    /// How long, in milliseconds; so far, for the state that the run is in.
    pub duration_ms: u64,
}

/// The times of all states that do something in this run, in order.
#[must_use]
pub fn times(run: &Run) -> Vec<StateTime> {
    let visits = run.timeline.iter().enumerate();
    let worked = visits.filter(|(at, _)| steps_of(run, *at).next().is_some());
    worked.map(|(at, visit)| time(run, at, visit)).collect()
}

fn time(run: &Run, at: usize, visit: &Visit) -> StateTime {
    let left = run.timeline.get(at + 1).map(|next| next.entered).or(run.ended).unwrap_or(run.updated);
    StateTime { state: visit.state.clone(), visit: number(run, at), duration_ms: left.since(visit.entered) }
}

/// Which visit of its state an entry of the timeline is, from 1.
fn number(run: &Run, at: usize) -> u32 {
    let state = run.timeline.get(at).map(|visit| &visit.state);
    let same = run.timeline.iter().take(at + 1).filter(|visit| Some(&visit.state) == state);
    u32::try_from(same.count()).unwrap_or(u32::MAX)
}

/// The steps of one visit: their ids begin with `test/`, or `test#2/` the second time.
fn steps_of(run: &Run, at: usize) -> impl Iterator<Item = &Step> {
    let state = run.timeline.get(at).map(|visit| visit.state.as_str()).unwrap_or_default();
    let number = number(run, at);
    let prefix = if number > 1 { format!("{state}#{number}/") } else { format!("{state}/") };
    run.steps.iter().filter(move |step| step.id.as_str().starts_with(&prefix))
}

/// What there is to say at the end of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateEnd {
    /// Always `state_complete`.
    pub event: &'static str,
    /// The run.
    pub run: RunId,
    /// When.
    pub at: String,
    /// The state, and how long it took.
    #[serde(flatten)]
    pub time: StateTime,
    /// Whether all went well in it.
    pub succeeded: bool,
    /// The files that it left.
    pub artifacts: Vec<String>,
    /// Whether what it left is verified, as a sentence.
    pub verification: String,
    /// What comes next.
    pub next: String,
}

/// The end of a state that an event is, if it is one: a transition, or the end of the run in the middle of a state. A
/// state without steps has nothing to say.
#[must_use]
pub fn end(run: &Run, at: UtcMillis, event: &Event) -> Option<StateEnd> {
    let (place, next) = match event {
        Event::TransitionCompleted { to, .. } => {
            let entered = |visit: &Visit| visit.state == *to && visit.entered == at;
            let place = run.timeline.iter().rposition(entered)?.checked_sub(1)?;
            let next = if *to == run.created.definition.complete { "the end".to_owned() } else { to.to_string() };
            (place, next)
        }
        Event::RunClosing { outcome, message } if *outcome != Outcome::Succeeded => {
            let message = message.lines().next().unwrap_or_default();
            (run.timeline.len().checked_sub(1)?, format!("the end: {}: {message}", outcome.name()))
        }
        _ => return None,
    };
    let visit = run.timeline.get(place)?;
    steps_of(run, place).next()?;
    let until = run.timeline.get(place + 1).map_or(run.artifacts.len(), |next| next.artifacts as usize);
    let left = run.artifacts.get(visit.artifacts as usize..until).unwrap_or_default();
    Some(StateEnd {
        event: "state_complete",
        run: run.id().clone(),
        at: moment(at),
        time: StateTime { duration_ms: at.since(visit.entered), ..time(run, place, visit) },
        succeeded: !steps_of(run, place).any(failed),
        artifacts: left.iter().map(|artifact| artifact.path.clone()).collect(),
        verification: verification(run, place),
        next,
    })
}

fn failed(step: &Step) -> bool {
    step.state == StepState::Failed && !step.superseded
}

fn verification(run: &Run, at: usize) -> String {
    let counted = |step: &&Step| !step.superseded && step.state != StepState::Skipped;
    let all = steps_of(run, at).filter(counted).count();
    let good = steps_of(run, at).filter(|step| step.state == StepState::Succeeded).count();
    let glyph = if good == all { "✓" } else { "✗" };
    let tested = steps_of(run, at).any(|step| matches!(step.kind, StepKind::Check | StepKind::Merge));
    let tests = run.verdicts.last().filter(|_| tested).map_or_else(String::new, |verdict| {
        let result = if verdict.passed { "passes" } else { "fails" };
        format!(", `{}` {result}", verdict.command)
    });
    format!("{glyph} {good} of {all} steps{tests}")
}

impl StateEnd {
    /// The box that is shown to people, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let how = if self.succeeded { "complete" } else { "ended" };
        let visit = if self.time.visit > 1 { format!(" (visit {})", self.time.visit) } else { String::new() };
        let artifacts = match self.artifacts.as_slice() {
            [] => "none".to_owned(),
            some => some.join(", "),
        };
        vec![
            format!("┌ state {}{visit} {how} in {}", self.time.state, span(self.time.duration_ms)),
            format!("│ artifacts: {artifacts}"),
            format!("│ verified:  {}", self.verification),
            format!("└ next:      {}", self.next),
        ]
    }

    /// The same as progress lines.
    #[must_use]
    pub fn progress(&self) -> Vec<String> {
        self.lines().iter().map(|line| format!("PROGRESS: [{}] - {line}", self.time.state)).collect()
    }
}
