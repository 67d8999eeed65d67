//! `state`: what the shell blocks of a workflow hand to one another.
//!
//! Every block pays for each call, so nothing here reads configuration, starts git, or opens the journal unless the
//! workflow can not be told without it.

mod checkpoint;
mod lifetime;
mod owner;
mod place;
mod values;

pub(super) use checkpoint::check_json;
pub(super) use lifetime::forget;

use crate::args::{StateArguments, StateCommand};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use coordinate_model::shell::WorkflowId;
use coordinate_model::time::UtcMillis;
use coordinate_store::shell::{ShellError, ShellState};
use place::Place;
use std::path::Path;

pub(crate) fn state(project: Option<&Path>, options: &StateArguments) -> Result<Exit, CommandError> {
    let place = Place::find(project)?;
    let flag = options.workflow.as_deref();
    let opened = || Opened::open(&place, flag);
    match &options.command {
        StateCommand::Init { id } => lifetime::init(&place, id.as_deref().or(flag)),
        StateCommand::Set(options) => values::set(opened, options),
        StateCommand::Append { name, values } => values::append(opened, name, values),
        StateCommand::Get(options) => values::get(opened, options),
        StateCommand::Require { names } => values::require(opened, names),
        StateCommand::Load(options) => values::load(opened, options),
        StateCommand::Unset { names } => values::unset(opened, names),
        StateCommand::List { all: true, json } => lifetime::list(&place, *json),
        StateCommand::List { all: false, json } => values::list(opened, *json),
        StateCommand::Path => Ok(lifetime::path(&place)),
        StateCommand::Checkpoint(command) => checkpoint::checkpoint(&place, flag, command),
        StateCommand::Cleanup { expired: true, .. } => lifetime::cleanup_expired(&place),
        StateCommand::Cleanup { all, expired: false } => lifetime::cleanup(&place, flag, *all),
    }
}

/// The project of a command that answers in the time of a shell's own read: found without starting git.
pub(super) fn quick_project(flag: Option<&Path>, set: &[String]) -> Result<Project, CommandError> {
    Ok(Project::at(Place::find(flag)?.root, None, set))
}

/// The state of one workflow, opened.
struct Opened {
    state: ShellState,
    id: WorkflowId,
}

impl Opened {
    fn open(place: &Place, flag: Option<&str>) -> Result<Self, CommandError> {
        let state = ShellState::open(&place.database())?;
        let id = owner::find(place, flag, state.as_ref())?;
        let state = state.ok_or_else(|| missing(&id, &place.database(), &[]))?;
        Ok(Self { state, id })
    }

    /// Adds to an error what the user needs to repair it.
    fn explain(&self, error: ShellError) -> CommandError {
        if !matches!(error, ShellError::NoWorkflow { .. }) {
            return error.into();
        }
        let known = self.state.workflows().unwrap_or_default();
        let known: Vec<&str> = known.iter().map(|workflow| workflow.id.as_str()).collect();
        missing(&self.id, self.state.path(), &known)
    }
}

/// A later block found no state: what was looked for, where, and how to repair it.
fn missing(id: &WorkflowId, database: &Path, known: &[&str]) -> CommandError {
    let place = database.display();
    let mut error = CommandError::usage(format!("there is no shell state of the workflow `{id}` in `{place}`"));
    if !known.is_empty() {
        error = error.hint(format!("there is state of: {}", known.join(", ")));
    }
    error
        .hint(format!("the first block makes it: `coordinate state init {id}`"))
        .hint("name another workflow with `--workflow-id ID` or COORDINATE_RUN, another project with `--project DIR`")
}

pub(super) fn now() -> UtcMillis {
    use coordinate_engine::port::Clock;
    crate::wiring::SystemClock.now()
}
