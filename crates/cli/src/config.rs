//! Configuration: a closed list of keys, read in layers, each value with its origin.

use crate::failure::CommandError;
use coordinate_model::event::AttemptLimits;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Value;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    List,
}

/// A key, its kind, its default as TOML (empty: none), and what it means.
struct Key {
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
}

const KEYS: [Key; 18] = [
    Key {
        name: "default_scope",
        kind: Kind::Text,
        default: "",
        help: "the scope of a request that does not say what it asks for; else `research-and-plan`",
    },
    Key { name: "max_parallel", kind: Kind::Number, default: "3", help: "agents and commands at once" },
    Key {
        name: "specs_root",
        kind: Kind::Text,
        default: "",
        help: "the folder of topics; else `.claude/specs` if there, else `specs`",
    },
    Key {
        name: "agent.name",
        kind: Kind::Text,
        default: "\"auto\"",
        help: "the agent: `coordinate agents` lists them",
    },
    Key {
        name: "agent.command",
        kind: Kind::List,
        default: "[]",
        help: "program and arguments of the `command` agent",
    },
    Key { name: "agent.idle_seconds", kind: Kind::Number, default: "600", help: "longest silence of an agent" },
    Key { name: "agent.hard_seconds", kind: Kind::Number, default: "", help: "longest time of an agent in all" },
    Key { name: "agent.output_bytes", kind: Kind::Number, default: "268435456", help: "most output of an agent" },
    Key {
        name: "agent.grace_seconds",
        kind: Kind::Number,
        default: "5",
        help: "from asking an agent to end to ending it",
    },
    Key {
        name: "test.command",
        kind: Kind::Text,
        default: "",
        help: "shell command that tests a tree; else it is detected; \"\" is no tests",
    },
    Key { name: "test.limit_seconds", kind: Kind::Number, default: "1800", help: "longest time of a test or check" },
    Key {
        name: "check.command",
        kind: Kind::Text,
        default: "",
        help: "shell command that checks a phase's own tree before it is merged",
    },
    Key {
        name: "worktree.root",
        kind: Kind::Text,
        default: "",
        help: "where work trees are made; else below the user's state folder",
    },
    Key { name: "worktree.setup", kind: Kind::List, default: "[]", help: "shell commands that prepare a fresh tree" },
    Key {
        name: "worktree.link",
        kind: Kind::List,
        default: "[]",
        help: "untracked paths of the checkout that each tree gets as links",
    },
    Key {
        name: "retention.checkpoint_days",
        kind: Kind::Number,
        default: "30",
        help: "`clean`: imported checkpoints, from their import; those whose run succeeded go at once",
    },
    Key {
        name: "retention.transcript_days",
        kind: Kind::Number,
        default: "30",
        help: "`clean`: transcripts and snapshots of a run, from its end",
    },
    Key {
        name: "retention.trash_days",
        kind: Kind::Number,
        default: "30",
        help: "how long `restore` can bring back what was cleaned",
    },
];

/// A value and where it was set.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The value.
    pub(crate) value: Value,
    /// A file, an environment variable, or a flag.
    pub(crate) origin: String,
}

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct Config {
    settings: BTreeMap<&'static str, Setting>,
}

impl Config {
    /// Reads all layers, the weakest first: defaults, system, user, project, environment, flags.
    pub(crate) fn load(project: &Path, flags: &[String]) -> Result<Self, CommandError> {
        let mut config = Self { settings: BTreeMap::new() };
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            config.set(key.name, parse_value(key.default), "default")?;
        }
        let user = user_folder().map(|folder| folder.join("coordinate/config.toml"));
        let files = [Some(PathBuf::from("/etc/coordinate/config.toml")), user, Some(project_file(project))];
        for file in files.into_iter().flatten() {
            config.read_file(&file)?;
        }
        config.read_environment()?;
        for flag in flags {
            config.read_flag(flag)?;
        }
        Ok(config)
    }

    fn read_file(&mut self, file: &Path) -> Result<(), CommandError> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(CommandError::usage(format!("failed to read `{}`: {error}", file.display()))),
        };
        let table: toml::Table = text
            .parse()
            .map_err(|error| CommandError::usage(format!("`{}` is no valid TOML: {error}", file.display())))?;
        let origin = file.display().to_string();
        for (name, value) in flatten(table) {
            self.set(&name, value, &origin)?;
        }
        Ok(())
    }

    fn read_environment(&mut self) -> Result<(), CommandError> {
        for key in &KEYS {
            let variable = format!("COORDINATE_{}", key.name.to_uppercase().replace('.', "_"));
            if let Ok(text) = std::env::var(&variable) {
                self.set(key.name, from_text(key.kind, &text), &format!("environment variable {variable}"))?;
            }
        }
        Ok(())
    }

    fn read_flag(&mut self, flag: &str) -> Result<(), CommandError> {
        let Some((name, text)) = flag.split_once('=') else {
            return Err(CommandError::usage(format!("`-c {flag}` is not of the form KEY=VALUE")));
        };
        let kind = find(name, "-c")?.kind;
        self.set(name, from_text(kind, text), "flag -c")
    }

    /// Sets a value for the rest of this command.
    pub(crate) fn set(&mut self, name: &str, value: Value, origin: &str) -> Result<(), CommandError> {
        let key = find(name, origin)?;
        if !fits(key.kind, &value) {
            let wanted = match key.kind {
                Kind::Text => "a text",
                Kind::Number => "a whole number, 0 or more",
                Kind::List => "a list of texts",
            };
            return Err(CommandError::usage(format!("{origin}: `{name}` must be {wanted}, not `{value}`")));
        }
        self.settings.insert(key.name, Setting { value, origin: origin.to_owned() });
        Ok(())
    }

    /// Every setting, by key.
    pub(crate) fn settings(&self) -> &BTreeMap<&'static str, Setting> {
        &self.settings
    }

    /// A text, if set.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(|setting| setting.value.as_str())
    }

    /// A number, if set.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.settings
            .get(name)
            .and_then(|setting| setting.value.as_integer())
            .and_then(|number| u64::try_from(number).ok())
    }

    /// A list; empty if not set.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let list = self.settings.get(name).and_then(|setting| setting.value.as_array());
        list.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    /// The limits of attempts.
    pub(crate) fn limits(&self) -> AttemptLimits {
        let default = AttemptLimits::default();
        let millis = |name: &str| self.number(name).map(|seconds| seconds.saturating_mul(1000));
        AttemptLimits {
            idle_ms: millis("agent.idle_seconds").unwrap_or(default.idle_ms),
            hard_ms: millis("agent.hard_seconds"),
            output_bytes: self.number("agent.output_bytes").unwrap_or(default.output_bytes),
            grace_ms: millis("agent.grace_seconds").unwrap_or(default.grace_ms),
        }
    }
}

