//! Builds one phase from its section of a document.

use super::depends::{self, Span, Unreadable};
use super::diagnostic::Diagnostic;
use super::document::{Document, Section, within};
use super::field::{Field, Name};
use super::files::Files;
use super::heading;
use super::markdown::TaskMark;
use super::{CodeBlock, Phase, Stage, Task};
use crate::ids::PhaseNumber;
use std::ops::Range;

/// A phase whose dependencies are still spans: ranges are expanded when all phases are known.
pub(super) struct Draft {
    pub(super) phase: Phase,
    /// `None` if there is no dependencies field. One list for each field.
    pub(super) needs: Option<Vec<Vec<Span>>>,
    /// Whether it has a files field.
    pub(super) has_files: bool,
}

/// Reads a section. What is wrong in it goes to `found`.
pub(super) fn draft(document: &Document<'_>, section: &Section, found: &mut Vec<Diagnostic>) -> Draft {
    let file = document.source.path.as_str();
    let stages = Stages::in_body(document, &section.body);
    let fields = document.fields_in(&section.fields);
    let own = || fields.iter().filter(|field| !field.in_part);
    let text = |name: Name| own().filter(|field| field.name == name).find_map(words);
    let files = files(document, section.number, fields, found);
    let has_files = fields.iter().any(|field| matches!(field.name, Name::Files | Name::FilesDeleted));
    let needs = needs(document, section.number, own().filter(|field| field.name == Name::Dependencies), found);
    let depends = own().find(|field| field.name == Name::Dependencies);
    let phase = Phase {
        number: section.number,
        name: section.name.clone(),
        marked_complete: section.complete,
        depends_on: Vec::new(),
        depends_line: depends.map_or(section.line, |field| field.line),
        depends_file: file.to_owned(),
        objective: text(Name::Objective),
        complexity: text(Name::Complexity),
        risk: text(Name::Risk),
        estimated_time: text(Name::EstimatedTime),
        files_none: files.none,
        files: files.files,
        tasks: tasks(document, &section.body, &stages),
        stages: stages.list,
        body: document.source.text[section.body.clone()].to_owned(),
        blocks: blocks(document, &section.body),
        file: file.to_owned(),
        line: section.line,
    };
    note_lost_tasks(document, section, found);
    Draft { phase, needs, has_files }
}

/// The value of a field of words: behind the colon, or the lines below.
fn words(field: &Field) -> Option<String> {
    let value = if field.value.is_empty() {
        let lines: Vec<_> = field.entries.iter().map(|entry| entry.text.as_str()).collect();
        lines.join(" ")
    } else {
        field.value.clone()
    };
    let value = value.trim();
    let bold = value.strip_prefix("**").and_then(|rest| rest.strip_suffix("**"));
    let value = bold.filter(|inner| !inner.contains("**")).unwrap_or(value);
    (!value.is_empty()).then(|| value.to_owned())
}

fn files(document: &Document<'_>, phase: PhaseNumber, fields: &[Field], found: &mut Vec<Diagnostic>) -> Files {
    let mut files = Files::default();
    for field in fields.iter().filter(|field| matches!(field.name, Name::Files | Name::FilesDeleted)) {
        files.add(field);
    }
    let files = files.finish();
    for (line, path) in &files.outside {
        let message = format!(
            "phase {phase} names `{path}`, which lies outside the project; write paths relative to the project's root"
        );
        found.push(Diagnostic::error(&document.source.path, *line, Some(phase), message));
    }
    files
}

fn needs<'f>(
    document: &Document<'_>,
    phase: PhaseNumber,
    fields: impl Iterator<Item = &'f Field>,
    found: &mut Vec<Diagnostic>,
) -> Option<Vec<Vec<Span>>> {
    let mut lists: Option<Vec<Vec<Span>>> = None;
    for field in fields {
        let list = list_of_phases(document, phase, field, found);
        let lists = lists.get_or_insert_default();
        if lists.first().is_some_and(|first| *first != list) {
            let message = format!("phase {phase} has more than one list of dependencies; all of them are waited for");
            found.push(Diagnostic::warning(&document.source.path, field.line, Some(phase), message));
        }
        lists.push(list);
    }
    lists
}

/// The phases that one dependencies field names, behind the colon or in the list below.
fn list_of_phases(
    document: &Document<'_>,
    phase: PhaseNumber,
    field: &Field,
    found: &mut Vec<Diagnostic>,
) -> Vec<Span> {
    let mut list = Vec::new();
    let mut read = |text: &str, line: u32| match depends::read(text) {
        Ok(spans) => list.extend(spans),
        Err(error) => {
            let message = unreadable(phase, &error);
            found.push(Diagnostic::error(&document.source.path, line, Some(phase), message));
        }
    };
    if field.value.is_empty() {
        for entry in &field.entries {
            read(&entry.text, entry.line);
        }
    } else {
        read(&field.value, field.line);
    }
    list
}

