//! Commands that standards name: in a fenced block, or in backticks.
//!
//! A wrong guess would judge every phase by the wrong command. So only what surely runs all tests counts: a known
//! program, a word that says so, and nothing that narrows it to some of them.

use super::{Section, Use};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

/// A shell command, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The command.
    pub command: String,
    /// The file that names it, relative to the project.
    pub file: String,
    /// The section's heading.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub section: String,
}

impl Command {
    /// Where it stands, for people.
    #[must_use]
    pub fn origin(&self) -> String {
        let Self { file, section, .. } = self;
        if section.is_empty() { format!("`{file}`") } else { format!("`{file}`, “{section}”") }
    }
}

/// Programs that run tests or linters, each under its last name.
const PROGRAMS: &[&str] = &[
    "cargo",
    "npm",
    "pnpm",
    "yarn",
    "bun",
    "deno",
    "npx",
    "node",
    "make",
    "just",
    "task",
    "go",
    "gotestsum",
    "pytest",
    "python",
    "python3",
    "tox",
    "nox",
    "uv",
    "poetry",
    "hatch",
    "pdm",
    "mvn",
    "mvnw",
    "gradle",
    "gradlew",
    "sbt",
    "dotnet",
    "bundle",
    "rspec",
    "rake",
    "rails",
    "mix",
    "phpunit",
    "pest",
    "composer",
    "ctest",
    "bazel",
    "swift",
    "flutter",
    "dart",
    "stack",
    "cabal",
    "zig",
    "jest",
    "vitest",
    "nx",
    "turbo",
    "meson",
    "ninja",
    "busted",
    "bats",
    "eslint",
    "ruff",
    "flake8",
    "pylint",
    "mypy",
    "biome",
    "prettier",
    "golangci-lint",
    "shellcheck",
    "rubocop",
    "tsc",
];

/// Parts of words that say that tests are run.
const TESTS: &[&str] = &[
    "test",
    "tests",
    "spec",
    "pytest",
    "tox",
    "nox",
    "jest",
    "vitest",
    "rspec",
    "phpunit",
    "ctest",
    "bats",
    "busted",
    "pest",
    "gotestsum",
];

/// Parts of words that say that code is looked at, and not changed.
const LINTS: &[&str] =
    &["lint", "clippy", "eslint", "ruff", "flake8", "pylint", "mypy", "golangci", "shellcheck", "rubocop", "vet"];

/// What narrows a command to some tests, or never ends.
const NARROW: &[&str] = &[
    "-k",
    "-p",
    "-t",
    "-m=",
    "-run",
    "--run",
    "--package",
    "--filter",
    "--test",
    "--only",
    "--",
    "--watch",
    "--watchAll",
    "--fix",
    "--help",
];

/// The command that runs all tests.
pub(super) fn test_command(sections: &[Section]) -> Option<Command> {
    find(sections, &[Use::Testing, Use::Commands], &|words| {
        // `make check` is the tests by an old custom; `cargo check` is not.
        let by_custom =
            matches!(words, [program, "check", ..] if matches!(last_name(program), "make" | "ninja" | "just"));
        by_custom || (says(words, TESTS) && !says(words, LINTS))
    })
}

/// The command that looks for faults of style.
pub(super) fn lint_command(sections: &[Section]) -> Option<Command> {
    find(sections, &[Use::CodeStyle, Use::Commands, Use::Testing], &|words| says(words, LINTS) && !says(words, TESTS))
}

fn says(words: &[&str], parts: &[&str]) -> bool {
    let split = |c: char| !c.is_alphanumeric();
    words.iter().any(|word| word.split(split).any(|part| parts.contains(&part)))
}

/// The first fitting command of the sections with the first of these uses, then of those with the next. Of two files the
/// deeper one is asked first.
fn find(sections: &[Section], uses: &[Use], fits: &dyn Fn(&[&str]) -> bool) -> Option<Command> {
    let of_use = |of: &Use| {
        let mut having: Vec<&Section> = sections.iter().filter(|section| section.uses.contains(of)).collect();
        having.sort_by_key(|section| std::cmp::Reverse(section.file.matches('/').count()));
        having
    };
    uses.iter().flat_map(of_use).find_map(|section| {
        let candidates = candidates(&section.text);
        let command = candidates.iter().find(|command| is_whole(command, fits))?;
        Some(Command {
            command: from_root(command, &section.file),
            file: section.file.clone(),
            section: section.heading.clone(),
        })
    })
}

/// A command of a deeper folder's file is meant for that folder.
fn from_root(command: &str, file: &str) -> String {
    match file.rsplit_once('/') {
        None => command.to_owned(),
        Some((folder, _)) => format!("cd '{}' && {command}", folder.replace('\'', r"'\''")),
    }
}

/// Lines of shell blocks and single words of code, in the order of the text.
fn candidates(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => in_block = is_shell(&kind),
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(lines) if in_block => found.extend(lines.lines().filter_map(bare)),
            Event::Code(code) => found.extend(bare(&code)),
            _ => {}
        }
    }
    found
}

fn is_shell(kind: &CodeBlockKind<'_>) -> bool {
    match kind {
        CodeBlockKind::Indented => true,
        CodeBlockKind::Fenced(info) => {
            let language = info.split_whitespace().next().unwrap_or_default();
            matches!(language, "" | "sh" | "bash" | "zsh" | "shell" | "console" | "terminal" | "text")
        }
    }
}

/// A line without its prompt and its comment.
fn bare(line: &str) -> Option<String> {
    let line = line.trim();
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.split(" #").next().unwrap_or_default().trim();
    (!line.is_empty() && !line.starts_with('#')).then(|| line.to_owned())
}

/// Whether a command runs as it stands, and on everything.
fn is_whole(command: &str, fits: &dyn Fn(&[&str]) -> bool) -> bool {
    let parts: Vec<&str> = command.split("&&").map(str::trim).collect();
    let Some((last, before)) = parts.split_last() else { return false };
    let words: Vec<&str> = last.split_whitespace().collect();
    let plain = !command.contains(['<', '>', '[', '{', '$', '`', '|', ';', '\\', '…', '*', '"', '\'', '&'])
        || (command.contains("&&") && before.iter().all(|part| part.starts_with("cd ")));
    let narrowed = words.iter().any(|word| NARROW.contains(word) || word.contains("::") || is_one_file(word));
    let known = words.first().is_some_and(|word| is_program(word));
    plain
        && known
        && words.len() > usize::from(!is_alone(&words))
        && !narrowed
        && !command.contains("watch")
        && fits(&words)
}

/// Programs that need no further word to run everything.
fn is_alone(words: &[&str]) -> bool {
    words
        .first()
        .is_some_and(|word| TESTS.contains(&last_name(word)) || LINTS.contains(&last_name(word)) || is_script(word))
}

fn last_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_program(word: &str) -> bool {
    PROGRAMS.contains(&last_name(word)) || is_script(word)
}

fn is_script(word: &str) -> bool {
    let in_place = ["./", "bin/", "script/", "scripts/"].iter().any(|folder| word.starts_with(folder));
    (word.contains('/') && word.ends_with(".sh"))
        || (in_place && !last_name(word).contains('.') && !word.ends_with('/'))
}

fn is_one_file(word: &str) -> bool {
    [".py", ".js", ".ts", ".tsx", ".jsx", ".rs", ".go", ".rb", ".java"].iter().any(|end| word.ends_with(end))
        || word.contains("path/to")
}
