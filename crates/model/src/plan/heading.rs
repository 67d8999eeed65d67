//! What the heading of a phase or a stage says: number, name and marks.

use std::ops::Range;

/// The number as it stands in a phase heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    /// A whole number that fits.
    Whole(u32),
    /// Something that begins like a number and is none, such as `2.5`.
    Unreadable(String),
}

/// A heading that begins a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhaseHeading {
    pub(super) number: Number,
    pub(super) name: String,
    pub(super) complete: bool,
    /// The marks of completion with the white space that sets them off, as ranges of the heading's content.
    pub(super) complete_marks: Vec<Range<usize>>,
}

/// Reads the content of a heading (without its `#`s) as that of a phase.
pub(super) fn phase(content: &str) -> Option<PhaseHeading> {
    let mut marks = Marks { content, lo: 0, hi: content.len(), complete: Vec::new() };
    marks.trim();
    marks.unwrap_emphasis_and_link();
    marks.trim();
    marks.skip_word("phase")?;
    let number = marks.number()?;
    marks.trim_start();
    let separated = marks.separator();
    if !separated && marks.lo < marks.hi {
        return None;
    }
    if !separated && matches!(number, Number::Unreadable(_)) {
        return None;
    }
    marks.trim();
    let name = plain(&content[marks.lo..marks.hi]);
    let complete = !marks.complete.is_empty();
    Some(PhaseHeading { number, name, complete, complete_marks: marks.complete })
}

/// Reads the content of a heading as that of a stage: its number and name.
pub(super) fn stage(content: &str) -> Option<(u32, String)> {
    let mut marks = Marks { content, lo: 0, hi: content.len(), complete: Vec::new() };
    marks.trim();
    marks.unwrap_emphasis_and_link();
    marks.trim();
    marks.skip_word("stage")?;
    let Number::Whole(number) = marks.number()? else { return None };
    marks.trim_start();
    if !marks.separator() && marks.lo < marks.hi {
        return None;
    }
    marks.trim();
    Some((number, plain(&content[marks.lo..marks.hi])))
}

/// The number of a heading such as `Phase 2 Name`, which lacks what sets the name off.
pub(super) fn unseparated(content: &str) -> Option<u32> {
    if phase(content).is_some() {
        return None;
    }
    let mut marks = Marks { content, lo: 0, hi: content.len(), complete: Vec::new() };
    marks.trim();
    marks.skip_word("phase")?;
    match marks.number()? {
        Number::Whole(number) => Some(number),
        Number::Unreadable(_) => None,
    }
}

/// Whether a heading begins a part of a phase with fields of its own: those are not the phase's.
pub(super) fn is_part(content: &str) -> bool {
    let content = content.trim_start_matches(['*', '_', '[']);
    let digits_after = |word: &str| {
        let rest = content.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word));
        rest.is_some() && content[word.len()..].trim_start().starts_with(|c: char| c.is_ascii_digit())
    };
    ["stage", "task", "step"].into_iter().any(digits_after)
}

/// A link becomes its text; emphasis around the whole goes.
fn plain(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_suffix("**").filter(|rest| !rest.contains("**")).unwrap_or(text);
    match link(text) {
        Some(inner) => text[inner].trim().to_owned(),
        None => text.trim().to_owned(),
    }
}

/// The range of the link text in `[text](target)`, if the whole is one link.
fn link(text: &str) -> Option<Range<usize>> {
    if !text.starts_with('[') || !text.ends_with(')') {
        return None;
    }
    let close = text.find("](")?;
    let target = &text[close + 2..text.len() - 1];
    (!target.contains([')', '('])).then_some(1..close)
}

/// What may stand around a phase's name without being part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Complete,
    Other,
}

