//! What is looked for: the words of a request that say what it is about.

use super::filler;
use super::word::{parts, root, short_forms};
use std::collections::HashMap;

/// How much a word of the request counts that is not in the subject: the request names more than one topic.
const ASIDE: f32 = 0.35;
/// How much a name counts beside a plain word: who writes `max_retries` means it.
const NAME: f32 = 3.0;
/// How much the parts of such a name count by themselves.
const PART_OF_NAME: f32 = 0.6;
/// How much two words count that stand side by side in the request and in a text.
const PAIR: f32 = 0.9;
/// How much of a hit another form of a word is.
const OTHER_FORM: f32 = 0.55;
/// How much of a hit a short form is.
const SHORT_FORM: f32 = 0.6;
/// The most terms: each costs time in every file.
const MOST: usize = 48;

/// One thing that is looked for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::offline) struct Term {
    /// As it is shown to people.
    pub(in crate::offline) text: String,
    /// How much it counts, before its rarity is known.
    pub(super) weight: f32,
    /// The vocabulary's words that must follow one another: one for a plain word.
    words: Vec<usize>,
    /// Whether the words must stand exactly so: a name.
    exact: bool,
}

/// All that is looked for.
#[derive(Debug, Default)]
pub(in crate::offline) struct Terms {
    pub(in crate::offline) all: Vec<Term>,
    /// Paths that the request names, lower case.
    pub(super) paths: Vec<String>,
    /// Files of these kinds are asked for by name.
    pub(super) wants_tests: bool,
    pub(super) wants_docs: bool,
    /// Each root with its number.
    vocabulary: HashMap<String, usize>,
    /// Short and long forms of the words, lower case, with the number of the word that they stand for.
    others: HashMap<String, usize>,
    /// Pairs written as one word, by its root, with the number of the term: `lock file` and `lockfile`.
    joined: HashMap<String, usize>,
    /// The words themselves by number, lower case.
    words: Vec<String>,
    /// For each two bytes, lower case, whether any word begins with them: most parts of a text end here.
    begins: Vec<bool>,
}

/// A word of the vocabulary in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    word: usize,
    /// 1 for the word itself, less for another form.
    strength: f32,
}

impl Terms {
    /// What `subject` and `request` name. A subject that is a part of the request counts more than the rest of it.
    pub(in crate::offline) fn of(subject: &str, request: &str) -> Self {
        let mut terms = Self { begins: vec![false; 1 << 16], ..Self::default() };
        terms.take(subject, 1.0);
        let aside = if terms.all.is_empty() { 1.0 } else { ASIDE };
        terms.take(request, aside);
        let low = format!("{subject} {request}").to_lowercase();
        terms.wants_tests = filler::names_tests(&low);
        terms.wants_docs = filler::names_docs(&low);
        terms.all.truncate(MOST);
        terms.add_other_forms();
        terms
    }

    /// Whether there is anything to look for.
    pub(in crate::offline) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the tests themselves are asked for.
    pub(in crate::offline) fn wants_tests(&self) -> bool {
        self.wants_tests
    }

    fn take(&mut self, text: &str, weight: f32) {
        for line in filler::without_blocks(text).lines() {
            let mut before = None;
            for word in line.split_whitespace() {
                let named = bare(word);
                let begins = if word.starts_with('(') { None } else { before };
                before = if is_name(named) || named.contains('/') {
                    self.take_name(named, weight);
                    None
                } else {
                    self.take_word(named, begins, weight)
                };
                if word.ends_with(['.', ';', ',', '?', '!', ':', ')']) {
                    before = None;
                }
            }
        }
    }

    /// Takes a word of a clause, and the pair that it makes with the one before it.
    fn take_word(&mut self, word: &str, before: Option<usize>, weight: f32) -> Option<usize> {
        let mut last = before;
        for (_, part) in parts(word) {
            let low = part.to_lowercase();
            if filler::is_filler(&low) {
                last = None;
                continue;
            }
            let number = self.number(&low);
            self.add(Term { weight: weight * filler::weight(&low), text: low, words: vec![number], exact: false });
            if let Some(other) = last.filter(|other| *other != number) {
                let text = format!("{} {}", self.words[other], self.words[number]);
                self.add(Term { text, weight: weight * PAIR, words: vec![other, number], exact: false });
            }
            last = Some(number);
        }
        last
    }

