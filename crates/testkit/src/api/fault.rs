//! Failures on demand, in each protocol's own words: clients and adapters read status, headers, codes and texts.

use super::http::{Event, Reply, StreamEnd};
use super::protocol::Protocol;
use super::script::{Fault, FaultKind};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// An error in words.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) status: u16,
    /// Anthropic's type.
    pub(super) kind: &'a str,
    /// OpenAI's code.
    pub(super) code: &'a str,
    pub(super) message: &'a str,
}

/// What a client gets. `begun` is a stream that would have come to its end, if a stream was asked for: without one,
/// what breaks in its middle breaks before a byte.
pub(super) fn reply(protocol: Protocol, fault: &Fault, begun: Option<Vec<Event>>) -> Reply {
    match (fault.kind, begun) {
        (FaultKind::Disconnect, _) | (FaultKind::Cut, None) => Reply::Closed,
        (FaultKind::Hang, _) | (FaultKind::Stall, None) => Reply::Hang,
        (FaultKind::Cut, Some(begun)) => Reply::Stream(half(begun), StreamEnd::Cut),
        (FaultKind::Stall, Some(begun)) => Reply::Stream(half(begun), StreamEnd::Stall),
        (FaultKind::StreamError, Some(begun)) => {
            let mut events = half(begun);
            events.push(error_event(protocol, &words(protocol, fault.kind)));
            Reply::Stream(events, StreamEnd::Whole)
        }
        (
            FaultKind::RateLimit
            | FaultKind::UsageLimit
            | FaultKind::Overloaded
            | FaultKind::ServerError
            | FaultKind::Unauthorized
            | FaultKind::Credit
            | FaultKind::PromptTooLong
            | FaultKind::StreamError,
            _,
        ) => refused(protocol, fault),
    }
}

fn refused(protocol: Protocol, fault: &Fault) -> Reply {
    let words = words(protocol, fault.kind);
    let until = fault.reset_after.map(|after| (after, now() + after));
    let mut body = body(protocol, &words);
    if let Some((after, at)) = until {
        tell_reset(protocol, &mut body, after, at);
    }
    Reply::Whole(words.status, headers(protocol, fault.kind, until), body)
}

/// The body of an error.
pub(super) fn body(protocol: Protocol, words: &Words<'_>) -> Value {
    let Words { status, kind, code, message } = words;
    match protocol {
        Protocol::Anthropic => json!({"type": "error", "error": {"type": kind, "message": message}}),
        Protocol::Responses | Protocol::Chat => {
            let kind = if *code == "usage_limit_reached" { code } else { kind };
            json!({"error": {"message": message, "type": kind, "code": code, "param": null}})
        }
        Protocol::Gemini => json!({"error": {"code": status, "message": message, "status": gemini_status(*status)}}),
    }
}

fn words(protocol: Protocol, kind: FaultKind) -> Words<'static> {
    let (status, kind, code, message) = match kind {
        FaultKind::RateLimit => {
            (429, "rate_limit_error", "rate_limit_exceeded", "This request would exceed your rate limit.")
        }
        FaultKind::UsageLimit => (429, "rate_limit_error", "usage_limit_reached", "usage limit reached"),
        FaultKind::Overloaded => {
            // 529 is Anthropic's own; the others say 503.
            let status = if protocol == Protocol::Anthropic { 529 } else { 503 };
            (status, "overloaded_error", "server_is_overloaded", "Overloaded")
        }
        FaultKind::Unauthorized => (401, "authentication_error", "invalid_api_key", "invalid x-api-key"),
        FaultKind::Credit => (
            400,
            "invalid_request_error",
            "insufficient_quota",
            "Your credit balance is too low to access the API. Please go to Plans & Billing to upgrade or purchase credits.",
        ),
        FaultKind::PromptTooLong => (
            400,
            "invalid_request_error",
            "context_length_exceeded",
            "prompt is too long: 250000 tokens > 200000 maximum",
        ),
        FaultKind::ServerError
        | FaultKind::StreamError
        | FaultKind::Cut
        | FaultKind::Stall
        | FaultKind::Disconnect
        | FaultKind::Hang => (500, "api_error", "server_error", "Internal server error"),
    };
    Words { status, kind, code, message }
}

fn headers(protocol: Protocol, kind: FaultKind, until: Option<(u64, u64)>) -> Vec<(&'static str, String)> {
    let Some((after, at)) = until else { return Vec::new() };
    let mut headers = vec![("retry-after", after.to_string())];
    if protocol == Protocol::Anthropic && kind == FaultKind::UsageLimit {
        headers.extend([
            ("anthropic-ratelimit-unified-status", "rejected".to_owned()),
            ("anthropic-ratelimit-unified-reset", at.to_string()),
            ("anthropic-ratelimit-unified-representative-claim", "five_hour".to_owned()),
        ]);
    }
    headers
}

/// Where a protocol tells the time in its body too.
fn tell_reset(protocol: Protocol, body: &mut Value, after: u64, at: u64) {
    match protocol {
        Protocol::Anthropic => {}
        Protocol::Responses | Protocol::Chat => {
            body["error"]["resets_at"] = at.into();
            body["error"]["resets_in_seconds"] = after.into();
        }
        Protocol::Gemini => {
            let kind = "type.googleapis.com/google.rpc.RetryInfo";
            body["error"]["details"] = json!([{"@type": kind, "retryDelay": format!("{after}s")}]);
        }
    }
}

fn error_event(protocol: Protocol, words: &Words<'_>) -> Event {
    let body = body(protocol, words);
    match protocol {
        Protocol::Anthropic => Event::typed(&body),
        Protocol::Responses => Event::typed(&json!({
            "type": "response.failed",
            "response": {"id": "resp_failed", "object": "response", "status": "failed", "output": [], "error": body["error"]},
        })),
        Protocol::Gemini | Protocol::Chat => Event::data(&body),
    }
}

fn gemini_status(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}

fn half(mut events: Vec<Event>) -> Vec<Event> {
    events.truncate(events.len().div_ceil(2));
    events
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
