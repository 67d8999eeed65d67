//! Gemini's `generateContent` and `streamGenerateContent`.

use super::answer::Answer;
use super::conversation::{Conversation, Item, Tool, ToolInput, list, text_of, word};
use super::http::Event;
use serde_json::{Value, json};

pub(super) fn read(body: &Value) -> Conversation {
    let declarations = list(&body["tools"]).iter().flat_map(|tools| list(&tools["functionDeclarations"]));
    Conversation {
        // It stands in the path.
        model: String::new(),
        instructions: text_of(&body["systemInstruction"]["parts"]),
        items: list(&body["contents"]).iter().flat_map(items).collect(),
        tools: declarations.map(tool).collect(),
        schema: schema(&body["generationConfig"]),
    }
}

fn schema(config: &Value) -> Value {
    config.get("responseJsonSchema").unwrap_or(&config["responseSchema"]).clone()
}

fn items(content: &Value) -> Vec<Item> {
    if content["role"] == "model" {
        return vec![Item::Model];
    }
    list(&content["parts"]).iter().filter_map(item).collect()
}

fn item(part: &Value) -> Option<Item> {
    if part.get("functionResponse").is_some() {
        return Some(Item::Result);
    }
    part["text"].as_str().map(|text| Item::User(text.to_owned()))
}

/// Which of the two schemas is given is the client's choice.
fn tool(tool: &Value) -> Tool {
    let schema = tool.get("parametersJsonSchema").unwrap_or(&tool["parameters"]);
    Tool { name: word(&tool["name"]), input: ToolInput::Object(schema.clone()) }
}

fn parts(answer: &Answer) -> Vec<Value> {
    let text = answer.text.iter().map(|text| json!({"text": text}));
    let call = answer.calls.iter().map(|call| json!({"functionCall": {"name": call.name, "args": call.object()}}));
    text.chain(call).collect()
}

fn chunk(answer: &Answer, parts: &[Value], finish: Option<&str>) -> Value {
    let usage = answer.usage;
    let input = usage.input + usage.cached;
    let mut chunk = json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": input, "cachedContentTokenCount": usage.cached,
            "candidatesTokenCount": usage.output, "totalTokenCount": input + usage.output,
        },
        "modelVersion": answer.model, "responseId": answer.id,
    });
    if let Some(finish) = finish {
        chunk["candidates"][0]["finishReason"] = json!(finish);
    }
    chunk
}

pub(super) fn whole(answer: &Answer) -> Value {
    chunk(answer, &parts(answer), Some("STOP"))
}

/// A chunk for each part; the last one says that it is.
pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let parts = parts(answer);
    let mut chunks: Vec<Value> = parts.iter().map(|part| chunk(answer, std::slice::from_ref(part), None)).collect();
    chunks.push(chunk(answer, &[json!({"text": ""})], Some("STOP")));
    chunks.iter().map(Event::data).collect()
}
