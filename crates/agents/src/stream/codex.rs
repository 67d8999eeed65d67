//! Codex: `codex exec --json`.

use super::value::{ended, list, number, text, tool};
use super::{message, result, said};
use coordinate_model::client::{Cause, Usage};
use coordinate_model::event::Observation;
use serde_json::Value;

pub(super) fn read(event: &Value) -> Vec<Observation> {
    match text(event, "/type") {
        "thread.started" => vec![Observation::Session { id: text(event, "/thread_id").to_owned() }],
        "item.started" => item(event).and_then(begun).into_iter().collect(),
        "item.completed" => item(event).map(completed).unwrap_or_default(),
        "error" => vec![message(text(event, "/message"))],
        "turn.completed" => vec![used(event), result(None, "")],
        "turn.failed" => {
            let words = text(event, "/error/message");
            vec![result(Some(Cause::told(None, words)), words)]
        }
        _ => Vec::new(),
    }
}

fn item(event: &Value) -> Option<&Value> {
    event.get("item")
}

fn begun(item: &Value) -> Option<Observation> {
    let call = text(item, "/id");
    match text(item, "/type") {
        "command_execution" => Some(tool("shell", call, Some(item))),
        "mcp_tool_call" => Some(tool(text(item, "/tool"), call, item.get("arguments"))),
        _ => None,
    }
}

fn completed(item: &Value) -> Vec<Observation> {
    let (call, ok) = (text(item, "/id"), text(item, "/status") == "completed");
    match text(item, "/type") {
        "agent_message" => said(text(item, "/text")),
        "command_execution" => {
            let passed = item.get("exit_code").and_then(Value::as_i64) == Some(0);
            vec![ended("shell", call, ok && passed)]
        }
        "mcp_tool_call" => vec![ended(text(item, "/tool"), call, ok)],
        // It is told when it is done, and not always when it begins.
        "file_change" => {
            let files = list(item, "/changes").iter().map(|change| changed(change, call));
            files.chain([ended("edit", call, ok)]).collect()
        }
        "web_search" => vec![tool("web search", call, Some(item)), ended("web search", call, true)],
        "error" => vec![message(text(item, "/message"))],
        _ => Vec::new(),
    }
}

fn changed(change: &Value, call: &str) -> Observation {
    tool("edit", call, Some(change))
}

/// The count is that of the thread so far. What was read from the cache is part of what was read.
fn used(event: &Value) -> Observation {
    let cached = number(event, "/usage/cached_input_tokens");
    let usage = Usage {
        input: number(event, "/usage/input_tokens").saturating_sub(cached),
        cached,
        output: number(event, "/usage/output_tokens"),
        micro_usd: None,
    };
    Observation::Usage { usage, total: true }
}
