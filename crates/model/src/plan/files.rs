//! The paths in a phase's files fields.

use super::depends::is_none;
use super::field::{Field, Name};
use super::{Expectation, PlannedFile};

/// What the files fields of a phase say.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) files: Vec<PlannedFile>,
    /// Whether a field says that no file changes.
    pub(super) none: bool,
    /// Paths that lead out of the project, with their lines.
    pub(super) outside: Vec<(u32, String)>,
}

impl Files {
    /// Adds what one field says.
    pub(super) fn add(&mut self, field: &Field) {
        let gone = field.name == Name::FilesDeleted;
        let expectation = if gone { Expectation::Absent } else { Expectation::Present };
        let before = self.files.len() + self.outside.len();
        self.add_list(&field.value, field.line, expectation);
        let inline = self.files.len() + self.outside.len() > before;
        let says_none = !field.value.is_empty() && is_none(&field.value);
        if !inline && !says_none {
            for entry in &field.entries {
                self.add_list(cut_description(&entry.text), entry.line, expectation);
            }
        }
        let only = matches!(field.entries.as_slice(), [entry] if !entry.text.is_empty() && is_none(&entry.text));
        self.none |= says_none || (field.value.is_empty() && only);
    }

    /// The files, each once.
    pub(super) fn finish(mut self) -> Self {
        let mut seen = std::collections::HashSet::new();
        self.files.retain(|file| seen.insert(file.clone()));
        self.none &= self.files.is_empty() && self.outside.is_empty();
        self
    }

    fn add_list(&mut self, text: &str, line: u32, expectation: Expectation) {
        if is_none(text) {
            return;
        }
        for piece in pieces(text) {
            match renamed(piece) {
                Some((old, new)) => {
                    self.add_entry(old, line, Expectation::Absent);
                    self.add_entry(new, line, expectation);
                }
                None => self.add_entry(piece, line, expectation),
            }
        }
    }

    fn add_entry(&mut self, text: &str, line: u32, expectation: Expectation) {
        let Some((path, around)) = path_of(text) else { return };
        let expectation = if says_deleted(&around) { Expectation::Absent } else { expectation };
        match inside(path) {
            Some(path) if path.is_empty() => {}
            Some(path) => {
                let glob = path.contains('*') || (path.contains('{') && path.contains('}'));
                let expectation = if glob { Expectation::Glob } else { expectation };
                self.files.push(PlannedFile { path, expectation });
            }
            None => self.outside.push((line, path.to_owned())),
        }
    }
}

/// An entry without the description behind ` - ` or `: `.
fn cut_description(text: &str) -> &str {
    let mut in_code = false;
    // A path stands behind few verbs; to try every colon of a long line would take its square.
    let mut colons = 0..3;
    for (at, c) in text.char_indices() {
        let before = text[..at].ends_with([' ', '\t']);
        let after = text[at + c.len_utf8()..].starts_with([' ', '\t']);
        match c {
            '`' => in_code = !in_code,
            '-' | '–' | '—' if !in_code && before && after => return &text[..at],
            // A name before the colon says what is done to the path behind it: `Modify: a.rs`.
            ':' if !in_code && after && colons.next().is_some() && path_of(&text[..at]).is_some() => {
                return &text[..at];
            }
            _ => {}
        }
    }
    text
}

