//! Fields of a phase: lines such as `**Dependencies**: [1, 2]`, bold or not, and what follows them.

use super::heading;
use super::markdown::Outline;
pub(super) use super::spelling::Name;
use super::spelling::{fields_of_heading, fields_of_line, list_item};
use std::ops::Range;

/// A field with all that belongs to it.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Name,
    /// Where its line begins.
    pub(super) at: usize,
    pub(super) line: u32,
    /// What stands behind the colon, wrapped lines joined.
    pub(super) value: String,
    /// The list below it, or the lines of the paragraph below a field that is a heading.
    pub(super) entries: Vec<Entry>,
    /// Whether it stands below the heading of a stage, task or step and so speaks of that alone.
    pub(super) in_part: bool,
}

/// One line below a field.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) line: u32,
}

/// What a line is to a field that stands above it.
enum Kind<'a> {
    Blank,
    Heading,
    Field,
    Task,
    Item { indent: usize, text: &'a str },
    Text,
}

/// All fields of a text.
pub(super) fn all(text: &str, outline: &Outline) -> Vec<Field> {
    Reader::new(text, outline).read()
}

/// Reads the lines of a text one after the other.
struct Reader<'a> {
    text: &'a str,
    outline: &'a Outline,
    /// For each line: 0 nothing special, else one of the constants below.
    marks: Vec<u8>,
}

const HEADING: u8 = 1;
const OPAQUE: u8 = 2;
const TASK: u8 = 3;
const INSIDE_TASK: u8 = 4;

impl<'a> Reader<'a> {
    fn new(text: &'a str, outline: &'a Outline) -> Self {
        let mut reader = Self { text, outline, marks: vec![0; outline.lines()] };
        reader.mark_lines();
        reader
    }

    fn mark_lines(&mut self) {
        // Items of nested tasks overlap; marking only from where the last one ended keeps this linear.
        let mut marked_to = 0;
        for task in &self.outline.tasks {
            self.mark(task.item.start.max(marked_to)..task.item.end, INSIDE_TASK);
            marked_to = marked_to.max(task.item.end);
        }
        for task in &self.outline.tasks {
            self.mark(task.mark..task.mark + 1, TASK);
        }
        for opaque in &self.outline.opaque {
            self.mark(opaque.range.clone(), OPAQUE);
        }
        for heading in &self.outline.headings {
            self.mark(heading.content.start..heading.content.start + 1, HEADING);
        }
    }

    fn mark(&mut self, range: Range<usize>, mark: u8) {
        if range.start >= range.end {
            return;
        }
        let from = self.outline.line_of(range.start) as usize - 1;
        let to = self.outline.line_of(range.end - 1) as usize;
        let to = to.min(self.marks.len());
        for line in self.marks.get_mut(from.min(to)..to).unwrap_or_default() {
            *line = mark;
        }
    }

