//! The workflow definitions that a project can use: its own, the user's, and those that ship, by name.

use crate::config::user_folder;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_model::definition::{Definition, InvalidDefinition, Scope, Source, builtin_names};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where a definition comes from; the first wins over the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The project's folder.
    Project,
    /// The user's folder.
    User,
    /// The program.
    Shipped,
}

impl Origin {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::User => "user",
            Self::Shipped => "shipped",
        }
    }
}

/// A definition that a name can mean.
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) file: Option<PathBuf>,
    pub(crate) source: Source,
}

impl Known {
    /// Read, with what it builds on, and checked.
    pub(crate) fn read(&self, project: &Project) -> Result<Definition, InvalidDefinition> {
        Definition::resolve(&self.source, &library(project))
    }
}

/// The project's own definitions.
pub(crate) fn project_folder(project: &Project) -> PathBuf {
    project.root.join(".coordinate/workflows")
}

fn folders(project: &Project) -> Vec<(Origin, PathBuf)> {
    let user = user_folder().map(|folder| folder.join("workflows"));
    let own = std::iter::once((Origin::Project, project_folder(project)));
    own.chain(user.map(|folder| (Origin::User, folder))).collect()
}

/// A file of the project as it is shown: from the project's root.
fn shown(project: &Project, file: &Path) -> String {
    file.strip_prefix(&project.root).unwrap_or(file).display().to_string()
}

/// The own file of a name, if it is there and can be read.
fn own(project: &Project, origin: Origin, folder: &Path, name: &str) -> Option<Known> {
    let file = folder.join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&file).ok()?;
    let source = Source { file: Some(shown(project, &file)), text };
    Some(Known { name: name.to_owned(), origin, file: Some(file), source })
}

/// All definitions that a name can mean, the one that wins first.
pub(crate) fn of_name(project: &Project, name: &str) -> Vec<Known> {
    let is_name = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    let folders = folders(project).into_iter().filter(|_| is_name);
    let own = folders.filter_map(|(origin, folder)| own(project, origin, &folder, name));
    let shipped = Source::shipped(name);
    let shipped = shipped.map(|source| Known { name: name.to_owned(), origin: Origin::Shipped, file: None, source });
    own.chain(shipped).collect()
}

fn library(project: &Project) -> impl Fn(&str) -> Vec<Source> {
    |name| of_name(project, name).into_iter().map(|known| known.source).collect()
}

/// Every definition by every name, the one that wins first: own names, then those that ship.
pub(crate) fn all(project: &Project) -> Vec<Known> {
    let shipped: Vec<String> = builtin_names().map(str::to_owned).collect();
    let mut others = BTreeSet::new();
    for (_, folder) in folders(project) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            let is_toml = path.extension().is_some_and(|ending| ending == "toml");
            others.extend(name.filter(|name| is_toml && !shipped.contains(name)));
        }
    }
    shipped.iter().chain(&others).flat_map(|name| of_name(project, name)).collect()
}

/// The definition that a name, or a path of a TOML file, means.
pub(crate) fn find(project: &Project, named: &str) -> Result<Definition, CommandError> {
    let known = of_name(project, named);
    if let Some(first) = known.first() {
        return first.read(project).map_err(|error| {
            CommandError::usage(error.to_string()).hint(format!("`coordinate workflows check {named}` shows the same"))
        });
    }
    let path = Path::new(named);
    if !path.is_file() {
        return Err(unknown(project, named).hint("or name a TOML file"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| CommandError::usage(format!("`{named}`: {error}")))?;
    let source = Source { file: Some(named.to_owned()), text };
    Definition::resolve(&source, &library(project)).map_err(|error| CommandError::usage(error.to_string()))
}

/// Reads a file as a definition of this project, wherever it lies.
pub(crate) fn read_file(
    project: &Project,
    path: &str,
) -> Result<(Source, Result<Definition, InvalidDefinition>), CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| CommandError::usage(format!("`{path}`: {error}")))?;
    let source = Source { file: Some(path.to_owned()), text };
    let read = Definition::resolve(&source, &library(project));
    Ok((source, read))
}

/// The error for a name that means nothing.
pub(crate) fn unknown(project: &Project, name: &str) -> CommandError {
    let mut names: Vec<String> = all(project).into_iter().map(|known| known.name).collect();
    names.dedup();
    let error = CommandError::usage(format!("there is no workflow `{name}`"));
    error.hint(format!("known: {}", names.join(", ")))
}

/// The names of the workflows that have a scope.
pub(crate) fn with_scope(project: &Project, scope: Scope) -> Vec<String> {
    let mut names: Vec<String> = all(project)
        .iter()
        .filter(|known| known.read(project).is_ok_and(|definition| definition.scope.contains_key(&scope)))
        .map(|known| known.name.clone())
        .collect();
    names.dedup();
    names
}

/// A note when a name means another definition than the one that ships under it.
pub(crate) fn overriding(project: &Project, named: &str) -> Option<String> {
    let known = of_name(project, named);
    let (first, last) = (known.first()?, known.last()?);
    let hides = first.origin != Origin::Shipped && last.origin == Origin::Shipped;
    let file = first.source.file.as_deref().unwrap_or_default();
    hides.then(|| format!("the workflow `{named}` is the one of `{file}`, not the one that ships"))
}
