//! Steps for the tests of this folder.

use coordinate_model::run::Step;
use serde_json::{Value, json};

/// A step of this id, with whatever else is said of it.
pub(super) fn step(id: &str, more: &Value) -> Step {
    let mut whole = json!({
        "id": id, "kind": "agent", "of_state": "implement", "template": 0, "state": "ready", "unmet": 0,
        "dependents": [], "attempts": [], "counted": 0, "superseded": false,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    serde_json::from_value(whole).expect("a step")
}
