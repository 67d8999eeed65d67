//! Over real sockets, with requests as clients send them.

use super::script::{Fault, FaultKind, File, Turn, marker};
use super::*;
use serde_json::json;
use std::io::{Read, Write};
use std::time::Duration;

/// Longer than any answer takes; what hangs is seen after less.
const LIMIT: Duration = Duration::from_secs(20);

fn api() -> FakeApi {
    FakeApi::start(0, Box::new(|_| {})).expect("a port is free")
}

/// Status and headers, and the body with its coding taken off; the flag says whether the answer came to its end.
#[derive(Debug)]
struct Got {
    head: String,
    body: String,
    whole: bool,
}

impl Got {
    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    /// The data of all events that are JSON.
    fn events(&self) -> Vec<Value> {
        let lines = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        lines.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).expect("JSON")).collect()
    }

    fn event(&self, kind: &str) -> Value {
        let events = self.events();
        events
            .iter()
            .find(|event| event["type"] == kind)
            .unwrap_or_else(|| panic!("no `{kind}` in {events:#?}"))
            .clone()
    }
}

fn connect(api: &FakeApi, path: &str, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(api.address()).expect("the server listens");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nhost: fake\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).expect("the request is taken");
    stream
}

fn post(api: &FakeApi, path: &str, body: &Value) -> Got {
    let mut text = String::new();
    connect(api, path, body).read_to_string(&mut text).expect("the answer ends");
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Got { head: text, body: String::new(), whole: false };
    };
    if !head.contains("transfer-encoding: chunked") {
        return Got { head: head.into(), body: body.into(), whole: true };
    }
    let chunks: Vec<&str> = body.split("\r\n").collect();
    let texts = chunks.iter().skip(1).step_by(2).copied().collect();
    Got { head: head.into(), body: texts, whole: body.ends_with("0\r\n\r\n") }
}

fn script() -> String {
    let file = File { path: "a.txt".into(), text: "hello\n".into() };
    marker(&[
        Turn { say: Some("Working.".into()), write: Some(file), ..Turn::default() },
        Turn { run: Some("id".into()), ..Turn::default() },
        Turn { say: Some("Done.".into()), ..Turn::default() },
    ])
}

fn failing(kind: FaultKind, times: Option<u32>, reset_after: Option<u64>) -> String {
    let fault = Fault { kind, times, name: None, reset_after };
    marker(&[Turn { say: Some("Recovered.".into()), fault: Some(fault), ..Turn::default() }])
}

fn schema(properties: &[&str]) -> Value {
    let properties: Value = properties.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    json!({"type": "object", "properties": properties})
}

fn anthropic(messages: Value) -> Value {
    let tools = json!([
        {"name": "Bash", "input_schema": schema(&["command"])},
        {"name": "Write", "input_schema": schema(&["file_path", "content"])},
    ]);
    json!({"model": "m", "stream": true, "system": "Primary working directory: /p", "messages": messages, "tools": tools})
}

fn ask(script: &str) -> Value {
    anthropic(json!([{"role": "user", "content": [{"type": "text", "text": script}]}]))
}

#[test]
fn anthropic_messages_are_streamed_turn_by_turn() {
    let api = api();
    let mut messages = json!([{"role": "user", "content": [{"type": "text", "text": script()}]}]);
    let first = post(&api, "/v1/messages?beta=true", &anthropic(messages.clone()));
    let kinds: Vec<String> = first.events().iter().map(|event| event["type"].as_str().unwrap_or("").into()).collect();
    let block = ["content_block_start", "content_block_delta", "content_block_stop"];
    let expected = [&["message_start"][..], &block, &block, &["message_delta", "message_stop"]].concat();
    assert_eq!(kinds, expected);
    assert!(first.whole && first.body.starts_with("event: message_start\n"), "{}", first.body);
    let deltas: Vec<Value> = first.events().into_iter().filter(|event| event["type"] == block[1]).collect();
    assert_eq!(deltas[0]["delta"]["text"], "Working.");
    let input: Value = serde_json::from_str(deltas[1]["delta"]["partial_json"].as_str().expect("text")).expect("JSON");
    assert_eq!(input, json!({"file_path": "/p/a.txt", "content": "hello\n"}));
    assert_eq!(first.event("message_delta")["delta"]["stop_reason"], "tool_use");

    let list = messages.as_array_mut().expect("a list");
    list.push(json!({"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Write", "input": {}}]}));
    list.push(json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "ok"}]}));
    let mut whole = anthropic(messages);
    whole["stream"] = json!(false);
    let second = post(&api, "/v1/messages", &whole).json();
    assert_eq!(
        (&second["content"][0]["name"], &second["content"][0]["input"]),
        (&json!("Bash"), &json!({"command": "id"}))
    );

    let counted = post(&api, "/v1/messages/count_tokens", &whole).json();
    assert!(counted["input_tokens"].as_u64().is_some_and(|tokens| tokens > 50), "{counted}");
}

