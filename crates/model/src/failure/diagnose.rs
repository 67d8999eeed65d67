//! Diagnoses what a command printed: what sort of error it is, where it first shows, what to try.

mod place;
#[cfg(test)]
mod tests;

pub use place::Place;

use std::fmt;

/// The sort of an error, finer than its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The source can not be read by its compiler or interpreter.
    Syntax,
    /// A module, package or header can not be found.
    Import,
    /// The system refuses access.
    Permission,
    /// Something is used that is not there: null, nil, None, undefined.
    Null,
    /// A file or a program is missing.
    MissingFile,
    /// Something took too long.
    Timeout,
    /// A test found what it did not expect.
    TestFailure,
}

impl ErrorType {
    /// All, the most telling first: a missing module also makes its tests fail.
    pub const ALL: [Self; 7] =
        [Self::Syntax, Self::Import, Self::Permission, Self::Null, Self::MissingFile, Self::Timeout, Self::TestFailure];

    /// What it is called in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "a syntax error",
            Self::Import => "an import that can not be resolved",
            Self::Permission => "a missing permission",
            Self::Null => "a use of something that is not there",
            Self::MissingFile => "a missing file or program",
            Self::Timeout => "a timeout",
            Self::TestFailure => "a failing test",
        }
    }

    /// What to try.
    #[must_use]
    pub fn suggestion(self) -> &'static str {
        match self {
            Self::Syntax => "mend the syntax there; what is unclosed may begin some lines before",
            Self::Import => {
                "check the name, and whether the dependency is declared and installed in a fresh tree \
                 (`worktree.setup` prepares one)"
            }
            Self::Permission => "look at the owner and mode of what is named (`ls -l`); scripts need `chmod +x`",
            Self::Null => "find out why the value is not there, and handle its absence",
            Self::MissingFile => {
                "check the path and the folder that it counts from; git-ignored files are not in a fresh tree \
                 (`worktree.link`, `worktree.setup`)"
            }
            Self::Timeout => "look for what it waits for; raise the test's own limit, or `test.limit_seconds`",
            Self::TestFailure => {
                "compare what the test expects with what the code does, and mend the one that is wrong"
            }
        }
    }

    /// Phrases that tell it, in lower case.
    fn phrases(self) -> &'static [&'static str] {
        match self {
            Self::Syntax => &[
                "syntaxerror",
                "syntax error",
                "indentationerror",
                "error: expected",
                "error: unexpected",
                "this file contains an unclosed delimiter",
                "mismatched closing delimiter",
                "error ts1",
                "' expected",
                "missing separator",
                "unexpected end of file",
            ],
            Self::Import => &[
                "modulenotfounderror",
                "importerror",
                "no module named",
                "cannot find module",
                "err_module_not_found",
                "unresolved import",
                "unresolved module",
                "file not found for module",
                "can't find crate",
                "error ts2307",
                "no required module provides package",
                "is not in std",
                "could not import",
                ".h: no such file",
                ".hpp: no such file",
                "classnotfoundexception",
                "noclassdeffounderror",
            ],
            Self::Permission => &["permission denied", "permissionerror", "eacces", "eperm", "operation not permitted"],
            Self::Null => &[
                "nonetype' object",
                "cannot read properties of undefined",
                "cannot read properties of null",
                "cannot read property",
                "nil pointer dereference",
                "nullpointerexception",
                "null pointer",
                "on a `none` value",
                "is not a function",
                "segmentation fault",
                "sigsegv",
            ],
            Self::MissingFile => &[
                "no such file or directory",
                "filenotfounderror",
                "enoent",
                "nosuchfileexception",
                "filenotfoundexception",
                "command not found",
                ": not found",
                "no rule to make target",
                "cannot open",
            ],
            Self::Timeout => &[
                "timed out",
                "timeouterror",
                "etimedout",
                "exceeded timeout",
                "deadline exceeded",
                "timeoutexception",
                "took longer than",
            ],
            Self::TestFailure => &[
                "assertionerror",
                "assertion failed",
                "assertion `",
                "panicked at",
                "test result: failed",
                "--- fail",
                "expect(received)",
                "tests failed",
                "test failed",
                "failures!",
                "failed tests",
                "assertionfailederror",
                "comparisonfailure",
                "not ok ",
                "test suites: ",
            ],
        }
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an output tells of its error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The sort of error, if it is a known one.
    pub error: Option<ErrorType>,
    /// The first place in the project that is named; one in a library only if there is no other.
    pub place: Option<Place>,
}

impl Diagnosis {
    /// What to try, a line each.
    pub fn suggestions(&self) -> impl Iterator<Item = String> {
        let place = self.place.as_ref().map(|place| format!("begin at `{place}`"));
        place.into_iter().chain(self.error.map(|error| error.suggestion().to_owned()))
    }

    /// Sort and place in a few words, `a syntax error at src/main.rs:3`; empty if nothing is known.
    #[must_use]
    pub fn words(&self) -> String {
        match (self.error, &self.place) {
            (Some(error), Some(place)) => format!("{error} at {place}"),
            (Some(error), None) => error.name().to_owned(),
            (None, Some(place)) => format!("an error at {place}"),
            (None, None) => String::new(),
        }
    }
}

/// Reads the lines that a compiler, an interpreter or a test runner has printed.
#[must_use]
pub fn diagnose(lines: &[String]) -> Diagnosis {
    let plain: Vec<String> = lines.iter().map(|line| without_escapes(line)).collect();
    let lower: Vec<String> = plain.iter().map(|line| line.to_lowercase()).collect();
    let tells = |error: &ErrorType| {
        let told = |line: &String| error.phrases().iter().any(|phrase| line.contains(phrase));
        lower.iter().any(told)
    };
    Diagnosis { error: ErrorType::ALL.into_iter().find(tells), place: place::first(&plain) }
}

/// A line without the sequences that colour it on a terminal.
pub(super) fn without_escapes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            text.push(c);
        } else if chars.next() == Some('[') {
            // Up to the letter that ends the sequence.
            let _ = chars.find(char::is_ascii_alphabetic);
        }
    }
    text
}
