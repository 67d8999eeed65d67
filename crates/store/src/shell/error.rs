//! Why shell state could not do what it was asked.

use coordinate_model::shell::{VariableName, WorkflowId};
use rusqlite::ErrorCode;
use std::path::Path;

/// Why shell state could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// There is no state of this workflow.
    #[error("there is no state of the workflow `{workflow}` in `{place}`")]
    NoWorkflow {
        /// The workflow.
        workflow: WorkflowId,
        /// The file.
        place: String,
    },
    /// Something was to be appended to what is no list.
    #[error("`{name}` holds one value and is no list; make it one with `coordinate state set --list {name} …`")]
    NotAList {
        /// The variable.
        name: VariableName,
    },
    /// The write lock stayed taken.
    #[error("the shell state in `{place}` stayed locked for {} s; another process is stuck", super::LIMIT.as_secs())]
    Busy {
        /// The file.
        place: String,
    },
    /// A newer release made the file.
    #[error("`{place}` has schema version {found}, this program knows {known}; install a newer `coordinate`")]
    TooNew {
        /// The file.
        place: String,
        /// The version that the file says.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file is something else.
    #[error("`{place}` is no shell state; move it away, then `coordinate state init` makes a new one")]
    Foreign {
        /// The file.
        place: String,
    },
    /// What the machine reports.
    #[error("failed to {action} the shell state in `{place}`: {cause}")]
    Medium {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file.
        place: String,
        /// The machine's own words.
        cause: String,
    },
}

impl ShellError {
    pub(super) fn medium(action: &'static str, path: &Path, error: &rusqlite::Error) -> Self {
        let place = super::shown(path);
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { place },
            Some(ErrorCode::NotADatabase) => Self::Foreign { place },
            _ => Self::Medium { action, place, cause: error.to_string() },
        }
    }

    pub(super) fn file(action: &'static str, path: &Path, error: &std::io::Error) -> Self {
        Self::Medium { action, place: super::shown(path), cause: error.to_string() }
    }
}
