//! Reads a plan from the texts of its files.

use super::diagnostic::{Diagnostic, sort};
use super::document::Document;
use super::expansion::Expansion;
use super::folder::{self, Group, References};
use super::phase::{self, Draft};
use super::{Graph, Phase, Plan, Source, problems, waves};
use crate::ids::PhaseNumber;

/// A plan as far as it could be read, and all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The plan. With errors in `diagnostics` it is not fit to be run.
    pub plan: Plan,
    /// All findings, by file and line.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether anything stops the plan from being run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads a plan: one source, or the files of a folder (an overview and a file for each phase).
///
/// Never fails and never panics; what is wrong becomes diagnostics.
#[must_use]
pub fn parse(sources: &[Source]) -> Parsed {
    let documents: Vec<_> = sources.iter().map(Document::of).collect();
    let mut found = Vec::new();
    let groups = folder::groups(&documents, &mut found);
    documents.iter().for_each(|document| inspect(document, &mut found));
    let references = References::between(&documents);
    let drafts: Vec<_> = groups.iter().map(|group| draft(group, &documents, &references, &mut found)).collect();
    let mut plan = Plan {
        title: title(&documents, &groups),
        phases: finish(drafts, &mut found),
        declared_waves: None,
        files: sources.iter().map(|source| source.path.clone()).collect(),
    };
    if plan.phases.is_empty() {
        let file = sources.first().map_or("plan", |source| source.path.as_str());
        let message = "no phase found; write each phase as a heading `### Phase 1: Name` with tasks `- [ ] …` below it";
        found.push(Diagnostic::error(file, 1, None, message));
    }
    let sound = problems::of_plan(&plan, &mut found);
    let graph = sound.then(|| Graph::of_sound(&plan));
    let declared = documents.iter().find_map(waves::declared);
    found.extend(waves::compare(&mut plan, declared, graph.as_ref()));
    sort(&mut found);
    Parsed { plan, diagnostics: found }
}

/// What is wrong with a document apart from its phases.
fn inspect(document: &Document<'_>, found: &mut Vec<Diagnostic>) {
    let file = document.source.path.as_str();
    for (line, number) in &document.unreadable {
        let message = format!("`{number}` is no phase number; use whole numbers, as in `Phase 2: Name`");
        found.push(Diagnostic::error(file, *line, None, message));
    }
    for (line, number) in &document.unseparated {
        let message =
            format!("this heading is not read as phase {number}; to make it a phase write `Phase {number}: Name`");
        found.push(Diagnostic::warning(file, *line, Some(*number), message));
    }
    if let Some(unclosed) = &document.outline.unclosed {
        let inside = document.sections.iter().find(|section| section.body.contains(&unclosed.at));
        let phase = inside.map(|section| section.number);
        let place = phase.map_or_else(String::new, |phase| format!("phase {phase}: "));
        let message = format!(
            "{place}what begins here is never closed and takes in the rest of the file; close it with {} on a line of its own",
            unclosed.closing
        );
        found.push(Diagnostic::error(file, document.outline.line_of(unclosed.at), phase, message));
    }
    if document.sections.is_empty() && document.is_stage() {
        let message = "this file of a stage is not read; put the stage and its tasks into its phase's file";
        found.push(Diagnostic::warning(file, 1, None, message));
    }
}

/// The first title of a file that is no phase; else the first of any.
fn title(documents: &[Document<'_>], groups: &[Group<'_>]) -> String {
    let whole = groups.iter().flat_map(|group| &group.parts).filter(|part| part.section.whole_file);
    let mut is_phase = vec![false; documents.len()];
    whole.for_each(|part| is_phase[part.document] = true);
    let others = documents.iter().zip(&is_phase).filter(|(_, is_phase)| !**is_phase).map(|(document, _)| document);
    let mut titles = others.chain(documents).map(|document| &document.title);
    titles.find(|title| !title.is_empty()).cloned().unwrap_or_default()
}

