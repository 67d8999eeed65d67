//! Words as the survey compares them: the parts of names, and what is left of a word without its endings.

/// The parts of a line's words and names, each with the byte at which it begins: `maxRetries`, `max_retries` and
/// `max retries` all have two. `HTTPServer` is `HTTP` and `Server`.
pub(super) fn parts(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = line.get(at..)?;
        let start = at + rest.find(|c: char| c.is_alphanumeric())?;
        let length = part_length(line.get(start..)?);
        at = start + length;
        Some((start, line.get(start..at)?))
    })
}

/// How many bytes the part that `text` begins with has: up to what is no letter, or the next capital.
fn part_length(text: &str) -> usize {
    let mut before = Case::None;
    for (at, c) in text.char_indices() {
        let case = Case::of(c);
        let next = text[at + c.len_utf8()..].chars().next().map_or(Case::None, Case::of);
        let ends = match (before, case) {
            (_, Case::None) => true,
            (Case::Lower, Case::Upper) => true,
            // The last of several capitals begins the next part where a small letter follows.
            (Case::Upper, Case::Upper) => next == Case::Lower,
            _ => false,
        };
        if ends && at > 0 {
            return at;
        }
        before = case;
    }
    text.len()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
    /// A digit: belongs to what it stands behind.
    Digit,
    /// Not part of a word.
    None,
}

impl Case {
    fn of(c: char) -> Self {
        match c {
            _ if c.is_uppercase() => Self::Upper,
            _ if c.is_numeric() => Self::Digit,
            _ if c.is_alphabetic() => Self::Lower,
            _ => Self::None,
        }
    }
}

/// Endings that change a word's form, not what it is about; the longest that leaves enough is taken off.
const ENDINGS: &[&str] = &[
    "izations", "ization", "ations", "ation", "ators", "ator", "ings", "ing", "ions", "ion", "iers", "ors", "ers",
    "ied", "ier", "ies", "or", "er", "ed", "es", "ly", "y", "s", "e",
];

/// The shortest root.
const SHORTEST: usize = 3;

/// A lower-case word without its ending: `scheduler`, `scheduling` and `schedule` have one root.
pub(super) fn root(word: &str) -> &str {
    // `class`, `process`, `status`, `analysis`: no plural.
    if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        return word;
    }
    let long_enough = |root: &&str| root.len() >= SHORTEST && root.contains(|c: char| "aeiouy".contains(c));
    let ending = |ending: &&str| word.strip_suffix(*ending).filter(long_enough);
    let root = ENDINGS.iter().find_map(ending).unwrap_or(word);
    undoubled(root)
}

/// `stopp` of `stopping` is `stop`.
fn undoubled(root: &str) -> &str {
    let doubled = ["bb", "dd", "gg", "ll", "mm", "nn", "pp", "rr", "tt"].iter().any(|pair| root.ends_with(pair));
    if doubled && root.len() > SHORTEST { &root[..root.len() - 1] } else { root }
}

/// Short forms that programs use for words, in either direction.
const SHORT_FORMS: &[(&str, &str)] = &[
    ("allocate", "alloc"),
    ("application", "app"),
    ("argument", "arg"),
    ("asynchronous", "async"),
    ("attribute", "attr"),
    ("authentication", "auth"),
    ("authorization", "auth"),
    ("command", "cmd"),
    ("configuration", "config"),
    ("configure", "config"),
    ("configuration", "cfg"),
    ("config", "cfg"),
    ("connection", "conn"),
    ("context", "ctx"),
    ("database", "db"),
    ("delete", "del"),
    ("dependency", "dep"),
    ("dependency", "deps"),
    ("directory", "dir"),
    ("document", "doc"),
    ("documentation", "doc"),
    ("environment", "env"),
    ("error", "err"),
    ("execute", "exec"),
    ("expression", "expr"),
    ("function", "func"),
    ("initialize", "init"),
    ("javascript", "js"),
    ("kubernetes", "k8s"),
    ("library", "lib"),
    ("memory", "mem"),
    ("message", "msg"),
    ("package", "pkg"),
    ("parameter", "param"),
    ("process", "proc"),
    ("python", "py"),
    ("reference", "ref"),
    ("repository", "repo"),
    ("request", "req"),
    ("response", "resp"),
    ("specification", "spec"),
    ("synchronize", "sync"),
    ("temporary", "tmp"),
    ("temporary", "temp"),
    ("typescript", "ts"),
    ("variable", "var"),
    ("version", "ver"),
];

/// The other ways to write a word, as programs shorten it.
pub(super) fn short_forms(word: &str) -> Vec<&'static str> {
    let (own, mut found) = (root(word), Vec::new());
    for (long, short) in SHORT_FORMS {
        if root(long) == own {
            found.push(*short);
        } else if *short == word || root(short) == own {
            found.push(*long);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_parts(line: &str, expected: &[&str]) {
        assert_eq!(parts(line).map(|(_, part)| part).collect::<Vec<_>>(), expected, "{line}");
    }

    #[test]
    fn names_fall_into_their_parts() {
        check_parts("max_retries", &["max", "retries"]);
        check_parts("maxRetries + HTTPServer2", &["max", "Retries", "HTTP", "Server2"]);
        check_parts("SCREAMING_CASE", &["SCREAMING", "CASE"]);
        check_parts("größe: Über3", &["größe", "Über3"]);
        check_parts("--", &[]);
        assert_eq!(parts("a::bC").map(|(at, _)| at).collect::<Vec<_>>(), [0, 3, 4]);
    }

    #[test]
    fn forms_of_a_word_have_one_root() {
        for forms in [
            &["schedule", "scheduler", "scheduling", "scheduled"][..],
            &["retry", "retries", "retried"],
            &["token", "tokens"],
            &["stop", "stopping", "stopped"],
            &["resolve", "resolver", "resolving", "resolves"],
            &["cancel", "cancellation", "cancelled"],
            &["class"],
            &["status"],
        ] {
            let roots: Vec<&str> = forms.iter().map(|form| root(form)).collect();
            assert!(roots.iter().all(|one| *one == roots[0]), "{forms:?}: {roots:?}");
        }
        assert_eq!(root("worker"), root("work"));
        assert_eq!(root("the"), "the");
    }

    #[test]
    fn short_forms_go_both_ways() {
        assert_eq!(short_forms("dependencies"), ["dep", "deps"]);
        assert_eq!(short_forms("cfg"), ["configuration", "config"]);
        assert_eq!(short_forms("banana"), Vec::<&str>::new());
    }
}
