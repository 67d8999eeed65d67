//! One source of a plan, divided into the sections of its phases.

use super::Source;
use super::field::{self, Field};
use super::heading::{self, Number, PhaseHeading};
use super::markdown::{Outline, TaskMark};
use crate::ids::PhaseNumber;
use std::ops::Range;

/// A source with what is found in it.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) source: &'a Source,
    pub(super) outline: Outline,
    /// The phases of this source, in the order of the text.
    pub(super) sections: Vec<Section>,
    /// All fields, in the order of the text.
    pub(super) fields: Vec<Field>,
    /// Headings that begin like one of a phase and have no whole number: line and what stands there.
    pub(super) unreadable: Vec<(u32, String)>,
    /// Headings such as `Phase 2 Name`, which are no phase for lack of a colon: line and number.
    pub(super) unseparated: Vec<(u32, PhaseNumber)>,
    pub(super) title: String,
}

/// The part of a source that is one phase.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) number: PhaseNumber,
    pub(super) name: String,
    pub(super) complete: bool,
    /// The line of the heading; 1 for a file that is a phase without a heading that says so.
    pub(super) line: u32,
    /// Where the heading's text begins.
    pub(super) heading_start: usize,
    /// Where the mark of completion is put in the heading, if there is one.
    pub(super) mark_at: Option<usize>,
    /// The marks of completion in the heading.
    pub(super) marks: Vec<Range<usize>>,
    /// The phase's text, without its heading.
    pub(super) body: Range<usize>,
    /// Where its fields may stand: a phase that is a whole file may have some before its heading.
    pub(super) fields: Range<usize>,
    /// Whether the whole file is this phase.
    pub(super) whole_file: bool,
}

/// What a heading of the outline begins.
enum Opening {
    Phase(PhaseHeading),
    Stage,
    Other,
}

impl<'a> Document<'a> {
    /// Reads a source.
    pub(super) fn of(source: &'a Source) -> Self {
        let mut document = Self::without_fields(source);
        document.fields = field::all(&source.text, &document.outline);
        document
    }

    /// Reads a source for those to whom only its sections and tasks matter.
    pub(super) fn without_fields(source: &'a Source) -> Self {
        let outline = Outline::of(&source.text);
        let mut document = Self {
            source,
            outline,
            sections: Vec::new(),
            fields: Vec::new(),
            unreadable: Vec::new(),
            unseparated: Vec::new(),
            title: String::new(),
        };
        document.divide();
        document
    }

