//! What an artifact says, as plain words: its title, its summary, what it recommends.
//!
//! Reports are written by many hands, so nothing here is asked of a text: where a section is missing, the next best
//! place counts.

use super::document::{Document, FrontMatter};
use super::metadata::MOST_RECOMMENDATIONS;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Sections that say in short what the text says, the best first.
const SUMMARIES: &[&str] = &["executive summary", "summary", "tl;dr", "tldr", "abstract", "overview", "objective"];
/// Sections that say what is to be done.
const RECOMMENDATIONS: &[&str] = &[
    "recommendations",
    "recommendation",
    "recommended actions",
    "recommended approach",
    "recommended next steps",
    "next steps",
    "action items",
    "suggestions",
];
/// Sections that end the one before them, however deep their headings are.
const OTHERS: &[&str] =
    &["metadata", "findings", "references", "evidence", "cause", "root cause", "reports", "tests", "conclusion"];
/// Words of headings that only group what is recommended: by time, or by weight.
const GROUPING: &[&str] = &[
    "immediate",
    "short",
    "medium",
    "mid",
    "long",
    "term",
    "high",
    "low",
    "priority",
    "now",
    "later",
    "must",
    "should",
    "could",
    "optional",
    "phase",
    "week",
    "weeks",
    "month",
    "actions",
    "quick",
    "wins",
    "critical",
];

/// A block of text, without its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Heading(HeadingLevel, String),
    Paragraph(String),
    /// A point of a list, and how deep the list lies, from 1.
    Item(usize, String),
    /// What a point says in its further paragraphs.
    Detail(String),
    /// A row of a table, its head aside.
    Row(String),
}

/// The title: the first heading of the first level, else the first heading, else the first line.
pub(super) fn title(document: &Document<'_>) -> String {
    let headings = || document.headings.iter().filter(|heading| !heading.text.trim().is_empty());
    let heading = headings().find(|heading| heading.level == 1).or_else(|| headings().next());
    if let Some(heading) = heading {
        return line(&heading.text);
    }
    if let FrontMatter::Closed(fields) = &document.front
        && let Some((_, title)) = fields.iter().find(|(name, _)| name == "title")
    {
        return title.clone();
    }
    blocks(document.slice(&document.body())).iter().find_map(prose).unwrap_or_default()
}

/// The summary, else the first prose that is no metadata.
pub(super) fn summary(document: &Document<'_>) -> String {
    let mut named = sections(document, SUMMARIES).into_iter().map(|range| joined(&blocks(document.slice(&range))));
    named.find(|text| !text.is_empty()).unwrap_or_else(|| beginning(document))
}

/// What is recommended: points, numbered points, or sub-headings.
pub(super) fn recommendations(document: &Document<'_>) -> Vec<String> {
    let all = sections(document, RECOMMENDATIONS).into_iter();
    let mut found = all.map(|range| recommended(&blocks(document.slice(&range))));
    let mut lines = found.find(|lines| !lines.is_empty()).unwrap_or_default();
    lines.truncate(MOST_RECOMMENDATIONS);
    lines
}

/// The sections of these names, in the order of the names.
fn sections(document: &Document<'_>, names: &[&str]) -> Vec<Range<usize>> {
    let ends = |at: usize| {
        let name = document.headings.get(at).map_or("", |heading| heading.name.as_str());
        [SUMMARIES, RECOMMENDATIONS, OTHERS].iter().any(|known| known.contains(&name))
    };
    let of = |name: &&str| document.headings.iter().position(|heading| heading.name == *name);
    names.iter().filter_map(of).map(|index| document.section(index, ends)).collect()
}

fn beginning(document: &Document<'_>) -> String {
    let first = document.headings.first().map_or(document.body().end, |heading| heading.range.start);
    let before = std::iter::once(document.body().start..first.max(document.body().start));
    let own = (0..document.headings.len()).filter(|index| document.headings[*index].name != "metadata");
    let ranges = before.chain(own.map(|index| document.section(index, |_| true)));
    let parts: Vec<Vec<Block>> = ranges.map(|range| blocks(document.slice(&range))).collect();
    let paragraph = |block: &Block| matches!(block, Block::Paragraph(text) if !is_field(text));
    let with_prose = parts.iter().find(|part| part.iter().any(paragraph));
    let chosen = with_prose.or_else(|| parts.iter().find(|part| !part.is_empty()));
    chosen.map(|part| joined(part)).unwrap_or_default()
}

/// The prose of blocks; where there is none, the rows of their tables.
fn joined(blocks: &[Block]) -> String {
    let prose: Vec<String> = blocks.iter().filter_map(prose).collect();
    if !prose.is_empty() {
        return prose.join(" ");
    }
    blocks.iter().filter_map(row).collect::<Vec<_>>().join("; ")
}

fn prose(block: &Block) -> Option<String> {
    match block {
        Block::Paragraph(text) | Block::Item(_, text) | Block::Detail(text) => Some(text.clone()),
        Block::Heading(..) | Block::Row(_) => None,
    }
}

fn row(block: &Block) -> Option<String> {
    match block {
        Block::Row(text) => Some(text.clone()),
        Block::Heading(..) | Block::Paragraph(_) | Block::Item(..) | Block::Detail(_) => None,
    }
}

fn point(block: &Block) -> Option<String> {
    match block {
        Block::Item(1, text) => Some(text.clone()),
        Block::Item(..) | Block::Heading(..) | Block::Paragraph(_) | Block::Detail(_) | Block::Row(_) => None,
    }
}

