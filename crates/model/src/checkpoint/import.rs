//! Which format a text is of, and what can be wrong with it.

use super::Checkpoint;
use super::fields::{Fields, Problem, kind};
use super::read::read;
use super::seal::{DIGEST, digest};
use crate::plan::Severity;
use serde_json::{Map, Value};

/// The formats, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The first; files without a version are of it.
    V1_0,
    /// Adds the history of plan changes.
    V1_1,
    /// Adds reports on failures.
    V1_2,
    /// Adds topics, context and the upkeep of plans.
    V1_3,
    /// Adds states.
    V2_0,
    /// Adds the classification of the request.
    V2_1,
    /// This program's own.
    V3_0,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 7] = [Self::V1_0, Self::V1_1, Self::V1_2, Self::V1_3, Self::V2_0, Self::V2_1, Self::V3_0];

    /// The newest, which is the one that is written.
    pub const NEWEST: Self = Self::V3_0;

    /// The version as text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
            Self::V2_0 => "2.0",
            Self::V2_1 => "2.1",
            Self::V3_0 => "3.0",
        }
    }

    fn of(map: &Map<String, Value>) -> Result<Self, ImportError> {
        let named =
            ["schema_version", "version"].iter().find_map(|name| map.get(*name).filter(|value| !value.is_null()));
        let Some(value) = named else { return Ok(Self::V1_0) };
        let found = version_text(value);
        if let Some(format) = Self::ALL.into_iter().find(|format| format.name() == found) {
            return Ok(format);
        }
        let parts = |text: &str| {
            let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
            Some((major.parse::<u64>().ok()?, minor.parse::<u64>().ok()?))
        };
        match parts(&found) {
            Some(version) if Some(version) > parts(Self::NEWEST.name()) => Err(ImportError::TooNew { found }),
            Some(_) | None => Err(ImportError::UnknownVersion { found }),
        }
    }
}

/// A version that is written as a number is read too: `2` is 2.0.
pub(super) fn version_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if number.as_u64().is_some() => format!("{number}.0"),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => kind(value),
    }
}

/// Why a text can not be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is no JSON.
    #[error("line {line}, column {column}: this is no JSON: {cause}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The parser's message.
        cause: String,
    },
    /// It is JSON, but no checkpoint.
    #[error("this is no checkpoint: {reason}")]
    NotCheckpoint {
        /// Why not.
        reason: String,
    },
    /// A newer program wrote it.
    #[error("checkpoint format `{found}` is newer than the 3.0 that this program reads; install a newer `coordinate`")]
    TooNew {
        /// Its version.
        found: String,
    },
    /// No program ever wrote this version.
    #[error("`{found}` is no checkpoint format; known are 1.0, 1.1, 1.2, 1.3, 2.0, 2.1 and 3.0")]
    UnknownVersion {
        /// Its version.
        found: String,
    },
    /// Some fields can not be what they are. At least one of these is an error.
    #[error("the checkpoint has errors:\n{}", lines(.0))]
    Problems(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl ImportError {
    /// All that is wrong, each with its place.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let one = |place: &str| {
            vec![Problem { place: place.to_owned(), severity: Severity::Error, message: self.to_string() }]
        };
        match self {
            Self::Problems(problems) => problems.clone(),
            Self::TooNew { .. } | Self::UnknownVersion { .. } => one("/schema_version"),
            Self::NotJson { .. } | Self::NotCheckpoint { .. } => one(""),
        }
    }
}

/// A checkpoint that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// In the newest format.
    pub checkpoint: Checkpoint,
    /// The format of the text.
    pub format: Format,
    /// What is odd about it.
    pub warnings: Vec<Problem>,
}

/// Reads a checkpoint of any known format.
///
/// # Errors
/// [`ImportError`], with the place of each problem.
pub fn parse(text: &str) -> Result<Imported, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(|error| ImportError::NotJson {
        line: error.line(),
        column: error.column(),
        cause: error.to_string(),
    })?;
    let Value::Object(map) = value else {
        return Err(ImportError::NotCheckpoint { reason: format!("it must be an object, and is {}", kind(&value)) });
    };
    let format = Format::of(&map)?;
    recognise(&map)?;
    let edited = map.get(DIGEST).is_some_and(|said| said.as_str() != Some(digest(&map).as_str()));
    let mut fields = Fields::new(String::new(), map);
    if format == Format::V3_0 {
        fields.take(DIGEST);
        if edited {
            let message =
                "the content is not what was exported; export it again, or remove `digest` to take it as edited";
            fields.error(DIGEST, message);
        }
    }
    let (checkpoint, problems) = read(format, fields);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(ImportError::Problems(problems));
    }
    Ok(Imported { checkpoint, format, warnings: problems })
}

/// One of these fields must be there, else anything would be a checkpoint in state `initialize`.
fn recognise(map: &Map<String, Value>) -> Result<(), ImportError> {
    let marks = ["checkpoint_id", "workflow_type", "definition", "state_machine", "current_phase", "workflow_state"];
    if marks.iter().any(|mark| map.contains_key(*mark)) {
        return Ok(());
    }
    let reason = if map.contains_key("supervisor_id") {
        "it is what a supervisor handed up; keep it with `coordinate checkpoint save NAME`".to_owned()
    } else {
        format!("it has none of the fields `{}`", marks.join("`, `"))
    };
    Err(ImportError::NotCheckpoint { reason })
}
