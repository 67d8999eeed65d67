//! What the phase numbers of older formats count: states, or phases of a plan.

use super::fields::Fields;
use crate::definition::StateName;
use crate::ids::PhaseNumber;
use serde_json::{Value, json};

/// The states that the numbers 0 to 7 stand for.
const STATES: [&str; 8] = ["initialize", "research", "plan", "implement", "test", "debug", "document", "complete"];

/// The state of a workflow that nobody knows: all is still to be done.
pub(super) const UNKNOWN: &str = "initialize";

/// What a definition's phase numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// States, from 0.
    States,
    /// Phases of the plan; the state is always this one.
    Phases(&'static str),
}

impl Counts {
    /// Only three workflows ever went through the states by number.
    pub(super) fn of(definition: &str) -> Self {
        match definition {
            "coordinate" | "orchestrate" | "supervise" => Self::States,
            "research" => Self::Phases("research"),
            "plan" | "revise" => Self::Phases("plan"),
            "debug" => Self::Phases("debug"),
            "implement" => Self::Phases("implement"),
            _ => Self::Phases(UNKNOWN),
        }
    }
}

/// The numbers of a file, read but not yet understood.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) current: Option<u32>,
    pub(super) total: Option<u32>,
    pub(super) completed: Vec<u32>,
}

impl Numbers {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            current: fields.count("current_phase"),
            total: fields.count("total_phases"),
            completed: fields.counts("completed_phases"),
        }
    }

    /// The state, and those before it that are done.
    pub(super) fn states(&self, fields: &mut Fields) -> (StateName, Vec<StateName>) {
        let current = self.current.unwrap_or(0);
        let state = state(current).unwrap_or_else(|| {
            fields.error("current_phase", format!("{current} stands for no state: they have the numbers 0 to 7"));
            StateName(STATES[0].to_owned())
        });
        let mut completed = Vec::new();
        for number in &self.completed {
            match self::state(*number) {
                Some(state) => completed.push(state),
                None => fields.error("completed_phases", format!("{number} stands for no state: they go from 0 to 7")),
            }
        }
        (state, completed)
    }

    /// Puts the numbers back as they stood: what was made of them is a reading, and the file may be asked again.
    pub(super) fn put_back(&self, fields: &mut Fields) {
        let numbers = [("current_phase", self.current.map(Value::from)), ("total_phases", self.total.map(Value::from))];
        for (name, value) in numbers {
            if let Some(value) = value {
                fields.keep(name, value);
            }
        }
        if !self.completed.is_empty() {
            fields.keep("completed_phases", json!(self.completed));
        }
    }

    /// The phases of a plan, ascending.
    pub(super) fn phases(&self) -> Vec<PhaseNumber> {
        let mut phases: Vec<_> = self.completed.iter().copied().map(PhaseNumber).collect();
        phases.sort_unstable();
        phases.dedup();
        phases
    }
}

/// The state of a number.
pub(super) fn state(number: u32) -> Option<StateName> {
    STATES.get(number as usize).map(|name| StateName((*name).to_owned()))
}

/// Whether a name is one of the states that the numbers stand for.
pub(super) fn is_state(name: &str) -> bool {
    STATES.contains(&name)
}
