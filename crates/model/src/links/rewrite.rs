//! Links when files move: a text with other targets, every other byte as it was.

use super::names_a_file;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};
use std::ops::Range;

/// A text whose links to files lead elsewhere. `change` is given each target without its anchor, as it is named, and
/// gives the new one; `None` leaves it as it stands.
#[must_use]
pub fn with_targets(text: &str, change: &dyn Fn(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut from = 0;
    for place in places(text) {
        let Some(raw) = text.get(place.clone()).filter(|_| place.start >= from) else { continue };
        let path = raw.split('#').next().unwrap_or_default();
        let Some(target) = change(&path.replace("%20", " ")) else { continue };
        result.push_str(text.get(from..place.start).unwrap_or_default());
        result.push_str(&target.replace(' ', "%20"));
        from = place.start + path.len();
    }
    result.push_str(text.get(from..).unwrap_or_default());
    result
}

/// A text that goes from one path of the project to another while other files go elsewhere too: `follow` gives the new
/// path of each file that a link leads to, or `None` for what is not there, whose link is left as it stands.
#[must_use]
pub fn relinked(text: &str, from: &str, to: &str, follow: &dyn Fn(&str) -> Option<String>) -> String {
    with_targets(text, &|target| {
        if target.starts_with('/') {
            return None;
        }
        let new = follow(&joined(from, target))?;
        if joined(to, target) == new {
            return None;
        }
        let folder = if target.ends_with('/') { "/" } else { "" };
        Some(relative(to, &new) + folder)
    })
}

/// A link from one file of the project to another.
#[must_use]
pub fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = from.len().saturating_sub(1);
    let common = from.iter().take(folders).zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", folders.saturating_sub(common));
    let link = up.chain(to.iter().skip(common).copied()).collect::<Vec<_>>().join("/").replace(' ', "%20");
    if link.is_empty() { ".".to_owned() } else { link }
}

/// The path in the project to which a link of a file leads. What leads out of the project begins with `..`.
#[must_use]
pub fn joined(file: &str, target: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Where the targets of links to files stand, anchors included; in the order of the text.
fn places(text: &str) -> Vec<Range<usize>> {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    let definitions = parser.reference_definitions().iter();
    let defined = definitions.filter_map(|(_, link)| target_in(text, &link.span, "]:", &link.dest));
    let mut found: Vec<Range<usize>> = defined.collect();
    for (event, range) in parser.into_offset_iter() {
        if let Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. })
        | Event::Start(Tag::Image { link_type: LinkType::Inline, dest_url, .. }) = event
        {
            found.extend(target_in(text, &range, "](", &dest_url));
        }
    }
    found.sort_by_key(|place| place.start);
    found
}

/// The target behind the last `opening` that it stands behind. One that is written with escapes is not found.
fn target_in(text: &str, link: &Range<usize>, opening: &str, target: &str) -> Option<Range<usize>> {
    if !names_a_file(target) {
        return None;
    }
    let source = text.get(link.clone())?;
    let mut openings = source.rmatch_indices(opening).map(|(at, _)| at + opening.len());
    openings.find_map(|at| {
        let rest = source.get(at..)?;
        let bare = rest.trim_start();
        let start = at + (rest.len() - bare.len()) + usize::from(bare.starts_with('<'));
        source.get(start..)?.starts_with(target).then(|| link.start + start..link.start + start + target.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_climb_only_as_far_as_they_must() {
        assert_eq!(relative("specs/001_a/summaries/001_summary.md", "PLAN.md"), "../../../PLAN.md");
        assert_eq!(relative("specs/001_a/summaries/x.md", "specs/001_a/plans/my plan.md"), "../plans/my%20plan.md");
        assert_eq!(relative("x.md", "y.md"), "y.md");
        assert_eq!(relative("a/b/x.md", "../out"), "../../../out");
        assert_eq!(relative("a/x.md", "a"), ".");
    }

    #[test]
    fn every_kind_of_link_is_changed_and_nothing_else() {
        let text = "[a](x.md) `[b](x.md)` ![c](<x.md> \"t\") [d](x.md#part)\n\n[![e](x.md)](x.md)\n\n[f][g]\n\n[g]: x.md\n\
                    [h](https://e.org/x.md) [i](#x.md)\n\n```md\n[j](x.md)\n```\n| [k](x.md) |\n";
        let changed = with_targets(text, &|target| (target == "x.md").then(|| "y z.md".to_owned()));
        let expected = "[a](y%20z.md) `[b](x.md)` ![c](<y%20z.md> \"t\") [d](y%20z.md#part)\n\n[![e](y%20z.md)](y%20z.md)\n\n\
                        [f][g]\n\n[g]: y%20z.md\n[h](https://e.org/x.md) [i](#x.md)\n\n```md\n[j](x.md)\n```\n| [k](y%20z.md) |\n";
        assert_eq!(changed, expected);
    }

    #[test]
    fn a_text_that_moves_leads_where_it_led() {
        let text =
            "[a](../plans/a.md) [b](../../002_y/b.md) [c](/etc/x) [d](gone.md) [e](../) [f](../../../src/x.rs#L3)";
        let follow = |path: &str| match path {
            path if path.ends_with("gone.md") => None,
            path => Some(path.replace("specs/001_x", "specs/archive/001_x")),
        };
        let moved = relinked(text, "specs/001_x/reports/r.md", "specs/archive/001_x/reports/r.md", &follow);
        let expected = "[a](../plans/a.md) [b](../../../002_y/b.md) [c](/etc/x) [d](gone.md) [e](../) [f](../../../../src/x.rs#L3)";
        assert_eq!(moved, expected);
        let other = relinked("[a](../001_x/plans/a.md)", "specs/002_y/b.md", "specs/002_y/b.md", &follow);
        assert_eq!(other, "[a](../archive/001_x/plans/a.md)");
    }
}