    fn take_name(&mut self, name: &str, weight: f32) {
        if name.contains('/') || is_file(name) {
            let path = name.trim_matches('/').to_lowercase();
            if !path.is_empty() && !self.paths.contains(&path) {
                self.paths.push(path);
            }
        }
        // A path's folders are no words of the question; its last part is.
        let own = name.trim_end_matches('/').rsplit('/').next().unwrap_or(name);
        let mut words: Vec<usize> = parts(own).map(|(_, part)| self.number(&part.to_lowercase())).collect();
        if words.len() > 1 {
            let text = own.to_owned();
            self.add(Term { text, weight: weight * NAME, words: words.clone(), exact: true });
        }
        let alone = if words.len() > 1 { PART_OF_NAME } else { NAME };
        if is_file(own) {
            // Which language a file is written in says nothing about where else to look.
            words.pop();
        }
        for word in words {
            let text = self.words[word].clone();
            if !filler::is_filler(&text) {
                self.add(Term { text, weight: weight * alone, words: vec![word], exact: false });
            }
        }
    }

    fn add(&mut self, term: Term) {
        match self.all.iter_mut().find(|one| one.words == term.words) {
            Some(one) => one.weight = one.weight.max(term.weight),
            None => self.all.push(term),
        }
    }

    fn number(&mut self, word: &str) -> usize {
        let next = self.words.len();
        let number = *self.vocabulary.entry(root(word).to_owned()).or_insert(next);
        if number == next {
            self.words.push(word.to_owned());
            self.begin(word);
        }
        number
    }

    fn begin(&mut self, word: &str) {
        for form in [word, &word.to_uppercase()] {
            if let Some(begin) = self.begins.get_mut(beginning(form)) {
                *begin = true;
            }
        }
    }

    fn add_other_forms(&mut self) {
        let mut others = Vec::new();
        for (number, word) in self.words.iter().enumerate() {
            others.extend(short_forms(word).into_iter().map(|form| (form.to_owned(), number)));
        }
        for (number, term) in self.all.iter().enumerate().filter(|(_, term)| term.words.len() == 2) {
            let joined: String = term.words.iter().map(|word| self.words[*word].as_str()).collect();
            self.joined.insert(root(&joined).to_owned(), number);
        }
        for (form, number) in others {
            self.begin(&form);
            if !self.vocabulary.contains_key(root(&form)) {
                self.others.entry(form).or_insert(number);
            }
        }
    }

    fn may_begin(&self, part: &str) -> bool {
        self.begins.get(beginning(part)).copied().unwrap_or_default()
    }

    /// The word of the vocabulary that a part of a text is.
    pub(super) fn hit(&self, part: &str) -> Option<Hit> {
        if !self.may_begin(part) {
            return None;
        }
        let low = part.to_lowercase();
        if let Some(number) = self.vocabulary.get(root(&low)) {
            let strength = if self.words[*number] == low { 1.0 } else { OTHER_FORM };
            return Some(Hit { word: *number, strength });
        }
        self.others.get(&low).map(|number| Hit { word: *number, strength: SHORT_FORM })
    }

    /// The terms that a text holds, each with how well it was met, once for each time.
    pub(in crate::offline) fn in_line(&self, line: &str, mut found: impl FnMut(usize, f32)) {
        let mut trail: Vec<Option<Hit>> = Vec::new();
        for (_, part) in parts(line) {
            let hit = self.hit(part);
            if hit.is_none() {
                trail.clear();
                self.in_joined(part, &mut found);
                continue;
            }
            trail.push(hit);
            self.ending_with(&trail, &mut found);
        }
    }

    /// A pair that is written as one word holds its words too.
    fn in_joined(&self, part: &str, found: &mut impl FnMut(usize, f32)) {
        if self.joined.is_empty() || !self.may_begin(part) {
            return;
        }
        let Some(pair) = self.joined.get(root(&part.to_lowercase())) else { return };
        found(*pair, 1.0);
        let single = |word: &usize| self.all.iter().position(|term| term.words == [*word]);
        for term in self.all[*pair].words.iter().filter_map(single) {
            found(term, SHORT_FORM);
        }
    }

