//! How a tree is tested, found from its files.

/// The shell command that tests a tree, from the files that `read` gives; `None` if there is nothing known.
///
/// Order: cargo, npm (a `test` script that is not npm's placeholder), Go, pytest, a `test` target of make.
pub fn test_command(read: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
    if read("Cargo.toml").is_some() {
        return Some("cargo test".to_owned());
    }
    if read("package.json").is_some_and(|text| has_npm_test(&text)) {
        return Some("npm test".to_owned());
    }
    if read("go.mod").is_some() {
        return Some("go test ./...".to_owned());
    }
    if uses_pytest(read) {
        return Some("python3 -m pytest".to_owned());
    }
    let makefile = ["GNUmakefile", "makefile", "Makefile"].into_iter().find_map(read)?;
    makefile.lines().any(|line| line.starts_with("test:")).then(|| "make test".to_owned())
}

fn has_npm_test(text: &str) -> bool {
    let parsed: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let script = parsed.as_ref().and_then(|value| value.pointer("/scripts/test")).and_then(|value| value.as_str());
    script.is_some_and(|script| !script.contains("no test specified"))
}

fn uses_pytest(read: &mut dyn FnMut(&str) -> Option<String>) -> bool {
    read("pytest.ini").is_some()
        || read("pyproject.toml").is_some_and(|text| text.contains("[tool.pytest"))
        || read("setup.cfg").is_some_and(|text| text.contains("[tool:pytest]"))
        || read("tox.ini").is_some_and(|text| text.contains("[pytest]"))
        || read("conftest.py").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: Option<&str>) {
        let mut read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
        assert_eq!(test_command(&mut read).as_deref(), expected);
    }

    #[test]
    fn finds_the_test_command_of_each_kind_of_project() {
        check(&[], None);
        check(&[("Cargo.toml", "")], Some("cargo test"));
        check(&[("package.json", r#"{"scripts":{"test":"jest"}}"#)], Some("npm test"));
        check(&[("package.json", r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#)], None);
        check(&[("package.json", "not json"), ("Makefile", "all:\n")], None);
        check(&[("go.mod", "module x")], Some("go test ./..."));
        check(&[("pyproject.toml", "[tool.pytest.ini_options]\n")], Some("python3 -m pytest"));
        check(&[("pyproject.toml", "[project]\n"), ("Makefile", "all: x\ntest: all\n")], Some("make test"));
    }
}
