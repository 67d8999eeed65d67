//! What is handed up of an artifact instead of its text: title, the beginning of its summary, and on demand the files
//! that it names and what it recommends.

use super::document::Document;
use super::{gist, mentions};
use serde::{Deserialize, Serialize};

/// The most tokens that title and summary take together.
pub const MOST_TOKENS: u64 = 110;
/// The most words of a summary.
pub const SUMMARY_WORDS: usize = 50;
/// The most files that are told.
pub(super) const MOST_PATHS: usize = 10;
/// The most recommendations that are told.
pub(super) const MOST_RECOMMENDATIONS: usize = 5;
/// The most words of a title, and of one recommendation.
const LINE_WORDS: usize = 24;

/// What is known of an artifact without its text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Metadata {
    /// Its title, as plain text.
    pub title: String,
    /// The first words of its summary, as plain text; empty if there is no prose at all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Files that it names, in the order of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// What it recommends, each in a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommendations: Vec<String>,
    /// Tokens of the whole text.
    pub tokens: u64,
    /// Tokens of title and summary.
    pub carried: u64,
}

impl Metadata {
    /// Reads them out of any text. `count` counts tokens.
    #[must_use]
    pub fn of(text: &str, count: &dyn Fn(&str) -> u64) -> Self {
        let document = Document::of(text);
        let title = first_words(&gist::title(&document), LINE_WORDS);
        let summary = first_words(&gist::summary(&document), SUMMARY_WORDS);
        let (title, summary) = fitted(title, summary, count);
        let carried = count(&carried_text(&title, &summary));
        let recommendations = gist::recommendations(&document);
        Self {
            paths: mentions::paths(text).into_iter().take(MOST_PATHS).collect(),
            recommendations: recommendations.iter().map(|line| first_words(line, LINE_WORDS)).collect(),
            tokens: count(text),
            carried,
            title,
            summary,
        }
    }

    /// The summary with fewer words, for where there is little room.
    #[must_use]
    pub fn shorter(&self, words: usize) -> String {
        first_words(&self.summary, words)
    }
}

fn carried_text(title: &str, summary: &str) -> String {
    format!("{title}\n{summary}")
}

/// Title and summary cut to what may be handed up. The summary gives way first.
fn fitted(title: String, summary: String, count: &dyn Fn(&str) -> u64) -> (String, String) {
    let fits = |title: &str, summary: &str| count(&carried_text(title, summary)) <= MOST_TOKENS;
    if fits(&title, &summary) {
        return (title, summary);
    }
    let shorter = longest(&summary, |part| fits(&title, part));
    if !shorter.is_empty() || fits(&title, "") {
        return (title, shorter);
    }
    (longest(&title, |part| fits(part, "")), String::new())
}

/// The longest beginning that fits: cut after a word, or within one where not even the first fits.
fn longest(text: &str, fits: impl Fn(&str) -> bool) -> String {
    let whole_words = ends(text);
    let cuts = match whole_words.first() {
        Some(first) if fits(&shortened(text, *first)) => whole_words,
        Some(_) | None => text.char_indices().map(|(at, _)| at).skip(1).collect(),
    };
    let mut most = cuts.partition_point(|end| fits(&shortened(text, *end)));
    // Longer texts do not always take more tokens, so that the point that was found may lie beyond one that is too long.
    while let Some(cut) = most.checked_sub(1).and_then(|last| cuts.get(last)) {
        let part = shortened(text, *cut);
        if fits(&part) {
            return part;
        }
        most -= 1;
    }
    String::new()
}

fn shortened(text: &str, end: usize) -> String {
    let part = text.get(..end).unwrap_or_default();
    if part.len() == text.len() { part.to_owned() } else { format!("{}…", part.trim_end_matches([',', ';', ':'])) }
}

/// The first words of a text in one line; what was cut off is marked.
fn first_words(text: &str, words: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match ends(&line).get(words.saturating_sub(1)) {
        Some(end) => shortened(&line, *end),
        None => line,
    }
}

/// Where words end. In scripts without spaces two signs count as a word.
fn ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut begun, mut signs) = (false, 0);
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if begun {
                ends.push(at);
            }
            (begun, signs) = (false, 0);
            continue;
        }
        begun = true;
        signs += u32::from(is_unspaced(c));
        if signs == 2 {
            ends.push(at + c.len_utf8());
            (begun, signs) = (false, 0);
        }
    }
    if begun {
        ends.push(text.len());
    }
    ends
}

/// Signs of scripts that put no spaces between words: Thai to Khmer, kana, Han.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
#[path = "metadata/tests.rs"]
mod tests;