/// The words of a mark in brackets.
fn mark_of_words(words: &str) -> Option<Mark> {
    let words = words.trim().to_ascii_lowercase();
    let words = words.trim_matches(['✓', '✔', '✅', '☑', '\u{fe0f}', ' ']);
    match words {
        "complete" | "completed" | "done" | "finished" => Some(Mark::Complete),
        "not started" | "in progress" | "pending" | "todo" | "to do" | "blocked" | "incomplete" => Some(Mark::Other),
        _ => {
            let number = words.strip_prefix("wave")?.trim_start_matches([' ', ':', '#']);
            let numeric = number.starts_with(|c: char| c.is_ascii_digit());
            (numeric && !number.contains(char::is_alphabetic)).then_some(Mark::Other)
        }
    }
}

const TICKS: [&str; 8] = ["✓", "✔", "✅", "☑", "✓\u{fe0f}", "✔\u{fe0f}", "✅\u{fe0f}", "☑\u{fe0f}"];

/// A heading's content from which marks are taken at both ends.
struct Marks<'a> {
    content: &'a str,
    lo: usize,
    hi: usize,
    complete: Vec<Range<usize>>,
}

impl<'a> Marks<'a> {
    fn rest(&self) -> &'a str {
        self.content.get(self.lo..self.hi).unwrap_or_default()
    }

    fn trim(&mut self) {
        self.trim_start();
        self.trim_end();
    }

    /// Takes white space and marks off the start.
    fn trim_start(&mut self) {
        loop {
            let rest = self.rest();
            let begin = self.lo;
            self.lo += rest.len() - rest.trim_start().len();
            let Some((mark, length)) = leading_mark(self.rest()) else { return };
            self.lo += length;
            let rest = self.rest();
            let after = self.lo + rest.len() - rest.trim_start().len();
            if mark == Mark::Complete {
                let cut = if begin == 0 { begin..after } else { begin..self.lo };
                self.complete.push(cut);
            }
        }
    }

    /// Takes white space and marks off the end.
    fn trim_end(&mut self) {
        loop {
            self.hi = self.lo + self.rest().trim_end().len();
            let Some((mark, length)) = trailing_mark(self.rest()) else { return };
            let end = self.hi;
            self.hi -= length;
            self.hi = self.lo + self.rest().trim_end().len();
            if mark == Mark::Complete {
                self.complete.push(self.hi..end);
            }
        }
    }

    fn unwrap_emphasis_and_link(&mut self) {
        for marker in ["**", "__", "*", "_"] {
            let rest = self.rest();
            let long_enough = rest.len() > 2 * marker.len();
            if long_enough && rest.starts_with(marker) && rest.ends_with(marker) {
                self.lo += marker.len();
                self.hi -= marker.len();
            }
        }
        if let Some(inner) = link(self.rest()) {
            self.hi = self.lo + inner.end;
            self.lo += inner.start;
        }
    }

    fn skip_word(&mut self, word: &str) -> Option<()> {
        let start = self.rest().get(..word.len())?;
        if !start.eq_ignore_ascii_case(word) {
            return None;
        }
        self.lo += word.len();
        let space = self.rest().len() - self.rest().trim_start().len();
        self.lo += space;
        (space > 0).then_some(())
    }

    /// The number, which must begin with a digit.
    fn number(&mut self) -> Option<Number> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return None;
        }
        let after = &rest[digits..];
        let fraction =
            after.starts_with(['.', '-', '–', '—']) && after.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        if !fraction && !after.starts_with(char::is_alphanumeric) {
            self.lo += digits;
            let number = rest[..digits].parse();
            return Some(number.map_or_else(|_| Number::Unreadable(rest[..digits].to_owned()), Number::Whole));
        }
        let token = rest.find(|c: char| c == ':' || c.is_whitespace()).unwrap_or(rest.len());
        self.lo += token;
        Some(Number::Unreadable(rest[..token].to_owned()))
    }

    /// What stands between the number and the name.
    fn separator(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return false };
        if !matches!(first, ':' | '：' | '-' | '–' | '—' | '.' | ')') {
            return false;
        }
        self.lo += first.len_utf8();
        true
    }
}