    fn line(&self, index: usize) -> &'a str {
        let range = self.outline.line_range(self.text, index);
        &self.text[range]
    }

    fn read(&self) -> Vec<Field> {
        let mut found = Vec::new();
        let mut part = Part::default();
        let mut headings = self.outline.headings.iter();
        for index in 0..self.marks.len() {
            let is_heading = self.marks[index] == HEADING;
            let content = if is_heading { self.next_heading(&mut headings, &mut part) } else { self.line(index) };
            let Some(names) = self.names_at(index, content) else { continue };
            let last = names.len() - 1;
            for (place, (name, value)) in names.into_iter().enumerate() {
                let mut field = self.field(index, name, value, part.open());
                if place == last {
                    self.read_below(index, is_heading, &mut field);
                }
                found.push(field);
            }
        }
        found
    }

    fn next_heading(&self, headings: &mut std::slice::Iter<'_, super::markdown::Heading>, part: &mut Part) -> &'a str {
        let Some(heading) = headings.next() else { return "" };
        let content = &self.text[heading.content.clone()];
        part.on_heading(heading.level, content);
        content
    }

    fn field(&self, index: usize, name: Name, value: &str, in_part: bool) -> Field {
        let at = self.outline.line_range(self.text, index).start;
        let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        Field { name, at, line, value: value.to_owned(), entries: Vec::new(), in_part }
    }

    /// The fields of a line; `None` where there are none or the line is no place for fields.
    fn names_at<'t>(&self, index: usize, content: &'t str) -> Option<Vec<(Name, &'t str)>> {
        let names = match self.marks[index] {
            OPAQUE | TASK => return None,
            HEADING => fields_of_heading(content).into_iter().collect(),
            // A line that is not set in only follows the task: Markdown joins it to the task's paragraph.
            INSIDE_TASK if content.starts_with([' ', '\t']) => return None,
            _ => fields_of_line(content),
        };
        (!names.is_empty()).then_some(names)
    }

    fn kind(&self, index: usize) -> Kind<'a> {
        let line = self.line(index);
        match self.marks[index] {
            HEADING => return Kind::Heading,
            OPAQUE => return Kind::Heading,
            TASK => return Kind::Task,
            _ if line.trim().is_empty() => return Kind::Blank,
            _ => {}
        }
        if self.names_at(index, line).is_some() {
            return Kind::Field;
        }
        let indent = line.len() - line.trim_start().len();
        match list_item(line.trim_start()) {
            Some(text) => Kind::Item { indent, text },
            None => Kind::Text,
        }
    }

    /// Takes the rest of a wrapped value, or the list or paragraph below an empty one.
    fn read_below(&self, index: usize, is_heading: bool, field: &mut Field) {
        let mut next = index + 1;
        let own_indent = if is_heading { None } else { item_indent(self.line(index)) };
        if !field.value.is_empty() {
            next = self.join_wrapped(next, field);
        }
        let mut item_at = None;
        let mut blank = false;
        while next < self.marks.len() {
            match self.kind(next) {
                Kind::Blank => blank = true,
                Kind::Heading | Kind::Field | Kind::Task => return,
                Kind::Item { .. } | Kind::Text if !field.name.has_entries() => return,
                Kind::Item { indent, text } => {
                    let first = *item_at.get_or_insert(indent);
                    if own_indent.is_some_and(|own| indent <= own) || indent < first {
                        return;
                    }
                    if indent == first {
                        field.entries.push(self.entry(next, text));
                    }
                    blank = false;
                }
                Kind::Text if item_at.is_some() && blank => return,
                Kind::Text if item_at.is_some() => {}
                Kind::Text if !field.value.is_empty() => return,
                Kind::Text if blank && (!is_heading || !field.entries.is_empty()) => return,
                Kind::Text => {
                    field.entries.push(self.entry(next, self.line(next)));
                    blank = false;
                }
            }
            next += 1;
        }
    }

    /// Appends the following lines to a value: all of a paragraph to an objective, to others only
    /// what a trailing comma or an open bracket asks for.
    fn join_wrapped(&self, mut next: usize, field: &mut Field) -> usize {
        let mut open = brackets(&field.value);
        while next < self.marks.len() {
            let wanted = field.name == Name::Objective || open > 0 || unfinished(&field.value);
            let joins = match self.kind(next) {
                Kind::Text => true,
                // Inside an open bracket `- ` can not begin a list that belongs to anything else.
                Kind::Item { .. } => open > 0,
                Kind::Blank | Kind::Heading | Kind::Field | Kind::Task => false,
            };
            if !wanted || !joins {
                break;
            }
            let line = self.line(next).trim();
            open += brackets(line);
            field.value.push(' ');
            field.value.push_str(line);
            next += 1;
        }
        next
    }

    fn entry(&self, index: usize, text: &str) -> Entry {
        Entry { text: text.trim().to_owned(), line: u32::try_from(index + 1).unwrap_or(u32::MAX) }
    }
}

/// Whether the text lies below the heading of a stage, task or step.
#[derive(Default)]
struct Part {
    level: Option<u8>,
}

impl Part {
    fn on_heading(&mut self, level: u8, content: &str) {
        if heading::is_part(content) {
            self.level = Some(level);
        } else if self.level.is_some_and(|own| level <= own) || heading::phase(content).is_some() {
            self.level = None;
        }
    }

    fn open(&self) -> bool {
        self.level.is_some()
    }
}

fn brackets(text: &str) -> i64 {
    text.bytes().map(|byte| i64::from(byte == b'[') - i64::from(byte == b']')).sum()
}

/// Whether a value goes on in the next line.
fn unfinished(value: &str) -> bool {
    value.ends_with([',', '&']) || value.ends_with(" and")
}

fn item_indent(line: &str) -> Option<usize> {
    let text = line.trim_start();
    list_item(text).map(|_| line.len() - text.len())
}
