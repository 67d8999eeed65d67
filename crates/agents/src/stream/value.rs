//! Looking into events whose form may change: what is not there is nothing, and never an error.

use coordinate_model::event::Observation;
use serde_json::Value;

/// The longest detail of a tool, in characters.
const DETAIL: usize = 200;

/// What tells most of a tool's work, the most telling first.
const TELLING: &[&str] = &[
    "command",
    "file_path",
    "filePath",
    "notebook_path",
    "absolute_path",
    "path",
    "pattern",
    "query",
    "url",
    "description",
    "prompt",
];

/// Tools that change the file that they name, in lower case.
const WRITING: &[&str] = &["write", "edit", "multiedit", "notebookedit", "write_file", "replace", "patch"];

/// The names under which a tool is told its file.
const FILES: &[&str] = &["file_path", "filePath", "notebook_path", "path"];

/// A text at a place; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

/// A number at a place; 0 where there is none.
pub(super) fn number(value: &Value, place: &str) -> u64 {
    value.pointer(place).and_then(Value::as_u64).unwrap_or_default()
}

/// The members of a list at a place.
pub(super) fn list<'a>(value: &'a Value, place: &str) -> &'a [Value] {
    value.pointer(place).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// US dollars at a place, in millionths.
pub(crate) fn micro_usd(value: &Value, place: &str) -> Option<u64> {
    let usd = value.pointer(place).and_then(Value::as_f64).filter(|usd| usd.is_finite() && *usd >= 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite, not negative, and saturating")]
    let micro = (usd * 1e6).round() as u64;
    Some(micro)
}

/// A tool that began, with what its arguments tell of it.
pub(super) fn tool(name: &str, call: &str, arguments: Option<&Value>) -> Observation {
    let of = |keys: &[&str]| {
        keys.iter().find_map(|key| arguments?.get(key)?.as_str().filter(|text| !text.trim().is_empty()))
    };
    let detail = of(TELLING).and_then(|text| text.trim().lines().next()).unwrap_or_default();
    let writes = WRITING.contains(&name.to_lowercase().as_str());
    Observation::ToolStarted {
        tool: name.to_owned(),
        detail: detail.chars().take(DETAIL).collect(),
        file: of(FILES).filter(|_| writes).map(str::to_owned),
        call: id(call),
    }
}

/// A tool that began and is told in more words: by its title where its input says nothing, and with the file that it
/// changes where that is known.
pub(super) fn tool_of(name: &str, call: &str, input: Option<&Value>, title: &str, file: Option<&str>) -> Observation {
    match tool(name, call, input) {
        Observation::ToolStarted { tool, detail, file: own, call } => {
            let title = title.trim().lines().next().unwrap_or_default().chars().take(DETAIL).collect();
            let detail = if detail.is_empty() { title } else { detail };
            Observation::ToolStarted { tool, detail, file: file.map(str::to_owned).or(own), call }
        }
        other => other,
    }
}

/// A tool that ended.
pub(super) fn ended(name: &str, call: &str, ok: bool) -> Observation {
    Observation::ToolEnded { tool: name.to_owned(), ok, call: id(call) }
}

fn id(call: &str) -> Option<String> {
    (!call.is_empty()).then(|| call.to_owned())
}
