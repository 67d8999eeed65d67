//! What the model is to say: a list of turns, carried by the prompt as `FAKE64:` and its JSON in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What begins a script in a prompt. Base64, because clients and templates leave letters alone.
pub const MARKER: &str = "FAKE64:";

/// One answer of the model. Text comes before the tool calls; without calls the model has finished.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Turn {
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// A shell command, by the client's own shell tool. The attempt's variables are there, such as
    /// `$COORDINATE_ARTIFACT`: a script is written before the paths of a run are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// A file, by the client's own tool for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<File>,
    /// Tools by their own names and input, several at once: sub-agents, answers by a schema.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub call: Vec<ToolCall>,
    /// A failure before this turn is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What the turn is said to have cost.
    pub usage: Usage,
}

/// A file that the model writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path; one that is not absolute counts from the folder that the client names as its own.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// A call of a tool by its own name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool.
    pub tool: String,
    /// Its input.
    pub input: Value,
}

/// Tokens of one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Tokens read, without those from a cache.
    pub input: u64,
    /// Tokens read from a cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { input: 10, cached: 0, output: 20 }
    }
}

/// A failure on demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often, before the turn is answered; always if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What it is counted by; the script and the turn if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Seconds until another try makes sense, as the answer's headers say; without it they say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_after: Option<u64>,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 429: too fast.
    RateLimit,
    /// 429: the plan's limit is used up, until a time.
    UsageLimit,
    /// 529, or 503 where that is the word for it.
    Overloaded,
    /// 500.
    ServerError,
    /// 401.
    Unauthorized,
    /// 400: no money left.
    Credit,
    /// 400: more than the model takes.
    PromptTooLong,
    /// An error inside a stream that began well.
    StreamError,
    /// The connection ends in the middle of a stream.
    Cut,
    /// A stream that stops without an end.
    Stall,
    /// The connection ends before a byte of the answer.
    Disconnect,
    /// No answer, and the connection stays open.
    Hang,
}

/// The text that carries these turns in a prompt.
#[must_use]
pub fn marker(turns: &[Turn]) -> String {
    let json: Value = turns.iter().map(|turn| serde_json::to_value(turn).unwrap_or_default()).collect();
    marker_of(&json.to_string())
}

/// The text that carries this JSON in a prompt.
#[must_use]
pub fn marker_of(json: &str) -> String {
    format!("{MARKER}{}", STANDARD.encode(json))
}

/// The base64 of the last script in a text.
pub(super) fn find(text: &str) -> Option<&str> {
    let (_, rest) = text.rsplit_once(MARKER)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c))).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// The turns that [`find`] found.
pub(super) fn turns(base64: &str) -> Result<Vec<Turn>, String> {
    let json = STANDARD.decode(base64).map_err(|cause| format!("the script is no base64: {cause}"))?;
    serde_json::from_slice(&json).map_err(|cause| format!("the script is no list of turns: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_prompt_carries_is_read_back() {
        let fault = Fault { kind: FaultKind::RateLimit, times: Some(2), name: None, reset_after: Some(60) };
        let file = File { path: "a.txt".into(), text: "ä\n".into() };
        let turns = vec![
            Turn { say: Some("Working.".into()), write: Some(file), ..Turn::default() },
            Turn { run: Some("true".into()), fault: Some(fault), ..Turn::default() },
        ];
        let prompt = format!("Do it.\n{}, then stop.", marker(&turns));
        assert_eq!(super::turns(find(&prompt).expect("a script")), Ok(turns));
    }

    #[test]
    fn the_last_script_counts() {
        assert_eq!(find("FAKE64:W10= then FAKE64:W3tdXQ==\n"), Some("W3tdXQ=="));
        assert_eq!(find("none"), None);
    }

    #[track_caller]
    fn check_refused(json: &str, message: &str) {
        let refused = turns(find(&marker_of(json)).expect("a script")).expect_err("refused");
        assert!(refused.contains(message), "{refused}");
    }

    #[test]
    fn a_mistake_in_a_script_is_named() {
        check_refused("[{\"shout\": \"x\"}]", "unknown field `shout`");
        check_refused("[{\"fault\": {\"kind\": \"rain\"}}]", "unknown variant `rain`");
        assert!(turns("=").is_err_and(|message| message.contains("base64")));
    }
}
