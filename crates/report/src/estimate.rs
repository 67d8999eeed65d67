//! How long what is left will take, from how long it took before in this project.

use crate::diagram::way;
use crate::states::times;
use crate::text::span;
use coordinate_model::event::Outcome;
use coordinate_model::run::Run;
use coordinate_model::time::UtcMillis;
use std::collections::BTreeMap;

/// How long states took in earlier runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    states: BTreeMap<String, Vec<u64>>,
}

impl History {
    /// Takes a run in. Only one that went well says how long things take.
    pub fn add(&mut self, run: &Run) {
        if run.outcome != Some(Outcome::Succeeded) {
            return;
        }
        for time in times(run) {
            let known = self.states.entry(time.state.as_str().to_owned()).or_default();
            let at = known.partition_point(|other| *other < time.duration_ms);
            known.insert(at, time.duration_ms);
        }
    }

    /// The middle one of the times of a state: one slow day does not move it.
    fn median(&self, state: &str) -> Option<u64> {
        let known = self.states.get(state)?;
        known.get(known.len() / 2).copied()
    }

    /// The usual time of these states in all, in milliseconds; `None` where one has no history.
    pub fn sum<'a>(&self, states: impl Iterator<Item = &'a str>) -> Option<u64> {
        states.map(|state| self.median(state)).try_fold(0_u64, |sum, one| Some(sum.saturating_add(one?)))
    }

    /// What is left of a run, in milliseconds; `None` where a state that is still to come has no history.
    #[must_use]
    pub fn left(&self, run: &Run, now: UtcMillis) -> Option<u64> {
        if run.outcome.is_some() {
            return Some(0);
        }
        let way = way(run);
        let here = way.iter().position(|state| *state == run.state);
        // Off the way, in a round of debugging, what is left begins where the way is joined again: at the tests.
        let rest = way
            .iter()
            .skip(here.map_or(0, |at| at + 1))
            .filter(|state| here.is_some() || !run.completed.contains(state));
        let left = self.sum(rest.map(|state| state.as_str()).filter(|state| does_something(run, state)))?;
        if !does_something(run, run.state.as_str()) {
            return Some(left);
        }
        let usual = self.median(run.state.as_str())?;
        Some(left.saturating_add(usual.saturating_sub(now.since(run.entered))))
    }
}

/// Whether a state has a step in this run.
fn does_something(run: &Run, state: &str) -> bool {
    let states = run.created.definition.state.iter().filter(|(name, _)| name.as_str() == state);
    states.flat_map(|(_, state)| &state.steps).any(|template| run.created.applies(template))
}

/// What is left, in words.
#[must_use]
pub fn words(left: Option<u64>) -> String {
    left.map_or_else(|| "time left unknown: no history".to_owned(), |left| format!("about {} left", span(left)))
}
