//! What a client asks leave for, what it gets without anybody being asked, and what people are asked.

mod place;
mod policy;
mod question;
mod rule;
mod shell;
#[cfg(test)]
mod tests;

pub use place::Ground;
pub use policy::{Judged, Otherwise, Policy, Rules, TIMEOUT_MS, Verdict, judge};
pub use question::{Answered, Question, TIMEOUT, answer_of, short_id};
pub use rule::{InvalidRule, Rule, Tool, What};

use serde::{Deserialize, Serialize};

/// The longest text of a request's part, in bytes.
pub const LONGEST: usize = 4096;

/// The kind of what a tool does. Decides what may be done unasked, so it is a closed set of this program's own, and not
/// the client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// Reads or searches files.
    Read,
    /// Makes, changes, moves or removes files.
    Edit,
    /// Runs a command.
    Execute,
    /// Reads from the network.
    Fetch,
    /// Something else, or not told.
    #[default]
    Other,
}

/// What a client asks leave for before it does it. It waits for the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PermissionRequest {
    /// Names it in its attempt; the answer carries it.
    pub id: String,
    /// The tool, as the client names it.
    pub tool: String,
    /// What it does.
    #[serde(default)]
    pub kind: ToolKind,
    /// What is to be done, in the client's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The tool's input as JSON text, cut at [`LONGEST`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub input: String,
    /// The file or folder that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Further files or folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_paths: Vec<String>,
    /// The command that is to be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The change of a file, as lines that begin with `-` and `+`, cut at [`LONGEST`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

impl PermissionRequest {
    /// All files and folders that it is about.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.path.iter().chain(&self.more_paths).map(String::as_str)
    }

    /// What it is about, in a line.
    #[must_use]
    pub fn words(&self) -> String {
        let named = [self.command.as_deref(), self.path.as_deref(), Some(self.title.as_str())];
        let what = named.into_iter().flatten().find(|text| !text.trim().is_empty());
        let line = what.and_then(|text| text.trim().lines().next()).unwrap_or_default();
        if line.is_empty() { self.tool.clone() } else { format!("{}: {line}", self.tool) }
    }
}

/// An answer that nobody had to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// Whether it may be done.
    pub allowed: bool,
    /// Why not, for the agent.
    pub comment: String,
}

/// The leave that every agent has, the same that single-shot clients are started with: to read, change and run what it
/// needs in its tree. A file elsewhere, and a tool of no known kind, it may not touch.
#[must_use]
pub fn unasked(request: &PermissionRequest, tree: Option<&str>) -> Leave {
    let refuse = |comment: String| Leave { allowed: false, comment };
    if request.kind == ToolKind::Other {
        return refuse("nobody is here to allow this: go on without it".to_owned());
    }
    let outside = request.paths().find(|path| tree.is_none_or(|tree| !is_below(path, tree)));
    match (outside, tree) {
        (Some(path), Some(_)) => refuse(format!("`{path}` is outside of your tree: work there only")),
        (Some(_), None) => refuse("your tree is not known".to_owned()),
        (None, _) => Leave { allowed: true, comment: String::new() },
    }
}

/// Whether a path lies in a folder by its text alone. A relative one counts from the folder; `..` is never followed.
fn is_below(path: &str, folder: &str) -> bool {
    let inside = match path.strip_prefix('/') {
        None => Some(path),
        Some(_) => {
            path.strip_prefix(folder.trim_end_matches('/')).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    };
    inside.is_some_and(|rest| !rest.split('/').any(|part| part == ".."))
}

/// A text cut at the longest length that is kept, at a character's border.
#[must_use]
pub fn shortened(text: &str) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default().to_owned()
}
