//! From what a script wants done to the client's own tools: chosen by what the request offers, by name and schema.

use super::answer::{Call, Input};
use super::conversation::{Conversation, Tool, ToolInput};
use super::script::{File, ToolCall};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

const SHELLS: &[&str] = &["Bash", "bash", "exec_command", "shell_command", "shell", "run_shell_command"];
const WRITERS: &[&str] = &["Write", "write", "write_file"];
/// Codex has no tool that writes a file; its patches are shown as changes of files.
const PATCH: &str = "apply_patch";

/// A shell command.
pub(super) fn run(command: &str, conversation: &Conversation) -> Result<Call, String> {
    let (tool, schema) = offered(SHELLS, conversation).ok_or_else(|| lacks("run", conversation))?;
    let name = property(schema, &["command", "cmd"]).ok_or_else(|| format!("`{tool}` takes no command"))?;
    let is_list = schema["properties"][name]["type"] == "array";
    let value = if is_list { json!(["bash", "-lc", command]) } else { json!(command) };
    Ok(Call::new(tool, Input::Object(filled(schema, [(name, value)]))))
}

/// A file with exactly this text.
pub(super) fn write(file: &File, conversation: &Conversation) -> Result<Call, String> {
    let path = conversation.absolute(&file.path);
    if let Some((tool, schema)) = offered(WRITERS, conversation) {
        let name =
            property(schema, &["file_path", "filePath", "path"]).ok_or_else(|| format!("`{tool}` takes no path"))?;
        let input = filled(schema, [(name, json!(path)), ("content", json!(file.text))]);
        return Ok(Call::new(tool, Input::Object(input)));
    }
    let patches = |tool: &&Tool| tool.name == PATCH && tool.input == ToolInput::Text;
    // A patch adds whole lines; anything else goes through the shell.
    if conversation.tools.iter().any(|tool| patches(&tool)) && file.text.ends_with('\n') {
        return Ok(Call::new(PATCH, Input::Text(added(&path, &file.text))));
    }
    run(&written_by_shell(&path, &file.text), conversation)
}

/// A tool by its own name.
pub(super) fn call(call: &ToolCall) -> Call {
    match &call.input {
        Value::String(text) => Call::new(&call.tool, Input::Text(text.clone())),
        other => Call::new(&call.tool, Input::Object(other.clone())),
    }
}

fn offered<'a>(names: &[&str], conversation: &'a Conversation) -> Option<(&'a str, &'a Value)> {
    names.iter().find_map(|name| {
        conversation.tools.iter().find_map(|tool| match &tool.input {
            ToolInput::Object(schema) if tool.name == *name => Some((tool.name.as_str(), schema)),
            ToolInput::Object(_) | ToolInput::Text => None,
        })
    })
}

fn property<'a>(schema: &Value, names: &[&'a str]) -> Option<&'a str> {
    names.iter().find(|name| schema["properties"].get(**name).is_some()).copied()
}

/// These values, and a word for each other text that the schema wants.
fn filled<const N: usize>(schema: &Value, values: [(&str, Value); N]) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let texts = required.filter(|name| schema["properties"][*name]["type"] == "string");
    let mut input: Map<String, Value> = texts.map(|name| (name.to_owned(), json!("scripted"))).collect();
    input.extend(values.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(input)
}

fn added(path: &str, text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("+{line}\n")).collect();
    format!("*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch\n")
}

/// Base64 has nothing that a shell would read.
fn written_by_shell(path: &str, text: &str) -> String {
    let quoted = format!("'{}'", path.replace('\'', r"'\''"));
    format!("mkdir -p \"$(dirname {quoted})\" && echo {} | base64 -d > {quoted}", STANDARD.encode(text))
}

fn lacks(what: &str, conversation: &Conversation) -> String {
    let names: Vec<&str> = conversation.tools.iter().map(|tool| tool.name.as_str()).collect();
    format!("no tool for `{what}` among `{}`", names.join("`, `"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(name: &str, schema: Value) -> Conversation {
        let tool = Tool { name: name.into(), input: ToolInput::Object(schema) };
        Conversation { instructions: "<cwd>/p</cwd>".into(), tools: vec![tool], ..Conversation::default() }
    }

    fn input(call: Result<Call, String>) -> (String, Input) {
        let call = call.expect("a tool is offered");
        (call.name, call.input)
    }

    #[track_caller]
    fn check_run(tool: &str, schema: Value, expected: Value) {
        assert_eq!(input(run("id", &offers(tool, schema))), (tool.to_owned(), Input::Object(expected)));
    }

    #[test]
    fn a_command_goes_to_the_shell_that_is_offered() {
        let text = json!({"type": "string"});
        check_run("Bash", json!({"properties": {"command": text}, "required": ["command"]}), json!({"command": "id"}));
        check_run("exec_command", json!({"properties": {"cmd": text}}), json!({"cmd": "id"}));
        check_run(
            "shell",
            json!({"properties": {"command": {"type": "array"}}}),
            json!({"command": ["bash", "-lc", "id"]}),
        );
        check_run(
            "bash",
            json!({"properties": {"command": text, "description": text}, "required": ["command", "description"]}),
            json!({"command": "id", "description": "scripted"}),
        );
        let message = run("id", &offers("Read", json!({}))).expect_err("no shell");
        assert_eq!(message, "no tool for `run` among `Read`");
    }

    #[test]
    fn a_file_goes_to_the_writer_the_patch_or_the_shell() {
        let file = |text: &str| File { path: "a b".into(), text: text.into() };
        let writer = offers("write_file", json!({"properties": {"file_path": {}, "content": {}}}));
        let expected = Input::Object(json!({"file_path": "/p/a b", "content": "x"}));
        assert_eq!(input(write(&file("x"), &writer)), ("write_file".into(), expected));

        let mut codex = offers("exec_command", json!({"properties": {"cmd": {"type": "string"}}}));
        let command = "mkdir -p \"$(dirname '/p/a b')\" && echo eA== | base64 -d > '/p/a b'";
        assert_eq!(input(write(&file("x"), &codex)).1, Input::Object(json!({"cmd": command})));

        codex.tools.push(Tool { name: PATCH.into(), input: ToolInput::Text });
        let patch = "*** Begin Patch\n*** Add File: /p/a b\n+x\n*** End Patch\n";
        assert_eq!(input(write(&file("x\n"), &codex)), (PATCH.into(), Input::Text(patch.into())));
    }
}
