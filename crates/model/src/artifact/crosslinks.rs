//! Lines in the metadata of a topic's files that lead from one to another: from the plan to the summary and back.
//!
//! Such a line ends in a mark, so that it can be told from what the author wrote: it can be brought up to date and
//! taken away again, and the identity of a plan or the hash of a verified report does not depend on it.

use super::document::Document;
use crate::links::{file_links, joined, relative};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The end of a line that is kept up to date.
const MARK: &str = " <!-- coordinate:link -->";

/// What a line leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// What the reports say together.
    Overview,
    /// The reports.
    Reports,
    /// The plans.
    Plan,
    /// The debug reports.
    DebugReports,
    /// The summaries.
    Summary,
}

impl Field {
    /// All fields, in the order in which they are written.
    pub const ALL: [Self; 5] = [Self::Overview, Self::Reports, Self::Plan, Self::DebugReports, Self::Summary];

    /// Its name in the metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Reports => "Reports",
            Self::Plan => "Plan",
            Self::DebugReports => "Debug Reports",
            Self::Summary => "Summary",
        }
    }
}

/// A text that leads to these files and, in lines of ours, to no others. `path` is the text's own; all paths are
/// relative to the project. To what the author's own metadata leads, no line is added. `None` if the text has no
/// section `Metadata`.
#[must_use]
pub fn linked(text: &str, path: &str, wanted: &[(Field, String)]) -> Option<String> {
    let bare = unlinked(text);
    let section = metadata(&bare)?;
    let own = bare.get(section.clone()).unwrap_or_default();
    let known: BTreeSet<String> = file_links(own).iter().map(|link| joined(path, &link.target)).collect();
    let mut lines = String::new();
    for field in Field::ALL {
        let targets = wanted.iter().filter(|(of, target)| *of == field && target != path && !known.contains(target));
        let links: BTreeSet<&String> = targets.map(|(_, target)| target).collect();
        if !links.is_empty() {
            let links: Vec<String> = links.into_iter().map(|target| link(path, target)).collect();
            lines.push_str(&format!("- **{}**: {}{MARK}\n", field.name(), links.join(", ")));
        }
    }
    let (before, behind) = bare.split_at_checked(section.start + own.trim_end().len())?;
    // The line end behind the last line stays where it is, so that taking the lines away gives the same text again.
    let (end, behind) = behind.split_at_checked(behind.find('\n').map_or(behind.len(), |at| at + 1))?;
    let end = if end.ends_with('\n') || lines.is_empty() { end.to_owned() } else { format!("{end}\n") };
    Some(format!("{before}{end}{lines}{behind}"))
}

/// A text that leads to one file more.
#[must_use]
pub fn linked_also(text: &str, path: &str, field: Field, target: &str) -> Option<String> {
    let mut wanted = links_of(text, path);
    wanted.push((field, target.to_owned()));
    linked(text, path, &wanted)
}

/// To what the lines of ours lead.
fn links_of(text: &str, path: &str) -> Vec<(Field, String)> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| is_ours(line)) {
        let field = Field::ALL.into_iter().find(|field| line.starts_with(&format!("- **{}**: ", field.name())));
        let targets = file_links(line).into_iter().map(|link| joined(path, &link.target));
        found.extend(field.into_iter().flat_map(|field| targets.clone().map(move |target| (field, target))));
    }
    found
}

/// A text without the lines of ours: what its author wrote.
#[must_use]
pub fn unlinked(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_inclusive('\n').filter(|line| !is_ours(line)).collect())
}

fn is_ours(line: &str) -> bool {
    line.starts_with("- **") && line.trim_end_matches(['\n', '\r']).ends_with(MARK)
}

fn link(from: &str, to: &str) -> String {
    let name = to.rsplit('/').next().unwrap_or(to);
    format!("[{name}]({})", relative(from, to))
}

/// The section `Metadata`, without its heading.
fn metadata(text: &str) -> Option<std::ops::Range<usize>> {
    let document = Document::of(text);
    let at = document.headings.iter().position(|heading| heading.name == "metadata")?;
    Some(document.section(at, |_| true))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "specs/001_a/plans/001_a.md";
    const TEXT: &str =
        "# A\n\n## Metadata\n\n- **Date**: today\n- **Research**: [x](../reports/001_x.md)\n\n## Rest\n\ntext\n";

    fn wanted() -> Vec<(Field, String)> {
        let report = |name: &str| (Field::Reports, format!("specs/001_a/reports/{name}.md"));
        let summary = (Field::Summary, "specs/001_a/summaries/001_s.md".to_owned());
        vec![summary, report("002_y"), report("001_x"), (Field::Plan, PATH.to_owned())]
    }

    #[test]
    fn lines_are_added_once_and_can_be_taken_away() {
        let once = linked(TEXT, PATH, &wanted()).unwrap();
        let expected = TEXT.replace(
            "001_x.md)\n",
            "001_x.md)\n- **Reports**: [002_y.md](../reports/002_y.md) <!-- coordinate:link -->\n\
             - **Summary**: [001_s.md](../summaries/001_s.md) <!-- coordinate:link -->\n",
        );
        assert_eq!(once, expected);
        assert_eq!(linked(&once, PATH, &wanted()).unwrap(), once);
        assert_eq!(unlinked(&once), TEXT);
        assert_eq!(linked(&once, PATH, &[]).unwrap(), TEXT);
    }

    #[test]
    fn one_more_leaves_the_others() {
        let once = linked(TEXT, PATH, &wanted()).unwrap();
        let more = linked_also(&once, PATH, Field::Summary, "specs/001_a/summaries/002_s.md").unwrap();
        assert!(more.contains("[001_s.md](../summaries/001_s.md), [002_s.md](../summaries/002_s.md) <!--"), "{more}");
        assert!(more.contains("[002_y.md]"), "{more}");
        assert_eq!(unlinked(&more), TEXT);
    }

    #[test]
    fn without_metadata_there_is_no_place_for_a_line() {
        assert_eq!(linked("# A\n\n```\n## Metadata\n```\n", PATH, &wanted()), None);
        let last = "# A\n\n## Metadata\n\nDate: today";
        assert!(linked(last, PATH, &wanted()).unwrap().starts_with("# A\n\n## Metadata\n\nDate: today\n- **Reports**"));
        assert_eq!(linked(last, PATH, &[]).unwrap(), last);
    }
}
