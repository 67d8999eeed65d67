//! Configuration: a closed list of keys, read in layers, each value with its origin.

mod change;
mod chosen;
mod files;
mod forecast;
mod keys;
mod merging;
mod old;
mod quota;
mod reference;

pub(crate) use change::{Imported, change, import_old};
pub(crate) use chosen::Chosen;
pub(crate) use files::{project_file, user_folder};
pub(crate) use reference::{reference, template};

use crate::failure::CommandError;
use coordinate_model::complexity::Tenths;
use coordinate_model::event::{AttemptLimits, SNAPSHOT_MS};
use coordinate_model::replan::Replanning;
use files::Files;
use keys::{KEYS, checked, find, from_text, parse_value, share};
use old::OldFile;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Value;

/// The origin of what nobody has set.
const DEFAULT: &str = "default";

/// The origin of what `-c` sets.
const FLAG: &str = "flag -c";

/// A value and where it was set.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The value.
    pub(crate) value: Value,
    /// A file, a context in a file, an environment variable, or a flag.
    pub(crate) origin: String,
}

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct Config {
    settings: BTreeMap<&'static str, Setting>,
    notices: Vec<String>,
}

/// A context that can be chosen.
#[derive(Debug)]
pub(crate) struct Context {
    /// Its name.
    pub(crate) name: String,
    /// The files that have it, the weakest first.
    pub(crate) files: Vec<PathBuf>,
}

impl Config {
    /// Reads all layers, the weakest first: defaults, system, user, project, context, environment, flags. An older file
    /// stands just below the newer one of its level.
    pub(crate) fn load(project: &Path, flags: &[String]) -> Result<Self, CommandError> {
        let files = Files::read(project)?;
        let mut config = Self { settings: BTreeMap::new(), notices: Vec::new() };
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            config.put(key.name, parse_value(key.default), DEFAULT);
        }
        config.take(&files.system.values, &files.system.path);
        config.take(&files.old_user.values, &files.old_user.path);
        config.take(&files.user.values, &files.user.path);
        config.take(&files.old_project.values, &files.old_project.path);
        config.take(&files.project.values, &files.project.path);
        config.take_context(&files, project)?;
        config.read_environment()?;
        for flag in flags {
            config.read_flag(flag)?;
        }
        config.notices = notices(&files);
        Ok(config)
    }

    fn take(&mut self, values: &files::Values, file: &Path) {
        let origin = file.display().to_string();
        values.iter().for_each(|(name, value)| self.put(name, value.clone(), &origin));
    }

    fn take_context(&mut self, files: &Files, project: &Path) -> Result<(), CommandError> {
        let Some(Chosen { name, by }) = chosen::chosen(project)? else { return Ok(()) };
        let contexts = files.contexts();
        let Some(having) = contexts.get(name.as_str()) else {
            return Err(chosen::unknown(files, &name, Some(&by))
                .hint("`coordinate config use-context NAME` chooses another one, `--unset` none"));
        };
        for file in having {
            let origin = format!("context `{name}` in {}", file.path.display());
            for (key, value) in file.contexts.get(&name).into_iter().flatten() {
                self.put(key, value.clone(), &origin);
            }
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
        self.set(name, from_text(kind, text), FLAG)
    }

    fn set(&mut self, name: &str, value: Value, origin: &str) -> Result<(), CommandError> {
        let key = checked(name, &value, origin)?;
        self.put(key.name, value, origin);
        Ok(())
    }

    fn put(&mut self, name: &'static str, value: Value, origin: &str) {
        self.settings.insert(name, Setting { value, origin: origin.to_owned() });
    }

    /// Whether somebody has set it: then it is not only our default.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.settings.get(name).is_some_and(|setting| setting.origin != DEFAULT)
    }

    /// Every setting, by key.
    pub(crate) fn settings(&self) -> &BTreeMap<&'static str, Setting> {
        &self.settings
    }

    /// The setting of a key, if it has one; the key must be a known one.
    pub(crate) fn setting(&self, name: &str) -> Result<Option<&Setting>, CommandError> {
        find(name, "config get").map(|key| self.settings.get(key.name))
    }

    /// What the user should know about the files, one line each.
    pub(crate) fn notices(&self) -> &[String] {
        &self.notices
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

    /// A number from 0 to 1, if set.
    pub(crate) fn share(&self, name: &str) -> Option<f64> {
        self.settings.get(name).and_then(|setting| share(&setting.value))
    }

    /// A number in millionths, if set: US dollars as money is counted.
    pub(crate) fn micro(&self, name: &str) -> Option<u64> {
        self.settings.get(name).and_then(|setting| keys::amount(&setting.value))
    }

    /// Whether a flag of this very command has set it.
    pub(crate) fn is_flagged(&self, name: &str) -> bool {
        self.settings.get(name).is_some_and(|setting| setting.origin == FLAG)
    }

    /// When the plan of a run is changed on the way.
    pub(crate) fn replanning(&self) -> Replanning {
        let default = Replanning::default();
        let number = |name: &str, default: u32| {
            self.number(name).map_or(default, |number| u32::try_from(number).unwrap_or(u32::MAX))
        };
        let points = self.settings.get("replan.complexity").and_then(|setting| keys::tenths(&setting.value));
        Replanning {
            complexity: points.map_or(default.complexity, Tenths),
            tasks: number("replan.tasks", default.tasks),
            failures: number("replan.failures", default.failures),
            limit: number("replan.limit", default.limit),
            forced: false,
        }
    }

    /// Whether it is set to `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.settings.get(name).and_then(|setting| setting.value.as_bool()).unwrap_or(false)
    }

    /// A list; empty if not set.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let list = self.settings.get(name).and_then(|setting| setting.value.as_array());
        list.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    /// How often the tree of an attempt at work is kept, in milliseconds; 0: not by the clock.
    pub(crate) fn snapshot_ms(&self) -> u64 {
        self.number("snapshots.every_seconds").map_or(SNAPSHOT_MS, |seconds| seconds.saturating_mul(1000))
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
            conclude_ms: millis("agent.conclude_seconds").unwrap_or(default.conclude_ms),
            stall_ms: millis("agent.stall_seconds").unwrap_or(default.stall_ms),
        }
    }
}

