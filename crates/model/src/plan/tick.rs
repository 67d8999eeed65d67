//! Marks of completion: setting them in a text, and the identity of a plan that ignores them.

use super::Source;
use super::document::{Document, Section};
use super::folder;
use crate::artifact::unlinked;
use crate::ids::PhaseNumber;
use sha2::{Digest, Sha256};
use std::fmt::Write;

const MARK: &str = " [COMPLETE]";

/// The text of a plan's file with a phase marked as finished: all its tasks ticked, and `[COMPLETE]`
/// at its heading unless a mark is there. Every other byte stays as it is. `None` if no heading of
/// the text begins that phase. Doing it twice is doing it once.
#[must_use]
pub fn tick(text: &str, phase: PhaseNumber) -> Option<String> {
    let source = Source::new("", text);
    let document = Document::without_fields(&source);
    let section = document.sections.iter().find(|section| section.number == phase)?;
    Some(ticked(&document, &[section]))
}

/// As [`tick`], over all files of a plan: also a phase's own file that has no heading of a phase, and
/// the heading in the overview. Gives the files that change; `None` if the plan lacks the phase.
#[must_use]
pub fn tick_all(sources: &[Source], phase: PhaseNumber) -> Option<Vec<Source>> {
    let documents: Vec<_> = sources.iter().map(Document::without_fields).collect();
    let groups = folder::groups(&documents, &mut Vec::new());
    let group = groups.iter().find(|group| group.number == phase)?;
    let changed = documents.iter().enumerate().filter_map(|(index, document)| {
        let parts = group.parts.iter().filter(|part| part.document == index);
        let sections: Vec<_> = parts.map(|part| part.section.as_ref()).collect();
        let text = ticked(document, &sections);
        (text != document.source.text).then(|| Source::new(document.source.path.clone(), text))
    });
    Some(changed.collect())
}

/// One replacement of a part of a text.
struct Edit {
    at: std::ops::Range<usize>,
    with: &'static str,
}

fn ticked(document: &Document<'_>, sections: &[&Section]) -> String {
    let mut edits = Vec::new();
    for section in sections {
        let heading = section.mark_at.filter(|_| !section.complete);
        edits.extend(heading.map(|at| Edit { at: at..at, with: MARK }));
        let open = document.tasks_in(&section.body).iter().filter(|task| !task.done);
        edits.extend(open.map(|task| Edit { at: task.mark..task.mark + 1, with: "x" }));
    }
    edited(&document.source.text, edits)
}

/// A text with edits applied, which must not overlap.
fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.at.start);
    let mut result = String::with_capacity(text.len() + MARK.len());
    let mut from = 0;
    for edit in edits {
        result.push_str(text.get(from..edit.at.start).unwrap_or_default());
        result.push_str(edit.with);
        from = edit.at.end;
    }
    result.push_str(text.get(from..).unwrap_or_default());
    result
}

/// The identity of a plan's content, in hexadecimal: SHA-256 over the paths and texts of its files,
/// in the order of the paths. The check marks of tasks, the marks of completion at the headings of
/// phases and the lines that lead to a topic's other files do not count, so that progress leaves a plan
/// the same.
#[must_use]
pub fn content_hash(sources: &[Source]) -> String {
    let mut sources: Vec<_> = sources.iter().collect();
    sources.sort_by_key(|source| (&source.path, &source.text));
    let mut hash = Sha256::new();
    for source in sources {
        let bare = Source::new(source.path.clone(), unlinked(&source.text));
        let text = without_marks(&Document::without_fields(&bare));
        for part in [&source.path, &text] {
            // Lengths keep a text from passing for the end of one file and the beginning of another.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string can not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn without_marks(document: &Document<'_>) -> String {
    let tasks = document.outline.tasks.iter();
    let mut edits: Vec<_> = tasks.map(|task| Edit { at: task.mark..task.mark + 1, with: " " }).collect();
    let marks = document.sections.iter().flat_map(|section| &section.marks);
    edits.extend(marks.map(|mark| Edit { at: mark.clone(), with: "" }));
    edited(&document.source.text, edits)
}
