//! A rule: a tool, and what of it. The notation is the one that clients use: `Bash(git push:*)`, `Edit(.github/**)`.

use super::place::{Ground, is_like, is_within, touches};
use super::policy::Match;
use super::shell::{Line, Simple, Word, base, read};
use super::{LONGEST, PermissionRequest, ToolKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no rule: {reason}")]
pub struct InvalidRule {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The tools that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// All.
    Any,
    /// Those that do this.
    Kind(ToolKind),
    /// Those that the client calls so; `*` stands for anything.
    Named(String),
}

/// What of a tool a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// All that it does.
    All,
    /// Commands.
    Command {
        /// The words that they begin with.
        words: Vec<String>,
        /// Whether they have no others, where it allows them: what denies or asks is always taken for the begin.
        whole: bool,
    },
    /// Files and folders: a pattern of their paths.
    Path(String),
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    text: String,
    tool: Tool,
    what: What,
}

impl Rule {
    /// The rule as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its tools.
    #[must_use]
    pub fn tool(&self) -> &Tool {
        &self.tool
    }

    /// What of them.
    #[must_use]
    pub fn what(&self) -> &What {
        &self.what
    }

    /// The rule with `~/` as the folder of the user, so that it means the same to everybody who reads it later.
    #[must_use]
    pub fn at_home(self, home: &str) -> Self {
        match &self.what {
            What::Path(path) if path.starts_with("~/") => {
                let path = path.replacen('~', home.trim_end_matches('/'), 1);
                let name = self.text.split('(').next().unwrap_or_default();
                Self { text: format!("{name}({path})"), what: What::Path(path), tool: self.tool }
            }
            What::All | What::Command { .. } | What::Path(_) => self,
        }
    }

    /// The narrowest rule that a request falls under; `None` where its text alone does not tell what it does.
    #[must_use]
    pub fn of(request: &PermissionRequest, ground: Ground<'_>) -> Option<Self> {
        let text = match (class(request), &request.command) {
            (ToolKind::Execute, Some(command)) => format!("Bash({})", plain_command(command)?),
            (ToolKind::Execute, None) => return None,
            (kind @ (ToolKind::Edit | ToolKind::Read), _) => {
                let name = if kind == ToolKind::Edit { "Edit" } else { "Read" };
                let path = request.path.as_ref().filter(|_| request.more_paths.is_empty())?;
                let tree = ground.tree.map(|tree| format!("{}/", tree.trim_end_matches('/')));
                let inside = tree.and_then(|tree| path.strip_prefix(&tree)).unwrap_or(path);
                let rooted = if inside.contains('/') { inside.to_owned() } else { format!("./{inside}") };
                let is_pattern = rooted.contains(['*', '?', '(', ')']) || rooted.split('/').any(|part| part == "..");
                format!("{name}({})", Some(rooted).filter(|_| !is_pattern)?)
            }
            (ToolKind::Fetch, _) => "WebFetch".to_owned(),
            (ToolKind::Other, _) => request.tool.clone(),
        };
        text.parse().ok()
    }

    /// Whether it may be about a request: for rules that ask or deny. What can not be told counts for the worse.
    pub(super) fn touches(&self, request: &PermissionRequest, line: Option<&Line>, ground: Ground<'_>) -> Match {
        if !self.is_about(request) {
            return Match::No;
        }
        match (&self.what, line) {
            (What::All, _) => Match::Yes,
            (What::Command { words, .. }, Some(line)) => begins_any(words, line),
            (What::Path(pattern), _) if request.paths().next().is_some() => {
                request.paths().map(|path| touches(pattern, path, ground)).max().unwrap_or(Match::Unsure)
            }
            (What::Command { .. }, None) | (What::Path(_), _) => Match::Unsure,
        }
    }

    /// Whether it allows a file: all that a request names must be allowed by some rule.
    pub(super) fn allows_path(&self, request: &PermissionRequest, path: &str, ground: Ground<'_>) -> bool {
        let pattern = match &self.what {
            What::All => None,
            What::Path(pattern) => Some(pattern.as_str()),
            What::Command { .. } => return false,
        };
        self.is_about(request) && is_within(pattern, path, ground)
    }

    /// Whether it allows one command of a line.
    pub(super) fn allows_command(&self, request: &PermissionRequest, part: &Simple) -> bool {
        self.is_about(request)
            && match &self.what {
                What::All => true,
                What::Command { words, whole } => !part.beside && is_begin(words, &part.words, *whole),
                What::Path(_) => false,
            }
    }

    /// Whether it allows all that its tool does.
    pub(super) fn allows_all(&self, request: &PermissionRequest) -> bool {
        self.what == What::All && self.is_about(request)
    }

    fn is_about(&self, request: &PermissionRequest) -> bool {
        match &self.tool {
            Tool::Any => true,
            Tool::Named(name) => is_like(&name.to_lowercase(), &request.tool.to_lowercase()),
            Tool::Kind(kind) => {
                let runs = *kind == ToolKind::Execute && request.command.is_some();
                class(request) == *kind || kind_of(&request.tool) == Some(*kind) || runs
            }
        }
    }
}

/// What a request's tool does, by the client's word or else by the tool's name.
pub(super) fn class(request: &PermissionRequest) -> ToolKind {
    match request.kind {
        ToolKind::Other => kind_of(&request.tool).unwrap_or_default(),
        kind @ (ToolKind::Read | ToolKind::Edit | ToolKind::Execute | ToolKind::Fetch) => kind,
    }
}

/// A command line, unless it is so long that its end may be missing.
pub(super) fn command_of(request: &PermissionRequest) -> Option<Line> {
    let command = request.command.as_deref()?;
    let mut line = read(command);
    line.unsure |= command.len() + 4 > LONGEST;
    Some(line)
}

