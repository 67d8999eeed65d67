//! Claude Code: `--output-format stream-json --verbose`.
//!
//! A `result` with the subtype `success` and `is_error` is how a refusal by the service looks; the subtype alone says
//! nothing. There may be none, one, or two of them.

use super::value::{ended, list, micro_usd, number, text, tool};
use super::{message, note, result, said};
use crate::bridge::{Note, control_request};
use coordinate_model::client::{Cause, Usage, UsageLimit};
use coordinate_model::event::Observation;
use coordinate_model::time::UtcMillis;
use serde_json::Value;

pub(super) fn read(event: &Value) -> Vec<Observation> {
    if let Some(own) = Note::of(event) {
        return note::read(own);
    }
    match text(event, "/type") {
        "system" => system(event).into_iter().collect(),
        "assistant" => {
            let below = event.get("parent_tool_use_id").is_some_and(|parent| !parent.is_null());
            list(event, "/message/content").iter().flat_map(|block| spoken(block, below)).collect()
        }
        "user" => list(event, "/message/content").iter().filter_map(tool_result).collect(),
        "control_request" if text(event, "/request/subtype") == "can_use_tool" => {
            vec![Observation::PermissionAsked { request: control_request(event) }]
        }
        "rate_limit_event" => limit(event).into_iter().collect(),
        "result" => ending(event),
        _ => Vec::new(),
    }
}

fn system(event: &Value) -> Option<Observation> {
    match text(event, "/subtype") {
        "init" => Some(Observation::Session { id: text(event, "/session_id").to_owned() }),
        "api_retry" => Some(retry(event)),
        _ => None,
    }
}

/// A wait that the client does not speak of otherwise: without it, it would look hung.
fn retry(event: &Value) -> Observation {
    let status =
        event.get("error_status").and_then(Value::as_u64).map_or_else(String::new, |code| format!(" ({code})"));
    let (attempt, most) = (number(event, "/attempt"), number(event, "/max_retries"));
    let error = text(event, "/error");
    message(&format!("the service refused: {error}{status}; try {attempt} of {most}"))
}

/// What the model said or began. The words of a sub-agent are for the agent that asked it, and promise nothing to us.
fn spoken(block: &Value, below: bool) -> Vec<Observation> {
    match text(block, "/type") {
        "text" if !below => said(text(block, "/text")),
        "tool_use" => vec![tool(text(block, "/name"), text(block, "/id"), block.get("input"))],
        _ => Vec::new(),
    }
}

fn tool_result(block: &Value) -> Option<Observation> {
    let ok = !block.get("is_error").and_then(Value::as_bool).unwrap_or_default();
    (text(block, "/type") == "tool_result").then(|| ended("", text(block, "/tool_use_id"), ok))
}

/// Warnings come as the same event: only a rejection is a limit.
fn limit(event: &Value) -> Option<Observation> {
    let info = event.get("rate_limit_info").unwrap_or(event);
    let seconds = info.get("resetsAt").and_then(Value::as_i64);
    let limit = UsageLimit {
        window: text(info, "/rateLimitType").to_owned(),
        until: seconds.map(|seconds| UtcMillis(seconds.saturating_mul(1000))),
    };
    (text(info, "/status") == "rejected").then_some(Observation::LimitReached { limit })
}

fn ending(event: &Value) -> Vec<Observation> {
    let denied = list(event, "/permission_denials").iter();
    let denied = denied.map(|denial| Observation::Denied { tool: text(denial, "/tool_name").to_owned() });
    let message = explained(event);
    let cause = cause(event, &message);
    // What went well was said already.
    let last = result(cause, if cause.is_some() { &message } else { "" });
    used(event).into_iter().chain(denied).chain([last]).collect()
}

/// All models together, and those of sub-agents: the field `usage` has only the main one. Both fields count from the
/// session's start, so a second `result` takes the place of the first.
fn used(event: &Value) -> Option<Observation> {
    let models = event.get("modelUsage").and_then(Value::as_object)?;
    let of = |model: &Value| Usage {
        input: number(model, "/inputTokens").saturating_add(number(model, "/cacheCreationInputTokens")),
        cached: number(model, "/cacheReadInputTokens"),
        output: number(model, "/outputTokens"),
        micro_usd: None,
    };
    let tokens = models.values().map(of).fold(Usage::default(), Usage::with);
    let usage = Usage { micro_usd: micro_usd(event, "/total_cost_usd"), ..tokens };
    Some(Observation::Usage { usage, total: true })
}

fn explained(event: &Value) -> String {
    let errors: Vec<&str> = list(event, "/errors").iter().filter_map(Value::as_str).collect();
    let result = text(event, "/result");
    if result.is_empty() { errors.join("\n") } else { result.to_owned() }
}

fn cause(event: &Value, message: &str) -> Option<Cause> {
    let subtype = text(event, "/subtype");
    let failed = event.get("is_error").and_then(Value::as_bool).unwrap_or_default() || subtype.starts_with("error");
    let cause = match (subtype, text(event, "/terminal_reason")) {
        ("error_max_turns" | "error_max_budget_usd", _) => Cause::OwnLimit,
        (_, "prompt_too_long") => Cause::TooLong,
        (_, reason) if reason.starts_with("aborted") => Cause::Interrupted,
        _ if text(event, "/api_error") == "connection_failed" => Cause::Service,
        _ => Cause::told(event.get("api_error_status").and_then(Value::as_u64), message),
    };
    failed.then_some(cause)
}