/// The parts between commas and `and`, outside of backticks, braces and parentheses.
fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut depth, mut in_code) = (0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '`' => in_code = !in_code,
            _ if in_code => {}
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ',' | ';' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            ' ' if depth == 0 && text[at..].starts_with(" and ") => {
                found.push(&text[start..at]);
                start = at + " and".len();
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

/// The two paths of `old → new`.
fn renamed(piece: &str) -> Option<(&str, &str)> {
    if !piece.contains(['>', '→']) {
        return None;
    }
    let (old, new) = ["→", "->", "=>"].into_iter().find_map(|arrow| piece.split_once(arrow))?;
    (path_of(old).is_some() && path_of(new).is_some()).then_some((old, new))
}

/// The path in an entry, and the words around it.
fn path_of(entry: &str) -> Option<(&str, String)> {
    let entry = entry.trim().trim_end_matches('.').trim_matches(['*', ' ', '\t', '[', ']', '"', '\'']);
    if let Some((before, rest)) = entry.split_once('`') {
        let (code, after) = rest.split_once('`')?;
        let code = code.trim();
        return (!code.is_empty()).then(|| (without_line(code), format!("{before} {after}")));
    }
    if let Some((text, rest)) = entry.split_once("](") {
        let (target, after) = rest.split_once(')').unwrap_or((rest, ""));
        let path = if has_path_shape(text) { text } else { target };
        return has_path_shape(path).then(|| (without_line(path), after.to_owned()));
    }
    bare_path(entry)
}

/// A path without backticks: the first word behind verbs such as `Create`, unless it is prose.
fn bare_path(entry: &str) -> Option<(&str, String)> {
    let mut words = entry.split_whitespace();
    let mut verbs = String::new();
    let mut word = words.next()?;
    while is_verb(word) {
        verbs.push_str(word);
        verbs.push(' ');
        word = words.next()?;
    }
    let path = without_line(word.trim_end_matches(':').trim_end_matches('.'));
    let rest: Vec<_> = words.collect();
    let rest = rest.join(" ");
    let alone = rest.is_empty() || rest.starts_with(['(', '[']);
    let shaped = if alone { !is_filler(path) } else { has_clear_path_shape(path) };
    (shaped && path.contains(|c: char| c.is_alphanumeric() || c == '*' || c == '.')).then_some((path, verbs + &rest))
}

fn is_verb(word: &str) -> bool {
    let word = word.trim_end_matches(':').trim_matches(['(', ')', '[', ']', '*']).to_ascii_lowercase();
    let verbs = [
        "create", "created", "add", "added", "new", "modify", "modified", "update", "updated", "edit", "change",
        "changed", "delete", "deleted", "remove", "removed",
    ];
    verbs.contains(&word.as_str())
}

/// A word that stands in place of a path.
fn is_filler(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    let fillers = [
        "", "tbd", "tba", "todo", "various", "several", "multiple", "many", "all", "any", "unknown", "etc", "n/a",
        "others", "none", "see",
    ];
    fillers.contains(&word.as_str())
}

fn has_path_shape(word: &str) -> bool {
    !word.is_empty() && !word.contains(char::is_whitespace) && (word.contains('/') || has_extension(word))
}

/// A path that is one even with prose behind it; `and/or` is not.
fn has_clear_path_shape(word: &str) -> bool {
    has_extension(word) || word.starts_with(['/', '~', '.']) || (word.contains('/') && word.ends_with(['/', '*']))
}

fn has_extension(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        !extension.is_empty() && extension.chars().all(|c| c.is_alphanumeric() || "_-*{},".contains(c))
    })
}

/// `src/a.rs:10-20` speaks of lines of a file.
fn without_line(path: &str) -> &str {
    match path.rsplit_once(':') {
        Some((file, lines)) if file.len() > 1 && !lines.is_empty() => {
            let only_lines = lines.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '–' | ','));
            if only_lines { file } else { path }
        }
        _ => path,
    }
}

fn says_deleted(around: &str) -> bool {
    let deleted = ["delete", "deleted", "remove", "removed"];
    let mut words = around.split(|c: char| !c.is_alphanumeric());
    words.any(|word| deleted.iter().any(|deleted| deleted.eq_ignore_ascii_case(word)))
}

