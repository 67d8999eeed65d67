//! The list of what was cleaned together, as it is stored.

use crate::failure::CommandError;
use coordinate_model::ids::Oid;
use coordinate_model::shell::Aside;
use coordinate_model::time::UtcMillis;
use coordinate_store::shell::Expired;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Format 1 had no state of shell blocks.
pub(super) const FORMAT: u32 = 2;

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// An imported checkpoint.
    Checkpoint,
    /// The transcripts of a run.
    Attempts,
    /// A ref that keeps work of a run.
    Ref,
    /// State of a workflow's shell blocks.
    Shell,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Attempts => "attempts",
            Self::Ref => "ref",
            Self::Shell => "shell",
        }
    }
}

/// One thing that is put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// What it is.
    pub(super) kind: Kind,
    /// A folder relative to that of the state, the name of a ref, or the id of a workflow.
    pub(super) place: String,
    /// The commit of a ref.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) commit: Option<Oid>,
    /// Why it was not kept.
    pub(super) why: String,
}

impl Item {
    pub(super) fn file(kind: Kind, state: &Path, path: &Path, why: String) -> Self {
        let place = path.strip_prefix(state).unwrap_or(path).to_string_lossy().into_owned();
        Self { kind, place, commit: None, why }
    }

    pub(super) fn reference(name: String, commit: Oid, why: String) -> Self {
        Self { kind: Kind::Ref, place: name, commit: Some(commit), why }
    }

    pub(super) fn shell(expired: &Expired) -> Self {
        let why = format!("{}, {}", expired.aside.amount(), expired.why);
        Self { kind: Kind::Shell, place: expired.aside.workflow.clone(), commit: None, why }
    }
}

/// What was cleaned together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) format: u32,
    /// Its name.
    pub(super) id: String,
    /// When.
    pub(super) cleaned: UtcMillis,
    /// What.
    pub(super) items: Vec<Item>,
    /// The state of shell blocks among it. It is here and nowhere else: one file is there whole, or not at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) shell: Vec<Aside>,
}

/// What a list of every format has.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

pub(super) fn read(list: &Path, bytes: &[u8]) -> Result<Batch, CommandError> {
    let damaged =
        |error: serde_json::Error| CommandError::internal(format!("`{}` is damaged: {error}", list.display()));
    // First of all: what a newer format holds can not be read.
    let Head { format } = serde_json::from_slice(bytes).map_err(damaged)?;
    if format > FORMAT {
        let message = format!("`{}` is of the newer format {format}", list.display());
        return Err(CommandError::internal(message).hint("install a newer `coordinate`"));
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_is_read_and_a_newer_one_is_told_from_damage() {
        let check = |text: &str| read(Path::new("list.json"), text.as_bytes());
        let old = r#"{"format":1,"id":"x","cleaned":5,"items":[{"kind":"ref","place":"refs/x","why":"old"}]}"#;
        let old = check(old).unwrap();
        assert_eq!((old.items[0].kind, old.shell), (Kind::Ref, Vec::new()));
        let newer = check(r#"{"format":3,"items":[{"kind":"moon"}]}"#).unwrap_err();
        assert!(newer.message().contains("newer format 3"), "{}", newer.message());
        assert!(check(r#"{"format":2}"#).unwrap_err().message().contains("damaged"));
    }
}
