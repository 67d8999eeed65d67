//! What is wrong with a plan, and where.

use crate::ids::PhaseNumber;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a plan with this finding may be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan can not be run as it is.
    Error,
    /// The plan can be run, but it may not say what its author meant.
    Warning,
}

/// One finding in a plan, with its place in the text.
///
/// Displayed as `file:line: message`, a warning as `file:line: warning: message`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The path of the source, as it was given to the parser.
    pub file: String,
    /// The line in the source, from 1.
    pub line: u32,
    /// Whether this stops the plan from being run.
    pub severity: Severity,
    /// The phase that is spoken of, if it is one.
    pub phase: Option<PhaseNumber>,
    /// What is wrong, with the remedy where it is not obvious; names its phase.
    pub message: String,
}

impl Diagnostic {
    /// An error at a place of a file.
    pub(super) fn error(file: &str, line: u32, phase: Option<PhaseNumber>, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, severity: Severity::Error, phase, message: message.into() }
    }

    /// A warning at a place of a file.
    pub(super) fn warning(file: &str, line: u32, phase: Option<PhaseNumber>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, line, phase, message) }
    }

    /// Whether this stops the plan from being run.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, "{}:{}: {severity}{}", self.file, self.line, self.message)
    }
}

/// Puts findings into the order in which they are shown: by file and line, errors first.
pub(super) fn sort(findings: &mut Vec<Diagnostic>) {
    findings.sort_by(|a, b| {
        (&a.file, a.line, a.severity, a.phase, &a.message).cmp(&(&b.file, b.line, b.severity, b.phase, &b.message))
    });
    findings.dedup();
}
