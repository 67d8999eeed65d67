//! The language of the scripted agent: one action a line, done in order.
//!
//! A script is read whole before its first action, so that a mistake in it shows at once and leaves nothing half done.

use std::path::PathBuf;

/// What the scripted agent can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `write PATH TEXT…`: a file with exactly this text; without text an empty one. Folders are made.
    Write(PathBuf, String),
    /// `append PATH TEXT…`: the text at the end of a file.
    Append(PathBuf, String),
    /// `touch PATH`: a file that exists; its content stays.
    Touch(PathBuf),
    /// `half-write PATH TEXT…`: the first half of the text, then a crash. Without text, the file's own first half.
    HalfWrite(PathBuf, String),
    /// `say TEXT`: a line on standard output.
    Say(String),
    /// `err TEXT`: a line on standard error.
    Err(String),
    /// `bytes HEX`: these bytes on standard output, for output that is no text.
    Bytes(Vec<u8>),
    /// `flood BYTES`: this many bytes on standard output, in lines of 1 KiB.
    Flood(u64),
    /// `exit CODE`.
    Exit(i32),
    /// `crash`: ends by SIGABRT.
    Crash,
    /// `kill-self SIGNAL`: sends itself a signal, by number or by a name such as `SEGV`.
    KillSelf(i32),
    /// `hang`: no output and no end.
    Hang,
    /// `ignore-term`: from now on SIGTERM has no effect.
    IgnoreTerm,
    /// `fork-child [MARKERFILE]`: a child that lives on; its process id goes into the marker file.
    ForkChild(Option<PathBuf>),
    /// `fork-session MARKERFILE`: a grandchild in a session of its own, without a living parent of ours, that lives
    /// on with our outputs open; its process id goes into the marker file.
    ForkSession(PathBuf),
    /// `commit MESSAGE`: everything in the work tree, with git.
    Commit(String),
    /// `wait-for PATH`: goes on once the file exists.
    WaitFor(PathBuf),
    /// `sh COMMAND…`: by `sh -c`; its exit code ends the script if it is not 0.
    Shell(String),
    /// `if-attempt N ACTION…`: only in the step's attempt N (`COORDINATE_ATTEMPT` ends with `@N`).
    IfAttempt(u32, Box<Action>),
    /// `if-role ROLE ACTION…`: only for this role (`COORDINATE_ROLE`).
    IfRole(String, Box<Action>),
}

/// Why a line is no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// No action has this name.
    #[error(
        "script line {line}: unknown action `{name}`; the actions are listed at `coordinate_testkit::script::Action`"
    )]
    UnknownAction {
        /// The line, from 1.
        line: usize,
        /// The first word of it.
        name: String,
    },
    /// The action lacks something, or what it has is no number.
    #[error("script line {line}: `{name}` wants {wanted}")]
    BadArgument {
        /// The line, from 1.
        line: usize,
        /// The action.
        name: String,
        /// What should stand there.
        wanted: &'static str,
    },
}

/// Reads a script. Empty lines and lines that begin with `#` are skipped.
///
/// # Errors
/// The first line that is no action.
pub fn parse(text: &str) -> Result<Vec<Action>, ScriptError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(n, line)| action(n, line)).collect()
}

/// The script in a prompt: the lines of its fenced `script` blocks, in order. `None` if it has no such block.
#[must_use]
pub fn script_in_prompt(prompt: &str) -> Option<String> {
    let mut script: Option<String> = None;
    let mut inside = false;
    for line in prompt.lines() {
        match line.trim() {
            "```script" => {
                inside = true;
                script.get_or_insert_default();
            }
            "```" => inside = false,
            other if inside => {
                let text = script.get_or_insert_default();
                text.push_str(other);
                text.push('\n');
            }
            _ => {}
        }
    }
    script
}

fn action(line: usize, text: &str) -> Result<Action, ScriptError> {
    let (name, rest) = split_word(text);
    let argument = Argument { line, name, rest };
    Ok(match name {
        "write" => argument.path_and_text(Action::Write)?,
        "append" => argument.path_and_text(Action::Append)?,
        "half-write" => argument.path_and_text(Action::HalfWrite)?,
        "touch" => Action::Touch(argument.path()?),
        "say" => Action::Say(unescape(rest)),
        "err" => Action::Err(unescape(rest)),
        "bytes" => Action::Bytes(hex(rest).ok_or_else(|| argument.wants("pairs of hexadecimal digits"))?),
        "flood" => Action::Flood(argument.number("a number of bytes")?),
        "exit" => Action::Exit(argument.number("an exit code")?),
        "crash" => Action::Crash,
        "kill-self" => Action::KillSelf(signal(rest).ok_or_else(|| argument.wants("a signal"))?),
        "hang" => Action::Hang,
        "ignore-term" => Action::IgnoreTerm,
        "fork-child" => Action::ForkChild((!rest.is_empty()).then(|| rest.into())),
        "fork-session" => Action::ForkSession(argument.path()?),
        "commit" => Action::Commit(unescape(rest)),
        "wait-for" => Action::WaitFor(argument.path()?),
        "sh" => Action::Shell(rest.to_owned()),
        "if-attempt" => {
            let (number, then) = split_word(rest);
            let number = number.parse().map_err(|_| argument.wants("an attempt's number and an action"))?;
            Action::IfAttempt(number, Box::new(action(line, then)?))
        }
        "if-role" => {
            let (role, then) = split_word(rest);
            Action::IfRole(role.to_owned(), Box::new(action(line, then)?))
        }
        unknown => return Err(ScriptError::UnknownAction { line, name: unknown.to_owned() }),
    })
}

