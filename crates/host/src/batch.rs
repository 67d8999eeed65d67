//! Batches of file operations that are done as a whole or not at all, whatever cuts them off.
//!
//! What is to be done is written down before anything is touched, with the old content of every file that changes. One
//! rename of that record makes the batch begin, another one makes it complete; a batch that began and is not complete
//! is rolled back, at once if it failed, else by whoever opens the batches of the project next. What is then neither as
//! it was nor as the batch made it was changed by somebody else: that stops the roll-back before it touches anything.
//!
//! Rolling forward was rejected: a batch that failed for want of space or permission would fail again for ever.

mod disk;
mod judge;
mod place;
mod record;
#[cfg(test)]
mod tests;

pub use disk::{Disk, SystemDisk};

use judge::{Standing, located, moved, standing};
use place::{Kind, kind, resolve};
use record::{FORMAT, Image, Record, Step};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// One operation. Paths are relative to the root; `/` separates their parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Makes a folder. The folders of files that are written are made without being asked for.
    MakeFolder {
        /// The folder.
        path: String,
    },
    /// Writes a file.
    Write {
        /// The file.
        path: String,
        /// What the caller has seen there: anything else stops the batch. `None`: no file.
        before: Option<Vec<u8>>,
        /// What is to be there.
        after: Vec<u8>,
    },
    /// Removes a file.
    Remove {
        /// The file.
        path: String,
        /// What the caller has seen there.
        before: Vec<u8>,
    },
    /// Gives a file or a folder another path, where nothing may be yet. Done after all files are written: what is
    /// written into a folder that moves is named by its old path.
    Rename {
        /// From here.
        from: String,
        /// To there.
        to: String,
    },
    /// Removes a folder, if it is empty when all else is done.
    RemoveFolder {
        /// The folder.
        path: String,
    },
}

