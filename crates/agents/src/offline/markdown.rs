//! Pieces of Markdown that all artifacts of the offline agent have.

use super::survey::{Excerpt, Language};
use std::fmt::Write;

/// A text in backticks, whatever backticks it holds itself.
pub(super) fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let room = if longest > 0 { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

/// A fenced block, with a fence that the text does not hold.
pub(super) fn fenced(info: &str, text: &str) -> String {
    let longest =
        text.lines().map(|line| line.trim_start()).map(|line| line.len() - line.trim_start_matches('`').len());
    let fence = "`".repeat(longest.max().unwrap_or_default().max(2) + 1);
    format!("{fence}{info}\n{text}\n{fence}\n")
}

/// A part of a file with its place above it.
pub(super) fn excerpt(path: &str, excerpt: &Excerpt) -> String {
    let place = code(&format!("{path}:{}", excerpt.line));
    format!("{place}, from line {}:\n\n{}\n", excerpt.from, fenced(Language::of(path).1, &excerpt.text))
}

/// A heading of the second level.
pub(super) fn section(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "\n## {name}\n\n{}\n", text.trim_end());
}

/// A list with a point for each; `none` says what stands there instead of an empty list.
pub(super) fn points(lines: impl IntoIterator<Item = String>, none: &str) -> String {
    let list: String = lines.into_iter().map(|line| format!("- {line}\n")).collect();
    if list.is_empty() { format!("{none}\n") } else { list }
}

/// `a`, `b` and `c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// `1 file`, `2 files`.
pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A person's words as words alone: a link in them would lead elsewhere from where they are told.
pub(super) fn plain(text: &str) -> String {
    text.replace('[', "\\[").replace('<', "\\<")
}

/// A topic as a title: one line, its first letter a capital, not too long.
pub(super) fn title(topic: &str) -> String {
    let short: String = topic.chars().take(100).collect();
    let kept = if short.len() < topic.len() {
        short.rsplit_once(' ').map_or(short.as_str(), |(kept, _)| kept)
    } else {
        &short
    };
    let kept = kept.trim_matches(|c: char| c.is_whitespace() || "#.:;,".contains(c));
    let mut letters = kept.chars();
    letters.next().map_or_else(|| "Untitled".to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(fenced("md", "```sh\nx\n```"), "````md\n```sh\nx\n```\n````\n");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a"), "`a`");
    }

    #[test]
    fn lists_and_numbers_read_as_sentences() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&names), "a, b and c");
        assert_eq!((counted(1, "file"), counted(2, "file")), ("1 file".to_owned(), "2 files".to_owned()));
        assert_eq!(title("how it works."), "How it works");
        assert_eq!(title(""), "Untitled");
        assert_eq!(plain("see [a](b.md)"), "see \\[a](b.md)");
    }
}
