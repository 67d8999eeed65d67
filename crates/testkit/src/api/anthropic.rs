//! Anthropic Messages.

use super::answer::Answer;
use super::conversation::{Conversation, Item, Tool, ToolInput, list, text_of, word};
use super::http::Event;
use serde_json::{Value, json};

pub(super) fn read(body: &Value) -> Conversation {
    Conversation {
        model: word(&body["model"]),
        instructions: text_of(&body["system"]),
        items: list(&body["messages"]).iter().flat_map(items).collect(),
        tools: list(&body["tools"]).iter().map(tool).collect(),
        schema: body["output_config"]["format"]["schema"].clone(),
    }
}

fn items(message: &Value) -> Vec<Item> {
    if message["role"] == "assistant" {
        return vec![Item::Model];
    }
    let content = &message["content"];
    if content.is_string() {
        return vec![Item::User(text_of(content))];
    }
    list(content).iter().filter_map(item).collect()
}

fn item(block: &Value) -> Option<Item> {
    match block["type"].as_str() {
        Some("text") => Some(Item::User(word(&block["text"]))),
        Some("tool_result") => Some(Item::Result),
        _ => None,
    }
}

fn tool(tool: &Value) -> Tool {
    Tool { name: word(&tool["name"]), input: ToolInput::Object(tool["input_schema"].clone()) }
}

fn blocks(answer: &Answer) -> Vec<Value> {
    let text = answer.text.iter().map(|text| json!({"type": "text", "text": text}));
    let call = answer.calls.iter().map(|call| {
        json!({"type": "tool_use", "id": format!("toolu_{}", call.id), "name": call.name, "input": call.object()})
    });
    text.chain(call).collect()
}

fn message(answer: &Answer, content: &[Value], stop: Option<&str>, output: u64) -> Value {
    json!({
        "id": format!("msg_{}", answer.id), "type": "message", "role": "assistant", "model": answer.model,
        "content": content, "stop_reason": stop, "stop_sequence": null,
        "usage": {
            "input_tokens": answer.usage.input, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": answer.usage.cached, "output_tokens": output,
        },
    })
}

fn stop_reason(answer: &Answer) -> &'static str {
    if answer.calls.is_empty() { "end_turn" } else { "tool_use" }
}

pub(super) fn whole(answer: &Answer) -> Value {
    message(answer, &blocks(answer), Some(stop_reason(answer)), answer.usage.output)
}

pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let mut events = vec![json!({"type": "message_start", "message": message(answer, &[], None, 1)})];
    for (index, block) in blocks(answer).into_iter().enumerate() {
        let (empty, delta) = parts(&block);
        events.extend([
            json!({"type": "content_block_start", "index": index, "content_block": empty}),
            json!({"type": "content_block_delta", "index": index, "delta": delta}),
            json!({"type": "content_block_stop", "index": index}),
        ]);
    }
    events.extend([
        json!({
            "type": "message_delta", "delta": {"stop_reason": stop_reason(answer), "stop_sequence": null},
            "usage": {"output_tokens": answer.usage.output},
        }),
        json!({"type": "message_stop"}),
    ]);
    events.iter().map(Event::typed).collect()
}

/// A block as it begins, and what then comes.
fn parts(block: &Value) -> (Value, Value) {
    let mut empty = block.clone();
    if block["type"] == "text" {
        empty["text"] = json!("");
        return (empty, json!({"type": "text_delta", "text": block["text"]}));
    }
    empty["input"] = json!({});
    (empty, json!({"type": "input_json_delta", "partial_json": block["input"].to_string()}))
}
