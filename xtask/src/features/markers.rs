//! The lines `/// Shows S8, S16.` before tests, found in the text alone: no test has to be built for it.

use crate::workspace::Source;

/// A test that shows features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The file.
    pub(crate) path: String,
    /// The marker's line, from 1.
    pub(crate) line: usize,
    /// The test as nextest names it; empty if no test follows.
    pub(crate) test: String,
    /// The rows.
    pub(crate) ids: Vec<String>,
}

impl Marker {
    /// Whether it shows this row.
    pub(crate) fn shows(&self, id: &str) -> bool {
        !self.test.is_empty() && self.ids.iter().any(|own| own == id)
    }
}

/// All markers of a file of one of our crates.
pub(crate) fn markers(source: &Source) -> Vec<Marker> {
    let Some(place) = place(&source.path) else { return Vec::new() };
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    let mut inner = None;
    for (at, line) in lines.iter().enumerate() {
        if let Some(name) = inline_module(line) {
            inner = Some(name);
        }
        if let Some(ids) = ids(line) {
            let test = test_after(&lines[at + 1..]).map(|name| full_name(&place, inner, name)).unwrap_or_default();
            found.push(Marker { path: source.path.clone(), line: at + 1, test, ids });
        }
    }
    found
}

/// Where the tests of a file are: the binary as nextest names it, and the modules in it.
struct Place {
    binary: String,
    modules: Vec<String>,
}

fn place(path: &str) -> Option<Place> {
    let rest = path.strip_prefix("crates/")?.strip_suffix(".rs")?;
    let mut parts: Vec<String> = rest.split('/').map(str::to_owned).collect();
    if parts.len() < 3 {
        return None;
    }
    let (package, folder) = (format!("coordinate-{}", parts[0]), parts[1].clone());
    parts.drain(..2);
    if matches!(parts.last().map(String::as_str), Some("main" | "lib" | "mod")) {
        parts.pop();
    }
    match folder.as_str() {
        "src" => Some(Place { binary: package, modules: parts }),
        "tests" if !parts.is_empty() => {
            Some(Place { binary: format!("{package}::{}", parts.remove(0)), modules: parts })
        }
        _ => None,
    }
}

/// `mod tests {`, within a file.
fn inline_module(line: &str) -> Option<&str> {
    line.strip_prefix("mod ")?.strip_suffix(" {")
}

/// The rows that a line names. Other sentences that begin with the word are no markers.
fn ids(line: &str) -> Option<Vec<String>> {
    let list = line.strip_prefix("/// Shows ")?;
    let words: Vec<&str> = list.trim_end_matches('.').split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let id = |word: &&str| {
        let digits = word.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    words.first().is_some_and(id).then(|| words.into_iter().map(str::to_owned).collect())
}

/// The function that these lines begin with, if it is a test.
fn test_after<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let mut is_test = false;
    for line in lines {
        if let Some(rest) = line.strip_prefix("fn ") {
            return rest.split(['(', '<']).next().filter(|_| is_test);
        }
        is_test |= *line == "#[test]";
        if !line.starts_with("///") && !line.starts_with("#[") {
            return None;
        }
    }
    None
}

fn full_name(place: &Place, inner: Option<&str>, name: &str) -> String {
    let mut parts: Vec<&str> = place.modules.iter().map(String::as_str).collect();
    parts.extend(inner);
    parts.push(name);
    format!("{} {}", place.binary, parts.join("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: &[(usize, &str, &[&str])]) {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        let found = markers(&source);
        let found: Vec<(usize, &str, Vec<&str>)> = found
            .iter()
            .map(|marker| (marker.line, marker.test.as_str(), marker.ids.iter().map(String::as_str).collect()))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(line, test, ids)| (*line, *test, ids.to_vec())).collect();
        assert_eq!(found, expected, "{path}");
    }

    const ONE: &str = "/// It works.\n/// Shows S8, S16.\n#[test]\nfn it_works() {\n";

    #[test]
    fn a_test_has_the_name_that_nextest_gives_it() {
        check(
            "crates/cli/tests/program/replan.rs",
            ONE,
            &[(2, "coordinate-cli::program replan::it_works", &["S8", "S16"])],
        );
        check("crates/cli/tests/program/main.rs", ONE, &[(2, "coordinate-cli::program it_works", &["S8", "S16"])]);
        check("crates/model/tests/plan_tick.rs", ONE, &[(2, "coordinate-model::plan_tick it_works", &["S8", "S16"])]);
        check("crates/host/src/git/tests/a.rs", ONE, &[(2, "coordinate-host git::tests::a::it_works", &["S8", "S16"])]);
        let inside = "#[cfg(test)]\nmod tests {\n    /// Shows S1.\n    #[test]\n    fn it_works() {}\n";
        check("crates/model/src/plan/mod.rs", inside, &[(3, "coordinate-model plan::tests::it_works", &["S1"])]);
        let any = "    /// Shows N1\n    #[test]\n    fn any_text(text in any()) {\n";
        check("crates/model/tests/any.rs", any, &[(1, "coordinate-model::any any_text", &["N1"])]);
    }

    #[test]
    fn what_is_no_test_is_told_apart_and_prose_is_left_alone() {
        check("crates/cli/tests/a.rs", "/// Shows S1.\nfn world() {\n", &[(1, "", &["S1"])]);
        check("crates/cli/tests/a.rs", "/// Shows S1.\n\n#[test]\nfn f() {\n", &[(1, "", &["S1"])]);
        check(
            "crates/cli/tests/a.rs",
            "/// Shows S1 and more.\n#[test]\nfn f() {\n",
            &[(1, "coordinate-cli::a f", &["S1", "and", "more"])],
        );
        check("crates/cli/tests/a.rs", "/// Shows what is there.\n#[test]\nfn f() {\n", &[]);
        check("docs/features.md", ONE, &[]);
        check("xtask/src/features.rs", ONE, &[]);
    }
}
