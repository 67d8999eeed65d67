//! Links of a Markdown text.

mod rewrite;

pub use rewrite::{joined, relative, relinked, with_targets};

use pulldown_cmark::{Event, Parser, Tag};

/// A link or an image that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLink {
    /// The line in which it begins, from 1.
    pub line: u32,
    /// The file as it is named: relative to the text's own folder, without the anchor.
    pub target: String,
}

impl FileLink {
    /// The names under which the file may be there, the likelier first: as it stands, and without the line that
    /// editors add (`main.rs:12`, `main.rs:12-20`).
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names = vec![self.target.as_str()];
        let is_place = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_place_char);
        while let Some((name, place)) = names.last().and_then(|name| name.rsplit_once(':')) {
            if name.is_empty() || !is_place(place) {
                break;
            }
            names.push(name);
        }
        names
    }
}

fn is_place_char(c: char) -> bool {
    c.is_ascii_digit() || c == '-'
}

/// The text's links and images that name files: no scheme, no bare anchor.
#[must_use]
pub fn file_links(text: &str) -> Vec<FileLink> {
    let (mut line, mut counted) = (1, 0);
    let targets = Parser::new(text).into_offset_iter().filter_map(|(event, range)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some((dest_url.into_string(), range)),
        _ => None,
    });
    let mut links = Vec::new();
    for (target, range) in targets.filter(|(target, _)| names_a_file(target)) {
        // Events come in the order of the text, so that each line end is counted once.
        let passed = text.as_bytes().get(counted..range.start).unwrap_or_default();
        line += passed.iter().filter(|byte| **byte == b'\n').count();
        counted = counted.max(range.start);
        let target = target.split('#').next().unwrap_or_default().replace("%20", " ");
        links.push(FileLink { line: u32::try_from(line).unwrap_or(u32::MAX), target });
    }
    links
}

/// The targets of [`file_links`].
#[must_use]
pub fn relative_links(text: &str) -> Vec<String> {
    file_links(text).into_iter().map(|link| link.target).collect()
}

fn names_a_file(target: &str) -> bool {
    !target.is_empty() && !target.starts_with('#') && !has_scheme(target)
}

fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| scheme.len() > 1 && !scheme.contains(['/', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_files_count() {
        let text = "[a](x.md) [b](https://e.org/y) [c](#part) ![d](p/q%20r.png) [e](../z.md#top) `[f](no.md)` [g]()";
        assert_eq!(relative_links(text), ["x.md", "p/q r.png", "../z.md"]);
    }

    #[test]
    fn links_have_lines() {
        let lines: Vec<u32> =
            file_links("[a](a)\n\n- [b](b) [c](c)\n- x\n- [d](d)\n").iter().map(|at| at.line).collect();
        assert_eq!(lines, [1, 3, 3, 5]);
    }

    #[test]
    fn a_link_may_name_a_line() {
        let link = |target: &str| FileLink { line: 1, target: target.to_owned() };
        assert_eq!(link("src/main.rs:12:3").names(), ["src/main.rs:12:3", "src/main.rs:12", "src/main.rs"]);
        assert_eq!(link("main.rs:12-20").names(), ["main.rs:12-20", "main.rs"]);
        assert_eq!(link("a:b").names(), ["a:b"]);
        assert_eq!(relative_links("[x](main.rs:12) [y](mailto:a@b.org)"), ["main.rs:12"]);
    }
}
