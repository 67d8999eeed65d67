//! State of shell blocks that is too old.

use super::batch::Item;
use super::trash::Trash;
use crate::commands::note;
use crate::context::Project;
use crate::failure::CommandError;
use crate::wiring::SystemClock;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::Clock;
use coordinate_model::shell::{Aside, WorkflowId};
use coordinate_model::time::UtcMillis;
use coordinate_store::shell::{Expired, Runs, ShellState};

/// Puts aside what is too old before a run begins. A failure is told and no more: the run needs nothing of it.
pub(in crate::commands) fn prune(project: &Project, journal: &Journal) {
    let pruned = runs(Some(journal)).and_then(|runs| put_all_aside(project, &runs));
    if let Err(error) = pruned {
        note(&format!("old shell state is still there: {}", error.message()));
    }
}

/// Puts aside what is too old, whatever became of runs that have ended.
pub(in crate::commands) fn prune_old(project: &Project) -> Result<(), CommandError> {
    let journal = project.journal()?;
    let Runs { open, .. } = runs(journal.as_ref())?;
    put_all_aside(project, &Runs { open, ..Runs::default() })
}

fn put_all_aside(project: &Project, runs: &Runs) -> Result<(), CommandError> {
    let (trash, now) = (Trash::of(project), SystemClock.now());
    let mut id = None;
    let gone = put_aside(project, runs, now, |items, shell| {
        id = Some(trash.begin(items, shell, now)?);
        Ok(())
    })?;
    if let Some(id) = id {
        let names: Vec<String> = gone.iter().map(|item| format!("`{}`", item.place)).collect();
        let names = names.join(", ");
        note(&format!("put aside the shell state of {names}; bring it back with `coordinate restore {id}`"));
    }
    Ok(())
}

/// What would be put aside now.
pub(super) fn expired(project: &Project, journal: Option<&Journal>, now: UtcMillis) -> Result<Vec<Item>, CommandError> {
    let Some(state) = open(project)? else { return Ok(Vec::new()) };
    Ok(state.expired(&runs(journal)?, now)?.iter().map(Item::shell).collect())
}

/// Removes what is too old once `keep` has it, and says what that was; without any, `keep` is not called.
pub(super) fn put_aside(
    project: &Project,
    runs: &Runs,
    now: UtcMillis,
    keep: impl FnOnce(&[Item], &[Aside]) -> Result<(), CommandError>,
) -> Result<Vec<Item>, CommandError> {
    let Some(mut state) = open(project)? else { return Ok(Vec::new()) };
    let items = |expired: &[Expired]| expired.iter().map(Item::shell).collect::<Vec<_>>();
    let gone = state.prune(runs, now, |expired| {
        let shell: Vec<Aside> = expired.iter().map(|one| one.aside.clone()).collect();
        keep(&items(expired), &shell)
    })?;
    Ok(items(&gone))
}

fn open(project: &Project) -> Result<Option<ShellState>, CommandError> {
    Ok(ShellState::open(&project.state().join("shell.db"))?)
}

pub(super) fn runs(journal: Option<&Journal>) -> Result<Runs, CommandError> {
    let mut runs = Runs::default();
    let headers = journal.map(|journal| journal.storage().headers()).transpose()?;
    for header in headers.unwrap_or_default() {
        let ids = if header.outcome.is_none() { &mut runs.open } else { &mut runs.ended };
        ids.insert(WorkflowId::nearest(header.run.as_str()));
    }
    Ok(runs)
}
