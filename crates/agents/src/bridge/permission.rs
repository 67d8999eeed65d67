//! Requests for leave, by the Agent Client Protocol.

use coordinate_model::permission::{PermissionRequest, ToolKind, shortened};
use serde_json::{Value, json};

/// The longest change of a file that is shown, in lines of each side.
const LINES: usize = 60;

/// The request that a `session/request_permission` is. Its id is that of the call: unique in the connection, and so in the
/// attempt.
pub(crate) fn request(message: &Value) -> PermissionRequest {
    let call = message.pointer("/params/toolCall").unwrap_or(&Value::Null);
    let text = |place: &str| call.pointer(place).and_then(Value::as_str).map(str::to_owned);
    let input = call.get("rawInput").filter(|input| !input.is_null());
    let of_input = |names: &[&str]| names.iter().find_map(|name| input?.get(*name)?.as_str().map(str::to_owned));
    let kind = kind(text("/kind").unwrap_or_default().as_str());
    let diff = diff(call);
    let mut paths = once_each(paths(call).into_iter().chain(of_input(&["file_path", "path", "filePath"])));
    PermissionRequest {
        id: id(message),
        tool: text("/name").or_else(|| text("/kind")).unwrap_or_else(|| "tool".to_owned()),
        kind,
        title: text("/title").map(|title| shortened(&title)).unwrap_or_default(),
        input: input.map(|input| shortened(&input.to_string())).unwrap_or_default(),
        path: paths.next(),
        more_paths: paths.collect(),
        command: of_input(&["command", "cmd"]).map(|command| shortened(&command)),
        diff: diff.map(|diff| shortened(&diff)),
    }
}

/// Every place that a call names: all of them must be allowed.
fn paths(call: &Value) -> Vec<String> {
    let lists = ["locations", "content"].into_iter().filter_map(|name| call.get(name)?.as_array());
    let paths = lists.flatten().filter_map(|part| part.get("path")?.as_str());
    paths.map(str::to_owned).collect()
}

/// In their order, each of them one time.
fn once_each(paths: impl Iterator<Item = String>) -> std::vec::IntoIter<String> {
    let mut known: Vec<String> = Vec::new();
    for path in paths {
        if !known.contains(&path) {
            known.push(path);
        }
    }
    known.into_iter()
}

/// The id of a JSON-RPC call as a text.
pub(crate) fn id(message: &Value) -> String {
    match message.get("id") {
        Some(Value::String(id)) => id.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// The protocol's kinds of tools. One that it does not know is none of ours either.
pub(crate) fn kind(name: &str) -> ToolKind {
    match name {
        "read" | "search" => ToolKind::Read,
        "edit" | "delete" | "move" => ToolKind::Edit,
        "execute" => ToolKind::Execute,
        "fetch" => ToolKind::Fetch,
        _ => ToolKind::Other,
    }
}

fn diff(call: &Value) -> Option<String> {
    let content = call.get("content")?.as_array()?;
    let diff = content.iter().find(|part| part.get("type").is_some_and(|kind| kind == "diff"))?;
    let side = |name: &str, mark: char| {
        let text = diff.get(name).and_then(Value::as_str).unwrap_or_default();
        text.lines().take(LINES).map(|line| format!("{mark}{line}")).collect::<Vec<_>>()
    };
    Some([side("oldText", '-'), side("newText", '+')].concat().join("\n"))
}

/// The answer to a request: the option that allows or refuses once, chosen by its kind. Where there is none, leave for more
/// than was given is not taken: the answer is a no.
pub(super) fn answer(message: &Value, allowed: bool) -> (Value, bool) {
    let options = message.pointer("/params/options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_kind = |kind: &str| options.iter().find(|option| option.get("kind").is_some_and(|found| found == kind));
    let yes = of_kind("allow_once").filter(|_| allowed);
    let no = || of_kind("reject_once");
    let outcome = match yes.or_else(no).and_then(|option| option.get("optionId")) {
        Some(option) => json!({"outcome": "selected", "optionId": option}),
        None => json!({"outcome": "cancelled"}),
    };
    (respond(message, outcome), yes.is_some())
}

/// The answer to a request whose turn is cancelled.
pub(super) fn cancelled(message: &Value) -> Value {
    respond(message, json!({"outcome": "cancelled"}))
}

fn respond(message: &Value, outcome: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": message.get("id"), "result": {"outcome": outcome}})
}

/// The id of Claude Code's control request.
pub(super) fn control_id(line: &Value) -> String {
    line.get("request_id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The request for leave that Claude Code's `can_use_tool` is.
pub(crate) fn control_request(line: &Value) -> PermissionRequest {
    let input = line.pointer("/request/input").unwrap_or(&Value::Null);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let tool = text(line.pointer("/request/tool_name")).unwrap_or_default();
    let path = ["file_path", "notebook_path", "path"].iter().find_map(|name| text(input.get(*name)));
    // A command is blocked for a path that it names; the paths of its other words nobody knows.
    let mut paths = once_each(text(line.pointer("/request/blocked_path")).into_iter().chain(path));
    let side = |name: &str, mark: &str| {
        let lines = text(input.get(name)).unwrap_or_default();
        lines.lines().take(LINES).map(|line| format!("{mark}{line}")).collect::<Vec<_>>()
    };
    let diff = [side("old_string", "-"), side("new_string", "+"), side("content", "+")].concat().join("\n");
    PermissionRequest {
        id: control_id(line),
        kind: claude_kind(&tool),
        tool,
        title: text(line.pointer("/request/description")).map(|title| shortened(&title)).unwrap_or_default(),
        input: shortened(&input.to_string()),
        path: paths.next(),
        more_paths: paths.collect(),
        command: text(input.get("command")).map(|command| shortened(&command)),
        diff: (!diff.is_empty()).then(|| shortened(&diff)),
    }
}

/// What Claude Code's own tools do.
fn claude_kind(tool: &str) -> ToolKind {
    match tool {
        "Read" | "Glob" | "Grep" | "LS" | "NotebookRead" => ToolKind::Read,
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => ToolKind::Edit,
        "Bash" => ToolKind::Execute,
        "WebFetch" | "WebSearch" => ToolKind::Fetch,
        _ => ToolKind::Other,
    }
}
