//! The side views of the steps, all kept by [`Run::set_state`](super::Run::set_state) and by nothing else.

use super::{Run, Step, StepState};
use crate::definition::StepKind;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Steps that compete for the same room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Agents and commands: up to `max_parallel`.
    Work,
    /// Checks: up to `max_parallel`.
    Check,
    /// Integration: one at a time.
    Merge,
    /// Questions: any number.
    Gate,
}

impl Lane {
    /// All lanes, in the order in which they are served: what ends work goes before what begins it.
    pub const ALL: [Self; 4] = [Self::Merge, Self::Check, Self::Work, Self::Gate];

    /// The lane of a kind of step.
    #[must_use]
    pub fn of(kind: StepKind) -> Self {
        match kind {
            StepKind::Agent | StepKind::Command | StepKind::SubRun => Self::Work,
            StepKind::Check => Self::Check,
            StepKind::Merge => Self::Merge,
            StepKind::Gate => Self::Gate,
        }
    }
}

/// Longest way to the end first, then the plan's order.
type Rank = (Reverse<u64>, u32);

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Queues {
    ready: BTreeMap<Lane, BTreeSet<Rank>>,
    live_lanes: BTreeMap<Lane, usize>,
    pub(super) live: BTreeSet<u32>,
    pub(super) waiting: BTreeSet<u32>,
    tally: BTreeMap<StepState, u32>,
}

impl Queues {
    pub(super) fn ready_in(&self, lane: Lane) -> impl Iterator<Item = u32> {
        self.ready.get(&lane).into_iter().flatten().map(|rank| rank.1)
    }

    pub(super) fn live_in(&self, lane: Lane) -> usize {
        self.live_lanes.get(&lane).copied().unwrap_or(0)
    }

    pub(super) fn tally(&self, state: StepState) -> u32 {
        self.tally.get(&state).copied().unwrap_or(0)
    }

    pub(super) fn forget_tally(&mut self) {
        self.tally.clear();
    }

    fn count(&mut self, state: StepState, by: i32) {
        let count = self.tally.entry(state).or_default();
        *count = count.saturating_add_signed(by);
    }

    fn remove(&mut self, at: u32, rank: Rank, step: &Step) {
        let lane = Lane::of(step.kind);
        if step.state == StepState::Ready {
            self.ready.entry(lane).or_default().remove(&rank);
        }
        if step.state.is_live() && self.live.remove(&at) {
            let count = self.live_lanes.entry(lane).or_default();
            *count = count.saturating_sub(1);
        }
        self.waiting.remove(&at);
        self.count(step.state, -1);
    }

    fn insert(&mut self, at: u32, rank: Rank, kind: StepKind, state: StepState) {
        let lane = Lane::of(kind);
        if state == StepState::Ready {
            self.ready.entry(lane).or_default().insert(rank);
        }
        if state.is_live() && self.live.insert(at) {
            *self.live_lanes.entry(lane).or_default() += 1;
        }
        if state == StepState::Waiting {
            self.waiting.insert(at);
        }
        self.count(state, 1);
    }
}

impl Run {
    /// The one place where a step's state changes.
    pub(super) fn set_state(&mut self, at: u32, state: StepState) {
        let rank = self.rank(at);
        let Some(step) = self.steps.get_mut(at as usize) else { return };
        self.queues.remove(at, rank, step);
        step.state = state;
        if state != StepState::Waiting {
            step.waiting = None;
        }
        self.queues.insert(at, rank, step.kind, state);
    }

    /// Adds a step; its state must be `Blocked`.
    pub(super) fn push_step(&mut self, step: Step) -> u32 {
        let at = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        let (kind, state) = (step.kind, step.state);
        self.index.insert(step.id.clone(), at);
        self.steps.push(step);
        let rank = self.rank(at);
        self.queues.insert(at, rank, kind, state);
        at
    }

    /// Takes a failed step out of the tally: a repair has taken its place.
    pub(super) fn supersede(&mut self, at: u32) {
        let Some(step) = self.steps.get_mut(at as usize) else { return };
        if !step.superseded {
            step.superseded = true;
            self.queues.count(step.state, -1);
        }
    }

    /// Puts what is ready into order again, after phases have got other priorities.
    pub(super) fn rerank(&mut self) {
        let ready: Vec<u32> = self.queues.ready.values().flatten().map(|rank| rank.1).collect();
        self.queues.ready.clear();
        for at in ready {
            let rank = self.rank(at);
            let lane = Lane::of(self.steps[at as usize].kind);
            self.queues.ready.entry(lane).or_default().insert(rank);
        }
    }

    fn rank(&self, at: u32) -> Rank {
        let phase = self.steps.get(at as usize).and_then(|step| step.phase);
        let priority = phase.and_then(|number| self.phases.get(&number)).map_or(0, |phase| phase.priority);
        (Reverse(priority), at)
    }

    /// Rebuilds what a stored fold leaves out.
    pub fn reindex(&mut self) {
        let named = |(at, step): (usize, &Step)| (step.id.clone(), u32::try_from(at).unwrap_or(u32::MAX));
        self.index = self.steps.iter().enumerate().map(named).collect();
    }
}
