//! What was cleaned, kept for a time: a folder for each `clean`, with a list that is written before anything is moved.
//!
//! Whatever cuts a move off, the list says where each thing belongs: what is here was moved, what is not was not.

use super::batch::{Batch, FORMAT, Item, Kind, read};
use super::find::Kept;
use crate::context::{Project, make_state_folder};
use crate::failure::CommandError;
use coordinate_engine::port::Repository;
use coordinate_host::atomic;
use coordinate_host::git::GitRepository;
use coordinate_model::ids::Oid;
use coordinate_model::shell::Aside;
use coordinate_model::time::UtcMillis;
use coordinate_store::shell::{InTheWay, ShellState};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LIST: &str = "list.json";
const TAKEN: &str = "something else is there by now";

/// What `restore` did.
pub(super) struct Restored {
    /// What is back at its place.
    pub(super) back: Vec<String>,
    /// What is not, and why.
    pub(super) kept: Vec<Kept>,
}

/// The place of what was cleaned.
pub(super) struct Trash {
    state: PathBuf,
    repository: Option<Arc<GitRepository>>,
}

impl Trash {
    pub(super) fn of(project: &Project) -> Self {
        Self { state: project.state(), repository: project.repository.clone() }
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.state.join("trash").join(id)
    }

    fn moved(&self, id: &str, at: usize) -> PathBuf {
        self.folder(id).join(at.to_string())
    }

    /// Writes the list of what is about to be put aside, and gives the name under which it will be. Shell state is put
    /// aside with that: it may go from its place as soon as this returns.
    pub(super) fn begin(&self, items: &[Item], shell: &[Aside], now: UtcMillis) -> Result<String, CommandError> {
        make_state_folder(&self.state)?;
        let unique = ulid::Ulid::new().to_string().to_ascii_lowercase();
        let id = format!("{}-{}", now.day(), unique.get(18..).unwrap_or(&unique));
        let folder = self.folder(&id);
        // Values of shell blocks may be secrets: only their owner may read them.
        atomic::create_private_folder(&folder).map_err(|error| failed("make", &folder, &error))?;
        self.write(&Batch {
            format: FORMAT,
            id: id.clone(),
            cleaned: now,
            items: items.to_vec(),
            shell: shell.to_vec(),
        })?;
        Ok(id)
    }

    fn write(&self, batch: &Batch) -> Result<(), CommandError> {
        let list = self.folder(&batch.id).join(LIST);
        let text = serde_json::to_vec_pretty(batch).map_err(CommandError::internal)?;
        atomic::write(&list, &text).map_err(|error| failed("write", &list, &error))
    }

    /// Moves what a list says.
    pub(super) fn carry(&self, id: &str, items: &[Item]) -> Result<(), CommandError> {
        for (at, item) in items.iter().enumerate() {
            match (item.kind, &item.commit) {
                (Kind::Shell, _) => {}
                (_, Some(commit)) => self.move_ref(&item.place, &trash_ref(id, at), commit)?,
                (_, None) => move_folder(&self.state.join(&item.place), &self.moved(id, at))?,
            }
        }
        Ok(())
    }

    /// A ref under another name. The new one first: between the two the commit is held twice, and never not at all.
    fn move_ref(&self, from: &str, to: &str, commit: &Oid) -> Result<(), CommandError> {
        let Some(repository) = &self.repository else { return Ok(()) };
        repository.move_ref(to, commit, None)?;
        Ok(repository.delete_ref(from)?)
    }

