//! The research report: what a survey found, and nothing that it did not.

use super::markdown::{code, counted, excerpt, listed, plain, points, section, title};
use super::order::Wanted;
use super::search::Found;
use super::survey::{Closer, Kind, Line, Ranked};
use super::tree::Commit;
use std::fmt::Write;
use std::path::Path;

/// How many files are named, and how many of them are looked at closely.
const FILES: usize = 10;
const CLOSELY: usize = 5;
/// How many tests are named.
const TESTS: usize = 5;
/// How many terms a reason and the summary name.
const REASONS: usize = 3;
const SHOWN_TERMS: usize = 12;
/// A file that is worth less than this part of the best one is not named.
const WORTH_NAMING: f32 = 0.15;

/// What is told in every report, so that nobody takes a count for a judgement.
pub(super) const HONEST: &str = "The offline agent counts words and judges nothing: it has not understood the code, and what it \
                      names is where to begin, not what is true.";

/// A file that is looked at closely.
struct Looked<'a> {
    file: &'a Ranked,
    closer: Closer,
}

/// Writes the report.
pub(super) fn report(wanted: &Wanted, found: &Found) -> String {
    let files = named(found);
    let look = |file: &&'_ Ranked| found.look(&wanted.tree, &file.path);
    let tests = tests(found, &files);
    let looked: Vec<Looked> = files.iter().take(CLOSELY).map(|file| Looked { file, closer: look(file) }).collect();
    let tested: Vec<Looked> = tests.iter().map(|file| Looked { file, closer: look(file) }).collect();
    let mut out = format!("# {}\n", title(&plain(&wanted.topic())));
    section(&mut out, "Metadata", &metadata(wanted, &files));
    section(&mut out, "Executive Summary", &summary(found, &files, &looked));
    section(&mut out, "Findings", &findings(found, &files, &looked, &tested));
    section(&mut out, "Recommendations", &recommendations(found, &looked, &tested));
    section(&mut out, "References", &references(&looked, &tested));
    out
}

/// The files that are worth naming.
fn named(found: &Found) -> Vec<&Ranked> {
    let tests_too = found.terms.wants_tests();
    let shown = || found.files.iter().filter(|file| tests_too || file.kind != Kind::Test);
    let enough = shown().find(|file| !file.named).map_or(0.0, |file| file.score * WORTH_NAMING);
    let named: Vec<&Ranked> = shown().filter(|file| file.score >= enough).take(FILES).collect();
    // A repository of tests alone still has an answer.
    if named.is_empty() { found.files.iter().take(FILES).collect() } else { named }
}

fn tests<'a>(found: &'a Found, files: &[&Ranked]) -> Vec<&'a Ranked> {
    let tests = found.files.iter().filter(|file| file.kind == Kind::Test);
    tests.filter(|test| !files.iter().any(|file| file.path == test.path)).take(TESTS).collect()
}

