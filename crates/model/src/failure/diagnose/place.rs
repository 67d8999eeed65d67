//! Places in source files, as compilers, interpreters and test runners name them.

use std::fmt;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Endings of files that may be named with a line. Without such a list every `host.com:443` would be a place.
const ENDINGS: &[&str] = &[
    "rs", "py", "pyi", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue", "svelte", "go", "c", "cc", "cpp",
    "cxx", "h", "hh", "hpp", "java", "kt", "kts", "scala", "groovy", "cs", "swift", "rb", "php", "ex", "exs", "hs",
    "lua", "pl", "sh", "bash", "zsh", "fish", "sql", "toml", "json", "yaml", "yml", "xml", "md", "html", "css", "scss",
    "proto", "mk",
];

/// What shows that a place lies in a library or in the tools themselves, in the file's name or elsewhere in its line.
const FOREIGN: &[&str] = &[
    "node_modules/",
    "site-packages/",
    "dist-packages/",
    "/usr/",
    "/opt/",
    "/rustc/",
    "/.rustup/",
    "/.cargo/registry/",
    "/go/pkg/mod/",
    "/lib/python",
    "node:",
    "<frozen",
    "at java.",
    "at jdk.",
    "at sun.",
    "at junit.",
    "at org.junit.",
    "at org.gradle.",
    "at org.apache.maven.",
];

/// The first place in the project; if there is none, the first of all.
pub(super) fn first(lines: &[String]) -> Option<Place> {
    let mut foreign = None;
    for line in lines.iter().filter(|line| !is_only_passed_on(line)) {
        let Some(place) = of_line(line) else { continue };
        if !FOREIGN.iter().any(|mark| line.contains(mark)) {
            return Some(place);
        }
        foreign = foreign.or(Some(place));
    }
    foreign
}

/// `make: *** [Makefile:2: test] Error 1` names the rule whose command failed, not the fault.
fn is_only_passed_on(line: &str) -> bool {
    line.contains("*** [") && line.contains("] Error")
}

fn of_line(line: &str) -> Option<Place> {
    python(line).or_else(|| shell(line)).or_else(|| line.split(is_around).find_map(word))
}

fn is_around(c: char) -> bool {
    c.is_whitespace() || "\"'`[]<>|=,;".contains(c)
}

/// `File "x.py", line 3, in f`.
fn python(line: &str) -> Option<Place> {
    let rest = line.trim_start().strip_prefix("File \"")?;
    let (file, rest) = rest.split_once("\", line ")?;
    place(file, rest)
}

/// `./run.sh: line 3: x: command not found`, and `./run.sh: 3: x: not found`.
fn shell(line: &str) -> Option<Place> {
    let (file, rest) = line.split_once(": ")?;
    let numbered = rest.strip_prefix("line ").unwrap_or(rest);
    let is_numbered =
        numbered.split_once(':').is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    if is_numbered && !file.contains(char::is_whitespace) { place(file, numbered) } else { None }
}

/// `src/x.rs:3:5`, `(src/x.js:3:5)`, `src/x.ts(3`, `Makefile:3:`, `file:///src/x.js:3`.
fn word(word: &str) -> Option<Place> {
    let bare = word.trim_start_matches('(').trim_start_matches("file://");
    let bare = bare.rsplit_once('(').filter(|(_, inner)| inner.contains(':')).map_or(bare, |(_, inner)| inner);
    bare.match_indices([':', '(']).find_map(|(at, _)| place(bare.get(..at)?, bare.get(at + 1..)?))
}

/// A file and the number that the rest begins with, if both look like what they should be.
fn place(file: &str, rest: &str) -> Option<Place> {
    let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| rest.get(..end).unwrap_or_default());
    let line = digits.parse().ok().filter(|line| *line > 0)?;
    let name = file.rsplit('/').next().unwrap_or_default();
    let is_source = name
        .rsplit_once('.')
        .is_some_and(|(stem, end)| !stem.is_empty() && ENDINGS.iter().any(|ending| end.eq_ignore_ascii_case(ending)));
    let is_makefile = matches!(name, "Makefile" | "makefile" | "GNUmakefile");
    (is_source || is_makefile).then(|| Place { file: file.strip_prefix("./").unwrap_or(file).to_owned(), line })
}
