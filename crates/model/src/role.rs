//! Roles: what a kind of agent is told, its tools, its model, its contract.
//!
//! A role is a Markdown file with a front matter. The files that ship with the program, a project's own and those of
//! other programs (`.claude/agents`) are read by the same rules; a run keeps the texts that it works with, so that an
//! edited file never changes a run under way.

mod builtin;
mod check;
mod completion;
mod front;
mod parse;
mod phrase;
mod schema;
#[cfg(test)]
mod tests;

pub use builtin::{builtin, builtin_names, builtin_text};
pub use check::check;
pub use completion::{Claim, Completion, claim};
pub use parse::{Parsed, parse};
pub use schema::{Schema, schemas};

use crate::artifact::ArtifactKind;
use crate::budget::Limits;
use crate::definition::Handed;
use crate::permission::Rules;
use crate::plan::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a role leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleContract {
    /// A report.
    Report,
    /// An overview of reports.
    Overview,
    /// A plan, new or changed.
    Plan,
    /// A debug report.
    Debug,
    /// A summary.
    Summary,
    /// Any other file.
    Output,
    /// Changes to the project's files.
    Changes,
    /// No file: an answer.
    None,
}

impl RoleContract {
    /// All contracts.
    pub const ALL: [Self; 8] =
        [Self::Report, Self::Overview, Self::Plan, Self::Debug, Self::Summary, Self::Output, Self::Changes, Self::None];

    /// Its name, as a role file says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Overview => "overview",
            Self::Plan => "plan",
            Self::Debug => "debug",
            Self::Summary => "summary",
            Self::Output => "output",
            Self::Changes => "changes",
            Self::None => "none",
        }
    }

    /// The contract of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|contract| contract.name() == name)
    }

    /// The kind of the file that it leaves, if it leaves one.
    #[must_use]
    pub fn artifact(self) -> Option<ArtifactKind> {
        match self {
            Self::Report => Some(ArtifactKind::Report),
            Self::Overview => Some(ArtifactKind::Overview),
            Self::Plan => Some(ArtifactKind::Plan),
            Self::Debug => Some(ArtifactKind::Debug),
            Self::Summary => Some(ArtifactKind::Summary),
            Self::Output => Some(ArtifactKind::Output),
            Self::Changes | Self::None => None,
        }
    }
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// One line for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The tools that it may use, by the names that clients give them; empty: those that the client allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// The model that it wants; `None`: the client's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it leaves; `None` where its file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<RoleContract>,
    /// How much it wants to be handed of the artifacts that it builds on; `None`: what is usual for its step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Handed>,
    /// Longest silence, in minutes; `None`: the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_minutes: Option<u32>,
    /// Longest time in all, in minutes; `None`: the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard_minutes: Option<u32>,
    /// What its attempts may spend in a run: tokens, money, attempts.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub budget: Limits,
    /// What its agents may do, what people are asked, and what they may not; beside the rules for every role.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
    /// What other programs say in the front matter, as it stands.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<String, String>,
    /// What the agent is told.
    pub text: String,
}

/// A placeholder in a role's text. A closed set: an unknown one would reach the agent as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    Project,
    Topic,
    Request,
}

impl Placeholder {
    const ALL: [Self; 3] = [Self::Project, Self::Topic, Self::Request];

    fn name(self) -> &'static str {
        match self {
            Self::Project => "{{project}}",
            Self::Topic => "{{topic}}",
            Self::Request => "{{request}}",
        }
    }
}

/// What stands in the place of placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The folder that the agent works in: absolute.
    pub project: &'a str,
    /// The topic folder in it: absolute.
    pub topic: &'a str,
    /// The request, in the user's words.
    pub request: &'a str,
}

impl Role {
    /// The text with its placeholders replaced. What is put in is not looked at again: a request that holds a
    /// placeholder stays what it is.
    #[must_use]
    pub fn filled(&self, with: &Filling<'_>) -> String {
        let value = |placeholder| match placeholder {
            Placeholder::Project => with.project,
            Placeholder::Topic => with.topic,
            Placeholder::Request => with.request.trim(),
        };
        let mut filled = String::new();
        let mut rest = self.text.trim();
        while let Some((at, placeholder)) = first_placeholder(rest) {
            filled.push_str(rest.get(..at).unwrap_or_default());
            filled.push_str(value(placeholder));
            rest = rest.get(at + placeholder.name().len()..).unwrap_or_default();
        }
        filled.push_str(rest);
        filled
    }
}

fn first_placeholder(text: &str) -> Option<(usize, Placeholder)> {
    let places =
        Placeholder::ALL.into_iter().filter_map(|placeholder| Some((text.find(placeholder.name())?, placeholder)));
    places.min_by_key(|(at, _)| *at)
}

/// One finding in a role file, displayed as `file:line: message`, a warning as `file:line: warning: message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Whether the role can be used with it.
    pub severity: Severity,
    /// What is wrong, with the remedy where it is not obvious.
    pub message: String,
}

impl Finding {
    fn error(file: &str, line: u32, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, severity: Severity::Error, message: message.into() }
    }

    /// Whether the role should not be used as it is.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, "{}:{}: {severity}{}", self.file, self.line, self.message)
    }
}