fn metadata(wanted: &Wanted, files: &[&Ranked]) -> String {
    let mut folders: Vec<&str> = files.iter().map(|file| folder(&file.path)).collect();
    folders.sort_unstable();
    folders.dedup();
    let level = match folders.len() {
        0..=2 => "low",
        3..=5 => "medium",
        _ => "high",
    };
    let (files, folders) = (counted(files.len(), "file"), counted(folders.len(), "folder"));
    format!(
        "- **Date**: {}\n- **Agent**: offline (built in)\n- **Topic**: {}\n- **Report Type**: survey of the repository\n\
         - **Complexity**: {level} ({files} in {folders})\n",
        wanted.date,
        plain(&wanted.topic()),
    )
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn summary(found: &Found, files: &[&Ranked], looked: &[Looked]) -> String {
    let searched = searched(found);
    if files.is_empty() {
        return format!("Nothing was found. {searched} {HONEST}");
    }
    let best: Vec<String> = files.iter().take(CLOSELY).map(|file| code(&file.path)).collect();
    let marks: usize = looked.iter().map(|one| one.closer.marks.len()).sum();
    let symbols: Vec<String> =
        looked.iter().filter_map(|one| one.closer.symbols.first()).take(REASONS).map(|name| code(&name.text)).collect();
    let mut text = format!("Begin with {}.", listed(&best));
    if !symbols.is_empty() {
        let _ = write!(text, " They define {}.", listed(&symbols));
    }
    let _ = write!(text, " {searched}");
    if !found.commits.is_empty() {
        let _ = write!(text, " Of the history, {} told below.", counted_are(found.commits.len(), "commit"));
    }
    if marks > 0 {
        let _ = write!(text, " Near what was found, {} left.", counted_are(marks, "open mark"));
    }
    format!("{text}\n\n{HONEST}")
}

/// `1 commit is`, `2 commits are`.
fn counted_are(number: usize, what: &str) -> String {
    format!("{} {}", counted(number, what), if number == 1 { "is" } else { "are" })
}

/// How many files were searched for what, and how many of them hold any of it.
fn searched(found: &Found) -> String {
    let terms: Vec<String> = found.terms.all.iter().take(SHOWN_TERMS).map(|term| code(&term.text)).collect();
    if terms.is_empty() {
        return "The request holds no word to search for: all its words say what is to be done, none about what."
            .to_owned();
    }
    let hold = if found.files.len() == 1 { "holds" } else { "hold" };
    let (files, held) = (counted(found.read.files, "file"), found.files.len());
    format!("Of {files} that were searched, {held} {hold} any of {}.", listed(&terms))
}

fn findings(found: &Found, files: &[&Ranked], looked: &[Looked], tested: &[Looked]) -> String {
    let mut out = String::new();
    let mut part = |name: &str, text: String| {
        let _ = write!(out, "### {name}\n\n{}\n\n", text.trim_end());
    };
    part("Files, the best first", ranking(found, files));
    part("What they define", definitions(looked));
    part("Excerpts", excerpts(looked));
    part("History", history(found));
    part("Tests", points(tested.iter().map(|one| test(found, one)), "No test mentions it."));
    part("Open marks", points(marks(looked).map(|(place, text)| format!("{place} {}", code(&text))), "None near it."));
    part("What was searched", scope(found));
    out
}

fn ranking(found: &Found, files: &[&Ranked]) -> String {
    let line = |(at, file): (usize, &&Ranked)| {
        format!("{}. {} ({}): {}\n", at + 1, code(&file.path), file.kind.name(), reasons(found, file))
    };
    let list: String = files.iter().enumerate().map(line).collect();
    if list.is_empty() { "None.\n".to_owned() } else { list }
}

/// Why a file is named: its most telling terms, each with the places where it stands.
fn reasons(found: &Found, file: &Ranked) -> String {
    let because = file.because.iter().take(REASONS).filter_map(|(term, counts)| {
        let text = &found.terms.all.get(*term)?.text;
        Some(format!("{} in its {}", code(text), listed(&counts.places())))
    });
    let named = file.named.then(|| "named in the request".to_owned());
    named.into_iter().chain(because).collect::<Vec<_>>().join("; ")
}

fn definitions(looked: &[Looked]) -> String {
    let symbols = looked.iter().flat_map(|one| one.closer.symbols.iter().map(|name| (one.file, name)));
    let line = |(file, name): (&Ranked, &Line)| {
        format!("{} defines {}", code(&format!("{}:{}", file.path, name.number)), code(&name.text))
    };
    points(symbols.map(line), "No definition has a name that holds the words.")
}

fn excerpts(looked: &[Looked]) -> String {
    let quoted = looked.iter().flat_map(|one| one.closer.excerpts.iter().map(|text| excerpt(&one.file.path, text)));
    let text = quoted.collect::<Vec<_>>().join("");
    if text.is_empty() { "None.\n".to_owned() } else { text }
}

fn history(found: &Found) -> String {
    let line = |commit: &Commit| {
        let touched = commit.paths.iter().take(3).map(|path| code(path)).collect::<Vec<_>>();
        let more = if commit.paths.len() > 3 { format!(" and {} more", commit.paths.len() - 3) } else { String::new() };
        format!("{} {}: {} ({}{more})", code(&commit.hash), commit.date, code(&commit.subject), touched.join(", "))
    };
    let none = format!("Nothing in {}, the newest, bears on it.", counted(found.looked_at, "commit"));
    points(found.commits.iter().map(line), &none)
}

fn test(found: &Found, test: &Looked) -> String {
    format!("{}: {}", code(&format!("{}:{}", test.file.path, test.closer.first)), reasons(found, test.file))
}

/// The open marks with their places.
fn marks<'a>(looked: &'a [Looked]) -> impl Iterator<Item = (String, String)> + 'a {
    looked.iter().flat_map(|one| {
        let place = |line: usize| code(&format!("{}:{line}", one.file.path));
        one.closer.marks.iter().map(move |mark| (place(mark.number), mark.text.clone()))
    })
}