fn level(block: &Block) -> Option<HeadingLevel> {
    match block {
        Block::Heading(level, _) => Some(*level),
        Block::Item(..) | Block::Paragraph(_) | Block::Detail(_) | Block::Row(_) => None,
    }
}

/// What a section recommends. A heading is a recommendation, unless it only groups the points below it.
fn recommended(blocks: &[Block]) -> Vec<String> {
    let Some(top) = blocks.iter().filter_map(level).min() else { return points(blocks) };
    let is_top = |block: &Block| level(block) == Some(top);
    let first = blocks.iter().position(is_top).unwrap_or(blocks.len());
    let mut lines: Vec<String> = blocks.iter().take(first).filter_map(point).collect();
    let mut rest = blocks.get(first..).unwrap_or_default();
    while let Some((Block::Heading(_, heading), below)) = rest.split_first() {
        let end = below.iter().position(is_top).unwrap_or(below.len());
        let (own, next) = below.split_at(end);
        lines.extend(of_heading(heading, own));
        rest = next;
    }
    lines
}

fn of_heading(heading: &str, own: &[Block]) -> Vec<String> {
    let bare = without_number(heading);
    let numbered = bare.len() < heading.trim().len();
    let listed: Vec<String> = own.iter().filter_map(point).collect();
    let words: Vec<String> = bare.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let groups = words.len() <= 6 && words.iter().any(|word| GROUPING.contains(&word.as_str())) || words.len() <= 2;
    let fields = listed.iter().filter(|text| is_field(text)).count();
    if !numbered && groups && !listed.is_empty() && fields * 2 <= listed.len() {
        return listed;
    }
    if bare.is_empty() {
        return own.iter().find_map(prose).into_iter().collect();
    }
    vec![bare.to_owned()]
}

/// `Recommendation 2: Use a lock` and `2. Use a lock` without their numbers.
fn without_number(heading: &str) -> &str {
    let heading = heading.trim();
    let lower = heading.to_ascii_lowercase();
    let word =
        ["recommendation", "rec", "step"].iter().find(|word| lower.starts_with(*word)).map_or(0, |word| word.len());
    let rest = heading.get(word..).unwrap_or(heading).trim_start();
    let bare = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "#.)(".contains(c));
    if bare.len() == rest.len() {
        return heading;
    }
    bare.trim_start_matches([':', '-', '–', '—', ' ', '.'])
}

/// Points of a list, else rows of a table, else paragraphs.
fn points(blocks: &[Block]) -> Vec<String> {
    let kinds: [fn(&Block) -> Option<String>; 3] = [point, row, prose];
    kinds
        .iter()
        .map(|kind| blocks.iter().filter_map(kind).collect::<Vec<_>>())
        .find(|lines| !lines.is_empty())
        .unwrap_or_default()
}

/// Whether a text is a field, `Priority: high`, and no sentence.
fn is_field(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(name, _)| !name.is_empty() && name.split_whitespace().count() <= 3 && name.len() < 40)
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The blocks of a text. Code and HTML say nothing that could be told in a line.
fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        reader.take(event);
    }
    reader.flush();
    reader.blocks
}

/// What the text that is being read belongs to.
#[derive(Debug, Clone, Copy)]
enum Open {
    Heading(HeadingLevel),
    Paragraph,
    Item(usize),
    Detail,
    Row,
    Nothing,
}

#[derive(Debug)]
struct Reader {
    blocks: Vec<Block>,
    open: Open,
    text: String,
    depth: usize,
    /// The point that was begun has no text yet.
    fresh: bool,
    code: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self { blocks: Vec::new(), open: Open::Nothing, text: String::new(), depth: 0, fresh: false, code: false }
    }
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) if !self.code => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.text.push(' '),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => self.begin(Open::Heading(*level)),
            Tag::Paragraph if self.depth == 0 => self.begin(Open::Paragraph),
            Tag::Paragraph if self.fresh => self.begin(Open::Item(self.depth)),
            Tag::Paragraph => self.begin(Open::Detail),
            Tag::List(_) => {
                self.flush();
                self.depth += 1;
            }
            Tag::Item => {
                self.begin(Open::Item(self.depth));
                self.fresh = true;
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = true;
            }
            Tag::TableHead => self.begin(Open::Nothing),
            Tag::TableRow => self.begin(Open::Row),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.flush();
                self.depth = self.depth.saturating_sub(1);
            }
            TagEnd::CodeBlock => self.code = false,
            TagEnd::TableCell => self.text.push_str(" — "),
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Item | TagEnd::TableHead | TagEnd::TableRow => {
                self.flush()
            }
            _ => {}
        }
    }

    fn begin(&mut self, open: Open) {
        self.flush();
        self.open = open;
    }

    /// Ends what is open. What is empty is nothing.
    fn flush(&mut self) {
        let text = line(std::mem::take(&mut self.text).trim_matches(|c: char| c.is_whitespace() || c == '—'));
        let open = std::mem::replace(&mut self.open, Open::Nothing);
        if text.is_empty() {
            return;
        }
        self.blocks.extend(match open {
            Open::Heading(level) => Some(Block::Heading(level, text)),
            Open::Paragraph => Some(Block::Paragraph(text)),
            Open::Item(depth) => {
                self.fresh = false;
                Some(Block::Item(depth, task(&text).to_owned()))
            }
            Open::Detail => Some(Block::Detail(text)),
            Open::Row => Some(Block::Row(text)),
            Open::Nothing => None,
        });
    }
}

/// A task without its box.
fn task(text: &str) -> &str {
    ["[ ] ", "[x] ", "[X] "].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text)
}
