//! The ranking as a table: questions about one small project, and the files that a maintainer would name.

use super::{Measure, Terms, measure, rank};

/// A project as pairs of path and text.
const PROJECT: &[(&str, &str)] = &[
    ("src/lib.rs", "//! A client with retries.\nmod net;\nmod store;\nmod cli;\n"),
    (
        "src/net/retry.rs",
        "//! Retries with backoff.\npub fn retry_delay(attempt: u32) -> Delay {\n    backoff(attempt)\n}\n",
    ),
    (
        "src/net/mod.rs",
        "mod retry;\npub struct Connection;\nimpl Connection {\n    fn send(&self) { retry_delay(1); }\n}\n",
    ),
    (
        "src/store/token.rs",
        "/// A token.\npub struct TokenStore;\nimpl TokenStore {\n    fn refresh(&mut self) {}\n}\n",
    ),
    ("src/store/mod.rs", "mod token;\npub fn open() {}\n"),
    ("src/cli.rs", "fn main() {\n    // the token, the retry, the config\n    let config = load();\n}\n"),
    ("src/config.rs", "pub struct Config;\nfn load() -> Config {}\n"),
    ("tests/retry.rs", "fn retry_delay_grows() { retry_delay(1); retry_delay(2); retry_delay(3); }\n"),
    ("docs/retry.md", "# Retries\n\nHow often a retry is made, and the retry delay.\n"),
    ("CHANGELOG.md", "retry retry retry token token token config config\n"),
    ("Cargo.lock", "retry token config\n"),
    ("vendor/retry/retry.rs", "pub fn retry_delay() {}\npub fn retry() {}\n"),
    ("src/wire.rs", "// @generated\npub struct RetryDelay;\npub struct Token;\n"),
];

fn best(question: &str) -> Vec<String> {
    let terms = Terms::of(question, "");
    let measures: Vec<Measure> = PROJECT.iter().map(|(path, text)| measure(path, text, &terms)).collect();
    rank(&measures, &terms).0.into_iter().map(|file| file.path).collect()
}

#[test]
fn the_first_files_are_those_that_a_maintainer_would_name() {
    let cases: &[(&str, &[&str])] = &[
        ("how are requests retried?", &["src/net/retry.rs"]),
        ("the delay between retries", &["src/net/retry.rs", "src/net/mod.rs"]),
        ("where are tokens refreshed", &["src/store/token.rs", "src/store/mod.rs"]),
        ("what does `TokenStore` do", &["src/store/token.rs"]),
        ("how is the configuration loaded", &["src/config.rs", "src/cli.rs"]),
        ("look at src/cli.rs and the retry delay", &["src/cli.rs", "src/net/retry.rs"]),
        ("which tests cover the retry delay", &["tests/retry.rs", "src/net/retry.rs"]),
        ("update the documentation of the retry delay", &["docs/retry.md", "src/net/retry.rs"]),
    ];
    for (question, expected) in cases {
        let found = best(question);
        assert_eq!(found[..expected.len()], **expected, "{question}: {found:#?}");
    }
}

#[test]
fn what_nobody_wrote_here_comes_last() {
    let found = best("the retry delay of a token");
    for path in ["CHANGELOG.md", "Cargo.lock", "vendor/retry/retry.rs", "src/wire.rs"] {
        assert!(!found[..6].iter().any(|one| one == path), "{path}: {found:#?}");
    }
}

#[test]
fn files_without_any_term_are_not_found() {
    assert_eq!(best("kubernetes operators"), Vec::<String>::new());
}
