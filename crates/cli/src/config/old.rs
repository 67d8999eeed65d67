//! The older configuration, a YAML file of three known keys.
//!
//! It was flat, so a reader of `key: value` lines with one level of nesting is enough. What YAML allows beyond that is
//! refused with its line, and never guessed at.

use super::files::{Values, text_of};
use super::keys::checked;
use crate::failure::CommandError;
use std::path::{Path, PathBuf};
use toml::Value;

/// The section under which the known keys may stand, too.
const SECTION: &str = "coordinate";

/// An older file.
#[derive(Debug, Default)]
pub(super) struct OldFile {
    pub(super) path: PathBuf,
    pub(super) values: Values,
    /// Keys that mean nothing to this program.
    pub(super) passed_over: Vec<String>,
}

/// Reads a file; an empty one if there is none.
pub(super) fn read(path: &Path) -> Result<OldFile, CommandError> {
    let mut file = OldFile { path: path.to_owned(), ..OldFile::default() };
    let text = text_of(path)?.unwrap_or_default();
    let at = |line: usize| format!("{}:{line}", path.display());
    let entries = parse(&text).map_err(|Problem { line, what }| {
        CommandError::usage(format!("{}: {what}", at(line)))
            .hint("only lines `key: value` are read of this older file; its place is now `.coordinate/config.toml`")
    })?;
    for Entry { line, section, key, text } in entries {
        let own = section.as_deref().is_none_or(|section| section == SECTION);
        match value(&key, &text).filter(|_| own) {
            Some(value) => file.values.push((checked(&key, &value, &at(line))?.name, value)),
            None => file.passed_over.push(section.map_or(key.clone(), |section| format!("{section}.{key}"))),
        }
    }
    Ok(file)
}

/// The value of a known key; a text of another kind is told apart when it is checked.
fn value(key: &str, text: &str) -> Option<Value> {
    let as_text = || Value::String(text.to_owned());
    match key {
        "default_scope" => Some(as_text()),
        "parallel_research_agents" => Some(text.parse().map_or_else(|_| as_text(), Value::Integer)),
        "auto_create_debug" => Some(match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Value::Boolean(true),
            "false" | "no" | "off" => Value::Boolean(false),
            _ => as_text(),
        }),
        _ => None,
    }
}

/// A value with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    line: usize,
    section: Option<String>,
    key: String,
    text: String,
}

/// What can not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    line: usize,
    what: String,
}

fn parse(text: &str) -> Result<Vec<Entry>, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    // The section that is open, and how deep its entries stand once there is one.
    let mut section: Option<(String, Option<usize>)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') || (trimmed == "---" && entries.is_empty()) {
            continue;
        }
        let problem = |what: &str| Problem { line: number, what: what.to_owned() };
        let depth = line.len() - line.trim_start_matches(' ').len();
        let (key, text) = pair(line.trim_start_matches(' ').trim_end()).map_err(&problem)?;
        if depth == 0 {
            section = None;
        } else {
            let Some((_, inner)) = &mut section else { return Err(problem("this line is indented below no section")) };
            if *inner.get_or_insert(depth) != depth {
                return Err(problem("sections inside sections are not read"));
            }
        }
        let Some(text) = text else {
            if depth > 0 {
                return Err(problem("sections inside sections are not read"));
            }
            section = Some((key, None));
            continue;
        };
        let entry = Entry { line: number, section: section.as_ref().map(|(name, _)| name.clone()), key, text };
        if entries.iter().any(|other| (&other.section, &other.key) == (&entry.section, &entry.key)) {
            return Err(problem("this key is there twice"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// A key and its value; no value where a section opens.
fn pair(line: &str) -> Result<(String, Option<String>), &'static str> {
    let (key, rest) = line.split_once(':').ok_or("this is no line `key: value`")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if key.is_empty() || key.starts_with('-') || !key.chars().all(plain) || !(rest.is_empty() || rest.starts_with(' '))
    {
        return Err("this is no line `key: value`");
    }
    let rest = rest.trim();
    let text = match rest.chars().next() {
        None | Some('#') => None,
        Some(quote @ ('"' | '\'')) => Some(quoted(rest, quote)?),
        Some('[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '@' | '`' | '%') => {
            return Err("of values, only texts, numbers and `true` or `false` are read");
        }
        Some(_) => Some(rest.split(" #").next().unwrap_or(rest).trim().to_owned()),
    };
    Ok((key.to_owned(), text))
}

fn quoted(rest: &str, quote: char) -> Result<String, &'static str> {
    let (text, after) = rest.get(1..).and_then(|inner| inner.split_once(quote)).ok_or("this quote is not closed")?;
    let after = after.trim();
    if !(after.is_empty() || after.starts_with('#')) || text.contains('\\') {
        return Err("of quoted texts, only those without escapes are read");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(entries) => {
                let shown = entries.iter().map(|entry| {
                    let section = entry.section.as_ref().map_or_else(String::new, |section| format!("{section}."));
                    format!("{section}{}={}", entry.key, entry.text)
                });
                shown.collect::<Vec<_>>().join(" ")
            }
            Err(Problem { line, what }) => format!("{line}: {what}"),
        }
    }

    #[test]
    fn lines_with_keys_are_read_and_everything_else_is_refused() {
        for (text, expected) in [
            ("", ""),
            ("---\n# old\n\na: b\n", "a=b"),
            ("a: b c   # why\nd: \"x # y\"  # z\ne: 'f: g'\n", "a=b c d=x # y e=f: g"),
            ("s:\n  a: 1\n  b: 2\nc: 3\r\n", "s.a=1 s.b=2 c=3"),
            ("s: # opens\n    a: no\n", "s.a=no"),
            ("a: 1\na: 2", "2: this key is there twice"),
            ("s:\n  a: 1\nt:\n  a: 1", "s.a=1 t.a=1"),
            ("  a: 1", "1: this line is indented below no section"),
            ("s:\n  t:\n    a: 1", "2: sections inside sections are not read"),
            ("s:\n  a: 1\n    b: 2", "3: sections inside sections are not read"),
            ("- a", "1: this is no line `key: value`"),
            ("a:b", "1: this is no line `key: value`"),
            ("\ta: b", "1: this is no line `key: value`"),
            ("just words", "1: this is no line `key: value`"),
            ("a: [b]", "1: of values, only texts, numbers and `true` or `false` are read"),
            ("x: y\na: &b c", "2: of values, only texts, numbers and `true` or `false` are read"),
            ("a: |\n  b", "1: of values, only texts, numbers and `true` or `false` are read"),
            ("a: \"b", "1: this quote is not closed"),
            ("a: \"b\\n\"", "1: of quoted texts, only those without escapes are read"),
            ("a: 'it''s'", "1: of quoted texts, only those without escapes are read"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
