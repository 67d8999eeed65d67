//! Variables: set, append, get, require, load, unset, list.

use super::{Opened, now};
use crate::args::{GetArguments, LoadArguments, SetArguments};
use crate::commands::{print_bytes, print_json};
use crate::failure::{CommandError, Exit};
use coordinate_model::shell::{Dialect, Value, VariableName, base64, posix_word, render};
use serde_json::json;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

/// Opens the state; called once the arguments are known to be good.
type Open<'a> = &'a dyn Fn() -> Result<Opened, CommandError>;

pub(super) fn set(
    open: impl Fn() -> Result<Opened, CommandError>,
    options: &SetArguments,
) -> Result<Exit, CommandError> {
    let name = variable(&options.name)?;
    let value = match (options.values.as_slice(), options.list) {
        _ if options.stdin => Value::Text(standard_input(&name)?),
        ([], false) => {
            return Err(CommandError::usage(format!("`{name}` is to be set to what?"))
                .hint(format!("a value: `coordinate state set {name} VALUE`; no value at all is `''`"))
                .hint(format!("an empty list: `coordinate state set --list {name}`")));
        }
        ([only], false) => Value::Text(only.as_bytes().to_vec()),
        (several, _) => Value::List(bytes(several)),
    };
    change(&open, |opened| opened.state.set(&opened.id, &name, &value, now()))
}

pub(super) fn append(
    open: impl Fn() -> Result<Opened, CommandError>,
    name: &str,
    values: &[OsString],
) -> Result<Exit, CommandError> {
    let name = variable(name)?;
    let items = bytes(values);
    change(&open, |opened| opened.state.append(&opened.id, &name, &items, now()))
}

pub(super) fn unset(open: impl Fn() -> Result<Opened, CommandError>, names: &[String]) -> Result<Exit, CommandError> {
    let names = variables(names)?;
    change(&open, |opened| opened.state.unset(&opened.id, &names, now()))
}

pub(super) fn get(
    open: impl Fn() -> Result<Opened, CommandError>,
    options: &GetArguments,
) -> Result<Exit, CommandError> {
    let name = variable(&options.name)?;
    let opened = open()?;
    let value = opened.state.get(&opened.id, &name).map_err(|error| opened.explain(error))?;
    let default = || options.default.as_ref().map(|value| Value::Text(value.as_bytes().to_vec()));
    let value = value.or_else(default).ok_or_else(|| not_set(&opened, &[name.as_str()]))?;
    let items = match value {
        Value::Text(text) => vec![text],
        Value::List(items) => items,
    };
    let end = if options.null { 0 } else { b'\n' };
    let mut output = Vec::new();
    for item in items {
        output.extend(item);
        output.push(end);
    }
    print_bytes(&output);
    Ok(Exit::Done)
}

pub(super) fn require(open: impl Fn() -> Result<Opened, CommandError>, names: &[String]) -> Result<Exit, CommandError> {
    let names = variables(names)?;
    let opened = open()?;
    let set = opened.state.variables(&opened.id).map_err(|error| opened.explain(error))?;
    let absent: Vec<&str> = names.iter().filter(|name| !set.contains_key(name)).map(VariableName::as_str).collect();
    if absent.is_empty() { Ok(Exit::Done) } else { Err(not_set(&opened, &absent)) }
}

fn not_set(opened: &Opened, names: &[&str]) -> CommandError {
    let list = names.join(", ");
    let place = opened.state.path().display();
    CommandError::usage(format!("not set in the workflow `{}`: {list}", opened.id))
        .hint(format!("looked in `{place}`"))
        .hint(format!("an earlier block sets it: `coordinate state set {} VALUE`", names.first().unwrap_or(&"NAME")))
}

/// Prints commands for a shell. Where that fails, what is printed makes the shell's `eval` fail too: the status of a
/// command substitution inside its arguments is lost, and a block would go on without its state.
pub(super) fn load(
    open: impl Fn() -> Result<Opened, CommandError>,
    options: &LoadArguments,
) -> Result<Exit, CommandError> {
    let (dialect, refusal) = match (options.fish, options.powershell) {
        (true, _) => (Dialect::Fish, "sh -c 'exit 2'\n"),
        (_, true) => (Dialect::PowerShell, "throw 'coordinate: the shell state could not be loaded'\n"),
        _ => (Dialect::Posix, "(exit 2)\n"),
    };
    if options.json {
        return load_json(&open);
    }
    let text = open().and_then(|opened| {
        let variables = opened.state.variables(&opened.id).map_err(|error| opened.explain(error))?;
        render(dialect, &variables).map_err(|error| CommandError::usage(error.to_string()))
    });
    match text {
        Ok(text) => {
            print_bytes(&text);
            Ok(Exit::Done)
        }
        Err(error) => {
            print_bytes(refusal.as_bytes());
            Err(error)
        }
    }
}

fn load_json(open: Open<'_>) -> Result<Exit, CommandError> {
    let opened = open()?;
    let variables = opened.state.variables(&opened.id).map_err(|error| opened.explain(error))?;
    let object: serde_json::Map<String, serde_json::Value> =
        variables.iter().map(|(name, value)| (name.to_string(), as_json(value))).collect();
    print_json(&object.into());
    Ok(Exit::Done)
}

pub(super) fn list(open: impl Fn() -> Result<Opened, CommandError>, as_json: bool) -> Result<Exit, CommandError> {
    if as_json {
        return load_json(&open);
    }
    let opened = open()?;
    let mut output = Vec::new();
    for (name, value) in opened.state.variables(&opened.id).map_err(|error| opened.explain(error))? {
        output.extend(format!("{name}=").bytes());
        match value {
            Value::Text(text) => output.extend(posix_word(&text)),
            Value::List(items) => {
                let items: Vec<Vec<u8>> = items.iter().map(|item| posix_word(item)).collect();
                output.extend([b"(".to_vec(), items.join(&b' '), b")".to_vec()].concat());
            }
        }
        output.push(b'\n');
    }
    print_bytes(&output);
    Ok(Exit::Done)
}

fn as_json(value: &Value) -> serde_json::Value {
    let text = |bytes: &Vec<u8>| match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({"base64": base64(bytes)}),
    };
    match value {
        Value::Text(bytes) => text(bytes),
        Value::List(items) => items.iter().map(text).collect(),
    }
}

fn change(
    open: Open<'_>,
    body: impl FnOnce(&mut Opened) -> Result<(), coordinate_store::shell::ShellError>,
) -> Result<Exit, CommandError> {
    let mut opened = open()?;
    body(&mut opened).map_err(|error| opened.explain(error))?;
    Ok(Exit::Done)
}

fn variable(name: &str) -> Result<VariableName, CommandError> {
    Ok(name.parse()?)
}

fn variables(names: &[String]) -> Result<Vec<VariableName>, CommandError> {
    names.iter().map(|name| variable(name)).collect()
}

fn bytes(values: &[OsString]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.as_bytes().to_vec()).collect()
}

fn standard_input(name: &VariableName) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(CommandError::internal)?;
    match bytes.iter().position(|byte| *byte == 0) {
        None => Ok(bytes),
        Some(at) => Err(CommandError::usage(format!(
            "the value for `{name}` has a NUL byte at {at}, which no shell variable can hold"
        ))
        .hint("encode it, for example with `base64`, or keep it in a file and the path here")),
    }
}
