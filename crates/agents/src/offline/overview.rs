//! The overview of several reports, put together of what they say of themselves.

use super::markdown::{counted, plain, points, section, title};
use super::order::Wanted;
use super::report::HONEST;
use coordinate_model::artifact::Metadata;
use std::path::{Component, Path, PathBuf};

/// A report, and what is known of it.
struct Read {
    /// The link to it, from the overview's folder.
    link: String,
    metadata: Metadata,
}

/// Writes the overview. Only reports that are there are told of.
pub(super) fn overview(wanted: &Wanted) -> Result<String, String> {
    let reports: Vec<Read> = wanted.inputs.iter().filter_map(|path| read(wanted, path)).collect();
    if reports.is_empty() {
        return Err("there is no report to give an overview of".to_owned());
    }
    let mut out = format!("# Overview: {}\n", title(&plain(&wanted.topic())));
    section(&mut out, "Metadata", &metadata(wanted));
    section(&mut out, "Executive Summary", &summary(&reports));
    section(&mut out, "Reports", &points(reports.iter().map(linked), ""));
    section(&mut out, "Findings", &findings(&reports));
    section(&mut out, "Recommendations", &recommendations(&reports));
    Ok(out)
}

/// The reports of the run; the request may have named other files, which are none of its findings.
fn read(wanted: &Wanted, path: &Path) -> Option<Read> {
    let folder = wanted.path.parent()?;
    let text = std::fs::read_to_string(path).ok()?;
    // Nothing is handed up from here: how many tokens it takes does not matter.
    (path.parent() == Some(folder)).then(|| Read { link: between(folder, path), metadata: Metadata::of(&text, &|_| 0) })
}

fn between(folder: &Path, path: &Path) -> String {
    let rest = path.strip_prefix(folder).map_or_else(|_| path.to_owned(), Path::to_owned);
    let parts = rest.components().filter(|part| *part != Component::CurDir);
    parts.collect::<PathBuf>().to_string_lossy().replace(' ', "%20")
}

fn metadata(wanted: &Wanted) -> String {
    let (date, topic) = (&wanted.date, plain(&wanted.topic()));
    format!("- **Date**: {date}\n- **Agent**: offline (built in)\n- **Topic**: {topic}\n")
}

fn summary(reports: &[Read]) -> String {
    let titles: Vec<String> = reports.iter().map(|report| plain(&report.metadata.title)).collect();
    let all = counted(reports.len(), "report");
    let shared = shared(reports);
    let both = match shared.as_slice() {
        [] => "No file is named by more than one of them.".to_owned(),
        some => format!("{} named by more than one of them.", counted_are(some.len())),
    };
    format!("{all}: {}. {both}\n\n{HONEST}", titles.join("; "))
}

fn counted_are(files: usize) -> String {
    format!("{} {}", counted(files, "file"), if files == 1 { "is" } else { "are" })
}

fn linked(report: &Read) -> String {
    let names: String = plain(&report.metadata.title).replace(']', "\\]");
    format!("[{names}]({})", report.link)
}

fn findings(reports: &[Read]) -> String {
    let own = reports.iter().map(|report| {
        let said = if report.metadata.summary.is_empty() { "It has no summary." } else { &report.metadata.summary };
        format!("### {}\n\n{}\n\n", plain(&report.metadata.title), plain(said))
    });
    let shared = shared(reports).into_iter().map(|(path, of)| format!("`{path}`: {}", of.join(", ")));
    let shared = points(shared, "None.");
    format!("{}### Files that several reports name\n\n{shared}", own.collect::<String>())
}

/// Files that more than one report names, with the reports.
fn shared(reports: &[Read]) -> Vec<(&str, Vec<String>)> {
    let mut seen: Vec<(&str, Vec<String>)> = Vec::new();
    for report in reports {
        for path in &report.metadata.paths {
            match seen.iter_mut().find(|(known, _)| known == path) {
                Some((_, of)) => of.push(plain(&report.metadata.title)),
                None => seen.push((path, vec![plain(&report.metadata.title)])),
            }
        }
    }
    seen.retain(|(_, of)| of.len() > 1);
    seen
}

/// What the reports recommend, each line once, with the report that said it.
fn recommendations(reports: &[Read]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for report in reports {
        for line in &report.metadata.recommendations {
            let line = format!("{} ({})", plain(line), plain(&report.metadata.title));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    points(lines, "The reports recommend nothing.")
}
