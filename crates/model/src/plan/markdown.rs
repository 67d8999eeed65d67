//! The outline of one Markdown text: its headings, tasks and code blocks, each with its place.
//!
//! Blocks are found by a Markdown parser and not by patterns on lines, so that a heading or a task
//! inside a code block, a comment or a quotation is never taken for one of the plan.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// A heading at the top level of the text (none of a list or a quotation).
#[derive(Debug)]
pub(super) struct Heading {
    /// 1 to 6.
    pub(super) level: u8,
    /// The heading's text without the marks that make it a heading, as a range of the text.
    pub(super) content: Range<usize>,
    /// Where the next block begins.
    pub(super) end: usize,
}

/// A list item with a check mark.
#[derive(Debug)]
pub(super) struct TaskMark {
    /// The place of the one byte between the brackets.
    pub(super) mark: usize,
    /// Whether it is ticked.
    pub(super) done: bool,
    /// The first paragraph of the item, after the mark.
    pub(super) text: Range<usize>,
    /// The whole item, its nested items too.
    pub(super) item: Range<usize>,
}

/// A fenced code block.
#[derive(Debug)]
pub(super) struct Fence {
    pub(super) info: String,
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// A part of the text in which Markdown reads no headings, tasks or fields.
#[derive(Debug)]
pub(super) struct Opaque {
    pub(super) range: Range<usize>,
    /// Indented code is often a list whose author indented it too far.
    pub(super) indented: bool,
}

/// What one text holds. All lists are in the order of the text.
#[derive(Debug)]
pub(super) struct Outline {
    /// Where each line begins; the first at 0.
    line_starts: Vec<usize>,
    pub(super) headings: Vec<Heading>,
    pub(super) tasks: Vec<TaskMark>,
    pub(super) fences: Vec<Fence>,
    pub(super) opaque: Vec<Opaque>,
    /// The beginning of a fence or comment that is never closed and takes the rest of the text.
    pub(super) unclosed: Option<Unclosed>,
}

/// A block that runs to the end of the text because its end is missing.
#[derive(Debug)]
pub(super) struct Unclosed {
    pub(super) at: usize,
    /// What would close it.
    pub(super) closing: String,
}

impl Outline {
    /// Reads a text. Never fails: every text is Markdown.
    pub(super) fn of(text: &str) -> Self {
        let mut scan = Scan::new(text);
        let options = Options::ENABLE_TASKLISTS;
        for (event, range) in Parser::new_ext(&text[scan.base..], options).into_offset_iter() {
            let range = range.start + scan.base..range.end + scan.base;
            scan.on(event, range);
        }
        scan.outline
    }

    /// The line that holds a byte, from 1.
    pub(super) fn line_of(&self, at: usize) -> u32 {
        let line = self.line_starts.partition_point(|start| *start <= at);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// How many lines the text has.
    pub(super) fn lines(&self) -> usize {
        self.line_starts.len()
    }

    /// The range of a line (its index from 0) without its line ending.
    pub(super) fn line_range(&self, text: &str, index: usize) -> Range<usize> {
        let start = self.line_starts.get(index).copied().unwrap_or(text.len());
        let end = self.line_starts.get(index + 1).copied().unwrap_or(text.len());
        let line = text[start..end].trim_end_matches(['\n', '\r']);
        start..start + line.len()
    }
}

/// Where the Markdown begins: after a byte order mark and a YAML front matter, whose closing `---`
/// would otherwise make a heading of its last line.
fn markdown_start(text: &str, line_starts: &[usize]) -> usize {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let line = |index: usize| {
        let start = *line_starts.get(index)?;
        let end = line_starts.get(index + 1).copied().unwrap_or(text.len());
        Some(text[start..end].trim_end())
    };
    if line(0).map(|first| &first[mark.min(first.len())..]) != Some("---") {
        return mark;
    }
    if !line(1).is_some_and(|first| first.contains(':')) {
        return mark;
    }
    // A text may begin with a rule: what holds headings is no front matter.
    let end =
        (1..line_starts.len()).find(|index| line(*index).is_some_and(|text| text.starts_with("##") || text == "---"));
    match end {
        Some(index) if line(index) == Some("---") => line_starts.get(index + 1).copied().unwrap_or(text.len()),
        _ => mark,
    }
}

/// Where each line of a text begins. A lone carriage return ends a line too, as it does in Markdown.
fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        if ends && at + 1 < bytes.len() {
            starts.push(at + 1);
        }
    }
    starts
}

