//! The pure crates ask no one: no clock, no environment, no files; and their matches name every case.

use super::{Finding, code_lines, is_rust};
use crate::workspace::Source;

const PURE: &[&str] = &["crates/model/src/", "crates/engine/src/"];

/// What a pure crate must not call.
const EVERYWHERE: &[&str] = &["std::env::", "std::net::", "std::process::", "SystemTime::now", "Instant::now"];
/// What the model, moreover, must not even name.
const IN_MODEL: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::time::Instant",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "TimeZone::get",
    "TimeZoneDatabase::from_env",
    "jiff::tz::db",
];

/// Enums of outside crates, by a text that shows their use in a file: they may get new cases with any release, and
/// most of their cases mean nothing to us.
const OUTSIDE_ENUMS: &[(&str, &[&str])] =
    &[("pulldown_cmark", &["Event", "Tag", "TagEnd"]), ("serde_json", &["Value"]), ("toml", &["Value"])];

/// Says that a match is on an open set, such as a text or a number, and the wildcard arm is meant.
const OPEN_SET: &str = "// tidy: open set";

/// Every line of a pure crate that reaches outside, and every wildcard arm on what may be a closed set.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !is_rust(source) || !PURE.iter().any(|folder| source.path.starts_with(folder)) {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let model: &[&str] = if source.path.starts_with("crates/model/") { IN_MODEL } else { &[] };
    code_lines(source)
        .flat_map(|(line, code)| {
            let outside = EVERYWHERE.iter().chain(model).find(|text| code.contains(**text));
            let outside = outside.map(|text| reaches_outside(source, line, text));
            let wildcard =
                is_wildcard_on_closed_set(&source.text, &lines, line - 1).then(|| wildcard_arm(source, line));
            outside.into_iter().chain(wildcard)
        })
        .collect()
}

fn reaches_outside(source: &Source, line: usize, text: &str) -> Finding {
    let message = format!("`{text}` in a crate that asks no one");
    let remedy = "take what it gives as an argument or through a port".to_owned();
    Finding { path: source.path.clone(), line, rule: "impure", message, remedy }
}

fn wildcard_arm(source: &Source, line: usize) -> Finding {
    Finding {
        path: source.path.clone(),
        line,
        rule: "wildcard-arm",
        message: "a new case would fall into `_ =>` unseen".into(),
        remedy: format!("name the cases; on a set that is open by nature write `{OPEN_SET}` at the arm"),
    }
}

/// Whether line `index` is an unmarked wildcard arm beside arms that name cases of an enum of ours. Texts, numbers and
/// options of things cannot be named one by one.
fn is_wildcard_on_closed_set(text: &str, lines: &[&str], index: usize) -> bool {
    let arm = lines[index].trim_start();
    if !(arm.starts_with("_ =>") || arm.starts_with("_ if ")) {
        return false;
    }
    // The formatter may move the mark from the arm's line into the block that follows.
    let near = index.saturating_sub(1)..(index + 2).min(lines.len());
    let marked = lines[near].iter().any(|line| line.contains(OPEN_SET));
    !marked && sibling_arms(lines, index).any(|arm| names_case_of_ours(text, arm))
}

/// The arms before this one in the same match: lines of the same depth, up to the first that is less deep.
fn sibling_arms<'a>(lines: &'a [&'a str], index: usize) -> impl Iterator<Item = &'a str> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let own = depth(lines[index]);
    let before = lines[..index].iter().rev().take_while(move |line| line.trim().is_empty() || depth(line) >= own);
    before.filter(move |line| depth(line) == own).map(|line| line.trim_start())
}

/// Whether an arm's pattern has the form `Enum::Case` with an enum of ours. A tuple of options has too many
/// combinations to name, whatever is in it.
fn names_case_of_ours(text: &str, arm: &str) -> bool {
    let pattern = arm.split(" => ").next().unwrap_or(arm);
    let words: Vec<&str> = pattern.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).collect();
    let outside = |name: &str| OUTSIDE_ENUMS.iter().any(|(mark, enums)| text.contains(mark) && enums.contains(&name));
    let case_of_ours = |word: &&str| {
        let Some((path, case)) = word.rsplit_once("::") else { return false };
        let name = path.rsplit("::").next().unwrap_or(path);
        begins_upper(name) && begins_upper(case) && !outside(name)
    };
    !pattern.starts_with("(Some(") && words.iter().any(case_of_ours)
}

fn begins_upper(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::super::{assert_found, source};
    use super::*;

    #[track_caller]
    fn check_model(text: &str, expected: &[(usize, &str)]) {
        assert_found(&check(&source("crates/model/src/x.rs", text)), expected);
    }

    #[test]
    fn a_pure_crate_that_asks_the_world_is_found() {
        check_model("use std::fs;\nlet now = SystemTime::now();\n", &[(1, "impure"), (2, "impure")]);
        check_model("// std::fs is not for us\n#[cfg(test)]\nuse std::fs;\n", &[]);
        let engine = |text| check(&source("crates/engine/src/x.rs", text));
        assert_found(&engine("std::env::var(name)\n"), &[(1, "impure")]);
        assert_found(&check(&source("crates/host/src/x.rs", "std::env::var(name)\n")), &[]);
    }

    #[test]
    fn a_wildcard_beside_named_cases_is_found() {
        check_model("match state {\n    State::Open => 1,\n    _ => 2,\n}\n", &[(3, "wildcard-arm")]);
        check_model("match self {\n    Self::A(x) | Self::B(x) => 1,\n    _ => 2,\n}\n", &[(3, "wildcard-arm")]);
        check_model(
            "match x {\n    Some(run::State::A) => 1,\n    _ if y => 2,\n    B => 3,\n}\n",
            &[(3, "wildcard-arm")],
        );
        let tuple = "match (state, event) {\n    (State::Open, Event::Closed) => 1,\n    _ => 2,\n}\n";
        check_model(tuple, &[(3, "wildcard-arm")]);
        // A literal in an inner match says nothing about the outer one.
        let inner = "match x {\n    X::A => match t {\n        \"a\" => 1,\n        _ => 2,\n    },\n    _ => 3,\n}\n";
        check_model(inner, &[(6, "wildcard-arm")]);
    }

    #[test]
    fn a_wildcard_on_an_open_set_is_not() {
        check_model("match text {\n    \"a\" => State::A,\n    _ => State::B,\n}\n", &[]);
        check_model("match number {\n    Some(0) => 1,\n    _ => 2,\n}\n", &[]);
        check_model("match mark {\n    TASK => 1,\n    _ => 2,\n}\n", &[]);
        check_model("match words {\n    [] => 1,\n    _ => 2,\n}\n", &[]);
        check_model("match pair {\n    (Some(Token::To), None) => 1,\n    _ => 2,\n}\n", &[]);
        check_model("use pulldown_cmark::Tag;\nmatch tag {\n    Tag::Item => 1,\n    _ => 2,\n}\n", &[]);
        check_model("match node {\n    Kind::Item => 1,\n    _ => 2, // tidy: open set\n}\n", &[]);
        check_model("match node {\n    Kind::Item => 1,\n    // tidy: open set\n    _ => 2,\n}\n", &[]);
        check_model("match node {\n    Kind::Item => 1,\n    _ => {\n        // tidy: open set\n    }\n}\n", &[]);
    }
}
