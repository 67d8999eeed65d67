//! What is wrong with a definition, and where in its file.

use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The keys that lead to it: `state`, `plan`, `step`, the step's id.
    pub place: Vec<String>,
    /// What is wrong, with what would be right.
    pub message: String,
    /// The line of the file, from 1; `None` when the file itself does not say it, but what it builds on.
    pub line: Option<usize>,
}

impl Problem {
    pub(super) fn at<const N: usize>(place: [&str; N], message: impl Into<String>) -> Self {
        Self { place: place.map(str::to_owned).to_vec(), message: message.into(), line: None }
    }

    /// An error of the TOML itself, or of a key or value that does not fit.
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| line_at(text, span.start));
        let keys = path_of(&error.to_string());
        let within = if keys.is_empty() { String::new() } else { format!(" (in `{}`)", keys.join(".")) };
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        Self { place: keys, message: format!("{message}{within}"), line }
    }

    /// Looks the line up, where it is not known.
    pub(super) fn located(mut self, text: &str) -> Self {
        self.line = self.line.or_else(|| line_of(text, &self.place));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// The keys that an error names when it has no place in a text: its last line is ``in `state.plan` ``.
fn path_of(error: &str) -> Vec<String> {
    let last = error.trim_end().lines().next_back().unwrap_or_default();
    let keys = last.strip_prefix("in `").and_then(|keys| keys.strip_suffix('`'));
    keys.map(|keys| keys.split('.').map(str::to_owned).collect()).unwrap_or_default()
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The line of the innermost of these keys that the text has; of a list of tables the one with that `id` is meant.
fn line_of(text: &str, place: &[String]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = Some(document.get_ref());
    let mut list: &[Spanned<DeValue<'_>>] = &[];
    let mut found = None;
    for key in place {
        if let Some(inside) = table {
            let Some((name, value)) = inside.iter().find(|(name, _)| name.get_ref().as_ref() == key.as_str()) else {
                break;
            };
            // A header such as `[state.plan]` names its own tables; the value's place is that of the whole header.
            found = Some(name.span().start);
            table = value.get_ref().as_table();
            list = value.get_ref().as_array().map(|list| list.as_ref()).unwrap_or_default();
            continue;
        }
        let named = list.iter().find(|one| {
            let id = one.get_ref().as_table().and_then(|table| table.get("id"));
            id.and_then(|id| id.get_ref().as_str()) == Some(key.as_str())
        });
        let Some(named) = named else { break };
        found = Some(named.span().start);
        table = named.get_ref().as_table();
    }
    found.map(|offset| line_at(text, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "format = 1\n\n[state.plan]\nto = [\"x\"]\n\n[[state.plan.step]]\nid = \"a\"\n\n\
                        [[state.plan.step]]\nid = \"b\"\nkind = \"gate\"\n";

    fn line(place: &[&str]) -> Option<usize> {
        line_of(TEXT, &place.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_place_is_found_as_far_as_the_text_has_it() {
        assert_eq!(line(&["format"]), Some(1));
        assert_eq!(line(&["state", "plan"]), Some(3));
        assert_eq!(line(&["state", "plan", "to"]), Some(4));
        assert_eq!(line(&["state", "plan", "step", "b", "role"]), Some(9));
        assert_eq!(line(&["state", "plan", "step", "b", "kind"]), Some(11));
        assert_eq!(line(&["policy", "max_parallel"]), None);
    }
}
