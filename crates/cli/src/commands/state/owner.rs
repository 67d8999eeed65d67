//! Which workflow a block belongs to.
//!
//! There is no "current workflow" kept anywhere: with two at once it would be the wrong one for one of them.

use super::place::Place;
use crate::context::first_line;
use crate::failure::CommandError;
use coordinate_model::ids::RunId;
use coordinate_model::shell::WorkflowId;
use coordinate_store::SqliteStorage;
use coordinate_store::shell::ShellState;
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// The workflow that is named: by the flag, by the environment, by the work tree that this is.
pub(super) fn named(place: &Place, flag: Option<&str>) -> Result<Option<WorkflowId>, CommandError> {
    if let Some(flag) = flag {
        return Ok(Some(flag.parse()?));
    }
    match std::env::var_os("COORDINATE_RUN").filter(|value| !value.is_empty()) {
        Some(value) => {
            let id: WorkflowId = value.to_string_lossy().parse().map_err(|error| {
                CommandError::from(error).hint("it comes from the environment variable COORDINATE_RUN")
            })?;
            Ok(Some(id))
        }
        None => tree_of(&place.here).map(|run| run.parse()).transpose().map_err(CommandError::from),
    }
}

/// The run that a work tree was made for: trees lie at …/RUN/NAME.
fn tree_of(here: &Path) -> Option<&str> {
    let is_run = |name: &&str| name.parse::<RunId>().is_ok();
    let names = here.components().rev().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    names.into_iter().find(is_run)
}

/// The workflow that is meant; it need not have state.
pub(super) fn find(place: &Place, flag: Option<&str>, state: Option<&ShellState>) -> Result<WorkflowId, CommandError> {
    if let Some(id) = named(place, flag)? {
        return Ok(id);
    }
    let mut candidates = open_runs(place)?;
    for workflow in state.map_or_else(|| Ok(Vec::new()), ShellState::workflows)? {
        // The folder it began in is shown and decides nothing: a block may `cd` anywhere, and would change its state.
        let began = || format!("begun in `{}`", workflow.directory.display());
        candidates.entry(workflow.id).or_insert_with(began);
    }
    only(place, candidates)
}

pub(super) fn only(place: &Place, mut candidates: BTreeMap<WorkflowId, String>) -> Result<WorkflowId, CommandError> {
    match (candidates.len(), candidates.pop_first()) {
        (1, Some((id, _))) => Ok(id),
        (_, None) => Err(none(place)),
        (_, Some(first)) => {
            let error = CommandError::usage("several workflows have state here: say which");
            let all = std::iter::once(first).chain(candidates);
            let error = all.fold(error, |error, (id, what)| error.hint(format!("{id}  {what}")));
            Err(error.hint("name it with `--workflow-id ID`, or `export COORDINATE_RUN=ID` in each block"))
        }
    }
}

fn none(place: &Place) -> CommandError {
    let looked = place.database();
    CommandError::usage(format!("there is no shell state in `{}`, and no run is open", looked.display()))
        .hint("the first block makes it: `coordinate state init`")
        .hint("name the workflow with `--workflow-id ID` or COORDINATE_RUN, another project with `--project DIR`")
}

/// The open runs of the project, with what was asked of them.
pub(super) fn open_runs(place: &Place) -> Result<BTreeMap<WorkflowId, String>, CommandError> {
    let journal = place.folder().join("journal.db");
    if !journal.exists() {
        return Ok(BTreeMap::new());
    }
    use coordinate_engine::port::Storage;
    let headers = SqliteStorage::open(&journal)?.headers()?;
    let open = headers.into_iter().filter(|header| header.outcome.is_none() && header.parent.is_none());
    Ok(open.map(|header| (WorkflowId::nearest(header.run.as_str()), first_line(&header.request))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_tree_names_its_run() {
        let run = "run_01jd0000000000000000000000";
        let tree = format!("/state/project-0a1b/{run}/implement-p1/src");
        assert_eq!(tree_of(Path::new(&tree)), Some(run));
        assert_eq!(tree_of(Path::new("/state/run_1/x")), None);
    }
}
