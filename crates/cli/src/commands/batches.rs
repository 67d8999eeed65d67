//! Batches of file operations in this project: opened, told, taken back where one was cut off.

use super::specs::Moves;
use super::{note, print, print_json};
use crate::context::{Project, make_state_folder};
use crate::failure::CommandError;
use coordinate_engine::port::{Files, PathKind};
use coordinate_host::batch::{self, BatchError, Batches, Operation, SystemDisk};
use coordinate_host::files::SystemFiles;
use coordinate_model::ids::RunId;
use coordinate_model::run::Run;
use serde_json::{Value, json};
use std::fs::File;

impl From<BatchError> for CommandError {
    fn from(error: BatchError) -> Self {
        let message = error.to_string();
        match error {
            BatchError::Refused { .. } | BatchError::Taken { .. } => Self::usage(message),
            BatchError::Changed { .. } => Self::usage(message).hint("nothing was done; look at it and try again"),
            BatchError::Stuck { folder, .. } => Self::usage(message)
                .hint(format!("what was there before is kept in `{}`, listed in its `batch.json`", folder.display()))
                .hint("put the old content back, and the rest is taken back by the next command")
                .hint("or remove that folder, and everything stays as it is now"),
            BatchError::Unreadable { .. } | BatchError::Medium { .. } => Self::internal(message),
        }
    }
}

/// Takes back what was cut off, and gives its titles.
pub(super) fn taken_back(project: &Project) -> Result<Vec<String>, CommandError> {
    Ok(batch::recover(&project.root, &project.state().join("batches"))?)
}

/// Takes back what was cut off, and says so.
pub(super) fn recover(project: &Project) -> Result<(), CommandError> {
    tell(&taken_back(project)?);
    Ok(())
}

fn tell(titles: &[String]) {
    for title in titles {
        note(&format!("`{title}` was cut off and has been taken back; give the command again to do it"));
    }
}

/// The right to change files of topics: no run takes a topic meanwhile, and no other batch is under way.
pub(super) struct Hold {
    batches: Batches<'static>,
    _topics: File,
}

impl Hold {
    /// Waits for it.
    pub(super) fn take(project: &Project) -> Result<Self, CommandError> {
        make_state_folder(&project.state())?;
        let topics = crate::paths::lock(project)?;
        let batches = Batches::open(&project.root, &project.state().join("batches"), &SystemDisk)?;
        tell(batches.taken_back());
        Ok(Self { batches, _topics: topics })
    }

    /// Does all of it, or nothing.
    pub(super) fn perform(&self, title: &str, operations: Vec<Operation>) -> Result<(), CommandError> {
        let id = ulid::Ulid::new().to_string().to_ascii_lowercase();
        self.batches.perform(&id, title, operations)?;
        Ok(())
    }
}

/// What a batch changes, as it is told.
pub(super) struct Told {
    /// What was moved, from where and to where.
    pub(super) moved: Vec<(String, String)>,
    /// The files that were written.
    pub(super) written: Vec<String>,
    /// The files that were removed.
    pub(super) removed: Vec<String>,
}

impl Told {
    /// What these operations change.
    pub(super) fn of(operations: &[Operation]) -> Self {
        let mut told = Self { moved: Vec::new(), written: Vec::new(), removed: Vec::new() };
        for operation in operations {
            match operation {
                Operation::Rename { from, to } => told.moved.push((from.clone(), to.clone())),
                Operation::Write { path, .. } => told.written.push(path.clone()),
                Operation::Remove { path, .. } => told.removed.push(path.clone()),
                Operation::MakeFolder { .. } | Operation::RemoveFolder { .. } => {}
            }
        }
        // People look for a file where it is in the end.
        let moves = Moves(told.moved.clone());
        told.written = told.written.iter().map(|path| moves.of(path)).collect();
        told
    }

    /// Prints it. `about` are more fields of the JSON.
    pub(super) fn print(&self, as_json: bool, dry_run: bool, about: Value) {
        if as_json {
            let mut value = about;
            let moved: Vec<Value> = self.moved.iter().map(|(from, to)| json!({"from": from, "to": to})).collect();
            value["moved"] = moved.into();
            value["written"] = self.written.clone().into();
            value["removed"] = self.removed.clone().into();
            value["dry_run"] = dry_run.into();
            print_json(&value);
            return;
        }
        for (from, to) in &self.moved {
            print(&format!("moved    {from} → {to}"));
        }
        for path in &self.written {
            print(&format!("written  {path}"));
        }
        for path in &self.removed {
            print(&format!("removed  {path}"));
        }
        if dry_run {
            note("nothing was done (--dry-run)");
        }
    }
}

/// The runs that have not ended.
pub(super) fn open_runs(project: &Project) -> Result<Vec<Run>, CommandError> {
    let Some(journal) = project.journal()? else { return Ok(Vec::new()) };
    let headers = journal.storage().headers()?;
    let open: Vec<RunId> = headers
        .into_iter()
        .filter(|header| header.outcome.is_none() && header.parent.is_none())
        .map(|header| header.run)
        .collect();
    open.iter().map(|run| Ok(journal.load(run)?)).collect()
}

/// Whether there is something at a path of the project.
pub(super) fn exists(project: &Project, path: &str) -> bool {
    SystemFiles.kind(&project.root.join(path)) != PathKind::Nothing
}
