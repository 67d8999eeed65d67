//! Chat completions.

use super::answer::Answer;
use super::conversation::{Conversation, Item, Tool, ToolInput, list, text_of, word};
use super::http::Event;
use serde_json::{Value, json};

pub(super) fn read(body: &Value) -> Conversation {
    let mut conversation = Conversation {
        model: word(&body["model"]),
        tools: list(&body["tools"]).iter().map(tool).collect(),
        schema: body["response_format"]["json_schema"]["schema"].clone(),
        ..Conversation::default()
    };
    for message in list(&body["messages"]) {
        let text = text_of(&message["content"]);
        match message["role"].as_str() {
            Some("user") => conversation.items.push(Item::User(text)),
            Some("assistant") => conversation.items.push(Item::Model),
            Some("tool") => conversation.items.push(Item::Result),
            _ => conversation.instructions.push_str(&text),
        }
    }
    conversation
}

fn tool(tool: &Value) -> Tool {
    let function = &tool["function"];
    Tool { name: word(&function["name"]), input: ToolInput::Object(function["parameters"].clone()) }
}

fn calls(answer: &Answer) -> Vec<Value> {
    let calls = answer.calls.iter().enumerate().map(|(index, call)| {
        let function = json!({"name": call.name, "arguments": call.object().to_string()});
        json!({"index": index, "id": format!("call_{}", call.id), "type": "function", "function": function})
    });
    calls.collect()
}

fn completion(answer: &Answer, kind: &str, choices: &[Value]) -> Value {
    json!({
        "id": format!("chatcmpl-{}", answer.id), "object": kind, "created": 0, "model": answer.model,
        "choices": choices,
    })
}

fn usage(answer: &Answer) -> Value {
    let (usage, input) = (answer.usage, answer.usage.input + answer.usage.cached);
    json!({
        "prompt_tokens": input, "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens": usage.output, "total_tokens": input + usage.output,
    })
}

fn finish(answer: &Answer) -> &'static str {
    if answer.calls.is_empty() { "stop" } else { "tool_calls" }
}

pub(super) fn whole(answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": answer.text});
    if !answer.calls.is_empty() {
        message["tool_calls"] = calls(answer).into();
    }
    let choice = json!({"index": 0, "message": message, "finish_reason": finish(answer)});
    let mut completion = completion(answer, "chat.completion", &[choice]);
    completion["usage"] = usage(answer);
    completion
}

pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let delta = |delta: Value, finish: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        completion(answer, "chat.completion.chunk", &[choice])
    };
    let mut chunks = vec![delta(json!({"role": "assistant", "content": ""}), None)];
    chunks.extend(answer.text.iter().map(|text| delta(json!({"content": text}), None)));
    chunks.extend(calls(answer).into_iter().map(|call| delta(json!({"tool_calls": [call]}), None)));
    let mut last = delta(json!({}), Some(finish(answer)));
    last["usage"] = usage(answer);
    chunks.push(last);
    let done = Event { name: None, data: "[DONE]".to_owned() };
    chunks.iter().map(Event::data).chain([done]).collect()
}
