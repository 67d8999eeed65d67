//! What a request says, whatever protocol it came by.

use super::closing;
use super::script::{self, Turn};
use serde_json::Value;

/// Texts in which clients tell the model its folder. What follows is the path.
const FOLDER_TEXTS: &[&str] =
    &["Primary working directory: ", "Working directory: ", "<cwd>", "**Workspace Directories:**\n  - "];

/// A conversation as a request carries it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Conversation {
    pub(super) model: String,
    /// Instructions of the client's own, before what the user says.
    pub(super) instructions: String,
    pub(super) items: Vec<Item>,
    pub(super) tools: Vec<Tool>,
    /// What the answer's text is to be, if not prose; null if the request says nothing.
    pub(super) schema: Value,
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Text in the user's name; clients say much in it too.
    User(String),
    /// Text or a call of the model; what stands together is one turn.
    Model,
    /// What a tool gave.
    Result,
}

/// A tool that the client offers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) input: ToolInput,
}

/// What a tool takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ToolInput {
    /// An object by this JSON schema.
    Object(Value),
    /// Text in a language of its own.
    Text,
}

impl Conversation {
    /// What the model says next.
    ///
    /// # Errors
    /// A mistake in the script.
    pub(super) fn turn(&self) -> Result<Turn, String> {
        let Some((base64, done)) = self.progress() else { return Ok(closing("No script in the prompt.")) };
        Ok(script::turns(base64)?.into_iter().nth(done).unwrap_or_else(|| closing("The script is over.")))
    }

    /// Whether this is the agent's own conversation. Clients also ask for titles and the like, without any tool: such
    /// a request gets text only and spends no fault.
    pub(super) fn is_main(&self) -> bool {
        !self.tools.is_empty()
    }

    /// What tells this turn of this script from all others.
    pub(super) fn place(&self) -> String {
        self.progress().map(|(base64, done)| format!("{done} {base64}")).unwrap_or_default()
    }

    /// The path, absolute if the client tells its folder.
    pub(super) fn absolute(&self, path: &str) -> String {
        match self.folder() {
            Some(folder) if !path.starts_with('/') => format!("{}/{path}", folder.trim_end_matches('/')),
            _ => path.to_owned(),
        }
    }

    /// The script and how many of its turns were answered since it was given.
    fn progress(&self) -> Option<(&str, usize)> {
        let scripts = self.items.iter().enumerate().rev();
        let (at, base64) = scripts
            .filter_map(|(at, item)| Some((at, item.user()?)))
            .find_map(|(at, text)| Some((at, script::find(text)?)))?;
        let after = &self.items[at..];
        let done = after.windows(2).filter(|pair| pair[1] == Item::Model && pair[0] != Item::Model).count();
        Some((base64, done))
    }

    fn folder(&self) -> Option<&str> {
        let texts = std::iter::once(self.instructions.as_str()).chain(self.items.iter().filter_map(Item::user));
        texts.into_iter().find_map(folder_in)
    }
}

impl Item {
    fn user(&self) -> Option<&str> {
        match self {
            Self::User(text) => Some(text),
            Self::Model | Self::Result => None,
        }
    }
}

fn folder_in(text: &str) -> Option<&str> {
    let rest = FOLDER_TEXTS.iter().find_map(|begin| text.split_once(begin).map(|(_, rest)| rest))?;
    let path = rest.split(['\n', '<', '`', '"']).next()?.trim();
    path.starts_with('/').then_some(path)
}

/// The text of a value that is a string, or a list of parts with texts.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

/// The elements of a value that is a list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text of a field; empty if it has none.
pub(super) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"[{"run": "a"}, {"say": "b"}]"#;

    fn user(json: &str) -> Item {
        Item::User(format!("do it: {}", script::marker_of(json)))
    }

    #[track_caller]
    fn check(items: Vec<Item>, expected: &Turn) {
        assert_eq!(Conversation { items, ..Conversation::default() }.turn().as_ref(), Ok(expected));
    }

    #[test]
    fn the_turn_is_counted_in_the_conversation() {
        let (run, say) = (Turn { run: Some("a".into()), ..Turn::default() }, closing("b"));
        check(vec![user(TWO)], &run);
        check(vec![user(TWO), Item::User("a note".into())], &run);
        // Text and two calls are one turn.
        let once = vec![user(TWO), Item::Model, Item::Model, Item::Result, Item::Result];
        check(once.clone(), &say);
        check([once, vec![Item::Model, Item::User("more".into())]].concat(), &closing("The script is over."));
        check(vec![Item::User("hello".into())], &closing("No script in the prompt."));
    }

    #[test]
    fn a_new_script_begins_at_its_first_turn() {
        check(vec![user(r#"[{"say": "x"}]"#), Item::Model, user(TWO), Item::Model, Item::Result], &closing("b"));
    }

    #[test]
    fn a_path_counts_from_the_clients_folder() {
        let conversation = |text: &str| Conversation { instructions: text.into(), ..Conversation::default() };
        assert_eq!(conversation("# Env\n - Primary working directory: /srv/a\n").absolute("b/c"), "/srv/a/b/c");
        assert_eq!(conversation("  <cwd>/srv/a</cwd>").absolute("b"), "/srv/a/b");
        assert_eq!(conversation("- **Workspace Directories:**\n  - /srv/a\n- x").absolute("b"), "/srv/a/b");
        assert_eq!(conversation("  <cwd>/srv/a</cwd>").absolute("/b"), "/b");
        assert_eq!(conversation("Working directory: somewhere").absolute("b"), "b");
    }
}