    /// The terms whose last word is the last of these.
    fn ending_with(&self, trail: &[Option<Hit>], found: &mut impl FnMut(usize, f32)) {
        for (number, term) in self.all.iter().enumerate() {
            let Some(start) = trail.len().checked_sub(term.words.len()) else { continue };
            let hits = trail[start..].iter().flatten();
            let mut strength: f32 = 1.0;
            let mut same = true;
            for (hit, word) in hits.zip(&term.words) {
                same &= hit.word == *word && (!term.exact || hit.strength >= 1.0);
                strength = strength.min(hit.strength);
            }
            if same {
                found(number, strength);
            }
        }
    }
}

/// The first two bytes of a word as one number, ASCII letters as small ones.
fn beginning(word: &str) -> usize {
    let mut bytes = word.bytes().map(|byte| usize::from(byte.to_ascii_lowercase()));
    bytes.next().unwrap_or_default() << 8 | bytes.next().unwrap_or_default()
}

/// A word without the quotes and signs around it.
fn bare(word: &str) -> &str {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !"/._".contains(c));
    word.trim_end_matches(['.', '_']).trim_end_matches("'s")
}

/// Whether a word is a name of the program's: it has an underscore, capitals inside, `::`, or is a file.
fn is_name(word: &str) -> bool {
    let inner = word.trim_matches('_');
    let capital_inside = inner.chars().zip(inner.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    inner.contains('_') || inner.contains("::") || capital_inside || is_file(inner)
}

/// Whether a word has the form of a file's name: `worker.rs`.
fn is_file(word: &str) -> bool {
    let Some((stem, ending)) = word.rsplit_once('.') else { return false };
    let known = ending.len() <= 4 && ending.starts_with(|c: char| c.is_ascii_lowercase());
    known && !stem.is_empty() && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !is_shortened(word)
}

/// `e.g` and `i.e` look like files.
fn is_shortened(word: &str) -> bool {
    word.split('.').all(|part| part.chars().count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subject: &str, request: &str, expected: &[&str]) {
        let terms = Terms::of(subject, request);
        let found: Vec<String> = terms.all.iter().map(|term| format!("{} {:.2}", term.text, term.weight)).collect();
        assert_eq!(found, expected, "{subject:?} {request:?}");
    }

    #[test]
    fn filler_goes_and_neighbours_make_pairs() {
        check(
            "how does the runtime decide when a worker thread parks?",
            "",
            &["runtime 1.00", "worker 1.00", "thread 1.00", "worker thread 0.90", "parks 1.00", "thread parks 0.90"],
        );
        check("", "research the code", &[]);
    }

    #[test]
    fn the_subject_counts_more_than_the_rest_of_the_request() {
        check(
            "token refresh",
            "research token refresh, and logging",
            &["token 1.00", "refresh 1.00", "token refresh 0.90", "logging 0.35"],
        );
    }

    #[test]
    fn names_are_kept_whole_and_in_parts() {
        check("where is `max_retries` read", "", &["max_retries 3.00", "max 0.60", "retries 0.60", "read 0.60"]);
        check("what uses src/net/retry.rs", "", &["retry.rs 3.00", "retry 0.60"]);
        assert_eq!(Terms::of("what uses src/net/retry.rs.", "").paths, ["src/net/retry.rs"]);
    }

    #[track_caller]
    fn check_line(terms: &Terms, line: &str, expected: &[&str]) {
        let mut found = Vec::new();
        terms.in_line(line, |term, strength| found.push(format!("{} {strength:.2}", terms.all[term].text)));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn lines_are_met_in_every_spelling() {
        let terms = Terms::of("the token refresh configuration", "");
        check_line(&terms, "fn refreshToken()", &["refresh 1.00", "token 1.00"]);
        check_line(&terms, "TOKEN_REFRESHED", &["token 1.00", "refresh 0.55", "token refresh 0.55"]);
        check_line(&terms, "let cfg = config;", &["configuration 0.60", "configuration 0.60"]);
        check_line(&terms, "nothing here", &[]);
    }

    #[test]
    fn a_name_is_met_only_as_it_is() {
        let terms = Terms::of("`TokenStore`", "");
        check_line(&terms, "token_store", &["token 1.00", "TokenStore 1.00", "store 1.00"]);
        check_line(&terms, "tokens stored", &["token 0.55", "store 0.55"]);
    }
}
