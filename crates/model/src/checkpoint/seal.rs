//! The digest that shows whether an exported checkpoint is what was exported.

use super::Checkpoint;
use crate::digest::hex_sha256;
use serde_json::{Map, Value};
use std::fmt::Write;

/// The field that holds it.
pub(super) const DIGEST: &str = "digest";

impl Checkpoint {
    /// The checkpoint as JSON, with its digest.
    #[must_use]
    pub fn to_json(&self) -> Value {
        // All keys are texts, so that nothing of it can fail.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            let digest = digest(map);
            map.insert(DIGEST.to_owned(), Value::String(digest));
        }
        value
    }
}

/// SHA-256 of all fields but the digest, written without spaces and with sorted keys: formatting does not count.
pub(super) fn digest(map: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_map(map.iter().filter(|(name, _)| name.as_str() != DIGEST), &mut text);
    hex_sha256(text.as_bytes())
}

/// Sorted here and not by the map's type: a crate elsewhere could make that keep the order of the file.
fn write_map<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>, text: &mut String) {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    text.push('{');
    for (at, (name, value)) in entries.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string can not fail.
        let _ = write!(text, "{comma}{}:", Value::String(name.clone()));
        write_value(value, text);
    }
    text.push('}');
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => write_map(map.iter(), text),
        Value::Array(list) => {
            text.push('[');
            for (at, value) in list.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write_value(value, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
}