/// The parser's events, gathered into an outline.
struct Scan<'a> {
    text: &'a str,
    base: usize,
    /// Where the text's last visible character ends.
    visible_end: usize,
    outline: Outline,
    /// How many lists and quotations are open.
    depth: usize,
    quotes: usize,
    /// The open list items.
    items: Vec<Range<usize>>,
    /// The task whose first paragraph is being read.
    task: Option<usize>,
    fence: Option<Fence>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        let line_starts = line_starts(text);
        let base = markdown_start(text, &line_starts);
        let outline = Outline {
            line_starts,
            headings: Vec::new(),
            tasks: Vec::new(),
            fences: Vec::new(),
            opaque: Vec::new(),
            unclosed: None,
        };
        let visible_end = text.trim_end().len();
        Self { text, base, visible_end, outline, depth: 0, quotes: 0, items: Vec::new(), task: None, fence: None }
    }

    fn on(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.open(tag, range),
            Event::End(tag) => self.close(tag, range),
            Event::TaskListMarker(done) => self.task_mark(done, &range),
            Event::Text(text) => {
                if let Some(fence) = &mut self.fence {
                    fence.text.push_str(&text);
                }
                self.inline(&range);
            }
            Event::Code(_) | Event::InlineHtml(_) | Event::SoftBreak | Event::HardBreak => {
                self.inline(&range);
            }
            _ => {}
        }
    }

    fn open(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } if self.depth == 0 => self.heading(level, &range),
            Tag::BlockQuote(_) => {
                self.depth += 1;
                self.quotes += 1;
                self.task = None;
            }
            Tag::List(_) => {
                self.depth += 1;
                self.task = None;
            }
            Tag::Item => self.items.push(range),
            Tag::CodeBlock(kind) => self.code_block(kind, range),
            Tag::HtmlBlock => self.html_block(range),
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::BlockQuote(_) => {
                self.depth = self.depth.saturating_sub(1);
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::List(_) => self.depth = self.depth.saturating_sub(1),
            TagEnd::Item => {
                self.items.pop();
                self.task = None;
            }
            TagEnd::Paragraph => self.task = None,
            TagEnd::CodeBlock => self.outline.fences.extend(self.fence.take()),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image => self.inline(&range),
            _ => {}
        }
    }

    fn heading(&mut self, level: HeadingLevel, range: &Range<usize>) {
        let Some(content) = heading_content(self.text, range) else { return };
        let heading = Heading { level: level as u8, content, end: range.end };
        self.outline.headings.push(heading);
    }

    fn task_mark(&mut self, done: bool, range: &Range<usize>) {
        let Some(item) = self.items.last().cloned() else { return };
        let Some(bracket) = self.text[range.clone()].find('[') else { return };
        if self.quotes > 0 {
            return;
        }
        self.task = Some(self.outline.tasks.len());
        let mark = range.start + bracket + 1;
        self.outline.tasks.push(TaskMark { mark, done, text: range.end..range.end, item });
    }

    /// Inline text belongs to the task whose first paragraph is open.
    fn inline(&mut self, range: &Range<usize>) {
        if let Some(task) = self.task.and_then(|index| self.outline.tasks.get_mut(index)) {
            task.text.end = task.text.end.max(range.end);
        }
    }

    fn code_block(&mut self, kind: CodeBlockKind<'_>, range: Range<usize>) {
        self.task = None;
        let indented = match kind {
            CodeBlockKind::Indented => true,
            CodeBlockKind::Fenced(info) => {
                self.note_unclosed_fence(&range);
                let info = info.trim().to_owned();
                self.fence = Some(Fence { info, text: String::new(), range: range.clone() });
                false
            }
        };
        self.outline.opaque.push(Opaque { range, indented });
    }

    /// Only comments are opaque: the text between other tags is often meant to be read.
    fn html_block(&mut self, range: Range<usize>) {
        let html = &self.text[range.clone()];
        if !html.trim_start().starts_with("<!--") {
            return;
        }
        if self.takes_the_rest(&range) && !html.contains("-->") {
            self.outline.unclosed = Some(Unclosed { at: range.start, closing: "-->".to_owned() });
        }
        self.outline.opaque.push(Opaque { range, indented: false });
    }

    fn note_unclosed_fence(&mut self, range: &Range<usize>) {
        if !self.takes_the_rest(range) {
            return;
        }
        let mut lines = self.text[range.clone()].trim_end().lines();
        let opening = lines.next().unwrap_or_default();
        let character = if opening.starts_with('~') { '~' } else { '`' };
        let width = opening.chars().take_while(|c| *c == character).count();
        let Some(last) = lines.next_back().map(str::trim) else { return };
        if last.chars().all(|c| c == character) && last.chars().count() >= width {
            return;
        }
        let closing = character.to_string().repeat(width.min(16));
        self.outline.unclosed = Some(Unclosed { at: range.start, closing });
    }

    fn takes_the_rest(&self, range: &Range<usize>) -> bool {
        self.depth == 0 && range.end >= self.visible_end
    }
}

/// The text of a heading in one line: without `#`s before and after it, or the line above a rule.
/// A heading of several lines (a paragraph with a rule below it) has none.
fn heading_content(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let source = &text[range.clone()];
    let first = source.split(['\n', '\r']).next().unwrap_or_default();
    let mut content = first.trim_start_matches('#');
    if content.len() == first.len() {
        let lines = source.trim_end().split('\n').count().max(source.trim_end().split('\r').count());
        if lines > 2 {
            return None;
        }
    } else {
        content = without_closing_marks(content.trim());
    }
    let content = content.trim();
    // A trimmed slice still points into its source, also when it is empty.
    let start = range.start + (content.as_ptr() as usize - source.as_ptr() as usize);
    Some(start..start + content.len())
}

/// `## Name ##` ends in marks that are no part of it; in `## C#` the mark belongs to the name.
fn without_closing_marks(content: &str) -> &str {
    let bare = content.trim_end_matches('#');
    if bare.is_empty() || bare.ends_with([' ', '\t']) { bare.trim_end() } else { content }
}
