//! Names of folders, branches and refs: one place for each decision.

use super::Job;
use coordinate_model::ids::{RunId, StepId};
use std::path::{Path, PathBuf};

/// The folder of an attempt.
#[must_use]
pub fn attempt_folder(root: &Path, run: &RunId, step: &StepId, attempt: u32) -> PathBuf {
    root.join(run.as_str()).join(format!("{}@{attempt}", slug(step)))
}

/// A step's id as one part of a path or ref.
#[must_use]
pub fn slug(step: &StepId) -> String {
    step.as_str().replace('/', "-").replace('#', ".")
}

impl Job {
    /// The integration branch.
    pub(super) fn integration_ref(&self) -> String {
        format!("refs/heads/{}", self.integration_branch())
    }

    /// The integration branch's short name.
    pub(super) fn integration_branch(&self) -> String {
        format!("coordinate/{}/main", self.created.run)
    }

    /// The short name of the branch of a tree.
    pub(super) fn branch(&self, name: &str) -> String {
        format!("coordinate/{}/{name}", self.created.run)
    }

    /// The ref that keeps a tree's content.
    pub(super) fn snapshot_ref(&self, name: &str) -> String {
        format!("refs/coordinate/{}/{name}", self.created.run)
    }

    /// The ref that keeps a step's verified work.
    pub(super) fn work_ref(&self, name: &str) -> String {
        self.snapshot_ref(&format!("{name}.work"))
    }

    /// A work tree's folder.
    pub(super) fn tree(&self, name: &str) -> PathBuf {
        Path::new(&self.created.paths.trees).join(name)
    }

    /// A path of the project.
    pub(super) fn in_project(&self, path: &str) -> PathBuf {
        Path::new(&self.created.paths.project).join(path)
    }
}