/// The rest of a line, with what its error messages need.
struct Argument<'a> {
    line: usize,
    name: &'a str,
    rest: &'a str,
}

impl Argument<'_> {
    fn wants(&self, wanted: &'static str) -> ScriptError {
        ScriptError::BadArgument { line: self.line, name: self.name.to_owned(), wanted }
    }

    fn path(&self) -> Result<PathBuf, ScriptError> {
        if self.rest.is_empty() { Err(self.wants("a path")) } else { Ok(self.rest.into()) }
    }

    fn path_and_text(&self, make: fn(PathBuf, String) -> Action) -> Result<Action, ScriptError> {
        let (path, text) = split_word(self.rest);
        if path.is_empty() {
            return Err(self.wants("a path and a text"));
        }
        Ok(make(path.into(), unescape(text)))
    }

    fn number<N: std::str::FromStr>(&self, wanted: &'static str) -> Result<N, ScriptError> {
        self.rest.parse().map_err(|_| self.wants(wanted))
    }
}

/// The first word, and the rest without the blank between.
fn split_word(text: &str) -> (&str, &str) {
    text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

/// `\n`, `\t` and `\\` as one character each; any other character after a backslash stays as it is.
fn unescape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            result.push(character);
            continue;
        }
        match rest.next() {
            Some('n') => result.push('\n'),
            Some('t') => result.push('\t'),
            Some('\\') | None => result.push('\\'),
            Some(other) => result.extend(['\\', other]),
        }
    }
    result
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).ok()).collect()
}

fn signal(name: &str) -> Option<i32> {
    match name.strip_prefix("SIG").unwrap_or(name) {
        "HUP" => Some(1),
        "INT" => Some(2),
        "QUIT" => Some(3),
        "ABRT" => Some(6),
        "KILL" => Some(9),
        "SEGV" => Some(11),
        "PIPE" => Some(13),
        "TERM" => Some(15),
        number => number.parse().ok().filter(|number| (1..=31).contains(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Action) {
        assert_eq!(parse(line), Ok(vec![expected]), "{line}");
    }

    #[track_caller]
    fn check_error(text: &str, message: &str) {
        assert_eq!(parse(text).map_err(|error| error.to_string()), Err(message.to_owned()));
    }

    #[test]
    fn every_action_is_read() {
        check(r"write a/b.md # Title\n\nBody \\n", Action::Write("a/b.md".into(), "# Title\n\nBody \\n".into()));
        check("write empty", Action::Write("empty".into(), String::new()));
        check(r"append log one\ttwo", Action::Append("log".into(), "one\ttwo".into()));
        check("touch /tmp/x", Action::Touch("/tmp/x".into()));
        check("half-write a text", Action::HalfWrite("a".into(), "text".into()));
        check("say hello  there", Action::Say("hello  there".into()));
        check(r"err 100 \% \", Action::Err(r"100 \% \".into()));
        check("bytes ff 00", Action::Bytes(vec![255, 0]));
        check("flood 5000", Action::Flood(5000));
        check("exit 3", Action::Exit(3));
        check("crash", Action::Crash);
        check("kill-self SIGSEGV", Action::KillSelf(11));
        check("kill-self 9", Action::KillSelf(9));
        check("hang", Action::Hang);
        check("ignore-term", Action::IgnoreTerm);
        check("fork-child", Action::ForkChild(None));
        check("fork-child m", Action::ForkChild(Some("m".into())));
        check("fork-session m", Action::ForkSession("m".into()));
        check("commit feat: it", Action::Commit("feat: it".into()));
        check("wait-for go", Action::WaitFor("go".into()));
        check("sh echo $HOME && exit 1", Action::Shell("echo $HOME && exit 1".into()));
        check("if-attempt 2 exit 1", Action::IfAttempt(2, Box::new(Action::Exit(1))));
        check("if-role tester crash", Action::IfRole("tester".into(), Box::new(Action::Crash)));
    }

    #[test]
    fn comments_and_empty_lines_are_skipped_and_counted() {
        assert_eq!(parse("# note\n\n  crash\n"), Ok(vec![Action::Crash]));
        check_error(
            "# note\n\nfly away",
            "script line 3: unknown action `fly`; the actions are listed at `coordinate_testkit::script::Action`",
        );
    }

    #[test]
    fn a_bad_argument_is_named() {
        check_error("exit soon", "script line 1: `exit` wants an exit code");
        check_error("write", "script line 1: `write` wants a path and a text");
        check_error("bytes abc", "script line 1: `bytes` wants pairs of hexadecimal digits");
        check_error("kill-self LOUD", "script line 1: `kill-self` wants a signal");
        check_error("if-attempt x crash", "script line 1: `if-attempt` wants an attempt's number and an action");
    }

    #[test]
    fn the_script_is_taken_from_the_fenced_blocks_of_a_prompt() {
        let prompt = "# Do\n\n```script\nsay a\n```\ncrash\n```sh\nexit 9\n```\n  ```script\n  say b\n  ```\n";
        assert_eq!(script_in_prompt(prompt), Some("say a\nsay b\n".into()));
        assert_eq!(script_in_prompt("no script here\n```sh\n```\n"), None);
        assert_eq!(script_in_prompt("```script\n```\n"), Some(String::new()));
    }
}
