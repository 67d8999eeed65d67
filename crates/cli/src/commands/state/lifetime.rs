//! How state begins and ends.

use super::owner::{self, open_runs};
use super::place::Place;
use super::{missing, now};
use crate::commands::{note, print, print_json};
use crate::context::{Project, make_state_folder};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::Journal;
use coordinate_model::ids::RunId;
use coordinate_model::shell::WorkflowId;
use coordinate_report::text::moment;
use coordinate_store::shell::ShellState;
use serde_json::json;

pub(super) fn init(place: &Place, id: Option<&str>) -> Result<Exit, CommandError> {
    let id = match owner::named(place, id)? {
        Some(id) => id,
        None => match one_open_run(place)? {
            Some(run) => run,
            None => new_id(),
        },
    };
    make_state_folder(&place.folder())?;
    let mut state = ShellState::open_or_create(&place.database())?;
    state.init(&id, &place.here, now())?;
    print(id.as_str());
    Ok(Exit::Done)
}

/// The only open run. Of several, none is taken: the block would get another workflow's state.
fn one_open_run(place: &Place) -> Result<Option<WorkflowId>, CommandError> {
    let runs = open_runs(place)?;
    if runs.is_empty() { Ok(None) } else { owner::only(place, runs).map(Some) }
}

fn new_id() -> WorkflowId {
    WorkflowId::nearest(&format!("wf-{}", ulid::Ulid::new().to_string().to_ascii_lowercase()))
}

pub(super) fn path(place: &Place) -> Exit {
    print(&place.database().display().to_string());
    Exit::Done
}

pub(super) fn list(place: &Place, as_json: bool) -> Result<Exit, CommandError> {
    let workflows = ShellState::open(&place.database())?.map_or_else(|| Ok(Vec::new()), |state| state.workflows())?;
    if as_json {
        let rows = workflows.iter().map(|workflow| {
            json!({
                "workflow": workflow.id.as_str(),
                "directory": workflow.directory.to_string_lossy(),
                "created": moment(workflow.created),
                "updated": moment(workflow.updated),
            })
        });
        print_json(&rows.collect());
        return Ok(Exit::Done);
    }
    for workflow in workflows {
        print(&format!("{}  {}  {}", workflow.id, moment(workflow.updated), workflow.directory.display()));
    }
    Ok(Exit::Done)
}

pub(super) fn cleanup(place: &Place, flag: Option<&str>, all: bool) -> Result<Exit, CommandError> {
    let state = ShellState::open(&place.database())?;
    let id = owner::find(place, flag, state.as_ref())?;
    let Some(mut state) = state else { return Err(missing(&id, &place.database(), &[])) };
    let had = state.clear(&id, all, now())?;
    note(&format!("{} `{id}`", if had { "removed the shell state of" } else { "there was no shell state of" }));
    Ok(Exit::Done)
}

pub(super) fn cleanup_expired(place: &Place) -> Result<Exit, CommandError> {
    if let Some(mut state) = ShellState::open(&place.database())? {
        let open = open_runs(place)?.into_keys().collect();
        for id in state.prune(&open, &std::collections::BTreeSet::new(), now())?.workflows {
            note(&format!("removed the shell state of `{id}`"));
        }
    }
    Ok(Exit::Done)
}

/// Removes what is too old before a run begins. A failure is told and no more: the run needs nothing of it.
pub(in crate::commands) fn prune(project: &Project, journal: &Journal) {
    if let Err(error) = try_prune(project, journal) {
        note(&format!("old shell state is still there: {}", error.message()));
    }
}

fn try_prune(project: &Project, journal: &Journal) -> Result<(), CommandError> {
    let Some(mut state) = ShellState::open(&project.state().join("shell.db"))? else { return Ok(()) };
    let headers = journal.storage().headers()?;
    let ids = |open: bool| {
        let chosen = headers.iter().filter(move |header| header.outcome.is_none() == open);
        chosen.map(|header| WorkflowId::nearest(header.run.as_str())).collect()
    };
    state.prune(&ids(true), &ids(false), now())?;
    Ok(())
}

/// Removes the state of a run that has ended. A failure is told and no more: the run has its result, and the next run
/// prunes.
pub(in crate::commands) fn forget(project: &Project, run: &RunId) {
    let id = WorkflowId::nearest(run.as_str());
    let cleared = ShellState::open(&project.state().join("shell.db")).and_then(|state| match state {
        Some(mut state) => state.clear(&id, false, now()).map(drop),
        None => Ok(()),
    });
    if let Err(error) = cleared {
        note(&format!("the run's shell state is still there: {error}"));
    }
}
