//! Gemini CLI: `-o stream-json`.
//!
//! Its messages come in pieces; a completion line that is cut between two of them is not seen. What it left is verified
//! all the same, and the missing line is a warning.

use super::value::{ended, number, text, tool};
use super::{message, result, said};
use coordinate_model::client::{Cause, Usage};
use coordinate_model::event::Observation;
use serde_json::Value;

pub(super) fn read(event: &Value) -> Vec<Observation> {
    match text(event, "/type") {
        "init" => begun(event),
        // The prompt comes back as the user's message.
        "message" if text(event, "/role") == "assistant" => said(text(event, "/content")),
        "tool_use" => vec![tool(text(event, "/tool_name"), text(event, "/tool_id"), event.get("parameters"))],
        "tool_result" => vec![ended("", text(event, "/tool_id"), text(event, "/status") == "success")],
        "error" => vec![message(text(event, "/message"))],
        "result" => ending(event),
        _ => Vec::new(),
    }
}

/// It names no price, so its model is told.
fn begun(event: &Value) -> Vec<Observation> {
    let model = Some(text(event, "/model")).filter(|name| !name.is_empty());
    let model = model.map(|name| Observation::Model { name: name.to_owned() });
    let session = Observation::Session { id: text(event, "/session_id").to_owned() };
    std::iter::once(session).chain(model).collect()
}

fn ending(event: &Value) -> Vec<Observation> {
    let words = text(event, "/error/message");
    let failed = text(event, "/status") != "success";
    let last = result(failed.then(|| Cause::told(None, words)), words);
    used(event).into_iter().chain([last]).collect()
}

/// What was read from the cache is part of what was read.
fn used(event: &Value) -> Option<Observation> {
    event.get("stats")?;
    let cached = number(event, "/stats/cached");
    let usage = Usage {
        input: number(event, "/stats/input_tokens").saturating_sub(cached),
        cached,
        output: number(event, "/stats/output_tokens"),
        micro_usd: None,
    };
    Some(Observation::Usage { usage, total: true })
}
