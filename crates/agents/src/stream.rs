//! What clients print, line by line, as facts: the protocols apart from what is done about them.
//!
//! One line is read alone, with no memory of those before it, so that an attempt can be taken up again at any line. A line
//! that is no JSON, and an event of a kind that is not known here, means nothing: clients add kinds every month, and
//! none of them may end an attempt. The transcript keeps every line.

mod acp;
mod claude;
mod codex;
mod gemini;
mod note;
mod opencode;
mod value;

pub(crate) use value::micro_usd;

use crate::client::Client;
use coordinate_engine::port::{StreamName, TranscriptLine};
use coordinate_model::client::Cause;
use coordinate_model::event::Observation;
use coordinate_model::role::claim;

/// The longest text of an observation, in characters.
const LONGEST: usize = 4096;

/// How an agent's output is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The client's own.
    Own(Client),
    /// The Agent Client Protocol.
    Acp,
}

/// What a line of a client's output means.
pub(crate) fn read(dialect: Dialect, line: &TranscriptLine) -> Vec<Observation> {
    if line.stream != StreamName::Out {
        return Vec::new();
    }
    let Ok(event) = serde_json::from_str(&line.text) else { return Vec::new() };
    match dialect {
        Dialect::Own(Client::Claude) => claude::read(&event),
        Dialect::Own(Client::Codex) => codex::read(&event),
        Dialect::Own(Client::Gemini) => gemini::read(&event),
        Dialect::Own(Client::Opencode) => opencode::read(&event),
        Dialect::Acp => acp::read(&event),
    }
}

/// A line as a person reads it. What is no event, like the reason for which a client did not start, is shown as it is.
pub(crate) fn shown(dialect: Dialect, line: &TranscriptLine) -> Option<String> {
    if dialect == Dialect::Own(Client::Opencode) && line.stream == StreamName::Err {
        return Some(opencode::logged(&line.text).unwrap_or_else(|| line.text.clone()));
    }
    if line.stream != StreamName::Out || serde_json::from_str::<serde_json::Value>(&line.text).is_err() {
        return Some(line.text.clone());
    }
    let lines: Vec<String> = read(dialect, line).iter().filter_map(words).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn words(observation: &Observation) -> Option<String> {
    match observation {
        Observation::Message { text } => Some(text.clone()),
        Observation::ToolStarted { tool, detail, .. } => Some(format!("$ {tool}: {detail}")),
        Observation::ToolEnded { ok: false, .. } => Some("it failed".to_owned()),
        Observation::Denied { tool } => Some(format!("it was denied: {tool}")),
        Observation::Result { result } => result.cause.map(|_| result.message.clone()),
        Observation::PermissionAsked { request } => Some(format!("it asks leave for {}", request.words())),
        Observation::PermissionSettled { allowed, .. } => Some(if *allowed { "it may" } else { "it may not" }.to_owned()),
        Observation::Heard { .. }
        | Observation::Session { .. }
        | Observation::ToolEnded { ok: true, .. }
        // The message that it stands in is shown.
        | Observation::Claim { .. }
        | Observation::Usage { .. }
        | Observation::Model { .. }
        | Observation::Below { .. }
        | Observation::LimitReached { .. } => None,
    }
}

/// What a model said: the message, and the completion lines in it.
fn said(text: &str) -> Vec<Observation> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let claims = text.lines().filter_map(claim).map(|claim| format!("{}: {}", claim.name, claim.value));
    let claims = claims.map(|line| Observation::Claim { line: shortened(&line) });
    std::iter::once(message(text)).chain(claims).collect()
}

/// Something that is told, by the model or by the client itself.
fn message(text: &str) -> Observation {
    let text = text.strip_prefix("PROGRESS:").unwrap_or(text);
    Observation::Message { text: shortened(text.trim()) }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The client's last word.
fn result(cause: Option<Cause>, message: &str) -> Observation {
    let message = shortened(message.trim());
    Observation::Result { result: coordinate_model::client::ClientResult { cause, message } }
}