/// The contexts of all files, and the choice in force, whether there is such a context or not.
pub(crate) fn contexts(project: &Path) -> Result<(Vec<Context>, Option<Chosen>), CommandError> {
    let files = Files::read(project)?;
    let contexts = files.contexts().into_iter().map(|(name, having)| Context {
        name: name.to_owned(),
        files: having.into_iter().map(|file| file.path.clone()).collect(),
    });
    Ok((contexts.collect(), chosen::chosen(project)?))
}

/// Chooses a context for this project; it must be there.
pub(crate) fn use_context(project: &Path, name: &str) -> Result<(), CommandError> {
    let files = Files::read(project)?;
    if files.contexts().contains_key(name) {
        return chosen::store(project, name);
    }
    Err(chosen::unknown(&files, name, None))
}

/// Takes this project's choice of a context back; `false` if there was none.
pub(crate) fn use_no_context(project: &Path) -> Result<bool, CommandError> {
    chosen::forget(project)
}

/// One line for each older file of which something counts: once the newer file says it all, there is nothing to tell.
fn notices(files: &Files) -> Vec<String> {
    let notice = |old: &OldFile, new: &files::SettingsFile| {
        let counts = old.values.iter().any(|(name, _)| new.values.iter().all(|(other, _)| other != name));
        let passed = match old.passed_over.as_slice() {
            [] => String::new(),
            some => format!("; passed over: {}", some.join(", ")),
        };
        counts.then(|| {
            let (old, new) = (old.path.display(), new.path.display());
            format!("`{old}` is read as older configuration; its place is now `{new}`: `coordinate migrate`{passed}")
        })
    };
    let user = notice(&files.old_user, &files.user);
    user.into_iter().chain(notice(&files.old_project, &files.project)).collect()
}
