//! What keeps a run's recording: its journal says what each attempt said, and names the snapshot of what it left.

use crate::port::{CommitSpec, Repository, RepositoryError};
use coordinate_model::ids::{Oid, RunId};
use coordinate_model::run::Run;
use std::collections::BTreeSet;

/// The ref of a run's recording.
#[must_use]
pub fn recording_ref(run: &RunId) -> String {
    format!("refs/coordinate-recording/{run}")
}

/// Holds what every attempt left by one commit with all of it as parents: the run's own refs go where their work is
/// merged, but not what a replay is made of. Done before anything is put away; again, it is the same commit.
pub(super) fn hold(run: &Run, repository: &dyn Repository) -> Result<(), RepositoryError> {
    let attempts = run.steps.iter().flat_map(|step| &step.attempts);
    let left: BTreeSet<&Oid> =
        attempts.filter_map(|attempt| attempt.snapshot.as_ref()).chain(&run.integration).collect();
    let mut parents = Vec::new();
    for commit in left {
        // Of an imported or forked past it may be gone.
        parents.extend(repository.resolve(commit.as_str())?);
    }
    let Some(first) = parents.first() else { return Ok(()) };
    let tree = repository.tree_of(first)?;
    let message = format!("recording of {}\n", run.id());
    let commit = repository.commit(&CommitSpec { tree, parents, message, at: run.started })?;
    let reference = recording_ref(run.id());
    let present = repository.resolve(&reference)?;
    repository.move_ref(&reference, &commit, present.as_ref())
}