#[test]
fn responses_are_streamed_with_their_items() {
    let api = api();
    let tools = json!([
        {"type": "function", "name": "exec_command", "parameters": schema(&["cmd"])},
        {"type": "custom", "name": "apply_patch"}, {"type": "web_search"},
    ]);
    let user =
        |text: String| json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]});
    let mut input = json!([user("<cwd>/p</cwd>".into()), user(script())]);
    let ask = |input: &Value| json!({"model": "m", "stream": true, "input": input, "tools": tools});
    let first = post(&api, "/v1/responses", &ask(&input));
    let output = &first.event("response.completed")["response"]["output"];
    assert_eq!(output[0]["content"][0]["text"], "Working.");
    assert_eq!(output[1]["input"], "*** Begin Patch\n*** Add File: /p/a.txt\n+hello\n*** End Patch\n");
    assert_eq!(first.event("response.output_text.delta")["delta"], "Working.");

    let list = input.as_array_mut().expect("a list");
    list.push(output[0].clone());
    list.push(output[1].clone());
    list.push(json!({"type": "custom_tool_call_output", "call_id": output[1]["call_id"], "output": "ok"}));
    let second = post(&api, "/v1/responses", &ask(&input)).event("response.output_item.done");
    assert_eq!(
        (&second["item"]["name"], &second["item"]["arguments"]),
        (&json!("exec_command"), &json!("{\"cmd\":\"id\"}"))
    );
}

#[test]
fn gemini_contents_are_answered_in_parts() {
    let api = api();
    let tools = json!([{"functionDeclarations": [
        {"name": "write_file", "parametersJsonSchema": schema(&["file_path", "content"])},
        {"name": "run_shell_command", "parametersJsonSchema": schema(&["command"])},
    ]}]);
    let mut body = json!({"contents": [{"role": "user", "parts": [{"text": script()}]}], "tools": tools});
    let first = post(&api, "/v1beta/models/m:streamGenerateContent?alt=sse", &body).events();
    assert_eq!(first[0]["candidates"][0]["content"]["parts"][0]["text"], "Working.");
    let call = &first[1]["candidates"][0]["content"]["parts"][0]["functionCall"];
    assert_eq!(call, &json!({"name": "write_file", "args": {"file_path": "a.txt", "content": "hello\n"}}));
    assert_eq!(first[2]["candidates"][0]["finishReason"], "STOP");

    let list = body["contents"].as_array_mut().expect("a list");
    list.push(json!({"role": "model", "parts": [{"functionCall": call}]}));
    list.push(json!({"role": "user", "parts": [{"functionResponse": {"name": "write_file", "response": {}}}]}));
    let second = post(&api, "/v1beta/models/m:generateContent", &body).json();
    assert_eq!(second["candidates"][0]["content"]["parts"][0]["functionCall"]["args"], json!({"command": "id"}));
}

