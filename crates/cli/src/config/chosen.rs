//! Which context is chosen: by the environment, else for this project.

use super::files::{Files, text_of};
use crate::context::make_state_folder;
use crate::failure::CommandError;
use std::path::{Path, PathBuf};

const VARIABLE: &str = "COORDINATE_CONTEXT";

/// A context's name, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The context.
    pub(crate) name: String,
    /// An environment variable or a file.
    pub(crate) by: String,
}

/// The choice in force, whether there is such a context or not. An empty variable is no choice.
pub(super) fn chosen(project: &Path) -> Result<Option<Chosen>, CommandError> {
    if let Some(name) = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty()) {
        return Ok(Some(Chosen { name, by: format!("environment variable {VARIABLE}") }));
    }
    let file = file(project);
    let stored = text_of(&file)?.map(|text| text.trim().to_owned()).filter(|name| !name.is_empty());
    Ok(stored.map(|name| Chosen { name, by: file.display().to_string() }))
}

/// Keeps a choice for this project, beside its state: it is one person's, and no part of the project.
pub(super) fn store(project: &Path, name: &str) -> Result<(), CommandError> {
    make_state_folder(&state(project))?;
    let file = file(project);
    coordinate_host::atomic::write(&file, format!("{name}\n").as_bytes())
        .map_err(|error| CommandError::internal(format!("failed to write `{}`: {error}", file.display())))
}

/// Takes the choice back; `false` if there was none.
pub(super) fn forget(project: &Path) -> Result<bool, CommandError> {
    let file = file(project);
    match std::fs::remove_file(&file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CommandError::internal(format!("failed to remove `{}`: {error}", file.display()))),
    }
}

fn state(project: &Path) -> PathBuf {
    project.join(".coordinate/state")
}

fn file(project: &Path) -> PathBuf {
    state(project).join("context")
}

/// There is no such context: the message lists those that there are.
pub(super) fn unknown(files: &Files, name: &str, by: Option<&str>) -> CommandError {
    let by = by.map_or_else(String::new, |by| format!("{by}: "));
    let known: Vec<&str> = files.contexts().into_keys().collect();
    let error = CommandError::usage(format!("{by}there is no context `{name}`"));
    if known.is_empty() {
        return error
            .hint(format!("no file has a context: add a table `[context.{name}]` to `.coordinate/config.toml`"));
    }
    error.hint(format!("known contexts: {}", known.join(", ")))
}