/// A phase from its parts: the first gives it, the others complete it.
fn draft(group: &Group<'_>, documents: &[Document<'_>], references: &References, found: &mut Vec<Diagnostic>) -> Draft {
    let mut drafts = group.parts.iter().map(|part| phase::draft(&documents[part.document], &part.section, found));
    let Some(first) = drafts.next() else { return Draft::empty(group.number) };
    let others: Vec<_> = drafts.collect();
    let draft = others.into_iter().fold(first, |draft, other| draft.completed_by(other, found));
    if draft.phase.tasks.is_empty() {
        let missing = group.parts.iter().find_map(|part| references.missing(&documents[part.document], &part.section));
        found.push(without_tasks(&draft.phase, missing));
    }
    draft
}

fn without_tasks(phase: &Phase, missing: Option<&str>) -> Diagnostic {
    let remedy = match missing {
        Some(file) => format!("it refers to `{file}`, which is not among the plan's files: check the plan's folder"),
        None => "add at least one line `- [ ] …` below its heading".to_owned(),
    };
    let message = format!("phase {} has no tasks; {remedy}", phase.number);
    Diagnostic::error(&phase.file, phase.line, Some(phase.number), message)
}

/// Expands the dependencies now that all phases are known.
fn finish(drafts: Vec<Draft>, found: &mut Vec<Diagnostic>) -> Vec<Phase> {
    let numbers: Vec<_> = drafts.iter().map(|draft| draft.phase.number).collect();
    let mut expansion = Expansion::new(&numbers);
    drafts.into_iter().map(|draft| with_dependencies(draft, &mut expansion, found)).collect()
}

fn with_dependencies(draft: Draft, expansion: &mut Expansion<'_>, found: &mut Vec<Diagnostic>) -> Phase {
    let Draft { mut phase, needs, .. } = draft;
    for list in needs.unwrap_or_default() {
        let expanded = expansion.expand(&list);
        for repeated in expanded.repeated {
            found.push(at_dependencies(
                &phase,
                format!("phase {} lists its dependency {repeated} more than once; name it once", phase.number),
            ));
        }
        if expanded.too_many {
            let message = "the plan has too many dependencies to list; name only the last phases of a chain";
            found.push(at_dependencies(&phase, format!("phase {}: {message}", phase.number)));
        }
        phase.depends_on.extend(expanded.numbers);
    }
    phase.depends_on.sort_unstable();
    phase.depends_on.dedup();
    phase
}

fn at_dependencies(phase: &Phase, message: String) -> Diagnostic {
    Diagnostic::error(&phase.depends_file, phase.depends_line, Some(phase.number), message)
}

impl Draft {
    /// A phase of which nothing is known but its number.
    fn empty(number: PhaseNumber) -> Self {
        let phase = Phase {
            number,
            name: String::new(),
            marked_complete: false,
            depends_on: Vec::new(),
            depends_line: 1,
            depends_file: String::new(),
            objective: None,
            complexity: None,
            risk: None,
            estimated_time: None,
            files: Vec::new(),
            files_none: false,
            tasks: Vec::new(),
            stages: Vec::new(),
            body: String::new(),
            blocks: Vec::new(),
            file: String::new(),
            line: 1,
        };
        Self { phase, needs: None, has_files: false }
    }

    /// Takes from another part of the same phase what this one leaves open.
    fn completed_by(mut self, other: Self, found: &mut Vec<Diagnostic>) -> Self {
        let (own, more) = (&mut self.phase, other.phase);
        if own.name.is_empty() {
            own.name = more.name;
        }
        own.marked_complete |= more.marked_complete;
        fill(&mut own.objective, more.objective);
        fill(&mut own.complexity, more.complexity);
        fill(&mut own.risk, more.risk);
        fill(&mut own.estimated_time, more.estimated_time);
        if !self.has_files {
            own.files = more.files;
            own.files_none = more.files_none;
            self.has_files = other.has_files;
        }
        match (&self.needs, other.needs) {
            (None, Some(needs)) => {
                own.depends_line = more.depends_line;
                own.depends_file = more.depends_file;
                self.needs = Some(needs);
            }
            (Some(own_needs), Some(needs)) if *own_needs != needs => {
                let message = format!(
                    "phase {} has other dependencies here than in {}:{}, which are used",
                    own.number, own.depends_file, own.depends_line
                );
                found.push(Diagnostic::warning(&more.depends_file, more.depends_line, Some(own.number), message));
            }
            _ => {}
        }
        self
    }
}

fn fill(own: &mut Option<String>, other: Option<String>) {
    if own.is_none() {
        *own = other;
    }
}
