//! A phase in a file of its own, and back: the same plan, written in other files.
//!
//! Whatever is done is read again, and done only if the plan is then the same one. So a text that would be read
//! differently elsewhere is refused instead of changed.

use super::document::Document;
use super::folder::{self, Group, Part};
use super::{Phase, Plan, Source, parse};
use crate::ids::PhaseNumber;
use crate::links::{joined, relative, relinked, with_targets};
use crate::topic;
use std::ops::Range;

/// A plan's files when a phase has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// All files that the plan has then.
    pub files: Vec<Source>,
    /// The file that the phase is in.
    pub place: String,
}

/// Why a phase does not move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// There is no such phase.
    #[error("the plan has no phase {number}; it has: {}", list(known))]
    NoPhase {
        /// The number.
        number: PhaseNumber,
        /// The numbers that there are.
        known: Vec<PhaseNumber>,
    },
    /// The phase has its own file, or its place in the overview, already.
    #[error("phase {number} is in `{place}` already")]
    There {
        /// The number.
        number: PhaseNumber,
        /// The file.
        place: String,
    },
    /// No file has a heading under which the phase could be put.
    #[error("no overview has a heading for phase {number}: write `### Phase {number}: Name` where it is to go")]
    NoOverview {
        /// The number.
        number: PhaseNumber,
    },
    /// The name of the new file is taken.
    #[error("`{place}` is a file of the plan already")]
    Taken {
        /// The file.
        place: String,
    },
    /// The plan can not be read without errors.
    #[error("the plan has errors; `coordinate plan check` lists them")]
    Unsound,
    /// The text means something else at the other place.
    #[error("phase {number} would be read differently there: {what}")]
    Different {
        /// The number.
        number: PhaseNumber,
        /// What would change.
        what: String,
    },
}

