//! A project's standards: what its `CLAUDE.md` and `AGENTS.md` say, section by section, and what follows from it.
//!
//! The files from the project's root down to the working folder count; of two sections with the same heading the deeper
//! one does. Each kind of work is told the sections that it has a use for, and no more. A run keeps the standards that it
//! began with: what an agent writes into such a file changes neither the tests that judge it nor what the next is told.

mod command;
mod defaults;
mod sections;
#[cfg(test)]
mod tests;

pub use command::Command;
pub use defaults::{Language, language};

use crate::role::RoleContract;
use command::{lint_command, test_command};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// The most that a prompt is given of them, in characters.
pub const LONGEST: usize = 6_000;

/// The most that a run keeps of them, in characters: a file of any length may lie in a project.
const KEPT: usize = 32_000;

/// What a section is of use for. A closed set, found by the words of its heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// What everybody should know.
    General,
    /// Where things lie, and how they hang together.
    Structure,
    /// How code is written.
    CodeStyle,
    /// How it is tested.
    Testing,
    /// How it is built and run.
    Commands,
    /// How commits and branches are made.
    Commits,
    /// How it is documented.
    Documentation,
}

/// A section of a standards file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading; empty for what stands before the first one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub heading: String,
    /// The file, relative to the project; empty for the defaults of a language.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// What it is of use for.
    pub uses: Vec<Use>,
    /// Its text, its own sub-headings included.
    pub text: String,
}

/// The standards of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Standards {
    /// The sections, in the order of the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// The shell command that they name for the tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Command>,
    /// The shell command that they name for a linter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lint: Option<Command>,
}

/// A standards file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path relative to the project, with slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Standards {
    /// The standards that files say together, the weakest first: those of the root before deeper ones.
    #[must_use]
    pub fn of(files: &[File]) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        for (at, file) in files.iter().enumerate() {
            // One of the two files is often a copy of the other, or a link to it.
            if files.iter().take(at).any(|earlier| earlier.text == file.text) {
                continue;
            }
            for section in sections::of(file) {
                match sections.iter_mut().find(|known| same(known, &section)) {
                    Some(known) => *known = section,
                    None => sections.push(section),
                }
            }
        }
        let (test, lint) = (test_command(&sections), lint_command(&sections));
        let mut left = KEPT;
        sections.retain(|section| {
            let fits = section.text.len() <= left;
            left -= if fits { section.text.len() } else { 0 };
            fits
        });
        Self { sections, test, lint }
    }

    /// What counts for a language whose project says nothing.
    #[must_use]
    pub fn default_of(language: Language) -> Self {
        Self { sections: defaults::sections(language), test: None, lint: None }
    }

    /// These standards as a first `AGENTS.md`, to be made the project's own.
    #[must_use]
    pub fn draft(&self, test: Option<&str>) -> String {
        let mut text = "# Standards\n\nWhat agents that work on this project should know.\n".to_owned();
        for section in &self.sections {
            let run = test.filter(|_| section.uses.contains(&Use::Testing));
            let run = run.map_or_else(String::new, |command| format!("\nRun all tests: `{command}`\n"));
            let _ = write!(text, "\n## {}\n\n{}\n{run}", section.heading, section.text);
        }
        text
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty() && self.test.is_none() && self.lint.is_none()
    }

    /// The text for work of this kind, at most `longest` characters; whole sections only, what is left out is named.
    #[must_use]
    pub fn text(&self, contract: RoleContract, longest: usize) -> String {
        let (mut text, mut left_out) = (String::new(), Vec::new());
        for section in self.picked(contract) {
            let whole = section.shown();
            let fits = text.chars().count() + whole.chars().count() <= longest;
            if fits { text.push_str(&whole) } else { left_out.push(section.name()) }
        }
        if !left_out.is_empty() {
            let _ = writeln!(text, "Left out, as it is long; read it where it stands: {}.", left_out.join(", "));
        }
        text
    }

    /// The sections that such work has a use for, the most useful first.
    fn picked(&self, contract: RoleContract) -> Vec<&Section> {
        let wanted = uses(contract);
        let mut picked: Vec<(usize, &Section)> = Vec::new();
        for section in &self.sections {
            let rank = wanted.iter().position(|wanted| section.uses.contains(wanted));
            picked.extend(rank.map(|rank| (rank, section)));
        }
        picked.sort_by_key(|(rank, _)| *rank);
        picked.into_iter().map(|(_, section)| section).collect()
    }
}

/// Two sections of one heading are one: the deeper file's. What stands before the headings belongs to its file alone.
fn same(one: &Section, other: &Section) -> bool {
    let names = [one, other].map(|section| sections::key(&section.heading));
    if names.iter().all(String::is_empty) { one.file == other.file } else { names[0] == names[1] }
}

/// What each kind of work is told, the most useful first.
fn uses(contract: RoleContract) -> &'static [Use] {
    match contract {
        RoleContract::Report | RoleContract::Output => &[Use::Structure, Use::General],
        RoleContract::Overview | RoleContract::None => &[Use::General],
        RoleContract::Plan => &[Use::Structure, Use::Testing, Use::CodeStyle, Use::General, Use::Commands],
        RoleContract::Debug => &[Use::Testing, Use::Commands, Use::Structure, Use::General],
        RoleContract::Summary => &[Use::Documentation, Use::General],
        RoleContract::Changes => &[
            Use::CodeStyle,
            Use::Testing,
            Use::Commits,
            Use::Commands,
            Use::General,
            Use::Structure,
            Use::Documentation,
        ],
    }
}

impl Section {
    /// Its heading with its place.
    fn name(&self) -> String {
        match (self.heading.as_str(), self.file.as_str()) {
            ("", file) => format!("the beginning of `{file}`"),
            (heading, "") => heading.to_owned(),
            (heading, file) => format!("“{heading}” in `{file}`"),
        }
    }

    fn shown(&self) -> String {
        let heading = if self.heading.is_empty() { "In general" } else { self.heading.as_str() };
        let from = if self.file.is_empty() { String::new() } else { format!(" (`{}`)", self.file) };
        format!("### {heading}{from}\n\n{}\n\n", self.text.trim())
    }
}
