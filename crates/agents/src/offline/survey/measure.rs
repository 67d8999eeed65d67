//! What one file holds of the terms, by where it stands: name, folders, head, definitions, text.

use super::kind::{Kind, is_generated};
use super::language::Language;
use super::terms::Terms;
use super::word::parts;

/// The places in which a term may stand, by how much they say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::offline) struct Counts {
    /// In the file's name: the share of the name's parts.
    pub(super) name: f32,
    /// In the folders above it.
    pub(super) folders: f32,
    /// In the comment at its head, which says what the file is for.
    pub(super) head: f32,
    /// In the names that it defines.
    pub(super) defined: f32,
    /// Anywhere else.
    pub(super) text: f32,
}

impl Counts {
    /// Whether the term stands anywhere.
    pub(super) fn any(&self) -> bool {
        self.name + self.folders + self.head + self.defined + self.text > 0.0
    }

    /// The places in which the term stands, in words.
    pub(in crate::offline) fn places(&self) -> Vec<String> {
        let places = [
            ("name", self.name),
            ("folders", self.folders),
            ("head", self.head),
            ("definitions", self.defined),
            ("text", self.text),
        ];
        places.iter().filter(|(_, held)| *held > 0.0).map(|(place, _)| (*place).to_owned()).collect()
    }
}

/// A file as it was measured.
#[derive(Debug, Clone)]
pub(in crate::offline) struct Measure {
    pub(in crate::offline) path: String,
    pub(in crate::offline) kind: Kind,
    /// How many bytes of it were read.
    pub(super) length: usize,
    /// For each term.
    pub(super) counts: Vec<Counts>,
    /// Whether the request names its path.
    pub(super) named: bool,
}

/// How many lines at the beginning of a file may say what it is for.
const HEAD: usize = 40;

/// Names of files that say nothing; their folder's name does.
const NAMELESS: &[&str] = &["mod", "lib", "main", "index", "__init__", "init", "__main__"];

/// Measures a file.
pub(in crate::offline) fn measure(path: &str, text: &str, terms: &Terms) -> Measure {
    let mut counts = vec![Counts::default(); terms.all.len()];
    let kind = if is_generated(text) { Kind::Foreign } else { Kind::of(path) };
    measure_path(path, terms, &mut counts);
    let language = Language::of(path).0;
    let code = without_tests(text, language);
    let mut head = Head::new(language);
    for line in code.lines() {
        let in_head = head.holds(line);
        let defined = language.defined(line);
        terms.in_line(line, |term, strength| {
            let count = &mut counts[term];
            if in_head { count.head += strength } else { count.text += strength }
        });
        if let Some(name) = defined {
            let share = 1.0 / parts(name).count().max(1) as f32;
            // A definition whose whole name is the term says more than one that has it among others.
            terms.in_line(name, |term, strength| counts[term].defined += strength * (0.5 + 0.5 * share));
        }
    }
    let low = path.to_lowercase();
    let named = terms.paths.iter().any(|wanted| is_named(&low, wanted));
    Measure { path: path.to_owned(), kind, length: code.len(), counts, named }
}

fn measure_path(path: &str, terms: &Terms, counts: &mut [Counts]) {
    let (mut folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let mut name = file.split('.').find(|part| !part.is_empty()).unwrap_or(file);
    if NAMELESS.contains(&name) && !folder.is_empty() {
        (folder, name) = folder.rsplit_once('/').unwrap_or(("", folder));
    }
    let share = 1.0 / parts(name).count().max(1) as f32;
    // In a path another form of a word is nearly the word itself: `rewrite.py` rewrites.
    terms.in_line(name, |term, strength| counts[term].name += strength.sqrt() * share);
    for (distance, part) in folder.rsplit('/').enumerate() {
        // The nearest folders say most.
        let near = 1.0 / (1.0 + distance as f32 * 0.5);
        terms.in_line(part, |term, strength| counts[term].folders = counts[term].folders.max(strength.sqrt() * near));
    }
}

/// Whether a path is one that the request names: itself, its end, or below it.
fn is_named(path: &str, wanted: &str) -> bool {
    let end = path.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    end || path.strip_prefix(wanted).is_some_and(|after| after.starts_with('/'))
}

/// A Rust file's text before its unit tests: they repeat every word of what they test.
pub(super) fn without_tests(text: &str, language: Language) -> &str {
    match language {
        Language::Rust => text.find("\n#[cfg(test)]\nmod ").map_or(text, |at| &text[..at]),
        _ => text,
    }
}

/// Finds the comment at the head of a file.
struct Head {
    language: Language,
    lines: usize,
    open: bool,
    quoted: bool,
}

impl Head {
    fn new(language: Language) -> Self {
        Self { language, lines: 0, open: true, quoted: false }
    }

    /// Whether the next line belongs to it.
    fn holds(&mut self, line: &str) -> bool {
        self.lines += 1;
        self.open &= self.lines <= HEAD;
        if !self.open {
            return false;
        }
        let code = line.trim();
        if self.language == Language::Other {
            return code.starts_with('#') || code.starts_with("<h1");
        }
        let quotes = code.matches("\"\"\"").count() + code.matches("'''").count();
        let held = self.quoted || quotes > 0 || code.is_empty() || self.language.is_comment(line);
        self.quoted ^= quotes % 2 == 1;
        // Once a docstring has ended, or code has begun, the head is over.
        self.open = held && (quotes == 0 || self.quoted);
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_counted_where_it_stands() {
        let terms = Terms::of("token", "");
        let text = "//! Keeps tokens.\n\nuse x;\n\nfn refresh_token() {\n    token()\n}\n";
        let measured = measure("src/token/mod.rs", text, &terms);
        let expected = Counts { name: 1.0, folders: 0.0, head: 0.55, defined: 0.75, text: 2.0 };
        assert_eq!(measured.counts, [expected]);
    }

    #[test]
    fn unit_tests_in_the_file_do_not_count() {
        let terms = Terms::of("token", "");
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn token() {}\n}\n";
        assert!(!measure("src/a.rs", text, &terms).counts[0].any());
    }

    #[test]
    fn a_docstring_is_the_head() {
        let terms = Terms::of("token", "");
        let text = "\"\"\"Keeps\na token.\n\"\"\"\ntoken = 1\n";
        let counts = measure("a.py", text, &terms).counts[0];
        assert_eq!((counts.head, counts.text), (1.0, 1.0));
    }

    #[test]
    fn paths_are_named_by_their_end_or_their_folder() {
        let named = |path: &str, request: &str| measure(path, "", &Terms::of(request, "")).named;
        assert!(named("src/net/retry.rs", "look at net/retry.rs"));
        assert!(named("src/net/retry.rs", "look at src/net/"));
        assert!(!named("src/net/retry.rs", "look at et/retry.rs"));
    }
}
