//! Texts that must not stand in a file, and files that have grown too long.
//!
//! The forbidden texts are put together from parts here, so that this file does not break its own rules.

use super::{Finding, code_lines, is_comment, is_rust, numbered, test_lines};
use crate::workspace::Source;

/// Most lines of a Rust file. One that is longer holds two things.
const MOST_LINES: usize = 800;

/// Files whose tests may sleep: path and reason. A sleep makes a test slow on a good day and wrong on a bad one.
const MAY_SLEEP: &[(&str, &str)] = &[
    ("crates/host/tests/attempts/place.rs", "its own bounded wait for another process"),
    ("crates/store/tests/group_commit.rs", "a transaction that lasts, so that others queue behind it on any disk"),
    (
        "crates/store/tests/probe/journal_probe.rs",
        "a transaction that lasts, so that others queue behind it on any disk",
    ),
];

/// Folders that only one machine has, when a path begins with them.
const MACHINE_FOLDERS: &[&str] = &[concat!("/", "root", "/"), concat!("/", "work", "/")];
const HOMES: &str = concat!("/", "home", "/");
/// Owners of homes in examples.
const NEUTRAL_USERS: &[&str] = &["user", "someone"];

/// Rust texts that are refused, with rule and remedy.
const REFUSED: &[(&str, &str, &str)] = &[
    (concat!("todo", "!("), "unfinished", "finish it, or leave it out and say so in an issue"),
    (concat!("unimplemented", "!("), "unfinished", "finish it, or leave it out and say so in an issue"),
    (concat!("#[", "ignore"), "ignored-test", "mend the test or remove it"),
    (concat!("#[", "allow("), "allowed-lint", "use `#[expect(…, reason = \"…\")]`, which ends with its cause"),
    (concat!("#![", "allow("), "allowed-lint", "use `#![expect(…, reason = \"…\")]`, which ends with its cause"),
];

/// All faults of a file's text.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut found: Vec<Finding> = machine_paths(source).collect();
    if is_rust(source) {
        found.extend(refused_texts(source));
        found.extend(sleeping_tests(source));
        found.extend(too_long(source));
    }
    found
}

fn machine_paths(source: &Source) -> impl Iterator<Item = Finding> {
    numbered(source).filter_map(move |(line, text)| {
        let path = machine_path(text)?;
        let message = format!("`{path}` is a path of one machine");
        Some(finding(
            source,
            line,
            "machine-path",
            message,
            "use a temporary folder, or a neutral `user` in an example",
        ))
    })
}

/// The first path of one machine in a line.
fn machine_path(line: &str) -> Option<&str> {
    let folders = MACHINE_FOLDERS.iter().flat_map(|folder| paths_that_begin(line, folder).map(|_| *folder));
    let homes = paths_that_begin(line, HOMES).filter_map(|rest| {
        let owner = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).next()?;
        // `$USER`, `<name>` or `*` in that place is no one's name.
        (!owner.is_empty() && !NEUTRAL_USERS.contains(&owner)).then_some(HOMES)
    });
    folders.chain(homes).next()
}

/// What follows `folder` wherever a path begins with it; in the middle of a longer path it means something else.
fn paths_that_begin<'a>(line: &'a str, folder: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(folder).filter_map(move |(at, _)| {
        let before = line[..at].chars().next_back();
        let inside = before.is_some_and(|c| c.is_alphanumeric() || "._-~})]/>*$".contains(c));
        (!inside).then(|| &line[at + folder.len()..])
    })
}

fn refused_texts(source: &Source) -> impl Iterator<Item = Finding> {
    numbered(source).filter(|(_, line)| !is_comment(line)).filter_map(move |(line, code)| {
        let (text, rule, remedy) = REFUSED.iter().find(|(text, ..)| code.contains(text))?;
        Some(finding(source, line, rule, format!("`{text}`"), remedy))
    })
}

fn sleeping_tests(source: &Source) -> impl Iterator<Item = Finding> {
    let may = MAY_SLEEP.iter().any(|(path, _)| *path == source.path);
    let sleep = concat!("thread::", "sleep");
    test_lines(source).filter(move |(_, code)| !may && code.contains(sleep)).map(move |(line, _)| {
        let remedy = "wait for the condition itself: `coordinate_testkit::wait_until`";
        finding(source, line, "sleeping-test", "a test that sleeps is slow or wrong".into(), remedy)
    })
}

fn too_long(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let code = code_lines(source).last().map_or(lines, |(line, _)| line);
    let message = format!("{lines} lines, {code} of them before the tests; at most {MOST_LINES}");
    (lines > MOST_LINES)
        .then(|| finding(source, MOST_LINES + 1, "long-file", message, "split it where it holds two things"))
}

fn finding(source: &Source, line: usize, rule: &'static str, message: String, remedy: &str) -> Finding {
    Finding { path: source.path.clone(), line, rule, message, remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{assert_found, source};
    use super::*;

    #[track_caller]
    fn check_rust(text: &str, expected: &[(usize, &str)]) {
        assert_found(&check(&source("crates/a/src/b.rs", text)), expected);
    }

    #[test]
    fn paths_of_one_machine_are_found_in_any_file() {
        for path in [concat!("/ro", "ot/x"), concat!("/wo", "rk/main"), concat!("/ho", "me/eve/x")] {
            let text = format!("fine\nsee \"{path}\"\n");
            assert_found(&check(&source("docs/a.md", &text)), &[(2, "machine-path")]);
        }
    }

    #[test]
    fn neutral_and_longer_paths_are_not() {
        let neutral = [
            concat!("/ho", "me/user/nvim/docs"),
            concat!("/ho", "me/$USER/x"),
            concat!("target/wo", "rk/x"),
            concat!("{root}/wo", "rk/x"),
            concat!("https://example.org/wo", "rk/x"),
            concat!("/wo", "rkspace"),
        ];
        check_rust(&neutral.map(|path| format!("// {path}\n")).concat(), &[]);
    }

    #[test]
    fn unfinished_ignored_and_allowed_are_found_but_not_in_comments() {
        check_rust(concat!("let x = todo", "!();\n"), &[(1, "unfinished")]);
        check_rust(concat!("let x = unimplemented", "!();\n"), &[(1, "unfinished")]);
        check_rust(concat!("\n#[", "ignore]\n"), &[(2, "ignored-test")]);
        check_rust(concat!("\n#[", "ignore = \"slow\"]\n"), &[(2, "ignored-test")]);
        check_rust(concat!("#[", "allow(dead_code)]\n"), &[(1, "allowed-lint")]);
        check_rust(concat!("#![", "allow(dead_code)]\n"), &[(1, "allowed-lint")]);
        check_rust(concat!("// no todo", "!() here\n"), &[]);
        assert_found(&check(&source("docs/a.md", concat!("todo", "!()"))), &[]);
    }

    #[test]
    fn sleeping_is_found_in_tests_only() {
        let sleep = concat!("thread::", "sleep(x);\n");
        check_rust(sleep, &[]);
        check_rust(&format!("#[cfg(test)]\nmod tests {{\n{sleep}"), &[(3, "sleeping-test")]);
        assert_found(&check(&source("crates/a/tests/b.rs", sleep)), &[(1, "sleeping-test")]);
    }

    #[test]
    fn a_file_that_is_too_long_is_found() {
        check_rust(&"x\n".repeat(MOST_LINES), &[]);
        check_rust(&"x\n".repeat(MOST_LINES + 1), &[(MOST_LINES + 1, "long-file")]);
    }
}
