//! Artifacts: the files that steps must leave in the topic folder.

mod contract;
mod crosslinks;
mod document;
mod gist;
mod mentions;
mod metadata;
#[cfg(test)]
mod tests;

pub use contract::{Contract, Problem, Section, check, check_plan, contract};
pub use crosslinks::{Field, linked, linked_also, unlinked};
pub(crate) use mentions::in_code as paths_in_code;
pub use metadata::{MOST_TOKENS, Metadata, SUMMARY_WORDS};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The kinds of artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// What research on one topic found.
    Report,
    /// What several reports say together.
    Overview,
    /// What is to be done, in phases.
    Plan,
    /// The cause of a failure.
    Debug,
    /// What a run did.
    Summary,
    /// Anything else that a step leaves.
    Output,
}

impl ArtifactKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Report, Self::Overview, Self::Plan, Self::Debug, Self::Summary, Self::Output];

    /// The kind's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Overview => "overview",
            Self::Plan => "plan",
            Self::Debug => "debug",
            Self::Summary => "summary",
            Self::Output => "output",
        }
    }

    /// The folder of the topic that it lies in.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Report | Self::Overview => "reports",
            Self::Plan => "plans",
            Self::Debug => "debug",
            Self::Summary => "summaries",
            Self::Output => "outputs",
        }
    }

    /// The beginning of the completion line that an agent ends with.
    #[must_use]
    pub fn completion(self) -> &'static str {
        match self {
            Self::Report => "REPORT_CREATED",
            Self::Overview => "OVERVIEW_CREATED",
            Self::Plan => "PLAN_CREATED",
            Self::Debug => "DEBUG_REPORT_CREATED",
            Self::Summary => "SUMMARY_CREATED",
            Self::Output => "OUTPUT_CREATED",
        }
    }
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
