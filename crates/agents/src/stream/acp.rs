//! The Agent Client Protocol, as the [bridge](crate::bridge) writes it down: the client's lines, and notes of its own for
//! what one line alone does not tell.

use super::value::{ended, list, text, tool_of};
use super::{message, note};
use crate::bridge::{Note, kind as kind_of, request};
use coordinate_model::event::Observation;
use coordinate_model::permission::ToolKind;
use serde_json::Value;

pub(super) fn read(event: &Value) -> Vec<Observation> {
    if let Some(own) = Note::of(event) {
        return note::read(own);
    }
    match text(event, "/method") {
        "session/update" => event.pointer("/params/update").map(updated).unwrap_or_default(),
        "session/request_permission" => vec![Observation::PermissionAsked { request: request(event) }],
        _ => Vec::new(),
    }
}

fn updated(update: &Value) -> Vec<Observation> {
    match text(update, "/sessionUpdate") {
        "tool_call" | "tool_call_update" => called(update),
        "plan" => planned(update).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A call is told several times as more of it becomes known: first without its input, which says nothing. It began where
/// its input or its file is told, and it ended where its status says so.
fn called(update: &Value) -> Vec<Observation> {
    let call = text(update, "/toolCallId");
    let over = match text(update, "/status") {
        "completed" => Some(true),
        "failed" => Some(false),
        _ => None,
    };
    if let Some(ok) = over {
        return vec![ended("", call, ok)];
    }
    let input = update.get("rawInput").filter(|input| input.as_object().is_some_and(|input| !input.is_empty()));
    let place = text(update, "/locations/0/path");
    if input.is_none() && place.is_empty() {
        return Vec::new();
    }
    let kind = text(update, "/kind");
    let named = [text(update, "/name"), text(update, "/_meta/claudeCode/toolName"), kind, "tool"];
    let name = named.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let has_diff = list(update, "/content").iter().any(|part| text(part, "/type") == "diff");
    let writes = has_diff || kind_of(kind) == ToolKind::Edit;
    let title = text(update, "/title");
    vec![tool_of(name, call, input, title, Some(place).filter(|place| writes && !place.is_empty()))]
}

/// The agent's own list of what it is about to do: the part that it works on.
fn planned(update: &Value) -> Option<Observation> {
    let entries = list(update, "/entries");
    let now = entries.iter().find(|entry| text(entry, "/status") == "in_progress")?;
    Some(message(text(now, "/content")))
}