/// Why a batch was not done. Nothing of it remains, except where it says so.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A path that may not be touched.
    #[error("`{path}` {why}")]
    Refused {
        /// The path.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// Something else is there than the caller has seen.
    #[error("`{path}` was changed meanwhile")]
    Changed {
        /// The path.
        path: String,
    },
    /// The target is taken.
    #[error("`{path}` is there already")]
    Taken {
        /// The path.
        path: String,
    },
    /// A batch that was cut off can not be rolled back without losing what somebody else did since.
    #[error("`{title}` was cut off, and {} changed since: it is neither finished nor taken back", names(paths))]
    Stuck {
        /// What the batch was to do.
        title: String,
        /// What was changed.
        paths: Vec<String>,
        /// Where the old content is kept.
        folder: PathBuf,
    },
    /// The record of a batch can not be read.
    #[error("the record `{}` of a batch can not be read: {cause}", path.display())]
    Unreadable {
        /// The record.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The file system refused.
    #[error("failed to {action} `{}`: {cause}", path.display())]
    Medium {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
}

fn names(paths: &[String]) -> String {
    paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

fn medium(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BatchError {
    move |cause| BatchError::Medium { action, path: path.to_owned(), cause }
}

/// The batches of a project, locked: one at a time, and none while another is unfinished.
pub struct Batches<'d> {
    root: PathBuf,
    folder: PathBuf,
    disk: &'d dyn Disk,
    taken_back: Vec<String>,
    _lock: File,
}

/// Takes back what was cut off, if there ever was a batch. Gives the titles of what was taken back.
///
/// # Errors
/// [`BatchError::Stuck`], and whatever the file system refuses.
pub fn recover(root: &Path, folder: &Path) -> Result<Vec<String>, BatchError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    Batches::open(root, folder, &SystemDisk).map(|batches| batches.taken_back)
}

impl<'d> Batches<'d> {
    /// Waits for the lock and takes back what was cut off. `folder` is where records are kept.
    ///
    /// # Errors
    /// [`BatchError::Stuck`], and whatever the file system refuses.
    pub fn open(root: &Path, folder: &Path, disk: &'d dyn Disk) -> Result<Self, BatchError> {
        crate::atomic::create_private_folder(folder).map_err(medium("make", folder))?;
        let path = folder.join("lock");
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = opened.and_then(|file| file.lock().map(|()| file)).map_err(medium("lock", &path))?;
        let root = root.canonicalize().map_err(medium("find", root))?;
        let mut batches = Self { root, folder: folder.to_owned(), disk, taken_back: Vec::new(), _lock: lock };
        batches.recover()?;
        Ok(batches)
    }

    /// The titles of what was taken back when the batches were opened.
    #[must_use]
    pub fn taken_back(&self) -> &[String] {
        &self.taken_back
    }

    fn recover(&mut self) -> Result<(), BatchError> {
        let entries = std::fs::read_dir(&self.folder).map_err(medium("read", &self.folder))?;
        let mut folders: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        for folder in folders {
            // What has an ending never began, or is complete.
            if folder.extension().is_none() {
                let record = Record::read(&folder)?;
                self.roll_back(&folder, &record)?;
                self.taken_back.push(record.title);
            } else {
                self.disk.discard(&folder).map_err(medium("remove", &folder))?;
            }
        }
        Ok(())
    }

    /// Does all operations, or none. Those whose result is there already are left out; `false` if that are all.
    /// `id` names the batch and is used once.
    ///
    /// # Errors
    /// Why nothing was done.
    pub fn perform(&self, id: &str, title: &str, operations: Vec<Operation>) -> Result<bool, BatchError> {
        let steps = self.steps(operations)?;
        if steps.is_empty() {
            return Ok(false);
        }
        let record = Record {
            format: FORMAT,
            title: title.to_owned(),
            steps: steps.iter().map(|(step, _)| step.clone()).collect(),
        };
        let folder = self.begin(id, &record)?;
        let done = steps.iter().try_for_each(|(step, after)| self.apply(step, after));
        if let Err(error) = done.and_then(|()| self.complete(&folder)) {
            // Should this fail too, whoever opens the batches next goes on with it.
            self.roll_back(&folder, &record)?;
            return Err(error);
        }
        Ok(true)
    }

    /// What is left to do, in the order in which it is done, with what files are to hold.
    fn steps(&self, operations: Vec<Operation>) -> Result<Vec<(Step, Vec<u8>)>, BatchError> {
        let done = self.done_moves(&operations)?;
        let mut planned: Vec<(Step, Vec<u8>)> = Vec::new();
        for operation in operations {
            let Some((step, after)) = self.step(operation, &done)? else { continue };
            for path in self.missing_folders(step.target())? {
                let make = Step::MakeFolder { path };
                if planned.iter().all(|(known, _)| *known != make) {
                    planned.push((make, Vec::new()));
                }
            }
            if planned.iter().all(|(known, _)| *known != step) {
                planned.push((step, after));
            }
        }
        planned.sort_by_key(|(step, _)| step.rank());
        entangled(&planned)?;
        Ok(planned)
    }

    /// The moves that are done already, when a batch is tried again.
    fn done_moves(&self, operations: &[Operation]) -> Result<Vec<(String, String)>, BatchError> {
        let mut done = Vec::new();
        for operation in operations {
            if let Operation::Rename { from, to } = operation
                && moved(kind(&resolve(&self.root, from)?), kind(&resolve(&self.root, to)?))
            {
                done.push((from.clone(), to.clone()));
            }
        }
        Ok(done)
    }

    /// An operation as it is recorded; `None` if its result is there.
    fn step(&self, operation: Operation, done: &[(String, String)]) -> Result<Option<(Step, Vec<u8>)>, BatchError> {
        let found = |path: &str| -> Result<(PathBuf, Kind), BatchError> {
            let place = resolve(&self.root, path)?;
            let kind = kind(&place);
            if kind == Kind::Other {
                return Err(BatchError::Refused { path: path.to_owned(), why: "is neither a file nor a folder" });
            }
            Ok((place, kind))
        };
        let step = match operation {
            Operation::MakeFolder { path } => match found(&path)?.1 {
                Kind::Folder => None,
                Kind::Nothing => Some((Step::MakeFolder { path }, Vec::new())),
                Kind::File | Kind::Other => return Err(BatchError::Taken { path }),
            },
            Operation::Write { path, before, after } => {
                let path = located(&path, done);
                let (place, _) = found(&path)?;
                let present = Image::of(&place)?;
                if present.as_ref().is_some_and(|(_, bytes)| *bytes == after) {
                    return Ok(None);
                }
                if present.as_ref().map(|(_, bytes)| bytes) != before.as_ref() {
                    return Err(BatchError::Changed { path });
                }
                let hash = coordinate_model::digest::hex_sha256(&after);
                Some((Step::Write { path, before: present.map(|(image, _)| image), after: hash }, after))
            }
            Operation::Remove { path, before } => {
                let path = located(&path, done);
                let (place, _) = found(&path)?;
                match Image::of(&place)? {
                    None => None,
                    Some((image, bytes)) if bytes == before => Some((Step::Remove { path, before: image }, Vec::new())),
                    Some(_) => return Err(BatchError::Changed { path }),
                }
            }
            Operation::Rename { from, to } => match (found(&from)?.1, found(&to)?.1) {
                (there, Kind::Nothing) if there != Kind::Nothing => Some((Step::Rename { from, to }, Vec::new())),
                (Kind::Nothing, Kind::Nothing) => return Err(BatchError::Changed { path: from }),
                (Kind::Nothing, _) => None,
                (_, _) => return Err(BatchError::Taken { path: to }),
            },
            Operation::RemoveFolder { path } => {
                (found(&path)?.1 == Kind::Folder).then(|| (Step::RemoveFolder { path }, Vec::new()))
            }
        };
        Ok(step)
    }

    /// The folders above a path that are not there, the outermost first.
    fn missing_folders(&self, target: Option<&str>) -> Result<Vec<String>, BatchError> {
        let mut missing = Vec::new();
        let mut above = target.and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
        while let Some(folder) = above {
            if kind(&resolve(&self.root, folder)?) != Kind::Nothing {
                break;
            }
            missing.push(folder.to_owned());
            above = folder.rsplit_once('/').map(|(folder, _)| folder);
        }
        missing.reverse();
        Ok(missing)
    }

    /// Writes the record; its rename is the moment in which the batch begins.
    fn begin(&self, id: &str, record: &Record) -> Result<PathBuf, BatchError> {
        let (new, folder) = (self.folder.join(format!("{id}.new")), self.folder.join(id));
        let written = record.write(&self.root, &new, self.disk);
        let begun = written.and_then(|()| self.disk.rename(&new, &folder).map_err(medium("rename", &new)));
        if begun.is_err() {
            // What stays is discarded by whoever opens the batches next.
            let _ = self.disk.discard(&new);
        }
        begun.map(|()| folder)
    }

    /// The rename is the moment in which the batch is complete.
    fn complete(&self, folder: &Path) -> Result<(), BatchError> {
        let done = folder.with_extension("done");
        match self.disk.rename(folder, &done) {
            // Renamed, and then its durability failed: what is complete must not be taken back.
            Err(_) if done.is_dir() && !folder.exists() => {}
            outcome => outcome.map_err(medium("rename", folder))?,
        }
        let _ = self.disk.discard(&done);
        Ok(())
    }

    fn apply(&self, step: &Step, after: &[u8]) -> Result<(), BatchError> {
        let place = |path: &str| resolve(&self.root, path);
        // Somebody's editor takes no lock of ours.
        match standing(&self.root, step, &[])? {
            Standing::Before => {}
            Standing::After => return Ok(()),
            Standing::Neither => return Err(BatchError::Changed { path: step.path().to_owned() }),
        }
        match step {
            Step::MakeFolder { path } => {
                let path = place(path)?;
                self.disk.make_folder(&path).map_err(medium("make", &path))
            }
            Step::Write { path, before, .. } => {
                let path = place(path)?;
                self.disk.write(&path, after, before.as_ref().map(|image| image.mode)).map_err(medium("write", &path))
            }
            Step::Remove { path, .. } => {
                let path = place(path)?;
                self.disk.remove(&path).map_err(medium("remove", &path))
            }
            Step::Rename { from, to } => {
                let from = place(from)?;
                self.disk.rename(&from, &place(to)?).map_err(medium("move", &from))
            }
            Step::RemoveFolder { path } => self.remove_if_empty(&place(path)?),
        }
    }

    fn remove_if_empty(&self, path: &Path) -> Result<(), BatchError> {
        let empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if empty { self.disk.remove_folder(path).map_err(medium("remove", path)) } else { Ok(()) }
    }

    /// Takes back what was done. First everything is looked at: where somebody else's change stands, nothing is touched.
    fn roll_back(&self, folder: &Path, record: &Record) -> Result<(), BatchError> {
        let done = judge::done_moves(&self.root, record)?;
        let mut changed = Vec::new();
        for step in &record.steps {
            if standing(&self.root, step, &done)? == Standing::Neither {
                changed.push(located(step.path(), &done));
            }
        }
        if !changed.is_empty() {
            let (title, folder) = (record.title.clone(), folder.to_owned());
            return Err(BatchError::Stuck { title, paths: changed, folder });
        }
        for (at, step) in record.steps.iter().enumerate().rev() {
            if standing(&self.root, step, &[])? == Standing::After {
                self.undo(folder, at, step)?;
            }
        }
        self.complete(folder)
    }

    fn undo(&self, folder: &Path, at: usize, step: &Step) -> Result<(), BatchError> {
        let place = |path: &str| resolve(&self.root, path);
        match step {
            Step::MakeFolder { path } => self.remove_if_empty(&place(path)?),
            Step::Write { path, before: None, .. } => {
                let path = place(path)?;
                self.disk.remove(&path).map_err(medium("remove", &path))
            }
            Step::Write { path, before: Some(image), .. } | Step::Remove { path, before: image } => {
                let path = place(path)?;
                let bytes = image.read(folder, at)?;
                self.disk.write(&path, &bytes, Some(image.mode)).map_err(medium("write", &path))
            }
            Step::Rename { from, to } => {
                let to = place(to)?;
                self.disk.rename(&to, &place(from)?).map_err(medium("move", &to))
            }
            Step::RemoveFolder { path } => {
                let path = place(path)?;
                self.disk.make_folder(&path).map_err(medium("make", &path))
            }
        }
    }
}

/// Nothing may be written into the place to which something moves, nor may two moves meet: no order could be rolled
/// back then.
fn entangled(steps: &[(Step, Vec<u8>)]) -> Result<(), BatchError> {
    let below = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (at, (step, _)) in steps.iter().enumerate() {
        let Step::Rename { to, .. } = step else { continue };
        let others = steps.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (other, _))| other);
        if let Some(other) = others.flat_map(Step::touched).find(|path| below(path, to)) {
            return Err(BatchError::Refused { path: other.to_owned(), why: "would be changed twice by one batch" });
        }
    }
    Ok(())
}
