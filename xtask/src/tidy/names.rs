//! Names that say nothing: a crate or file named so takes in whatever has no place.

use super::{Finding, is_rust};
use crate::workspace::{Crate, Source};

const EMPTY: &[&str] = &["util", "utils", "helper", "helpers", "manager", "managers", "misc", "common", "stuff"];

/// Every crate and every Rust file with such a name.
pub(super) fn check(crates: &[Crate], sources: &[Source]) -> Vec<Finding> {
    let packages =
        crates.iter().filter(|one| one.name.split(['-', '_']).any(is_empty)).map(|one| one.manifest.as_str());
    // `tests/common/mod.rs` is cargo's own way to share code between tests.
    let files = sources.iter().filter(|source| is_rust(source) && !source.path.ends_with("tests/common/mod.rs"));
    let files = files.map(|source| source.path.as_str()).filter(|path| path.split(['/', '.', '_']).any(is_empty));
    packages.chain(files).map(finding).collect()
}

fn is_empty(word: &str) -> bool {
    EMPTY.contains(&word)
}

fn finding(path: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        line: 1,
        rule: "empty-name",
        message: "the name says nothing about what lies here".into(),
        remedy: "name it for what it does, in the words of the field".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{assert_found, source};
    use super::*;

    #[test]
    fn crates_and_files_without_meaning_are_found() {
        let one = |name: &str| Crate { name: name.into(), manifest: "m".into(), dependencies: vec![] };
        assert_found(&check(&[one("coordinate-utils"), one("coordinate-model")], &[]), &[(1, "empty-name")]);
        let bad = ["crates/a/src/utils.rs", "crates/a/src/helpers/mod.rs", "crates/a/src/run_manager.rs"];
        let good = ["crates/a/src/utilisation.rs", "crates/a/tests/common/mod.rs", "docs/manager.md"];
        let sources: Vec<Source> = bad.iter().chain(&good).map(|path| source(path, "")).collect();
        let found: Vec<String> = check(&[], &sources).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, bad);
    }
}
