//! opencode: `opencode run --format json`.
//!
//! It has no event for its end: a step that ends for another reason than a call of tools is the last one.

use super::value::{ended, micro_usd, number, text, tool};
use super::{result, said};
use coordinate_model::client::{Cause, Usage};
use coordinate_model::event::Observation;
use serde_json::Value;

pub(super) fn read(event: &Value) -> Vec<Observation> {
    match text(event, "/type") {
        "step_start" => vec![Observation::Session { id: text(event, "/sessionID").to_owned() }],
        "text" => said(text(event, "/part/text")),
        "tool_use" => call(event),
        "step_finish" => finished(event),
        "error" => vec![failed(event)],
        _ => Vec::new(),
    }
}

/// A tool is told when it is done.
fn call(event: &Value) -> Vec<Observation> {
    let (name, id) = (text(event, "/part/tool"), text(event, "/part/callID"));
    let ok = text(event, "/part/state/status") == "completed";
    vec![tool(name, id, event.pointer("/part/state/input")), ended(name, id, ok)]
}

/// Each step counts for itself. What was thought is paid as what was written.
fn finished(event: &Value) -> Vec<Observation> {
    let tokens = |place: &str| number(event, &format!("/part/tokens/{place}"));
    let usage = Usage {
        input: tokens("input").saturating_add(tokens("cache/write")),
        cached: tokens("cache/read"),
        output: tokens("output").saturating_add(tokens("reasoning")),
        micro_usd: micro_usd(event, "/part/cost"),
    };
    let used = Observation::Usage { usage, total: false };
    match text(event, "/part/reason") {
        "tool-calls" => vec![used],
        "length" => vec![used, result(Some(Cause::OwnLimit), "its answer was cut at the longest length")],
        _ => vec![used, result(None, "")],
    }
}

fn failed(event: &Value) -> Observation {
    let name = text(event, "/error/name");
    let words = text(event, "/error/data/message");
    let words = if words.is_empty() { name } else { words };
    let status = event.pointer("/error/data/statusCode").and_then(Value::as_u64);
    let cause = if name == "ProviderAuthError" { Cause::LoggedOut } else { Cause::told(status, words) };
    result(Some(cause), words)
}

/// The error of a line of its log: the only place in which it tells why it tries again.
pub(super) fn logged(line: &str) -> Option<String> {
    let (_, error) = line.split_once("error.error=\"")?;
    let words = error.split('"').next().unwrap_or(error);
    Some(format!("the service refused: {}", words.trim_start_matches("AI_APICallError: ")))
}

#[cfg(test)]
mod tests {
    use super::logged;

    #[test]
    fn the_error_of_a_log_line_is_told_without_the_rest() {
        let line = "timestamp=2026-11-21T18:40:49.189Z level=ERROR message=\"stream error\" small=false \
                    error.error=\"AI_APICallError: usage limit reached\"";
        assert_eq!(logged(line).as_deref(), Some("the service refused: usage limit reached"));
        assert_eq!(logged("level=ERROR message=\"Failed to fetch\""), None);
    }
}
