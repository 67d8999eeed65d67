//! Named JSON texts, kept byte for byte.

use super::place::Place;
use super::{Opened, now, owner};
use crate::args::CheckpointCommand;
use crate::commands::{print, print_bytes};
use crate::failure::{CommandError, Exit};
use coordinate_model::shell::WorkflowId;
use coordinate_report::text::moment;
use coordinate_store::shell::ShellState;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

pub(super) fn checkpoint(place: &Place, flag: Option<&str>, command: &CheckpointCommand) -> Result<Exit, CommandError> {
    match command {
        CheckpointCommand::Save { name, json } => save(place, flag, name, json.as_ref()),
        CheckpointCommand::Load { name } => load(place, flag, name),
        CheckpointCommand::List => list(place),
    }
}

fn save(place: &Place, flag: Option<&str>, name: &str, json: Option<&OsString>) -> Result<Exit, CommandError> {
    let name: WorkflowId = name.parse()?;
    let body = match json {
        Some(json) if json != "-" => json.as_bytes().to_vec(),
        _ => {
            let mut body = Vec::new();
            std::io::stdin().lock().read_to_end(&mut body).map_err(CommandError::internal)?;
            body
        }
    };
    let kept = check_json(&body).map_err(|problem| {
        CommandError::usage(format!("the checkpoint `{name}` is no JSON: {problem}"))
            .hint("give one JSON value as the argument or on standard input")
    })?;
    let mut opened = Opened::open(place, flag)?;
    let saved = opened.state.save_checkpoint(&opened.id, &name, (&body, kept), now());
    saved.map_err(|error| opened.explain(error))?;
    Ok(Exit::Done)
}

/// What marks a supervisor's aggregation.
#[derive(Deserialize)]
struct Aggregation {
    #[serde(rename = "supervisor_id")]
    _supervisor: IgnoredAny,
    #[serde(rename = "aggregated_metadata")]
    _metadata: IgnoredAny,
}

/// Checks that a text is one JSON value, and says whether it is a supervisor's aggregation, which is kept for good.
pub(in crate::commands) fn check_json(body: &[u8]) -> Result<bool, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str::<Aggregation>(text).is_ok())
}

fn load(place: &Place, flag: Option<&str>, name: &str) -> Result<Exit, CommandError> {
    let name: WorkflowId = name.parse()?;
    let state = ShellState::open(&place.database())?;
    let id = match owner::find(place, flag, state.as_ref()) {
        Ok(id) => Some(id),
        // With nothing named, an aggregation that outlived its workflow is still found by its own name.
        Err(error) => {
            let by_name = only_holder(state.as_ref(), &name)?;
            if owner::named(place, flag)?.is_some() || by_name.is_none() {
                return Err(error);
            }
            by_name
        }
    };
    let body = match (&state, &id) {
        (Some(state), Some(id)) => state.checkpoint(id, &name)?,
        _ => None,
    };
    let Some(mut body) = body else { return Err(no_checkpoint(place, state.as_ref(), id.as_ref(), &name)?) };
    if body.last() != Some(&b'\n') {
        body.push(b'\n');
    }
    print_bytes(&body);
    Ok(Exit::Done)
}

fn holders(state: Option<&ShellState>, name: &WorkflowId) -> Result<Vec<WorkflowId>, CommandError> {
    let rows = state.map_or_else(|| Ok(Vec::new()), ShellState::checkpoints)?;
    Ok(rows.into_iter().filter(|row| row.name == *name).map(|row| row.workflow).collect())
}

fn only_holder(state: Option<&ShellState>, name: &WorkflowId) -> Result<Option<WorkflowId>, CommandError> {
    let mut holders = holders(state, name)?;
    Ok(if holders.len() == 1 { holders.pop() } else { None })
}

fn no_checkpoint(
    place: &Place,
    state: Option<&ShellState>,
    id: Option<&WorkflowId>,
    name: &WorkflowId,
) -> Result<CommandError, CommandError> {
    let whose = id.map(|id| format!(" of the workflow `{id}`")).unwrap_or_default();
    let looked = place.database();
    let error = CommandError::usage(format!("there is no checkpoint `{name}`{whose} in `{}`", looked.display()));
    let elsewhere = holders(state, name)?;
    let error = elsewhere.iter().fold(error, |error, holder| {
        error.hint(format!("the workflow `{holder}` has one: add `--workflow-id {holder}`"))
    });
    Ok(error.hint("list them with `coordinate state checkpoint list`"))
}

fn list(place: &Place) -> Result<Exit, CommandError> {
    let rows = ShellState::open(&place.database())?.map_or_else(|| Ok(Vec::new()), |state| state.checkpoints())?;
    for row in rows {
        print(&format!("{}  {}  {}  {} bytes", row.workflow, row.name, moment(row.updated), row.bytes));
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_json_value_is_taken_and_aggregations_are_known() {
        assert_eq!(check_json(b"{\"a\": 1.50}"), Ok(false));
        assert_eq!(check_json(b"[1]\n"), Ok(false));
        assert_eq!(check_json(b"{\"supervisor_id\": \"x\", \"aggregated_metadata\": {}}"), Ok(true));
        for bad in [b"".as_slice(), b"{", b"1 2", b"\xff", b"$(x)"] {
            assert!(check_json(bad).is_err(), "{bad:?}");
        }
    }
}