/// The project's configuration file.
pub(crate) fn project_file(project: &Path) -> PathBuf {
    project.join(".coordinate/config.toml")
}

/// A commented configuration file with every key and its default.
pub(crate) fn template() -> String {
    let mut text = "# Configuration of coordinate for this project. Uncomment what you change.\n".to_owned();
    let mut table = "";
    for key in &KEYS {
        let (section, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if section != table {
            text.push_str(&format!("\n[{section}]\n"));
            table = section;
        }
        let default = match (key.default, key.kind) {
            ("", Kind::Number) => "0",
            ("", _) => "\"\"",
            (default, _) => default,
        };
        text.push_str(&format!("# {}\n# {name} = {default}\n", key.help));
    }
    text
}

/// Every key as a Markdown page, after its title.
pub(crate) fn reference() -> String {
    let mut text = "A value is taken from the first place that has it: a flag (`-c KEY=VALUE`), an environment variable \
                    (`COORDINATE_AGENT_NAME` for `agent.name`), the project's `.coordinate/config.toml`, the user's \
                    `$XDG_CONFIG_HOME/coordinate/config.toml`, `/etc/coordinate/config.toml`, the default. \
                    `coordinate config --show-origin` says which it was.\n\n| key | default | meaning |\n|---|---|---|\n"
        .to_owned();
    for key in &KEYS {
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        text.push_str(&format!("| `{}` | {default} | {} |\n", key.name, key.help));
    }
    text
}

fn user_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))
}

fn find(name: &str, origin: &str) -> Result<&'static Key, CommandError> {
    KEYS.iter().find(|key| key.name == name).ok_or_else(|| {
        let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        CommandError::usage(format!("{origin}: there is no configuration key `{name}`"))
            .hint(format!("known keys: {}", known.join(", ")))
    })
}

fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Text => value.is_str(),
        Kind::Number => value.as_integer().is_some_and(|number| number >= 0),
        Kind::List => value.as_array().is_some_and(|list| list.iter().all(Value::is_str)),
    }
}

/// A flag's or variable's text: a TOML value if it is one of the right kind, else the text itself.
fn from_text(kind: Kind, text: &str) -> Value {
    let parsed = parse_value(text);
    match kind {
        Kind::Text if !parsed.is_str() => Value::String(text.to_owned()),
        Kind::Text | Kind::Number => parsed,
        Kind::List if parsed.is_array() => parsed,
        Kind::List => Value::Array(vec![Value::String(text.to_owned())]),
    }
}

fn parse_value(text: &str) -> Value {
    let table: Option<toml::Table> = format!("value = {text}").parse().ok();
    table.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
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

    #[test]
    fn the_template_is_valid_and_names_every_key() {
        let text = template();
        assert!(text.parse::<toml::Table>().is_ok());
        let uncommented = text.replace("# ", "");
        assert!(KEYS.iter().all(|key| uncommented.contains(key.name.rsplit('.').next().unwrap())));
    }

    #[test]
    fn flags_take_plain_words_numbers_and_lists() {
        assert_eq!(from_text(Kind::Text, "cargo test"), Value::String("cargo test".to_owned()));
        assert_eq!(from_text(Kind::Text, "12"), Value::String("12".to_owned()));
        assert_eq!(from_text(Kind::Number, "12"), Value::Integer(12));
        assert_eq!(from_text(Kind::List, "x y"), Value::Array(vec![Value::String("x y".to_owned())]));
        assert_eq!(from_text(Kind::List, "[\"x\"]"), Value::Array(vec![Value::String("x".to_owned())]));
    }
}
