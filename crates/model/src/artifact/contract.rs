//! Contracts: what each kind of artifact must hold, and what a text lacks of it.

use super::ArtifactKind;
use super::document::{Document, FrontMatter, field_name, fields, name_of};
use crate::failure::FailureKind;
use crate::links::file_links;
use crate::plan::{Source, parse};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One fault of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of fault it is.
    pub kind: FailureKind,
    /// The line, from 1; `None` where the fault is that something is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
}

impl Problem {
    /// A fault without a line.
    #[must_use]
    pub fn new(
        kind: FailureKind,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self { kind, line: None, expected: expected.into(), found: found.into(), message: message.into() }
    }

    /// Says in which line.
    #[must_use]
    pub fn at(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }
}

/// A section that an artifact must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub name: &'static str,
    /// Another heading that counts as well.
    pub also: Option<&'static str>,
    /// Whether it must link to at least one file.
    pub links: bool,
}

const fn section(name: &'static str) -> Section {
    Section { name, also: None, links: false }
}

/// What a kind of artifact that is written in sections must hold. Sections beyond these are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// The fields of its metadata: in a section `Metadata`, or in the front matter.
    pub metadata: &'static [&'static str],
    /// Its other sections.
    pub sections: &'static [Section],
}

const RESEARCH: &[&str] = &["Date", "Agent", "Topic", "Report Type", "Complexity"];

const REPORT: Contract = Contract {
    metadata: RESEARCH,
    sections: &[section("Executive Summary"), section("Findings"), section("Recommendations"), section("References")],
};

const OVERVIEW: Contract = Contract {
    metadata: &["Date", "Agent", "Topic"],
    sections: &[
        section("Executive Summary"),
        Section { name: "Reports", also: None, links: true },
        section("Findings"),
        section("Recommendations"),
    ],
};

const DEBUG: Contract = Contract {
    metadata: &["Date", "Agent"],
    sections: &[
        section("Summary"),
        section("Evidence"),
        Section { name: "Cause", also: Some("Root Cause"), links: false },
        section("Next Steps"),
    ],
};

const SUMMARY: Contract =
    Contract { metadata: &["Date", "Run", "Outcome", "Agent", "Duration"], sections: &[section("Tests")] };

/// The contract of a kind; `None` for kinds that are not written in sections.
#[must_use]
pub fn contract(kind: ArtifactKind) -> Option<&'static Contract> {
    match kind {
        ArtifactKind::Report => Some(&REPORT),
        ArtifactKind::Overview => Some(&OVERVIEW),
        ArtifactKind::Debug => Some(&DEBUG),
        ArtifactKind::Summary => Some(&SUMMARY),
        ArtifactKind::Plan | ArtifactKind::Output => None,
    }
}

/// All that a text lacks of its kind's contract, in the order of the contract. `path` is the name that a plan's own
/// diagnostics speak of.
#[must_use]
pub fn check(kind: ArtifactKind, path: &str, text: &str) -> Vec<Problem> {
    if text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty() {
        return vec![Problem::new(FailureKind::EmptyFile, "the file is empty", "a file with content", "no text")];
    }
    match kind {
        ArtifactKind::Plan => check_plan(&[Source::new(path, text)]),
        ArtifactKind::Output => Vec::new(),
        ArtifactKind::Report | ArtifactKind::Overview | ArtifactKind::Debug | ArtifactKind::Summary => {
            contract(kind).map(|contract| Checked::new(contract, text).problems()).unwrap_or_default()
        }
    }
}

/// All errors of a plan in one file or several. Its warnings do not keep it from being run.
#[must_use]
pub fn check_plan(sources: &[Source]) -> Vec<Problem> {
    let parsed = parse(sources);
    let errors = parsed.diagnostics.into_iter().filter(crate::plan::Diagnostic::is_error);
    let several = sources.len() > 1;
    let problem = |error: crate::plan::Diagnostic| {
        let message = if several { format!("{}: {}", error.file, error.message) } else { error.message };
        Problem::new(FailureKind::PlanInvalid, message, "phases that can be put into an order", "an error in the plan")
            .at(error.line)
    };
    errors.map(problem).collect()
}

/// A text beside its contract.
struct Checked<'a> {
    contract: &'static Contract,
    document: Document<'a>,
    /// The headings of the contract's sections: each ends the section before it, however deep it is.
    found: Vec<usize>,
}

/// Headings below this level divide a section; they do not begin one of the contract.
const DEEPEST: usize = 4;

const METADATA: Section = section("Metadata");

impl<'a> Checked<'a> {
    fn new(contract: &'static Contract, text: &'a str) -> Self {
        let document = Document::of(text);
        let sections = contract.sections.iter().chain([&METADATA]);
        let found = sections.filter_map(|section| find(&document, section)).collect();
        Self { contract, document, found }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.document.front == FrontMatter::Unclosed {
            problems.push(
                unmet("the front matter is not closed", "a second line `---`", "none up to the end of the file").at(1),
            );
        }
        problems.extend(self.metadata());
        problems.extend(self.contract.sections.iter().filter_map(|section| self.section(section)));
        problems.extend(self.document.prose().iter().filter_map(|(line, text)| placeholder(*line, text)));
        problems
    }

