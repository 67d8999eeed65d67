//! Changing the plan of a run under way: what calls for it, what it may change, how often.

mod change;
mod drift;

pub use change::{Standing, check, diff};
pub use drift::drift;

use crate::complexity::{Tenths, of_phase};
use crate::ids::PhaseNumber;
use crate::plan::Phase;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a plan may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplanKind {
    /// A phase is worked out in more detail.
    Expand,
    /// A phase that was missing comes in.
    Add,
    /// A phase becomes several.
    Split,
    /// A phase's tasks change.
    Update,
    /// A phase goes into another one.
    Collapse,
}

impl ReplanKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Expand, Self::Add, Self::Split, Self::Update, Self::Collapse];

    /// The kind's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Add => "add",
            Self::Split => "split",
            Self::Update => "update",
            Self::Collapse => "collapse",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Whether the phase itself changes, so that nobody may work on it meanwhile.
    #[must_use]
    pub fn holds(self) -> bool {
        match self {
            Self::Add => false,
            Self::Expand | Self::Split | Self::Update | Self::Collapse => true,
        }
    }

    /// What is to be done with the phase, as one sentence.
    #[must_use]
    pub fn task(self) -> &'static str {
        match self {
            Self::Expand => "Work this phase out in more detail: smaller tasks, each with how it is verified.",
            Self::Add => "Add the phase (or phases) that is missing; leave this phase as it is.",
            Self::Split => "Split this phase: it keeps its number with a first part, the rest goes into new phases.",
            Self::Update => "Change the tasks of this phase so that they say what is really to be done.",
            Self::Collapse => "Move the tasks of this phase into another one that has not begun, and take it out.",
        }
    }
}

impl fmt::Display for ReplanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What calls for a change of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A phase's complexity, in tenths of a point.
    Complexity,
    /// How many tasks a phase has.
    Tasks,
    /// Failures of tests in a row in a phase.
    TestFailures,
    /// An agent reported that there is more (or other) work than planned.
    ScopeDrift,
    /// A person asked for it.
    Asked,
}

impl Trigger {
    /// The trigger's name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complexity => "complexity",
            Self::Tasks => "tasks",
            Self::TestFailures => "test failures in a row",
            Self::ScopeDrift => "scope drift",
            Self::Asked => "a person",
        }
    }
}

/// The thresholds of a project. What lies above one calls for a change of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replanning {
    /// Complexity: more than this.
    pub complexity: Tenths,
    /// Tasks of a phase: more than these.
    pub tasks: u32,
    /// Failures of tests in a row in a phase: this many.
    pub failures: u32,
    /// How often a phase may be replanned without asking.
    pub limit: u32,
    /// Whether a person has said that the limit does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
}

impl Default for Replanning {
    fn default() -> Self {
        Self { complexity: Tenths(80), tasks: 10, failures: 2, limit: 2, forced: false }
    }
}

/// One look at a phase: what was measured, against what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The phase.
    pub phase: PhaseNumber,
    /// What was looked at.
    pub trigger: Trigger,
    /// What it is; complexity in tenths of a point.
    pub value: u32,
    /// What it may be.
    pub threshold: u32,
    /// Whether it calls for a change of the plan.
    pub fired: bool,
}

impl Evaluation {
    /// In words, `phase 3: 12 tasks (threshold 10): fired`.
    #[must_use]
    pub fn words(&self) -> String {
        let shown = |value: u32| match self.trigger {
            Trigger::Complexity => Tenths(value).to_string(),
            Trigger::Tasks | Trigger::TestFailures | Trigger::ScopeDrift | Trigger::Asked => value.to_string(),
        };
        let fired = if self.fired { "fired" } else { "not fired" };
        let (name, value, threshold) = (self.trigger.name(), shown(self.value), shown(self.threshold));
        format!("phase {}: {name} {value} (threshold {threshold}): {fired}", self.phase)
    }
}

impl Replanning {
    /// What a phase's text calls for, before anything of it is done.
    #[must_use]
    pub fn evaluate(&self, phase: &Phase) -> [Evaluation; 2] {
        let above = |trigger, value: u32, threshold: u32| Evaluation {
            phase: phase.number,
            trigger,
            value,
            threshold,
            fired: value > threshold,
        };
        let tasks = u32::try_from(phase.tasks.len()).unwrap_or(u32::MAX);
        [above(Trigger::Complexity, of_phase(phase).0, self.complexity.0), above(Trigger::Tasks, tasks, self.tasks)]
    }

    /// What failing tests of a phase call for.
    #[must_use]
    pub fn after_failures(&self, phase: PhaseNumber, failures: u32) -> Evaluation {
        Evaluation {
            phase,
            trigger: Trigger::TestFailures,
            value: failures,
            threshold: self.failures,
            fired: failures >= self.failures,
        }
    }
}

/// Where a change of the plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplanState {
    /// It is asked for, or worked on.
    Pending,
    /// The run works by the changed plan.
    Adopted,
    /// Nothing came of it.
    Dropped,
}

/// A changed plan that was checked and is not in force yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// As it was read.
    pub plan: Box<crate::plan::Plan>,
    /// Its hash without its check marks.
    pub hash: String,
    /// Its files, each with the hash by which its text is kept.
    pub files: Vec<(String, String)>,
    /// What it changes, line by line.
    pub diff: String,
}

/// One change of the plan, in the history of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replan {
    /// The phase.
    pub phase: PhaseNumber,
    /// Which one of this phase, from 1.
    pub number: u32,
    /// How the plan is to change.
    pub kind: ReplanKind,
    /// What called for it.
    pub trigger: Trigger,
    /// Why, in words.
    pub reason: String,
    /// When it was asked for.
    pub at: UtcMillis,
    /// Where it stands.
    pub state: ReplanState,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}
