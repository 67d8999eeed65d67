//! Plans: Markdown with phases, tasks and dependencies, and the graph they form.
//!
//! [`parse()`] reads a plan from the texts of its files and never fails: what is wrong becomes a
//! [`Diagnostic`] with its place. [`Graph`] gives the waves, the critical path and the priorities by
//! which phases are scheduled. [`tick()`] marks a phase as finished in a text, and [`content_hash`] is
//! the identity of a plan that such marks leave as it is.

mod depends;
mod diagnostic;
mod document;
mod expansion;
mod field;
mod files;
mod folder;
mod graph;
mod heading;
mod markdown;
mod overview;
mod parse;
mod phase;
mod problems;
mod render;
mod spelling;
mod split;
mod tick;
mod waves;

pub use diagnostic::{Diagnostic, Severity};
pub use graph::Graph;
pub use overview::{Overview, OverviewPhase};
pub use parse::{Parsed, parse};
pub use render::{dot, mermaid};
pub use split::{Exists, Split, SplitError, collapse, expand};
pub use tick::{content_hash, tick, tick_all};

use crate::ids::PhaseNumber;
use serde::{Deserialize, Serialize};

/// One file of a plan: its path, as it is to stand in diagnostics, and its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The path, relative to the project; `/` separates its parts.
    pub path: String,
    /// The whole text of the file.
    pub text: String,
}

impl Source {
    /// A source from its path and text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// A plan as it was read. Stored with a run, so that editing the file never changes a run under way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The text of the plan's first-level heading; empty if it has none.
    pub title: String,
    /// The phases in the order of their numbers, each number once.
    pub phases: Vec<Phase>,
    /// The waves as the plan itself lists them, if it does. Scheduling never uses them.
    pub declared_waves: Option<Vec<Vec<PhaseNumber>>>,
    /// The paths of the plan's files, in the order in which they were given.
    pub files: Vec<String>,
}

impl Plan {
    /// The phase with a number.
    #[must_use]
    pub fn phase(&self, number: PhaseNumber) -> Option<&Phase> {
        let sorted = self.phases.binary_search_by_key(&number, |phase| phase.number);
        sorted.ok().and_then(|index| self.phases.get(index))
    }
}

/// One phase of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// The number that its heading gives it.
    pub number: PhaseNumber,
    /// The name, without marks of waves and completion.
    pub name: String,
    /// Whether the heading carries a mark of completion.
    pub marked_complete: bool,
    /// The phases that must be finished before this one: ascending, each once.
    pub depends_on: Vec<PhaseNumber>,
    /// The line of the dependencies field; the heading's if there is none.
    pub depends_line: u32,
    /// The file of the dependencies field.
    pub depends_file: String,
    /// What the phase is to reach.
    pub objective: Option<String>,
    /// The complexity as it is written, such as `7/10` or `High`.
    pub complexity: Option<String>,
    /// The risk as it is written.
    pub risk: Option<String>,
    /// The estimated time as it is written.
    pub estimated_time: Option<String>,
    /// The files that the phase says it touches.
    pub files: Vec<PlannedFile>,
    /// Whether the phase says that it changes no files (`Files: none`).
    pub files_none: bool,
    /// The tasks, in the order of the text.
    pub tasks: Vec<Task>,
    /// The stages into which the phase is divided, in the order of the text.
    pub stages: Vec<Stage>,
    /// The phase's Markdown without its heading.
    pub body: String,
    /// The fenced code blocks, in the order of the text.
    pub blocks: Vec<CodeBlock>,
    /// The path of the source that holds the body.
    pub file: String,
    /// The line of the heading in that source, from 1.
    pub line: u32,
}

impl Phase {
    /// Whether nothing is left to do: marked complete, or it has tasks and all are ticked.
    #[must_use]
    pub fn done(&self) -> bool {
        self.marked_complete || (!self.tasks.is_empty() && self.tasks.iter().all(|task| task.done))
    }

    /// How many tasks are ticked.
    #[must_use]
    pub fn tasks_done(&self) -> usize {
        self.tasks.iter().filter(|task| task.done).count()
    }
}

/// One task: a list item with a check mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The first paragraph of the item, in one line.
    pub text: String,
    /// Whether it is ticked.
    pub done: bool,
    /// Its line in the phase's file, from 1.
    pub line: u32,
    /// The stage it stands in, if it is one.
    pub stage: Option<u32>,
}

/// A part of a phase with a heading of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The number that its heading gives it.
    pub number: u32,
    /// The name, without marks.
    pub name: String,
    /// The line of its heading in the phase's file, from 1.
    pub line: u32,
}

/// A fenced code block of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeBlock {
    /// The info string: usually the language.
    pub info: String,
    /// The code.
    pub text: String,
    /// The line of the opening fence in the phase's file, from 1.
    pub line: u32,
}

/// A file that a phase says it touches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlannedFile {
    /// The path, relative to the project; never absolute and never leading out of it.
    pub path: String,
    /// What is to be found there once the phase is finished.
    pub expectation: Expectation,
}

/// What is to be found at a planned path once its phase is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expectation {
    /// The file (or folder) exists.
    Present,
    /// The file is gone.
    Absent,
    /// The path is a pattern that at least one file matches.
    Glob,
}