/// The tool that clients call so.
fn kind_of(name: &str) -> Option<ToolKind> {
    match name.to_ascii_lowercase().as_str() {
        "bash" | "shell" | "execute" | "run_shell_command" => Some(ToolKind::Execute),
        "edit" | "write" | "multiedit" | "notebookedit" | "write_file" | "replace" => Some(ToolKind::Edit),
        "read" | "glob" | "grep" | "search" | "ls" | "read_file" => Some(ToolKind::Read),
        "webfetch" | "websearch" | "fetch" | "web_fetch" => Some(ToolKind::Fetch),
        _ => None, // tidy: open set
    }
}

/// Whether some command of a line begins with these words.
fn begins_any(words: &[String], line: &Line) -> Match {
    let found = line.parts.iter().flat_map(Simple::programs).map(|program| begins(words, program)).max();
    found.unwrap_or_default().max(if line.unsure { Match::Unsure } else { Match::No })
}

/// Whether a command begins with these words, its flags and their values aside: `git -C x push` begins with `git push`.
fn begins(wanted: &[String], words: &[Word]) -> Match {
    let (Some((first, wanted)), Some((program, words))) = (wanted.split_first(), words.split_first()) else {
        return Match::No;
    };
    if program.open {
        return Match::Unsure;
    }
    if !is_like(first, &program.text) && !is_like(first, base(&program.text)) {
        return Match::No;
    }
    let (mut wanted, mut sure, mut flag) = (wanted.iter().peekable(), true, false);
    for word in words {
        let Some(next) = wanted.peek() else { break };
        let fits = !word.open && is_like(next, &word.text);
        let is_flag = word.text.starts_with('-');
        if fits || (word.open && !is_flag) {
            sure &= fits;
            wanted.next();
        } else if !is_flag && !flag {
            return Match::No;
        }
        flag = is_flag && !fits;
    }
    match (wanted.peek(), sure) {
        (Some(_), _) => Match::No,
        (None, true) => Match::Yes,
        (None, false) => Match::Unsure,
    }
}

/// Whether a command is these words, or begins with them, as they stand.
fn is_begin(wanted: &[String], words: &[Word], whole: bool) -> bool {
    let fits = |(wanted, word): (&String, &Word)| !word.open && is_like(wanted, &word.text);
    let enough = if whole { wanted.len() == words.len() } else { wanted.len() <= words.len() };
    enough && wanted.iter().zip(words).all(fits)
}

/// A command of plain words alone, written so that a rule of it means just that.
fn plain_command(command: &str) -> Option<String> {
    let line = read(command);
    let [part] = line.parts.as_slice() else { return None };
    let is_plain = |word: &Word| !word.open && !word.text.is_empty() && !word.text.contains(strange);
    let plain = !line.unsure && !part.beside && !part.words.is_empty() && part.words.iter().all(is_plain);
    let words: Vec<&str> = part.words.iter().map(|word| word.text.as_str()).collect();
    plain.then(|| words.join(" ")).filter(|text| !text.ends_with(":*"))
}

fn strange(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "*?()".contains(c)
}

impl FromStr for Rule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let text = text.trim();
        let invalid = |reason| InvalidRule { text: text.to_owned(), reason };
        let (name, what) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => {
                let inner = rest.strip_suffix(')').ok_or_else(|| invalid("a closing `)` is missing at its end"))?;
                (name.trim(), Some(inner.trim()))
            }
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.*".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(invalid(
                "it begins with the name of a tool, as `Bash`, `Edit`, `Read`, `WebFetch` or the client's own",
            ));
        }
        let tool = match (name, kind_of(name)) {
            ("*", _) => Tool::Any,
            (_, Some(kind)) => Tool::Kind(kind),
            (_, None) => Tool::Named(name.to_owned()),
        };
        let what = match (&tool, what) {
            (_, None | Some("*")) => What::All,
            (_, Some("")) => return Err(invalid("nothing stands between `(` and `)`")),
            (Tool::Kind(ToolKind::Execute), Some(command)) => command_pattern(command)
                .ok_or_else(|| invalid("a command is plain words, and `:*` at its end for any others"))?,
            (Tool::Kind(ToolKind::Edit | ToolKind::Read), Some(path)) => {
                if path.split('/').any(|part| part == "..") {
                    return Err(invalid("a path in it has no `..`"));
                }
                // Clients write two slashes before what begins at the root.
                let rooted = path.strip_prefix('/').filter(|rest| rest.starts_with('/')).unwrap_or(path);
                What::Path(rooted.to_owned())
            }
            (Tool::Kind(ToolKind::Fetch | ToolKind::Other) | Tool::Named(_) | Tool::Any, Some(_)) => {
                return Err(invalid(
                    "only rules for commands (`Bash`) and files (`Edit`, `Read`) say more than the tool",
                ));
            }
        };
        Ok(Self { text: text.to_owned(), tool, what })
    }
}

fn command_pattern(text: &str) -> Option<What> {
    let open = text.strip_suffix(":*").or_else(|| text.strip_suffix(" *"));
    let words: Vec<String> = open.unwrap_or(text).split_whitespace().map(str::to_owned).collect();
    let plain = words.iter().all(|word| !word.contains(['\'', '"', ';', '&', '|', '<', '>', '$', '`', '(', ')', '\\']));
    (plain && !words.is_empty()).then_some(What::Command { words, whole: open.is_none() })
}

impl TryFrom<String> for Rule {
    type Error = InvalidRule;

    fn try_from(text: String) -> Result<Self, InvalidRule> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.text
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
