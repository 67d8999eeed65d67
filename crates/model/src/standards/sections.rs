//! A standards file as sections, each with what it is of use for.

use super::{File, Section, Use};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use std::ops::Range;

/// Words of headings, and what a section with them is of use for.
const WORDS: &[(&str, Use)] = &[
    ("test", Use::Testing),
    ("tests", Use::Testing),
    ("testing", Use::Testing),
    ("coverage", Use::Testing),
    ("tdd", Use::Testing),
    ("verification", Use::Testing),
    ("commit", Use::Commits),
    ("commits", Use::Commits),
    ("committing", Use::Commits),
    ("git", Use::Commits),
    ("branch", Use::Commits),
    ("branches", Use::Commits),
    ("branching", Use::Commits),
    ("pr", Use::Commits),
    ("prs", Use::Commits),
    ("pull", Use::Commits),
    ("changelog", Use::Commits),
    ("documentation", Use::Documentation),
    ("documenting", Use::Documentation),
    ("docs", Use::Documentation),
    ("readme", Use::Documentation),
    ("structure", Use::Structure),
    ("architecture", Use::Structure),
    ("layout", Use::Structure),
    ("overview", Use::Structure),
    ("directory", Use::Structure),
    ("directories", Use::Structure),
    ("folders", Use::Structure),
    ("modules", Use::Structure),
    ("components", Use::Structure),
    ("organization", Use::Structure),
    ("organisation", Use::Structure),
    ("packages", Use::Structure),
    ("crates", Use::Structure),
    ("code", Use::CodeStyle),
    ("coding", Use::CodeStyle),
    ("style", Use::CodeStyle),
    ("styles", Use::CodeStyle),
    ("convention", Use::CodeStyle),
    ("conventions", Use::CodeStyle),
    ("naming", Use::CodeStyle),
    ("format", Use::CodeStyle),
    ("formatting", Use::CodeStyle),
    ("lint", Use::CodeStyle),
    ("linting", Use::CodeStyle),
    ("linter", Use::CodeStyle),
    ("types", Use::CodeStyle),
    ("typing", Use::CodeStyle),
    ("error", Use::CodeStyle),
    ("errors", Use::CodeStyle),
    ("patterns", Use::CodeStyle),
    ("imports", Use::CodeStyle),
    ("command", Use::Commands),
    ("commands", Use::Commands),
    ("build", Use::Commands),
    ("building", Use::Commands),
    ("running", Use::Commands),
    ("setup", Use::Commands),
    ("install", Use::Commands),
    ("installation", Use::Commands),
    ("development", Use::Commands),
    ("scripts", Use::Commands),
    ("tooling", Use::Commands),
    ("environment", Use::Commands),
    ("general", Use::General),
    ("principles", Use::General),
    ("rules", Use::General),
    ("guidelines", Use::General),
    ("important", Use::General),
    ("project", Use::General),
    ("security", Use::General),
];

/// A heading of the first three levels.
struct Heading {
    level: HeadingLevel,
    text: String,
    range: Range<usize>,
}

/// The sections of a file. A heading of the first or second level begins one; deeper ones are part of it.
pub(super) fn of(file: &File) -> Vec<Section> {
    let text = file.text.as_str();
    let headings = headings(text);
    let begins: Vec<&Heading> = headings.iter().filter(|heading| heading.level <= HeadingLevel::H2).collect();
    let end_of = |at: usize| begins.get(at).map_or(text.len(), |heading| heading.range.start);
    let mut sections = vec![section(file, "", 0..end_of(0), &[])];
    for (at, heading) in begins.iter().enumerate() {
        let range = heading.range.end..end_of(at + 1);
        let within: Vec<&str> = headings
            .iter()
            .filter(|other| range.contains(&other.range.start))
            .map(|other| other.text.as_str())
            .collect();
        // The title of the file says what it is, and not what its first lines are about.
        let title = heading.level == HeadingLevel::H1 && at == 0;
        sections.push(section(file, if title { "" } else { &heading.text }, range, &within));
    }
    sections.retain(|section| !section.text.is_empty());
    // What stands before the title and what stands below it are one.
    if let [first, second, ..] = sections.as_mut_slice()
        && first.heading.is_empty()
        && second.heading.is_empty()
    {
        second.text = format!("{}\n\n{}", first.text, second.text);
        sections.remove(0);
    }
    sections
}

fn section(file: &File, heading: &str, range: Range<usize>, within: &[&str]) -> Section {
    let text = file.text.get(range).unwrap_or_default().trim().to_owned();
    let mut uses = uses(heading);
    if uses.is_empty() {
        uses = within.iter().flat_map(|heading| self::uses(heading)).collect();
    }
    if uses.is_empty() {
        uses.push(Use::General);
    }
    uses.sort_unstable();
    uses.dedup();
    Section { heading: heading.trim().to_owned(), file: file.path.clone(), uses, text }
}

fn uses(heading: &str) -> Vec<Use> {
    let key = key(heading);
    let words = key.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter_map(|word| WORDS.iter().find(|(known, _)| *known == word).map(|(_, of)| *of)).collect()
}

/// A heading as it is compared.
pub(super) fn key(heading: &str) -> String {
    let bare = heading.trim_matches(|c: char| !c.is_alphabetic());
    bare.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut open: Option<Heading> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => open = Some(Heading { level, text: String::new(), range }),
            Event::End(TagEnd::Heading(_)) => headings.extend(open.take()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut open {
                    heading.text.push_str(&part);
                }
            }
            _ => {}
        }
    }
    headings
}
