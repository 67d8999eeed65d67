//! Standards as data: files and what becomes of them.

use super::*;
use proptest::prelude::*;

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

const ROOT: &str = "# The project

Be kind.

## Project structure

`src` holds all.

## Code style

Four spaces.

### Naming

Short names.

## Testing

Run `npm test`.

## Commit messages

`area: what`

## Fun facts

None.
";

const WEB: &str = "## Testing\n\nRun the tests:\n\n```bash\n# all\n$ npm run test:all  # slow\nnpm test -- one\n```\n\n## Naming\n\nLong names.\n";

#[test]
fn sections_are_found_with_their_uses() {
    let standards = Standards::of(&[file("CLAUDE.md", ROOT)]);
    let found: Vec<(&str, &[Use])> =
        standards.sections.iter().map(|section| (section.heading.as_str(), section.uses.as_slice())).collect();
    assert_eq!(
        found,
        [
            ("", [Use::General].as_slice()),
            ("Project structure", &[Use::General, Use::Structure]),
            ("Code style", &[Use::CodeStyle]),
            ("Testing", &[Use::Testing]),
            ("Commit messages", &[Use::Commits]),
            ("Fun facts", &[Use::General]),
        ]
    );
    assert_eq!(standards.sections[2].text, "Four spaces.\n\n### Naming\n\nShort names.");
}

/// Shows S10.
#[test]
fn the_deepest_file_wins_section_by_section() {
    let standards = Standards::of(&[file("CLAUDE.md", ROOT), file("web/CLAUDE.md", WEB)]);
    let files = |heading: &str| {
        let found: Vec<&str> = standards
            .sections
            .iter()
            .filter(|section| section.heading == heading)
            .map(|section| section.file.as_str())
            .collect();
        found.join(" ")
    };
    assert_eq!(files("Testing"), "web/CLAUDE.md");
    assert_eq!(files("Code style"), "CLAUDE.md");
    assert_eq!(files("Naming"), "web/CLAUDE.md");
    let test = standards.test.unwrap();
    assert_eq!(test.command, "cd 'web' && npm run test:all");
    assert_eq!(test.origin(), "`web/CLAUDE.md`, “Testing”");
}

#[test]
fn a_copy_under_the_other_name_counts_once() {
    let both = Standards::of(&[file("AGENTS.md", ROOT), file("CLAUDE.md", ROOT)]);
    assert_eq!(both, Standards::of(&[file("AGENTS.md", ROOT)]));
}

#[test]
fn each_kind_of_work_is_told_what_it_has_a_use_for() {
    let standards = Standards::of(&[file("CLAUDE.md", ROOT)]);
    let headings = |contract| {
        let picked = standards.picked(contract);
        picked.iter().map(|section| section.heading.as_str()).collect::<Vec<_>>().join("|")
    };
    assert_eq!(headings(RoleContract::Report), "Project structure||Fun facts");
    assert_eq!(headings(RoleContract::Changes), "Code style|Testing|Commit messages||Project structure|Fun facts");
    assert_eq!(headings(RoleContract::Debug), "Testing|Project structure||Fun facts");
}

#[test]
fn what_is_too_long_is_left_out_whole_and_named() {
    let long = format!("## Code\n\n{}\n\n## Testing\n\nRun them.\n", "word ".repeat(2000));
    let text = Standards::of(&[file("AGENTS.md", &long)]).text(RoleContract::Changes, LONGEST);
    assert_eq!(
        text,
        "### Testing (`AGENTS.md`)\n\nRun them.\n\nLeft out, as it is long; read it where it stands: “Code” in `AGENTS.md`.\n"
    );
}

#[track_caller]
fn tests(text: &str, expected: Option<&str>) {
    let found = Standards::of(&[file("CLAUDE.md", text)]).test;
    assert_eq!(found.as_ref().map(|found| found.command.as_str()), expected);
}

#[test]
fn the_test_command_is_found_where_it_is_sure() {
    tests("## Testing\n\nRun `cargo test --workspace`.\n", Some("cargo test --workspace"));
    tests("## Commands\n\n```\nnpm install\nnpm run lint\nnpm test\n```\n", Some("npm test"));
    tests("## Testing\n\n- one file: `pytest tests/test_a.py`\n- all: `pytest`\n", Some("pytest"));
    tests("## Tests\n\n`make check`\n", Some("make check"));
    tests("## Tests\n\n`go test ./...`\n", Some("go test ./..."));
    tests("## Tests\n\n`./scripts/test.sh`\n", Some("./scripts/test.sh"));
    tests("## Tests\n\n`cd app && npm test`\n", Some("cd app && npm test"));
    tests("## Build\n\n`./gradlew test`\n", Some("./gradlew test"));
}

#[test]
fn what_is_no_test_command_or_only_part_of_one_is_not() {
    for text in [
        "## Testing\n\nTests lie in `tests/unit`, run them with `npm`.\n",
        "## Testing\n\n`cargo test <name>` or `cargo test -p one`\n",
        "## Testing\n\n`npm test -- --watch`, `npm run test:watch`\n",
        "## Testing\n\n`cargo check` and `rm -rf tests`\n",
        "## Testing\n\n`npm test; rm -rf x` and `npm test | tee log`\n",
        "## Testing\n\n```js\nnpm test\n```\n",
        "## History\n\n`npm test` was slow once.\n",
        "## Testing\n\n`curl https://example.org/test`\n",
    ] {
        tests(text, None);
    }
}

#[test]
fn the_linter_is_found() {
    let lint = |text: &str| Standards::of(&[file("CLAUDE.md", text)]).lint.map(|found| found.command);
    assert_eq!(lint("## Code style\n\n`cargo clippy --all-targets`\n").as_deref(), Some("cargo clippy --all-targets"));
    assert_eq!(lint("## Commands\n\n- `npm test`\n- `npm run lint`\n").as_deref(), Some("npm run lint"));
    assert_eq!(lint("## Code style\n\n`eslint . --fix`\n"), None);
}

#[test]
fn each_language_has_its_customs() {
    let of = |names: &[&str]| language(&mut |name| names.contains(&name));
    assert_eq!(of(&["Cargo.toml", "package.json"]), Language::Rust);
    assert_eq!(of(&["package.json"]), Language::JavaScript);
    assert_eq!(of(&["go.mod"]), Language::Go);
    assert_eq!(of(&["setup.py"]), Language::Python);
    assert_eq!(of(&[]), Language::Other);
    for language in [Language::Rust, Language::JavaScript, Language::Go, Language::Python, Language::Other] {
        assert!(Standards::default_of(language).text(RoleContract::Changes, LONGEST).starts_with("### Code style\n"));
    }
}

proptest! {
    #[test]
    fn every_text_has_standards_that_keep_to_the_length(text in "(# a\n|## Testing\n|## b\n|`npm test`\n|```\n|\\PC{0,30}\n){0,20}", longest in 0usize..300) {
        let standards = Standards::of(&[file("CLAUDE.md", &text), file("x/AGENTS.md", &text)]);
        for contract in RoleContract::ALL {
            let shown = standards.text(contract, longest);
            let bound = shown.split("Left out, as it is long").next().unwrap_or_default().chars().count();
            prop_assert!(bound <= longest);
        }
    }
}
