//! The roles that ship with the program.

use super::{Role, parse};

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../roles/", $name, ".md")))),*]
    };
}

const FILES: [(&str, &str); 23] = shipped![
    "research-specialist",
    "research-sub-supervisor",
    "research-synthesizer",
    "plan-architect",
    "revision-specialist",
    "implementer-coordinator",
    "implementation-sub-supervisor",
    "implementation-executor",
    "implementation-researcher",
    "code-writer",
    "test-specialist",
    "testing-sub-supervisor",
    "debug-analyst",
    "debug-specialist",
    "doc-writer",
    "code-reviewer",
    "blind-verifier",
    "complexity-estimator",
    "spec-updater",
    "plan-structure-manager",
    "github-specialist",
    "metrics-specialist",
    "doc-converter",
];

/// The names of the shipped roles, in the order of the work.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The file of a shipped role.
#[must_use]
pub fn builtin_text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A shipped role.
#[must_use]
pub fn builtin(name: &str) -> Option<Role> {
    Some(parse(&format!("{name}.md"), builtin_text(name)?).role)
}
