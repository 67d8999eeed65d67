//! A closer look at one file: what it defines, the lines that say most, and the marks that somebody left open.

use super::language::Language;
use super::measure::without_tests;
use super::terms::Terms;
use super::word::parts;

/// How many definitions, excerpts and open marks of one file are told.
const SYMBOLS: usize = 6;
const EXCERPTS: usize = 2;
const MARKS: usize = 4;
/// How many lines an excerpt has before and after the line that it is for.
const BEFORE: usize = 1;
const AFTER: usize = 5;
/// The longest line of an excerpt, in characters.
const WIDE: usize = 160;
/// How near to a hit an open mark must stand, in lines.
const NEAR: usize = 25;
/// How much a line counts that defines something.
const DEFINES: f32 = 1.8;

/// A line with its number, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::offline) struct Line {
    pub(in crate::offline) number: usize,
    pub(in crate::offline) text: String,
}

/// A part of a file that is quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::offline) struct Excerpt {
    /// The line that it is for.
    pub(in crate::offline) line: usize,
    /// The first line that it holds.
    pub(in crate::offline) from: usize,
    pub(in crate::offline) text: String,
}

/// What one file holds of the question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::offline) struct Closer {
    /// Names that it defines, the most telling first.
    pub(in crate::offline) symbols: Vec<Line>,
    pub(in crate::offline) excerpts: Vec<Excerpt>,
    /// Open marks near a hit.
    pub(in crate::offline) marks: Vec<Line>,
    /// The line that says most; 1 where none does.
    pub(in crate::offline) first: usize,
}

/// Looks at a file; `worth` is what each term is worth.
pub(in crate::offline) fn look(path: &str, text: &str, terms: &Terms, worth: &[f32]) -> Closer {
    let language = Language::of(path).0;
    let text = without_tests(text, language);
    let lines: Vec<&str> = text.lines().collect();
    let scores: Vec<f32> = lines.iter().map(|line| score(line, language, terms, worth)).collect();
    let excerpts = excerpts(&lines, &scores);
    Closer {
        first: excerpts.first().map_or(1, |excerpt| excerpt.line),
        symbols: symbols(&lines, language, terms, worth),
        marks: marks(&lines, &scores),
        excerpts,
    }
}

/// What a line is worth: each term once, a definition more.
fn score(line: &str, language: Language, terms: &Terms, worth: &[f32]) -> f32 {
    let defines = if language.defined(line).is_some() { DEFINES } else { 1.0 };
    held(line, terms, worth) * defines
}

/// What the terms that a text holds are worth, each once.
fn held(text: &str, terms: &Terms, worth: &[f32]) -> f32 {
    let mut best = vec![0.0_f32; worth.len()];
    terms.in_line(text, |term, strength| best[term] = best[term].max(strength * worth[term]));
    best.iter().sum()
}

fn symbols(lines: &[&str], language: Language, terms: &Terms, worth: &[f32]) -> Vec<Line> {
    let mut found: Vec<(f32, Line)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = language.defined(line) else { continue };
        // Of two names with the same terms, the one that says little else.
        let others = parts(name).count() as f32 * 0.05;
        let value = held(name, terms, worth);
        if value > 0.0 && !found.iter().any(|(_, one)| one.text == name) {
            found.push((value - others, Line { number: index + 1, text: name.to_owned() }));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.number.cmp(&b.1.number)));
    found.into_iter().take(SYMBOLS).map(|(_, line)| line).collect()
}

/// The parts around the lines that say most, not overlapping, the most telling first.
fn excerpts(lines: &[&str], scores: &[f32]) -> Vec<Excerpt> {
    let mut order: Vec<usize> = (0..lines.len()).filter(|line| scores[*line] > 0.0).collect();
    order.sort_by(|a, b| around(scores, *b).total_cmp(&around(scores, *a)).then(a.cmp(b)));
    let mut chosen: Vec<usize> = Vec::new();
    for line in order {
        if chosen.len() == EXCERPTS {
            break;
        }
        if chosen.iter().all(|other| line.abs_diff(*other) > BEFORE + AFTER + 1) {
            chosen.push(line);
        }
    }
    chosen.into_iter().map(|line| excerpt(lines, line)).collect()
}

/// A line's worth with a little of what follows it.
fn around(scores: &[f32], line: usize) -> f32 {
    let after: f32 = scores.iter().skip(line + 1).take(AFTER).sum();
    scores[line] + 0.25 * after
}

fn excerpt(lines: &[&str], line: usize) -> Excerpt {
    let from = line.saturating_sub(BEFORE);
    let to = (line + AFTER + 1).min(lines.len());
    let text: Vec<String> = lines[from..to].iter().map(|line| narrowed(line)).collect();
    Excerpt { line: line + 1, from: from + 1, text: text.join("\n").trim_end().to_owned() }
}

/// A line that is not too wide.
fn narrowed(line: &str) -> String {
    let line = line.trim_end();
    if line.chars().count() <= WIDE {
        return line.to_owned();
    }
    line.chars().take(WIDE).chain(['…']).collect()
}

/// The lines around a place, for a file that is quoted because something else names the place.
pub(in crate::offline) fn excerpt_at(text: &str, line: usize) -> Option<Excerpt> {
    let lines: Vec<&str> = text.lines().collect();
    let index = line.checked_sub(1).filter(|index| *index < lines.len())?;
    Some(excerpt(&lines, index))
}

fn marks(lines: &[&str], scores: &[f32]) -> Vec<Line> {
    let near = |line: usize| {
        let from = line.saturating_sub(NEAR);
        scores.iter().skip(from).take(line - from + NEAR).any(|score| *score > 0.0)
    };
    let open = lines.iter().enumerate().filter(|(line, text)| is_open(text) && near(*line));
    open.take(MARKS).map(|(line, text)| Line { number: line + 1, text: narrowed(text.trim()) }).collect()
}

/// The words by which people mark what is not finished.
const OPEN: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// Whether a line holds such a mark as a word of its own.
fn is_open(line: &str) -> bool {
    OPEN.iter().any(|mark| line.contains(mark))
        && line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| OPEN.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use x;\n\n// TODO: jitter\nfn retry_delay() {\n    retry()\n}\n\nfn other() {}\n";

    fn looked(path: &str, text: &str) -> Closer {
        let terms = Terms::of("retry delay", "");
        look(path, text, &terms, &vec![1.0; terms.all.len()])
    }

    #[test]
    fn definitions_excerpts_and_marks_have_their_lines() {
        let closer = looked("a.rs", TEXT);
        let line = |number: usize, text: &str| Line { number, text: text.to_owned() };
        assert_eq!(closer.symbols, [line(4, "retry_delay")]);
        assert_eq!(closer.marks, [line(3, "// TODO: jitter")]);
        assert_eq!(closer.first, 4);
        assert_eq!(closer.excerpts[0].from, 3);
        assert!(closer.excerpts[0].text.starts_with("// TODO: jitter\nfn retry_delay()"), "{closer:?}");
    }

    #[test]
    fn marks_far_from_any_hit_are_left_out() {
        let far = format!("// TODO: x\n{}retry()\n", "\n".repeat(NEAR));
        assert_eq!(looked("a.rs", &far).marks, []);
        assert_eq!(looked("a.rs", "// a todo list for retry, and XXXL\n").marks, []);
    }

    #[test]
    fn wide_lines_are_cut() {
        let wide = format!("retry {}", "x".repeat(500));
        assert_eq!(looked("a.txt", &wide).excerpts[0].text.chars().count(), WIDE + 1);
    }
}
