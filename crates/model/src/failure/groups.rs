//! Which tests fail, read from what a test runner printed, in groups that somebody can look into apart from each other.

use super::diagnose::without_escapes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most groups: what is beyond goes into the last one.
const MOST_GROUPS: usize = 4;

/// Most names that are kept while reading.
const MOST_NAMES: usize = 64;

/// Most tests that are named in a group.
const MOST_TESTS: usize = 12;

/// Tests that fail together: of one file, module or suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingGroup {
    /// What they have in common.
    pub name: String,
    /// The tests.
    pub tests: Vec<String>,
}

/// Reads the output of a test runner, line by line.
#[derive(Debug, Default)]
pub struct FailingTests {
    order: Vec<String>,
    tests: BTreeMap<String, Vec<String>>,
}

impl FailingTests {
    /// One more line.
    pub fn read(&mut self, line: &str) {
        let Some((group, test)) = failing(&without_escapes(line)) else { return };
        if !self.tests.contains_key(&group) {
            if self.order.len() == MOST_NAMES {
                return;
            }
            self.order.push(group.clone());
        }
        let tests = self.tests.entry(group).or_default();
        if !tests.contains(&test) && tests.len() < MOST_TESTS {
            tests.push(test);
        }
    }

    /// The groups that were named, in the order in which they appeared; none if none was named.
    #[must_use]
    pub fn groups(mut self) -> Vec<FailingGroup> {
        let mut groups: Vec<FailingGroup> = Vec::new();
        for name in self.order {
            let tests = self.tests.remove(&name).unwrap_or_default();
            if groups.len() < MOST_GROUPS {
                groups.push(FailingGroup { name, tests });
            } else if let Some(last) = groups.last_mut() {
                last.tests.extend(tests);
                last.tests.truncate(MOST_TESTS);
            }
        }
        groups
    }
}

/// The group and the name of a test that a line says has failed.
fn failing(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    cargo(line).or_else(|| nextest(line)).or_else(|| pytest(line)).or_else(|| go(line)).or_else(|| jest(line)).or_else(
        || {
            let name = tap(line).or_else(|| plain(line))?;
            Some(split_name(name))
        },
    )
}

/// `test module::name ... FAILED`.
fn cargo(line: &str) -> Option<(String, String)> {
    let name = line.strip_prefix("test ")?.strip_suffix("... FAILED")?.trim();
    Some(split_name(name))
}

/// `FAIL [   0.012s] crate::binary module::name`, perhaps with `(1/9)` before the crate.
fn nextest(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.strip_prefix("FAIL [")?.split_once(']')?;
    let words: Vec<&str> = rest.split_whitespace().filter(|word| !word.starts_with('(')).collect();
    let [binary, .., name] = words.as_slice() else { return None };
    Some(((*binary).to_owned(), (*name).to_owned()))
}

/// `FAILED tests/test_a.py::TestB::test_c - why`.
fn pytest(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR "))?;
    let id = rest.split(" - ").next()?.trim();
    let (file, _) = id.split_once("::")?;
    Some((file.to_owned(), id.to_owned()))
}

/// `--- FAIL: TestName/case (0.00s)`: cases of one test belong together.
fn go(line: &str) -> Option<(String, String)> {
    let name = line.strip_prefix("--- FAIL: ")?.split_whitespace().next()?;
    Some((name.split('/').next().unwrap_or(name).to_owned(), name.to_owned()))
}

/// `● suite › case`.
fn jest(line: &str) -> Option<(String, String)> {
    let name = line.strip_prefix("● ")?;
    let (suite, _) = name.split_once(" › ")?;
    Some((suite.to_owned(), name.to_owned()))
}

/// `not ok 3 - name`.
fn tap(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("not ok ")?;
    let name = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches([' ', '-']);
    let name = name.split(" # ").next().unwrap_or(name).trim();
    (!name.is_empty()).then_some(name)
}

/// `FAIL: name`, `FAILED: name`, `FAIL name`, as many scripts print it.
fn plain(line: &str) -> Option<&str> {
    let rest = ["FAIL: ", "FAILED: ", "FAIL "].iter().find_map(|mark| line.strip_prefix(mark))?.trim();
    (!rest.is_empty()).then_some(rest)
}

/// A name's part before the last `::`, `.py`, ` ` or `:` says what it belongs to.
fn split_name(name: &str) -> (String, String) {
    let group = name.rsplit_once("::").map_or(name, |(group, _)| group);
    let group =
        group.split([':', ' ']).next().filter(|group| !group.is_empty() && !name.contains("::")).unwrap_or(group);
    (group.to_owned(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(output: &str) -> Vec<FailingGroup> {
        let mut tests = FailingTests::default();
        output.lines().for_each(|line| tests.read(line));
        tests.groups()
    }

    #[track_caller]
    fn check(output: &str, expected: &[(&str, &[&str])]) {
        let found = groups(output);
        let found: Vec<(&str, Vec<&str>)> =
            found.iter().map(|group| (group.name.as_str(), group.tests.iter().map(String::as_str).collect())).collect();
        let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(name, tests)| (*name, tests.to_vec())).collect();
        assert_eq!(found, expected, "{output}");
    }

    /// Shows S16.
    #[test]
    fn test_runners_are_read() {
        check("", &[]);
        check("error: could not compile", &[]);
        check(
            "test parse::empty ... FAILED\ntest parse::long ... FAILED\ntest io::open ... ok\ntest io::shut ... FAILED",
            &[("parse", &["parse::empty", "parse::long"]), ("io", &["io::shut"])],
        );
        check(
            "        FAIL [   0.012s] (3/9) core::bin parse::empty\n        PASS [   0.012s] core::bin x",
            &[("core::bin", &["parse::empty"])],
        );
        check(
            "FAILED tests/test_a.py::test_b - assert 1 == 2\nFAILED tests/test_a.py::C::test_d\nFAILED tests/x.py::y",
            &[
                ("tests/test_a.py", &["tests/test_a.py::test_b", "tests/test_a.py::C::test_d"]),
                ("tests/x.py", &["tests/x.py::y"]),
            ],
        );
        check("--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/one (0.00s)\nFAIL", &[("TestA", &["TestA", "TestA/one"])]);
        check("  ● login › refuses a bad word", &[("login", &["login › refuses a bad word"])]);
        check("ok 1 - a\nnot ok 2 - parser reads # time=3", &[("parser", &["parser reads"])]);
        check("FAIL: greeting.sh: expected hello", &[("greeting.sh", &["greeting.sh: expected hello"])]);
        check("\u{1b}[31mFAIL: red\u{1b}[0m", &[("red", &["red"])]);
    }

    #[test]
    fn what_is_beyond_the_last_group_goes_into_it() {
        let output: String = (1..=9).map(|n| format!("test m{n}::t ... FAILED\n")).collect();
        let groups = groups(&output);
        assert_eq!(groups.len(), MOST_GROUPS);
        assert_eq!(groups[3].tests, ["m4::t", "m5::t", "m6::t", "m7::t", "m8::t", "m9::t"]);
    }
}
