//! The code state of a fork: refs of its own for every commit that its past speaks of, so that nothing of it goes when the
//! other run is cleaned away.
//!
//! They are made before the fork's journal is written. A ref that marks the fork as one in the making is there first, and
//! goes last; refs that a kill left without a journal are known by it, and are taken away before the next fork is made.

use crate::port::{Repository, RepositoryError};
use crate::work::slug;
use coordinate_model::ids::{Oid, RunId, StepId};
use coordinate_model::run::{Run, Step};

/// Why a fork can not have its code.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// A commit that it goes on from is gone.
    #[error("{what}, {commit}, is not in the repository any more")]
    Gone {
        /// What it was.
        what: String,
        /// The commit.
        commit: Oid,
    },
    /// The repository failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// A commit of the past.
struct Held {
    reference: String,
    commit: Oid,
    /// What it is, if the fork can not go on without it.
    needed: Option<String>,
}

/// Below this a ref of its name marks a fork that is in the making.
const MAKING: &str = "refs/coordinate-forking";

/// Makes the refs of a fork, and gives their names. Done before its journal is written: a kill in between leaves refs that
/// nobody reads, but never a fork without its code. [`made`] follows when the journal is written.
///
/// # Errors
/// [`ForkError`]; then none of the refs is left.
pub fn hold(repository: &dyn Repository, run: &Run) -> Result<Vec<String>, ForkError> {
    let base = run.created.base.commit.as_ref();
    if let Some(commit) = base.filter(|commit| !matches!(repository.resolve(commit.as_str()), Ok(Some(_)))) {
        return Err(ForkError::Gone { what: "the commit that the run began at".to_owned(), commit: commit.clone() });
    }
    let mut made = Vec::new();
    if let Some(commit) = base.or(run.integration.as_ref()) {
        let reference = marker(run.id().as_str());
        repository.move_ref(&reference, commit, None)?;
        made.push(reference);
    }
    match held(run).into_iter().try_for_each(|held| hold_one(repository, held, &mut made)) {
        Ok(()) => Ok(made),
        Err(error) => {
            let_go(repository, &made);
            Err(error)
        }
    }
}

fn marker(id: &str) -> String {
    format!("{MAKING}/{id}")
}

/// The fork's journal is written: it is in the making no more.
pub fn made(repository: &dyn Repository, id: &RunId) {
    // One that stays is taken away before the next fork is made.
    let _ = repository.delete_ref(&marker(id.as_str()));
}

/// Takes away what forks left that were killed before they had a journal. Nobody makes another fork meanwhile: the caller
/// sees to that. `is_there` says whether a run has a journal.
///
/// # Errors
/// [`RepositoryError`] when the refs can not be listed or deleted; then the next fork tries again.
pub fn sweep(repository: &dyn Repository, is_there: &dyn Fn(&RunId) -> bool) -> Result<(), RepositoryError> {
    for (mark, _) in repository.refs(MAKING)? {
        let Some(Ok(id)) = mark.rsplit('/').next().map(str::parse::<RunId>) else { continue };
        if !is_there(&id) {
            for place in [format!("refs/heads/coordinate/{id}"), format!("refs/coordinate/{id}")] {
                for (reference, _) in repository.refs(&place)? {
                    repository.delete_ref(&reference)?;
                }
            }
        }
        repository.delete_ref(&mark)?;
    }
    Ok(())
}

/// Takes the refs of a fork away that did not come to be.
pub fn let_go(repository: &dyn Repository, references: &[String]) {
    // The mark goes last, since it came first.
    for reference in references.iter().rev() {
        // A ref that stays is of a run that is not there: it holds objects, and nothing else.
        let _ = repository.delete_ref(reference);
    }
}

fn hold_one(repository: &dyn Repository, held: Held, made: &mut Vec<String>) -> Result<(), ForkError> {
    if repository.resolve(held.commit.as_str())?.is_some() {
        repository.move_ref(&held.reference, &held.commit, None)?;
        made.push(held.reference);
        return Ok(());
    }
    match held.needed {
        Some(what) => Err(ForkError::Gone { what, commit: held.commit }),
        None => Ok(()),
    }
}

/// Every commit that the past speaks of and that no branch of the user holds.
fn held(run: &Run) -> Vec<Held> {
    let under = |name: String| format!("refs/coordinate/{}/{name}", run.id());
    let mut held = Vec::new();
    if let Some(commit) = &run.integration {
        let (reference, what) = (format!("refs/heads/coordinate/{}/main", run.id()), "the merged work".to_owned());
        held.push(Held { reference, commit: commit.clone(), needed: Some(what) });
    }
    for step in &run.steps {
        held.extend(of_step(run, step).into_iter().map(|held| Held { reference: under(held.reference), ..held }));
    }
    for (number, phase) in run.phases.iter().filter(|(_, phase)| !phase.is_done()) {
        if let Some((commit, _)) = &phase.repair {
            let (reference, needed) =
                (under(format!("p{number}.repair")), Some(format!("what phase {number} is mended from")));
            held.push(Held { reference, commit: commit.clone(), needed });
        }
    }
    held
}

fn of_step(run: &Run, step: &Step) -> Vec<Held> {
    let name = slug(&step.id);
    let merged = step.phase.and_then(|number| run.phases.get(&number)).is_some_and(|phase| phase.is_done());
    let needed = |what: &str, id: &StepId| format!("{what} of `{id}`");
    let mut held = Vec::new();
    if let Some(work) = step.work.as_ref().filter(|_| !merged) {
        let needed = run.writes(step).is_none().then(|| needed("the work", &step.id));
        held.push(Held { reference: format!("{name}.work"), commit: work.commit.clone(), needed });
    }
    if let Some(movement) = step.movement.as_ref().filter(|_| step.state.is_live()) {
        let needed = Some(needed("the merge", &step.id));
        held.push(Held { reference: format!("{name}.merge"), commit: movement.new.clone(), needed });
    }
    for attempt in step.attempts.iter().filter(|_| !merged) {
        let Some(commit) = attempt.snapshot.clone() else { continue };
        // The text that was refused goes back to its agent.
        let sent_back = attempt.failure.as_ref().is_some_and(|failure| failure.kind.is_of_text());
        let needed = (sent_back && !step.state.is_over()).then(|| needed("what an attempt left", &step.id));
        held.push(Held { reference: format!("{name}@{}", attempt.number), commit, needed });
    }
    held
}