/// The path without `.` and `..`; `None` if it is absolute or leads out of the project.
fn inside(path: &str) -> Option<String> {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.starts_with(|c: char| c.is_ascii_alphabetic());
    if path.starts_with(['/', '\\', '~']) || drive {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    // On some systems a backslash separates too; what climbs out anywhere is refused everywhere.
    let mut depth = 0_i64;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return None;
        }
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let folder = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    Some(parts.join("/") + folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(value: &str, entries: &[&str]) -> Field {
        let entries = entries.iter().map(|text| super::super::field::Entry { text: (*text).to_owned(), line: 2 });
        let entries = entries.collect();
        Field { name: Name::Files, at: 0, line: 1, value: value.to_owned(), entries, in_part: false }
    }

    /// Paths as they are, with `!` before absent ones and `?` before patterns.
    #[track_caller]
    fn check(value: &str, entries: &[&str], expected: &[&str]) {
        let mut files = Files::default();
        files.add(&field(value, entries));
        let files = files.finish();
        let shown = files.files.iter().map(|file| match file.expectation {
            Expectation::Present => file.path.clone(),
            Expectation::Absent => format!("!{}", file.path),
            Expectation::Glob => format!("?{}", file.path),
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{value:?} {entries:?}");
        assert_eq!(files.outside, []);
    }

    #[test]
    fn inline_lists_are_read() {
        check("`src/a.rs`, `src/b.rs`", &[], &["src/a.rs", "src/b.rs"]);
        check("src/a.rs, b.rs", &[], &["src/a.rs", "b.rs"]);
        check("src/a.rs (new), `b.rs` (modified, 3 lines), c.rs (deleted)", &[], &["src/a.rs", "b.rs", "!c.rs"]);
        check("`a.rs` and `b.rs`", &[], &["a.rs", "b.rs"]);
        check("`src/**/*.rs`, src/{a,b}.rs", &[], &["?src/**/*.rs", "?src/{a,b}.rs"]);
        check("Makefile, .gitignore, ./x/../y.rs", &[], &["Makefile", ".gitignore", "y.rs"]);
        check("[a.rs](../../src/a.rs)", &[], &["a.rs"]);
        check("src/a.rs:10-20, src/b.rs:7", &[], &["src/a.rs", "src/b.rs"]);
        check("[`src/a.rs`, `b.rs`]", &[], &["src/a.rs", "b.rs"]);
        check("[src/a.rs, \"b.rs\"]", &[], &["src/a.rs", "b.rs"]);
        check("`old.rs` → `new.rs`", &[], &["!old.rs", "new.rs"]);
        check("app/[id]/page.tsx", &[], &["app/[id]/page.tsx"]);
    }

    #[test]
    fn bullet_lists_are_read() {
        check("", &["`src/a.rs` - uses `b`, c and d.rs", "src/b.rs: more, and.more"], &["src/a.rs", "src/b.rs"]);
        check("", &["Create `src/a.rs`", "Delete src/b.rs", "Modify: `c.rs`"], &["src/a.rs", "!src/b.rs", "c.rs"]);
        check("", &["**`src/a.rs`** (new)", "`my file.txt`"], &["src/a.rs", "my file.txt"]);
        check("", &["src/auth/ (new folder)", "src/a.rs lines 3 to 5"], &["src/auth/", "src/a.rs"]);
        check("", &["`a.rs`", "`a.rs` again"], &["a.rs"]);
    }

    #[test]
    fn prose_is_left_out() {
        check("various files in the tree", &[], &[]);
        check("TBD", &[], &[]);
        check("", &["the read and/or write paths", "and/or more", "everything that is needed"], &[]);
    }

    #[test]
    fn none_is_none_only_without_files() {
        for (value, entries, none) in [
            ("none", vec![], true),
            ("None (analysis only)", vec![], true),
            ("", vec!["none"], true),
            ("", vec![], false),
            ("a.rs", vec![], false),
            ("[]", vec![], true),
        ] {
            let mut files = Files::default();
            files.add(&field(value, &entries));
            assert_eq!(files.finish().none, none, "{value:?} {entries:?}");
        }
    }

    #[test]
    fn paths_out_of_the_project_are_found() {
        for path in ["/etc/passwd", "~/x.rs", "../x.rs", "a/../../x.rs", "C:\\x.rs", "..\\x.rs", "\\\\host\\x"] {
            let mut files = Files::default();
            files.add(&field(&format!("`{path}`"), &[]));
            assert_eq!(files.outside, [(1, path.to_owned())]);
            assert_eq!(files.files, []);
        }
    }
}
