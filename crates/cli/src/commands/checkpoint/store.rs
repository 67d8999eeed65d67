//! Imported checkpoints: a folder each, with the file as it came, what was read from it, and the run that went on.

use crate::context::{Project, make_state_folder};
use crate::failure::CommandError;
use coordinate_host::atomic;
use coordinate_model::checkpoint::{Checkpoint, parse};
use coordinate_model::ids::RunId;
use coordinate_model::shell::WorkflowId;
use coordinate_model::time::UtcMillis;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

const ORIGINAL: &str = "original.json";
/// Written last: a folder without it is an import that was cut off, and is done again.
const CHECKPOINT: &str = "checkpoint.json";
const RUN: &str = "run";

/// An imported checkpoint.
pub(crate) struct Entry {
    /// Its name here.
    pub(crate) id: WorkflowId,
    /// In the newest format.
    pub(crate) checkpoint: Checkpoint,
    /// The run that went on from it, or was to: it counts once it is in the journal.
    pub(crate) run: Option<RunId>,
}

/// The imported checkpoints of a project.
pub(crate) struct Store {
    state: PathBuf,
}

impl Store {
    pub(crate) fn of(project: &Project) -> Self {
        Self { state: project.state() }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.state.join("checkpoints")
    }

    /// Keeps a file and what was read from it. The same file twice is one checkpoint; another one of the same name gets
    /// a number behind it.
    pub(super) fn add(&self, file: &Path, text: &str, checkpoint: Checkpoint) -> Result<Entry, CommandError> {
        make_state_folder(&self.state)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = if checkpoint.checkpoint_id.is_empty() { &stem } else { checkpoint.checkpoint_id.as_str() };
        let id = self.place(name, text)?;
        let folder = self.folder().join(id.as_str());
        let sealed = format!("{:#}\n", checkpoint.to_json());
        let written = std::fs::create_dir_all(&folder)
            .and_then(|()| atomic::write(&folder.join(ORIGINAL), text.as_bytes()))
            .and_then(|()| atomic::write(&folder.join(CHECKPOINT), sealed.as_bytes()));
        written.map_err(|error| unwritable(&folder, &error))?;
        let run = self.run_of(&id)?;
        Ok(Entry { id, checkpoint, run })
    }

    /// The name under which a text is, or will be.
    fn place(&self, name: &str, text: &str) -> Result<WorkflowId, CommandError> {
        // Short enough that the number is not what is cut off.
        let name = name.trim_start_matches('.');
        let base: String = WorkflowId::nearest(name).as_str().chars().take(56).collect();
        let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
        for name in std::iter::once(name.to_owned()).chain(numbered) {
            let id = WorkflowId::nearest(&name);
            let original = self.folder().join(id.as_str()).join(ORIGINAL);
            match std::fs::read_to_string(&original) {
                Ok(there) if there == text => return Ok(id),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(id),
                Err(error) => return Err(unreadable(&original, &error)),
            }
        }
        Err(CommandError::internal("there is no name left for the checkpoint"))
    }

    /// The checkpoint of a name, if it was imported.
    pub(super) fn get(&self, id: &WorkflowId) -> Result<Option<Entry>, CommandError> {
        // `..` is an id of shell state too, and would lead out of here.
        if id.as_str().starts_with('.') {
            return Ok(None);
        }
        let file = self.folder().join(id.as_str()).join(CHECKPOINT);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&file, &error)),
        };
        let read = parse(&text).map_err(|error| {
            CommandError::internal(format!("`{}`: {error}", file.display())).hint("import the original again")
        })?;
        Ok(Some(Entry { id: id.clone(), checkpoint: read.checkpoint, run: self.run_of(id)? }))
    }

    /// All of them, by name.
    pub(crate) fn list(&self) -> Result<Vec<Entry>, CommandError> {
        let names = std::fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let mut ids: Vec<WorkflowId> =
            names.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect();
        ids.sort();
        let mut entries = Vec::new();
        for id in ids {
            entries.extend(self.get(&id)?);
        }
        Ok(entries)
    }

    /// When a checkpoint was imported last.
    pub(in crate::commands) fn imported(&self, id: &WorkflowId) -> Option<UtcMillis> {
        let modified = self.folder().join(id.as_str()).join(CHECKPOINT).metadata().ok()?.modified().ok()?;
        let since = modified.duration_since(UNIX_EPOCH).ok()?;
        Some(UtcMillis(i64::try_from(since.as_millis()).ok()?))
    }

    /// Notes the run that is about to go on from a checkpoint, so that a second `resume` goes on with that run.
    pub(super) fn note_run(&self, id: &WorkflowId, run: &RunId) -> Result<(), CommandError> {
        let file = self.folder().join(id.as_str()).join(RUN);
        atomic::write(&file, format!("{run}\n").as_bytes()).map_err(|error| unwritable(&file, &error))
    }

    fn run_of(&self, id: &WorkflowId) -> Result<Option<RunId>, CommandError> {
        let file = self.folder().join(id.as_str()).join(RUN);
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(&file, &error)),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::internal(format!("failed to read `{}`: {error}", path.display()))
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::internal(format!("failed to write `{}`: {error}", path.display()))
}
