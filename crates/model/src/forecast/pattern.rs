//! Paths and patterns of paths, and whether two of them can name the same file.

/// The most alternatives that braces are written out into; what is beyond is taken for anything.
const ALTERNATIVES: usize = 32;

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// This character.
    Char(char),
    /// Any one character but a slash.
    One,
    /// Any characters but slashes, or none.
    Within,
    /// Any characters, or none.
    Across,
}

/// A path, a folder or a pattern, as a plan names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    alternatives: Vec<Vec<Part>>,
}

/// Whether a path is a pattern of paths.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?']) || (path.contains('{') && path.contains('}'))
}

impl Pattern {
    pub(super) fn new(path: &str) -> Self {
        let path = path.trim_end_matches('/');
        let texts = without_braces(path);
        Self { alternatives: texts.iter().map(|text| parts(text)).collect() }
    }

    /// Whether a file can be named by both, itself or by a folder that it lies in. Never wrongly `false`.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.alternatives.iter().any(|one| other.alternatives.iter().any(|two| meet_or_hold(one, two)))
    }
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`. Braces in braces, and too many of them, become a star.
fn without_braces(path: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut rest = path;
    while let Some((before, inner, after)) = next_braces(rest) {
        let options: Vec<&str> = inner.split(',').collect();
        let fits = texts.len().saturating_mul(options.len()) <= ALTERNATIVES && !inner.contains('{');
        let options = if fits { options } else { vec!["**"] };
        let longer = |text: &String| options.iter().map(|option| format!("{text}{before}{option}")).collect::<Vec<_>>();
        texts = texts.iter().flat_map(longer).collect();
        rest = after;
    }
    texts.iter_mut().for_each(|text| text.push_str(rest));
    texts
}

fn next_braces(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (inner, after) = rest.split_once('}')?;
    Some((before, inner, after))
}

/// `**/` matches no folder at all too, so its slash is part of it.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        parts.push(match character {
            '*' if rest.peek() == Some(&'*') => {
                rest.next();
                rest.next_if_eq(&'/');
                Part::Across
            }
            '*' => Part::Within,
            '?' => Part::One,
            other => Part::Char(other),
        });
    }
    parts
}

fn meet_or_hold(one: &[Part], two: &[Part]) -> bool {
    begin_alike(one, two) && (meet(one, two) || meet(&below(one), two) || meet(one, &below(two)))
}

/// What lies in a folder.
fn below(folder: &[Part]) -> Vec<Part> {
    folder.iter().copied().chain([Part::Char('/'), Part::Across]).collect()
}

/// Most paths differ in their first characters: to find that costs nothing.
fn begin_alike(one: &[Part], two: &[Part]) -> bool {
    for pair in one.iter().zip(two) {
        match pair {
            (Part::Char(a), Part::Char(b)) if a == b => {}
            (Part::Char(_), Part::Char(_)) => return false,
            (Part::Char(_) | Part::One | Part::Within | Part::Across, _) => return true,
        }
    }
    true
}

/// Whether one text is matched by both. `reach[j]` says, for the parts of `one` from some place on, whether they and the
/// parts of `two` from `j` on have a text in common; the places of `one` are gone through from its end.
fn meet(one: &[Part], two: &[Part]) -> bool {
    let mut reach = row_at_end(two);
    for at in (0..one.len()).rev() {
        let mut row = vec![false; two.len() + 1];
        for other in (0..=two.len()).rev() {
            row[other] = step(one[at], two.get(other).copied(), (&reach, &row, other));
        }
        reach = row;
    }
    reach.first().copied().unwrap_or(false)
}

/// Nothing is left of one: the other must be able to be nothing too.
fn row_at_end(two: &[Part]) -> Vec<bool> {
    let mut row = vec![false; two.len() + 1];
    row[two.len()] = true;
    for at in (0..two.len()).rev() {
        row[at] = is_star(two[at]) && row[at + 1];
    }
    row
}

fn is_star(part: Part) -> bool {
    match part {
        Part::Within | Part::Across => true,
        Part::Char(_) | Part::One => false,
    }
}

/// `next` is the row behind the part of the one, `row` the part's own, filled from its end.
fn step(part: Part, other: Option<Part>, (next, row, at): (&[bool], &[bool], usize)) -> bool {
    let skips_own = is_star(part) && next[at];
    let Some(other) = other else { return skips_own };
    let skips_other = is_star(other) && row[at + 1];
    let both = match (is_star(part), is_star(other)) {
        (true, true) => false,
        (true, false) => admit(part, other) && row[at + 1],
        (false, true) => admit(other, part) && next[at],
        (false, false) => (admit(part, other) || admit(other, part)) && next[at + 1],
    };
    skips_own || skips_other || both
}

/// Whether a part can stand for what another one stands for.
fn admit(wide: Part, narrow: Part) -> bool {
    match (wide, narrow) {
        (Part::Across, _) => true,
        (Part::Within | Part::One, narrow) => narrow != Part::Char('/'),
        (Part::Char(a), Part::Char(b)) => a == b,
        (Part::Char(_), Part::One | Part::Within | Part::Across) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, two: &str, expected: bool) {
        let (first, second) = (Pattern::new(one), Pattern::new(two));
        assert_eq!(first.meets(&second), expected, "{one} and {two}");
        assert_eq!(second.meets(&first), expected, "{two} and {one}");
    }

    #[test]
    fn paths_meet_where_they_are_the_same_or_one_holds_the_other() {
        check("src/lib.rs", "src/lib.rs", true);
        check("src/lib.rs", "src/lib2.rs", false);
        check("src", "src/lib.rs", true);
        check("src/", "src/a/b.rs", true);
        check("src", "srcs/a.rs", false);
        check("a", "b", false);
    }

    #[test]
    fn patterns_meet_where_one_text_fits_both() {
        check("src/*.rs", "src/lib.rs", true);
        check("src/*.rs", "src/a/lib.rs", false);
        check("src/**/*.rs", "src/a/lib.rs", true);
        check("src/**/*.rs", "src/lib.rs", true);
        check("src/*.rs", "src/*.md", false);
        check("src/a*.rs", "src/*b.rs", true);
        check("**/*.md", "docs", true);
        check("src/{a,b}.rs", "src/b.rs", true);
        check("src/{a,b}.rs", "src/c.rs", false);
        check("src/?.rs", "src/c.rs", true);
        check("src/?.rs", "src/cc.rs", false);
        check("**", "anything/at/all", true);
    }

    #[test]
    fn braces_without_end_are_no_reason_to_write_them_all_out() {
        let many = "{a,b,c,d}".repeat(40);
        assert!(Pattern::new(&many).alternatives.len() <= ALTERNATIVES);
        check(&many, &"a".repeat(40), true);
    }
}