/// The mark at the start of a text, with its length.
fn leading_mark(text: &str) -> Option<(Mark, usize)> {
    if let Some(tick) = TICKS.iter().rev().find(|tick| text.starts_with(**tick)) {
        return Some((Mark::Complete, tick.len()));
    }
    let close = match text.chars().next()? {
        '[' => ']',
        '(' => ')',
        _ => return None,
    };
    let end = text.find(close)?;
    mark_of_words(&text[1..end]).map(|mark| (mark, end + 1))
}

/// The mark at the end of a text, with its length.
fn trailing_mark(text: &str) -> Option<(Mark, usize)> {
    if let Some(tick) = TICKS.iter().rev().find(|tick| text.ends_with(**tick)) {
        return Some((Mark::Complete, tick.len()));
    }
    let open = match text.chars().next_back()? {
        ']' => '[',
        ')' => '(',
        _ => return None,
    };
    let start = text.rfind(open)?;
    mark_of_words(&text[start + 1..text.len() - 1]).map(|mark| (mark, text.len() - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, number: u32, name: &str, complete: bool) {
        let heading = phase(content).expect("a phase heading");
        assert_eq!((heading.number, heading.name.as_str(), heading.complete), (Number::Whole(number), name, complete));
    }

    #[test]
    fn every_form_of_a_phase_heading_is_read() {
        check("Phase 1: Name", 1, "Name", false);
        check("Phase 1 - Name", 1, "Name", false);
        check("Phase 1. Name", 1, "Name", false);
        check("Phase 1 – Name — more", 1, "Name — more", false);
        check("PHASE 007: Name", 7, "Name", false);
        check("Phase 3", 3, "", false);
        check("Phase 3:", 3, "", false);
        check("**Phase 3: Bold**", 3, "Bold", false);
        check("[Phase 3: Linked](phase_3.md)", 3, "Linked", false);
        check("Phase 3: [Linked](phase_3.md) [COMPLETE]", 3, "Linked", true);
        check("Phase 2: Name (Wave 1)", 2, "Name", false);
        check("Phase 2 (Wave 1): Name", 2, "Name", false);
        check("Phase 2: Name (Wave 1) [COMPLETE]", 2, "Name", true);
        check("Phase 2: Name [COMPLETED] (Wave 12)", 2, "Name", true);
        check("Phase 2 [complete]: Name", 2, "Name", true);
        check("✅ Phase 2: Name", 2, "Name", true);
        check("Phase 2: Name ✓", 2, "Name", true);
        check("Phase 2: Name ✔\u{fe0f}", 2, "Name", true);
        check("Phase 2: Name (✓ Complete)", 2, "Name", true);
        check("Phase 2: Name [NOT STARTED]", 2, "Name", false);
        check("Phase 2: Put ✓ before names", 2, "Put ✓ before names", false);
        check("Phase 2: Read [a] (b)", 2, "Read [a] (b)", false);
        check("Phase 2: Use `x` & **y** there", 2, "Use `x` & **y** there", false);
    }

    #[test]
    fn other_headings_are_no_phases() {
        for content in
            ["", "Phase", "Phases 1: x", "Phase One: x", "Phase 1 Completion", "Phaser 1: x", "My Phase 1: x"]
        {
            assert_eq!(phase(content), None, "{content:?}");
        }
    }

    #[test]
    fn a_number_that_is_not_whole_is_told_apart_from_no_number() {
        for (content, number) in
            [("Phase 2.5: x", "2.5"), ("Phase 1a: x", "1a"), ("Phase 99999999999: x", "99999999999")]
        {
            let heading = phase(content).expect("a phase heading");
            assert_eq!(heading.number, Number::Unreadable(number.to_owned()));
        }
    }

    #[test]
    fn stages_are_read() {
        assert_eq!(stage("Stage 2: Name [COMPLETE]"), Some((2, "Name".to_owned())));
        assert_eq!(stage("Stage 2"), Some((2, String::new())));
        assert_eq!(stage("Stage two"), None);
    }
}
