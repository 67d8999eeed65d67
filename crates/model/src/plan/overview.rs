//! A plan in the shape in which it is printed as JSON.

use super::{Graph, Plan};
use crate::ids::PhaseNumber;
use serde::Serialize;

/// A plan's phases, waves and critical path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The plan's title.
    pub title: String,
    /// The phases, by number.
    pub phases: Vec<OverviewPhase>,
    /// The computed waves.
    pub waves: Vec<Vec<PhaseNumber>>,
    /// The longest chain of phases.
    pub critical_path: Vec<PhaseNumber>,
}

/// One phase of an [`Overview`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverviewPhase {
    /// The number.
    pub number: PhaseNumber,
    /// The name.
    pub name: String,
    /// The phases that must be finished first.
    pub depends_on: Vec<PhaseNumber>,
    /// How many tasks it has.
    pub tasks: usize,
    /// How many of them are ticked.
    pub tasks_done: usize,
    /// Whether nothing is left to do.
    pub done: bool,
    /// The complexity as it is written.
    pub complexity: Option<String>,
    /// The estimated time as it is written.
    pub estimated_time: Option<String>,
    /// The file that holds it.
    pub file: String,
    /// The line of its heading.
    pub line: u32,
}

impl Overview {
    /// The overview of a plan and its graph.
    #[must_use]
    pub fn new(plan: &Plan, graph: &Graph) -> Self {
        let phase = |phase: &super::Phase| OverviewPhase {
            number: phase.number,
            name: phase.name.clone(),
            depends_on: phase.depends_on.clone(),
            tasks: phase.tasks.len(),
            tasks_done: phase.tasks_done(),
            done: phase.done(),
            complexity: phase.complexity.clone(),
            estimated_time: phase.estimated_time.clone(),
            file: phase.file.clone(),
            line: phase.line,
        };
        Self {
            title: plan.title.clone(),
            phases: plan.phases.iter().map(phase).collect(),
            waves: graph.waves(),
            critical_path: graph.critical_path(),
        }
    }
}
