//! The parts of a turn: what the model says in pieces, what it used, how it ended.

use super::super::Note;
use coordinate_model::client::{Cause, Usage};
use serde_json::{Value, json};

/// What a turn begins with that was cancelled for the words that follow.
pub(super) const INTERRUPTED: &str =
    "You were interrupted to be told what follows. Heed it, and go on with your task where you stopped.";

/// A message of the model that comes in pieces. A completion line in it may be cut anywhere, so it is read as a whole only.
#[derive(Debug, Default)]
pub(super) struct Message {
    id: Option<String>,
    text: String,
}

impl Message {
    /// Takes an update in; the message that it ends, if it ends one.
    pub(super) fn take(&mut self, update: &Value) -> Option<Note> {
        let text = |place: &str| update.pointer(place).and_then(Value::as_str);
        match text("/sessionUpdate") {
            Some("agent_message_chunk") => {
                let id = text("/messageId").map(str::to_owned);
                let whole = if id == self.id { None } else { self.cut() };
                self.id = id;
                self.text.push_str(text("/content/text").unwrap_or_default());
                whole
            }
            Some("tool_call" | "tool_call_update" | "plan") => self.cut(),
            Some(_) | None => None,
        }
    }

    /// The message as far as it came.
    pub(super) fn cut(&mut self) -> Option<Note> {
        let text = std::mem::take(&mut self.text);
        (!text.trim().is_empty()).then_some(Note::Said { text })
    }
}

/// Words as the protocol's content.
pub(super) fn blocks(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

/// Whether a list in an answer has this value.
pub(super) fn offers(result: &Value, place: &str, key: &str, value: &str) -> bool {
    let list = result.pointer(place).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().any(|one| one.get(key).is_some_and(|found| found == value))
}

/// How this session is told its model: by an option of its configuration, or by the older call. A model that is not among
/// those that it offers is asked for all the same: the client knows better, and says so.
pub(super) fn choose_model(result: &Value, session: &str, model: &str) -> (&'static str, Value) {
    let options = result.get("configOptions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let option = options.iter().find(|option| option.get("category").is_some_and(|category| category == "model"));
    match option.and_then(|option| option.get("id")) {
        Some(id) => ("session/set_config_option", json!({"sessionId": session, "configId": id, "value": model})),
        None => ("session/set_model", json!({"sessionId": session, "modelId": model})),
    }
}

/// What the session has cost so far, in millionths of a US dollar.
pub(super) fn cost(update: &Value) -> Option<u64> {
    let cost = update.get("cost").filter(|cost| cost.get("currency").is_some_and(|currency| currency == "USD"))?;
    crate::stream::micro_usd(cost, "/amount")
}

/// What one turn used. The protocol has a place for it since late; clients had one of their own before.
pub(super) fn used(result: &Value) -> Usage {
    let own = result.get("usage").filter(|usage| usage.is_object());
    if let Some(usage) = own {
        return tokens(usage);
    }
    let models = result.pointer("/_meta/quota/model_usage").and_then(Value::as_array).map(Vec::as_slice);
    let counts = models.unwrap_or_default().iter().filter_map(|model| model.get("token_count"));
    let sum = counts.map(tokens).reduce(Usage::with);
    sum.or_else(|| result.pointer("/_meta/quota/token_count").map(tokens)).unwrap_or_default()
}

fn tokens(count: &Value) -> Usage {
    let of = |names: &[&str]| names.iter().find_map(|name| count.get(*name)?.as_u64()).unwrap_or_default();
    let written = of(&["cachedWriteTokens", "cacheWriteInputTokens"]);
    Usage {
        input: of(&["inputTokens", "input_tokens"]).saturating_add(written),
        cached: of(&["cachedInputTokens", "cachedReadTokens", "cached_input_tokens"]),
        output: of(&["outputTokens", "output_tokens"]),
        micro_usd: None,
    }
}

/// Why a turn that ended for this reason is no success.
pub(super) fn cause(reason: &str) -> Option<Cause> {
    match reason {
        "end_turn" => None,
        "max_tokens" | "max_turn_requests" => Some(Cause::OwnLimit),
        "cancelled" => Some(Cause::Interrupted),
        _ => Some(Cause::Other),
    }
}

/// An error's words: its message, and what its data adds.
pub(super) fn error(error: &Value) -> String {
    let message = error.get("message").and_then(Value::as_str).unwrap_or("an error without a message");
    let data = error.get("data").unwrap_or(&Value::Null);
    let more = [data, &data["message"], &data["details"], &data["error"]].into_iter().find_map(Value::as_str);
    match more.filter(|more| *more != message) {
        Some(more) => format!("{message}: {more}"),
        None => message.to_owned(),
    }
}
