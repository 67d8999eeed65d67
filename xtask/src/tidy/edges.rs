//! Who may depend on whom.

use super::Finding;
use crate::catalogue::{CRATES, Entry, TESTKIT, entry};
use crate::workspace::{Crate, Dependency, Workspace};

/// Every edge of every crate against the catalogue.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace
        .crates
        .iter()
        .flat_map(|one| check_crate(one, &workspace.read(&one.manifest).unwrap_or_default()))
        .collect()
}

fn check_crate(one: &Crate, manifest: &str) -> Vec<Finding> {
    let Some(rules) = entry(&one.name) else {
        return vec![Finding {
            path: one.manifest.clone(),
            line: 1,
            rule: "unknown-crate",
            message: format!("`{}` is not in the catalogue of crates", one.name),
            remedy: "add it to `xtask/src/catalogue.rs` with what it may know, and to ARCHITECTURE.md".into(),
        }];
    };
    let fault = |dependency: &Dependency| {
        let (rule, message, remedy) = fault(rules, dependency)?;
        Some(Finding { path: one.manifest.clone(), line: line_of(manifest, &dependency.name), rule, message, remedy })
    };
    one.dependencies.iter().filter_map(fault).collect()
}

/// The rule that a dependency breaks, the message and the remedy.
fn fault(rules: &Entry, dependency: &Dependency) -> Option<(&'static str, String, String)> {
    let (own, name) = (rules.name, dependency.name.as_str());
    if name == TESTKIT {
        let message = format!("`{own}` would ship the test kit");
        return (!dependency.dev).then(|| ("testkit-ships", message, "move it to `[dev-dependencies]`".to_owned()));
    }
    if CRATES.iter().any(|entry| entry.name == name) {
        let message = format!("`{own}` may not know `{name}`");
        let remedy = "turn the edge round with a port, or change `xtask/src/catalogue.rs` and say why";
        return (!rules.knows.contains(&name)).then(|| ("crate-edge", message, remedy.to_owned()));
    }
    let message = format!("`{own}` may not depend on `{name}`");
    let remedy = "put what needs it behind a port, in a crate that may";
    (!dependency.dev && rules.never.contains(&name)).then(|| ("forbidden-crate", message, remedy.to_owned()))
}

/// The line of the manifest that begins with this name; the first if there is none.
fn line_of(manifest: &str, name: &str) -> usize {
    let begins = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
    manifest.lines().position(begins).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::super::assert_found;
    use super::*;

    fn one(name: &str, dependencies: &[(&str, bool)]) -> Crate {
        let dependency = |(name, dev): &(&str, bool)| Dependency { name: (*name).to_owned(), dev: *dev };
        let dependencies = dependencies.iter().map(dependency).collect();
        Crate { name: name.into(), manifest: "crates/x/Cargo.toml".into(), dependencies }
    }

    #[test]
    fn an_edge_that_the_catalogue_lacks_is_found_also_for_tests() {
        let manifest = "[dependencies]\nserde.workspace = true\ncoordinate-engine.workspace = true\n";
        let model =
            one("coordinate-model", &[("serde", false), ("coordinate-engine", false), ("coordinate-store", true)]);
        assert_found(&check_crate(&model, manifest), &[(3, "crate-edge"), (1, "crate-edge")]);
        let store = one("coordinate-store", &[("coordinate-engine", false), ("coordinate-model", false)]);
        assert_found(&check_crate(&store, manifest), &[]);
    }

    #[test]
    fn a_forbidden_outside_crate_is_found_except_for_tests() {
        let engine = one("coordinate-engine", &[("rusqlite", false), ("tempfile", true), ("serde", false)]);
        let found = check_crate(&engine, "[dependencies]\nrusqlite = \"1\"\n");
        assert_found(&found, &[(2, "forbidden-crate")]);
        assert_eq!(found[0].message, "`coordinate-engine` may not depend on `rusqlite`");
    }

    #[test]
    fn the_test_kit_may_not_ship() {
        let cli = one("coordinate-cli", &[(TESTKIT, false)]);
        assert_found(&check_crate(&cli, ""), &[(1, "testkit-ships")]);
        assert_found(&check_crate(&one("coordinate-cli", &[(TESTKIT, true)]), ""), &[]);
    }

    #[test]
    fn a_crate_that_nobody_planned_is_found() {
        assert_found(&check_crate(&one("coordinate-extra", &[]), ""), &[(1, "unknown-crate")]);
    }

    #[test]
    fn the_catalogue_has_no_circle() {
        // Each crate knows only crates that stand before it, except that the test kit stands late and is known to none.
        for (index, entry) in CRATES.iter().enumerate() {
            for known in entry.knows {
                let place = CRATES.iter().position(|other| other.name == *known);
                assert!(place.is_some_and(|place| place < index), "{} knows {known}", entry.name);
            }
        }
    }
}
