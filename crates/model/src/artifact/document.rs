//! The text of an artifact, taken apart as far as its contract asks: headings, sections, fields, prose.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    /// Its level, from 1.
    pub(super) level: usize,
    /// Its text, as it stands.
    pub(super) text: String,
    /// Its text, as contracts are compared with.
    pub(super) name: String,
    /// Its place in the text, marks included.
    pub(super) range: Range<usize>,
}

/// The block between two lines `---` at the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FrontMatter {
    /// There is none.
    None,
    /// Its fields; names as contracts are compared with.
    Closed(Vec<(String, String)>),
    /// It never ends.
    Unclosed,
}

/// An artifact's text.
#[derive(Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    /// Where the front matter ends.
    begin: usize,
    /// The front matter.
    pub(super) front: FrontMatter,
    /// The headings in the order of the text.
    pub(super) headings: Vec<Heading>,
    /// Where something stands that a reader sees, headings aside; ascending.
    content: Vec<usize>,
    /// The code, inline and in blocks; ascending.
    code: Vec<Range<usize>>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Document<'a> {
    /// Takes a text apart.
    pub(super) fn of(text: &'a str) -> Self {
        let (front, begin) = front_matter(text);
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        let mut document =
            Self { text, begin, front, headings: Vec::new(), content: Vec::new(), code: Vec::new(), lines };
        document.read(begin);
        document
    }

    fn read(&mut self, begin: usize) {
        let mut open: Option<Heading> = None;
        let events = Parser::new_ext(self.text.get(begin..).unwrap_or_default(), Options::ENABLE_TABLES);
        for (event, range) in events.into_offset_iter() {
            let range = range.start + begin..range.end + begin;
            if matches!(event, Event::Code(_) | Event::Start(Tag::CodeBlock(_))) {
                self.code.push(range.clone());
            }
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    open = Some(Heading { level: depth(level), text: String::new(), name: String::new(), range });
                }
                Event::End(TagEnd::Heading(_)) => {
                    self.headings
                        .extend(open.take().map(|heading| Heading { name: name_of(&heading.text), ..heading }));
                }
                Event::Text(text) | Event::Code(text) => match &mut open {
                    Some(heading) => heading.text.push_str(&text),
                    None if text.trim().is_empty() => {}
                    None => self.content.push(range.start),
                },
                Event::Html(text) | Event::InlineHtml(text) if is_visible(&text) => self.content.push(range.start),
                Event::Start(Tag::Image { .. }) => self.content.push(range.start),
                _ => {}
            }
        }
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|begin| *begin <= at)).unwrap_or(u32::MAX)
    }

    /// The section of the heading `index`: up to the next heading that is not below it, or that `ends` names.
    pub(super) fn section(&self, index: usize, ends: impl Fn(usize) -> bool) -> Range<usize> {
        let Some(heading) = self.headings.get(index) else { return 0..0 };
        let mut later = self.headings.iter().enumerate().skip(index + 1);
        let next = later.find(|(at, other)| other.level <= heading.level || ends(*at));
        heading.range.end..next.map_or(self.text.len(), |(_, other)| other.range.start)
    }

    /// All behind the front matter.
    pub(super) fn body(&self) -> Range<usize> {
        self.begin..self.text.len()
    }

    /// Whether a reader sees something between the headings of this range.
    pub(super) fn has_content(&self, range: &Range<usize>) -> bool {
        let first = self.content.partition_point(|at| *at < range.start);
        self.content.get(first).is_some_and(|at| *at < range.end)
    }

    /// The text of a range.
    pub(super) fn slice(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The lines outside code, with their numbers; code within a line is blanked out.
    pub(super) fn prose(&self) -> Vec<(u32, String)> {
        let mut bytes = self.text.as_bytes().to_vec();
        for range in &self.code {
            let covered = bytes.get_mut(range.clone()).into_iter().flatten();
            covered.filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (1..).zip(text.lines().map(str::to_owned)).collect()
    }
}

fn depth(level: HeadingLevel) -> usize {
    level as usize
}

fn is_visible(html: &str) -> bool {
    let html = html.trim();
    !html.is_empty() && !html.starts_with("<!--")
}

/// A heading's text as it is compared: lower case, without numbering, emphasis and punctuation around it.
pub(super) fn name_of(text: &str) -> String {
    let bare = text.trim_start_matches(|c: char| !c.is_alphabetic());
    let bare = without_roman(bare).trim_end_matches(|c: char| !c.is_alphanumeric());
    bare.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// `IV. Findings` without its number.
fn without_roman(text: &str) -> &str {
    let Some((number, rest)) = text.split_once(['.', ')']) else { return text };
    let is_number = !number.is_empty() && number.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
    if is_number && rest.starts_with(char::is_whitespace) { rest.trim_start() } else { text }
}

/// The front matter, and where the text behind it begins.
fn front_matter(text: &str) -> (FrontMatter, usize) {
    let mut at = 0;
    let mut fields = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let bare = line.trim_end();
        at += line.len();
        match number {
            0 if bare.trim_start_matches('\u{feff}') != "---" => return (FrontMatter::None, 0),
            0 => {}
            _ if bare == "---" || bare == "..." => return (FrontMatter::Closed(fields), at),
            _ => fields.extend(bare.split_once(':').map(|(name, value)| (field_name(name), field_value(value)))),
        }
    }
    if at == 0 { (FrontMatter::None, 0) } else { (FrontMatter::Unclosed, 0) }
}

/// The fields of a section: `- **Name**: value`, `Name: value`, `| Name | value |`.
pub(super) fn fields(section: &str) -> Vec<(String, String)> {
    let split = |line: &str| {
        let plain = line.replace(['*', '`'], "");
        let plain = plain.trim_start_matches(|c: char| c.is_whitespace() || "-+>|".contains(c)).to_owned();
        plain.split_once([':', '|']).map(|(name, value)| (field_name(name), field_value(value)))
    };
    section.lines().filter_map(split).collect()
}

/// A field's name as it is compared.
pub(super) fn field_name(text: &str) -> String {
    name_of(&text.replace(['_', '-'], " "))
}

fn field_value(text: &str) -> String {
    text.trim_matches(|c: char| c.is_whitespace() || "|\"'".contains(c)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_numbers_case_and_marks() {
        let texts = ["1. Findings:", "2.3) findings", "IV. Findings", "FINDINGS!", "§ Findings  "];
        assert!(texts.iter().all(|text| name_of(text) == "findings"), "{:?}", texts.map(name_of));
        assert_eq!(name_of("Executive   Summary"), "executive summary");
        assert_eq!(name_of("I. Robot"), "robot");
        assert_eq!(name_of("Viva"), "viva");
        assert_eq!(name_of("12"), "");
    }

    #[test]
    fn fields_have_many_notations() {
        let text = "- **Date**: 2026-01-02\n* **Agent:** a b\n| Topic | x |\nReport Type: y\n`complexity`: \n";
        let pairs =
            [("date", "2026-01-02"), ("agent", "a b"), ("topic", "x"), ("report type", "y"), ("complexity", "")];
        assert_eq!(fields(text), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn front_matter_is_no_heading_and_no_content() {
        let text = "---\nreport_type: x\n---\n# T\n\n<!-- nothing -->\n";
        let document = Document::of(text);
        assert_eq!(document.front, FrontMatter::Closed(vec![("report type".to_owned(), "x".to_owned())]));
        assert_eq!(document.headings.len(), 1);
        assert_eq!(document.line(document.headings[0].range.start), 4);
        assert!(!document.has_content(&document.section(0, |_| false)));
        assert_eq!(Document::of("---\na: b\n").front, FrontMatter::Unclosed);
        assert_eq!(Document::of("").front, FrontMatter::None);
    }
}
