//! A conversation with Claude Code: `--input-format stream-json --permission-prompt-tool stdio --replay-user-messages`.
//!
//! What it is told comes in as messages of the user. One that comes while it works waits until the model is asked next, and
//! is printed again when it goes in: that is how it is known to be heard. With nothing on its way, a result is the end.

#[cfg(test)]
mod tests;

use super::talk::{Act, Come, Talk};
use super::{Note, permission};
use coordinate_model::said::{Said, Saying};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Ends the id of a message; its number in the step comes before. The prompt is number 0.
const FAMILY: &str = "-c00d-4000-8000-000000000000";

/// What a denied tool call is told where nobody gave a reason.
const DENIED: &str = "this is not allowed here: go on without it";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Claude {
    prompt: String,
    /// Messages that it was sent and has not taken in.
    on_way: BTreeSet<u32>,
    asks: BTreeMap<String, Value>,
    calls: u64,
}

impl Claude {
    /// The conversation that gives Claude Code this prompt.
    pub(super) fn new(prompt: String) -> Self {
        Self { prompt, ..Self::default() }
    }

    fn say(&mut self, number: u32, text: &str) -> Act {
        self.on_way.insert(number);
        let message = json!({"role": "user", "content": text});
        Act::Send(json!({"type": "user", "uuid": format!("{number:08x}{FAMILY}"), "message": message}))
    }

    fn take(&mut self, line: &Value) -> Vec<Act> {
        match line.get("type").and_then(Value::as_str) {
            Some("control_request") => self.asked(line),
            Some("control_cancel_request") => self.settle(&permission::control_id(line), None, ""),
            Some("user") => self.replayed(line).into_iter().collect(),
            Some("result") => self.ended(line).into_iter().collect(),
            Some(_) | None => Vec::new(),
        }
    }

    /// A turn's end. One that failed is the end also where words are on their way: they would fail likewise.
    fn ended(&self, line: &Value) -> Option<Act> {
        let failed = line.get("is_error").and_then(Value::as_bool).unwrap_or_default();
        (failed || self.on_way.is_empty()).then_some(Act::End(i32::from(failed)))
    }

    fn asked(&mut self, line: &Value) -> Vec<Act> {
        let id = permission::control_id(line);
        if line.pointer("/request/subtype").is_some_and(|kind| kind == "can_use_tool") {
            self.asks.insert(id, line.clone());
            return Vec::new();
        }
        let response = json!({"subtype": "error", "request_id": id, "error": "not offered"});
        vec![Act::Send(json!({"type": "control_response", "response": response}))]
    }

    fn replayed(&mut self, line: &Value) -> Option<Act> {
        let id = line.get("uuid").and_then(Value::as_str)?.strip_suffix(FAMILY)?;
        let number = u32::from_str_radix(id, 16).ok()?;
        let is_new = self.on_way.remove(&number);
        (is_new && number > 0).then_some(Act::Note(Note::Heard { message: number }))
    }

    fn told(&mut self, number: u32, said: Said) -> Vec<Act> {
        match said.what {
            Saying::Steer { text } => vec![self.say(number, &text)],
            Saying::Permission { request, allowed, comment } => self.settle(&request, Some(allowed), &comment),
        }
    }

    /// Answers a request for leave; `None`: it is not wanted any more.
    fn settle(&mut self, ask: &str, answer: Option<bool>, comment: &str) -> Vec<Act> {
        let Some(line) = self.asks.remove(ask) else { return Vec::new() };
        let request = permission::control_request(&line);
        let settled =
            |allowed| Act::Note(Note::Settled { request: request.id.clone(), tool: request.tool.clone(), allowed });
        let response = match answer {
            Some(true) => json!({"behavior": "allow", "updatedInput": line.pointer("/request/input")}),
            Some(false) if comment.is_empty() => json!({"behavior": "deny", "message": DENIED}),
            Some(false) => json!({"behavior": "deny", "message": comment}),
            None => return vec![settled(false)],
        };
        let response = json!({"subtype": "success", "request_id": ask, "response": response});
        let line = json!({"type": "control_response", "response": response});
        vec![Act::Send(line), settled(answer == Some(true))]
    }

    fn stop(&mut self) -> Vec<Act> {
        self.calls += 1;
        let request = json!({"subtype": "interrupt"});
        // Nothing that waits is to begin another turn.
        self.on_way.clear();
        let id = format!("stop-{}", self.calls);
        vec![Act::Send(json!({"type": "control_request", "request_id": id, "request": request}))]
    }
}

impl Talk for Claude {
    fn begin(&mut self) -> Vec<Act> {
        let prompt = std::mem::take(&mut self.prompt);
        vec![self.say(0, &prompt)]
    }

    fn hear(&mut self, come: Come) -> Vec<Act> {
        match come {
            Come::Line(line) => self.take(&line),
            Come::Said(number, said) => self.told(number, said),
            Come::Overdue(request) => self.settle(&request, Some(false), ""),
            Come::Stop => self.stop(),
        }
    }

    fn asks(&self) -> Vec<String> {
        self.asks.keys().cloned().collect()
    }
}