#[test]
fn chat_completions_are_streamed_in_deltas() {
    let api = api();
    let tool = |name: &str, properties: &[&str]| json!({"type": "function", "function": {"name": name, "parameters": schema(properties)}});
    let tools = json!([tool("write", &["filePath", "content"]), tool("bash", &["command"])]);
    let system = json!({"role": "system", "content": "  Working directory: /p\n"});
    let mut messages = json!([system, {"role": "user", "content": script()}]);
    let ask =
        |messages: &Value, stream: bool| json!({"model": "m", "stream": stream, "messages": messages, "tools": tools});
    let first = post(&api, "/v1/chat/completions", &ask(&messages, true));
    assert!(first.body.ends_with("data: [DONE]\n\n"), "{}", first.body);
    let deltas: Vec<Value> = first.events().iter().map(|event| event["choices"][0]["delta"].clone()).collect();
    assert_eq!(deltas[1], json!({"content": "Working."}));
    let function = &deltas[2]["tool_calls"][0]["function"];
    assert_eq!(function["arguments"], "{\"content\":\"hello\\n\",\"filePath\":\"/p/a.txt\"}");

    let list = messages.as_array_mut().expect("a list");
    list.push(json!({"role": "assistant", "content": "Working.", "tool_calls": deltas[2]["tool_calls"]}));
    list.push(json!({"role": "tool", "tool_call_id": "x", "content": "ok"}));
    let second = post(&api, "/v1/chat/completions", &ask(&messages, false)).json();
    assert_eq!(second["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "bash");
}

#[test]
fn every_failure_has_its_status_and_words() {
    let api = api();
    let cases = [
        (FaultKind::RateLimit, 429, "rate_limit_error", "rate limit"),
        (FaultKind::UsageLimit, 429, "rate_limit_error", "usage limit"),
        (FaultKind::Overloaded, 529, "overloaded_error", "Overloaded"),
        (FaultKind::ServerError, 500, "api_error", "Internal"),
        (FaultKind::Unauthorized, 401, "authentication_error", "x-api-key"),
        (FaultKind::Credit, 400, "invalid_request_error", "credit balance is too low"),
        (FaultKind::PromptTooLong, 400, "invalid_request_error", "prompt is too long"),
    ];
    for (kind, status, word, message) in cases {
        let got = post(&api, "/v1/messages", &ask(&failing(kind, None, None)));
        assert_eq!((got.status(), &got.json()["error"]["type"]), (status, &json!(word)));
        assert!(got.body.contains(message) && !got.head.contains("retry-after"), "{kind:?}: {got:?}");
    }
}

#[test]
fn a_reset_is_told_where_each_protocol_tells_it() {
    let api = api();
    let script = failing(FaultKind::UsageLimit, None, Some(60));
    let anthropic = post(&api, "/v1/messages", &ask(&script));
    assert!(anthropic.head.contains("retry-after: 60") && anthropic.head.contains("unified-reset: 1"), "{anthropic:?}");
    let tools = json!([{"type": "function", "name": "shell", "parameters": schema(&["command"])}]);
    let openai = post(&api, "/v1/responses", &json!({"input": script, "tools": tools})).json();
    assert_eq!(
        (&openai["error"]["type"], &openai["error"]["resets_in_seconds"]),
        (&json!("usage_limit_reached"), &json!(60))
    );
    let tools = json!([{"functionDeclarations": [{"name": "x"}]}]);
    let body = json!({"contents": [{"role": "user", "parts": [{"text": script}]}], "tools": tools});
    let gemini = post(&api, "/v1beta/models/m:generateContent", &body).json();
    assert_eq!(gemini["error"]["details"][0]["retryDelay"], "60s");
}

#[test]
fn a_limited_failure_ends_and_is_not_spent_by_requests_without_tools() {
    let api = api();
    let body = ask(&failing(FaultKind::ServerError, Some(2), None));
    let mut title = body.clone();
    title["tools"] = json!([]);
    assert_eq!(post(&api, "/v1/messages", &title).status(), 200);
    let statuses: Vec<u16> = (0..3).map(|_| post(&api, "/v1/messages", &body).status()).collect();
    assert_eq!(statuses, [500, 500, 200]);
}

#[test]
fn streams_break_as_asked() {
    let api = api();
    let broken = |kind| post(&api, "/v1/messages", &ask(&failing(kind, None, None)));
    let cut = broken(FaultKind::Cut);
    assert!(!cut.whole && cut.body.contains("message_start") && !cut.body.contains("message_stop"), "{cut:?}");
    let error = broken(FaultKind::StreamError);
    assert!(error.whole && error.body.contains("event: error\n"), "{error:?}");
    assert_eq!(broken(FaultKind::Disconnect).head, "");
}

/// Clients ask again without a stream when one broke.
#[test]
fn what_breaks_streams_breaks_whole_answers_too() {
    let api = api();
    let broken = |kind| {
        let mut body = ask(&failing(kind, None, None));
        body["stream"] = json!(false);
        post(&api, "/v1/messages", &body)
    };
    assert_eq!(broken(FaultKind::StreamError).status(), 500);
    assert_eq!(broken(FaultKind::Cut).head, "");
}

/// Whoever hangs sends nothing: what is shown is that the other side's end is what ends it, and not before.
#[test]
fn what_hangs_stays_open() {
    let api = api();
    for (kind, begins) in [(FaultKind::Hang, false), (FaultKind::Stall, true)] {
        let mut stream = connect(&api, "/v1/messages", &ask(&failing(kind, None, None)));
        stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a limit");
        let mut text = Vec::new();
        let ended = stream.read_to_end(&mut text);
        assert!(ended.is_err_and(|cause| cause.kind() == io::ErrorKind::WouldBlock), "{kind:?}");
        assert_eq!(!text.is_empty(), begins, "{kind:?}");
    }
}

#[test]
fn a_mistake_in_the_script_comes_back_as_an_error() {
    let got = post(&api(), "/v1/messages", &ask(&script::marker_of("[{\"shout\": 1}]")));
    assert_eq!(got.status(), 400);
    assert!(got.body.contains("unknown field `shout`"), "{}", got.body);
    assert_eq!(post(&api(), "/v1/nothing", &json!({})).status(), 404);
}

#[test]
fn requests_are_shown_to_the_observer() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = Arc::clone(&seen);
    let api = FakeApi::start(0, Box::new(move |request| locked(&observer).push(request.clone()))).expect("a port");
    post(&api, "/v1/messages", &ask("hello"));
    assert_eq!(*locked(&seen), [Recorded { path: "/v1/messages".into(), body: ask("hello") }]);
}
