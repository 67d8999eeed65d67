//! What the model says, before a protocol gives it a form.

use super::conversation::Conversation;
use super::script::{Turn, Usage};
use super::tools;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// One answer.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    /// What names it, unique over all servers.
    pub(super) id: String,
    pub(super) model: String,
    pub(super) text: Option<String>,
    pub(super) calls: Vec<Call>,
    pub(super) usage: Usage,
}

/// A call of a tool.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) input: Input,
}

/// What a tool is given.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    Object(Value),
    Text(String),
}

impl Call {
    pub(super) fn new(name: &str, input: Input) -> Self {
        Self { id: unique(), name: name.to_owned(), input }
    }

    /// The input as an object; text is given the name that such tools use for it elsewhere.
    pub(super) fn object(&self) -> Value {
        match &self.input {
            Input::Object(value) => value.clone(),
            Input::Text(text) => json!({ "input": text }),
        }
    }
}

impl Answer {
    /// The answer that a turn asks for. What the client has no tool for is said instead, so that its output tells.
    pub(super) fn new(turn: &Turn, conversation: &Conversation) -> Self {
        let mut answer = Self::saying(turn.say.clone(), conversation);
        answer.usage = turn.usage;
        if !conversation.is_main() {
            answer.text = Some(aside(turn, conversation));
            return answer;
        }
        let run = turn.run.iter().map(|command| tools::run(command, conversation));
        let write = turn.write.iter().map(|file| tools::write(file, conversation));
        let named = turn.call.iter().map(|call| Ok(tools::call(call)));
        match run.chain(write).chain(named).collect() {
            Ok(calls) => answer.calls = calls,
            Err(message) => answer.text = Some(format!("The fake API has {message}.")),
        }
        if answer.calls.is_empty() {
            answer.text.get_or_insert_default();
        }
        answer
    }

    /// What a stream begins with that does not come to its end.
    pub(super) fn cut_off(conversation: &Conversation) -> Self {
        Self::saying(Some("This answer does not come to its".into()), conversation)
    }

    fn saying(text: Option<String>, conversation: &Conversation) -> Self {
        Self { id: unique(), model: conversation.model.clone(), text, calls: Vec::new(), usage: Usage::default() }
    }
}

/// The text for a request without tools: by its schema if it has one, for such requests are the client's own.
fn aside(turn: &Turn, conversation: &Conversation) -> String {
    if conversation.schema.is_null() {
        return turn.say.clone().unwrap_or_else(|| "Fine.".to_owned());
    }
    sample(&conversation.schema).to_string()
}

/// A value that a schema allows, as far as clients' own schemas go.
fn sample(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), sample(schema))).collect()
        }
        "array" => json!([]),
        "integer" | "number" => json!(1),
        "boolean" => json!(false),
        _ => json!("scripted"),
    }
}

/// A name that no other answer or call has, also not one of a server before: a resumed session holds both.
fn unique() -> String {
    static START: LazyLock<u128> =
        LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:x}{:06x}", *START, COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gemini's question which model to take; with prose it asks for ever.
    #[test]
    fn a_question_without_tools_is_answered_by_its_schema() {
        let schema = json!({"type": "OBJECT", "properties": {
            "complexity_reasoning": {"type": "STRING"}, "complexity_score": {"type": "INTEGER"},
            "choice": {"type": "STRING", "enum": ["flash", "pro"]},
        }});
        let conversation = Conversation { schema, ..Conversation::default() };
        let text = Answer::new(&Turn::default(), &conversation).text.unwrap_or_default();
        let expected = json!({"complexity_reasoning": "scripted", "complexity_score": 1, "choice": "flash"});
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), expected);
    }
}