fn scope(found: &Found) -> String {
    let from =
        if found.by_git { "that git tracks or does not ignore" } else { "below the folder, without hidden ones" };
    let mut lines = vec![format!("{} {from}", counted(found.read.files, "text file"))];
    if found.read.no_text > 0 {
        lines.push(format!("left out: {}", counted(found.read.no_text, "file") + " without text"));
    }
    if found.read.too_large > 0 {
        lines.push(format!("left out: {}", counted(found.read.too_large, "file") + " too large to read"));
    }
    lines.push(format!("{}, the newest", counted(found.looked_at, "commit")));
    points(lines, "")
}

/// What follows from the findings alone.
fn recommendations(found: &Found, looked: &[Looked], tested: &[Looked]) -> String {
    let place = |one: &Looked| code(&format!("{}:{}", one.file.path, one.closer.first));
    let mut lines = Vec::new();
    if let Some((first, others)) = looked.split_first() {
        lines.push(format!("Begin reading at {}.", place(first)));
        let others: Vec<String> = others.iter().map(place).collect();
        if !others.is_empty() {
            lines.push(format!("Go on with {}.", listed(&others)));
        }
    }
    if let Some(commit) = found.commits.first() {
        lines.push(format!("See how it came about: {}.", code(&format!("git show {}", commit.hash))));
    }
    if !tested.is_empty() {
        let tests: Vec<String> = tested.iter().map(|one| code(&one.file.path)).collect();
        lines.push(format!("Run before and after any change: {}.", listed(&tests)));
    }
    let open: Vec<String> = marks(looked).map(|(place, _)| place).collect();
    if !open.is_empty() {
        lines.push(format!("Settle the open marks at {}.", listed(&open)));
    }
    if lines.is_empty() {
        lines.push(
            "Ask again with words that the repository itself uses: names of files, types or functions.".to_owned(),
        );
    }
    format!("{}\n{HONEST}\n", points(lines, ""))
}

fn references(looked: &[Looked], tested: &[Looked]) -> String {
    let places = looked.iter().flat_map(|one| {
        let lines = one.closer.symbols.iter().map(|name| name.number);
        let mut lines: Vec<usize> = lines.chain(one.closer.excerpts.iter().map(|text| text.line)).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.into_iter().map(|line| format!("{}:{line}", one.file.path)).collect::<Vec<_>>()
    });
    let tests = tested.iter().map(|one| format!("{}:{}", one.file.path, one.closer.first));
    points(places.chain(tests).map(|place| code(&place)), "None: nothing was found.")
}

/// The places of a survey that only ranks, for a report of another kind.
pub(super) fn suspects(found: &Found, tree: &Path, most: usize) -> Vec<String> {
    let files = named(found);
    let line = |file: &&Ranked| {
        let first = found.look(tree, &file.path).first;
        format!("{}: {}", code(&format!("{}:{first}", file.path)), reasons(found, file))
    };
    files.iter().take(most).map(line).collect()
}
