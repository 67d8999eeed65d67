//! Standards files of a project and of folders in it, and what each kind of work is told of them.

use crate::one;
use coordinate_model::detect::test_command;
use coordinate_model::role::RoleContract;
use coordinate_model::standards::{File, LONGEST, Language, Standards, language};
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

const HEADINGS: [&str; 26] = [
    "# Project",
    "# Testing",
    "## Testing",
    "## Testing",
    "## Commands",
    "## Commands",
    "## Code style",
    "## 1. Code   Style!",
    "## Linting & formatting",
    "## Commit messages and tests",
    "## Pull requests",
    "## Documentation",
    "## Project structure",
    "## Architecture `crates`",
    "## General rules",
    "## Build, test, lint",
    "## Fun facts",
    "## Notes",
    "## \u{dc}berblick",
    "## ",
    "### Coverage",
    "### Naming",
    "### Running",
    "Testing\n-------",
    "Title\n=====",
    "#### Deep tests",
];

const COMMANDS: [&str; 76] = [
    "npm test",
    "npm run test:all",
    "npm test -- one",
    "npm",
    "cargo test",
    "cargo test --workspace",
    "cargo test -p x",
    "cargo test --package x",
    "cargo test a::b",
    "cargo nextest run",
    "cargo clippy",
    "cargo clippy --all-targets",
    "cargo clippy --fix",
    "cargo check",
    "cargo",
    "make test",
    "make check",
    "make",
    "ninja check",
    "just check",
    "./just check",
    "task check",
    "go test ./...",
    "go test -run X",
    "go vet ./...",
    "pytest",
    "pytest -k x",
    "pytest tests/a.py",
    "pytest path/to/test",
    "python3 -m pytest",
    "tox",
    "ruff",
    "ruff check .",
    "eslint .",
    "eslint",
    "npx eslint --fix",
    "npx jest --watch",
    "npx jest --watchAll",
    "npm run watch-test",
    "mypy src",
    "golangci-lint run",
    "bin/test",
    "./test",
    "./run.sh",
    "script/lint",
    "scripts/test.py",
    "scripts/",
    "./test/",
    "tools/test.sh",
    "test.sh",
    "cd web && npm test",
    "cd a && cd b && npm test",
    "npm ci && npm test",
    "npm test && cd x",
    "cd \"a b\" && npm test",
    "npm test | tee log",
    "npm test > log",
    "npm test 2>&1",
    "npm test; true",
    "npm test \\",
    "NODE_ENV=x npm test",
    "npm test [name]",
    "npm test {name}",
    "npm test <name>",
    "npm test $X",
    "npm test …",
    "npm test *",
    "npm test 'x'",
    "npm test &",
    "npm run lint-test",
    "node --test",
    "npm run spec",
    "bundle exec rspec",
    "shellcheck a",
    "vitest run",
    "deno test --only",
];

const FENCES: [&str; 12] = [
    "```sh\n{c}\n```",
    "```bash\n# all\n$ {c}  # slow\n{d}\n```",
    "```\n{c}\n```",
    "``` console title\n$ {c}\n```",
    "```rust\n{c}\n```",
    "```text\n\n#{c}\n{d}\n```",
    "    {c}",
    "Run `{c}`.",
    "Run `{c}` or `{d}`, never `$ {c}`.",
    "`{c} # note` and {d}",
    "- `{c}`\n- {d}",
    "```zsh\n{c} #x\n```\n{d}",
];

fn section(chance: &mut Chance) -> String {
    let mut text = format!("{}\n\n", one(chance, &HEADINGS));
    for _ in 0..chance.below(3) {
        let fence = one(chance, &FENCES).replace("{c}", one(chance, &COMMANDS)).replace("{d}", one(chance, &COMMANDS));
        text += &format!("{fence}\n\n");
    }
    text += one(chance, &["Words.\n\n", "", "Be kind.\nAlways.\n\n"]);
    if chance.percent(6) {
        text += &"Long lines of text. ".repeat(500 + chance.below(1_300));
    }
    if chance.percent(15) {
        text += &"é words ".repeat(60 + chance.below(600));
    }
    text
}

fn project(chance: &mut Chance) -> Vec<File> {
    let paths = ["AGENTS.md", "CLAUDE.md", "web/AGENTS.md", "web/it's/CLAUDE.md"];
    let mut files: Vec<File> = Vec::new();
    for path in paths {
        if !chance.percent(55) {
            continue;
        }
        let mut text = one(chance, &["", "Before all.\n\n", "\n"]).to_owned();
        for _ in 0..chance.below(6) {
            text += &section(chance);
        }
        let copy = files.last().filter(|_| chance.percent(10)).map(|last| last.text.clone());
        files.push(File { path: path.to_owned(), text: copy.unwrap_or(text) });
    }
    files
}

#[test]
fn standards() {
    let lines = readings("standards", 700, project, |files, out| {
        let standards = Standards::of(files);
        writeln!(out, "{standards:#?} {}", standards.is_empty()).unwrap();
        for command in standards.test.iter().chain(&standards.lint) {
            writeln!(out, "{}", command.origin()).unwrap();
        }
        for contract in RoleContract::ALL {
            for longest in [LONGEST, 900, 60] {
                writeln!(out, "{contract:?} {longest}\n{}", standards.text(contract, longest)).unwrap();
            }
        }
        writeln!(out, "{}\n{}", standards.draft(None), standards.draft(Some("make test"))).unwrap();
    });
    insta::assert_snapshot!(lines);
}

#[test]
fn a_project_that_says_nothing_keeps_the_customs_of_its_language() {
    let mut shown = String::new();
    for language in [Language::Rust, Language::JavaScript, Language::Go, Language::Python, Language::Other] {
        let standards = Standards::default_of(language);
        let draft = standards.draft(Some("make test"));
        writeln!(shown, "== {}: {}\n{draft}", language.name(), standards.is_empty()).unwrap();
        writeln!(shown, "{}", standards.text(RoleContract::Changes, LONGEST)).unwrap();
    }
    insta::assert_snapshot!(shown);
}

/// Files at the root of a project, each with its text.
const ROOT: [(&str, &str); 22] = [
    ("Cargo.toml", ""),
    ("package.json", r#"{"scripts":{"test":"jest"}}"#),
    ("package.json", r#"{"scripts":{"test":"echo no test specified"}}"#),
    ("package.json", r#"{"scripts":{"test":7}}"#),
    ("package.json", "{}"),
    ("tsconfig.json", "{}"),
    ("deno.json", "{}"),
    ("go.mod", "module x"),
    ("pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest.ini_options]"),
    ("pyproject.toml", "[project]"),
    ("setup.py", ""),
    ("setup.cfg", "[tool:pytest]"),
    ("setup.cfg", "[metadata]"),
    ("requirements.txt", ""),
    ("tox.ini", "[pytest]"),
    ("tox.ini", "[tox]"),
    ("conftest.py", ""),
    ("GNUmakefile", "test: x\n"),
    ("makefile", "all:\ntest:\n"),
    ("Makefile", " test: x\nmytest: y\n"),
    ("Makefile", "test: x\n"),
];

#[test]
fn a_project_is_told_by_the_files_at_its_root() {
    let mut shown = String::new();
    for (at, one) in ROOT.iter().enumerate() {
        for other in ROOT.iter().skip(at) {
            let find = |name: &str| {
                [one, other].into_iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
            };
            let tests = test_command(&mut |name| find(name)).unwrap_or_default();
            let language = language(&mut |name| find(name).is_some()).name();
            writeln!(shown, "{one:?} {other:?}: {language}, {tests}").unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}