    /// All that can be brought back, the oldest first.
    pub(super) fn list(&self) -> Result<Vec<Batch>, CommandError> {
        let entries = std::fs::read_dir(self.state.join("trash")).into_iter().flatten().flatten();
        let mut batches = Vec::new();
        for entry in entries {
            let list = entry.path().join(LIST);
            match std::fs::read(&list) {
                Ok(bytes) => batches.push(read(&list, &bytes)?),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed("read", &list, &error)),
            }
        }
        batches.sort_by(|a, b| (a.cleaned, &a.id).cmp(&(b.cleaned, &b.id)));
        Ok(batches)
    }

    /// Brings things back. What stands at a place by now stays, and so does what would have gone there.
    pub(super) fn restore(&self, batch: &Batch, now: UtcMillis) -> Result<Restored, CommandError> {
        let mut restored = Restored { back: Vec::new(), kept: Vec::new() };
        let mut left = batch.clone();
        for (at, item) in batch.items.iter().enumerate() {
            let problem = match (item.kind, &item.commit) {
                (Kind::Shell, _) => self.restore_shell(&item.place, &mut left.shell, now)?,
                (_, Some(commit)) => {
                    self.restore_ref(&item.place, &trash_ref(&batch.id, at), commit)?.map(str::to_owned)
                }
                (_, None) => self.restore_folder(&item.place, &self.moved(&batch.id, at))?.map(str::to_owned),
            };
            match problem {
                None => restored.back.push(item.place.clone()),
                Some(why) => restored.kept.push(Kept { path: item.place.clone(), why }),
            }
        }
        if restored.kept.is_empty() {
            self.remove(&batch.id)?;
        } else if left != *batch {
            // Shell state that is back will be changed, and is in nobody's way when the rest is restored.
            self.write(&left)?;
        }
        Ok(restored)
    }

    /// What is back goes from the list; a workflow that is not on it was brought back before.
    fn restore_shell(
        &self,
        workflow: &str,
        left: &mut Vec<Aside>,
        now: UtcMillis,
    ) -> Result<Option<String>, CommandError> {
        let Some(at) = left.iter().position(|aside| aside.workflow == workflow) else { return Ok(None) };
        make_state_folder(&self.state)?;
        let mut state = ShellState::open_or_create(&self.state.join("shell.db"))?;
        let there = left.get(at).map(|aside| state.restore(aside, now)).transpose()?.flatten();
        if there.is_none() {
            left.remove(at);
        }
        Ok(there.map(|there| in_the_way(workflow, &there)))
    }

    /// Gives what speaks against it.
    fn restore_folder(&self, place: &str, moved: &Path) -> Result<Option<&'static str>, CommandError> {
        let target = self.state.join(place);
        match (moved.exists(), target.exists()) {
            (true, true) => Ok(Some(TAKEN)),
            (true, false) => move_folder(moved, &target).map(|()| None),
            // It was never moved, or is back already.
            (false, true) => Ok(None),
            (false, false) => Ok(Some("it is gone")),
        }
    }

    fn restore_ref(&self, name: &str, trash: &str, commit: &Oid) -> Result<Option<&'static str>, CommandError> {
        let Some(repository) = &self.repository else { return Ok(Some("there is no git repository here")) };
        match repository.resolve(name)? {
            Some(there) if there != *commit => return Ok(Some(TAKEN)),
            Some(_) => repository.delete_ref(trash)?,
            None => self.move_ref(trash, name, commit)?,
        }
        Ok(None)
    }

    /// Removes what was cleaned, for good.
    pub(super) fn empty(&self, batch: &Batch) -> Result<(), CommandError> {
        for (at, _) in batch.items.iter().enumerate().filter(|(_, item)| item.commit.is_some()) {
            if let Some(repository) = &self.repository {
                repository.delete_ref(&trash_ref(&batch.id, at))?;
            }
        }
        for (at, _) in batch.items.iter().enumerate().filter(|(_, item)| item.commit.is_none()) {
            let moved = self.moved(&batch.id, at);
            match std::fs::remove_dir_all(&moved) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed("remove", &moved, &error)),
            }
        }
        self.remove(&batch.id)
    }

    /// The list goes last: as long as it is there, the rest can be found.
    fn remove(&self, id: &str) -> Result<(), CommandError> {
        let folder = self.folder(id);
        std::fs::remove_file(folder.join(LIST)).map_err(|error| failed("remove", &folder, &error))?;
        std::fs::remove_dir(&folder).map_err(|error| failed("remove", &folder, &error))
    }
}

fn in_the_way(workflow: &str, there: &InTheWay) -> String {
    match there {
        InTheWay::State => {
            format!("it has state again; `coordinate state cleanup --workflow-id {workflow}` removes that")
        }
        InTheWay::Checkpoint(name) => format!(
            "its checkpoint `{name}` was saved again; `coordinate state cleanup --all --workflow-id {workflow}` removes \
             all that it has"
        ),
    }
}

fn trash_ref(id: &str, at: usize) -> String {
    format!("refs/coordinate-trash/{id}/{at}")
}

/// One rename; a folder that is gone was moved by another process.
fn move_folder(from: &Path, to: &Path) -> Result<(), CommandError> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(|error| failed("make", parent, &error))?;
    }
    match std::fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("move", from, &error)),
    }
}

fn failed(action: &str, path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::internal(format!("failed to {action} `{}`: {error}", path.display()))
}
