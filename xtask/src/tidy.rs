//! Rules that no compiler checks. Each finding has a place, a rule and a remedy.

mod edges;
mod features;
mod generated;
mod names;
mod purity;
mod texts;

use crate::shell::TaskError;
use crate::workspace::{Source, Workspace};
use std::fmt;

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1.
    line: usize,
    rule: &'static str,
    message: String,
    remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message, remedy } = self;
        write!(f, "{path}:{line}: {rule}: {message}; {remedy}")
    }
}

/// Checks everything and prints what it finds.
pub(crate) fn run(workspace: &Workspace) -> Result<(), TaskError> {
    let sources = workspace.sources()?;
    let mut found = edges::check(workspace);
    found.extend(names::check(&workspace.crates, &sources));
    found.extend(sources.iter().flat_map(texts::check));
    found.extend(sources.iter().flat_map(purity::check));
    found.extend(features::check(&sources));
    found.extend(generated::check(workspace)?);
    found.sort();
    for finding in &found {
        println!("{finding}");
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(TaskError::failed(format!("tidy found {} faults", found.len())))
}

/// The lines of a Rust file before its unit tests, numbered from 1, without comments.
fn code_lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    numbered(source).take_while(|(_, line)| line.trim() != "#[cfg(test)]").filter(|(_, line)| !is_comment(line))
}

/// The lines of the tests in a Rust file: all of a file of tests, else what follows `#[cfg(test)]`.
fn test_lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let whole = source.path.contains("/tests/") || source.path.contains("/benches/");
    numbered(source)
        .skip_while(move |(_, line)| !whole && line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !is_comment(line))
}

fn numbered(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source.text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn is_rust(source: &Source) -> bool {
    source.path.ends_with(".rs")
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

#[cfg(test)]
#[track_caller]
fn assert_found(found: &[Finding], expected: &[(usize, &str)]) {
    let places: Vec<(usize, &str)> = found.iter().map(|finding| (finding.line, finding.rule)).collect();
    assert_eq!(places, expected, "{found:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_place_rule_and_remedy() {
        let finding = Finding {
            path: "crates/a/src/b.rs".into(),
            line: 7,
            rule: "long-file",
            message: "801 lines".into(),
            remedy: "split it".into(),
        };
        assert_eq!(finding.to_string(), "crates/a/src/b.rs:7: long-file: 801 lines; split it");
    }

    #[test]
    fn tests_begin_where_they_are_marked() {
        let file = source("crates/a/src/b.rs", "one\n// two\n#[cfg(test)]\nfour\n");
        assert_eq!(code_lines(&file).collect::<Vec<_>>(), [(1, "one")]);
        assert_eq!(test_lines(&file).collect::<Vec<_>>(), [(3, "#[cfg(test)]"), (4, "four")]);
        let file = source("crates/a/tests/b.rs", "one\n");
        assert_eq!(test_lines(&file).collect::<Vec<_>>(), [(1, "one")]);
    }
}
