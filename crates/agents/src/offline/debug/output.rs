//! What the output of a test names: places in files, and the tests that fail.

use super::super::tree::relative;
use std::collections::VecDeque;
use std::fmt;
use std::path::{Component, Path};

/// How many of the last lines are kept, and how wide.
const END: usize = 60;
const WIDE: usize = 400;
/// How many places and names are kept.
const PLACES: usize = 64;
const SHOWN: usize = 5;
const FAILING: usize = 8;

/// A place that an output names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::offline) struct Place {
    pub(in crate::offline) path: String,
    /// From 1.
    pub(in crate::offline) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// The output of a test, as far as it is kept: however long it is, its end and what it names.
#[derive(Debug, Default)]
pub(in crate::offline) struct Output {
    end: VecDeque<String>,
    lines: usize,
    /// As they are written, each once.
    places: Vec<Place>,
    failing: Vec<String>,
}

impl Output {
    /// Takes the next line.
    pub(in crate::offline) fn line(&mut self, line: &str) {
        let line = without_colours(line);
        self.lines += 1;
        for place in places(&line) {
            if self.places.len() < PLACES && !self.places.contains(&place) {
                self.places.push(place);
            }
        }
        let failing = failing(&line).filter(|name| !self.failing.iter().any(|one| one == name));
        if let Some(name) = failing.filter(|_| self.failing.len() < FAILING) {
            self.failing.push(name.to_owned());
        }
        if self.end.len() == END {
            self.end.pop_front();
        }
        self.end.push_back(line.chars().take(WIDE).collect());
    }

    /// How many lines there were.
    pub(in crate::offline) fn lines(&self) -> usize {
        self.lines
    }

    /// The last lines.
    pub(in crate::offline) fn end(&self) -> Vec<&str> {
        self.end.iter().map(String::as_str).collect()
    }

    /// The tests that it says fail.
    pub(in crate::offline) fn failing(&self) -> &[String] {
        &self.failing
    }

    /// The first places that are files of the tree.
    pub(in crate::offline) fn places_in(&self, tree: &Path) -> Vec<Place> {
        let mut found: Vec<Place> = Vec::new();
        for place in &self.places {
            let Some(path) = inside(tree, &place.path) else { continue };
            let place = Place { path, line: place.line };
            if !found.contains(&place) && found.len() < SHOWN {
                found.push(place);
            }
        }
        found
    }
}

/// A path that an output names as one below the tree, if there is such a file.
fn inside(tree: &Path, path: &str) -> Option<String> {
    let named = Path::new(path);
    let below = if named.is_absolute() { relative(tree, named)? } else { path.trim_start_matches("./").to_owned() };
    let plain = Path::new(&below).components().all(|part| matches!(part, Component::Normal(_)));
    (plain && tree.join(&below).is_file()).then_some(below)
}

/// The places of a line: `path:line`, and Python's `File "path", line N`.
fn places(line: &str) -> Vec<Place> {
    if let Some(place) = traceback(line) {
        return vec![place];
    }
    let words = line.split(|c: char| c.is_whitespace() || "()[]<>\"'`,".contains(c));
    words.filter_map(place).collect()
}

fn traceback(line: &str) -> Option<Place> {
    let (path, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(Place { path: path.to_owned(), line: digits.parse().ok()? })
}

/// `src/a.rs:12`, with a column or a colon behind it or not.
fn place(word: &str) -> Option<Place> {
    let (path, rest) = word.split_once(':')?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let line: usize = digits.parse().ok().filter(|line| *line > 0)?;
    let is_path = path.contains(['/', '.']) && !path.starts_with("http") && !path.ends_with('.');
    is_path.then(|| Place { path: path.to_owned(), line })
}

/// The test that a line says fails, in the words of common test programs.
fn failing(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("test ") {
        // cargo test
        return rest.strip_suffix("... FAILED").map(str::trim);
    }
    let leads = ["--- FAIL: ", "FAILED ", "FAIL: ", "FAIL ", "✗ ", "✘ ", "× ", "[FAIL] "];
    if let Some(rest) = leads.iter().find_map(|lead| line.strip_prefix(lead)) {
        // nextest puts the time, pytest the reason, behind it.
        let rest = rest.trim_start().split(" - ").next()?;
        let rest = if rest.starts_with('[') { rest.split_once(']').map_or(rest, |(_, name)| name) } else { rest };
        let name = rest.split(" (").next()?.trim();
        return (!name.is_empty()).then_some(name);
    }
    let rest = line.strip_prefix("not ok ")?;
    // TAP
    Some(rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches([' ', '-']))
        .filter(|name| !name.is_empty())
}

/// A line without the signs by which terminals colour it.
fn without_colours(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut parts = line.split("\u{1b}[");
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        kept.push_str(part.get(end..).unwrap_or_default());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_the_words_of_many_programs() {
        let cases = [
            ("thread 'main' panicked at src/a.rs:12:5:", "src/a.rs:12"),
            ("  --> src/b.rs:3:1", "src/b.rs:3"),
            ("  File \"app/c.py\", line 40, in load", "app/c.py:40"),
            ("    at run (lib/d.js:7:13)", "lib/d.js:7"),
            ("e.go:9: undefined", "e.go:9"),
            ("\u{1b}[31mf.c:2:1: error\u{1b}[0m", "f.c:2"),
        ];
        for (line, expected) in cases {
            let mut output = Output::default();
            output.line(line);
            assert_eq!(output.places.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected], "{line}");
        }
        for line in ["12:30:01 started", "http://localhost:80", "a: 3", "ratio 1:2"] {
            assert_eq!(places(line), [], "{line}");
        }
    }

    #[test]
    fn failing_tests_are_found_in_the_words_of_many_programs() {
        let cases = [
            ("test net::retries ... FAILED", "net::retries"),
            ("--- FAIL: TestRetry (0.00s)", "TestRetry"),
            ("FAILED tests/test_a.py::test_retry - assert 1 == 2", "tests/test_a.py::test_retry"),
            ("        FAIL [   0.012s] agents retry::stops", "agents retry::stops"),
            ("not ok 3 - retries stop", "retries stop"),
        ];
        for (line, name) in cases {
            assert_eq!(failing(line), Some(name), "{line}");
        }
        assert_eq!(failing("test net::retries ... ok"), None);
    }

    #[test]
    fn only_files_of_the_tree_are_places() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::write(tree.path().join("a.rs"), "x").unwrap();
        let mut output = Output::default();
        let inside = tree.path().join("a.rs").display().to_string();
        for line in ["./a.rs:1", "../a.rs:2", "/etc/passwd:3", "b.rs:4", &format!("{inside}:5")] {
            output.line(line);
        }
        let places: Vec<String> = output.places_in(tree.path()).iter().map(ToString::to_string).collect();
        assert_eq!(places, ["a.rs:1", "a.rs:5"]);
    }

    #[test]
    fn only_the_end_of_a_long_output_is_kept() {
        let mut output = Output::default();
        (0..1000).for_each(|number| output.line(&number.to_string()));
        assert_eq!((output.lines(), output.end().len(), output.end()[END - 1]), (1000, END, "999"));
    }
}