fn unreadable(phase: PhaseNumber, error: &Unreadable) -> String {
    let what = match error {
        Unreadable::Text(text) => format!("`{text}` is no phase"),
        Unreadable::Unbalanced => "its brackets do not match".to_owned(),
    };
    format!("cannot read the dependencies of phase {phase}: {what}; write numbers like `[1, 2]`, or `none`")
}

fn tasks(document: &Document<'_>, body: &Range<usize>, stages: &Stages) -> Vec<Task> {
    let mut stages = stages.spans.iter().peekable();
    let mut current = None;
    let marks = document.tasks_in(body).iter();
    let tasks = marks.map(|task| {
        while let Some((_, stage)) = stages.next_if(|(start, _)| *start <= task.mark) {
            current = *stage;
        }
        Task {
            text: one_line(document, task),
            done: task.done,
            line: document.outline.line_of(task.mark),
            stage: current,
        }
    });
    tasks.collect()
}

/// The first paragraph of a task. A line that is not set in was joined to it by Markdown, but hardly
/// by its author.
fn one_line(document: &Document<'_>, task: &TaskMark) -> String {
    let text = &document.source.text[task.text.clone()];
    let mut lines = text.split(['\n', '\r']);
    let mut joined = lines.next().unwrap_or_default().trim().to_owned();
    for line in lines.filter(|line| !line.is_empty()) {
        if !line.starts_with([' ', '\t']) {
            break;
        }
        joined.push(' ');
        joined.push_str(line.trim());
    }
    joined
}

fn blocks(document: &Document<'_>, body: &Range<usize>) -> Vec<CodeBlock> {
    let fences = within(&document.outline.fences, body, |fence| fence.range.start);
    let block = |fence: &super::markdown::Fence| CodeBlock {
        info: fence.info.clone(),
        text: fence.text.clone(),
        line: document.outline.line_of(fence.range.start),
    };
    fences.iter().map(block).collect()
}

/// The stages of a phase.
struct Stages {
    list: Vec<Stage>,
    /// From each of these places on, up to the next, the text belongs to this stage or to none.
    spans: Vec<(usize, Option<u32>)>,
}

impl Stages {
    fn in_body(document: &Document<'_>, body: &Range<usize>) -> Self {
        let mut stages = Self { list: Vec::new(), spans: Vec::new() };
        let mut level = None;
        for found in within(&document.outline.headings, body, |heading| heading.content.start) {
            let content = &document.source.text[found.content.clone()];
            if let Some((number, name)) = heading::stage(content) {
                let line = document.outline.line_of(found.content.start);
                stages.list.push(Stage { number, name, line });
                stages.spans.push((found.content.start, Some(number)));
                level = Some(found.level);
            } else if level.is_some_and(|own| found.level <= own) {
                stages.spans.push((found.content.start, None));
                level = None;
            }
        }
        stages
    }
}

/// Warns of lines that look like tasks and are none in Markdown: nobody would miss them before the end.
fn note_lost_tasks(document: &Document<'_>, section: &Section, found: &mut Vec<Diagnostic>) {
    let outline = &document.outline;
    let text = document.source.text.as_str();
    let first = outline.line_of(section.body.start) as usize - 1;
    let mut tasks = document.tasks_in(&section.body).iter().map(|task| outline.line_of(task.mark)).peekable();
    let before = outline.opaque.partition_point(|opaque| opaque.range.end <= section.body.start);
    let closed = outline.opaque.get(before..).unwrap_or_default();
    let mut closed = closed.iter().filter(|opaque| !opaque.indented).peekable();
    for index in first..outline.lines() {
        let range = outline.line_range(text, index);
        if range.start >= section.body.end {
            return;
        }
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        while tasks.next_if(|line| *line < number).is_some() {}
        while closed.next_if(|opaque| opaque.range.end <= range.start).is_some() {}
        let hidden = closed.peek().is_some_and(|opaque| opaque.range.start < range.end);
        if hidden || tasks.peek() == Some(&number) || !looks_like_task(&text[range]) {
            continue;
        }
        let message = format!(
            "phase {}: this looks like a task, but Markdown does not read it as one; write `- [ ] ` and the task, indented like the tasks around it",
            section.number
        );
        found.push(Diagnostic::warning(&document.source.path, number, Some(section.number), message));
    }
}

fn looks_like_task(line: &str) -> bool {
    let line = line.trim();
    let Some(rest) = line.strip_prefix(['-', '*', '+']) else { return false };
    let rest = rest.trim_start();
    let text = ["[ ]", "[x]", "[X]", "[]"].into_iter().find_map(|mark| rest.strip_prefix(mark));
    text.is_some_and(|text| !text.starts_with(['(', '[', ':']) && !text.trim().is_empty())
}
