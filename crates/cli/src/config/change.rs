//! Changes a configuration file and keeps the rest of it, comments too.

use super::files::{CONTEXTS, Files, SettingsFile, project_file, text_of, user_file};
use super::keys::{checked, find, from_text};
use super::old::OldFile;
use crate::failure::CommandError;
use std::path::{Path, PathBuf};
use toml::Value;
use toml_edit::{DocumentMut, Item, Table};

/// What was written where.
#[derive(Debug)]
pub(crate) struct Change {
    /// The file.
    pub(crate) file: PathBuf,
    /// The value, as TOML.
    pub(crate) value: Value,
    /// Whether it went into a context.
    pub(crate) in_context: bool,
}

/// Sets a key, or `context.NAME.KEY`, in the project's file or in the user's.
pub(crate) fn change(project: &Path, name: &str, text: &str, user: bool) -> Result<Change, CommandError> {
    // What can not be read is not made worse; and a file with a mistake in it says so first.
    Files::read(project)?;
    let inside = name.strip_prefix("context.").and_then(|rest| rest.split_once('.'));
    let key = inside.map_or(name, |(_, key)| key);
    let value = from_text(find(key, "config set")?.kind, text);
    checked(key, &value, "config set")?;
    let file = if user { user_file().ok_or_else(homeless)? } else { project_file(project) };
    let path = inside.map_or_else(Vec::new, |(context, _)| vec![CONTEXTS, context]);
    write(&file, &[(path.into_iter().chain(key.split('.')).collect(), &value)])?;
    Ok(Change { file, value, in_context: inside.is_some() })
}

fn homeless() -> CommandError {
    CommandError::usage("neither `XDG_CONFIG_HOME` nor `HOME` is set, so the user has no configuration file")
        .hint("without `--user` it goes into the project's file")
}

/// What became of an older file.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The older file.
    pub(crate) old: PathBuf,
    /// The newer one.
    pub(crate) new: PathBuf,
    /// The keys that were written.
    pub(crate) keys: Vec<&'static str>,
    /// How many were there already.
    pub(crate) there: usize,
}

/// Writes what the older files say into the newer ones, where these do not say it already. The older ones stay.
pub(crate) fn import_old(project: &Path, dry_run: bool) -> Result<Vec<Imported>, CommandError> {
    let files = Files::read(project)?;
    let pairs = [(&files.old_project, &files.project), (&files.old_user, &files.user)];
    let wanted = pairs.into_iter().filter(|(old, _)| !old.values.is_empty());
    wanted.map(|(old, new)| import(old, new, dry_run)).collect()
}

fn import(old: &OldFile, new: &SettingsFile, dry_run: bool) -> Result<Imported, CommandError> {
    let missing = |name: &str| new.values.iter().all(|(other, _)| *other != name);
    let missing: Vec<_> = old.values.iter().filter(|(name, _)| missing(name)).collect();
    if !dry_run && !missing.is_empty() {
        let changes: Vec<_> = missing.iter().map(|(name, value)| (vec![*name], value)).collect();
        write(&new.path, &changes)?;
    }
    Ok(Imported {
        old: old.path.clone(),
        new: new.path.clone(),
        there: old.values.len() - missing.len(),
        keys: missing.into_iter().map(|(name, _)| *name).collect(),
    })
}

fn write(file: &Path, changes: &[(Vec<&str>, &Value)]) -> Result<(), CommandError> {
    let mut text = text_of(file)?.unwrap_or_default();
    for (path, value) in changes {
        text = changed(&text, path, value).map_err(|cause| {
            CommandError::usage(format!("`{}`: {} can not be written: {cause}", file.display(), path.join(".")))
                .hint("edit the file by hand")
        })?;
    }
    let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder
        .and_then(|()| coordinate_host::atomic::write(file, text.as_bytes()))
        .map_err(|error| CommandError::internal(format!("failed to write `{}`: {error}", file.display())))
}

/// The text of a file in which one value is another.
fn changed(text: &str, path: &[&str], value: &Value) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let mut new: toml_edit::Value =
        value.to_string().parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let (last, tables) = path.split_last().ok_or("it names no key")?;
    let mut table = document.as_table_mut() as &mut dyn toml_edit::TableLike;
    for name in tables {
        let inner = table.entry(name).or_insert_with(|| {
            let mut fresh = Table::new();
            // Without values of its own, `[context]` above `[context.NAME]` would be noise.
            fresh.set_implicit(true);
            Item::Table(fresh)
        });
        table = inner.as_table_like_mut().ok_or_else(|| format!("`{name}` is no table"))?;
    }
    match table.get_mut(last).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => drop(table.insert(last, Item::Value(new))),
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_everything_else() {
        let before = "# mine\nmax_parallel = 2 # two\n\n[agent] # who\n# the name\nname = 'x'\n";
        for (path, value, expected) in [
            (&["max_parallel"][..], "7", "# mine\nmax_parallel = 7 # two\n\n[agent] # who\n# the name\nname = 'x'\n"),
            (
                &["agent", "name"],
                "\"y\"",
                "# mine\nmax_parallel = 2 # two\n\n[agent] # who\n# the name\nname = \"y\"\n",
            ),
            (
                &["default_scope"],
                "\"z\"",
                "# mine\nmax_parallel = 2 # two\ndefault_scope = \"z\"\n\n[agent] # who\n# the name\nname = 'x'\n",
            ),
            (
                &["context", "ci", "agent", "name"],
                "\"c\"",
                "# mine\nmax_parallel = 2 # two\n\n[agent] # who\n# the name\nname = 'x'\n\n[context.ci.agent]\nname = \"c\"\n",
            ),
        ] {
            assert_eq!(changed(before, path, &super::super::parse_value(value)).unwrap(), expected, "{path:?}");
        }
        assert_eq!(
            changed("", &["test", "command"], &Value::String("x".to_owned())).unwrap(),
            "[test]\ncommand = \"x\"\n"
        );
        let dotted = changed("agent.name = 'x'\n", &["agent", "command"], &super::super::parse_value("['a']")).unwrap();
        assert!(dotted.parse::<toml::Table>().is_ok(), "{dotted}");
        assert!(changed("agent = 3\n", &["agent", "name"], &Value::Integer(1)).is_err());
    }
}
