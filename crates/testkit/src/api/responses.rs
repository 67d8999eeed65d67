//! OpenAI Responses.

use super::answer::{Answer, Call, Input};
use super::conversation::{Conversation, Item, Tool, ToolInput, list, text_of, word};
use super::http::Event;
use serde_json::{Value, json};

pub(super) fn read(body: &Value) -> Conversation {
    let input = &body["input"];
    let mut conversation = Conversation {
        model: word(&body["model"]),
        instructions: word(&body["instructions"]),
        items: if input.is_string() { vec![Item::User(text_of(input))] } else { Vec::new() },
        tools: list(&body["tools"]).iter().filter_map(tool).collect(),
        schema: body["text"]["format"]["schema"].clone(),
    };
    for item in list(input) {
        add(&mut conversation, item);
    }
    conversation
}

fn add(conversation: &mut Conversation, item: &Value) {
    let item = match (item["type"].as_str().unwrap_or("message"), item["role"].as_str()) {
        ("message", Some("assistant")) => Item::Model,
        ("message", Some("user")) => Item::User(text_of(&item["content"])),
        ("message", _) => {
            conversation.instructions.push('\n');
            conversation.instructions.push_str(&text_of(&item["content"]));
            return;
        }
        ("function_call" | "custom_tool_call" | "local_shell_call", _) => Item::Model,
        ("function_call_output" | "custom_tool_call_output" | "local_shell_call_output", _) => Item::Result,
        _ => return,
    };
    conversation.items.push(item);
}

/// Tools of the server's own, such as a search, have no name and can not be called here.
fn tool(tool: &Value) -> Option<Tool> {
    let input = match tool["type"].as_str()? {
        "function" => ToolInput::Object(tool["parameters"].clone()),
        "custom" => ToolInput::Text,
        _ => return None,
    };
    Some(Tool { name: word(&tool["name"]), input })
}

fn items(answer: &Answer) -> Vec<Value> {
    let text = answer.text.iter().map(|text| {
        json!({
            "type": "message", "id": format!("msg_{}", answer.id), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        })
    });
    text.chain(answer.calls.iter().map(call)).collect()
}

fn call(call: &Call) -> Value {
    let (id, call_id) = (format!("fc_{}", call.id), format!("call_{}", call.id));
    let (kind, field, input) = match &call.input {
        Input::Object(value) => ("function_call", "arguments", value.to_string()),
        Input::Text(text) => ("custom_tool_call", "input", text.clone()),
    };
    json!({"type": kind, "id": id, "call_id": call_id, "name": call.name, field: input, "status": "completed"})
}

fn response(answer: &Answer, status: &str, output: &[Value]) -> Value {
    let usage = answer.usage;
    let input = usage.input + usage.cached;
    json!({
        "id": format!("resp_{}", answer.id), "object": "response", "created_at": 0, "status": status,
        "model": answer.model, "output": output, "error": null, "incomplete_details": null,
        "usage": {
            "input_tokens": input, "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.output, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input + usage.output,
        },
    })
}

pub(super) fn whole(answer: &Answer) -> Value {
    response(answer, "completed", &items(answer))
}

pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let items = items(answer);
    let mut events = vec![json!({"type": "response.created", "response": response(answer, "in_progress", &[])})];
    for (index, item) in items.iter().enumerate() {
        events.extend(item_events(index, item));
    }
    events.push(json!({"type": "response.completed", "response": response(answer, "completed", &items)}));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
    events.iter().map(Event::typed).collect()
}

fn item_events(index: usize, item: &Value) -> Vec<Value> {
    let mut begun = item.clone();
    begun["status"] = json!("in_progress");
    let said = match item["type"].as_str() {
        Some("message") => {
            begun["content"] = json!([]);
            text_events(index, item)
        }
        Some("custom_tool_call") => {
            begun["input"] = json!("");
            let place = json!({"item_id": item["id"], "output_index": index});
            vec![
                event("response.custom_tool_call_input.delta", &place, &[("delta", &item["input"])]),
                event("response.custom_tool_call_input.done", &place, &[("input", &item["input"])]),
            ]
        }
        _ => {
            begun["arguments"] = json!("");
            let place = json!({"item_id": item["id"], "output_index": index});
            vec![
                event("response.function_call_arguments.delta", &place, &[("delta", &item["arguments"])]),
                event("response.function_call_arguments.done", &place, &[("arguments", &item["arguments"])]),
            ]
        }
    };
    let place = json!({"output_index": index});
    let added = event("response.output_item.added", &place, &[("item", &begun)]);
    let done = event("response.output_item.done", &place, &[("item", item)]);
    [vec![added], said, vec![done]].concat()
}

fn text_events(index: usize, item: &Value) -> Vec<Value> {
    let place = json!({"item_id": item["id"], "output_index": index, "content_index": 0});
    let part = &item["content"][0];
    let mut empty = part.clone();
    empty["text"] = json!("");
    vec![
        event("response.content_part.added", &place, &[("part", &empty)]),
        event("response.output_text.delta", &place, &[("delta", &part["text"])]),
        event("response.output_text.done", &place, &[("text", &part["text"])]),
        event("response.content_part.done", &place, &[("part", part)]),
    ]
}

fn event(kind: &str, place: &Value, fields: &[(&str, &Value)]) -> Value {
    let mut event = place.clone();
    event["type"] = json!(kind);
    for (name, value) in fields {
        event[*name] = (*value).clone();
    }
    event
}
