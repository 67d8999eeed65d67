//! The record of a batch: what is to be done, and what was there before.

use super::{BatchError, Disk, medium};
use coordinate_model::digest::hex_sha256;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The format that this program writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

const LIST: &str = "batch.json";

/// A file as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Image {
    /// SHA-256 of its content, in hexadecimal.
    pub(super) hash: String,
    /// Its bits of permission.
    pub(super) mode: u32,
}

/// One operation, with what it finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Step {
    MakeFolder { path: String },
    Write { path: String, before: Option<Image>, after: String },
    Remove { path: String, before: Image },
    Rename { from: String, to: String },
    RemoveFolder { path: String },
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) format: u32,
    /// What it does, for people.
    pub(super) title: String,
    pub(super) steps: Vec<Step>,
}

/// What a record of every format has.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl Step {
    /// Files are written where they lie before folders move, and folders go when all else is done.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::MakeFolder { .. } => 0,
            Self::Write { .. } => 1,
            Self::Remove { .. } => 2,
            Self::Rename { .. } => 3,
            Self::RemoveFolder { .. } => 4,
        }
    }

    /// The path by which people know it.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::MakeFolder { path }
            | Self::Write { path, .. }
            | Self::Remove { path, .. }
            | Self::Rename { from: path, .. }
            | Self::RemoveFolder { path } => path,
        }
    }

    /// Where something comes to be.
    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Self::MakeFolder { path } | Self::Write { path, .. } | Self::Rename { to: path, .. } => Some(path),
            Self::Remove { .. } | Self::RemoveFolder { .. } => None,
        }
    }

    /// All paths that it changes.
    pub(super) fn touched(&self) -> Vec<&str> {
        let target = self.target().filter(|target| *target != self.path());
        std::iter::once(self.path()).chain(target).collect()
    }

    fn image(&self) -> Option<(&str, &Image)> {
        match self {
            Self::Write { path, before: Some(image), .. } | Self::Remove { path, before: image } => Some((path, image)),
            Self::Write { before: None, .. }
            | Self::MakeFolder { .. }
            | Self::Rename { .. }
            | Self::RemoveFolder { .. } => None,
        }
    }
}

impl Image {
    /// The file at a place; `None` if there is none.
    pub(super) fn of(place: &Path) -> Result<Option<(Self, Vec<u8>)>, BatchError> {
        let bytes = match std::fs::read(place) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(medium("read", place)(error)),
        };
        let mode = std::fs::metadata(place).map_err(medium("read", place))?.permissions().mode() & 0o7777;
        Ok(Some((Self { hash: hex_sha256(&bytes), mode }, bytes)))
    }

    /// The content that was kept.
    pub(super) fn read(&self, folder: &Path, at: usize) -> Result<Vec<u8>, BatchError> {
        let path = kept(folder, at);
        let bytes = std::fs::read(&path).map_err(medium("read", &path))?;
        if hex_sha256(&bytes) == self.hash {
            return Ok(bytes);
        }
        Err(BatchError::Unreadable { path, cause: "it does not hold what was kept".to_owned() })
    }
}

fn kept(folder: &Path, at: usize) -> PathBuf {
    folder.join(at.to_string())
}

impl Record {
    /// Writes the record and the old content of all files into a folder that has not begun yet.
    pub(super) fn write(&self, root: &Path, folder: &Path, disk: &dyn Disk) -> Result<(), BatchError> {
        disk.make_folder(folder).map_err(medium("make", folder))?;
        for (at, step) in self.steps.iter().enumerate() {
            let Some((path, image)) = step.image() else { continue };
            let found = Image::of(&root.join(path))?;
            let Some((_, bytes)) = found.filter(|(found, _)| found == image) else {
                return Err(BatchError::Changed { path: path.to_owned() });
            };
            let target = kept(folder, at);
            disk.write(&target, &bytes, Some(0o600)).map_err(medium("write", &target))?;
        }
        let path = folder.join(LIST);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| BatchError::Unreadable { path: path.clone(), cause: error.to_string() })?;
        disk.write(&path, &text, Some(0o600)).map_err(medium("write", &path))
    }

    /// Reads the record of a batch that began.
    pub(super) fn read(folder: &Path) -> Result<Self, BatchError> {
        let path = folder.join(LIST);
        let bytes = std::fs::read(&path).map_err(medium("read", &path))?;
        let unreadable = |cause: String| BatchError::Unreadable { path: path.clone(), cause };
        // First of all: what a newer format holds can not be read.
        let head: Head = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if head.format > FORMAT {
            return Err(unreadable(format!("it is of the newer format {}; install a newer `coordinate`", head.format)));
        }
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
    }
}
