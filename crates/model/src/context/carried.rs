//! What is carried to a step: the policy of its state, and what it builds on in its own state.

use crate::artifact::ArtifactKind;
use crate::definition::{Carry, Handed, StepTemplate, Writes};
use crate::event::Artifact;
use crate::run::{Run, Step, StepState};

/// How deep an agent is let into an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Where it is.
    Path,
    /// Also its title and the beginning of its summary.
    Summary,
    /// Also what it recommends and the files that it names, as far as there is room.
    Details,
    /// All of it.
    Full,
}

impl Depth {
    /// The depth's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Summary => "summary",
            Self::Details => "details",
            Self::Full => "full text",
        }
    }
}

impl From<Handed> for Depth {
    fn from(handed: Handed) -> Self {
        match handed {
            Handed::Summary => Self::Summary,
            Handed::Details => Self::Details,
            Handed::Full => Self::Full,
        }
    }
}

/// An artifact that an agent is handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The artifact.
    pub artifact: Artifact,
    /// How much of it.
    pub depth: Depth,
}

/// What is carried to a step at this moment of the run: of earlier states by the policy of the step's state, of its own
/// state the artifacts that it waits for. The plan that the run works by is no part of it: who needs it is given it.
#[must_use]
pub fn carried(run: &Run, step: &Step) -> Vec<Item> {
    let Some((state, template)) = run.created.definition.state(&step.of_state).zip(run.template(step)) else {
        return Vec::new();
    };
    // Topics are researched each for itself: what the others found would only lead astray. What replans is given the
    // plan, and why.
    if matches!(template.writes, Some(Writes::Report | Writes::Replan)) {
        return Vec::new();
    }
    let asked = run.created.role(run.role(step)).inputs;
    let (carry, handed) = (state.carries(), Depth::from(template.handed(asked)));
    let depth = |artifact: &Artifact| match origin(run, artifact) {
        Some(other) if other.of_state == step.of_state => {
            (is_awaited(run, template, other) && was_before(other, step)).then_some(handed)
        }
        Some(other) if !was_before(other, step) => None,
        Some(_) | None => match carry {
            Carry::Metadata => Some(handed),
            Carry::Paths => Some(Depth::Path),
            Carry::Nothing => None,
        },
    };
    let others = run.artifacts.iter().filter(|artifact| is_passed_on(run, artifact));
    let items = others.filter_map(|artifact| Some(Item { artifact: artifact.clone(), depth: depth(artifact)? }));
    let mut items: Vec<Item> = items.collect();
    // Whichever was left first: the same prompt comes of the same artifacts.
    items.sort_by(|one, other| one.artifact.path.cmp(&other.artifact.path));
    items
}

/// A summary tells people what was done. The plan has its own way to whoever works by it.
fn is_passed_on(run: &Run, artifact: &Artifact) -> bool {
    artifact.kind != ArtifactKind::Summary.name() && Some(&artifact.path) != run.created.paths.plan.as_ref()
}

/// The step that left an artifact, itself or by the run that is its work.
pub(super) fn origin<'a>(run: &'a Run, artifact: &Artifact) -> Option<&'a Step> {
    let left = |step: &&Step| {
        run.place(step).as_ref() == Some(&artifact.path)
            || run.topics_of(step).any(|topic| topic.report == artifact.path)
    };
    run.steps.iter().filter(|step| step.state == StepState::Succeeded).find(left)
}

fn is_awaited(run: &Run, template: &StepTemplate, other: &Step) -> bool {
    run.template(other).is_some_and(|other| template.needs.contains(&other.id))
}

/// Whether a step had ended when the newest attempt of the other was leased: so that the account of an attempt long ago
/// holds what was there then.
fn was_before(other: &Step, step: &Step) -> bool {
    let (ended, leased) =
        (other.attempt().and_then(|attempt| attempt.ended), step.attempt().map(|attempt| attempt.leased));
    ended.zip(leased).is_none_or(|(ended, leased)| ended <= leased)
}