    fn range(&self, index: usize) -> Range<usize> {
        self.document.section(index, |other| self.found.contains(&other))
    }

    fn line(&self, index: usize) -> u32 {
        self.document.headings.get(index).map_or(1, |heading| self.document.line(heading.range.start))
    }

    fn section(&self, section: &Section) -> Option<Problem> {
        let name = section.name;
        let Some(index) = find(&self.document, section) else { return Some(self.missing(name)) };
        let (range, line) = (self.range(index), self.line(index));
        if !self.document.has_content(&range) || is_filler(self.document.slice(&range)) {
            let message = format!("the section `{name}` is empty");
            return Some(unmet(message, format!("text below `{name}`"), "none").at(line));
        }
        let links = || file_links(self.document.slice(&range)).is_empty();
        (section.links && links()).then(|| {
            let message = format!("the section `{name}` links to nothing");
            unmet(message, "a link to each file that it speaks of", "no link to a file").at(line)
        })
    }

    fn missing(&self, name: &str) -> Problem {
        let headings: Vec<String> =
            self.document.headings.iter().take(12).map(|heading| format!("`{}`", heading.text.trim())).collect();
        let found = if headings.is_empty() { "no heading at all".to_owned() } else { headings.join(", ") };
        unmet(format!("the section `{name}` is missing"), format!("a heading `## {name}` with text below it"), found)
    }

    fn metadata(&self) -> Vec<Problem> {
        let at = find(&self.document, &METADATA);
        let front = match &self.document.front {
            FrontMatter::Closed(fields) => fields.clone(),
            FrontMatter::None | FrontMatter::Unclosed => Vec::new(),
        };
        if at.is_none() && front.is_empty() {
            return vec![self.missing(METADATA.name)];
        }
        let in_section = at.map(|index| fields(self.document.slice(&self.range(index)))).unwrap_or_default();
        let all: Vec<(String, String)> = in_section.into_iter().chain(front).collect();
        let line = at.map_or(1, |index| self.line(index));
        self.contract.metadata.iter().filter_map(|name| field(name, &all)).map(|problem| problem.at(line)).collect()
    }
}

/// The place of a section's heading.
fn find(document: &Document<'_>, section: &Section) -> Option<usize> {
    let names = [Some(section.name), section.also].map(|name| name.map(name_of));
    let is_it = |name: &str| names.iter().flatten().any(|wanted| wanted == name);
    document.headings.iter().position(|heading| heading.level <= DEEPEST && is_it(&heading.name))
}

fn unmet(message: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Problem {
    Problem::new(FailureKind::ContractUnmet, message, expected, found)
}

/// What is wrong with a field of the metadata.
fn field(name: &str, all: &[(String, String)]) -> Option<Problem> {
    let wanted = field_name(name);
    let mut values = all.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| value.as_str()).peekable();
    if values.peek().is_none() {
        let message = format!("the metadata lack `{name}`");
        return Some(unmet(message, format!("a line `- **{name}**: …`"), "no such line"));
    }
    let shown: Vec<&str> = values.filter(|value| is_blank(value)).collect();
    let all_blank = all.iter().filter(|(name, _)| *name == wanted).count() == shown.len();
    let found = shown.first().filter(|_| all_blank)?;
    let found = if found.is_empty() { "nothing".to_owned() } else { format!("`{found}`") };
    Some(unmet(format!("the metadata's `{name}` has no value"), "a value", found))
}

/// Whether a field's value was left as a template has it. Links begin with a bracket too.
fn is_blank(value: &str) -> bool {
    let around = |open, close| value.starts_with(open) && value.ends_with(close);
    value.is_empty() || is_filler(value) || around('[', ']') || around('<', '>') || value == "YYYY-MM-DD"
}

/// Whether a whole section or value says only that it is still to be written.
fn is_filler(text: &str) -> bool {
    let bare = text.trim().trim_matches(|c: char| "*_`[]()-.…: ".contains(c));
    bare.is_empty() || ["tbd", "tba", "todo", "to do", "placeholder"].iter().any(|word| bare.eq_ignore_ascii_case(word))
}

/// What templates have where something is to be filled in; lower case.
const PLACEHOLDERS: &[&str] = &["todo: fill", "todo fill", "[fill in", "<fill in", "[insert ", "[todo", "lorem ipsum"];

fn placeholder(line: u32, text: &str) -> Option<Problem> {
    let lower = text.to_lowercase();
    let braces = || lower.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"));
    let left = PLACEHOLDERS.iter().any(|mark| lower.contains(mark)) || braces();
    let shown: String = text.trim().chars().take(80).collect();
    left.then(|| {
        unmet("a placeholder was left in the text", "the text that belongs there", format!("`{shown}`")).at(line)
    })
}
