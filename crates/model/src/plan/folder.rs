//! Which parts of which files make up each phase of a plan.
//!
//! In a folder a phase may stand in the overview as a heading that refers to a file of its own; that
//! file then gives the body, and the overview what the file leaves open.

use super::diagnostic::Diagnostic;
use super::document::{Document, Section};
use super::problems::duplicate;
use crate::ids::PhaseNumber;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A section with the place of its document in the list of documents.
#[derive(Debug, Clone)]
pub(super) struct Part<'d> {
    pub(super) document: usize,
    pub(super) section: Cow<'d, Section>,
}

/// All that belongs to one phase: first what gives its body, then what completes it.
#[derive(Debug)]
pub(super) struct Group<'d> {
    pub(super) number: PhaseNumber,
    pub(super) parts: Vec<Part<'d>>,
}

/// Sorts the sections of all documents by phase. Phases that are defined twice go to `found`.
pub(super) fn groups<'d>(documents: &'d [Document<'_>], found: &mut Vec<Diagnostic>) -> Vec<Group<'d>> {
    let references = References::between(documents);
    let mut parts: BTreeMap<PhaseNumber, Vec<Part<'_>>> = BTreeMap::new();
    for (index, document) in documents.iter().enumerate() {
        for section in &document.sections {
            let part = Part { document: index, section: Cow::Borrowed(section) };
            parts.entry(section.number).or_default().push(part);
        }
    }
    add_files_without_heading(documents, &references, &mut parts);
    let group = |(number, parts)| resolve(number, parts, documents, &references, found);
    parts.into_iter().map(group).collect()
}

/// Adds the files whose name says which phase they are, or to which exactly one phase refers that has
/// no tasks of its own.
fn add_files_without_heading(
    documents: &[Document<'_>],
    references: &References,
    parts: &mut BTreeMap<PhaseNumber, Vec<Part<'_>>>,
) {
    let referring = referring_phases(documents, references);
    for (index, document) in documents.iter().enumerate() {
        if !document.sections.is_empty() || documents.len() == 1 {
            continue;
        }
        let has_tasks = !document.outline.tasks.is_empty();
        let named = number_in_name(&document.source.path).filter(|number| has_tasks || !parts.contains_key(number));
        let referred = referring.get(&index).copied().flatten().filter(|_| has_tasks);
        if let Some(number) = named.or(referred) {
            let part = Part { document: index, section: Cow::Owned(document.as_section(number)) };
            parts.entry(number).or_default().push(part);
        }
    }
}

/// For each document the one phase that refers to it; `None` if several do.
fn referring_phases(documents: &[Document<'_>], references: &References) -> HashMap<usize, Option<PhaseNumber>> {
    let mut referring: HashMap<usize, Option<PhaseNumber>> = HashMap::new();
    for (index, document) in documents.iter().enumerate() {
        let stubs = document.sections.iter().filter(|section| !section.whole_file);
        for section in stubs.filter(|section| document.tasks_in(&section.body).is_empty()) {
            for target in references.of(index, document, section) {
                let phase = referring.entry(target).or_insert(Some(section.number));
                *phase = phase.filter(|number| *number == section.number);
            }
        }
    }
    referring
}

/// Chooses the part that gives the phase's body, and tells those that are a second definition.
fn resolve<'d>(
    number: PhaseNumber,
    parts: Vec<Part<'d>>,
    documents: &[Document<'_>],
    references: &References,
    found: &mut Vec<Diagnostic>,
) -> Group<'d> {
    let has_tasks = |part: &Part<'_>| !documents[part.document].tasks_in(&part.section.body).is_empty();
    let whole = |part: &&Part<'d>| part.section.whole_file;
    let own = parts.iter().filter(whole).find(|part| has_tasks(part)).or_else(|| parts.iter().find(whole));
    let own = own.cloned();
    let mut kept: Vec<Part<'d>> = Vec::new();
    let mut kept_documents = HashSet::new();
    for part in parts {
        let is_own = own.as_ref().is_some_and(|own| own.document == part.document);
        let belongs = own.as_ref().is_some_and(|own| {
            let tied = number_in_name(&documents[own.document].source.path) == Some(number)
                || references.of(part.document, &documents[part.document], &part.section).contains(&own.document);
            !part.section.whole_file && (tied || !has_tasks(&part) || !has_tasks(own))
        });
        let again = kept_documents.contains(&part.document);
        if kept.is_empty() && own.is_none() || (!again && (is_own || belongs)) {
            kept_documents.insert(part.document);
            kept.push(part);
            continue;
        }
        let first = kept.first().or(own.as_ref()).unwrap_or(&part);
        let place = |part: &Part<'_>| (documents[part.document].source.path.clone(), part.section.line);
        let (at, first) = (place(&part), place(first));
        found.push(duplicate(number, (&at.0, at.1), (&first.0, first.1)));
    }
    // The file of the phase gives the body, unless the tasks stand elsewhere. The sort is stable.
    kept.sort_by_key(|part| (!has_tasks(part), !part.section.whole_file));
    Group { number, parts: kept }
}

/// The number in a file name such as `phase_2_auth.md` or `phase-02.md`.
fn number_in_name(path: &str) -> Option<PhaseNumber> {
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    let rest = name.strip_prefix("phase")?.trim_start_matches(['_', '-', ' ']);
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let bounded = !rest[digits..].starts_with(char::is_alphanumeric);
    rest[..digits].parse().ok().filter(|_| bounded).map(PhaseNumber)
}

/// The names by which the files of a plan refer to each other.
pub(super) struct References {
    by_path: HashMap<String, usize>,
    /// By file name alone; `None` where several files have the name.
    by_name: HashMap<String, Option<usize>>,
}

impl References {
    pub(super) fn between(documents: &[Document<'_>]) -> Self {
        let mut references = Self { by_path: HashMap::new(), by_name: HashMap::new() };
        for (index, document) in documents.iter().enumerate() {
            let path = document.source.path.as_str();
            references.by_path.entry(normal(path)).or_insert(index);
            let name = path.rsplit('/').next().unwrap_or(path);
            references.by_name.entry(name.to_owned()).and_modify(|known| *known = None).or_insert(Some(index));
        }
        references
    }

    /// The other documents to which a section refers.
    fn of(&self, index: usize, document: &Document<'_>, section: &Section) -> Vec<usize> {
        if self.by_path.len() < 2 {
            return Vec::new();
        }
        // The heading may itself be the link.
        let heading = section.mark_at.map_or("", |end| &document.source.text[section.heading_start..end]);
        let body = &document.source.text[section.body.clone()];
        let names = file_names(heading).chain(file_names(body));
        let targets = names.filter_map(|name| self.resolve(&document.source.path, name));
        targets.filter(|target| *target != index).collect()
    }

    /// The first file to which a section refers and which is not among the plan's.
    pub(super) fn missing<'t>(&self, document: &Document<'t>, section: &Section) -> Option<&'t str> {
        let body = &document.source.text[section.body.clone()];
        file_names(body).find(|name| self.resolve(&document.source.path, name).is_none())
    }

    fn resolve(&self, from: &str, name: &str) -> Option<usize> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = self.by_path.get(&normal(&format!("{folder}/{name}")));
        let found = beside.or_else(|| self.by_path.get(&normal(name))).copied();
        let file = name.rsplit('/').next().unwrap_or(name);
        found.or_else(|| self.by_name.get(file).copied().flatten())
    }
}

/// A path without `.` and `..`, so that two spellings of one path are equal.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The names of Markdown files in a text.
fn file_names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || "()[]<>\"'`,;|*".contains(c));
    let words = words.map(|word| word.split('#').next().unwrap_or_default().trim_end_matches(['.', ':']));
    words.filter(|word| word.len() > 3 && (word.ends_with(".md") || word.ends_with(".markdown")))
}