    fn text(&self) -> &'a str {
        &self.source.text
    }

    /// Finds the sections: each from its heading to the next phase, or to the next heading of its
    /// own or a higher level that is not one of a stage.
    fn divide(&mut self) {
        let openings = self.openings();
        let mut open: Option<(Section, u8)> = None;
        for (index, opening) in openings.iter().enumerate() {
            let heading = &self.outline.headings[index];
            let (level, end) = (heading.level, heading.end);
            let start = self.start_of_heading(index);
            let ends = match opening {
                Opening::Phase(_) => true,
                Opening::Stage => false,
                Opening::Other => open.as_ref().is_some_and(|(_, own)| level <= *own),
            };
            if matches!(opening, Opening::Other) && level <= 3 {
                self.note_unseparated(index, open.as_ref().map(|(section, _)| section.number));
            }
            if ends {
                self.sections.extend(open.take().map(|(section, _)| section.ending_at(start)));
            }
            match opening {
                Opening::Phase(phase) => open = self.begin(index, phase, end).map(|section| (section, level)),
                Opening::Other if level == 1 && self.title.is_empty() => {
                    self.title = self.text()[self.outline.headings[index].content.clone()].to_owned();
                }
                Opening::Stage | Opening::Other => {}
            }
        }
        let end = self.text().len();
        self.sections.extend(open.map(|(section, _)| section.ending_at(end)));
        self.widen_only_phase(&openings);
    }

    /// A first-level heading is a phase's only in a file without phases of lower levels: there it is
    /// the plan's title.
    fn openings(&self) -> Vec<Opening> {
        let read = |level: u8, content: &str| match heading::phase(content) {
            Some(phase) if level <= 3 => Opening::Phase(phase),
            _ if heading::stage(content).is_some() => Opening::Stage,
            _ => Opening::Other,
        };
        let headings = &self.outline.headings;
        let mut openings: Vec<_> = headings.iter().map(|h| read(h.level, &self.text()[h.content.clone()])).collect();
        let is_phase = |(heading, opening): (&super::markdown::Heading, &Opening)| {
            heading.level > 1 && matches!(opening, Opening::Phase(_))
        };
        if headings.iter().zip(&openings).any(is_phase) {
            for (heading, opening) in headings.iter().zip(&mut openings) {
                if heading.level == 1 {
                    *opening = Opening::Other;
                }
            }
        }
        openings
    }

    fn begin(&mut self, index: usize, phase: &PhaseHeading, body: usize) -> Option<Section> {
        let heading = &self.outline.headings[index];
        let line = self.outline.line_of(heading.content.start);
        match &phase.number {
            Number::Unreadable(text) => {
                self.unreadable.push((line, text.clone()));
                None
            }
            Number::Whole(number) => Some(Section {
                number: PhaseNumber(*number),
                name: phase.name.clone(),
                complete: phase.complete,
                line,
                heading_start: heading.content.start,
                mark_at: Some(heading.content.end),
                marks: phase.complete_marks.iter().map(|mark| shifted(mark, heading.content.start)).collect(),
                body: body..body,
                fields: body..body,
                whole_file: false,
            }),
        }
    }

    /// In a file that opens with the heading of its only phase, all that follows is that phase, at
    /// whatever level its parts have headings.
    fn widen_only_phase(&mut self, openings: &[Opening]) {
        let phases = openings.iter().filter(|opening| matches!(opening, Opening::Phase(_))).count();
        if phases != 1 || !matches!(openings.first(), Some(Opening::Phase(_))) {
            return;
        }
        let end = self.source.text.len();
        if let Some(section) = self.sections.first_mut() {
            section.body.end = end;
            section.fields = 0..end;
            section.whole_file = true;
        }
    }

    /// `Phase 2 Name` is hardly meant as anything but a phase, unless it stands inside that phase.
    fn note_unseparated(&mut self, index: usize, inside: Option<PhaseNumber>) {
        let content = self.outline.headings[index].content.clone();
        let Some(number) = heading::unseparated(&self.text()[content.clone()]).map(PhaseNumber) else { return };
        if inside != Some(number) {
            self.unseparated.push((self.outline.line_of(content.start), number));
        }
    }

    fn start_of_heading(&self, index: usize) -> usize {
        let line = self.outline.line_of(self.outline.headings[index].content.start) as usize;
        self.outline.line_range(self.text(), line.saturating_sub(1)).start
    }

    /// This file as a phase, though no heading of it says so.
    pub(super) fn as_section(&self, number: PhaseNumber) -> Section {
        let all = 0..self.source.text.len();
        Section {
            number,
            name: self.title.clone(),
            complete: false,
            line: 1,
            heading_start: 0,
            mark_at: None,
            marks: Vec::new(),
            body: all.clone(),
            fields: all,
            whole_file: true,
        }
    }

    /// Whether the file begins with the heading of a stage.
    pub(super) fn is_stage(&self) -> bool {
        let first = self.outline.headings.first();
        first.is_some_and(|first| heading::stage(&self.text()[first.content.clone()]).is_some())
    }

    /// The tasks in a part of the text.
    pub(super) fn tasks_in(&self, range: &Range<usize>) -> &[TaskMark] {
        within(&self.outline.tasks, range, |task| task.mark)
    }

    /// The fields in a part of the text.
    pub(super) fn fields_in(&self, range: &Range<usize>) -> &[Field] {
        within(&self.fields, range, |field| field.at)
    }
}

impl Section {
    fn ending_at(mut self, end: usize) -> Self {
        let end = end.max(self.body.start);
        self.body.end = end;
        self.fields.end = end;
        self
    }
}

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// The entries of an ordered list whose place lies in a range.
pub(super) fn within<'l, T>(list: &'l [T], range: &Range<usize>, at: impl Fn(&T) -> usize) -> &'l [T] {
    let from = list.partition_point(|entry| at(entry) < range.start);
    let to = list.partition_point(|entry| at(entry) < range.end);
    list.get(from..to).unwrap_or_default()
}