fn list(numbers: &[PhaseNumber]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Which links are followed: whether there is something at a path of the project.
pub type Exists<'e> = &'e dyn Fn(&str) -> bool;

/// Moves a phase into a file of its own in `folder`, the folder of the plan; a plan in one file becomes a folder.
///
/// # Errors
/// Why it does not move; nothing is half done.
pub fn expand(sources: &[Source], folder: &str, number: PhaseNumber, exists: Exists<'_>) -> Result<Split, SplitError> {
    let before = sound(sources)?;
    let documents: Vec<_> = sources.iter().map(Document::without_fields).collect();
    let group = group(&documents, number, &before)?;
    let own = group.parts.iter().find(|part| part.section.whole_file && documents.len() > 1);
    let (part, document) = match (own, group.parts.first()) {
        (Some(own), _) => return Err(there(number, &documents[own.document])),
        (None, Some(part)) => (part, &documents[part.document]),
        (None, None) => return Err(SplitError::NoOverview { number }),
    };
    let (text, range) = (&document.source.text, place_of(document, part));
    let (whole, tail) = trimmed(text.get(range.clone()).unwrap_or_default());
    let heading = text.get(range.start..part.section.body.start).unwrap_or_default().trim_end();
    let place = format!("{folder}/{}", file_name(number, &part.section.name));
    if sources.iter().any(|source| source.path == place) || exists(&place) {
        return Err(SplitError::Taken { place });
    }
    let old = document.source.path.clone();
    let overview = inside(folder, &old);
    let follow = |path: &str| exists(path).then(|| if path == old { overview.clone() } else { path.to_owned() });
    let behind_it = text.get(range.end..).unwrap_or_default();
    // A line that followed the phase directly must not become part of the link's paragraph.
    let gap =
        if behind_it.starts_with('#') || behind_it.is_empty() || tail.matches('\n').count() > 1 { "" } else { "\n" };
    let stub = format!("{heading}\n\n[{0}]({0}){tail}{gap}", relative(&overview, &place));
    let own = Source::new(place.clone(), format!("{}\n", relinked(whole, &old, &place, &follow)));
    let before_it = text.get(..range.start).unwrap_or_default();
    // The stub leads to a file that is not there yet, and is right as it is.
    let rest = |text: &str| relinked(text, &old, &overview, &follow);
    let overview = Source::new(overview.clone(), format!("{}{stub}{}", rest(before_it), rest(behind_it)));
    let mut files: Vec<Source> = sources.iter().filter(|source| source.path != old).cloned().collect();
    files.extend([overview, own]);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    same(&before, &files, number)?;
    Ok(Split { files, place })
}

/// Moves a phase from its own file back into the overview. When no phase has a file of its own any more, the plan is
/// one file again, beside what was its folder.
///
/// # Errors
/// Why it does not move; nothing is half done.
pub fn collapse(
    sources: &[Source],
    folder: &str,
    number: PhaseNumber,
    exists: Exists<'_>,
) -> Result<Split, SplitError> {
    let before = sound(sources)?;
    let documents: Vec<_> = sources.iter().map(Document::without_fields).collect();
    let group = group(&documents, number, &before)?;
    let own = group.parts.iter().find(|part| part.section.whole_file && documents.len() > 1);
    let stub = group.parts.iter().find(|part| !part.section.whole_file);
    let (own, stub) = match (own, stub) {
        (Some(own), Some(stub)) => (own, stub),
        (Some(_), None) => return Err(SplitError::NoOverview { number }),
        (None, _) => {
            let document = group.parts.first().map_or(0, |part| part.document);
            return Err(there(number, &documents[document]));
        }
    };
    let mut refused = SplitError::Unsound;
    // Where the headings differ, the one of the phase's file is likelier; the plan itself says whether it will do.
    for heading in [Heading::OfFile, Heading::OfOverview] {
        let joined = Joining { documents: &documents, own, stub, folder, exists }.joined(heading);
        match same(&before, &joined.files, number) {
            Ok(()) => return Ok(joined),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Whose heading a phase gets in the overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heading {
    OfFile,
    OfOverview,
}

/// A phase's file on its way into the overview.
struct Joining<'a> {
    documents: &'a [Document<'a>],
    own: &'a Part<'a>,
    stub: &'a Part<'a>,
    folder: &'a str,
    exists: Exists<'a>,
}

impl Joining<'_> {
    fn joined(&self, heading: Heading) -> Split {
        let (file, overview) = (&self.documents[self.own.document], &self.documents[self.stub.document]);
        let (old, stub_text) = (&overview.source.path, &overview.source.text);
        let last = self.documents.len() == 2;
        let place = if last { outside(self.folder, old) } else { old.clone() };
        let gone = &file.source.path;
        let follow = |path: &str| {
            let moves = path == gone || path == old;
            (self.exists)(path).then(|| if moves { place.clone() } else { path.to_owned() })
        };
        let range = place_of(overview, self.stub);
        let (_, tail) = trimmed(stub_text.get(range.clone()).unwrap_or_default());
        let rest = |range: Range<usize>| relinked(stub_text.get(range).unwrap_or_default(), old, &place, &follow);
        let phase = relinked(&self.phase(file, overview, heading), gone, &place, &follow);
        let note = self.note(overview, gone);
        let note = if note.is_empty() { note } else { format!("\n\n{}", relinked(&note, old, &place, &follow)) };
        let text = format!("{}{phase}{note}{tail}{}", rest(0..range.start), rest(range.end..stub_text.len()));
        let others = self.documents.iter().map(|document| document.source);
        let others = others.filter(|source| source.path != *gone && source.path != *old).cloned();
        let mut files: Vec<Source> = others.chain([Source::new(place.clone(), text)]).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Split { files, place }
    }

    /// The phase as it is to stand in the overview.
    fn phase(&self, file: &Document<'_>, overview: &Document<'_>, heading: Heading) -> String {
        let text = &file.source.text;
        let section = &self.own.section;
        if section.mark_at.is_none() {
            return self.titled(file, overview, heading);
        }
        let start = place_of(file, self.own).start;
        let (above, own) = (text.get(..start).unwrap_or_default().trim(), text.get(start..).unwrap_or_default());
        let end = text.get(..section.body.start).unwrap_or_default().trim_end().len();
        let (mark, body) = own.split_at_checked(end.saturating_sub(start)).unwrap_or((own, ""));
        let mark = match heading {
            Heading::OfFile => mark,
            Heading::OfOverview => self.mark(overview),
        };
        let above = if above.is_empty() { String::new() } else { format!("\n\n{above}") };
        format!("{mark}{above}{}", lowered(body.trim_end(), self.level()))
    }

    /// A phase's file whose title, if it has one, is not that of a phase.
    fn titled(&self, file: &Document<'_>, overview: &Document<'_>, heading: Heading) -> String {
        let text = file.source.text.trim_start_matches('\u{feff}');
        let title = file.outline.headings.first().filter(|first| first.level == 1 && heading == Heading::OfFile);
        let Some(title) = title else {
            return format!("{}\n\n{}", self.mark(overview), lowered(text.trim(), self.level()));
        };
        let marks = "#".repeat(usize::from(self.level()));
        let body = file.source.text.get(title.end..).unwrap_or_default().trim();
        format!("{marks} Phase {}: {}\n\n{}", self.own.section.number, file.title, lowered(body, self.level()))
    }

    /// The heading in the overview.
    fn mark<'o>(&self, overview: &'o Document<'_>) -> &'o str {
        let place = place_of(overview, self.stub).start..self.stub.section.body.start;
        overview.source.text.get(place).unwrap_or_default().trim_end()
    }

    /// The level of the heading in the overview.
    fn level(&self) -> u8 {
        let overview = &self.documents[self.stub.document];
        let start = self.stub.section.heading_start;
        overview
            .outline
            .headings
            .iter()
            .find(|heading| heading.content.start == start)
            .map_or(2, |heading| heading.level)
    }

    /// What the overview says of the phase besides leading to its file.
    fn note(&self, overview: &Document<'_>, gone: &str) -> String {
        let body = overview.source.text.get(self.stub.section.body.clone()).unwrap_or_default();
        let leads = |line: &str| {
            let target =
                line.trim().strip_suffix(')').and_then(|line| line.rsplit_once("](")).map(|(_, target)| target);
            let target = target.map(|target| joined(&overview.source.path, &target.replace("%20", " ")));
            line.trim_start().starts_with('[') && target.as_deref() == Some(gone)
        };
        body.lines().filter(|line| !leads(line)).collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}

/// A text whose headings are all below a level, so that none of them ends what it is put into.
fn lowered(text: &str, level: u8) -> String {
    let outline = super::markdown::Outline::of(text);
    let highest = outline.headings.iter().map(|heading| heading.level).min();
    let by = highest.map_or(0, |highest| usize::from((level + 1).saturating_sub(highest)));
    let mut result = text.to_owned();
    for heading in outline.headings.iter().rev().filter(|_| by > 0) {
        let line = outline.line_of(heading.content.start) as usize;
        let start = outline.line_range(text, line.saturating_sub(1)).start;
        if text.get(start..).is_some_and(|text| text.starts_with('#')) {
            result.insert_str(start, &"#".repeat(by.min(usize::from(6_u8.saturating_sub(heading.level)))));
        }
    }
    result
}

fn there(number: PhaseNumber, document: &Document<'_>) -> SplitError {
    SplitError::There { number, place: document.source.path.clone() }
}

fn sound(sources: &[Source]) -> Result<Plan, SplitError> {
    let parsed = parse(sources);
    if parsed.has_errors() { Err(SplitError::Unsound) } else { Ok(parsed.plan) }
}

fn group<'d>(documents: &'d [Document<'_>], number: PhaseNumber, plan: &Plan) -> Result<Group<'d>, SplitError> {
    let groups = folder::groups(documents, &mut Vec::new());
    let known = || plan.phases.iter().map(|phase| phase.number).collect();
    groups
        .into_iter()
        .find(|group| group.number == number)
        .ok_or_else(|| SplitError::NoPhase { number, known: known() })
}

/// A phase in its document, its heading included.
fn place_of(document: &Document<'_>, part: &Part<'_>) -> Range<usize> {
    let line = document.outline.line_of(part.section.heading_start) as usize;
    document.outline.line_range(&document.source.text, line.saturating_sub(1)).start..part.section.body.end
}

/// A text without the white space at its end, and that.
fn trimmed(text: &str) -> (&str, &str) {
    text.split_at(text.trim_end().len())
}

fn file_name(number: PhaseNumber, name: &str) -> String {
    match topic::slug(name) {
        slug if slug.is_empty() || name.trim().is_empty() => format!("phase_{number}.md"),
        slug => format!("phase_{number}_{slug}.md"),
    }
}

/// The path of a plan's file in the plan's folder.
fn inside(folder: &str, file: &str) -> String {
    if file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) {
        return file.to_owned();
    }
    format!("{folder}/{}", file.rsplit('/').next().unwrap_or(file))
}

/// The path of an overview that is the whole plan.
fn outside(folder: &str, overview: &str) -> String {
    if inside(folder, overview) == overview { format!("{folder}.md") } else { overview.to_owned() }
}

/// Whether the files are the same plan as before.
fn same(before: &Plan, files: &[Source], number: PhaseNumber) -> Result<(), SplitError> {
    let different = |what: &str| Err(SplitError::Different { number, what: what.to_owned() });
    let after = parse(files);
    if let Some(error) = after.diagnostics.iter().find(|found| found.is_error()) {
        return different(&error.message);
    }
    if (&before.title, &before.declared_waves) != (&after.plan.title, &after.plan.declared_waves) {
        return different("the title, or the list of waves");
    }
    if before.phases.len() != after.plan.phases.len() {
        return different("the phases");
    }
    for (old, new) in before.phases.iter().zip(&after.plan.phases) {
        if let Some(what) = difference(old, new) {
            return different(&format!("{what} of phase {}", old.number));
        }
    }
    Ok(())
}

/// What of a phase is not the same. Where it stands, and how its links are written, makes no difference.
fn difference(old: &Phase, new: &Phase) -> Option<&'static str> {
    let plain = |text: &str| with_targets(text, &|_| Some("x".to_owned()));
    let words = |phase: &Phase| {
        let fields = [&phase.objective, &phase.complexity, &phase.risk, &phase.estimated_time];
        fields.map(|field| field.as_deref().map(plain))
    };
    let tasks = |phase: &Phase| -> Vec<_> {
        phase.tasks.iter().map(|task| (plain(&task.text), task.done, task.stage)).collect()
    };
    let stages =
        |phase: &Phase| -> Vec<_> { phase.stages.iter().map(|stage| (stage.number, plain(&stage.name))).collect() };
    let blocks = |phase: &Phase| -> Vec<_> {
        phase.blocks.iter().map(|block| (block.info.clone(), block.text.clone())).collect()
    };
    let checks = [
        ("the number", old.number == new.number),
        ("the name", plain(&old.name) == plain(&new.name)),
        ("the mark of completion", old.marked_complete == new.marked_complete),
        ("the dependencies", old.depends_on == new.depends_on),
        ("a field", words(old) == words(new)),
        ("the files", (&old.files, old.files_none) == (&new.files, new.files_none)),
        ("the tasks", tasks(old) == tasks(new)),
        ("the stages", stages(old) == stages(new)),
        ("a code block", blocks(old) == blocks(new)),
    ];
    checks.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}
