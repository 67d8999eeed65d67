//! What counts where a project says nothing: the customs of its language.

use super::{Section, Use};

/// A language with customs that everybody keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// JavaScript and TypeScript.
    JavaScript,
    /// Go.
    Go,
    /// Python.
    Python,
    /// Any other.
    Other,
}

impl Language {
    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::Go => "Go",
            Self::Python => "Python",
            Self::Other => "any language",
        }
    }
}

/// The language of a project, from the names that `is_there` knows at its root.
pub fn language(is_there: &mut dyn FnMut(&str) -> bool) -> Language {
    let mut any = |names: &[&str]| names.iter().any(|name| is_there(name));
    if any(&["Cargo.toml"]) {
        Language::Rust
    } else if any(&["package.json", "tsconfig.json", "deno.json"]) {
        Language::JavaScript
    } else if any(&["go.mod"]) {
        Language::Go
    } else if any(&["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt"]) {
        Language::Python
    } else {
        Language::Other
    }
}

/// The default sections of a language.
pub(super) fn sections(language: Language) -> Vec<Section> {
    let (style, testing) = customs(language);
    let section = |heading: &str, of, text: &str| Section {
        heading: heading.to_owned(),
        file: String::new(),
        uses: vec![of],
        text: text.to_owned(),
    };
    vec![section("Code style", Use::CodeStyle, style), section("Testing", Use::Testing, testing)]
}

fn customs(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Rust => (
            "Format with `cargo fmt`. Leave no warning of the compiler or of clippy. Return errors instead of panicking.",
            "Put unit tests beside the code and integration tests into the folder `tests` of the crate.",
        ),
        Language::JavaScript => (
            "Keep to the formatter, the linter and the module system that the project has. Do not mix package managers.",
            "Put tests where the project has its tests, and use the framework that it uses.",
        ),
        Language::Go => (
            "Format with `gofmt`. Leave nothing for `go vet` to say. Handle every error, and wrap it with what was tried.",
            "Write table tests in `_test.go` files beside the code.",
        ),
        Language::Python => (
            "Keep to PEP 8, and to the formatter and the type checker that the project has. Annotate public functions.",
            "Put tests where the project has its tests; without any, write them for pytest.",
        ),
        Language::Other => (
            "Write like the code around you: names, structure, comments, line length.",
            "Test what you change in the way that the project tests.",
        ),
    }
}
