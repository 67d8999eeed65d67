//! What the offline agent is given: the file that its process reads.

use coordinate_engine::port::{ArtifactOrder, Assignment};
use coordinate_model::artifact::ArtifactKind;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The longest topic that is shown, in characters.
const LONGEST: usize = 160;

/// What one process of the offline agent is to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum Order {
    /// Run a phase's `sh` blocks.
    Blocks {
        /// The blocks, in the plan's order.
        blocks: Vec<Block>,
    },
    /// Leave an artifact.
    Artifact(Wanted),
}

/// One block: where it stands in the plan, and its text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Block {
    pub(super) line: u32,
    pub(super) text: String,
}

/// The artifact that is wanted; the fields are those of [`ArtifactOrder`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) kind: ArtifactKind,
    /// Where the agent works: absolute.
    pub(super) tree: PathBuf,
    /// Where the artifact is to be written: absolute, below the tree.
    pub(super) path: PathBuf,
    pub(super) request: String,
    pub(super) subject: String,
    pub(super) date: String,
    pub(super) inputs: Vec<PathBuf>,
    pub(super) test_command: Option<String>,
}

impl Wanted {
    pub(super) fn of(assignment: &Assignment, order: &ArtifactOrder) -> Self {
        Self {
            kind: order.kind,
            tree: assignment.tree.clone(),
            path: order.path.clone(),
            request: order.request.clone(),
            subject: order.subject.clone(),
            date: order.date.clone(),
            inputs: order.inputs.clone(),
            test_command: order.test_command.clone(),
        }
    }

    /// What the artifact is about, in one line that is not too long.
    pub(super) fn topic(&self) -> String {
        let words = if self.subject.trim().is_empty() { &self.request } else { &self.subject };
        let line = words.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= LONGEST {
            return line;
        }
        line.chars().take(LONGEST).chain(['…']).collect()
    }
}
