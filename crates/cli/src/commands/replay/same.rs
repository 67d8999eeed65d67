//! When two events are the same: but for processes, times of the machine, places, and what a command happened to print.

use super::scratch::Scratch;
use coordinate_engine::port::Repository;
use coordinate_host::git::GitRepository;
use coordinate_model::event::Event;
use coordinate_model::run::Run;
use serde_json::Value;

/// What no two runs have in common. `due` and `until` have a random share, `environment` names the machine's programs.
const OWN: [&str; 7] = ["pid", "duration_ms", "tail", "context", "due", "until", "environment"];

/// Events without what is their own.
pub(super) struct Plain<'a> {
    /// Places of the replay, and the recorded ones in their stead.
    places: [(String, String); 2],
    repository: Option<&'a GitRepository>,
}

impl<'a> Plain<'a> {
    pub(super) fn new(run: &Run, scratch: &'a Scratch) -> Self {
        let paths = &run.created.paths;
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        Self {
            places: [(text(&scratch.trees), paths.trees.clone()), (text(&scratch.project), paths.project.clone())],
            repository: scratch.repository.as_deref(),
        }
    }

    /// An event as far as it is to be the same.
    pub(super) fn of(&self, event: &Event) -> Value {
        let text = serde_json::to_string(event).unwrap_or_default();
        let text = self.places.iter().fold(text, |text, (own, recorded)| text.replace(own, recorded));
        let mut value = serde_json::from_str(&text).unwrap_or_default();
        self.strip(&mut value);
        value
    }

    fn strip(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !OWN.contains(&name.as_str()));
                if let Some(snapshot) = fields.get_mut("snapshot") {
                    // Its date is the moment when it was taken; what it keeps is its tree.
                    *snapshot = self.tree(snapshot);
                }
                fields.values_mut().for_each(|value| self.strip(value));
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.strip(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn tree(&self, snapshot: &Value) -> Value {
        let commit = snapshot.as_str().and_then(|text| text.parse().ok());
        let tree = commit.zip(self.repository).and_then(|(commit, repository)| repository.tree_of(&commit).ok());
        tree.map_or(Value::Null, |tree| Value::String(tree.to_string()))
    }
}
