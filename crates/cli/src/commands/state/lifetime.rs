//! How state begins and ends.

use super::owner::{self, open_runs};
use super::place::Place;
use super::{missing, now};
use crate::commands::{clean, note, print, print_json};
use crate::context::{Project, make_state_folder};
use crate::failure::{CommandError, Exit};
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
    clean::prune_old(&Project::at(place.root.clone(), None, &[]))?;
    Ok(Exit::Done)
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
