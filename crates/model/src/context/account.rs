//! The account of a run: what was produced, what is carried, and who was handed what.

use super::carried::{Depth, carried};
use super::tell::{is_reached, less_per_mille, tell};
use crate::definition::StepKind;
use crate::event::Artifact;
use crate::ids::StepId;
use crate::run::{Run, Step};

/// What a run's artifacts cost its agents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The artifacts of which something is known.
    pub produced: Vec<Produced>,
    /// The agents that were handed any of them.
    pub receivers: Vec<Receiver>,
}

/// An artifact, and what is carried of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// Its path.
    pub path: String,
    /// Its kind.
    pub kind: String,
    /// Tokens of its text.
    pub tokens: u64,
    /// Tokens of its title and summary, which are handed up instead.
    pub carried: u64,
}

/// An agent's step, and what it was handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The step.
    pub step: StepId,
    /// Each artifact.
    pub items: Vec<Received>,
}

/// An artifact as it was handed to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its path.
    pub path: String,
    /// How much of it.
    pub depth: Depth,
    /// Tokens of its text.
    pub produced: u64,
    /// Tokens of what the agent was told, its path included.
    pub handed: u64,
}

impl Account {
    /// The account of a run at this moment. `count` counts tokens, the same ones as for the prompts.
    #[must_use]
    pub fn of(run: &Run, count: &dyn Fn(&str) -> u64) -> Self {
        let begun = run.steps.iter().filter(|step| step.kind == StepKind::Agent && step.attempt().is_some());
        let mut produced: Vec<_> = run.artifacts.iter().filter_map(produced).collect();
        produced.sort_by(|one, other| one.path.cmp(&other.path));
        Self { produced, receivers: begun.filter_map(|step| receiver(run, step, count)).collect() }
    }

    /// Tokens of all texts, and of what is handed up instead of them.
    #[must_use]
    pub fn sums(&self) -> (u64, u64) {
        self.produced.iter().fold((0, 0), |(tokens, carried), one| (tokens + one.tokens, carried + one.carried))
    }
}

impl Receiver {
    /// Tokens of the texts, and of what was handed of them.
    #[must_use]
    pub fn sums(&self) -> (u64, u64) {
        self.items.iter().fold((0, 0), |(produced, handed), one| (produced + one.produced, handed + one.handed))
    }

    /// How much less was handed than produced, in parts of a thousand.
    #[must_use]
    pub fn less(&self) -> u64 {
        let (produced, handed) = self.sums();
        less_per_mille(handed, produced)
    }

    /// Whether the target is reached; `None` where it does not hold yet.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        let (produced, handed) = self.sums();
        is_reached(self.items.len(), handed, produced)
    }
}

fn produced(artifact: &Artifact) -> Option<Produced> {
    let metadata = artifact.metadata.as_ref()?;
    Some(Produced {
        path: artifact.path.clone(),
        kind: artifact.kind.clone(),
        tokens: metadata.tokens,
        carried: metadata.carried,
    })
}

fn receiver(run: &Run, step: &Step, count: &dyn Fn(&str) -> u64) -> Option<Receiver> {
    let mut items = carried(run, step);
    items.retain(|item| item.artifact.metadata.is_some());
    if items.is_empty() {
        return None;
    }
    let tree = step.attempt().and_then(|attempt| attempt.tree.as_deref());
    let told = tell(&items, tree.unwrap_or(&run.created.paths.project), count);
    let received = items.iter().zip(told).map(|(item, told)| Received {
        path: item.artifact.path.clone(),
        depth: item.depth,
        produced: item.artifact.metadata.as_ref().map_or(0, |metadata| metadata.tokens),
        handed: told.tokens,
    });
    Some(Receiver { step: step.id.clone(), items: received.collect() })
}
