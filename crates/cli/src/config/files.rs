//! The files of configuration: TOML of system, user and project with their contexts, and the older YAML.

use super::keys::checked;
use super::old::{self, OldFile};
use crate::failure::CommandError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Value;

/// Keys with their values.
pub(super) type Values = Vec<(&'static str, Value)>;

/// The table of contexts in a file.
pub(super) const CONTEXTS: &str = "context";

/// One TOML file, every key of it known and every value of the right kind.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    pub(super) path: PathBuf,
    pub(super) values: Values,
    pub(super) contexts: BTreeMap<String, Values>,
}

/// All files that are there. A context that is not chosen is checked as well: otherwise its mistakes would show only on
/// the day that it is needed.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) system: SettingsFile,
    pub(super) old_user: OldFile,
    pub(super) user: SettingsFile,
    pub(super) old_project: OldFile,
    pub(super) project: SettingsFile,
}

impl Files {
    pub(super) fn read(project: &Path) -> Result<Self, CommandError> {
        let user = user_file().map(|file| read(&file)).transpose()?;
        let old_user = old_user_file().map(|file| old::read(&file)).transpose()?;
        Ok(Self {
            system: read(Path::new("/etc/coordinate/config.toml"))?,
            old_user: old_user.unwrap_or_default(),
            user: user.unwrap_or_default(),
            old_project: old::read(&old_project_file(project))?,
            project: read(&project_file(project))?,
        })
    }

    /// The TOML files, the weakest first.
    pub(super) fn toml(&self) -> [&SettingsFile; 3] {
        [&self.system, &self.user, &self.project]
    }

    /// Every context with the files that have it, the weakest first.
    pub(super) fn contexts(&self) -> BTreeMap<&str, Vec<&SettingsFile>> {
        let mut found: BTreeMap<&str, Vec<&SettingsFile>> = BTreeMap::new();
        for file in self.toml() {
            for name in file.contexts.keys() {
                found.entry(name).or_default().push(file);
            }
        }
        found
    }
}

/// The project's configuration file.
pub(crate) fn project_file(project: &Path) -> PathBuf {
    project.join(".coordinate/config.toml")
}

/// The user's configuration file, where there is a home.
pub(super) fn user_file() -> Option<PathBuf> {
    user_folder().map(|folder| folder.join("config.toml"))
}

/// The user's own folder, where there is a home.
pub(crate) fn user_folder() -> Option<PathBuf> {
    let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    folder.map(|folder| folder.join("coordinate"))
}

pub(super) fn old_project_file(project: &Path) -> PathBuf {
    project.join(".claude/config/coordinate.yml")
}

/// Always below the home: the older scripts knew no other place.
pub(super) fn old_user_file() -> Option<PathBuf> {
    set("HOME").map(|home| home.join(".config/claude/coordinate.yml"))
}

fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The text of a file; `None` if there is none.
pub(super) fn text_of(file: &Path) -> Result<Option<String>, CommandError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CommandError::usage(format!("failed to read `{}`: {error}", file.display()))),
    }
}

fn read(path: &Path) -> Result<SettingsFile, CommandError> {
    let text = text_of(path)?.unwrap_or_default();
    let shown = path.display();
    let mut table: toml::Table =
        text.parse().map_err(|error| CommandError::usage(format!("`{shown}` is no valid TOML: {error}")))?;
    let contexts = match table.remove(CONTEXTS) {
        None => toml::Table::new(),
        Some(Value::Table(contexts)) => contexts,
        Some(_) => return Err(no_table(&shown.to_string(), "context.NAME")),
    };
    let contexts = contexts.into_iter().map(|(name, values)| {
        let Value::Table(values) = values else { return Err(no_table(&shown.to_string(), &format!("context.{name}"))) };
        let values = known(values, &format!("context `{name}` in {shown}"))?;
        Ok((name, values))
    });
    Ok(SettingsFile {
        path: path.to_owned(),
        contexts: contexts.collect::<Result<_, _>>()?,
        values: known(table, &shown.to_string())?,
    })
}

fn no_table(origin: &str, name: &str) -> CommandError {
    CommandError::usage(format!("{origin}: a context is a table `[{name}]`"))
        .hint("it holds the same keys as the file itself")
}

fn known(table: toml::Table, origin: &str) -> Result<Values, CommandError> {
    let values = flatten(table).into_iter();
    values.map(|(name, value)| Ok((checked(&name, &value, origin)?.name, value))).collect()
}

fn flatten(table: toml::Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => {
                flat.extend(flatten(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => flat.push((name, value)),
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_testkit::fuzz::Target;

    /// Shows N1.
    #[test]
    fn fuzz_configuration() {
        let env = coordinate_testkit::hermetic();
        let (new, old) = (env.root().join("config.toml"), env.root().join("config.yaml"));
        Target { name: "configuration", folders: &[], ends: "", lines: false }.fuzz(|input| {
            std::fs::write(&new, input).expect("own folder");
            std::fs::write(&old, input).expect("own folder");
            let _read = read(&new);
            let _older = old::read(&old);
        });
    }
}
