//! `migrate`: imports what the older shell scripts left. Their files are read, never executed, and stay as they are.
//!
//! A second import changes nothing: a variable that is there is kept, and a checkpoint of the same text is found again.

mod find;

use super::state::check_json;
use super::{note, print};
use crate::config::{Imported, import_old};
use crate::context::{Project, make_state_folder, variable};
use crate::failure::{CommandError, Exit};
use coordinate_engine::port::Clock;
use coordinate_model::shell::{Passed, Value, VariableName, WorkflowId, read};
use coordinate_model::time::UtcMillis;
use coordinate_store::shell::ShellState;
use find::{Found, Kind, find};
use std::collections::BTreeMap;
use std::path::Path;

/// The workflow that old JSON files go to: they had no owner but their name.
const IMPORTED: &str = "imported";

pub(crate) fn migrate(project: &Project, dry_run: bool) -> Result<Exit, CommandError> {
    let found = find(&project.root, variable("HOME").as_deref());
    let configuration = import_old(&project.root, dry_run)?;
    for file in &configuration {
        print(&format!("{}: {}", file.old.display(), settled(file)));
    }
    if found.is_empty() && configuration.is_empty() {
        print("nothing to import: there is no old state in this project or under HOME");
        return Ok(Exit::Done);
    }
    let refused = if found.is_empty() { 0 } else { import_state(project, &found, dry_run)? };
    let end = if dry_run { "nothing was done (--dry-run)" } else { "the old files are as they were" };
    print(&format!("{} files, {refused} of them not imported; {end}", found.len() + configuration.len()));
    Ok(if refused == 0 { Exit::Done } else { Exit::Usage })
}

/// Imports files of old state, and says how many were refused.
fn import_state(project: &Project, found: &[Found], dry_run: bool) -> Result<usize, CommandError> {
    let mut import = Import::open(project, dry_run)?;
    let mut refused = 0;
    for file in found {
        match import.file(file) {
            Ok(done) => print(&format!("{}: {done}", file.path.display())),
            Err(Refused::File(reason)) => {
                refused += 1;
                note(&format!("{}: not imported: {reason}", file.path.display()));
            }
            Err(Refused::State(error)) => return Err(error),
        }
    }
    Ok(refused)
}

/// What became of the keys of an older configuration.
fn settled(file: &Imported) -> String {
    let new = file.new.display();
    match (file.keys.as_slice(), file.there) {
        ([], there) => format!("{there} keys were there in `{new}`"),
        (keys, there) => format!("{} → `{new}`, {there} were there", keys.join(", ")),
    }
}

/// Why a file was not imported.
enum Refused {
    /// Because of what it is; the others go on.
    File(String),
    /// The new state can not be read or written.
    State(CommandError),
}

impl<E: Into<CommandError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::State(error.into())
    }
}

struct Import<'a> {
    project: &'a Project,
    /// `None` only in a dry run of a project without state.
    state: Option<ShellState>,
    dry_run: bool,
    now: UtcMillis,
    /// What a dry run would have saved by now: two old files may want one name.
    planned: BTreeMap<String, Vec<u8>>,
}

impl<'a> Import<'a> {
    fn open(project: &'a Project, dry_run: bool) -> Result<Self, CommandError> {
        let path = project.state().join("shell.db");
        let state = if dry_run {
            ShellState::open(&path)?
        } else {
            make_state_folder(&project.state())?;
            Some(ShellState::open_or_create(&path)?)
        };
        Ok(Self { project, state, dry_run, now: crate::wiring::SystemClock.now(), planned: BTreeMap::new() })
    }

    fn file(&mut self, file: &Found) -> Result<String, Refused> {
        let bytes = std::fs::read(&file.path).map_err(|error| Refused::File(error.to_string()))?;
        match file.kind {
            Kind::Variables => self.variables(&file.path, &bytes),
            Kind::Json => self.json(&file.path, &bytes),
            Kind::Other => Err(Refused::File("neither JSON nor shell assignments".to_owned())),
        }
    }

    fn variables(&mut self, path: &Path, bytes: &[u8]) -> Result<String, Refused> {
        let found = read(bytes);
        for Passed { line, reason } in &found.passed {
            note(&format!("{}:{line}: passed over: {reason}", path.display()));
        }
        let values: BTreeMap<VariableName, Value> =
            found.assignments.into_iter().map(|one| (one.name, Value::Text(one.value))).collect();
        let id = workflow_of(path, &values);
        let values: Vec<(VariableName, Value)> = values.into_iter().collect();
        let new = self.put_variables(&id, &values)?;
        let there = values.len() - new;
        Ok(format!("{new} variables → workflow `{id}`, {there} were there"))
    }

    fn put_variables(&mut self, id: &WorkflowId, values: &[(VariableName, Value)]) -> Result<usize, Refused> {
        let Some(state) = &mut self.state else { return Ok(values.len()) };
        if self.dry_run {
            // A workflow without state has none of them.
            let there = state.variables(id).unwrap_or_default();
            return Ok(values.iter().filter(|(name, _)| !there.contains_key(name)).count());
        }
        Ok(state.import(id, &self.project.root, values, self.now)?.len())
    }

    fn json(&mut self, path: &Path, bytes: &[u8]) -> Result<String, Refused> {
        let kept = check_json(bytes).map_err(|error| Refused::File(format!("no JSON: {error}")))?;
        let id = WorkflowId::nearest(IMPORTED);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let (name, there) = self.free_name(&id, &stem, bytes)?;
        if there {
            return Ok(format!("was there as checkpoint `{name}` of workflow `{id}`"));
        }
        match &mut self.state {
            Some(state) if !self.dry_run => {
                state.init(&id, &self.project.root, self.now)?;
                state.save_checkpoint(&id, &name, (bytes, kept), self.now)?;
            }
            _ => drop(self.planned.insert(name.to_string(), bytes.to_vec())),
        }
        Ok(format!("checkpoint `{name}` of workflow `{id}`"))
    }

    /// The name for a checkpoint, and whether it is there already. Two files of one name and different text, from the
    /// project and from HOME, get different names.
    fn free_name(&self, id: &WorkflowId, stem: &str, body: &[u8]) -> Result<(WorkflowId, bool), Refused> {
        let mut number = 1_u32;
        loop {
            let name = numbered(stem, number);
            let there = match &self.state {
                Some(state) => state.checkpoint(id, &name)?,
                None => None,
            };
            match there.as_deref().or_else(|| self.planned.get(name.as_str()).map(Vec::as_slice)) {
                None => return Ok((name, false)),
                Some(same) if same == body => return Ok((name, true)),
                Some(_) => number += 1,
            }
        }
    }
}

fn numbered(stem: &str, number: u32) -> WorkflowId {
    match number {
        1 => WorkflowId::nearest(stem),
        // Short enough that the number is not what is cut off.
        _ => WorkflowId::nearest(&format!("{}-{number}", stem.chars().take(48).collect::<String>())),
    }
}

/// The workflow that a file belongs to: as it says itself, else by its name.
fn workflow_of(path: &Path, values: &BTreeMap<VariableName, Value>) -> WorkflowId {
    let said = values.iter().find(|(name, _)| name.as_str() == "WORKFLOW_ID").and_then(|(_, value)| match value {
        Value::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        Value::List(_) => None,
    });
    said.unwrap_or_else(|| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        WorkflowId::nearest(stem.strip_prefix("workflow_").unwrap_or(&stem))
    })
}
